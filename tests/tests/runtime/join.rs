//! Awaiting handles, and what becomes of outputs.

use heist::sync::oneshot;
use heist::task;
use heist_tests::{OnDrop, Shape, Tally, panic_of, receive};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// Counts its wakes.
struct Counting(Tally);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.hit();
    }
}

fn counting() -> (Tally, Waker) {
    let tally = Tally::new();
    (tally.clone(), Arc::new(Counting(tally)).into())
}

/// A handle that is polled by one task and then by another wakes the latter.
pub(crate) fn the_last_waker_is_woken(shape: Shape) {
    let runtime = shape.running();
    let (go, gone) = oneshot::channel::<()>();
    let mut handle = pin!(runtime.spawn(gone));
    let (first, first_waker) = counting();
    let (second, second_waker) = counting();
    for waker in [&first_waker, &first_waker, &second_waker] {
        assert!(
            handle
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
    }
    go.send(()).unwrap();
    heist_tests::wait_until(|| second.count() == 1);
    assert!(handle.is_finished());
    assert_eq!(first.count(), 0);
    let polled = handle
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(Ok(())))));
}

/// A handle keeps at most the last waker, and that not for longer than it must.
pub(crate) fn wakers_are_let_go(shape: Shape) {
    let runtime = shape.running();
    let mut handles = Vec::new();
    for _ in 0..3 {
        let mut handle = runtime.spawn(pending::<()>());
        let waker = Arc::new(Counting(Tally::new()));
        let other = Arc::new(Counting(Tally::new()));
        let poll = |handle: &mut task::JoinHandle<()>, waker: &Arc<Counting>| {
            let waker = Waker::from(waker.clone());
            assert!(
                pin!(handle)
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        };
        poll(&mut handle, &waker);
        assert_eq!(Arc::strong_count(&waker), 2);
        poll(&mut handle, &other);
        assert_eq!(Arc::strong_count(&waker), 1, "it was replaced");
        assert_eq!(Arc::strong_count(&other), 2);
        handles.push((handle, other));
    }
    // By the handle's drop, by completion, by the runtime's end.
    let (handle, waker) = handles.pop().unwrap();
    drop(handle);
    assert_eq!(Arc::strong_count(&waker), 1);
    let (handle, waker) = handles.pop().unwrap();
    handle.abort();
    assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    assert_eq!(Arc::strong_count(&waker), 1);
    let (handle, waker) = handles.pop().unwrap();
    drop(runtime);
    assert!(handle.is_finished());
    assert_eq!(Arc::strong_count(&waker), 1);
}

pub(crate) fn after_completion_it_panics(shape: Shape) {
    let runtime = shape.runtime();
    runtime.block_on(async {
        let mut handle = heist::spawn(async { 1 });
        assert_eq!((&mut handle).await.unwrap(), 1);
        let again = poll_fn(|cx| {
            let panicked = panic_of(|| pin!(&mut handle).poll(cx));
            Poll::Ready(panicked.message)
        });
        assert_eq!(
            again.await,
            "a `JoinHandle` was polled again after it had returned the task's outcome"
        );
    });
}

pub(crate) fn on_a_thread_without_a_runtime(shape: Shape) {
    let runtime = shape.running();
    for _ in 0..100 {
        let handle = runtime.spawn(async {
            task::yield_now().await;
            "done"
        });
        assert_eq!(futures_lite::future::block_on(handle).unwrap(), "done");
    }
}

pub(crate) fn on_another_runtime(shape: Shape) {
    let runtime = shape.running();
    let handles: Vec<_> = (0..100).map(|n| runtime.spawn(async move { n })).collect();
    let outputs = Shape::Workers(2).block_on(heist::gather(handles));
    assert!(outputs.into_iter().map(Result::unwrap).eq(0..100));
}

pub(crate) fn a_finished_task_says_so(shape: Shape) {
    shape.block_on(async {
        let (go, gone) = oneshot::channel::<()>();
        let handle = heist::spawn(gone);
        let abort = handle.abort_handle();
        for _ in 0..10 {
            task::yield_now().await;
        }
        assert!(!handle.is_finished() && !abort.is_finished());
        go.send(()).unwrap();
        while !handle.is_finished() {
            task::yield_now().await;
        }
        assert!(abort.is_finished());
        handle.await.unwrap().unwrap();
        assert!(abort.is_finished());
    });
}

pub(crate) fn a_handle_that_is_dropped_drops_the_output(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    // Before the end …
    let (go, gone) = oneshot::channel::<()>();
    let guard = dropped.on_drop();
    drop(runtime.spawn(async move {
        gone.await.unwrap();
        guard
    }));
    go.send(()).unwrap();
    heist_tests::wait_until(|| dropped.count() == 1);
    // … and after it.
    let guard = dropped.on_drop();
    let handle = runtime.spawn(async move { guard });
    heist_tests::wait_until(|| handle.is_finished());
    assert_eq!(dropped.count(), 1);
    drop(handle);
    assert_eq!(dropped.count(), 2);
}

/// The end of a task, the drop of its handle, an abort and a wake, all at once.
pub(crate) fn whichever_comes_first_nothing_is_dropped_twice(shape: Shape) {
    const ROUNDS: usize = 300;
    let runtime = shape.running();
    let (futures, outputs) = (Tally::new(), Tally::new());
    let made = Tally::new();
    for round in 0..ROUNDS {
        let (wakers, waiting) = mpsc::channel();
        let (guard, output, made) = (futures.on_drop(), outputs.clone(), made.clone());
        let mut polls = 0;
        let handle = runtime.spawn(async move {
            poll_fn(|cx| {
                polls += 1;
                if polls == 1 {
                    wakers.send(cx.waker().clone()).unwrap();
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
            drop(guard);
            made.hit();
            output.on_drop()
        });
        let abort = handle.abort_handle();
        let waker = receive(&waiting);
        thread::scope(|scope| {
            scope.spawn(move || waker.wake());
            if round % 3 > 0 {
                scope.spawn(move || abort.abort());
            }
            scope.spawn(move || {
                if round % 2 == 0 {
                    drop(handle);
                } else {
                    // Cancelled, or the output.
                    drop(futures_lite::future::block_on(handle));
                }
            });
        });
    }
    drop(runtime);
    assert_eq!(futures.count(), ROUNDS);
    assert_eq!(outputs.count(), made.count());
}

pub(crate) fn futures_are_dropped_before_the_handle_resolves(shape: Shape) {
    shape.block_on(async {
        for round in 0..100 {
            let gone = Arc::new(AtomicBool::new(false));
            let guard = {
                let gone = gone.clone();
                OnDrop::new(move || {
                    thread::yield_now();
                    gone.store(true, SeqCst);
                })
            };
            // Captured and not used: it is dropped with the future, not by its code.
            let handle = heist::spawn(async move {
                let _guard = &guard;
                for _ in 0..round % 3 {
                    task::yield_now().await;
                }
            });
            if round % 2 == 0 {
                handle.abort();
            }
            let _ = handle.await;
            assert!(gone.load(SeqCst));
        }
    });
}

pub(crate) fn many_join_in_any_order(shape: Shape) {
    shape.block_on(async {
        let mut handles: Vec<_> = (0..500_usize)
            .map(|n| {
                let task = heist::spawn(async move {
                    for _ in 0..n % 7 {
                        task::yield_now().await;
                    }
                    n
                });
                (n, task)
            })
            .collect();
        // A stride that is coprime to the length.
        let mut sum = 0;
        let mut at = 0;
        while !handles.is_empty() {
            at = (at + 193) % handles.len();
            let (n, handle) = handles.swap_remove(at);
            assert_eq!(handle.await.unwrap(), n);
            sum += n;
        }
        assert_eq!(sum, 499 * 250);
    });
}

pub(crate) fn join_and_gather(shape: Shape) {
    shape.block_on(async {
        let (number, text) = heist::join!(heist::spawn(async { 1 }), async {
            heist::spawn(async { "one" }).await
        });
        assert_eq!((number.unwrap(), text.unwrap()), (1, "one"));
        let outputs = heist::gather((0..100).map(|n| heist::spawn(async move { n }))).await;
        assert!(outputs.into_iter().map(Result::unwrap).eq(0..100));
        let handles: Vec<_> = (0..10).map(|_| heist::spawn(pending::<()>())).collect();
        handles[7].abort();
        let id = handles[7].id();
        let failed = heist::try_gather(handles).await.unwrap_err();
        assert!(failed.is_cancelled());
        assert_eq!(failed.id(), id);
    });
}
