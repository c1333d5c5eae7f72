//! [`Sleep`]: where it is armed, moved, dropped, and what its wakers may do.

use super::*;

#[test]
fn a_past_deadline_is_ready_and_never_registered() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let now = Instant::now();
    for past in [now, now - MS, now.checked_sub(HOUR).unwrap_or(now)] {
        let mut sleep = pin!(sleep_until(past));
        assert!(!sleep.is_elapsed());
        assert!(poll_idly(sleep.as_mut()).is_ready());
        assert!(sleep.is_elapsed());
        // Also when it is asked again.
        assert!(poll_idly(sleep.as_mut()).is_ready());
    }
    assert!(poll_idly(pin!(sleep(Duration::ZERO))).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

/// Also one that was to come when it was made.
#[test]
fn a_deadline_that_has_come_before_the_first_poll() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut sleep = pin!(sleep(Duration::from_nanos(1)));
    let mut timeout = pin!(timeout(Duration::from_nanos(1), pending::<()>()));
    let deadline = Instant::now() + Duration::from_nanos(1);
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    assert!(poll_idly(sleep.as_mut()).is_ready());
    assert!(poll_idly(timeout.as_mut()).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

#[test]
fn it_is_armed_by_its_first_poll_where_that_happens() {
    let timers = timers();
    let mut sleep = pin!(sleep(HOUR));
    let deadline = sleep.deadline();
    assert!(deadline > Instant::now() && !sleep.is_elapsed());
    assert_eq!(timers.wheel(1).next_deadline(), None);
    {
        let _entered = timers.enter(Some(1));
        assert!(poll_idly(sleep.as_mut()).is_pending());
    }
    assert_eq!(timers.wheel(1).next_deadline(), Some(deadline));
    // From then on it needs nothing of the thread.
    let (wakes, waker) = Wakes::new();
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert_eq!(timers.wheel(1).turn(deadline), 1);
    assert_eq!(wakes.count(), 1);
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn the_last_waker_is_woken_and_the_former_dropped() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let ((first, first_waker), (second, second_waker)) = (Wakes::new(), Wakes::new());
    let mut sleep = arm(sleep(HOUR), &first_waker);
    assert!(poll(sleep.as_mut(), &first_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 3);
    assert!(poll(sleep.as_mut(), &second_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 2);
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(Arc::strong_count(&second), 2);
}

#[test]
fn the_longest_durations_never_end() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let years = |n: u64| Duration::from_secs(n * 365 * 24 * 3_600);
    let sleeps = [Duration::MAX, years(1_000), Duration::from_secs(u64::MAX)];
    let sleeps = sleeps.map(|duration| arm(sleep(duration), &waker));
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(0).turn(Instant::now() + years(2_000)), 0);
    // The wheel goes on.
    let soon = arm(sleep_until(Instant::now() + years(3)), &waker);
    assert_eq!(timers.wheel(0).turn(soon.deadline()), 1);
    assert!(!sleeps.iter().any(|sleep| sleep.is_elapsed()));
    drop(sleeps);
    assert_eq!(Arc::strong_count(&wakes), 2);
}

#[test]
fn reset_moves_the_deadline_both_ways() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let wheel = timers.wheel(0);
    let (wakes, waker) = Wakes::new();
    let mut sleep = arm(sleep(2 * HOUR), &waker);
    for deadline in [HOUR, 3 * HOUR].map(|duration| Instant::now() + duration) {
        sleep.as_mut().reset(deadline);
        assert_eq!(sleep.deadline(), deadline);
        assert_eq!(wheel.next_deadline(), Some(deadline));
    }
    assert_eq!(wheel.turn(sleep.deadline() - MS), 0);
    // The task is woken though it has not polled since.
    assert_eq!(wheel.turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn reset_to_the_past_is_ready_at_the_next_poll() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut sleep = arm(sleep(HOUR), Waker::noop());
    sleep.as_mut().reset(Instant::now() - MS);
    assert!(poll_idly(sleep.as_mut()).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
    // And if it isn't polled, the wheel wakes it.
    let (wakes, waker) = Wakes::new();
    let mut sleep = arm(super::sleep(HOUR), &waker);
    sleep.as_mut().reset(Instant::now() - MS);
    assert_eq!(timers.wheel(0).turn(Instant::now()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn reset_begins_anew_in_any_state() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut sleep = Box::pin(sleep(HOUR));
    for n in 1..=3 {
        // Never polled, or fired.
        sleep.as_mut().reset(Instant::now() + n * HOUR);
        assert!(!sleep.is_elapsed());
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
        assert_eq!(wakes.count(), n as usize);
    }
}

#[test]
fn once_fired_it_is_armed_again_wherever_it_is_polled() {
    let timers = timers();
    let mut sleep = Box::pin(sleep(HOUR));
    let (wakes, waker) = Wakes::new();
    for (n, worker) in [Some(0), Some(0), Some(1), None, None]
        .into_iter()
        .enumerate()
    {
        let _entered = timers.enter(worker);
        let wheel = worker.map_or(timers.shared(), |worker| timers.wheel(worker));
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        assert_eq!(wheel.turn(sleep.deadline()), 1);
        assert_eq!(wakes.count(), n + 1);
        let deadline = sleep.deadline() + HOUR;
        sleep.as_mut().reset(deadline);
    }
}

#[test]
fn reset_elsewhere_moves_it_to_the_wheel_of_that_thread() {
    let rouses = Arc::new(AtomicUsize::new(0));
    let roused = Arc::clone(&rouses);
    let rouse = move || _ = roused.fetch_add(1, Relaxed);
    let timers = Timers::new(2, Clock::default(), Box::new(rouse));
    let (wakes, waker) = Wakes::new();
    let mut sleep = {
        let _entered = timers.enter(Some(0));
        arm(sleep(2 * HOUR), &waker)
    };
    {
        let _entered = timers.enter(Some(1));
        sleep.as_mut().reset(Instant::now() + HOUR);
    }
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(1).next_deadline(), Some(sleep.deadline()));
    assert_eq!(rouses.load(Relaxed), 0);
    // A thread without a wheel: whoever sleeps must hear of it.
    sleep.as_mut().reset(Instant::now() + 3 * HOUR);
    assert_eq!(timers.wheel(1).next_deadline(), None);
    assert_eq!(timers.shared().next_deadline(), Some(sleep.deadline()));
    assert_eq!(rouses.load(Relaxed), 1);
    assert_eq!(timers.shared().turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn only_an_earlier_deadline_on_the_shared_wheel_rouses() {
    let rouses = Arc::new(AtomicUsize::new(0));
    let roused = Arc::clone(&rouses);
    let rouse = move || _ = roused.fetch_add(1, Relaxed);
    let timers = Timers::new(1, Clock::default(), Box::new(rouse));
    let _entered = timers.enter(None);
    let count = || rouses.load(Relaxed);

    let first = arm(sleep(2 * HOUR), Waker::noop());
    assert_eq!(count(), 1);
    let later = arm(sleep(3 * HOUR), Waker::noop());
    let never = arm(sleep(Duration::MAX), Waker::noop());
    assert_eq!(count(), 1);
    let earlier = arm(sleep(HOUR), Waker::noop());
    assert_eq!(count(), 2);
    drop((earlier, first, never));
    assert_eq!(timers.shared().turn(later.deadline()), 1);
    assert_eq!(count(), 2);

    let _inner = timers.enter(Some(0));
    let worker = arm(sleep(HOUR), Waker::noop());
    assert_eq!(timers.wheel(0).next_deadline(), Some(worker.deadline()));
    assert_eq!(count(), 2);
}

#[test]
fn dropped_in_any_state_it_leaves_nothing() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let gone = || {
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert_eq!(Arc::strong_count(&wakes), 2);
    };
    drop(Box::pin(sleep(HOUR)));
    gone();
    drop(arm(sleep(HOUR), &waker));
    gone();
    let fired = arm(sleep(HOUR), &waker);
    assert_eq!(timers.wheel(0).turn(fired.deadline()), 1);
    drop(fired);
    gone();
    // On another thread than it was armed on.
    let armed = arm(sleep(HOUR), &waker);
    std::thread::scope(|scope| scope.spawn(|| drop(armed)).join().unwrap());
    gone();
    let closed = arm(sleep(HOUR), &waker);
    timers.shutdown();
    drop(closed);
    gone();
    assert_eq!(wakes.count(), 2);
}

#[test]
fn a_panic_in_a_wakers_clone_leaves_the_timer_sound() {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| panic!("a waker's clone, on purpose"),
        |_| (),
        |_| (),
        |_| (),
    );
    // SAFETY: its functions use no data.
    let panics = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut sleep = Box::pin(sleep(HOUR));

    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &panics))).is_err());
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &panics))).is_err());
    // The former stays.
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn a_panic_in_a_wakers_drop_leaves_the_timer_sound() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a waker's drop, on purpose");
        }
    }
    let timers = timers();
    let _entered = timers.enter(Some(0));
    // Armed with the last reference to its waker.
    let armed = || {
        let waker = Waker::from(Arc::new(Bomb));
        arm(sleep(HOUR), &waker)
    };
    let sleep = armed();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(sleep))).is_err());
    assert_eq!(timers.wheel(0).next_deadline(), None);

    let (wakes, waker) = Wakes::new();
    let mut sleep = armed();
    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &waker))).is_err());
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);

    let mut sleep = armed();
    sleep.as_mut().reset(Instant::now());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut()))).is_err());
    assert!(sleep.is_elapsed());
    assert_eq!(timers.wheel(0).next_deadline(), None);

    let sleep = armed();
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
}

