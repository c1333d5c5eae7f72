//! What a runtime says of the tasks that it has.

use crate::shutdown::wait;
use heist::runtime::Handle;
use heist::task::{self, TaskInfo, TaskKind, TaskState};
use heist_tests::{Running, Shape, receive, wait_until};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

#[track_caller]
pub(crate) fn find(tasks: &[TaskInfo], id: task::Id) -> &TaskInfo {
    let mut found = tasks.iter().filter(|task| task.id() == id);
    let task = found.next().expect("it is among them");
    assert!(found.next().is_none(), "once");
    task
}

pub(crate) fn all_that_there_are(shape: Shape) {
    const TASKS: usize = 300;
    let runtime = shape.runtime();
    assert!(runtime.handle().tasks().is_empty());
    let mut handles: Vec<_> = (0..TASKS).map(|_| runtime.spawn(pending::<()>())).collect();
    let (sender, spawned) = mpsc::channel();
    drop(runtime.spawn(async move {
        let inner: Vec<_> = (0..TASKS).map(|_| heist::spawn(pending::<()>())).collect();
        sender.send(inner).unwrap();
    }));
    handles.extend(runtime.block_on(async {
        heist_tests::until("the tasks are spawned", || {
            Handle::current().metrics().num_alive_tasks() == 2 * TASKS
        })
        .await;
        receive(&spawned)
    }));
    let tasks = runtime.handle().tasks();
    assert_eq!(tasks.len(), 2 * TASKS);
    for handle in &handles {
        let task = find(&tasks, handle.id());
        assert_eq!(task.kind(), TaskKind::Task);
        assert_eq!(task.spawned_at().file(), file!());
        assert_eq!(task.name(), None);
    }
}

pub(crate) fn what_each_is_about(shape: Shape) {
    let runtime = shape.running();
    let waits = runtime.spawn(pending::<()>());
    wait_until(|| find(&runtime.handle().tasks(), waits.id()).state() == TaskState::Waiting);

    let occupied = runtime.occupy();
    let tasks = runtime.handle().tasks();
    let polled = tasks
        .iter()
        .filter(|task| task.state() == TaskState::Running);
    assert_eq!(polled.count(), shape.parallelism());
    let waiting = find(&tasks, waits.id());
    assert_eq!(waiting.state(), TaskState::Waiting);
    assert_eq!(waiting.running_for(), None);
    assert!(waiting.to_string().contains(" waits; it is "), "{waiting}");
    if shape == Shape::CurrentThread {
        // Elsewhere a standby would come for it.
        let queued = runtime.spawn(pending::<()>());
        let tasks = runtime.handle().tasks();
        assert_eq!(find(&tasks, queued.id()).state(), TaskState::Queued);
    } else {
        // Somebody looks on, and knows how long.
        wait_until(|| {
            let tasks = runtime.handle().tasks();
            let mut polled = tasks
                .iter()
                .filter(|task| task.state() == TaskState::Running);
            polled.any(|task| task.running_for().is_some_and(|time| time > Duration::ZERO))
        });
    }
    drop(occupied);
}

pub(crate) fn blocking_jobs(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = shape.build(builder.max_blocking_threads(1));
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let runs = task::Builder::new().name("runs").spawn_blocking_on(
        move || {
            begun.send(()).unwrap();
            let _ = released.recv();
        },
        runtime.handle(),
    );
    let queued = runtime.spawn_blocking(|| {});
    let aborted = runtime.spawn_blocking(|| {});
    aborted.abort();
    receive(&begins);
    let tasks = runtime.handle().tasks();
    assert_eq!(tasks.len(), 2);
    let running = find(&tasks, runs.id());
    assert_eq!(running.kind(), TaskKind::Blocking);
    assert_eq!(running.state(), TaskState::Running);
    assert_eq!(running.name(), Some("runs"));
    assert!(running.running_for().is_some());
    assert!(
        running.to_string().starts_with("the blocking job of task "),
        "{running}"
    );
    let waiting = find(&tasks, queued.id());
    assert_eq!(waiting.kind(), TaskKind::Blocking);
    assert_eq!(waiting.state(), TaskState::Queued);
    assert_eq!(waiting.running_for(), None);
    // It gets older.
    wait_until(|| find(&runtime.handle().tasks(), runs.id()).age() >= Duration::from_millis(30));
    drop(release);
    wait(runs).unwrap();
    wait(queued).unwrap();
    wait_until(|| runtime.handle().tasks().is_empty());
}

pub(crate) fn those_that_ended_are_gone(shape: Shape) {
    let runtime = shape.running();
    let ended = runtime.spawn(async {});
    let aborted = runtime.spawn(pending::<()>());
    aborted.abort();
    wait_until(|| ended.is_finished() && aborted.is_finished());
    assert!(runtime.handle().tasks().is_empty());
    let handle = runtime.handle().clone();
    let left = runtime.spawn(pending::<()>());
    let (runtime, driver) = runtime.take();
    drop(runtime);
    assert!(handle.tasks().is_empty());
    drop((left, driver));
}

pub(crate) fn names_are_told(shape: Shape) {
    let (failed, failures) = mpsc::channel();
    let mut builder = shape.builder();
    builder.on_task_failure(move |failure| failed.send(failure).unwrap());
    let runtime = Running::new(shape, shape.build(&mut builder));
    let named = || task::Builder::new().name("näme");
    let error = runtime.block_on(async {
        drop(named().spawn(async { panic!("out of cheese") }));
        let again = named().spawn(async { panic!("again") });
        again.await.unwrap_err()
    });
    let id = error.id();
    assert_eq!(
        error.to_string(),
        format!("task {id} \"näme\" panicked: again")
    );
    let failure = receive(&failures);
    assert_eq!(failure.name(), Some("näme"));
    assert!(
        failure
            .to_string()
            .contains(" \"näme\" panicked: out of cheese ")
    );
    let job = named().spawn_blocking_on(|| panic!("in a job"), runtime.handle());
    let error = wait::<()>(job).unwrap_err();
    assert!(error.to_string().ends_with(" \"näme\" panicked: in a job"));
    // An empty one is one.
    let unnamed = task::Builder::new()
        .name("")
        .spawn_on(pending::<()>(), runtime.handle());
    assert_eq!(
        find(&runtime.handle().tasks(), unnamed.id()).name(),
        Some("")
    );
}

/// Whoever looks meanwhile finds each that was there all the time, and keeps none.
pub(crate) fn while_they_come_and_go(shape: Shape) {
    let runtime = shape.running();
    let stays = runtime.spawn(pending::<()>());
    let over = Arc::new(AtomicBool::new(false));
    let churn = {
        let (handle, over) = (runtime.handle().clone(), over.clone());
        thread::spawn(move || {
            while !over.load(SeqCst) {
                let tasks: Vec<_> = (0..50)
                    .map(|n| {
                        task::Builder::new().name(&format!("{n}")).spawn_on(
                            async move {
                                for _ in 0..n % 3 {
                                    task::yield_now().await;
                                }
                            },
                            &handle,
                        )
                    })
                    .collect();
                tasks.into_iter().for_each(|task| wait(task).unwrap());
            }
        })
    };
    for _ in 0..300 {
        let tasks = runtime.handle().tasks();
        find(&tasks, stays.id());
        for task in &tasks {
            assert!(task.name().is_none_or(|name| name.parse::<u32>().is_ok()));
        }
    }
    over.store(true, SeqCst);
    churn.join().unwrap();
}
