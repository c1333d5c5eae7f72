//! Any number of futures, each as soon as it is done: [`as_completed`].
//!
//! In come the futures; out go their outputs, in the order in which they come. Called by users. How the futures take turns is in [`parts`](super::parts).

use super::parts::Parts;
use futures_core::Stream;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow::{Break, Continue};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs futures concurrently, and gives each one's output as soon as it is there: asyncio's `as_completed`. It is a [`Stream`], which ends after the last output.
///
/// The futures are polled as those of [`gather`](fn@crate::gather), and only while the stream is: between two items nothing of it goes on. Those that are [spawned](fn@crate::spawn) go on
/// by themselves: hand their [`JoinHandle`](crate::JoinHandle)s over. To know which one it was, let it say so.
///
/// Dropped, it drops the futures that are not done.
///
/// # Cancel safety
///
/// An item that `next` has not returned is in the stream still.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::time::{Duration, sleep};
///
/// # heist::run(async {
/// let mut ended = heist::as_completed([20, 0, 10].map(|delay| async move {
///     sleep(Duration::from_millis(delay)).await;
///     delay
/// }));
/// while let Some(delay) = ended.next().await {
///     println!("{delay} ms are over");
/// }
/// # });
/// ```
pub fn as_completed<I>(futures: I) -> AsCompleted<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture>,
{
    let futures = futures.into_iter().map(IntoFuture::into_future);
    AsCompleted {
        parts: Parts::new(futures),
    }
}

/// What [`as_completed`] returns.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
///
/// # heist::run(async {
/// let ready: heist::AsCompleted<_> = heist::as_completed([1, 2].map(std::future::ready));
/// assert_eq!(ready.collect::<Vec<_>>().await, [1, 2]);
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F> {
    parts: Parts<F>,
}

impl<F: Future> Stream for AsCompleted<F> {
    type Item = F::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let poll = |part: Pin<&mut F>, cx: &mut Context<'_>| part.poll(cx).map(Break);
        let turn = self.get_mut().parts.poll(cx, poll);
        turn.map(|turn| match turn {
            Break(output) => Some(output),
            Continue(()) => None,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.parts.left();
        (left, Some(left))
    }
}

impl<F> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.parts.left())
            .finish_non_exhaustive()
    }
}
