//! Starting tasks, from everywhere.

use heist::runtime::Handle;
use heist::sync::Notify;
use heist::task;
use heist_tests::{Countdown, Shape, Tally, guarded};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

pub(crate) fn a_task_gives_its_output(shape: Shape) {
    let output = shape.block_on(async { heist::spawn(async { 42 }).await });
    assert_eq!(output.unwrap(), 42);
}

pub(crate) fn outputs_of_every_layout(shape: Shape) {
    #[derive(Debug, PartialEq)]
    #[repr(align(256))]
    struct Aligned(u8);

    shape.block_on(async {
        heist::spawn(async {}).await.unwrap();
        assert_eq!(
            heist::spawn(async { [7_u64; 600] }).await.unwrap(),
            [7; 600]
        );
        assert_eq!(
            heist::spawn(async { String::from("text") }).await.unwrap(),
            "text"
        );
        let aligned = heist::spawn(async {
            let here = Aligned(3);
            task::yield_now().await;
            assert!((&raw const here).is_aligned());
            here
        });
        assert_eq!(aligned.await.unwrap(), Aligned(3));
        let nested = heist::spawn(async { Ok::<Option<()>, std::io::Error>(None) });
        assert!(matches!(nested.await, Ok(Ok(None))));
    });
}

pub(crate) fn many_tasks(shape: Shape) {
    shape.block_on(async {
        let handles: Vec<_> = (0..10_000_u64)
            .map(|n| heist::spawn(async move { n }))
            .collect();
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.await.unwrap(), n);
        }
    });
}

/// More than a worker's queue holds; spawned at once, and again as each wakes the next. As on asyncio's loop.
#[test]
fn on_the_current_thread_tasks_run_in_order() {
    guarded(
        "spawn::on_the_current_thread_tasks_run_in_order",
        tasks_run_in_order,
    );
}

fn tasks_run_in_order() {
    const TASKS: usize = 1_000;

    let ran = Arc::new(Mutex::new(Vec::new()));
    Shape::CurrentThread.block_on(async {
        let task = |place: usize| {
            let ran = ran.clone();
            heist::spawn(async move {
                for turn in 0..3 {
                    ran.lock().push((turn, place));
                    task::yield_now().await;
                }
            })
        };
        for task in (0..TASKS).map(task).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    let in_order = (0..3).flat_map(|turn| (0..TASKS).map(move |place| (turn, place)));
    assert!(ran.lock().iter().copied().eq(in_order));
}

/// Each has waited for the same, and is woken by one call.
#[test]
fn on_the_current_thread_tasks_are_woken_in_order() {
    guarded(
        "spawn::on_the_current_thread_tasks_are_woken_in_order",
        tasks_are_woken_in_order,
    );
}

fn tasks_are_woken_in_order() {
    let ran = Arc::new(Mutex::new(Vec::new()));
    Shape::CurrentThread.block_on(async {
        let bell = Arc::new(Notify::new());
        let task = |place: usize| {
            let (ran, bell) = (ran.clone(), bell.clone());
            heist::spawn(async move {
                bell.notified().await;
                ran.lock().push(place);
            })
        };
        let tasks = (0..5).map(task).collect::<Vec<_>>();
        task::yield_now().await;
        bell.notify_waiters();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*ran.lock(), [0, 1, 2, 3, 4]);
}

/// The future in `block_on` is woken, and tasks are spawned after that, more than a queue holds: it goes on before them, and behind those that were there.
#[test]
fn on_the_current_thread_the_root_keeps_its_place() {
    guarded(
        "spawn::on_the_current_thread_the_root_keeps_its_place",
        the_root_keeps_its_place,
    );
}

fn the_root_keeps_its_place() {
    for (before, after) in [(0, 3), (2, 3), (2_000, 2_000)] {
        let ran = Arc::new(AtomicUsize::new(0));
        let seen = Shape::CurrentThread.block_on(async {
            let bell = Arc::new(Notify::new());
            let counts = ran.clone();
            let spawn = move |tasks| {
                for _ in 0..tasks {
                    let counts = counts.clone();
                    heist::spawn(async move {
                        counts.fetch_add(1, SeqCst);
                    });
                }
            };
            let rings = bell.clone();
            heist::spawn(async move {
                spawn(before);
                rings.notify_one();
                spawn(after);
            });
            bell.notified().await;
            ran.load(SeqCst)
        });
        assert_eq!(seen, before, "with {after} behind it");
    }
}

/// As deep as the tree is high, and far wider than a worker's queue.
pub(crate) fn a_tree_of_tasks(shape: Shape) {
    fn count(height: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            if height == 0 {
                return 1;
            }
            let below: Vec<_> = (0..4).map(|_| heist::spawn(count(height - 1))).collect();
            let mut sum = 1;
            for handle in below {
                sum += handle.await.unwrap();
            }
            sum
        })
    }
    assert_eq!(shape.block_on(count(5)), (4_u32.pow(6) - 1) / 3);
}

/// Each awaits the next, which it has spawned.
pub(crate) fn a_chain_of_tasks(shape: Shape) {
    fn link(left: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            if left == 0 {
                0
            } else {
                1 + heist::spawn(link(left - 1)).await.unwrap()
            }
        })
    }
    assert_eq!(shape.block_on(link(2_000)), 2_000);
}

