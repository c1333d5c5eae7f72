//! Each number of `RuntimeMetrics`, after a run of which it is known.

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Runtime, RuntimeMetrics};
use heist::task::yield_now;
use heist::time::Duration;
use heist_tests::{
    PATIENCE, Running, Shape, Stopwatch, block_thread, panic_of, receive, until, wait_until,
};
use std::future::pending;
use std::sync::mpsc;

/// A runtime whose workers, when they are blocked, stay so: nobody stands in for them.
fn without_relief(shape: Shape) -> Running {
    Running::new(shape, shape.build(shape.builder().disable_relief()))
}

/// One number of all workers, those of relief included.
fn sum(metrics: &RuntimeMetrics, number: impl Fn(&RuntimeMetrics, usize) -> u64) -> u64 {
    let workers = 0..metrics.num_workers() + metrics.num_relief_workers();
    workers.map(|worker| number(metrics, worker)).sum()
}

/// Runs a function in one poll of a task, while all other workers are blocked, on a runtime without relief.
fn while_others_are_blocked<R: Send + 'static>(
    shape: Shape,
    runtime: &Runtime,
    function: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (blocked, blocks) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    let (releases, others): (Vec<_>, Vec<_>) = (1..shape.parallelism())
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let blocked = blocked.clone();
            let task = runtime.spawn(async move {
                let _ = blocked.send(());
                // By the sender's drop.
                let _ = released.recv_timeout(PATIENCE);
            });
            (release, task)
        })
        .unzip();
    let count = others.len();
    drop(runtime.spawn(async move {
        for _ in 0..count {
            receive(&blocks);
        }
        let _ = done.send(function());
    }));
    let result = receive(&is_done);
    drop(releases);
    result
}

pub(crate) fn workers(shape: Shape) {
    let runtime = shape.runtime();
    let metrics = runtime.metrics();
    assert_eq!(metrics.num_workers(), shape.parallelism());
    assert_eq!(metrics.num_relief_workers(), 0);
    let beyond = shape.parallelism();
    let numbers: [fn(&RuntimeMetrics, usize) -> u64; 8] = [
        RuntimeMetrics::worker_poll_count,
        RuntimeMetrics::worker_park_count,
        RuntimeMetrics::worker_park_unpark_count,
        RuntimeMetrics::worker_steal_count,
        RuntimeMetrics::worker_steal_operations,
        RuntimeMetrics::worker_overflow_count,
        |metrics, worker| metrics.worker_local_queue_depth(worker) as u64,
        |metrics, worker| metrics.worker_total_busy_duration(worker).as_nanos() as u64,
    ];
    for number in numbers {
        let panic = panic_of(|| number(&metrics, beyond));
        let expected = format!(
            "there is no worker {beyond}: the runtime has {beyond} workers and 0 relief workers, numbered from 0 on"
        );
        assert_eq!(panic.message, expected);
        number(&metrics, beyond - 1);
    }
    let by_handle = runtime.block_on(async { heist::runtime::Handle::current().metrics() });
    assert_eq!(by_handle.num_workers(), metrics.num_workers());
}

pub(crate) fn tasks(shape: Shape) {
    let runtime = shape.running();
    let metrics = runtime.metrics();
    assert_eq!(
        (metrics.spawned_tasks_count(), metrics.num_alive_tasks()),
        (0, 0)
    );
    let outside: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>())).collect();
    let inside = runtime.block_on(runtime.spawn(async {
        let tasks = (0..100).map(|_| heist::spawn(pending::<()>()));
        tasks.collect::<Vec<_>>()
    }));
    assert_eq!(metrics.spawned_tasks_count(), 201);
    assert_eq!(metrics.num_alive_tasks(), 200);
    for task in &outside {
        task.abort();
    }
    runtime.block_on(heist::gather(outside));
    assert_eq!(metrics.num_alive_tasks(), 100);
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    assert_eq!(metrics.spawned_tasks_count(), 201, "a job is no task");
    drop(runtime);
    assert_eq!(metrics.num_alive_tasks(), 0);
    drop(inside);
}

pub(crate) fn polls(shape: Shape) {
    let runtime = shape.runtime();
    let metrics = runtime.metrics();
    let tasks = (0..50).map(|yields| async move {
        for _ in 0..yields {
            yield_now().await;
        }
    });
    let tasks: Vec<_> = tasks.map(|task| runtime.spawn(task)).collect();
    for outcome in runtime.block_on(heist::gather(tasks)) {
        outcome.unwrap();
    }
    let expected = (0..50).map(|yields| yields + 1).sum::<u64>();
    assert_eq!(sum(&metrics, RuntimeMetrics::worker_poll_count), expected);
}

