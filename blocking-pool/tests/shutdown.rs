//! The end of a pool: explicit or by drop, with and without a bound, from outside and from inside.

use heist_blocking_pool::{Job, JobPool, JoinHandle, Pool};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// A job that has begun, and ends when the sender is dropped.
fn begun(pool: &Pool) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    drop(pool.spawn(move || {
        begin.send(()).unwrap();
        let _ = released.recv();
    }));
    begun.recv().unwrap();
    release
}

fn count(pool: &Pool, jobs: usize) -> Arc<AtomicUsize> {
    let counter = Arc::new(AtomicUsize::new(0));
    for _ in 0..jobs {
        let counter = counter.clone();
        drop(pool.spawn(move || counter.fetch_add(1, Ordering::Relaxed)));
    }
    counter
}

#[test]
fn shutdown_runs_what_waits() {
    let pool = Pool::builder().max_threads(2).build();
    let run = count(&pool, 1_000);
    assert!(pool.shutdown(None));
    assert_eq!(run.load(Ordering::Relaxed), 1_000);
    assert_eq!(pool.metrics().num_threads(), 0);
    assert!(pool.shutdown(None));
    assert!(pool.shutdown_now(Some(Duration::ZERO)));
}

#[test]
fn drop_runs_what_waits() {
    let pool = Pool::builder().max_threads(2).build();
    let run = count(&pool, 1_000);
    drop(pool);
    assert_eq!(run.load(Ordering::Relaxed), 1_000);
}

#[test]
fn shutdown_now_cancels_what_waits() {
    let pool = Pool::builder().max_threads(1).build();
    let release = begun(&pool);
    let run = count(&pool, 100);
    let waiting: JoinHandle<()> = pool.spawn(|| unreachable!("it was cancelled"));
    assert!(!pool.shutdown_now(Some(Duration::from_millis(1))));
    let error = waiting.join().unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(
        error.to_string(),
        "the job was cancelled: the pool was shut down before it began"
    );
    let late = pool.spawn(|| ()).join().unwrap_err();
    assert!(late.is_cancelled());
    assert_eq!(
        late.to_string(),
        "the job was cancelled: the pool was shut down"
    );
    drop(release);
    assert!(pool.shutdown_now(None));
    assert_eq!(run.load(Ordering::Relaxed), 0);
}

/// A bound, and then more patience; `shutdown_now` after `shutdown`.
#[test]
fn shutdowns_follow_each_other() {
    let pool = Pool::builder().max_threads(1).build();
    let release = begun(&pool);
    let run = count(&pool, 100);
    assert!(!pool.shutdown(Some(Duration::ZERO)));
    assert!(!pool.shutdown(Some(Duration::from_millis(1))));
    assert_eq!(pool.metrics().queue_depth(), 100);
    assert!(!pool.shutdown_now(Some(Duration::from_millis(1))));
    assert_eq!(pool.metrics().queue_depth(), 0);
    drop(release);
    assert!(pool.shutdown(Some(Duration::MAX)));
    assert_eq!(run.load(Ordering::Relaxed), 0);
}

/// Once it was shut down, to drop a pool waits for nothing, and what waits still runs.
#[test]
fn shutdown_in_the_background() {
    let pool = Pool::builder().max_threads(1).build();
    let release = begun(&pool);
    let (done, is_done) = mpsc::channel();
    drop(pool.spawn(move || done.send(())));
    assert!(!pool.shutdown(Some(Duration::ZERO)));
    drop(pool);
    drop(release);
    is_done.recv().unwrap();
}

#[test]
fn shutdown_from_several_threads() {
    for _ in 0..200 {
        let pool = Pool::builder().max_threads(4).build();
        let run = count(&pool, 20);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    assert!(pool.shutdown(None));
                    assert_eq!(run.load(Ordering::Relaxed), 20);
                });
            }
        });
    }
}

