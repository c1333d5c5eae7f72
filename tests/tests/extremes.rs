//! Times that no process lives to see, and times that are over: nothing panics, nothing fires early, nothing waits for what has passed.

use heist::runtime::{Builder, Runtime};
use heist::time::{
    Duration, Instant, interval, interval_at, sleep, sleep_until, timeout, timeout_at,
};
use heist_tests::{Shape, guarded};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

/// One of each flavour.
fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build(),
        Builder::new_multi_thread().worker_threads(2).build(),
    ]
    .map(|runtime| runtime.expect("it is built"))
}

/// Runs it in a task, and where `block_on` polls: on the multi-threaded flavour that is no worker, and has another wheel.
fn everywhere<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(runtime.spawn(test())).expect("it passes");
        runtime.block_on(test());
    }
}

async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// The last instant that there is, to the second.
fn last() -> Instant {
    let mut last = Instant::now();
    let mut step = Duration::MAX;
    while step >= Duration::from_secs(1) {
        while let Some(later) = last.checked_add(step) {
            last = later;
        }
        step /= 2;
    }
    last
}

/// The first one.
fn first() -> Instant {
    let mut first = Instant::now();
    let mut step = Duration::MAX;
    while step >= Duration::from_secs(1) {
        while let Some(earlier) = first.checked_sub(step) {
            first = earlier;
        }
        step /= 2;
    }
    first
}

#[test]
fn what_never_comes_never_fires() {
    everywhere(|| async {
        let mut ticks = interval(Duration::MAX);
        ticks.tick().await;
        let mut late_ticks = interval_at(last(), Duration::MAX);
        let mut moved = pin!(sleep(Duration::ZERO));
        moved.as_mut().reset(last());
        let mut waits: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = vec![
            Box::pin(sleep(Duration::MAX)),
            Box::pin(sleep(Duration::from_secs(u64::MAX))),
            Box::pin(sleep(Duration::from_nanos(u64::MAX))),
            Box::pin(sleep_until(last())),
            Box::pin(moved),
            Box::pin(async {
                let outcome = timeout(Duration::MAX, pending::<()>()).await;
                panic!("{outcome:?}");
            }),
            Box::pin(async {
                let outcome = timeout_at(last(), pending::<()>()).await;
                panic!("{outcome:?}");
            }),
            Box::pin(async { panic!("{:?}", ticks.tick().await) }),
            Box::pin(async { panic!("{:?}", late_ticks.tick().await) }),
        ];
        // All threads sleep meanwhile, as long as they may: until the short one, with the others behind it.
        for moment in [1, 3] {
            for (number, wait) in waits.iter_mut().enumerate() {
                assert!(poll_once(wait.as_mut()).await.is_pending(), "{number}");
            }
            sleep(Duration::from_millis(moment)).await;
        }
        for (number, wait) in waits.iter_mut().enumerate() {
            assert!(poll_once(wait.as_mut()).await.is_pending(), "{number}");
        }
    });
}

#[test]
fn what_has_passed_is_ready_at_once() {
    everywhere(|| async {
        for past in [Instant::now(), first()] {
            assert!(poll_once(pin!(sleep_until(past))).await.is_ready());
            let mut late = pin!(timeout_at(past, pending::<()>()));
            assert!(matches!(
                poll_once(late.as_mut()).await,
                Poll::Ready(Err(_))
            ));
            // What is ready is ready, however late.
            let mut ready = pin!(timeout_at(past, async { 1 }));
            assert_eq!(poll_once(ready.as_mut()).await, Poll::Ready(Ok(1)));
            let mut moved = pin!(sleep(Duration::MAX));
            assert!(poll_once(moved.as_mut()).await.is_pending());
            moved.as_mut().reset(past);
            assert!(poll_once(moved.as_mut()).await.is_ready());
        }
        assert!(poll_once(pin!(sleep(Duration::ZERO))).await.is_ready());
        let none = timeout(Duration::ZERO, pending::<()>()).await;
        assert_eq!(
            none.expect_err("no time at all").to_string(),
            "deadline has elapsed"
        );
        // Ticks that were missed since the beginning of time.
        let start = first();
        let mut ticks = interval_at(start, Duration::MAX);
        assert_eq!(ticks.tick().await, start);
    });
}

#[test]
fn an_interval_needs_a_period() {
    for make in [
        || interval(Duration::ZERO),
        || interval_at(Instant::now(), Duration::ZERO),
    ] {
        let payload = catch_unwind(make).expect_err("it has none");
        assert_eq!(
            payload.downcast_ref(),
            Some(
                &"the period of an interval must not be zero: it would never let anything else run"
            )
        );
    }
}

#[test]
fn instants_end_where_those_of_the_standard_library_do() {
    let now = Instant::now();
    let (first, last) = (first(), last());
    assert_eq!(last.checked_add(Duration::MAX), None);
    assert_eq!(first.checked_sub(Duration::MAX), None);
    assert_eq!(first - last, Duration::ZERO);
    assert_eq!(first.checked_duration_since(last), None);
    assert_eq!(first.saturating_duration_since(last), Duration::ZERO);
    assert_eq!(last.elapsed(), Duration::ZERO);
    assert!(last - first > Duration::from_secs(u64::MAX / 2));
    assert!(first < now && now < last);
    let std: std::time::Instant = last.into();
    assert_eq!(Instant::from(std), last);
    // The operators panic, as theirs do.
    let add = catch_unwind(AssertUnwindSafe(|| last + Duration::MAX));
    let subtract = catch_unwind(AssertUnwindSafe(|| first - Duration::MAX));
    for outcome in [add, subtract] {
        let payload = outcome.expect_err("there is no such instant");
        let message = payload.downcast_ref::<String>().expect("a message");
        assert!(message.starts_with("overflow when"), "{message}");
    }
}

/// More than the injector has shards, and all of them at work at once.
#[test]
fn two_hundred_workers() {
    guarded("two_hundred_workers", || {
        let runtime = Shape::Workers(200).running();
        for _ in 0..3 {
            drop(runtime.occupy());
        }
        let tasks: Vec<_> = (0..10_000)
            .map(|n| runtime.spawn(async move { n }))
            .collect();
        let outputs = runtime.block_on(heist::gather(tasks));
        assert!(outputs.into_iter().map(Result::unwrap).eq(0..10_000));
    });
}
