//! Shutdowns with a bound, and in the background: whatever is stuck, they return in time.

use crate::shutdown::{BOUND, assert_cancelled, stick, stick_blocking, wait};
use heist_tests::{OnDrop, PATIENCE, Running, Shape, Stopwatch, Tally, receive, wait_until};
use std::cell::RefCell;
use std::future::pending;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// Nothing is released before the shutdown has returned: were it to wait, this would hang.
#[track_caller]
fn assert_bounded(runtime: Running, stuck: mpsc::Sender<()>, dropped: &Tally, guards: usize) {
    let (runtime, driver) = runtime.take();
    let begun = Stopwatch::start();
    runtime.shutdown_timeout(BOUND);
    let took = begun.elapsed();
    assert!(took >= BOUND, "it gave up after {took:?}");
    // What was stuck ends by itself some time, and is not leaked then.
    drop(stuck);
    wait_until(|| dropped.count() == guards);
    drop(driver);
}

pub(crate) fn a_poll_that_is_stuck(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (stuck, _handle) = stick(&runtime, dropped.on_drop());
    let guard = dropped.on_drop();
    let _idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    assert_bounded(runtime, stuck, &dropped, 2);

    let runtime = shape.running();
    let dropped = Tally::new();
    let (stuck, handle) = stick(&runtime, dropped.on_drop());
    let (runtime, driver) = runtime.take();
    runtime.shutdown_background();
    assert!(!handle.is_finished());
    drop(stuck);
    assert!(wait(handle).unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 1);
    drop(driver);
}

pub(crate) fn a_blocking_job_that_is_stuck(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    let (stuck, handle) = stick_blocking(&runtime, dropped.on_drop());
    let begun = Stopwatch::start();
    runtime.shutdown_timeout(BOUND);
    assert!(begun.elapsed() >= BOUND);
    assert!(!handle.is_finished());
    drop(stuck);
    wait(handle).unwrap();
    assert_eq!(dropped.count(), 1);

    let runtime = shape.runtime();
    let (stuck, handle) = stick_blocking(&runtime, dropped.on_drop());
    runtime.shutdown_background();
    assert!(!handle.is_finished());
    drop(stuck);
    wait(handle).unwrap();
}

/// Of a task that nobody polls: it is the shutdown that calls it.
pub(crate) fn a_destructor_that_is_stuck(shape: Shape) {
    for bound in [BOUND, Duration::ZERO] {
        let runtime = shape.running();
        let occupied = runtime.occupy();
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let guard = OnDrop::new(move || {
            begun.send(()).unwrap();
            let _ = released.lock().unwrap().recv_timeout(PATIENCE);
        });
        let stuck = runtime.spawn(async move {
            let _guard = guard;
        });
        let dropped = Tally::new();
        let guard = dropped.on_drop();
        let other = runtime.spawn(async move {
            let _guard = guard;
        });
        let (runtime, driver) = runtime.take();
        if bound.is_zero() {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(bound);
        }
        receive(&begins);
        assert!(!stuck.is_finished());
        drop(release);
        assert!(wait(stuck).unwrap_err().is_cancelled());
        assert!(wait(other).unwrap_err().is_cancelled());
        assert_eq!(dropped.count(), 1);
        drop(occupied);
        drop(driver);
    }
}

pub(crate) fn the_destructor_of_a_queued_job_that_is_stuck(shape: Shape) {
    // Whether it hangs may be a matter of who is faster.
    for _ in 0..10 {
        let mut builder = shape.builder();
        let runtime = shape.build(builder.max_blocking_threads(1));
        let dropped = Tally::new();
        let (stuck, first) = stick_blocking(&runtime, dropped.on_drop());
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let guard = OnDrop::new(move || {
            let _ = released.lock().unwrap().recv_timeout(PATIENCE);
        });
        let queued = runtime.spawn_blocking(move || drop(guard));
        runtime.shutdown_timeout(Duration::from_millis(5));
        assert!(!queued.is_finished());
        drop(release);
        assert!(wait(queued).unwrap_err().is_cancelled());
        drop(stuck);
        wait(first).unwrap();
    }
}

/// Of a worker and of a blocking thread: they have done all that was theirs, and are not waited for.
pub(crate) fn a_thread_locals_destructor_that_is_stuck(shape: Shape) {
    thread_local! {
        static LOCAL: RefCell<Option<OnDrop>> = const { RefCell::new(None) };
    }
    for bound in [BOUND, Duration::from_secs(3_600)] {
        let runtime = shape.running();
        let (begun, begins) = mpsc::channel();
        let ended = Tally::new();
        let stick = || {
            let (release, released) = mpsc::channel::<()>();
            let (begun, released, ended) = (begun.clone(), Mutex::new(released), ended.clone());
            let guard = OnDrop::new(move || {
                begun.send(()).unwrap();
                let _ = released.lock().unwrap().recv_timeout(PATIENCE);
                ended.hit();
            });
            (release, move || LOCAL.set(Some(guard)))
        };
        let (release, set) = stick();
        let mut stuck = vec![release];
        runtime.block_on(runtime.spawn_blocking(set)).unwrap();
        if shape != Shape::CurrentThread {
            let (release, set) = stick();
            stuck.push(release);
            runtime
                .block_on(runtime.spawn(async move { set() }))
                .unwrap();
        }
        let (runtime, driver) = runtime.take();
        runtime.shutdown_timeout(bound);
        assert_eq!(ended.count(), 0, "it was waited for");
        let threads = stuck.len();
        (0..threads).for_each(|_| receive(&begins));
        drop(stuck);
        wait_until(|| ended.count() == threads);
        drop(driver);
    }
}

/// It was polled when the shutdown began, and has timers and sockets still: it ends as cancelled, not by a panic.
pub(crate) fn a_poll_that_goes_on_to_wait_is_cancelled(shape: Shape) {
    for round in 0..2 {
        let runtime = shape.running();
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            begun.send(()).unwrap();
            let _ = released.recv_timeout(PATIENCE);
            drop(released);
            heist::time::sleep(Duration::from_secs(3_600)).await;
        });
        receive(&begins);
        let (runtime, driver) = runtime.take();
        if round == 0 {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_millis(5));
        }
        release.send(()).unwrap();
        assert!(wait(task).unwrap_err().is_cancelled());
        drop(driver);
    }
}

pub(crate) fn with_nothing_stuck_it_is_quick(shape: Shape) {
    let dropped = Tally::new();
    for bound in [Duration::from_secs(3_600), Duration::MAX] {
        let runtime = shape.runtime();
        runtime
            .block_on(async { heist::join!(heist::spawn(async {}), heist::spawn_blocking(|| ())) })
            .0
            .unwrap();
        let guard = dropped.on_drop();
        let handle = runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        runtime.shutdown_timeout(bound);
        assert_cancelled(handle);
    }
    assert_eq!(dropped.count(), 2);
}