/// Without a bound, the threads are joined: their thread-local values are gone.
#[test]
fn shutdown_joins_the_threads() {
    struct Local(Arc<AtomicUsize>);

    impl Drop for Local {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    thread_local! {
        static LOCAL: std::cell::RefCell<Option<Local>> = const { std::cell::RefCell::new(None) };
    }

    for keep_alive in [Duration::ZERO, Duration::MAX] {
        for _ in 0..100 {
            let pool = Pool::builder()
                .max_threads(4)
                .keep_alive(keep_alive)
                .build();
            let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            for _ in 0..8 {
                let (made, dropped) = (made.clone(), dropped.clone());
                drop(pool.spawn(move || {
                    LOCAL.with_borrow_mut(|local| {
                        local.get_or_insert_with(|| {
                            made.fetch_add(1, Ordering::Relaxed);
                            Local(dropped)
                        });
                    });
                }));
            }
            assert!(pool.shutdown(None));
            assert_eq!(
                dropped.load(Ordering::Relaxed),
                made.load(Ordering::Relaxed)
            );
        }
    }
}

#[test]
fn shutdown_inside_a_job() {
    let pool = Arc::new(Pool::builder().max_threads(2).build());
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let pool = pool.clone();
            pool.clone()
                .spawn(move || pool.shutdown(None) || pool.shutdown_now(None))
        })
        .collect();
    for job in jobs {
        // The second one may have been cancelled by the first.
        assert!(
            !job.join().unwrap_or(false),
            "a thread cannot wait for itself"
        );
    }
    assert!(pool.shutdown(None));
}

#[test]
fn the_last_pool_dropped_inside_a_job() {
    for _ in 0..100 {
        let pool = Arc::new(Pool::builder().max_threads(1).build());
        let release = begun(&pool);
        let inner = pool.clone();
        let last = pool.spawn(move || drop(inner));
        let (done, is_done) = mpsc::channel();
        drop(pool.spawn(move || done.send(())));
        drop(pool);
        drop(release);
        last.join().unwrap();
        is_done.recv().unwrap();
    }
}

#[test]
fn the_last_pool_dropped_in_a_thread_local_of_its_own() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Arc<Pool>>> = const { std::cell::RefCell::new(None) };
    }

    let (gone, is_gone) = mpsc::channel::<()>();
    let pool = Arc::new(
        Pool::builder()
            .max_threads(2)
            .keep_alive(Duration::ZERO)
            .on_thread_stop(move || gone.send(()).unwrap_or(()))
            .build(),
    );
    let kept = pool.clone();
    drop(pool.spawn(move || KEPT.set(Some(kept))));
    drop(pool);
    // The hook, which owns the sender, goes with the pool.
    while is_gone.recv().is_ok() {}
}

#[test]
fn a_job_pool_that_is_dropped_cancels_and_does_not_wait() {
    enum Step {
        Hold(mpsc::Sender<()>, mpsc::Receiver<()>),
        Never(mpsc::Sender<&'static str>),
    }

    impl Job for Step {
        fn run(self) {
            match self {
                Step::Hold(begin, released) => {
                    begin.send(()).unwrap();
                    let _ = released.recv();
                }
                Step::Never(outcome) => outcome.send("run").unwrap(),
            }
        }

        fn cancel(self) {
            if let Step::Never(outcome) = self {
                outcome.send("cancelled").unwrap();
            }
        }
    }

    let pool: JobPool<Step> = Pool::builder().max_threads(1).build_job_pool();
    let ((begin, begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    pool.submit(Step::Hold(begin, released)).unwrap();
    begun.recv().unwrap();
    let (outcome, outcomes) = mpsc::channel();
    for _ in 0..3 {
        pool.submit(Step::Never(outcome.clone())).unwrap();
    }
    drop((pool, outcome));
    assert_eq!(outcomes.iter().collect::<Vec<_>>(), ["cancelled"; 3]);
    drop(release);
}
