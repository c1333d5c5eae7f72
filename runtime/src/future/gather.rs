//! Awaiting any number of futures, all of them: [`gather`] and [`try_gather`].
//!
//! In come the futures; out go their outputs, in the futures' order. Called by users. How they take turns is in [`parts`](super::parts).

use super::parts::Parts;
use futures_core::TryFuture;
use futures_util::future::{MaybeDone, TryMaybeDone, maybe_done, try_maybe_done};
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow::{Break, Continue};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs futures concurrently, and gives their outputs in the order of the futures: asyncio's `gather`.
///
/// At first all are polled, then only those that were woken, however many there are, and each in its turn: one that spends the [budget](crate::task::coop) of the
/// whole task starves no other. A future is dropped when it is done, and those that are not with the whole.
///
/// # Cancel safety
///
/// Outputs that are there already are dropped with it.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let squares = heist::gather((1..=3).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
pub fn gather<I>(futures: I) -> Gather<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture>,
{
    let futures = futures.into_iter().map(IntoFuture::into_future);
    Gather {
        parts: Parts::new(futures.map(maybe_done)),
    }
}

/// Runs futures concurrently until all have succeeded, which gives their outputs in the order of the futures, or one has failed.
///
/// They are polled as those of [`gather`].
///
/// # Errors
///
/// The first error. The other futures are dropped then, which asyncio's `gather` does not do.
///
/// # Cancel safety
///
/// As [`gather`].
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let numbers = heist::try_gather(["1", "2", "x"].map(|text| async move { text.parse::<u8>() }));
/// assert!(numbers.await.is_err());
/// # });
/// ```
pub fn try_gather<I, T, E>(futures: I) -> TryGather<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    let futures = futures.into_iter().map(IntoFuture::into_future);
    TryGather {
        parts: Parts::new(futures.map(try_maybe_done)),
    }
}

/// What [`gather`] returns.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let ready: heist::Gather<_> = heist::gather([1, 2].map(std::future::ready));
/// assert_eq!(ready.await, [1, 2]);
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Gather<F: Future> {
    parts: Parts<MaybeDone<F>>,
}

impl<F: Future> Future for Gather<F> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        let poll = |part: Pin<&mut MaybeDone<F>>, cx: &mut Context<'_>| part.poll(cx).map(Continue);
        parts.poll(cx, poll).map(|turn| match turn {
            Continue(()) => parts.outputs(MaybeDone::take_output),
            Break::<Infallible>(never) => match never {},
        })
    }
}

impl<F: Future> fmt::Debug for Gather<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

/// What [`try_gather`] returns.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let parsed = ["1", "2"].map(|text| std::future::ready(text.parse::<u8>()));
/// let numbers: heist::TryGather<_> = heist::try_gather(parsed);
/// assert_eq!(numbers.await.unwrap(), [1, 2]);
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct TryGather<F: TryFuture> {
    parts: Parts<TryMaybeDone<F>>,
}

impl<F, T, E> Future for TryGather<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let parts = &mut self.get_mut().parts;
        let poll = |part: Pin<&mut TryMaybeDone<F>>, cx: &mut Context<'_>| {
            part.poll(cx).map(|done| match done {
                Ok(()) => Continue(()),
                Err(error) => Break(error),
            })
        };
        parts.poll(cx, poll).map(|turn| match turn {
            Continue(()) => Ok(parts.outputs(TryMaybeDone::take_output)),
            Break(error) => {
                parts.clear();
                Err(error)
            }
        })
    }
}

