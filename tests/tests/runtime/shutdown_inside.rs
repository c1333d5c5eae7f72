//! Runtimes that are ended by what runs on them: where that would wait for itself, it does not wait.

use crate::shutdown::{assert_cancelled, stick_blocking, wait};
use heist::runtime::Runtime;
use heist::sync::oneshot;
use heist::task;
use heist_tests::{Shape, Tally, panic_message, panic_of, receive};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

const INSIDE: &str = "a `Runtime` was dropped inside async code, where it may not wait for its tasks, and shuts down in the background: drop it outside, \
    or call `shutdown_background` here";

/// A task that owns its runtime, and drops it in this way.
fn owned_by_its_task(shape: Shape, end: impl FnOnce(Runtime) + Send + 'static) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let (give, given) = oneshot::channel::<Runtime>();
    let (after, guard) = (Tally::new(), dropped.on_drop());
    let hit_after = after.clone();
    let owner = runtime.spawn(async move {
        let _guard = guard;
        end(given.await.unwrap());
        // It is not interrupted in its poll, only dropped after it.
        hit_after.hit();
        task::yield_now().await;
        unreachable!("its runtime has ended");
    });
    let Ok(()) = give.send(runtime) else {
        unreachable!("the receiver waits")
    };
    // On the current-thread flavour this thread is the one that runs it.
    let outcome = handle.block_on(owner);
    assert!(outcome.unwrap_err().is_cancelled());
    assert_eq!(after.count(), 1);
    assert!(wait(idle).unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 2);
}

pub(crate) fn in_a_task(shape: Shape) {
    owned_by_its_task(shape, |runtime| {
        assert_eq!(panic_of(|| drop(runtime)).message, INSIDE);
    });
}

pub(crate) fn in_the_background(shape: Shape) {
    owned_by_its_task(shape, Runtime::shutdown_background);
    owned_by_its_task(shape, |runtime| {
        runtime.shutdown_timeout(Duration::from_millis(1))
    });
}

/// Those that wait are cancelled, the one that runs is not waited for.
pub(crate) fn in_a_task_beside_blocking_jobs(shape: Shape) {
    const QUEUED: usize = 20;
    let mut builder = shape.builder();
    let runtime = shape.build(builder.max_blocking_threads(1));
    let handle = runtime.handle().clone();
    let (ran, dropped) = (Tally::new(), Tally::new());
    let (release, running) = stick_blocking(&runtime, dropped.on_drop());
    let queued: Vec<_> = (0..QUEUED)
        .map(|_| {
            let (run, guard) = (ran.clone(), dropped.on_drop());
            runtime.spawn_blocking(move || {
                let _guard = guard;
                run.hit();
            })
        })
        .collect();
    let (give, given) = oneshot::channel::<Runtime>();
    let guard = dropped.on_drop();
    let owner = runtime.spawn(async move {
        let _guard = guard;
        let runtime = given.await.unwrap();
        assert_eq!(panic_of(|| drop(runtime)).message, INSIDE);
        pending::<()>().await;
    });
    let Ok(()) = give.send(runtime) else {
        unreachable!("the receiver waits")
    };
    assert!(handle.block_on(owner).unwrap_err().is_cancelled());
    for job in queued {
        assert!(wait(job).unwrap_err().is_cancelled());
    }
    assert!(!running.is_finished());
    drop(release);
    wait(running).unwrap();
    assert_eq!((ran.count(), dropped.count()), (0, QUEUED + 2));
}

/// Where it may wait; only for itself it does not.
pub(crate) fn in_a_blocking_job(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let count = dropped.clone();
    let job = handle.spawn_blocking(move || {
        drop(runtime);
        count.count()
    });
    assert_eq!(wait(job).unwrap(), 1);
    assert_cancelled(idle);
}

pub(crate) fn in_another_runtime(shape: Shape) {
    for other in [Shape::CurrentThread, Shape::Workers(2)] {
        let runtime = shape.runtime();
        let dropped = Tally::new();
        let guard = dropped.on_drop();
        let idle = runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let other = other.runtime();
        let panicked = panic_of(|| other.block_on(async move { drop(runtime) }));
        assert_eq!(panicked.message, INSIDE);
        assert!(wait(idle).unwrap_err().is_cancelled());
        assert_eq!(dropped.count(), 1);
        // Where it may wait, it does.
        let runtime = shape.runtime();
        let idle = runtime.spawn(pending::<()>());
        other
            .block_on(other.spawn_blocking(move || drop(runtime)))
            .unwrap();
        assert_cancelled(idle);
    }
}

/// A worker's hooks are async code, as its tasks are. Those of a blocking thread may wait, only not for their own thread.
pub(crate) fn in_a_hook(shape: Shape) {
    let end = |runtime: Runtime| {
        let ended = catch_unwind(AssertUnwindSafe(|| drop(runtime)));
        ended.map_err(|payload| panic_message(&*payload).to_owned())
    };
    let expected = match shape {
        Shape::CurrentThread => Ok(()),
        Shape::Workers(_) => Err(INSIDE.to_owned()),
    };
    let (give, given) = mpsc::channel::<Runtime>();
    let given = Mutex::new(Some(given));
    let another = Mutex::new(Some(Shape::CurrentThread.runtime()));
    let (start, ended) = mpsc::channel();
    let stop = start.clone();
    let mut builder = shape.builder();
    // Each on the first thread that comes.
    builder.on_thread_start(move || {
        let given = given.lock().unwrap().take();
        if let Some(given) = given {
            start.send(end(receive(&given))).unwrap();
        }
    });
    builder.on_thread_stop(move || {
        let another = another.lock().unwrap().take();
        if let Some(another) = another {
            stop.send(end(another)).unwrap();
        }
    });
    let runtime = builder.build().unwrap();
    let idle = runtime.spawn(pending::<()>());
    if shape == Shape::CurrentThread {
        drop(runtime.spawn_blocking(|| ()));
    }
    give.send(runtime).unwrap();
    assert_eq!(receive(&ended), expected);
    assert!(wait(idle).unwrap_err().is_cancelled());
    assert_eq!(receive(&ended), expected);
}
