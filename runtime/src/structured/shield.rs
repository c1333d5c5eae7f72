//! [`shield`](fn@shield): a future that goes on when who awaits it is cancelled.
//!
//! In comes a future, out goes a task of it, and its output. Called by users.

use crate::task::{JoinError, JoinHandle};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a future to its end, whatever becomes of who awaits it: asyncio's `shield`.
///
/// It is spawned as a task at once, which goes on when the [`Shield`] is dropped, be it by an abort, a time-out or a `select!`; what it ends with is lost then, but a panic is
/// reported. Only the runtime's shutdown cancels it.
///
/// A [`JoinHandle`] needs no shield: dropped, it detaches its task, which runs on. What is to be done *because* of the cancellation is for
/// [`on_cancel`](fn@super::on_cancel).
///
/// # Errors
///
/// If the future panics, or its runtime shuts down: as awaiting a [`JoinHandle`].
///
/// # Panics
///
/// If the thread is in no runtime.
///
/// # Examples
///
/// ```
/// use heist::task::shield;
/// use heist::time::{Duration, timeout};
///
/// # heist::run(async {
/// let (disk, ready) = heist::sync::oneshot::channel();
/// let (sender, saved) = heist::sync::oneshot::channel();
/// let save = async move {
///     let _ = ready.await;
///     sender.send("saved")
/// };
/// assert!(timeout(Duration::from_millis(1), shield(save)).await.is_err());
/// let _ = disk.send(());
/// assert_eq!(saved.await, Ok("saved"));
/// # });
/// ```
#[track_caller]
pub fn shield<F>(future: F) -> Shield<F::Output>
where
    F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
{
    Shield {
        task: crate::spawn(future.into_future()),
    }
}

/// What [`shield`] returns: it awaits the task, and cannot cancel it.
///
/// # Cancel safety
///
/// Dropped, it leaves the task running. By reference (`&mut shield`) it can be awaited again.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let answer: heist::task::Shield<i32> = heist::task::shield(async { 42 });
/// assert_eq!(answer.await.unwrap(), 42);
/// # });
/// ```
#[must_use = "futures do nothing unless awaited; to let it run unheeded, `heist::spawn` it"]
pub struct Shield<T> {
    task: JoinHandle<T>,
}

impl<T> Future for Shield<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(cx)
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield")
            .field("task", &self.task.id())
            .finish_non_exhaustive()
    }
}