pub(crate) fn a_task_that_nobody_awaits_runs(shape: Shape) {
    shape.block_on(async {
        let countdown = Countdown::new(1_000);
        let dropped = Tally::new();
        for n in 0..1_000 {
            let (countdown, guard) = (countdown.clone(), dropped.on_drop());
            drop(heist::spawn(async move {
                if n % 2 == 0 {
                    task::yield_now().await;
                }
                drop(guard);
                countdown.hit();
            }));
        }
        countdown.wait().await;
        assert_eq!(dropped.count(), 1_000);
    });
}

pub(crate) fn from_an_outside_thread(shape: Shape) {
    let runtime = shape.running();
    let inner = runtime.handle().clone();
    let task = runtime.spawn(async move {
        // From a task too, by the handle.
        inner.spawn(async { 1 }).await.unwrap() + heist::spawn(async { 2 }).await.unwrap()
    });
    assert_eq!(futures_lite::future::block_on(task).unwrap(), 3);
}

pub(crate) fn from_several_outside_threads_at_once(shape: Shape) {
    let runtime = shape.running();
    thread::scope(|scope| {
        for thread in 0..6_u64 {
            let runtime = &runtime;
            scope.spawn(move || {
                let handles: Vec<_> = (0..500)
                    .map(|n| runtime.spawn(async move { thread * 500 + n }))
                    .collect();
                for (n, handle) in (0..).zip(handles) {
                    let output = futures_lite::future::block_on(handle).unwrap();
                    assert_eq!(output, thread * 500 + n);
                }
            });
        }
    });
}

pub(crate) fn before_anybody_blocks_on_the_runtime(shape: Shape) {
    let runtime = shape.runtime();
    let handles: Vec<_> = (0..200).map(|n| runtime.spawn(async move { n })).collect();
    let sum = runtime.block_on(async {
        let outputs = heist::gather(handles).await;
        outputs.into_iter().map(Result::unwrap).sum::<i32>()
    });
    assert_eq!(sum, 199 * 100);
}

pub(crate) fn through_every_way_in(shape: Shape) {
    let runtime = shape.runtime();
    let by_runtime = runtime.spawn(async { 1 });
    let by_handle = runtime.handle().spawn(async { 2 });
    let by_guard = {
        let _guard = runtime.enter();
        heist::spawn(async { 3 })
    };
    let by_current = {
        let _guard = runtime.handle().enter();
        Handle::current().spawn(async { 4 })
    };
    let sum = runtime.block_on(async {
        let by_root = heist::spawn(async { 5 });
        let mut sum = 0;
        for handle in [by_runtime, by_handle, by_guard, by_current, by_root] {
            sum += handle.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 15);
}

pub(crate) fn a_large_future(shape: Shape) {
    let sum = shape.block_on(async {
        let bytes = [1_u8; 64 * 1024];
        let task = heist::spawn(async move {
            task::yield_now().await;
            bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>()
        });
        task.await.unwrap()
    });
    assert_eq!(sum, 64 * 1024);
}

pub(crate) fn ids_are_unique_and_known_inside(shape: Shape) {
    let runtime = shape.running();
    assert_eq!(task::try_id(), None);
    let ids: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    runtime.block_on(async {
                        assert_eq!(task::try_id(), None, "the root future is no task");
                        let mut ids = Vec::new();
                        for _ in 0..300 {
                            let handle = heist::spawn(async {
                                let id = task::id();
                                task::yield_now().await;
                                assert_eq!(task::id(), id);
                                id
                            });
                            let id = handle.id();
                            assert_eq!(handle.abort_handle().id(), id);
                            assert_eq!(handle.await.unwrap(), id);
                            ids.push(id);
                        }
                        let job = heist::spawn_blocking(task::id);
                        ids.push(job.id());
                        assert_eq!(job.await.unwrap(), *ids.last().unwrap());
                        ids
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4 * 301);
}

/// Other code of tasks runs inside a task's poll: the destructor of one that it aborts at a shutdown, say. Here, a nested runtime's.
pub(crate) fn the_current_id_is_put_back(shape: Shape) {
    shape.block_on(async {
        let handle = heist::spawn(async {
            let id = task::id();
            let nested = heist::spawn_blocking(move || {
                let job = task::id();
                assert_ne!(job, id);
                let inner = Shape::CurrentThread
                    .block_on(async { heist::spawn(async { task::id() }).await });
                assert_ne!(inner.unwrap(), job);
                assert_eq!(task::id(), job);
            });
            nested.await.unwrap();
            assert_eq!(task::id(), id);
            id
        });
        let id = handle.id();
        assert_eq!(handle.await.unwrap(), id);
        assert_eq!(task::try_id(), None);
    });
}
