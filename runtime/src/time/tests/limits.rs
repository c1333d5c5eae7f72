//! [`Timeout`] and [`Interval`].

use super::*;
use crate::time::SenderExt;
use crate::time::error::SendTimeoutError;

#[test]
fn a_future_that_is_ready_never_times_out() {
    // Not even here, where there is no runtime.
    assert_eq!(
        poll_idly(pin!(timeout(Duration::ZERO, ready(1)))),
        Poll::Ready(Ok(1))
    );
    let past = Instant::now() - MS;
    assert_eq!(
        poll_idly(pin!(timeout_at(past, ready(1)))),
        Poll::Ready(Ok(1))
    );
}

#[test]
fn a_value_that_finds_no_room_in_time_comes_back() {
    let runtime = crate::runtime::Builder::new_current_thread()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (sender, mut receiver) = crate::sync::mpsc::channel(1);
        let start = Instant::now();
        assert_eq!(sender.send_timeout(1, Duration::ZERO).await, Ok(()));
        let refused = sender.send_timeout(2, HOUR).await.unwrap_err();
        assert_eq!(refused, SendTimeoutError::Timeout(2));
        assert_eq!(start.elapsed(), HOUR);
        assert_eq!(
            refused.to_string(),
            "no room in the channel before the deadline"
        );

        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(sender.send_timeout(3, Duration::MAX).await, Ok(()));
        assert_eq!(receiver.recv().await, Some(3));
        drop(receiver);
        let refused = sender.send_timeout(4, Duration::MAX).await.unwrap_err();
        assert_eq!(refused, SendTimeoutError::Closed(4));
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_future_that_is_not_times_out() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let outcome = poll_idly(pin!(timeout(Duration::ZERO, pending::<()>())));
    let Poll::Ready(Err(error)) = outcome else {
        panic!("it should be over")
    };
    assert_eq!(error.to_string(), "deadline has elapsed");
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::TimedOut
    );

    let (wakes, waker) = Wakes::new();
    let deadline = Instant::now() + HOUR;
    let mut timeout = pin!(timeout_at(deadline, pending::<()>()));
    assert!(poll(timeout.as_mut(), &waker).is_pending());
    assert_eq!(timers.wheel(0).turn(deadline), 1);
    assert_eq!(wakes.count(), 1);
    assert_eq!(
        poll(timeout.as_mut(), &waker),
        Poll::Ready(Err(Elapsed::new()))
    );
}

#[test]
fn a_time_limit_without_end_is_none() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    assert!(poll_idly(pin!(timeout(Duration::MAX, pending::<()>()))).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

#[test]
fn a_future_that_uses_up_the_budget_times_out_all_the_same() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let greedy = async {
        loop {
            coop::consume_budget().await;
        }
    };
    let mut timeout = pin!(timeout(Duration::ZERO, greedy));
    let outcome = coop::with_budget(Budget::new(8), || poll_idly(timeout.as_mut()));
    assert_eq!(outcome, Poll::Ready(Err(Elapsed::new())));
}

#[test]
fn a_timeout_gives_its_future_back() {
    let mut timeout = timeout(HOUR, ready(1));
    *timeout.get_mut() = ready(2);
    assert_eq!(format!("{:?}", timeout.get_ref()), "Ready(Some(2))");
    assert_eq!(timeout.into_inner().into_inner(), 2);
}

// Interval

fn tick(interval: &mut Interval) -> Poll<Instant> {
    interval.poll_tick(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn an_interval_ticks_at_once_and_then_in_periods() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut interval = interval(HOUR);
    assert_eq!(interval.period(), HOUR);
    let Poll::Ready(first) = tick(&mut interval) else {
        panic!("the first tick is immediate")
    };
    assert!(tick(&mut interval).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(first + HOUR));
    assert_eq!(timers.wheel(0).turn(first + HOUR), 1);
    assert_eq!(tick(&mut interval), Poll::Ready(first + HOUR));
    assert!(tick(&mut interval).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(first + 2 * HOUR));
}

#[test]
fn missed_ticks_are_caught_up_delayed_or_skipped() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let period = Duration::from_secs(10);
    // Two and a half periods ago.
    let start = Instant::now() - 25 * Duration::from_secs(1);
    let ticks = |behavior| {
        let mut interval = interval_at(start, period);
        assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
        interval.set_missed_tick_behavior(behavior);
        let mut ticks = Vec::new();
        while let Poll::Ready(due) = tick(&mut interval) {
            ticks.push(due);
        }
        (ticks, timers.wheel(0).next_deadline().unwrap())
    };
    let before = Instant::now();
    let (caught_up, next) = ticks(MissedTickBehavior::Burst);
    assert_eq!(caught_up, [0, 1, 2].map(|n| start + n * period));
    assert_eq!(next, start + 3 * period);
    let (delayed, next) = ticks(MissedTickBehavior::Delay);
    assert_eq!(delayed, [start]);
    assert!(next >= before + period);
    let (skipped, next) = ticks(MissedTickBehavior::Skip);
    assert_eq!(skipped, [start]);
    assert_eq!(next, start + 3 * period);
}

#[test]
fn an_interval_can_be_reset() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut interval = interval(HOUR);
    assert!(tick(&mut interval).is_ready());
    let at = |interval: &mut Interval| {
        assert!(tick(interval).is_pending());
        timers.wheel(0).next_deadline().unwrap()
    };
    let now = Instant::now();
    interval.reset();
    assert!(at(&mut interval) >= now + HOUR);
    interval.reset_after(2 * HOUR);
    assert!(at(&mut interval) >= now + 2 * HOUR);
    interval.reset_at(now + 4 * HOUR);
    assert_eq!(at(&mut interval), now + 4 * HOUR);
    interval.reset_after(Duration::MAX);
    assert!(tick(&mut interval).is_pending());
    interval.reset_immediately();
    assert!(tick(&mut interval).is_ready());
}

#[test]
fn an_interval_as_a_stream_ticks_as_it_does() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let start = Instant::now();
    let period = Duration::from_secs(1);
    let mut ticks = interval_at(start, period).into_stream();
    let next = |ticks: &mut IntervalStream| {
        let cx = &mut Context::from_waker(Waker::noop());
        Pin::new(ticks).poll_next(cx)
    };
    assert_eq!(next(&mut ticks), Poll::Ready(Some(start)));
    assert!(next(&mut ticks).is_pending());
    assert_eq!(ticks.size_hint(), (usize::MAX, None));

    // What is done to the interval in it, it does.
    let past = start - period / 1_000;
    ticks.as_mut().reset_at(past);
    assert_eq!(next(&mut ticks), Poll::Ready(Some(past)));
    assert!(next(&mut ticks).is_pending());
    assert_eq!(ticks.as_ref().period(), period);

    // And given back, it goes on from there.
    let mut interval = ticks.into_inner();
    assert!(tick(&mut interval).is_pending());
    assert_eq!(interval.period(), period);
}

#[test]
fn the_longest_period_never_comes_round() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        let mut interval = interval_at(Instant::now() - HOUR, Duration::MAX);
        interval.set_missed_tick_behavior(behavior);
        assert!(tick(&mut interval).is_ready());
        assert!(tick(&mut interval).is_pending());
        interval.reset();
        assert!(tick(&mut interval).is_pending());
        assert_eq!(timers.wheel(0).next_deadline(), None);
    }
}

#[test]
fn a_period_of_zero_is_refused() {
    let outcome = catch_unwind(|| interval(Duration::ZERO));
    assert!(message(outcome).contains("must not be zero"));
}
