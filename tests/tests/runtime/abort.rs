//! Cancellation.

use heist::runtime::Handle;
use heist::sync::oneshot;
use heist::task::{self, AbortHandle};
use heist_tests::{OnDrop, Running, Shape, Tally, receive, wait_until};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

pub(crate) fn an_idle_task(shape: Shape) {
    let runtime = shape.running();
    let (polled, polls) = mpsc::channel();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        polled.send(()).unwrap();
        pending::<()>().await;
    });
    receive(&polls);
    handle.abort();
    let id = handle.id();
    let error = runtime.block_on(handle).unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert_eq!(error.id(), id);
    assert_eq!(error.to_string(), format!("task {id} was cancelled"));
    assert_eq!(
        format!("{error:?}"),
        format!("JoinError::Cancelled({id:?})")
    );
    assert!(error.try_into_panic().is_err());
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn a_queued_task_is_never_polled(shape: Shape) {
    let runtime = shape.running();
    let occupied = runtime.occupy();
    let (polled, dropped) = (Tally::new(), Tally::new());
    let (poll, guard) = (polled.clone(), dropped.on_drop());
    let handle = runtime.spawn(async move {
        let _guard = guard;
        poll.hit();
    });
    handle.abort();
    drop(occupied);
    assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    assert_eq!((polled.count(), dropped.count()), (0, 1));
}

/// A task that says when it is in its poll, stays there until it is told to go on, and then returns this.
fn in_a_poll(
    runtime: &Running,
    outcome: Poll<u32>,
    dropped: &Tally,
) -> (task::JoinHandle<u32>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, enters) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let guard = dropped.on_drop();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        poll_fn(move |_| {
            entered.send(()).unwrap();
            receive(&released);
            outcome
        })
        .await
    });
    (handle, enters, release)
}

pub(crate) fn a_running_task_at_its_next_suspension(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (handle, entered, release) = in_a_poll(&runtime, Poll::Pending, &dropped);
    receive(&entered);
    handle.abort();
    assert!(!handle.is_finished());
    assert_eq!(dropped.count(), 0, "it is being polled");
    release.send(()).unwrap();
    assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn a_running_task_that_ends_first(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (handle, entered, release) = in_a_poll(&runtime, Poll::Ready(5), &dropped);
    receive(&entered);
    handle.abort();
    release.send(()).unwrap();
    assert_eq!(runtime.block_on(handle).unwrap(), 5);
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn a_finished_task(shape: Shape) {
    let runtime = shape.running();
    let handle = runtime.spawn(async { 5 });
    wait_until(|| handle.is_finished());
    handle.abort();
    handle.abort_handle().abort();
    assert_eq!(runtime.block_on(handle).unwrap(), 5);
}

pub(crate) fn twice(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let abort = handle.abort_handle();
    handle.abort();
    abort.abort();
    handle.abort();
    let error = runtime.block_on(handle).unwrap_err();
    assert!(error.is_cancelled());
    abort.clone().abort();
    assert!(abort.is_finished());
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn from_inside_itself(shape: Shape) {
    shape.block_on(async {
        let (give, given) = oneshot::channel::<AbortHandle>();
        let (before, after) = (Tally::new(), Tally::new());
        let (hit_before, hit_after) = (before.clone(), after.clone());
        let handle = heist::spawn(async move {
            let own = given.await.unwrap();
            own.abort();
            own.abort();
            hit_before.hit();
            task::yield_now().await;
            hit_after.hit();
        });
        give.send(handle.abort_handle()).unwrap();
        assert!(handle.await.unwrap_err().is_cancelled());
        assert_eq!((before.count(), after.count()), (1, 0));
    });
}

pub(crate) fn from_inside_its_last_poll(shape: Shape) {
    shape.block_on(async {
        let (give, given) = oneshot::channel::<AbortHandle>();
        let handle = heist::spawn(async move {
            given.await.unwrap().abort();
            7
        });
        give.send(handle.abort_handle()).unwrap();
        assert_eq!(handle.await.unwrap(), 7, "it ended before it was suspended");
    });
}

pub(crate) fn from_its_own_destructor(shape: Shape) {
    shape.block_on(async {
        let (give, given) = oneshot::channel::<AbortHandle>();
        let (armed, is_armed) = oneshot::channel::<()>();
        let dropped = Tally::new();
        let counted = dropped.clone();
        let handle = heist::spawn(async move {
            let own = given.await.unwrap();
            let _guard = OnDrop::new(move || {
                own.abort();
                assert!(!own.is_finished());
                counted.hit();
            });
            armed.send(()).unwrap();
            pending::<()>().await;
        });
        give.send(handle.abort_handle()).unwrap();
        is_armed.await.unwrap();
        handle.abort();
        assert!(handle.await.unwrap_err().is_cancelled());
        assert_eq!(dropped.count(), 1);
    });
}

/// Its handle resolves at once, though all threads of the pool are busy: nobody waits for one in vain.
pub(crate) fn a_queued_blocking_job(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = Running::new(shape, shape.build(builder.max_blocking_threads(1)));
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let first = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        receive(&released);
    });
    receive(&begins);
    let (ran, dropped) = (Tally::new(), Tally::new());
    let (run, guard) = (ran.clone(), dropped.on_drop());
    let queued = runtime.spawn_blocking(move || {
        let _guard = guard;
        run.hit();
    });
    queued.abort();
    let error = runtime.block_on(queued).unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(dropped.count(), 1);
    release.send(()).unwrap();
    runtime.block_on(first).unwrap();
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    assert_eq!(ran.count(), 0);
}

pub(crate) fn a_running_blocking_job(shape: Shape) {
    let runtime = shape.running();
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let handle = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        receive(&released);
        3
    });
    receive(&begins);
    handle.abort();
    handle.abort();
    assert!(!handle.is_finished());
    release.send(()).unwrap();
    assert_eq!(runtime.block_on(handle).unwrap(), 3);
}

