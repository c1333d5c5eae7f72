//! Giving way to other tasks.

#![forbid(unsafe_code)]

use super::waker;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets other tasks run before this one goes on: asyncio's `sleep(0)`. The task queues up behind those that wait on its worker.
///
/// # Cancel safety
///
/// There is nothing to lose.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// for chunk in [[1, 2], [3, 4]] {
///     // … compute for a while …
/// #   let _ = chunk;
///     heist::task::yield_now().await;
/// }
/// # });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// What [`yield_now`] returns.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let others_first: heist::task::YieldNow = heist::task::yield_now();
/// others_first.await;
/// # });
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        if !waker::yields(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
