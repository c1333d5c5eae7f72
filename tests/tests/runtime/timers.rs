//! Timers, as far as every shape of runtime must turn them. How late they fire is in `gates.rs`.

use futures_lite::future::{block_on, poll_once};
use heist::sync::oneshot;
use heist::task;
use heist::time::{self, Duration, Instant};
use heist_tests::{Shape, Tally, panic_of, wait_until};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

pub(crate) fn sleepers_wake_in_order(shape: Shape) {
    // Far enough apart to be told from each other on one thread; on several, who is woken first need not run first.
    let order = Arc::new(Mutex::new(Vec::new()));
    shape.block_on(async {
        let begun = Instant::now();
        let sleepers = [40_u64, 10, 30, 20, 0].map(|millis| {
            let order = order.clone();
            heist::spawn(async move {
                let deadline = begun + Duration::from_millis(millis);
                time::sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
                order.lock().unwrap().push(millis);
            })
        });
        for outcome in heist::gather(sleepers).await {
            outcome.unwrap();
        }
        assert!(begun.elapsed() >= Duration::from_millis(40));
    });
    let mut order = std::mem::take(&mut *order.lock().unwrap());
    if shape.parallelism() > 1 {
        order.sort_unstable();
    }
    assert_eq!(order, [0, 10, 20, 30, 40]);
}

pub(crate) fn durations_beyond_all_bounds(shape: Shape) {
    let dropped = Tally::new();
    shape.block_on(async {
        let guard = dropped.on_drop();
        let sleeper = heist::spawn(async move {
            let _guard = guard;
            time::sleep(Duration::MAX).await;
        });
        let timed = time::timeout(Duration::MAX, async { 1 }).await;
        assert_eq!(timed.unwrap(), 1);
        for _ in 0..5 {
            task::yield_now().await;
        }
        assert!(!sleeper.is_finished());
        // It doesn't keep others from firing.
        time::sleep(Duration::from_millis(1)).await;
        sleeper.abort();
        assert!(sleeper.await.unwrap_err().is_cancelled());
        // One more is left to the shutdown.
        let guard = dropped.on_drop();
        drop(heist::spawn(async move {
            let _guard = guard;
            time::sleep(Duration::MAX).await;
        }));
    });
    assert_eq!(dropped.count(), 2);
}

pub(crate) fn deadlines_in_the_past(shape: Shape) {
    shape.block_on(async {
        let past = Instant::now();
        time::sleep_until(past).await;
        time::sleep(Duration::ZERO).await;
        let tasks = (0..100).map(|_| heist::spawn(time::sleep_until(past)));
        for outcome in heist::gather(tasks).await {
            outcome.unwrap();
        }
        assert_eq!(
            time::timeout_at(past, async { 1 }).await.unwrap(),
            1,
            "what is ready wins"
        );
        assert!(time::timeout_at(past, pending::<()>()).await.is_err());
    });
}

pub(crate) fn a_timeout_ends_what_it_holds(shape: Shape) {
    shape.block_on(async {
        let dropped = Tally::new();
        let guard = dropped.on_drop();
        let late = time::timeout(Duration::from_millis(2), async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert_eq!(late.await.unwrap_err().to_string(), "deadline has elapsed");
        assert_eq!(dropped.count(), 1);
        // A handle that is dropped by its time-out leaves its task alone.
        let (send, received) = oneshot::channel();
        let task = heist::spawn(async move {
            received.await.unwrap();
            1
        });
        let mut task = task;
        assert!(
            time::timeout(Duration::from_millis(1), &mut task)
                .await
                .is_err()
        );
        send.send(()).unwrap();
        assert_eq!(
            time::timeout(Duration::from_secs(3_600), task)
                .await
                .unwrap()
                .unwrap(),
            1
        );
    });
}

/// In a root future, in an entered context and in a blocking job.
pub(crate) fn outside_of_tasks(shape: Shape) {
    let runtime = shape.running();
    let nap = Duration::from_millis(1);
    runtime.block_on(time::sleep(nap));
    let _guard = runtime.enter();
    futures_lite::future::block_on(time::sleep(nap));
    let job = heist::spawn_blocking(move || futures_lite::future::block_on(time::sleep(nap)));
    runtime.block_on(job).unwrap();
}

/// Armed on one thread, dropped on another; armed by whoever, and fired by whoever.
pub(crate) fn across_threads(shape: Shape) {
    let runtime = shape.running();
    let fired = Tally::new();
    thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (runtime, fired) = (&runtime, &fired);
            scope.spawn(move || {
                for n in 0..100 {
                    let fired = fired.clone();
                    let nap = Duration::from_micros((thread * 37 + n * 91) % 3_000);
                    let task = runtime.spawn(async move {
                        time::sleep(nap).await;
                        fired.hit();
                    });
                    if n % 3 == 0 {
                        task.abort();
                        let _ = runtime.block_on(task);
                    }
                }
            });
        }
    });
    // Of a hundred 34 are aborted, perhaps too late.
    wait_until(|| fired.count() >= 3 * 66);
}

/// Whatever runtime the thread is in when it is reset, a timer stays in its own.
pub(crate) fn reset_within_another_runtime(shape: Shape) {
    let another = Shape::CurrentThread.runtime();
    shape.block_on(async {
        let mut sleep = pin!(time::sleep(Duration::from_secs(3_600)));
        let polled = poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        {
            let _entered = another.enter();
            let soon = Instant::now() + Duration::from_millis(1);
            sleep.as_mut().reset(soon);
        }
        sleep.await;
    });
}

/// A timer that was waited for is moved to a thread of no runtime, and set again: it goes on in its own, and says so if that is no more.
pub(crate) fn set_again_outside_of_any_runtime(shape: Shape) {
    let runtime = shape.running();
    let (mut interval, mut sleep) = runtime.block_on(async {
        let mut interval = time::interval(Duration::from_millis(1));
        let mut sleep = Box::pin(time::sleep(Duration::from_secs(60)));
        // It has waited, however late it is polled.
        assert!(poll_once(sleep.as_mut()).await.is_none());
        interval.tick().await;
        while poll_once(interval.tick()).await.is_some() {}
        interval.tick().await;
        (interval, sleep)
    });
    block_on(async {
        let first = interval.tick().await;
        assert_eq!(interval.tick().await, first + interval.period());
        for delay in [Duration::from_millis(1), Duration::ZERO] {
            let deadline = Instant::now() + delay;
            sleep.as_mut().reset(deadline);
            sleep.as_mut().await;
            assert!(Instant::now() >= deadline);
        }
    });
    drop(runtime);
    sleep
        .as_mut()
        .reset(Instant::now() + Duration::from_secs(60));
    let message = panic_of(|| block_on(sleep)).message;
    assert!(message.contains("has been shut down"), "{message}");
}
