//! The futures of a [`CancellationToken`]: waits for the one change that it has.
#![forbid(unsafe_code)]

use super::CancellationToken;
use crate::changes::{Change, Changes, Changing};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`CancellationToken::cancelled`].
    ///
    /// Once it was ready it stays so. It spends nothing of the [cooperative budget](crate::coop), as in tokio.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    /// use heist_sync::futures::WaitForCancellationFuture;
    ///
    /// # futures_lite::future::block_on(async {
    /// let token = CancellationToken::new();
    /// let cancelled: WaitForCancellationFuture<'_> = token.cancelled();
    /// token.cancel();
    /// cancelled.await;
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct WaitForCancellationFuture<'a> {
        #[pin]
        change: Change<&'a Changes>,
    }
}

impl<'a> WaitForCancellationFuture<'a> {
    pub(super) fn new(change: Change<&'a Changes>) -> Self {
        Self { change }
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().change.poll(cx)
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFuture")
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`CancellationToken::cancelled_owned`].
    ///
    /// Once it was ready it stays so. It spends nothing of the [cooperative budget](crate::coop), as in tokio.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    /// use heist_sync::futures::WaitForCancellationFutureOwned;
    ///
    /// # futures_lite::future::block_on(async {
    /// let token = CancellationToken::new();
    /// let cancelled: WaitForCancellationFutureOwned = token.clone().cancelled_owned();
    /// token.cancel();
    /// cancelled.await;
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct WaitForCancellationFutureOwned {
        #[pin]
        change: Change<CancellationToken>,
    }
}

impl WaitForCancellationFutureOwned {
    pub(super) fn new(change: Change<CancellationToken>) -> Self {
        Self { change }
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().change.poll(cx)
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned")
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A future, and what ends it early.
    pub(super) struct RunUntilCancelled<C, F>
    where
        C: Changing,
    {
        polled: bool,
        #[pin]
        change: Change<C>,
        #[pin]
        future: F,
    }
}

impl<C: Changing, F> RunUntilCancelled<C, F> {
    pub(super) fn new(change: Change<C>, future: F) -> Self {
        Self {
            polled: false,
            change,
            future,
        }
    }
}

impl<C: Changing, F: Future> Future for RunUntilCancelled<C, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let first = !std::mem::replace(this.polled, true);
        if first && this.change.is_over() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        this.change.as_mut().poll(cx).map(|()| None)
    }
}
