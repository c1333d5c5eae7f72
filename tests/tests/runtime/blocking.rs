//! `spawn_blocking`.

use heist::blocking::Pool;
use heist::runtime::Handle;
use heist::task;
use heist_tests::{PATIENCE, Running, Shape, Tally, receive, wait_until};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

pub(crate) fn gives_its_output(shape: Shape) {
    shape.block_on(async {
        assert_eq!(heist::spawn_blocking(|| 42).await.unwrap(), 42);
        let text = String::from("moved in, and out again");
        assert_eq!(heist::spawn_blocking(move || text).await.unwrap().len(), 23);
    });
}

pub(crate) fn runs_on_no_worker(shape: Shape) {
    let runtime = shape.running();
    // While none is free.
    let occupied = runtime.occupy();
    let job = runtime.spawn_blocking(|| thread::current().id());
    let there = futures_lite::future::block_on(job).unwrap();
    assert_ne!(there, thread::current().id());
    drop(occupied);
    let task = runtime.spawn(async { thread::current().id() });
    assert_ne!(runtime.block_on(task).unwrap(), there);
}

pub(crate) fn is_inside_the_runtime(shape: Shape) {
    shape.block_on(async {
        let job = heist::spawn_blocking(|| {
            // It may block, on its own runtime too, and it may use channels that block.
            let spawned = heist::spawn(async { task::id() });
            let id = spawned.id();
            assert_eq!(Handle::current().block_on(spawned).unwrap(), id);
            let (send, receive) = heist::sync::oneshot::channel();
            drop(heist::spawn(async move { send.send(1) }));
            receive.blocking_recv().unwrap()
        });
        assert_eq!(job.await.unwrap(), 1);
    });
}

pub(crate) fn inside_another(shape: Shape) {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = heist::spawn_blocking(move || nest(depth - 1));
        1 + Handle::current().block_on(inner).unwrap()
    }
    shape.block_on(async {
        assert_eq!(heist::spawn_blocking(|| nest(20)).await.unwrap(), 20);
    });
}

pub(crate) fn a_thousand_at_once(shape: Shape) {
    shape.block_on(async {
        let jobs: Vec<_> = (0..1_000)
            .map(|n| heist::spawn_blocking(move || n))
            .collect();
        for (n, job) in (0..).zip(jobs) {
            assert_eq!(job.await.unwrap(), n);
        }
    });
}

/// As many as there may be threads block at the same time, and never more.
pub(crate) fn as_many_at_once_as_allowed(shape: Shape) {
    const THREADS: usize = 20;
    let mut builder = shape.builder();
    let runtime = Running::new(shape, shape.build(builder.max_blocking_threads(THREADS)));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let barrier = Arc::new(Barrier::new(THREADS));
    let jobs: Vec<_> = (0..3 * THREADS)
        .map(|_| {
            let (now, most, barrier) = (now.clone(), most.clone(), barrier.clone());
            runtime.spawn_blocking(move || {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                barrier.wait();
                now.fetch_sub(1, SeqCst);
            })
        })
        .collect();
    for job in jobs {
        runtime.block_on(job).unwrap();
    }
    assert_eq!(most.load(SeqCst), THREADS);
}

pub(crate) fn one_after_the_other_in_order(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = shape.build(builder.max_blocking_threads(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let jobs: Vec<_> = (0..200)
        .map(|n| {
            let order = order.clone();
            runtime.spawn_blocking(move || order.lock().unwrap().push(n))
        })
        .collect();
    runtime.block_on(heist::gather(jobs));
    assert!(order.lock().unwrap().iter().copied().eq(0..200));
}

pub(crate) fn threads_are_used_again(shape: Shape) {
    shape.block_on(async {
        let mut threads = HashSet::new();
        for _ in 0..200 {
            let job = heist::spawn_blocking(|| thread::current().id());
            threads.insert(job.await.unwrap());
        }
        // A thread whose job has just been joined may not be idle yet when the next one comes.
        assert!(threads.len() <= 50, "{} threads", threads.len());
    });
}

/// And what comes while they leave still runs.
pub(crate) fn threads_leave_after_their_keep_alive(shape: Shape) {
    let (starts, stops) = (Tally::new(), Tally::new());
    let (start, stop) = (starts.clone(), stops.clone());
    let mut builder = shape.builder();
    builder
        .thread_keep_alive(Duration::from_micros(50))
        .on_thread_start(move || start.hit())
        .on_thread_stop(move || stop.hit());
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        for n in 0..500 {
            assert_eq!(heist::spawn_blocking(move || n).await.unwrap(), n);
        }
    });
    wait_until(|| stops.count() == starts.count() - shape.worker_threads());
    drop(runtime);
    assert_eq!(stops.count(), starts.count());
}

pub(crate) fn a_handle_that_is_dropped(shape: Shape) {
    let runtime = shape.running();
    let (ran, runs) = mpsc::channel();
    let outputs = Tally::new();
    for _ in 0..100 {
        let (ran, output) = (ran.clone(), outputs.on_drop());
        drop(runtime.spawn_blocking(move || {
            ran.send(()).unwrap();
            output
        }));
    }
    for _ in 0..100 {
        receive(&runs);
    }
    wait_until(|| outputs.count() == 100);
}

pub(crate) fn from_an_outside_thread(shape: Shape) {
    let runtime = shape.running();
    thread::scope(|scope| {
        for n in 0..4 {
            let runtime = &runtime;
            scope.spawn(move || {
                for _ in 0..50 {
                    let job = runtime.spawn_blocking(move || n);
                    assert_eq!(futures_lite::future::block_on(job).unwrap(), n);
                }
            });
        }
    });
}

pub(crate) fn beside_a_pool_of_ones_own(shape: Shape) {
    let pool = Pool::builder().max_threads(3).build();
    shape.block_on(async {
        let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs: Vec<_> = (0..50)
            .map(|n| {
                let (most, now) = (most.clone(), now.clone());
                pool.spawn(move || {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, SeqCst);
                    n
                })
            })
            .collect();
        let tasks: Vec<_> = (0..50).map(|n| heist::spawn(async move { n })).collect();
        let (jobs, tasks) = heist::join!(heist::gather(jobs), heist::gather(tasks));
        assert!(jobs.into_iter().map(Result::unwrap).eq(0..50));
        assert!(tasks.into_iter().map(Result::unwrap).eq(0..50));
        assert!(most.load(SeqCst) <= 3);
    });
    assert!(pool.shutdown(Some(PATIENCE)));
}
