//! What is set once, and barriers.

use crate::crew::{Task, Work, stress};
use futures_lite::future::{poll_once, yield_now};
use heist::sync::{Barrier, OnceCell, SetOnce};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const TASKS: usize = 4;

/// Each cell is made by one, also where another gives up in the middle.
#[test]
fn once_cell() {
    stress("once_cell", |operations| {
        let cells = operations.div_ceil(TASKS);
        let shared: Arc<Vec<_>> = Arc::new((0..cells).map(|_| OnceCell::new()).collect());
        let made = Arc::new(AtomicUsize::new(0));
        let tasks = (0..TASKS).map(|task| {
            let (shared, made) = (Arc::clone(&shared), Arc::clone(&made));
            Box::pin(async move {
                for (n, cell) in shared.iter().enumerate() {
                    if n % 16 == task {
                        // Given up after its first poll.
                        let gives_up = cell.get_or_init(async || {
                            yield_now().await;
                            n + 1
                        });
                        let _ = poll_once(gives_up).await;
                    }
                    let value = cell.get_or_init(async || {
                        if n % 32 == 0 {
                            yield_now().await;
                        }
                        made.fetch_add(1, SeqCst);
                        n
                    });
                    assert_eq!(*value.await, n);
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                assert_eq!(made.load(SeqCst), cells);
                TASKS * cells
            }),
        }
    });
}

/// All get the value that one has set.
#[test]
fn set_once() {
    stress("set_once", |operations| {
        let cells = operations.div_ceil(TASKS);
        let shared: Arc<Vec<_>> = Arc::new((0..cells).map(|_| SetOnce::new()).collect());
        let set = Arc::new(AtomicUsize::new(0));
        let tasks = (0..TASKS).map(|task| {
            let (shared, set) = (Arc::clone(&shared), Arc::clone(&set));
            Box::pin(async move {
                for (n, cell) in shared.iter().enumerate() {
                    if n % 8 == task {
                        let _ = poll_once(cell.wait()).await;
                    }
                    if (n / 4 + task) % 2 == 0 && cell.set((n, task)).is_ok() {
                        set.fetch_add(1, SeqCst);
                    }
                    assert_eq!(cell.wait().await.0, n);
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                assert_eq!(set.load(SeqCst), cells);
                TASKS * cells
            }),
        }
    });
}

/// Nobody is a round ahead, and one of each round leads.
#[test]
fn barrier() {
    stress("barrier", |operations| {
        let rounds = operations.div_ceil(TASKS);
        let shared = Arc::new((Barrier::new(TASKS), AtomicUsize::new(0)));
        let leaders = Arc::new(AtomicUsize::new(0));
        let tasks = (0..TASKS).map(|_| {
            let (shared, leaders) = (Arc::clone(&shared), Arc::clone(&leaders));
            let task: Task = Box::pin(async move {
                for round in 0..rounds {
                    shared.1.fetch_add(1, SeqCst);
                    if shared.0.wait().await.is_leader() {
                        leaders.fetch_add(1, SeqCst);
                    }
                    let came = shared.1.load(SeqCst);
                    assert!(came >= (round + 1) * TASKS && came < (round + 2) * TASKS);
                }
            });
            task
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                assert_eq!(leaders.load(SeqCst), rounds);
                TASKS * rounds
            }),
        }
    });
}
