//! What the models leave out: many submitters, many threads, many jobs. Every job is run once, or accounted for once.

use heist_blocking_pool::{Job, JobPool, JoinHandle, Pool};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

const SUBMITTERS: usize = 4;
const PER_SUBMITTER: usize = 50_000;

const RUN: u8 = 1;
const CANCELLED: u8 = 16;

struct Tick {
    id: usize,
    seen: Arc<[AtomicU8]>,
}

impl Job for Tick {
    fn run(self) {
        self.seen[self.id].fetch_add(RUN, Ordering::Relaxed);
    }

    fn cancel(self) {
        self.seen[self.id].fetch_add(CANCELLED, Ordering::Relaxed);
    }
}

fn multiset(ids: usize) -> Arc<[AtomicU8]> {
    (0..ids).map(|_| AtomicU8::new(0)).collect()
}

/// Threads that stay; threads that leave all the time; one thread.
#[test]
fn every_job_is_run_once() {
    for (max_threads, keep_alive) in [
        (64, Duration::MAX),
        (64, Duration::ZERO),
        (3, Duration::from_micros(20)),
        (1, Duration::ZERO),
    ] {
        let pool: JobPool<Tick> = Pool::builder()
            .max_threads(max_threads)
            .keep_alive(keep_alive)
            .build_job_pool();
        let seen = multiset(SUBMITTERS * PER_SUBMITTER);
        thread::scope(|scope| {
            for submitter in 0..SUBMITTERS {
                let (pool, seen) = (&pool, &seen);
                scope.spawn(move || {
                    for n in 0..PER_SUBMITTER {
                        let id = submitter * PER_SUBMITTER + n;
                        let seen = seen.clone();
                        pool.submit(Tick { id, seen }).unwrap();
                        if n % 1_000 == 0 {
                            // Lets the pool run dry now and then.
                            while pool.metrics().queue_depth() > 0 {
                                thread::yield_now();
                            }
                        }
                    }
                });
            }
        });
        assert!(pool.shutdown(None));
        assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == RUN));
    }
}

/// A shutdown in the midst of it: every job is run, cancelled or given back.
#[test]
fn every_job_is_accounted_for() {
    for round in 0..40 {
        let jobs = 2_000;
        let pool: JobPool<Tick> = Pool::builder()
            .max_threads(1 + round % 4)
            .keep_alive(Duration::from_micros(20))
            .build_job_pool();
        let seen = multiset(SUBMITTERS * jobs);
        thread::scope(|scope| {
            for submitter in 0..SUBMITTERS {
                let (pool, seen) = (&pool, &seen);
                scope.spawn(move || {
                    for id in submitter * jobs..(submitter + 1) * jobs {
                        let seen = seen.clone();
                        if let Err(rejected) = pool.submit(Tick { id, seen }) {
                            rejected.into_job().cancel();
                        }
                        if id % jobs == jobs / 2 && submitter == 0 {
                            assert!(if round % 2 == 0 {
                                pool.shutdown(None)
                            } else {
                                pool.shutdown_now(None)
                            });
                        }
                    }
                });
            }
        });
        let ended = seen.iter().map(|seen| seen.load(Ordering::Relaxed));
        assert!(ended.clone().all(|seen| seen == RUN || seen == CANCELLED));
        assert!(ended.clone().any(|seen| seen == CANCELLED));
        assert!(round % 2 == 1 || ended.clone().any(|seen| seen == RUN));
    }
}

/// Handles that are joined, awaited, aborted and dropped: what they tell is what happened.
#[test]
fn every_handle_tells_the_truth() {
    let pool = Pool::builder().max_threads(4).build();
    let jobs = 25_000;
    let seen = multiset(SUBMITTERS * jobs);
    thread::scope(|scope| {
        for submitter in 0..SUBMITTERS {
            let (pool, seen) = (&pool, &seen);
            scope.spawn(move || {
                let tell = |id: usize, handle: JoinHandle<usize>, aborted: bool| {
                    let outcome = if id.is_multiple_of(2) {
                        handle.join()
                    } else {
                        futures_lite::future::block_on(handle)
                    };
                    match outcome {
                        Ok(told) => assert_eq!(told, id),
                        Err(error) => {
                            assert!(aborted && error.is_cancelled(), "{error}");
                            assert_eq!(seen[id].swap(RUN, Ordering::Relaxed), 0);
                        }
                    }
                };
                let mut batch = Vec::new();
                for id in submitter * jobs..(submitter + 1) * jobs {
                    let seen = seen.clone();
                    let handle = pool.spawn(move || {
                        seen[id].fetch_add(RUN, Ordering::Relaxed);
                        id
                    });
                    match id % 5 {
                        0 => drop(handle),
                        1 => {
                            handle.abort();
                            tell(id, handle, true);
                        }
                        _ => batch.push((id, handle)),
                    }
                    if batch.len() == 64 {
                        for (id, handle) in batch.drain(..) {
                            tell(id, handle, false);
                        }
                    }
                }
                for (id, handle) in batch {
                    tell(id, handle, false);
                }
            });
        }
    });
    assert!(pool.shutdown(None));
    assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == RUN));
}
