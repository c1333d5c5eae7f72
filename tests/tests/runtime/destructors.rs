//! What the destructors of tasks do as their runtime ends.

use crate::shutdown::{assert_cancelled, wait};
use heist::runtime::Handle;
use heist::sync::oneshot;
use heist::task::{self, JoinHandle};
use heist_tests::{OnDrop, Running, Shape, Tally, receive};
use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

/// Queues a task that is dropped by the shutdown, on the thread that calls this; what its destructor returns is returned.
fn at_the_shutdown<T: Send + 'static>(
    shape: Shape,
    destructor: impl FnOnce(Handle) -> T + Send + Sync + 'static,
) -> T {
    let mut builder = shape.builder();
    builder.shutdown_deadline(Duration::ZERO);
    let runtime = Running::new(shape, shape.build(&mut builder));
    let occupied = runtime.occupy();
    let (done, outcome) = mpsc::channel();
    let handle = runtime.handle().clone();
    let guard = OnDrop::new(move || {
        let _ = done.send(destructor(handle));
        // The occupied threads are given back here: the drop waits for them.
        drop(occupied);
    });
    let queued = runtime.spawn(async move {
        let _guard = guard;
    });
    let (runtime, driver) = runtime.take();
    drop(runtime);
    assert_cancelled(queued);
    drop(driver);
    receive(&outcome)
}

pub(crate) fn that_spawn(shape: Shape) {
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let spawned = at_the_shutdown(shape, |handle| {
        [
            heist::spawn(async move {
                let _guard = guard;
            }),
            handle.spawn(async {}),
        ]
    });
    spawned.into_iter().for_each(assert_cancelled);
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn that_enter_and_block_on(shape: Shape) {
    let error = at_the_shutdown(shape, |handle| {
        let _guard = handle.enter();
        handle.block_on(async {
            task::yield_now().await;
            heist::spawn(async {}).await.unwrap_err()
        })
    });
    assert!(error.is_cancelled());
}

/// The blocking pool ends after the tasks; a job that comes from their destructors is run or cancelled.
pub(crate) fn that_spawn_blocking(shape: Shape) {
    let job = at_the_shutdown(shape, |_| heist::spawn_blocking(|| 5));
    assert!(job.is_finished());
    assert!(wait(job).map_or_else(|error| error.is_cancelled(), |output| output == 5));
}

/// Each holds the sender for which the next one waits.
pub(crate) fn that_wake(shape: Shape) {
    const TASKS: usize = 200;
    let runtime = shape.running();
    let dropped = Tally::new();
    let mut handles = Vec::new();
    let (_first, mut waits) = oneshot::channel::<()>();
    for _ in 0..TASKS {
        let (next, waits_next) = oneshot::channel::<()>();
        let (guard, own) = (dropped.on_drop(), std::mem::replace(&mut waits, waits_next));
        handles.push(runtime.spawn(async move {
            let _guard = (guard, next);
            let _ = own.await;
            pending::<()>().await;
        }));
    }
    drop(runtime);
    assert_eq!(dropped.count(), TASKS);
    handles.into_iter().for_each(assert_cancelled);
}

/// Handles in tasks, abort handles and outputs: they are dropped in each other's destructors.
pub(crate) fn tasks_that_own_each_other(shape: Shape) {
    const TASKS: usize = 200;
    for _ in 0..5 {
        let runtime = shape.running();
        let dropped = Tally::new();
        let mut previous: Option<JoinHandle<OnDrop>> = None;
        for n in 0..TASKS {
            let (guard, output) = (dropped.on_drop(), dropped.on_drop());
            let abort = previous.as_ref().map(|handle| handle.abort_handle());
            let abort = OnDrop::new(move || {
                if let Some(abort) = abort {
                    abort.abort();
                }
            });
            previous = Some(runtime.spawn(async move {
                let _guard = (guard, abort);
                match previous {
                    Some(previous) if n % 2 == 0 => drop(previous.await),
                    _ if n % 3 == 0 => return output,
                    _ => task::yield_now().await,
                }
                if n % 5 > 0 {
                    pending::<()>().await;
                }
                output
            }));
        }
        drop(runtime);
        drop(previous);
        assert_eq!(dropped.count(), 2 * TASKS);
    }
}

pub(crate) fn a_task_that_owns_its_own_handle(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    for keeps in [true, false] {
        let (give, given) = oneshot::channel::<JoinHandle<()>>();
        let guard = dropped.on_drop();
        let handle = runtime.spawn(async move {
            let _guard = guard;
            let own = given.await.unwrap();
            if keeps {
                pending::<()>().await;
            }
            // For itself it waits in vain.
            let _ = own.await;
        });
        give.send(handle).unwrap();
    }
    runtime.block_on(async {
        for _ in 0..10 {
            task::yield_now().await;
        }
    });
    drop(runtime);
    assert_eq!(dropped.count(), 2);
}