#[test]
fn without_a_runtime_a_poll_says_what_to_do() {
    for sleep in [sleep(HOUR), sleep(Duration::ZERO)] {
        let mut sleep = Box::pin(sleep);
        let outcome = catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut())));
        let message = message(outcome);
        assert!(
            message.starts_with("there is no heist runtime on this thread"),
            "{message}"
        );
        assert!(message.contains("heist::run"), "{message}");
        // In one, it works then.
        let timers = timers();
        let _entered = timers.enter(None);
        let _ = poll_idly(sleep.as_mut());
    }
}

#[test]
fn entering_nests() {
    let (outer, inner) = (timers(), timers());
    let _outer = outer.enter(Some(0));
    {
        let _inner = inner.enter(None);
        let sleep = arm(sleep(HOUR), Waker::noop());
        assert_eq!(inner.shared().next_deadline(), Some(sleep.deadline()));
    }
    let sleep = arm(sleep(HOUR), Waker::noop());
    assert_eq!(outer.wheel(0).next_deadline(), Some(sleep.deadline()));
}

#[test]
fn shutdown_wakes_all_and_a_poll_says_why() {
    let timers = timers();
    let (wakes, waker) = Wakes::new();
    let on_worker = timers.enter(Some(0));
    let mut sleeps: Vec<_> = (0..100).map(|_| arm(sleep(HOUR), &waker)).collect();
    let mut fired = arm(sleep(MS), &waker);
    assert_eq!(timers.wheel(0).turn(fired.deadline()), 1);
    drop(on_worker);
    let _entered = timers.enter(None);
    sleeps.push(arm(sleep(Duration::MAX), &waker));

    timers.shutdown();
    assert_eq!(wakes.count(), 102);
    assert_eq!(timers.wheel(0).next_deadline(), None);
    sleeps.push(Box::pin(sleep(HOUR)));
    for mut sleep in sleeps {
        let message = message(catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut()))));
        assert!(message.contains("has been shut down"), "{message}");
        assert!(!sleep.is_elapsed());
    }
    // What was over stays over.
    assert!(poll_idly(fired.as_mut()).is_ready());
    // Reset, it can wait on another runtime.
    let other = self::timers();
    let _other = other.enter(Some(1));
    let mut sleep = fired;
    sleep.as_mut().reset(Instant::now() + HOUR);
    assert!(poll_idly(sleep.as_mut()).is_pending());
    assert_eq!(other.wheel(1).turn(sleep.deadline()), 1);
}