impl<F: TryFuture> fmt::Debug for TryGather<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Mutex, Weak};
    use std::task::{Wake, Waker};
    use std::thread;

    /// A task that counts its wakes.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    impl Task {
        fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
            let waker = Waker::from(self.clone());
            Pin::new(future).poll(&mut Context::from_waker(&waker))
        }

        fn wakes(&self) -> usize {
            self.0.load(SeqCst)
        }
    }

    /// What is known of the parts: how often each was polled, and by which waker last.
    struct Log(Mutex<Vec<(usize, Waker)>>);

    impl Log {
        fn new(count: usize) -> Self {
            Self(Mutex::new(vec![(0, Waker::noop().clone()); count]))
        }

        /// A future that is done at its third poll.
        fn part(&self, number: usize) -> impl Future<Output = usize> {
            poll_fn(move |cx| {
                let part = &mut self.0.lock().unwrap()[number];
                *part = (part.0 + 1, cx.waker().clone());
                if part.0 < 3 {
                    Poll::Pending
                } else {
                    Poll::Ready(number)
                }
            })
        }

        fn polls(&self) -> Vec<usize> {
            self.0.lock().unwrap().iter().map(|part| part.0).collect()
        }

        fn waker(&self, number: usize) -> Waker {
            self.0.lock().unwrap()[number].1.clone()
        }
    }

    /// Few and many.
    const COUNTS: [usize; 4] = [1, 3, 30, 100];

    #[test]
    fn only_those_that_were_woken_are_polled() {
        for count in COUNTS {
            let (log, task) = (Log::new(count), Arc::new(Task::default()));
            let mut gather = gather((0..count).map(|number| log.part(number)));
            let mut polls = vec![1; count];
            for _ in 0..2 {
                assert!(task.poll(&mut gather).is_pending());
                assert_eq!(log.polls(), polls);
            }
            assert_eq!(task.wakes(), 0);
            for number in (0..count).rev() {
                let waker = log.waker(number);
                // On another thread. Twice is once.
                let waking = thread::spawn(move || [waker.clone(), waker].map(Waker::wake));
                waking.join().unwrap();
                assert!(task.poll(&mut gather).is_pending());
                polls[number] += 1;
                assert_eq!(log.polls(), polls);
            }
            assert_eq!(task.wakes(), count);
            // All at once: the task is woken once.
            for number in (0..count).rev() {
                log.waker(number).wake();
            }
            assert_eq!(task.wakes(), count + 1);
            let Poll::Ready(outputs) = task.poll(&mut gather) else {
                panic!("all are done")
            };
            assert!(outputs.into_iter().eq(0..count));
            assert_eq!(log.polls(), vec![3; count]);
        }
    }

    #[test]
    fn of_none() {
        let task = Arc::new(Task::default());
        let nothing = gather(Vec::<std::future::Ready<()>>::new());
        assert_eq!(task.poll(&mut { nothing }), Poll::Ready(vec![]));
        let nothing = try_gather(Vec::<std::future::Ready<Result<(), ()>>>::new());
        assert_eq!(task.poll(&mut { nothing }), Poll::Ready(Ok(vec![])));
    }

    /// A waker that is kept after its future is done wakes nobody else; nor does it keep the task, once the whole is gone.
    #[test]
    fn wakers_that_are_kept() {
        let (log, task) = (Log::new(2), Arc::new(Task::default()));
        let mut gather = gather((0..2).map(|number| log.part(number)));
        assert!(task.poll(&mut gather).is_pending());
        for _ in 0..2 {
            log.waker(0).wake();
            assert!(task.poll(&mut gather).is_pending());
        }
        assert_eq!(log.polls(), [3, 1]);
        log.waker(0).wake();
        assert!(task.poll(&mut gather).is_pending());
        assert_eq!(log.polls(), [3, 1]);
        drop(gather);
        let wakes = task.wakes();
        let gone: Weak<_> = Arc::downgrade(&task);
        log.waker(1).wake();
        assert_eq!(task.wakes(), wakes);
        drop(task);
        assert!(gone.upgrade().is_none());
    }

    /// The whole may be dropped by a panic: a second one would abort the process.
    #[test]
    fn a_waker_whose_destructor_panics() {
        struct Bomb;
        impl Wake for Bomb {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("a bomb");
            }
        }

        let mut gather = gather([std::future::pending::<()>()]);
        let waker = Waker::from(Arc::new(Bomb));
        let polled = Pin::new(&mut gather).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        drop(gather);
    }

    #[test]
    fn a_failure_drops_the_others_at_once() {
        let (task, kept) = (Arc::new(Task::default()), Arc::new(()));
        for failing in 0..3 {
            let mut gather = try_gather((0..3).map(|number| {
                let kept = kept.clone();
                async move {
                    let _kept = kept;
                    if number == failing {
                        return Err(number);
                    }
                    std::future::pending::<Result<(), _>>().await
                }
            }));
            assert_eq!(task.poll(&mut gather), Poll::Ready(Err(failing)));
            assert_eq!(Arc::strong_count(&kept), 1);
        }
    }
}
