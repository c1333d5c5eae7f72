//! A shutdown that asks the tasks to end while the workers go on, and says what would not.

use crate::shutdown::{assert_cancelled, stick, stick_blocking, wait};
use crate::tasks::find;
use heist::runtime::{Handle, UnhandledPanic};
use heist::task::{self, TaskKind, TaskState};
use heist_tests::{OnDrop, Running, Shape, Stopwatch, Tally, panic_of, receive, wait_until};
use std::future::pending;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Time enough for whatever ends.
const LONG: Duration = Duration::from_secs(60);
/// What a shutdown may take beyond its time.
const BEYOND: Duration = Duration::from_millis(100);

pub(crate) fn tasks_end_while_the_workers_go_on(shape: Shape) {
    const TASKS: usize = 500;
    for is_running in [false, true] {
        let (runtime, driver) = if is_running {
            let (runtime, driver) = shape.running().take();
            (runtime, Some(driver))
        } else {
            (shape.runtime(), None)
        };
        let dropped = Tally::new();
        let handles: Vec<_> = (0..TASKS)
            .map(|n| {
                let guard = dropped.on_drop();
                runtime.spawn(async move {
                    let _guard = guard;
                    loop {
                        if n % 5 == 0 {
                            task::yield_now().await;
                        } else {
                            pending::<()>().await;
                        }
                    }
                })
            })
            .collect();
        let report = runtime.shutdown(LONG);
        assert!(report.is_clean(), "{report}");
        assert!(report.unended().is_empty());
        assert_eq!(dropped.count(), TASKS);
        handles.into_iter().for_each(assert_cancelled);
        drop(driver);
    }
}

/// A task that loops, and a blocking job that waits.
pub(crate) fn what_would_not_end_is_named(shape: Shape) {
    const TIME: Duration = Duration::from_millis(300);
    let runtime = shape.running();
    let released = Arc::new(AtomicBool::new(false));
    let (begun, begins) = mpsc::channel();
    let looping = {
        let (released, begun) = (released.clone(), begun.clone());
        let future = async move {
            begun.send(()).unwrap();
            while !released.load(SeqCst) {
                spin_loop();
            }
        };
        task::Builder::new()
            .name("loops")
            .spawn_on(future, runtime.handle())
    };
    let (release, waits) = mpsc::channel::<()>();
    let job = task::Builder::new().name("blocks").spawn_blocking_on(
        move || {
            begun.send(()).unwrap();
            let _ = waits.recv();
        },
        runtime.handle(),
    );
    receive(&begins);
    receive(&begins);
    // One that ends when it is asked to.
    let obedient = runtime.spawn(pending::<()>());
    let (runtime, driver) = runtime.take();

    let watch = Stopwatch::start();
    let report = runtime.shutdown(TIME);
    let took = watch.elapsed();
    assert!(took >= TIME && took < TIME + BEYOND, "{took:?}");
    assert!(!report.is_clean());
    assert!(report.waited() >= TIME);
    let names: Vec<_> = report.unended().iter().map(|task| task.name()).collect();
    assert_eq!(names, [Some("loops"), Some("blocks")]);
    for (task, kind) in report
        .unended()
        .iter()
        .zip([TaskKind::Task, TaskKind::Blocking])
    {
        assert_eq!(task.kind(), kind);
        assert_eq!(task.state(), TaskState::Running);
        assert_eq!(task.spawned_at().file(), file!());
        // Less what one doesn't know of: it was looked at each 10 ms.
        let polled = task.running_for().expect("it was looked on");
        assert!(polled >= TIME / 2 && task.age() >= TIME / 2, "{task}");
    }
    let page = report.to_string();
    assert_eq!(page.lines().count(), 3, "{page}");
    assert!(
        page.contains("\n  task ") && page.contains("\n  the blocking job of task "),
        "{page}"
    );

    released.store(true, SeqCst);
    drop(release);
    wait_until(|| obedient.is_finished());
    assert_cancelled(obedient);
    let _ = wait(looping);
    wait(job).unwrap();
    drop(driver);
}

