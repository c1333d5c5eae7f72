//! How many threads there are, which of them works, and when it goes.

use heist_blocking_pool::{JoinHandle, Pool, RejectReason};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Waits until the pool stands as told. It is called for what must come, so it needs no bound.
fn wait_for(pool: &Pool, told: impl Fn(heist_blocking_pool::Metrics) -> bool) {
    while !told(pool.metrics()) {
        thread::yield_now();
    }
}

/// A job that says where it runs, and then waits to be released.
fn hold(pool: &Pool) -> (mpsc::Sender<()>, JoinHandle<ThreadId>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let handle = pool.spawn(move || {
        begin.send(()).unwrap();
        let _ = released.recv();
        thread::current().id()
    });
    begun.recv().unwrap();
    (release, handle)
}

#[test]
fn no_thread_before_the_first_job() {
    let pool = Pool::new();
    assert_eq!(pool.metrics().num_threads(), 0);
    assert!(pool.shutdown(None));
}

#[test]
fn one_thread_is_enough_for_one_job_at_a_time() {
    let pool = Pool::new();
    let mut seen = HashSet::new();
    for _ in 0..100 {
        seen.insert(pool.spawn(|| thread::current().id()).join().unwrap());
        wait_for(&pool, |m| m.num_idle_threads() == m.num_threads());
    }
    assert_eq!(seen.len(), 1);
}

#[test]
fn no_more_threads_than_allowed() {
    let pool = Pool::builder().max_threads(3).build();
    let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let jobs: Vec<_> = (0..300)
        .map(|_| {
            let (running, peak) = (running.clone(), peak.clone());
            pool.spawn(move || {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    assert!(pool.metrics().num_threads() <= 3);
    for job in jobs {
        job.join().unwrap();
    }
    assert!(peak.load(Ordering::SeqCst) <= 3);
}

/// Jobs that wait for each other all run at once, in a cold pool, in a warm one, and while the pool drains (tokio 8056).
#[test]
fn as_many_threads_as_jobs_that_block() {
    const N: usize = 20;
    for _ in 0..20 {
        let pool = Pool::builder().max_threads(N).build();
        for last in [false, false, true] {
            let meeting = Arc::new(Barrier::new(N));
            let jobs: Vec<_> = (0..N)
                .map(|_| {
                    let meeting = meeting.clone();
                    pool.spawn(move || meeting.wait().is_leader())
                })
                .collect();
            if last {
                assert!(pool.shutdown(None));
            }
            let leaders = jobs
                .into_iter()
                .filter_map(|job| job.join().unwrap().then_some(()));
            assert_eq!(leaders.count(), 1);
        }
    }
}

#[test]
fn jobs_are_begun_in_order() {
    let pool = Pool::builder().max_threads(1).build();
    let order = Arc::new(Mutex::new(Vec::new()));
    for n in 0..1_000 {
        let order = order.clone();
        drop(pool.spawn(move || order.lock().unwrap().push(n)));
    }
    drop(pool);
    assert!(order.lock().unwrap().iter().copied().eq(0..1_000));
}

#[test]
fn the_most_recently_idle_thread_is_woken_first() {
    let pool = Pool::builder().max_threads(3).build();
    let held: Vec<_> = (0..3).map(|_| hold(&pool)).collect();
    let mut idle = Vec::new();
    for (release, handle) in held {
        drop(release);
        idle.push(handle.join().unwrap());
        wait_for(&pool, |m| m.num_idle_threads() == idle.len());
    }
    let (mut releases, mut woken) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (release, handle) = hold(&pool);
        releases.push(release);
        woken.push(handle);
    }
    drop(releases);
    let woken: Vec<_> = woken
        .into_iter()
        .map(|handle| handle.join().unwrap())
        .collect();
    idle.reverse();
    assert_eq!(woken, idle);
}

#[test]
fn idle_threads_go_after_their_keep_alive() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let pool = Pool::builder()
        .keep_alive(Duration::from_millis(1))
        .on_thread_stop({
            let stopped = stopped.clone();
            move || {
                stopped.fetch_add(1, Ordering::SeqCst);
            }
        })
        .build();
    for round in 0..3 {
        let held: Vec<_> = (0..4).map(|_| hold(&pool)).collect();
        assert_eq!(pool.metrics().num_threads(), 4);
        for (release, handle) in held {
            drop(release);
            handle.join().unwrap();
        }
        wait_for(&pool, |m| m.num_threads() == 0);
        while stopped.load(Ordering::SeqCst) < 4 * (round + 1) {
            thread::yield_now();
        }
    }
    assert!(pool.shutdown(None));
    assert_eq!(stopped.load(Ordering::SeqCst), 12);
}

#[test]
fn the_longest_bounds_there_are() {
    let pool = Pool::builder().keep_alive(Duration::MAX).build();
    assert_eq!(pool.spawn(|| 1).join().unwrap(), 1);
    wait_for(&pool, |m| m.num_idle_threads() == 1);
    assert_eq!(pool.spawn(|| 2).join().unwrap(), 2);
    assert!(pool.shutdown(Some(Duration::MAX)));
}

#[test]
fn a_full_queue_gives_the_job_back() {
    let pool = Pool::builder().max_threads(2).queue_limit(3).build();
    let held = [hold(&pool), hold(&pool)];
    let waiting: Vec<_> = (0..3).map(|n| pool.try_spawn(move || n).unwrap()).collect();
    assert_eq!(pool.metrics().queue_depth(), 3);

    let rejected = pool.try_spawn(|| 42).unwrap_err();
    assert!(matches!(rejected.reason(), RejectReason::Full));
    assert_eq!(rejected.to_string(), "the pool's queue is full");
    assert_eq!(rejected.into_job()(), 42);
    let error = pool.spawn(|| 42).join().unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(
        error.to_string(),
        "the job was cancelled: the pool's queue is full"
    );

    drop(held);
    for (n, job) in waiting.into_iter().enumerate() {
        assert_eq!(job.join().unwrap(), n);
    }
}

/// With no room to wait, a pool takes what its threads can begin: those that there may be, and those that are idle.
#[test]
fn a_queue_without_room_takes_what_can_begin() {
    let pool = Pool::builder().max_threads(3).queue_limit(0).build();
    for _ in 0..100 {
        let meeting = Arc::new(Barrier::new(3));
        let jobs: Vec<_> = (0..3)
            .map(|_| {
                let meeting = meeting.clone();
                pool.try_spawn(move || meeting.wait()).unwrap()
            })
            .collect();
        for job in jobs {
            job.join().unwrap();
        }
        wait_for(&pool, |m| m.num_idle_threads() == m.num_threads());
    }
}

#[test]
#[should_panic(
    expected = "a pool needs at least one thread to run anything: give `max_threads` 1 or more, or leave it out for 512"
)]
fn no_threads_at_all_is_a_mistake() {
    drop(Pool::builder().max_threads(0).build());
}