pub(crate) fn tasks_from_elsewhere(shape: Shape) {
    let runtime = without_relief(shape);
    let metrics = runtime.metrics();
    let occupied = runtime.occupy();
    let before = shape.parallelism() as u64;
    assert_eq!(metrics.remote_schedule_count(), before);
    assert_eq!(metrics.global_queue_depth(), 0);

    let tasks: Vec<_> = (0..1_000).map(|_| runtime.spawn(async {})).collect();
    assert_eq!(metrics.global_queue_depth(), 1_000);
    assert_eq!(metrics.remote_schedule_count(), before + 1_000);
    // It is nobody's turn yet, so it counts once only.
    tasks[0].abort();
    assert_eq!(metrics.remote_schedule_count(), before + 1_000);

    drop(occupied);
    futures_lite::future::block_on(heist::gather(tasks));
    assert_eq!(metrics.global_queue_depth(), 0);
    assert_eq!(metrics.remote_schedule_count(), before + 1_000);
}

pub(crate) fn a_queue_that_overflows(shape: Shape) {
    let runtime = without_relief(shape);
    let metrics = runtime.metrics();
    let seen = while_others_are_blocked(shape, &runtime, {
        let metrics = metrics.clone();
        move || {
            let tasks: Vec<_> = (0..300).map(|_| heist::spawn(async {})).collect();
            let waiting =
                |metrics: &RuntimeMetrics, worker| metrics.worker_local_queue_depth(worker) as u64;
            let seen = (
                sum(&metrics, waiting),
                metrics.global_queue_depth(),
                sum(&metrics, RuntimeMetrics::worker_overflow_count),
            );
            drop(tasks);
            seen
        }
    });
    // 256 in the queue and, where tasks don't run in order, one in the next-slot.
    let next = u64::from(shape != Shape::CurrentThread);
    assert_eq!(seen, (256 + next, 44 - next as usize, 44 - next));
    assert_eq!(
        metrics.remote_schedule_count(),
        shape.parallelism() as u64,
        "what a worker has no room for comes from no other thread"
    );
    wait_until(|| metrics.num_alive_tasks() == 0);
    assert_eq!(metrics.global_queue_depth(), 0);
}

/// A task that blocks has others run its children: one from its queue, one from its next-slot.
pub(crate) fn thefts(shape: Shape) {
    let runtime = without_relief(shape);
    let metrics = runtime.metrics();
    if shape.parallelism() == 1 {
        runtime.block_on(runtime.spawn(async {})).unwrap();
        assert_eq!(metrics.worker_steal_count(0), 0);
        return;
    }
    let task = runtime.spawn(async {
        let (ran, runs) = mpsc::channel();
        for _ in 0..2 {
            let ran = ran.clone();
            drop(heist::spawn(async move { ran.send(()).unwrap() }));
        }
        receive(&runs);
        receive(&runs);
    });
    runtime.block_on(task).unwrap();
    let operations = sum(&metrics, RuntimeMetrics::worker_steal_operations);
    let tasks = sum(&metrics, RuntimeMetrics::worker_steal_count);
    assert!(operations >= 2, "{operations}");
    assert!(tasks >= operations, "{tasks} in {operations}");
    if shape.parallelism() == 2 {
        // Nobody is there to steal them once more.
        assert_eq!((operations, tasks), (2, 2));
    }
}

pub(crate) fn sleeps(shape: Shape) {
    let runtime = shape.running();
    let metrics = runtime.metrics();
    let all_sleep = || {
        let mut workers = 0..metrics.num_workers();
        workers.all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1)
    };
    wait_until(all_sleep);
    let before = sum(&metrics, RuntimeMetrics::worker_park_count);
    assert!(before >= shape.parallelism() as u64);
    let counts = runtime.spawn({
        let metrics = metrics.clone();
        async move {
            let mut workers = 0..metrics.num_workers();
            workers.any(|worker| metrics.worker_park_unpark_count(worker).is_multiple_of(2))
        }
    });
    assert!(
        futures_lite::future::block_on(counts).unwrap(),
        "who polls is awake"
    );
    wait_until(all_sleep);
    let after = sum(&metrics, RuntimeMetrics::worker_park_count);
    assert!(after > before);
    for worker in 0..metrics.num_workers() {
        // It may get up in between.
        let parks = metrics.worker_park_count(worker);
        let both = metrics.worker_park_unpark_count(worker);
        assert!(parks >= 1 && both >= 2 * parks - 1);
    }
}

