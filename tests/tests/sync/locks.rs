//! Mutex, reader-writer lock, semaphore and condition.

use crate::crew::{Work, stress};
use futures_lite::future::{poll_once, yield_now};
use heist::sync::{Condition, Mutex, RwLock, Semaphore};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const TASKS: usize = 8;

/// One count, taken by [`TASKS`]. Some give up at the first poll, some hold it across a yield.
#[test]
fn mutex() {
    stress("mutex", |operations| {
        let each = operations.div_ceil(TASKS);
        let mutex = Arc::new(Mutex::new(0_usize));
        let tasks = (0..TASKS).map(|_| {
            let mutex = Arc::clone(&mutex);
            Box::pin(async move {
                for n in 0..each {
                    if n % 16 == 0 {
                        drop(poll_once(mutex.lock()).await);
                    }
                    let mut count = mutex.lock().await;
                    let before = *count;
                    if n % 32 == 0 {
                        yield_now().await;
                    }
                    *count = before + 1;
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                let count = *mutex.try_lock().expect("nobody has it");
                assert_eq!(count, TASKS * each);
                count
            }),
        }
    });
}

/// Two counts that are one under the lock.
#[test]
fn rwlock() {
    stress("rwlock", |operations| {
        let each = operations.div_ceil(TASKS);
        let lock = Arc::new(RwLock::new((0_usize, 0_usize)));
        let tasks = (0..TASKS).map(|task| {
            let lock = Arc::clone(&lock);
            Box::pin(async move {
                for n in 0..each {
                    if n % 32 == task {
                        drop(poll_once(lock.write()).await);
                    }
                    if n % 4 == 0 {
                        let mut counts = lock.write().await;
                        counts.0 += 1;
                        if n % 64 == 0 {
                            yield_now().await;
                        }
                        counts.1 += 1;
                    } else {
                        let counts = lock.read().await;
                        assert_eq!(counts.0, counts.1);
                        if n % 63 == 0 {
                            yield_now().await;
                        }
                    }
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                let counts = lock.try_write().expect("nobody has it");
                assert_eq!(
                    *counts,
                    (TASKS * each.div_ceil(4), TASKS * each.div_ceil(4))
                );
                TASKS * each
            }),
        }
    });
}

/// Never more permits are out than there are, and all come back.
#[test]
fn semaphore() {
    const PERMITS: usize = 3;
    stress("semaphore", |operations| {
        let each = operations.div_ceil(TASKS);
        let shared = Arc::new((Semaphore::new(PERMITS), AtomicUsize::new(0)));
        let tasks = (0..TASKS).map(|task| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (semaphore, out) = &*shared;
                for n in 0..each {
                    if n % 16 == task {
                        drop(poll_once(semaphore.acquire_many(2)).await);
                    }
                    let many = 1 + n % PERMITS;
                    let permit = semaphore.acquire_many(many as u32).await;
                    assert!(out.fetch_add(many, Relaxed) + many <= PERMITS);
                    if n % 32 == 0 {
                        yield_now().await;
                    }
                    out.fetch_sub(many, Relaxed);
                    drop(permit);
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                assert_eq!(shared.0.available_permits(), PERMITS);
                TASKS * each
            }),
        }
    });
}

/// Turns, each of which waits for the one before.
#[test]
fn condition() {
    const TASKS: usize = 4;
    stress("condition", |operations| {
        let each = operations.div_ceil(TASKS);
        let shared = Arc::new((Mutex::new(0_usize), Condition::new()));
        let tasks = (0..TASKS).map(|task| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (turn, changed) = &*shared;
                for _ in 0..each / 8 {
                    let guard = turn.lock().await;
                    let mut guard = changed
                        .wait_for(guard, |turn| *turn / 8 % TASKS == task)
                        .await;
                    // Several operations a turn: each turn wakes all.
                    *guard += 8;
                    changed.notify_all();
                }
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                let turns = *shared.0.try_lock().expect("nobody has it");
                assert_eq!(turns, TASKS * (each / 8) * 8);
                TASKS * each
            }),
        }
    });
}
