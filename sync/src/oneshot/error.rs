//! The errors of a [`oneshot`](super) channel.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// There is no value and there will be none: the sender was dropped without sending, or the receiver had been closed
/// before it sent.
///
/// # Examples
///
/// ```
/// use heist_sync::oneshot::{self, error::RecvError};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = oneshot::channel::<()>();
/// drop(tx);
/// let error: RecvError = rx.await.unwrap_err();
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

/// Why [`Receiver::try_recv`](super::Receiver::try_recv) has no value.
///
/// # Examples
///
/// ```
/// use heist_sync::oneshot::{self, error::TryRecvError};
///
/// let (tx, mut rx) = oneshot::channel::<()>();
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing was sent yet.
    Empty,
    /// There will be no value: the sender was dropped without sending, the receiver had been closed before it sent,
    /// or the value was received already.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "channel empty",
            Self::Closed => "channel closed",
        })
    }
}

impl Error for TryRecvError {}
