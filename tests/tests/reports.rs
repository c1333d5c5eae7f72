//! What the runtime says of failures that nobody receives, and of other people's code that panics where it must not: on standard error, in a process of its own.

use heist::runtime::Runtime;
use heist::task::JoinHandle;
use heist::time::{self, Duration};
use heist_tests::{OnDrop, Running, Shape, in_child, wait_until};
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

const SHAPES: [Shape; 2] = [Shape::CurrentThread, Shape::Workers(2)];

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
        "heist: task N panicked: out of cheese (spawned at tests/tests/reports.rs:{SPAWNED_AT}:13; nobody awaited it)"
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
            "heist: task N panicked: in a job (spawned at tests/tests/reports.rs:{JOB_AT}:13; nobody awaited it)"
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
    let starts = "heist: task N panicked: in a drop (spawned at tests/tests/reports.rs:";
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
            report.contains(" (spawned at tests/tests/reports.rs:"),
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

/// `Runtime::run` and a drop: what is left after the deadline, in one piece.
#[test]
fn what_would_not_end() {
    let ended = in_child("what_would_not_end", &[], || {
        for shape in SHAPES {
            let mut builder = shape.builder();
            // Nobody else comes for what is queued.
            builder
                .disable_relief()
                .shutdown_deadline(Duration::from_millis(50));
            let runtime = builder.build().unwrap();
            // Until the process ends.
            runtime.run(async {
                let (begun, begins) = heist::sync::oneshot::channel();
                let (never, is_told) = std::sync::mpsc::channel::<()>();
                std::mem::forget(never);
                let job = heist::task::Builder::new()
                    .name("backup")
                    .spawn_blocking(move || {
                        begun.send(()).unwrap();
                        let _ = is_told.recv();
                    });
                begins.await.unwrap();
                drop(job);
            });

            let runtime = builder.build().unwrap();
            let running = Running::new(shape, runtime);
            let occupied = running.occupy();
            let waits = running.spawn(pending::<()>());
            let (runtime, driver) = running.take();
            let dropping = std::thread::spawn(move || drop(runtime));
            // It has been said by then: what waits is dropped after that.
            wait_until(|| waits.is_finished());
            drop(occupied);
            dropping.join().unwrap();
            drop(driver);
        }
    });
    ended.assert_success();
    let of_jobs = ended.stderr.matches("the blocking job of task ").count();
    assert_eq!(of_jobs, SHAPES.len(), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains(" \"backup\" (spawned at tests/tests/reports.rs:")
    );
    let head = "heist: a runtime was shut down, and after ";
    assert_eq!(
        ended.stderr.matches(head).count(),
        2 * SHAPES.len(),
        "{}",
        ended.stderr
    );
}
