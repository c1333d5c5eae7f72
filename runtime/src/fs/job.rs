//! One operation on files as one job of the blocking pool.
//!
//! In: functions that call the standard library's, from the rest of `fs`. Out: their results.

#![forbid(unsafe_code)]

use crate::spawn::spawn_file_job;
use crate::task::JoinHandle;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An operation that somebody waits for. Dropped, it never begins if it hasn't begun.
#[must_use = "futures do nothing unless polled"]
struct Operation<T>(JoinHandle<io::Result<T>>);

impl<T> Future for Operation<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(result) => result,
            // Cancelled: the runtime has shut down meanwhile. Or it has panicked.
            Err(error) => Err(error.into()),
        })
    }
}

impl<T> Drop for Operation<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a function on the pool.
///
/// # Panics
///
/// If the thread is in no runtime.
pub(super) async fn run<T: Send + 'static>(
    function: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    Operation(spawn_file_job(function, false)).await
}