#[test]
fn names_and_hooks() {
    let names = Arc::new(AtomicUsize::new(0));
    let log = Arc::new(Mutex::new(Vec::new()));
    let hook = |what: &'static str| {
        let log = log.clone();
        move || log.lock().unwrap().push((what, thread::current().id()))
    };
    let pool = Pool::builder()
        .max_threads(1)
        .thread_name_fn(move || format!("na\0med-{}", names.fetch_add(1, Ordering::Relaxed)))
        .on_thread_start(hook("start"))
        .on_thread_stop(hook("stop"))
        .build();
    let (name, id) = pool
        .spawn(|| {
            (
                thread::current().name().map(str::to_owned),
                thread::current().id(),
            )
        })
        .join()
        .unwrap();
    assert_eq!(
        name.as_deref(),
        Some("named-0"),
        "a NUL, which no thread's name may have, is left out"
    );
    assert!(pool.shutdown(None));
    assert_eq!(*log.lock().unwrap(), [("start", id), ("stop", id)]);
}

/// Nobody relies on a thread while it is in its start hook, so the hook itself may wait for a job.
#[test]
fn a_start_hook_that_waits_for_a_job() {
    let pool: Arc<std::sync::OnceLock<Pool>> = Arc::default();
    let first = Mutex::new(Some(pool.clone()));
    let answer = Arc::new(Mutex::new(None));
    let built = Pool::builder()
        .on_thread_start({
            let answer = answer.clone();
            move || {
                let pool = first.lock().unwrap().take();
                if let Some(pool) = pool {
                    let job = pool.get().unwrap().spawn(|| 42);
                    *answer.lock().unwrap() = Some(job.join().unwrap());
                }
            }
        })
        .build();
    pool.set(built).unwrap();
    let pool = pool.get().unwrap();
    pool.spawn(|| ()).join().unwrap();
    assert!(pool.shutdown(None));
    assert_eq!(*answer.lock().unwrap(), Some(42));
}

/// Without any thread, a job whose thread cannot be started is given back (tokio 8406).
#[test]
fn a_first_thread_that_cannot_start() {
    for bytes in [1 << 46, usize::MAX] {
        let pool = Pool::builder().thread_stack_size(bytes).build();
        for _ in 0..2 {
            let rejected = pool.try_spawn(|| 42).unwrap_err();
            assert!(matches!(rejected.reason(), RejectReason::NoThread(_)));
            assert_eq!(rejected.into_job()(), 42);
            let error = pool.spawn(|| 42).join().unwrap_err();
            assert!(error.is_cancelled());
            let text = error.to_string();
            assert!(
                text.starts_with(
                    "the job was cancelled: the pool has no thread and could not start one: "
                ),
                "{text}"
            );
        }
        assert_eq!(pool.metrics().num_threads(), 0);
        assert!(pool.shutdown(None));
    }
}

/// With too little address space for all their stacks, jobs wait for the threads that there are; that is reported once.
#[test]
#[cfg(target_os = "linux")]
fn another_thread_that_cannot_start() {
    const JOBS: usize = 8;
    const INSIDE: &str = "HEIST_TEST_INSIDE";

    if std::env::var_os(INSIDE).is_some() {
        let pool = Pool::builder().thread_stack_size(256 << 20).build();
        let begun = Arc::new(AtomicUsize::new(0));
        let jobs: Vec<_> = (0..JOBS)
            .map(|_| {
                let begun = begun.clone();
                let (release, released) = mpsc::channel::<()>();
                let handle = pool.spawn(move || {
                    begun.fetch_add(1, Ordering::SeqCst);
                    released.recv().is_err()
                });
                (release, handle)
            })
            .collect();
        // Whoever began the last one has asked for another thread before that.
        wait_for(&pool, |m| {
            begun.load(Ordering::SeqCst) == m.num_threads()
                && m.num_threads() + m.queue_depth() == JOBS
        });
        assert!(pool.metrics().queue_depth() > 0);
        for (release, handle) in jobs {
            drop(release);
            assert!(handle.join().unwrap());
        }
        return;
    }
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(
            "ulimit -v 1048576 && exec \"$0\" --exact another_thread_that_cannot_start --nocapture",
        )
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let report =
        "heist-blocking-pool: could not start a thread, so jobs wait for those that there are: ";
    assert_eq!(stderr.matches(report).count(), 1, "{stderr}");
}
