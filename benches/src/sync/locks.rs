//! Mutex, reader-writer lock and semaphore: alone, and held across a yield by more tasks than there are workers.

#![forbid(unsafe_code)]

use super::{Described, Primitives};
use crate::workload::Sample;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Who contends.
const TASKS: usize = 16;

pub(super) fn workloads<P: Primitives>() -> Vec<Described<P>> {
    vec![
        (
            "mutex",
            "a task locks a mutex that nobody else wants: per lock and unlock",
            mutex,
        ),
        (
            "mutex_contended",
            "16 tasks hold one in turn, across a yield: per lock, yield and unlock",
            mutex_contended,
        ),
        (
            "rwlock_read",
            "a task reads under a reader-writer lock that nobody else wants: per lock and unlock",
            rwlock_read,
        ),
        (
            "rwlock_write",
            "the same, writing: per lock and unlock",
            rwlock_write,
        ),
        (
            "rwlock_contended",
            "16 tasks hold one across a yield, for writing every eighth time: per lock, yield and unlock",
            rwlock_contended,
        ),
        (
            "semaphore",
            "a task takes a permit and gives it back: per permit",
            semaphore,
        ),
        (
            "semaphore_contended",
            "16 tasks hold one of 4 permits across a yield: per permit and yield",
            semaphore_contended,
        ),
    ]
}

/// Runs a task alone, which does so many operations.
fn alone<P, F>(runtime: &LazyLock<P>, operations: usize, work: impl FnOnce() -> F) -> Sample
where
    P: Primitives,
    F: Future<Output = ()> + Send + 'static,
{
    let work = work();
    runtime.run(async move {
        let start = Instant::now();
        work.await;
        Sample::throughput(operations, start.elapsed())
    })
}

/// Runs [`TASKS`] that share something; each does `each` operations.
fn contended<P, S, F>(
    runtime: &LazyLock<P>,
    each: usize,
    shared: S,
    work: fn(Arc<S>) -> F,
) -> Sample
where
    P: Primitives,
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    runtime.run(async move {
        let shared = Arc::new(shared);
        let start = Instant::now();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| P::spawn(work(Arc::clone(&shared))))
            .collect();
        for task in tasks {
            P::join(task).await;
        }
        Sample::throughput(TASKS * each, start.elapsed())
    })
}

const ALONE: usize = 2_000_000;
const EACH: usize = 20_000;

fn mutex<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    alone(runtime, ALONE, || async {
        let mutex = P::mutex();
        for _ in 0..ALONE {
            *P::lock(black_box(&mutex)).await += 1;
        }
    })
}

fn mutex_contended<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    contended(runtime, EACH, P::mutex(), |mutex| async move {
        for _ in 0..EACH {
            let mut guard = P::lock(&mutex).await;
            *guard += 1;
            P::yield_now().await;
        }
    })
}

fn rwlock_read<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    alone(runtime, ALONE, || async {
        let lock = P::rwlock();
        for _ in 0..ALONE {
            black_box(*P::read_lock(black_box(&lock)).await);
        }
    })
}

fn rwlock_write<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    alone(runtime, ALONE, || async {
        let lock = P::rwlock();
        for _ in 0..ALONE {
            *P::write_lock(black_box(&lock)).await += 1;
        }
    })
}

fn rwlock_contended<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    contended(runtime, EACH, P::rwlock(), |lock| async move {
        for n in 0..EACH {
            if n % 8 == 0 {
                let mut guard = P::write_lock(&lock).await;
                *guard += 1;
                P::yield_now().await;
            } else {
                let guard = P::read_lock(&lock).await;
                black_box(*guard);
                P::yield_now().await;
            }
        }
    })
}

fn semaphore<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    alone(runtime, ALONE, || async {
        let semaphore = P::semaphore(4);
        for _ in 0..ALONE {
            drop(P::acquire(black_box(&semaphore)).await);
        }
    })
}

fn semaphore_contended<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    contended(runtime, EACH, P::semaphore(4), |semaphore| async move {
        for _ in 0..EACH {
            let _permit = P::acquire(&semaphore).await;
            P::yield_now().await;
        }
    })
}
