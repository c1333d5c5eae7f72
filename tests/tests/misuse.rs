//! Misuse and bad luck: what is said then, and that it harms nobody else.

use heist::runtime::{Builder, Handle, Runtime};
use heist::sync::oneshot;
use heist::task::{self, JoinHandle};
use heist::time::{self, Duration};
use heist_tests::{
    OnDrop, Panicked, Running, Shape, Tally, guarded, in_child, panic_of, receive, wait_until,
};
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};

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

/// A task of whose failure somebody is to hear: on the line after that of this constant.
const SPAWNED_AT: u32 = line!() + 2;
fn spawn_failing(runtime: &Runtime) -> JoinHandle<()> {
    runtime.spawn(async { panic!("out of cheese") })
}

/// Runs the body in a child process, and says what the runtime reported.
#[track_caller]
fn reports_of(test: &str, body: impl Fn(&Running)) -> Vec<String> {
    let ended = in_child(test, &[], || {
        for shape in SHAPES {
            let runtime = Running::new(shape, shape.builder().build().unwrap());
            body(&runtime);
            // The workers have said all that they had to say.
            drop(runtime);
        }
    });
    ended.assert_success();
    ended.reports().into_iter().map(str::to_owned).collect()
}

/// A report for each shape, with the numbers of tasks left out.
#[track_caller]
fn assert_reported(reports: &[String], expected: &str) {
    let said: Vec<_> = reports
        .iter()
        .map(|report| {
            let words = report.split(' ');
            let words = words.map(|word| match word.parse::<u64>() {
                Ok(_) => "N",
                Err(_) => word,
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(said, [expected; SHAPES.len()]);
}

/// What is reported of the task of [`spawn_failing`].
fn unobserved() -> String {
    format!(
        "heist: task N panicked: out of cheese (spawned at tests/tests/misuse.rs:{SPAWNED_AT}:13; nobody awaited it)"
    )
}

#[test]
fn a_failure_after_its_handle_was_dropped() {
    let reports = reports_of("a_failure_after_its_handle_was_dropped", |runtime| {
        let occupied = runtime.occupy();
        drop(spawn_failing(runtime));
        drop(occupied);
        drop(runtime.occupy());
    });
    assert_reported(&reports, &unobserved());
}

#[test]
fn a_failure_before_its_handle_is_dropped() {
    let reports = reports_of("a_failure_before_its_handle_is_dropped", |runtime| {
        let handle = spawn_failing(runtime);
        wait_until(|| handle.is_finished());
        drop(handle);
    });
    assert_reported(&reports, &unobserved());
}

/// Also of a handle whose owner began to await it, and gave up.
#[test]
fn a_failure_whose_handle_was_polled() {
    let reports = reports_of("a_failure_whose_handle_was_polled", |runtime| {
        let occupied = runtime.occupy();
        let mut handle = spawn_failing(runtime);
        assert!(
            pin!(&mut handle)
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        drop(occupied);
        drop(runtime.occupy());
        drop(handle);
    });
    assert_reported(&reports, &unobserved());
}

#[test]
fn a_failure_that_is_observed_is_not_reported() {
    let reports = reports_of("a_failure_that_is_observed_is_not_reported", |runtime| {
        assert!(
            runtime
                .block_on(spawn_failing(runtime))
                .unwrap_err()
                .is_panic()
        );
        // Nor is a cancellation, nor what went well.
        let task = runtime.spawn(pending::<()>());
        task.abort();
        drop(task);
        drop(runtime.spawn(async {}));
        drop(runtime.spawn_blocking(|| ()));
        drop(runtime.spawn(pending::<()>()));
    });
    assert!(reports.is_empty(), "{reports:?}");
}

const JOB_AT: u32 = line!() + 2;
fn spawn_failing_job(runtime: &Runtime) -> JoinHandle<()> {
    runtime.spawn_blocking(|| panic!("in a job"))
}

#[test]
fn a_failure_of_a_blocking_job() {
    let reports = reports_of("a_failure_of_a_blocking_job", |runtime| {
        drop(spawn_failing_job(runtime));
        assert!(runtime.block_on(spawn_failing_job(runtime)).is_err());
        // The second may have had another thread: the shutdown waits for the first.
    });
    assert_reported(
        &reports,
        &format!(
            "heist: task N panicked: in a job (spawned at tests/tests/misuse.rs:{JOB_AT}:13; nobody awaited it)"
        ),
    );
}

#[test]
fn a_failure_in_a_destructor_at_the_shutdown() {
    let reports = reports_of("a_failure_in_a_destructor_at_the_shutdown", |runtime| {
        let guard = OnDrop::new(|| panic!("in a drop"));
        let abort = runtime
            .spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            })
            .abort_handle();
        drop(abort);
    });
    let starts = "heist: task N panicked: in a drop (spawned at tests/tests/misuse.rs:";
    assert_eq!(reports.len(), SHAPES.len(), "{reports:?}");
    for report in reports {
        let said = report.split(' ').map(|word| {
            if word.parse::<u64>().is_ok() {
                "N"
            } else {
                word
            }
        });
        assert!(
            said.collect::<Vec<_>>().join(" ").starts_with(starts),
            "{report}"
        );
    }
}

#[test]
fn a_payload_that_is_no_text() {
    let reports = reports_of("a_payload_that_is_no_text", |runtime| {
        let handle: JoinHandle<()> =
            runtime.spawn(async { panic_any(OnDrop::new(|| panic!("in its drop"))) });
        wait_until(|| handle.is_finished());
        drop(handle);
    });
    assert_eq!(reports.len(), SHAPES.len(), "{reports:?}");
    for report in reports {
        assert!(
            report.contains(" panicked: (its payload is not a string) (spawned at "),
            "{report}"
        );
    }
}

#[test]
fn an_outputs_destructor_that_panics() {
    let reports = reports_of("an_outputs_destructor_that_panics", |runtime| {
        let handle = runtime.spawn(async { OnDrop::new(|| panic!("of an output")) });
        wait_until(|| handle.is_finished());
        drop(handle);
    });
    assert_eq!(reports.len(), SHAPES.len(), "{reports:?}");
    for report in reports {
        assert!(
            report.starts_with("heist: the destructor of the output of task "),
            "{report}"
        );
        assert!(
            report.contains(" (spawned at tests/tests/misuse.rs:"),
            "{report}"
        );
        assert!(report.ends_with(") panicked: of an output"), "{report}");
    }
}

/// Panics when it is woken, or when it is dropped.
struct Clumsy {
    in_wake: bool,
}

impl Wake for Clumsy {
    fn wake(self: Arc<Self>) {
        assert!(!self.in_wake, "in the wake");
    }
}

impl Drop for Clumsy {
    fn drop(&mut self) {
        assert!(self.in_wake, "in the drop");
    }
}

#[test]
fn a_joiners_waker_that_panics() {
    let reports = reports_of("a_joiners_waker_that_panics", |runtime| {
        let mut handle = runtime.spawn(pending::<()>());
        {
            let waker = Waker::from(Arc::new(Clumsy { in_wake: true }));
            assert!(
                pin!(&mut handle)
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        handle.abort();
        // It is told by whoever ends the task.
        drop(runtime.occupy());
        assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    });
    assert_reported(&reports, "heist: a waker panicked: in the wake");
}

#[test]
fn a_joiners_waker_that_panics_in_its_drop() {
    let reports = reports_of("a_joiners_waker_that_panics_in_its_drop", |runtime| {
        let mut handle = runtime.spawn(pending::<()>());
        {
            let waker = Waker::from(Arc::new(Clumsy { in_wake: false }));
            assert!(
                pin!(&mut handle)
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(handle);
        drop(runtime.occupy());
    });
    assert_reported(
        &reports,
        "heist: the destructor of a waker panicked: in the drop",
    );
}

/// Of what polls a timer with a waker of its own.
#[test]
fn a_timers_waker_that_panics() {
    let reports = reports_of("a_timers_waker_that_panics", |runtime| {
        let waker = Waker::from(Arc::new(Clumsy { in_wake: true }));
        let _guard = runtime.enter();
        let mut timer = Box::pin(time::sleep(Duration::from_millis(1)));
        assert!(
            timer
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        // Other timers fire, before and after it.
        runtime
            .block_on(runtime.spawn(time::sleep(Duration::from_millis(2))))
            .unwrap();
        runtime.block_on(time::sleep(Duration::from_millis(2)));
        wait_until(|| {
            timer
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        });
    });
    assert_reported(&reports, "heist: a waker panicked: in the wake");
}

#[test]
fn hooks_that_panic() {
    let ended = in_child("hooks_that_panic", &[], || {
        for shape in SHAPES {
            let mut builder = shape.builder();
            builder
                .on_thread_start(|| panic!("at the start"))
                .on_thread_stop(|| panic!("at the end"));
            let runtime = builder.build().unwrap();
            assert_eq!(
                runtime
                    .block_on(async { heist::spawn_blocking(|| 1).await })
                    .unwrap(),
                1
            );
        }
    });
    ended.assert_success();
    let reports = ended.reports();
    let count = |said: &str| reports.iter().filter(|report| **report == said).count();
    // Of two workers, and of two blocking threads.
    assert_eq!(
        count("heist: the hook `on_thread_start` panicked: at the start"),
        2
    );
    assert_eq!(
        count("heist: the hook `on_thread_stop` panicked: at the end"),
        2
    );
    assert_eq!(
        count("heist-blocking-pool: an `on_thread_start` hook panicked: at the start"),
        2
    );
    assert_eq!(
        count("heist-blocking-pool: an `on_thread_stop` hook panicked: at the end"),
        2
    );
    assert_eq!(reports.len(), 8, "{reports:?}");
}

/// Whoever read it has gone: nothing can be told, and nothing is harmed by that.
#[test]
#[cfg(target_os = "linux")]
fn a_standard_error_that_is_gone() {
    let ended = in_child("a_standard_error_that_is_gone", &[], || {
        let (read, write) = rustix::pipe::pipe().unwrap();
        drop(read);
        rustix::stdio::dup2_stderr(write).unwrap();
        for shape in SHAPES {
            let mut builder = shape.builder();
            builder.on_thread_start(|| panic!("at the start"));
            let runtime = Running::new(shape, builder.build().unwrap());
            drop(spawn_failing(&runtime));
            drop(spawn_failing_job(&runtime));
            drop(runtime.spawn(async { OnDrop::new(|| panic!("of an output")) }));
            drop(runtime.occupy());
            assert!(runtime.block_on(spawn_failing_job(&runtime)).is_err());
        }
    });
    ended.assert_success();
}
