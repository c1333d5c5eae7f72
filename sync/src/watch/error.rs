//! The errors of a [`watch`](super) channel.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// There is no receiver; the value comes back.
///
/// # Examples
///
/// ```
/// use heist_sync::watch::{self, error::SendError};
///
/// let (tx, rx) = watch::channel(0);
/// drop(rx);
/// assert_eq!(tx.send(1), Err(SendError(1)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl<T> Error for SendError<T> {}

/// All senders are gone: the value will not change any more.
///
/// # Examples
///
/// ```
/// use heist_sync::watch::{self, error::RecvError};
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = watch::channel(0);
/// drop(tx);
/// let error: RecvError = rx.changed().await.unwrap_err();
/// assert_eq!(error.to_string(), "channel closed");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecvError(pub(super) ());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl Error for RecvError {}
