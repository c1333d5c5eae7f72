//! What becomes of a runtime whose task panics, and who is told.

use heist::runtime::UnhandledPanic;
use heist::task::{Id, TaskFailure};
use heist_tests::{OnDrop, Running, Shape, Tally, panic_message, panic_of, receive, wait_until};
use std::future::pending;
use std::panic::panic_any;
use std::sync::mpsc;
use std::thread;

/// How `block_on` fails when the task spawned in this line, of this file, has.
#[track_caller]
fn assert_blames(message: &str, line: u32) {
    let place = format!("(spawned at tests/tests/runtime/failures.rs:{line}:");
    assert!(message.contains(&place), "{message}");
    let advice = ") has panicked, and its runtime has shut down for that, as `Builder::unhandled_panic` was told (`UnhandledPanic::ShutdownRuntime`)";
    assert!(message.ends_with(advice), "{message}");
}

fn failing(shape: Shape) -> heist::runtime::Runtime {
    shape.build(
        shape
            .builder()
            .unhandled_panic(UnhandledPanic::ShutdownRuntime),
    )
}

pub(crate) fn the_runtime_ends(shape: Shape) {
    let runtime = failing(shape);
    let dropped = Tally::new();
    let on_drop = dropped.on_drop();
    let idle = runtime.spawn(async move {
        let _on_drop = on_drop;
        pending::<()>().await;
    });
    let job = runtime.spawn_blocking(|| 1);
    let line = line!() + 1;
    let task = runtime.spawn(async { panic!("out of cheese") });
    // Nothing else would wake it.
    let panic = panic_of(|| runtime.block_on(pending::<()>()));
    assert_blames(&panic.message, line);
    assert_eq!(panic.file, file!());

    // Whatever it was, it is over.
    wait_until(|| idle.is_finished() && task.is_finished() && job.is_finished());
    assert_eq!(dropped.count(), 1);
    assert!(futures_lite::future::block_on(task).unwrap_err().is_panic());
    assert!(
        futures_lite::future::block_on(idle)
            .unwrap_err()
            .is_cancelled()
    );
    let _ = futures_lite::future::block_on(job);
    assert!(runtime.spawn(async {}).is_finished());
    assert_blames(&panic_of(|| runtime.block_on(async {})).message, line);
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_blames(&panic_of(|| handle.block_on(async {})).message, line);
}

/// Whoever awaits the task in `block_on` doesn't go on with its failure.
pub(crate) fn before_its_joiner_learns_of_it(shape: Shape) {
    let runtime = failing(shape);
    let line = line!() + 1;
    let task = runtime.spawn(async { panic!("out of cheese") });
    let panic = panic_of(|| runtime.block_on(task));
    assert_blames(&panic.message, line);
}

pub(crate) fn all_threads_in_block_on_fail(shape: Shape) {
    let runtime = failing(shape);
    let (polled, polls) = mpsc::channel();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (handle, polled) = (runtime.handle().clone(), polled.clone());
            thread::spawn(move || {
                panic_of(|| {
                    handle.block_on(async {
                        polled.send(()).unwrap();
                        pending::<()>().await;
                    })
                })
            })
        })
        .collect();
    for _ in 0..4 {
        receive(&polls);
    }
    let line = line!() + 1;
    drop(runtime.spawn(async { panic!("out of cheese") }));
    for thread in threads {
        assert_blames(&thread.join().unwrap().message, line);
    }
}

/// The task's future is dropped on a thread that is no worker.
pub(crate) fn in_a_destructor(shape: Shape) {
    let runtime = failing(shape);
    let on_drop = OnDrop::new(|| panic!("out of cheese"));
    let line = line!() + 1;
    let task = runtime.spawn(async {
        let _on_drop = on_drop;
        pending::<()>().await;
    });
    task.abort();
    let panic = panic_of(|| runtime.block_on(pending::<()>()));
    assert_blames(&panic.message, line);
}

/// A blocking job's failure, and the root future's own, are not the runtime's end.
pub(crate) fn others_go_on(shape: Shape) {
    let runtime = failing(shape);
    let job = runtime.spawn_blocking(|| panic!("out of cheese"));
    let error = runtime.block_on(job).unwrap_err();
    assert!(error.is_panic());
    let panic = panic_of(|| runtime.block_on(async { panic!("of its own") }));
    assert_eq!(panic.message, "of its own");
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

/// A runtime that tells of failures.
fn telling(shape: Shape) -> (Running, mpsc::Receiver<TaskFailure>) {
    let (sender, failures) = mpsc::channel();
    let mut builder = shape.builder();
    builder
        // Which concerns standard error.
        .unhandled_panic(UnhandledPanic::Ignore)
        .on_task_failure(move |failure| {
            let _ = sender.send(failure);
        });
    let runtime = shape.build(&mut builder);
    (Running::new(shape, runtime), failures)
}

#[track_caller]
fn assert_tells(failure: &TaskFailure, task: Id, line: u32) {
    assert_eq!(failure.task(), task);
    assert_eq!(failure.spawned_at().file(), file!());
    assert_eq!(failure.spawned_at().line(), line);
}

pub(crate) fn who_is_told(shape: Shape) {
    let (runtime, failures) = telling(shape);
    // After its handle has gone.
    let occupied = runtime.occupy();
    let line = line!() + 1;
    let task = runtime.spawn(async { panic!("out of cheese") });
    let id = task.id();
    drop(task);
    drop(occupied);
    let failure = receive(&failures);
    assert_tells(&failure, id, line);
    assert_eq!(
        failure.to_string(),
        format!(
            "task {id} panicked: out of cheese (spawned at {}; nobody awaited it)",
            failure.spawned_at()
        )
    );
    assert_eq!(panic_message(failure.payload()), "out of cheese");

    // Before: it is told by who drops the handle.
    let line = line!() + 1;
    let task = runtime.spawn(async { panic_any(42) });
    let id = task.id();
    wait_until(|| task.is_finished());
    assert!(failures.try_recv().is_err());
    drop(task);
    let failure = failures.try_recv().expect("it is told at once");
    assert_tells(&failure, id, line);
    assert_eq!(failure.into_payload().downcast_ref(), Some(&42));

    // A blocking job.
    let line = line!() + 1;
    let job = runtime.spawn_blocking(|| panic!("out of cheese"));
    let id = job.id();
    drop(job);
    assert_tells(&receive(&failures), id, line);

    // The destructor of an output.
    let line = line!() + 1;
    let task = runtime.spawn(async { OnDrop::new(|| panic!("out of cheese")) });
    let id = task.id();
    drop(task);
    let failure = receive(&failures);
    assert_tells(&failure, id, line);
    assert!(
        failure
            .to_string()
            .starts_with("the destructor of the output of task ")
    );

    // What somebody receives is nobody else's; nor is an abort a failure.
    let error = runtime.block_on(runtime.spawn(async { panic!("out of cheese") }));
    assert!(error.unwrap_err().is_panic());
    let task = runtime.spawn(pending::<()>());
    task.abort();
    drop(task);
    wait_until(|| runtime.metrics().num_alive_tasks() == 0);
    assert!(failures.try_recv().is_err());
}
