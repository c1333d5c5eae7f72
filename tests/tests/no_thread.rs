//! Threads that cannot be started: what is said then, and that nothing hangs.

#![cfg_attr(
    not(target_os = "linux"),
    allow(
        unused_imports,
        dead_code,
        reason = "most of it limits the address space, as Linux can"
    )
)]

use heist::runtime::Builder;
use heist::time::{Duration, Instant};
use heist_tests::{
    PATIENCE, Running, Shape, Tally, guarded, in_child, once_waiting, receive, wait_until,
};
use std::future::pending;
use std::sync::mpsc;
use std::thread;

const SHAPES: [Shape; 2] = [Shape::CurrentThread, Shape::Workers(2)];

/// No machine has that much.
const ABSURD_STACK: usize = usize::MAX / 2;

#[track_caller]
fn assert_no_worker(error: &std::io::Error, number: usize, count: usize) {
    let said = error.to_string();
    assert!(
        said.starts_with(&format!(
            "worker thread {number} of {count} could not be started ("
        )),
        "{said}"
    );
    let advice = "): ask for fewer by `Builder::worker_threads` or HEIST_WORKER_THREADS, or raise the limit of threads or memory";
    assert!(said.ends_with(advice), "{said}");
}

#[test]
fn a_worker_that_cannot_start() {
    guarded("a_worker_that_cannot_start", || {
        for stack in [ABSURD_STACK, usize::MAX] {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(2).thread_stack_size(stack);
            assert_no_worker(&builder.build().unwrap_err(), 1, 2);
            // The same is true inside async code.
            let inside = Shape::CurrentThread.block_on(async { builder.build().unwrap_err() });
            assert_no_worker(&inside, 1, 2);
        }
    });
}

#[test]
fn a_name_that_no_thread_can_have() {
    guarded("a_name_that_no_thread_can_have", || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("not\0a name");
        assert_no_worker(&builder.build().unwrap_err(), 1, 2);
    });
}

/// How much address space this process uses, in bytes.
#[cfg(target_os = "linux")]
fn address_space() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    pages * rustix::param::page_size() as u64
}

/// Lets this process have so many more bytes of address space.
#[cfg(target_os = "linux")]
fn limit_address_space(more: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let maximum = getrlimit(Resource::As).maximum;
    let current = Some(address_space() + more);
    setrlimit(Resource::As, Rlimit { current, maximum }).unwrap();
}

#[cfg(target_os = "linux")]
const MIB: u64 = 1 << 20;

/// Otherwise each thread would take address space for an arena of its own, and leave another too little to start with.
#[cfg(target_os = "linux")]
const ONE_ARENA: [(&str, &str); 1] = [("MALLOC_ARENA_MAX", "1")];

/// Those that were started have ended when the error is returned.
#[test]
#[cfg(target_os = "linux")]
fn some_workers_that_cannot_start() {
    let ended = in_child("some_workers_that_cannot_start", &ONE_ARENA, || {
        limit_address_space(400 * MIB);
        for inside in [false, true] {
            let (starts, stops) = (Tally::new(), Tally::new());
            let (start, stop) = (starts.clone(), stops.clone());
            let mut builder = Builder::new_multi_thread();
            builder
                .worker_threads(64)
                .thread_stack_size(64 << 20)
                .on_thread_start(move || start.hit())
                .on_thread_stop(move || stop.hit());
            let error = if inside {
                Shape::CurrentThread
                    .block_on(async { builder.build() })
                    .unwrap_err()
            } else {
                builder.build().unwrap_err()
            };
            assert!(
                (1..64).contains(&starts.count()),
                "{} of 64 started",
                starts.count()
            );
            assert_eq!(stops.count(), starts.count());
            assert_no_worker(&error, starts.count() + 1, 64);
        }
    });
    ended.assert_success();
    assert!(ended.reports().is_empty(), "{:?}", ended.reports());
}

/// Once a sentinel can be started, one is: nothing that waits for blocked workers then waits for ever.
#[test]
#[cfg(target_os = "linux")]
fn a_sentinel_that_cannot_start() {
    let ended = in_child("a_sentinel_that_cannot_start", &ONE_ARENA, || {
        let runtime = Shape::Workers(1).builder().on_slow_poll(|_| ()).build();
        let runtime = runtime.unwrap();
        // The thread has started: it too needs room. It sleeps, and gets up below.
        wait_until(|| runtime.metrics().worker_park_count(0) > 0);
        let limit = rustix::process::getrlimit(rustix::process::Resource::As);
        limit_address_space(MIB);
        runtime.block_on(runtime.spawn(async {})).unwrap();
        rustix::process::setrlimit(rustix::process::Resource::As, limit).unwrap();
        // The worker is blocked until it is seen that another stands in for it, or asleep in between.
        let begun = Instant::now();
        let stood_in = || {
            let (release, released) = mpsc::channel::<()>();
            let blocker = runtime.spawn(async move { released.recv().is_ok() });
            let (done, is_done) = mpsc::channel();
            drop(runtime.spawn(async move { done.send(()).is_ok() }));
            let stood_in = is_done.recv_timeout(Duration::from_millis(200)).is_ok();
            drop(release);
            runtime.block_on(blocker).unwrap();
            stood_in
        };
        while !stood_in() {
            assert!(begun.elapsed() < PATIENCE, "nobody stands in");
        }
    });
    ended.assert_success();
    let [report] = &ended.reports()[..] else {
        panic!("{:?}", ended.reports())
    };
    assert!(
        report.starts_with("heist: no thread can be started to keep watch over the workers ("),
        "{report}"
    );
}

