//! [`timeout`]: a future and a deadline, whichever comes first.
#![forbid(unsafe_code)]

use super::clock::Instant;
use super::error::Elapsed;
use super::sleep::{Sleep, sleep, sleep_until};
use crate::task::{Leftovers, drop_with};
use heist_sync::coop::{self, Budget};
use pin_project_lite::pin_project;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Gives `future` until `duration` from now. asyncio's `wait_for`.
///
/// The future is polled first: one that is ready at once never times out, whatever the duration. If the time is up,
/// it is dropped: it is cancelled at the point where it waited. It may have registered clean-ups for this case
/// ([`on_cancel`](crate::task::on_cancel)); then the [`Timeout`] is done when these are over, so that nothing of the
/// future is left when it returns, nor of a time-out or a group within it. (What it has dropped itself, before, the
/// loser of a `select!`, say, has left to the task.) A task is not part of the future that awaits its handle: unlike
/// `wait_for`'s, it goes on.
///
/// A duration too long for the clock, such as [`Duration::MAX`], is no limit.
///
/// # Errors
///
/// [`Elapsed`] if the deadline comes first.
///
/// # Panics
///
/// Polled, if `future` isn't ready at once and there is no heist runtime on this thread, or if that has been shut down.
///
/// # Cancel safety
///
/// That of `future`, which is dropped with it, and also when the time is up: a future that loses something when it is
/// dropped loses it then. To keep it, pass it by reference (`timeout(duration, &mut future)`).
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, sleep, timeout};
///
/// # heist::run(async {
/// let slow = sleep(Duration::from_secs(5));
/// assert!(timeout(Duration::from_millis(10), slow).await.is_err());
///
/// let quick = async { 42 };
/// assert_eq!(timeout(Duration::from_secs(5), quick).await, Ok(42));
/// # });
/// ```
#[cfg_attr(feature = "tracing", track_caller)]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        stage: Stage::Running {
            future: future.into_future(),
            delay: sleep(duration),
        },
    }
}

/// Gives `future` until `deadline`. asyncio's `timeout_at`.
///
/// In all else it is [`timeout`]: many calls can share one deadline.
///
/// # Errors
///
/// [`Elapsed`] if the deadline comes first.
///
/// # Panics
///
/// Polled, if `future` isn't ready at once and there is no heist runtime on this thread, or if that has been shut down.
///
/// # Cancel safety
///
/// As with [`timeout`].
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant, timeout_at};
///
/// # heist::run(async {
/// let deadline = Instant::now() + Duration::from_millis(10);
/// for _ in 0..2 {
///     assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// }
/// # });
/// ```
#[cfg_attr(feature = "tracing", track_caller)]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        stage: Stage::Running {
            future: future.into_future(),
            delay: sleep_until(deadline),
        },
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Timeout, timeout};
    /// use std::future::{Ready, ready};
    ///
    /// # heist::run(async {
    /// let limited: Timeout<Ready<u32>> = timeout(Duration::from_secs(1), ready(1));
    /// assert_eq!(limited.await, Ok(1));
    /// # });
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Timeout<F> {
        #[pin]
        stage: Stage<F>,
    }
}

pin_project! {
    #[project = StageProjection]
    #[derive(Debug)]
    enum Stage<F> {
        Running {
            #[pin]
            future: F,
            #[pin]
            delay: Sleep,
        },
        // The future has been dropped. What it has left goes on, if it has left anything.
        Over { leftovers: Option<Leftovers> },
    }
}

const OVER: &str = "the time of this `Timeout` is up, and its future is gone";

impl<F> Timeout<F> {
    /// The future inside.
    ///
    /// # Panics
    ///
    /// If the time was up at a poll: the future is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, timeout};
    /// use std::future::ready;
    ///
    /// let timeout = timeout(Duration::from_secs(1), ready(1));
    /// println!("{:?}", timeout.get_ref());
    /// ```
    #[track_caller]
    pub fn get_ref(&self) -> &F {
        match &self.stage {
            Stage::Running { future, .. } => future,
            Stage::Over { .. } => panic!("{OVER}"),
        }
    }

    /// The future inside.
    ///
    /// # Panics
    ///
    /// As [`get_ref`](Self::get_ref).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, timeout};
    /// use std::future::ready;
    ///
    /// let mut timeout = timeout(Duration::from_secs(1), ready(1));
    /// *timeout.get_mut() = ready(2);
    /// ```
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut F {
        match &mut self.stage {
            Stage::Running { future, .. } => future,
            Stage::Over { .. } => panic!("{OVER}"),
        }
    }

    /// The future inside, without its limit.
    ///
    /// # Panics
    ///
    /// As [`get_ref`](Self::get_ref).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, timeout};
    /// use std::future::ready;
    ///
    /// assert_eq!(timeout(Duration::from_secs(1), ready(1)).into_inner().into_inner(), 1);
    /// ```
    #[track_caller]
    pub fn into_inner(self) -> F {
        match self.stage {
            Stage::Running { future, .. } => future,
            Stage::Over { .. } => panic!("{OVER}"),
        }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        if let StageProjection::Running { future, delay } = stage.as_mut().project() {
            let had_budget = coop::has_budget_remaining();
            if let Poll::Ready(output) = future.poll(cx) {
                return Poll::Ready(Ok(output));
            }
            ready!(poll_delay(delay, cx, had_budget));
        }
        stage.end(cx).map(Err)
    }
}

impl<F> Stage<F> {
    /// The time is up: drops the future, and waits for what it leaves.
    #[cold]
    fn end(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Elapsed> {
        if let Self::Running { .. } = *self {
            let leftovers = drop_with(|| self.set(Self::Over { leftovers: None }));
            self.set(Self::Over { leftovers });
        }
        if let StageProjection::Over { leftovers } = self.project()
            && let Some(left) = leftovers
        {
            ready!(Pin::new(left).poll(cx));
            *leftovers = None;
        }
        Poll::Ready(Elapsed::new())
    }
}

/// The part that is the same for all futures.
fn poll_delay(delay: Pin<&mut Sleep>, cx: &mut Context<'_>, had_budget: bool) -> Poll<()> {
    if had_budget && !coop::has_budget_remaining() {
        // The future has used it up. Were the delay to wait for the next one, a future that does so each time would
        // never time out.
        coop::with_budget(Budget::unlimited(), || delay.poll(cx))
    } else {
        delay.poll(cx)
    }
}
