//! Awaiting any number of futures.

use futures_util::future::{JoinAll, TryJoinAll, join_all, try_join_all};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs futures concurrently, and gives their outputs in the order of the futures: asyncio's `gather`.
///
/// Only those that were woken are polled, however many there are. Dropping it drops all.
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
    Gather {
        all: join_all(futures.into_iter().map(IntoFuture::into_future)),
    }
}

/// Runs futures concurrently until all have succeeded, which gives their outputs in the order of the futures, or one has failed.
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
    TryGather {
        all: try_join_all(futures.into_iter().map(IntoFuture::into_future)),
    }
}

pin_project_lite::pin_project! {
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
        #[pin]
        all: JoinAll<F>,
    }
}

impl<F: Future> Future for Gather<F> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().all.poll(cx)
    }
}

impl<F: Future> fmt::Debug for Gather<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
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
    pub struct TryGather<F>
    where
        F: futures_core::TryFuture,
    {
        #[pin]
        all: TryJoinAll<F>,
    }
}

impl<F, T, E> Future for TryGather<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().all.poll(cx)
    }
}

impl<F: futures_core::TryFuture> fmt::Debug for TryGather<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather").finish_non_exhaustive()
    }
}