pub(crate) fn by_a_handle_that_outlives_everything(shape: Shape) {
    let runtime = shape.running();
    let handles = [
        runtime.spawn(async {}).abort_handle(),
        runtime.spawn(pending::<()>()).abort_handle(),
        runtime.spawn_blocking(|| ()).abort_handle(),
    ];
    drop(runtime);
    for handle in handles {
        let id = handle.id();
        let clone = handle.clone();
        assert!(handle.is_finished());
        handle.abort();
        drop(handle);
        assert!(clone.is_finished());
        assert_eq!(clone.id(), id);
        clone.abort();
    }
}

pub(crate) fn wakes_who_awaits_it(shape: Shape) {
    struct Tells(mpsc::Sender<()>);
    impl Wake for Tells {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    let runtime = shape.running();
    let (woken, wakes) = mpsc::channel();
    let waker = Waker::from(std::sync::Arc::new(Tells(woken)));
    let mut handle = pin!(runtime.spawn(pending::<()>()));
    assert!(
        handle
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    handle.abort();
    receive(&wakes);
    let polled = handle.poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.is_cancelled()));
}

/// Each future is dropped once, each handle resolves; and who ended first won.
pub(crate) fn many_at_once_from_many_threads(shape: Shape) {
    const TASKS: usize = 2_000;
    let runtime = shape.running();
    let (dropped, ended) = (Tally::new(), Tally::new());
    let handles: Vec<_> = (0..TASKS)
        .map(|n| {
            let (guard, end) = (dropped.on_drop(), ended.clone());
            runtime.spawn(async move {
                let _guard = guard;
                for _ in 0..n % 5 {
                    task::yield_now().await;
                }
                end.hit();
            })
        })
        .collect();
    let aborts: Vec<_> = handles.iter().map(|handle| handle.abort_handle()).collect();
    thread::scope(|scope| {
        for thread in 0..3 {
            let aborts = &aborts;
            scope.spawn(move || {
                for abort in aborts.iter().skip(thread % 2) {
                    abort.abort();
                }
            });
        }
    });
    let outcomes = runtime.block_on(heist::gather(handles));
    assert_eq!(outcomes.len(), TASKS);
    let succeeded = outcomes.into_iter().filter(|outcome| match outcome {
        Ok(()) => true,
        Err(error) => {
            assert!(error.is_cancelled());
            false
        }
    });
    assert_eq!(succeeded.count(), ended.count());
    assert_eq!(dropped.count(), TASKS);
}

pub(crate) fn its_destructor_runs_inside_the_runtime(shape: Shape) {
    shape.block_on(async {
        let (seen, sees) = mpsc::channel();
        let guard = OnDrop::new(move || {
            let spawned = Handle::current().spawn(async { 1 });
            seen.send((task::id(), spawned)).unwrap();
        });
        let handle = heist::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        handle.abort();
        let id = handle.id();
        assert!(handle.await.unwrap_err().is_cancelled());
        let (seen, spawned) = receive(&sees);
        assert_eq!(seen, id);
        assert_eq!(spawned.await.unwrap(), 1);
    });
}