/// They run, and do what they like; nobody else spawns any more.
pub(crate) fn clean_ups_have_their_time(shape: Shape) {
    let runtime = shape.running();
    let (waits, waiting) = mpsc::channel();
    let (told, tells) = mpsc::channel();
    let task = runtime.spawn(async move {
        let _guard = task::on_cancel(async move {
            heist::time::sleep(Duration::from_millis(1)).await;
            let spawned = heist::spawn(async { 5 });
            told.send(spawned.await.ok()).unwrap();
        });
        waits.send(()).unwrap();
        pending::<()>().await;
    });
    receive(&waiting);
    let (runtime, driver) = runtime.take();
    let report = runtime.shutdown(heist_tests::PATIENCE);
    assert!(report.is_clean(), "{report}");
    assert_eq!(receive(&tells), Some(5));
    assert_cancelled(task);
    drop(driver);
}

pub(crate) fn a_clean_up_that_never_ends_is_named(shape: Shape) {
    const TIME: Duration = Duration::from_millis(100);
    let runtime = shape.running();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let (waits, waiting) = mpsc::channel();
    let future = async move {
        let _clean_up = task::on_cancel(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        waits.send(()).unwrap();
        pending::<()>().await;
    };
    let task = task::Builder::new()
        .name("cleans up")
        .spawn_on(future, runtime.handle());
    receive(&waiting);
    let (runtime, driver) = runtime.take();
    let watch = Stopwatch::start();
    let report = runtime.shutdown(TIME);
    let took = watch.elapsed();
    assert!(took >= TIME && took < TIME + BEYOND, "{took:?}");
    let unended = report.unended();
    assert_eq!(unended.len(), 1, "{report}");
    assert_eq!(unended[0].name(), Some("cleans up"));
    assert_eq!(unended[0].kind(), TaskKind::CleanUp);
    assert!(
        report.to_string().contains("\n  a clean-up of task "),
        "{report}"
    );
    wait_until(|| task.is_finished());
    assert_eq!(dropped.count(), 1);
    assert_cancelled(task);
    drop(driver);
}

pub(crate) fn with_no_time_nothing_is_asked(shape: Shape) {
    let runtime = shape.running();
    let idle = runtime.spawn(pending::<()>());
    // It is polled no more: a task that is would be named.
    wait_until(|| find(&runtime.handle().tasks(), idle.id()).state() == TaskState::Waiting);
    let (release, handle) = stick(&runtime, OnDrop::new(|| {}));
    let (runtime, driver) = runtime.take();
    let watch = Stopwatch::start();
    let report = runtime.shutdown(Duration::ZERO);
    assert!(watch.elapsed() < BEYOND);
    let ids: Vec<_> = report.unended().iter().map(|task| task.id()).collect();
    assert_eq!(ids, [handle.id()]);
    wait_until(|| idle.is_finished());
    drop(release);
    assert!(wait(handle).unwrap_err().is_cancelled());
    drop(driver);
}

/// From destructors, and from another thread.
pub(crate) fn spawns_meanwhile_are_cancelled(shape: Shape) {
    let runtime = shape.running();
    let (sender, spawned) = mpsc::channel();
    let guard = OnDrop::new(move || {
        let job = heist::spawn_blocking(|| {});
        sender.send((heist::spawn(async {}), job)).unwrap();
    });
    let task = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let (blocked, handle) = stick(&runtime, OnDrop::new(|| {}));
    let other = runtime.handle().clone();
    let releasing = thread::spawn(move || {
        // The shutdown has begun, and waits for the poll.
        wait_until(|| other.spawn(pending::<()>()).is_finished());
        assert_cancelled(other.spawn(async {}));
        drop(blocked);
    });
    let (runtime, driver) = runtime.take();
    let report = runtime.shutdown(LONG);
    assert!(report.is_clean(), "{report}");
    releasing.join().unwrap();
    let (of_destructor, job) = receive(&spawned);
    assert_cancelled(of_destructor);
    assert_cancelled(job);
    assert_cancelled(task);
    assert_cancelled(handle);
    drop(driver);
}

pub(crate) fn queued_blocking_jobs_are_cancelled(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = shape.build(builder.max_blocking_threads(1));
    let (release, running) = stick_blocking(&runtime, OnDrop::new(|| {}));
    let dropped = Tally::new();
    let queued: Vec<_> = (0..20)
        .map(|_| {
            let guard = dropped.on_drop();
            runtime.spawn_blocking(move || drop(guard))
        })
        .collect();
    let gone = dropped.clone();
    let releasing = thread::spawn(move || {
        wait_until(|| gone.count() == 20);
        drop(release);
    });
    let report = runtime.shutdown(LONG);
    assert!(report.is_clean(), "{report}");
    releasing.join().unwrap();
    queued.into_iter().for_each(assert_cancelled);
    wait(running).unwrap();
}

/// Behind what is stuck: it is dropped when the time is up, and is no fault of its own.
pub(crate) fn what_merely_waits_is_not_named(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = Running::new(shape, shape.build(builder.disable_relief()));
    let occupied = runtime.occupy();
    let queued = runtime.spawn(async {});
    let (runtime, driver) = runtime.take();
    let report = runtime.shutdown(Duration::from_millis(50));
    assert_eq!(report.unended().len(), shape.parallelism(), "{report}");
    assert!(report.unended().iter().all(|task| task.id() != queued.id()));
    wait_until(|| queued.is_finished());
    drop(occupied);
    drop(driver);
}

pub(crate) fn with_nothing_to_do_it_is_quick(shape: Shape) {
    let runtime = shape.runtime();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let watch = Stopwatch::start();
    let report = runtime.shutdown(LONG);
    assert!(report.is_clean(), "{report}");
    assert!(watch.elapsed() < LONG / 2);
    assert!(report.to_string().ends_with(" and all of it has ended"));
}

/// As `heist::run` and the attribute do; the report is in `reports.rs`.
pub(crate) fn run_ends_by_it(shape: Shape) {
    let mut builder = shape.builder();
    builder.shutdown_deadline(LONG);
    let runtime = shape.build(&mut builder);
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let (left, handle) = runtime.run(async move {
        let left = heist::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        task::yield_now().await;
        (left, Handle::current())
    });
    assert_eq!(dropped.count(), 1);
    assert_cancelled(left);
    assert_cancelled(handle.spawn(async {}));
}

/// A poll that ends in time is waited for, and what the task does then is cancelled.
pub(crate) fn a_drop_asks_as_well(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (release, handle) = stick(&runtime, dropped.on_drop());
    let idle = runtime.spawn(pending::<()>());
    let other = runtime.handle().clone();
    let releasing = thread::spawn(move || {
        wait_until(|| other.spawn(pending::<()>()).is_finished());
        drop(release);
    });
    let (runtime, driver) = runtime.take();
    drop(runtime);
    releasing.join().unwrap();
    assert_eq!(dropped.count(), 1);
    assert_cancelled(handle);
    assert_cancelled(idle);
    drop(driver);
}

/// Its workers are gone; there is nobody to ask.
pub(crate) fn the_runtime_has_failed(shape: Shape) {
    let mut builder = shape.builder();
    builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    let runtime = shape.build(&mut builder);
    let idle = runtime.spawn(pending::<()>());
    panic_of(|| {
        runtime.block_on(async {
            let _ = heist::spawn(async { panic!("it fails") }).await;
            pending::<()>().await;
        });
    });
    let report = runtime.shutdown(LONG);
    assert!(report.is_clean(), "{report}");
    wait_until(|| idle.is_finished());
    assert_cancelled(idle);
}

pub(crate) fn inside_a_job_of_another(shape: Shape) {
    let runtime = shape.runtime();
    let inner = shape.runtime();
    let task = inner.spawn(pending::<()>());
    let job = runtime.spawn_blocking(move || inner.shutdown(LONG));
    let report = runtime.block_on(job).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_cancelled(task);
}