#[test]
fn reset_onto_a_closed_wheel_wakes() {
    let timers = timers();
    let (wakes, waker) = Wakes::new();
    let mut sleep = {
        let _entered = timers.enter(Some(0));
        arm(sleep(HOUR), &waker)
    };
    timers.shutdown();
    let _entered = timers.enter(Some(1));
    sleep.as_mut().reset(Instant::now() + HOUR);
    assert_eq!(wakes.count(), 1);
    let outcome = catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut())));
    assert!(message(outcome).contains("has been shut down"));
}

#[test]
fn reset_in_another_runtime_stays_in_its_own() {
    let (own, other) = (timers(), timers());
    other.shutdown();
    let (wakes, waker) = Wakes::new();
    let mut sleep = {
        let _entered = own.enter(Some(0));
        arm(sleep(HOUR), &waker)
    };
    let _entered = other.enter(Some(0));
    sleep.as_mut().reset(Instant::now() + HOUR);
    assert_eq!(own.shared().turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
    assert!(poll_idly(sleep.as_mut()).is_ready());
}

#[test]
fn a_sleep_that_ends_spends_budget() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    coop::with_budget(Budget::new(1), || {
        assert!(poll_idly(pin!(sleep(HOUR))).is_pending());
        assert!(coop::has_budget_remaining());
        assert!(poll_idly(pin!(sleep(Duration::ZERO))).is_ready());
        assert!(!coop::has_budget_remaining());
        let (wakes, waker) = Wakes::new();
        assert!(poll(pin!(sleep(Duration::ZERO)), &waker).is_pending());
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn it_says_what_it_is() {
    let text = format!("{:?}", sleep(HOUR));
    assert!(text.starts_with("Sleep { deadline: ") && text.ends_with("is_elapsed: false }"));
}
