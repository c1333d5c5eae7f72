//! Misuse and bad luck: what is said then, and that it harms nobody else. What is said of failures that nobody receives: `reports.rs`.

use heist::runtime::{Builder, Handle};
use heist::sync::oneshot;
use heist::task;
use heist::time::{self, Duration};
use heist_tests::{
    OnDrop, PATIENCE, Panicked, Running, Shape, Tally, guarded, in_child, once_waiting, panic_of,
    receive,
};
use std::future::pending;
use std::sync::mpsc;
use std::thread;

const SHAPES: [Shape; 2] = [Shape::CurrentThread, Shape::Workers(2)];

const BLOCKS: &str = "`block_on` was called on a thread that runs async code, which it would block: `.await` the future instead, or call it inside \
    `heist::spawn_blocking`";

const NO_RUNTIME: &str = "there is no heist runtime on this thread: call this inside `heist::run`, a `#[heist::main]` function, or `Runtime::block_on`, \
    or enter a runtime with `Handle::enter`";

/// The panic has this message, and blames this file: the caller, not the runtime.
#[track_caller]
fn assert_blamed(panicked: &Panicked, message: &str) {
    assert_eq!(panicked.message, message);
    assert!(
        panicked.file.ends_with("misuse.rs"),
        "it blames {}",
        panicked.file
    );
}

#[test]
fn block_on_inside_a_task() {
    guarded("block_on_inside_a_task", || {
        for shape in SHAPES {
            let runtime = shape.running();
            let handle = runtime.handle().clone();
            let task = runtime.spawn(async move {
                assert_blamed(&panic_of(|| handle.block_on(async {})), BLOCKS);
                assert_blamed(
                    &panic_of(|| Handle::current().block_on(pending::<()>())),
                    BLOCKS,
                );
                assert_blamed(&panic_of(|| heist::run(async {})), BLOCKS);
                let other = Builder::new_current_thread().build().unwrap();
                assert_blamed(&panic_of(|| other.block_on(async {})), BLOCKS);
                other.shutdown_background();
                // The task goes on, and so does its runtime.
                heist::spawn(async { 1 }).await.unwrap()
            });
            assert_eq!(runtime.block_on(task).unwrap(), 1);
        }
    });
}

#[test]
fn block_on_inside_block_on() {
    guarded("block_on_inside_block_on", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            runtime.block_on(async {
                assert_blamed(&panic_of(|| runtime.block_on(async {})), BLOCKS);
                assert_eq!(heist::spawn(async { 1 }).await.unwrap(), 1);
                // Where it is right.
                let handle = Handle::current();
                let job = heist::spawn_blocking(move || handle.block_on(async { 2 }));
                assert_eq!(job.await.unwrap(), 2);
            });
        }
    });
}

#[test]
fn block_on_in_a_destructor_on_a_worker() {
    guarded("block_on_in_a_destructor_on_a_worker", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let handle = runtime.handle().clone();
            runtime.block_on(async {
                let guard = OnDrop::new(move || handle.block_on(async {}));
                let task = heist::spawn(async move { drop(guard) });
                let error = task.await.unwrap_err();
                assert!(error.to_string().ends_with(BLOCKS), "{error}");
            });
        }
    });
}

#[test]
fn waiting_for_a_channel_inside_a_task() {
    guarded("waiting_for_a_channel_inside_a_task", || {
        for shape in SHAPES {
            shape.block_on(async {
                let task = heist::spawn(async {
                    let (_send, receive) = oneshot::channel::<()>();
                    panic_of(|| receive.blocking_recv())
                });
                let message = "`oneshot::Receiver::blocking_recv` would block a thread that runs tasks, and stall them all: await the receiver, or call it \
                    inside `spawn_blocking`";
                assert_blamed(&task.await.unwrap(), message);
            });
        }
    });
}

#[test]
fn outside_of_any_runtime() {
    guarded("outside_of_any_runtime", || {
        assert_blamed(&panic_of(|| heist::spawn(async {})), NO_RUNTIME);
        assert_blamed(&panic_of(|| heist::spawn_blocking(|| ())), NO_RUNTIME);
        assert_blamed(&panic_of(|| Handle::current()), NO_RUNTIME);
        assert_eq!(Handle::try_current().unwrap_err().to_string(), NO_RUNTIME);
        let message =
            "`heist::task::id` was called outside of a task; `try_id` asks without a panic";
        assert_blamed(&panic_of(|| task::id()), message);
        let timer =
            panic_of(|| futures_lite::future::block_on(time::sleep(Duration::from_secs(1))));
        assert!(
            timer
                .message
                .starts_with("there is no heist runtime on this thread: ")
        );
        let bind = heist::net::TcpListener::bind("127.0.0.1:0");
        let socket = panic_of(|| futures_lite::future::block_on(bind));
        assert!(
            socket
                .message
                .starts_with("no heist runtime on this thread: ")
        );
        // When one has been left again, too.
        drop(Shape::CurrentThread.runtime().enter());
        assert_blamed(&panic_of(|| heist::spawn(async {})), NO_RUNTIME);
    });
}