/// tokio counted its workers as threads that could run the job, and left it in the queue for ever: <https://github.com/tokio-rs/tokio/pull/8408>.
#[test]
#[cfg(target_os = "linux")]
fn tokio_8408_the_first_blocking_thread_cannot_start() {
    let test = "tokio_8408_the_first_blocking_thread_cannot_start";
    let ended = in_child(test, &ONE_ARENA, || {
        for shape in SHAPES {
            let mut builder = shape.builder();
            let runtime =
                Running::new(shape, builder.thread_stack_size(512 << 20).build().unwrap());
            // All threads have started: they too need room.
            drop(runtime.occupy());
            let limit = rustix::process::getrlimit(rustix::process::Resource::As);
            limit_address_space(300 * MIB);
            let dropped = Tally::new();
            let guard = dropped.on_drop();
            let job = runtime.spawn_blocking(move || drop(guard));
            assert!(runtime.block_on(job).unwrap_err().is_cancelled());
            assert_eq!(dropped.count(), 1);
            // Once there can be one, there is one.
            rustix::process::setrlimit(rustix::process::Resource::As, limit).unwrap();
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
        }
    });
    ended.assert_success();
    let reports = ended.reports();
    assert_eq!(reports.len(), 2, "{reports:?}");
    for report in reports {
        let said = "heist: the blocking job spawned at tests/tests/no_thread.rs:";
        assert!(report.starts_with(said), "{report}");
        assert!(
            report.contains(" cannot run, and is cancelled: "),
            "{report}"
        );
    }
}

/// The jobs wait for the threads that there are.
#[test]
#[cfg(target_os = "linux")]
fn another_blocking_thread_cannot_start() {
    let ended = in_child("another_blocking_thread_cannot_start", &ONE_ARENA, || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.thread_stack_size(512 << 20).build().unwrap();
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let first = runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            receive(&released);
        });
        receive(&begins);
        limit_address_space(300 * MIB);
        let jobs: Vec<_> = (0..5).map(|n| runtime.spawn_blocking(move || n)).collect();
        release.send(()).unwrap();
        runtime.block_on(first).unwrap();
        let outputs = runtime.block_on(heist::gather(jobs));
        assert!(outputs.into_iter().map(Result::unwrap).eq(0..5));
    });
    ended.assert_success();
    let reports = ended.reports();
    let said =
        "heist-blocking-pool: could not start a thread, so jobs wait for those that there are: ";
    assert!(
        reports.len() == 1 && reports[0].starts_with(said),
        "{reports:?}"
    );
}

/// It is done without one: what waits is cancelled at once, and who waits for a socket or a timer elsewhere learns of the end when the last poll has returned.
#[test]
#[cfg(target_os = "linux")]
fn a_shutdown_that_gets_no_thread() {
    // Each in a process of its own, where no other thread ends meanwhile: its stack would be room for this one.
    const CASE: &str = "HEIST_TESTS_CASE";
    let bounds = [Duration::ZERO, Duration::from_millis(20)];
    let cases = SHAPES.map(|shape| bounds.map(|bound| (shape, bound)));
    for case in 0..cases.as_flattened().len() {
        let environment = [
            ONE_ARENA[0],
            // So large that no stack is kept for the next thread.
            ("RUST_MIN_STACK", "67108864"),
            (CASE, &case.to_string()),
        ];
        let ended = in_child("a_shutdown_that_gets_no_thread", &environment, || {
            let case: usize = std::env::var(CASE).unwrap().parse().unwrap();
            let (shape, bound) = cases.as_flattened()[case];
            shut_down_without_a_thread(shape, bound);
        });
        ended.assert_success();
        let reports = ended.reports();
        let said = "heist: no thread for the shutdown of a runtime (";
        assert!(
            reports.len() == 1
                && reports[0].starts_with(said)
                && reports[0].ends_with("): its tasks are dropped on this one"),
            "{reports:?}"
        );
    }
}

#[cfg(target_os = "linux")]
fn shut_down_without_a_thread(shape: Shape, bound: Duration) {
    let mut builder = shape.builder();
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    let runtime = Running::new(shape, runtime);
    let stuck = runtime.occupy();
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = released.recv_timeout(PATIENCE);
    });
    receive(&begins);
    let dropped = Tally::new();
    let (task, job) = (dropped.on_drop(), dropped.on_drop());
    let idle = runtime.spawn(async move {
        let _guard = task;
        pending::<()>().await;
    });
    let queued = runtime.spawn_blocking(move || drop(job));

    // Of this runtime, on a thread that isn't its own.
    let handle = runtime.handle().clone();
    let (waits, waiting) = mpsc::channel();
    let elsewhere = thread::spawn(move || {
        let _guard = handle.enter();
        futures_lite::future::block_on(async {
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            once_waiting(listener.accept(), || waits.send(()).unwrap()).await
        })
    });
    receive(&waiting);

    let limit = rustix::process::getrlimit(rustix::process::Resource::As);
    limit_address_space(32 * MIB);
    let (runtime, driver) = runtime.take();
    runtime.shutdown_timeout(bound);
    rustix::process::setrlimit(rustix::process::Resource::As, limit).unwrap();

    assert_eq!(dropped.count(), 2);
    for cancelled in [idle, queued] {
        assert!(cancelled.is_finished());
        let outcome = futures_lite::future::block_on(cancelled);
        assert!(outcome.unwrap_err().is_cancelled());
    }
    assert!(!elsewhere.is_finished(), "a poll has lost its drivers");
    drop(stuck);
    let error = elsewhere.join().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the heist runtime that this socket or file descriptor belongs to has been shut down"
    );
    drop(release);
    futures_lite::future::block_on(running).unwrap();
    drop(driver);
}
