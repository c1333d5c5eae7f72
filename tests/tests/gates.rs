//! Gates in real time: code that blocks its worker must not make the others late.
//!
//! [`judge`] makes the attempts, and lets pass what the machine has spoilt. That nothing ever has to wait is asserted without a clock in `runtime/`:
//! `fairness::a_blocked_worker_keeps_nobody`, `regressions::tokio_4941…` and `…4730…`.

use heist::runtime::Runtime;
use heist::sync::oneshot;
use heist::time::{self, Duration, Instant};
use heist_tests::{Shape, Stopwatch, block_thread, guarded, judge, receive};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::Poll;

/// For how long a task blocks its worker, by mistake.
const BLOCK: Duration = Duration::from_millis(300);

/// Makes attempts on one runtime, each of which says by how much the latest was late.
fn gate(name: &'static str, shape: Shape, line: Duration, attempt: fn(&Runtime) -> Duration) {
    // One at a time: they would make each other late.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    guarded(name, move || {
        let runtime = shape.runtime();
        judge(line, || attempt(&runtime));
    });
}

/// From the spawn, or the wake, of a task to its poll, while who spawned or woke it blocks.
fn of_a_task(runtime: &Runtime) -> Duration {
    let parent = runtime.spawn(async {
        let (wake, woken) = oneshot::channel::<Stopwatch>();
        let (ready, is_ready) = oneshot::channel::<()>();
        let waiting = heist::spawn(async move {
            ready.send(()).unwrap();
            woken.await.unwrap().elapsed()
        });
        is_ready.await.unwrap();
        let spawned = Stopwatch::start();
        let child = heist::spawn(async move { spawned.elapsed() });
        wake.send(Stopwatch::start()).unwrap();
        block_thread(BLOCK);
        child.await.unwrap().max(waiting.await.unwrap())
    });
    runtime.block_on(parent).unwrap()
}

/// Of fifty timers that were armed on one worker and come due one after the other, the first blocks the worker that it is on.
fn of_timers(runtime: &Runtime) -> Duration {
    const TIMERS: u32 = 50;
    let armed = runtime.spawn(async {
        let first = Instant::now() + Duration::from_millis(20);
        let mut timers: Vec<_> = (0..TIMERS)
            .map(|n| Box::pin(time::sleep_until(first + n * Duration::from_millis(1))))
            .collect();
        poll_fn(|cx| {
            for timer in &mut timers {
                assert!(timer.as_mut().poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        let mut timers = timers.into_iter();
        let blocking = timers.next().unwrap();
        let blocking = heist::spawn(async move {
            blocking.await;
            block_thread(BLOCK);
        });
        let others: Vec<_> = timers
            .map(|timer| {
                heist::spawn(async move {
                    let deadline = timer.deadline();
                    timer.await;
                    deadline.elapsed()
                })
            })
            .collect();
        let mut latest = Duration::ZERO;
        for other in others {
            latest = latest.max(other.await.unwrap());
        }
        blocking.await.unwrap();
        latest
    });
    runtime.block_on(armed).unwrap()
}

/// Likewise, all due at once, and armed wherever their tasks happen to run.
fn of_timers_at_once(runtime: &Runtime) -> Duration {
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_millis(20);
        let first = Arc::new(AtomicBool::new(true));
        let timers: Vec<_> = (0..50)
            .map(|_| {
                let first = first.clone();
                heist::spawn(async move {
                    time::sleep_until(deadline).await;
                    let late = deadline.elapsed();
                    if first.swap(false, SeqCst) {
                        block_thread(BLOCK);
                        return Duration::ZERO;
                    }
                    late
                })
            })
            .collect();
        let mut latest = Duration::ZERO;
        for timer in timers {
            latest = latest.max(timer.await.unwrap());
        }
        latest
    })
}

/// Likewise, one after the other; and the first blocks its worker for longer if need be: until all the others have fired.
fn of_timers_of_tasks(runtime: &Runtime) -> Duration {
    const TIMERS: u32 = 50;
    let spawner = runtime.spawn(async {
        let first = Instant::now() + Duration::from_millis(20);
        let (fired, fires) = mpsc::channel();
        let blocking = heist::spawn(async move {
            time::sleep_until(first).await;
            let blocked = Instant::now();
            let latest = (1..TIMERS).map(|_| receive::<Duration>(&fires)).max();
            block_thread(BLOCK.saturating_sub(blocked.elapsed()));
            latest.unwrap()
        });
        for number in 1..TIMERS {
            let fired = fired.clone();
            drop(heist::spawn(async move {
                let deadline = first + number * Duration::from_millis(1);
                time::sleep_until(deadline).await;
                fired.send(deadline.elapsed()).unwrap();
            }));
        }
        blocking.await.unwrap()
    });
    runtime.block_on(spawner).unwrap()
}

#[test]
fn a_child_of_a_blocking_task_starts_within_5_ms() {
    let name = "a_child_of_a_blocking_task_starts_within_5_ms";
    gate(name, Shape::Workers(4), Duration::from_millis(5), of_a_task);
}

#[test]
fn a_child_of_a_blocking_task_starts_within_5_ms_with_2_workers() {
    let name = "a_child_of_a_blocking_task_starts_within_5_ms_with_2_workers";
    gate(name, Shape::Workers(2), Duration::from_millis(5), of_a_task);
}

#[test]
fn timers_behind_a_blocking_one_are_10_ms_late_at_most() {
    let name = "timers_behind_a_blocking_one_are_10_ms_late_at_most";
    gate(
        name,
        Shape::Workers(4),
        Duration::from_millis(10),
        of_timers,
    );
}

#[test]
fn timers_behind_a_blocking_one_are_10_ms_late_at_most_with_2_workers() {
    let name = "timers_behind_a_blocking_one_are_10_ms_late_at_most_with_2_workers";
    gate(
        name,
        Shape::Workers(2),
        Duration::from_millis(10),
        of_timers,
    );
}

#[test]
fn timers_beside_a_blocking_one_are_10_ms_late_at_most() {
    let name = "timers_beside_a_blocking_one_are_10_ms_late_at_most";
    gate(
        name,
        Shape::Workers(4),
        Duration::from_millis(10),
        of_timers_at_once,
    );
}

#[test]
fn timers_that_a_blocking_one_waits_for_are_10_ms_late_at_most() {
    let name = "timers_that_a_blocking_one_waits_for_are_10_ms_late_at_most";
    gate(
        name,
        Shape::Workers(4),
        Duration::from_millis(10),
        of_timers_of_tasks,
    );
}