#[test]
fn zero_threads() {
    let panicked = panic_of(|| Builder::new_multi_thread().worker_threads(0).build());
    let message = "a runtime needs at least one worker thread: leave `worker_threads` out for one a core, or build a `new_current_thread` runtime for none";
    assert_blamed(&panicked, message);
    let panicked = panic_of(|| {
        Builder::new_current_thread()
            .max_blocking_threads(0)
            .build()
    });
    let message = "`max_blocking_threads` needs to be at least 1: with no thread, no blocking job would ever run";
    assert_blamed(&panicked, message);
}

#[test]
fn a_cancelled_tasks_payload() {
    guarded("a_cancelled_tasks_payload", || {
        let error = Shape::CurrentThread.block_on(async {
            let task = heist::spawn(pending::<()>());
            task.abort();
            task.await.unwrap_err()
        });
        let id = error.id();
        let message = format!(
            "`JoinError::into_panic` was called, but task {id} was cancelled; ask `is_panic` first"
        );
        assert_blamed(&panic_of(|| error.into_panic()), &message);
    });
}

#[test]
fn guards_in_the_wrong_order() {
    guarded("guards_in_the_wrong_order", || {
        let (one, two) = (Shape::CurrentThread.runtime(), Shape::Workers(1).runtime());
        let (first, second) = (one.enter(), two.enter());
        let message = "an `EnterGuard` was dropped before one that was made after it: drop them in the reverse order";
        assert_eq!(panic_of(|| drop(first)).message, message);
        drop(second);

        // While the thread panics for another reason, that one is told, and the process goes on.
        let panicked = panic_of(|| {
            let first = one.enter();
            let _second = two.enter();
            let _first = first;
            panic!("another reason");
        });
        assert_eq!(panicked.message, "another reason");
    });
}

/// What `HEIST_WORKER_THREADS` says is taken, or refused; never guessed.
#[test]
fn a_number_of_workers_from_the_environment() {
    for (value, expected) in [
        ("3", Ok(3)),
        (" 2\n", Ok(2)),
        ("0", Err("\"0\"")),
        ("-1", Err("\"-1\"")),
        ("1.5", Err("\"1.5\"")),
        ("", Err("\"\"")),
        ("many", Err("\"many\"")),
        (
            "99999999999999999999999",
            Err("\"99999999999999999999999\""),
        ),
    ] {
        let test = "a_number_of_workers_from_the_environment";
        let ended = in_child(test, &[("HEIST_WORKER_THREADS", value)], || {
            let starts = Tally::new();
            let start = starts.clone();
            match Builder::new_multi_thread()
                .on_thread_start(move || start.hit())
                .build()
            {
                Ok(runtime) => {
                    drop(runtime);
                    eprintln!("said: {} workers", starts.count());
                }
                Err(error) => eprintln!("said: {:?}, {error}", error.kind()),
            }
            // Whoever says how many is not asked for the environment; nor is who has none.
            drop(
                Builder::new_multi_thread()
                    .worker_threads(1)
                    .build()
                    .unwrap(),
            );
            drop(Builder::new_current_thread().build().unwrap());
        });
        ended.assert_success();
        let said = ended
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("said: "));
        let expected = match expected {
            Ok(count) => format!("{count} workers"),
            Err(quoted) => format!(
                "InvalidInput, HEIST_WORKER_THREADS is {quoted}: set it to the number of worker threads, 1 or more, or leave it unset"
            ),
        };
        assert_eq!(said, Some(expected.as_str()), "{value:?}: {}", ended.stderr);
    }
}

/// `run` has nobody to give an error to.
#[test]
fn run_with_a_bad_environment() {
    let ended = in_child(
        "run_with_a_bad_environment",
        &[("HEIST_WORKER_THREADS", "none")],
        || {
            let panicked = panic_of(|| heist::run(async {}));
            let message = "heist::run could not build its runtime: HEIST_WORKER_THREADS is \"none\": set it to the number of worker threads, 1 or more, \
            or leave it unset";
            assert_blamed(&panicked, message);
        },
    );
    ended.assert_success();
}

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
        let said = "heist: the blocking job spawned at tests/tests/misuse.rs:";
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