pub(crate) fn time_awake(shape: Shape) {
    let begun = Stopwatch::start();
    let runtime = shape.runtime();
    let metrics = runtime.metrics();
    let busy = |metrics: &RuntimeMetrics| {
        let workers = 0..metrics.num_workers() + metrics.num_relief_workers();
        workers
            .map(|worker| metrics.worker_total_busy_duration(worker))
            .sum::<Duration>()
    };
    // Nobody runs it meanwhile, or it has nothing to do.
    block_thread(Duration::from_millis(20));
    let polled = Stopwatch::start();
    let task = runtime.spawn(async { block_thread(Duration::from_millis(20)) });
    runtime.block_on(task).unwrap();
    match shape {
        Shape::CurrentThread => {
            let elapsed = polled.elapsed();
            let busy = busy(&metrics);
            assert!(busy >= Duration::from_millis(20), "{busy:?}");
            assert!(busy <= elapsed, "{busy:?} in {elapsed:?}");
        }
        Shape::Workers(_) => {
            wait_until(|| busy(&metrics) >= Duration::from_millis(20));
            for worker in 0..metrics.num_workers() {
                let busy = metrics.worker_total_busy_duration(worker);
                let elapsed = begun.elapsed();
                assert!(busy <= elapsed, "{busy:?} in {elapsed:?}");
            }
        }
    }
}

pub(crate) fn blocking_jobs(shape: Shape) {
    let runtime = shape.build(shape.builder().max_blocking_threads(2));
    let metrics = runtime.metrics();
    let numbers = || {
        (
            metrics.num_blocking_threads(),
            metrics.num_idle_blocking_threads(),
            metrics.blocking_queue_depth(),
        )
    };
    assert_eq!(numbers(), (0, 0, 0));
    let (began, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let (began, released) = (began.clone(), released.clone());
            runtime.spawn_blocking(move || {
                began.send(()).unwrap();
                let _ = released.lock().unwrap().recv();
            })
        })
        .collect();
    receive(&begins);
    receive(&begins);
    let more: Vec<_> = (0..3).map(|_| runtime.spawn_blocking(|| ())).collect();
    assert_eq!(numbers(), (2, 0, 3));
    drop(release);
    runtime.block_on(heist::gather(jobs.into_iter().chain(more)));
    wait_until(|| numbers() == (2, 2, 0));
}

pub(crate) fn descriptors_and_events(shape: Shape) {
    let runtime = shape.runtime();
    let metrics = runtime.metrics();
    let numbers = || {
        (
            metrics.io_driver_fd_registered_count(),
            metrics.io_driver_fd_deregistered_count(),
        )
    };
    assert_eq!(numbers(), (0, 0));
    assert_eq!(metrics.io_driver_ready_count(), 0);
    runtime
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            assert_eq!(numbers(), (1, 0));
            let server = heist::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let mut byte = [0];
                stream.read_exact(&mut byte).await?;
                stream.write_all(&byte).await
            });
            let mut client = TcpStream::connect(address).await?;
            client.write_all(&[7]).await?;
            let mut byte = [0];
            client.read_exact(&mut byte).await?;
            server.await.unwrap()?;
            drop(client);
            std::io::Result::Ok(())
        })
        .unwrap();
    assert_eq!(numbers(), (3, 3));
    // Of the listener, and of what was read on either side, unless the task came first.
    assert!(metrics.io_driver_ready_count() >= 1);
}

pub(crate) fn relief_workers(shape: Shape) {
    let runtime = shape.running();
    let metrics = runtime.metrics();
    let occupied = runtime.occupy();
    if shape == Shape::CurrentThread {
        assert_eq!(metrics.num_relief_workers(), 0);
        return;
    }
    // Whoever stands in is counted, and what it does.
    let task = runtime.spawn(yield_now());
    futures_lite::future::block_on(task).unwrap();
    let workers = metrics.num_workers();
    let made = metrics.num_relief_workers();
    assert!(made >= 1);
    let polls = (workers..workers + made).map(|worker| metrics.worker_poll_count(worker));
    assert!(polls.sum::<u64>() >= 2);
    drop(occupied);
    runtime.block_on(until("a relief worker stays on duty", || {
        metrics.num_idle_relief_workers() == metrics.num_relief_workers()
    }));
    wait_until(|| metrics.num_alive_tasks() == 0);
    assert_eq!(
        sum(&metrics, RuntimeMetrics::worker_poll_count),
        workers as u64 + 2
    );
}
