//! The errors of a [`broadcast`](super) channel.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// There is no receiver; the value comes back.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast::{self, error::SendError};
///
/// let (tx, rx) = broadcast::channel(1);
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

/// Why [`Receiver::recv`](super::Receiver::recv) has no value.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast::{self, error::RecvError};
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = broadcast::channel::<()>(1);
/// drop(tx);
/// assert_eq!(rx.recv().await, Err(RecvError::Closed));
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders are gone, and the receiver has had all values.
    Closed,
    /// So many values were overwritten before the receiver had them. The next is the oldest that is left.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("channel closed"),
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
        }
    }
}

impl Error for RecvError {}

/// Why [`Receiver::try_recv`](super::Receiver::try_recv) has no value.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast::{self, error::TryRecvError};
///
/// let (tx, mut rx) = broadcast::channel(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
/// assert_eq!(rx.try_recv(), Ok(2));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The receiver has had all values that were sent so far.
    Empty,
    /// All senders are gone, and the receiver has had all values.
    Closed,
    /// So many values were overwritten before the receiver had them. The next is the oldest that is left.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("channel empty"),
            Self::Closed => f.write_str("channel closed"),
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
        }
    }
}

impl Error for TryRecvError {}

/// So many values were overwritten before a [`BroadcastStream`](super::BroadcastStream) had them. The next is the oldest
/// that is left.
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use heist_sync::broadcast::{self, error::Lagged};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = broadcast::channel(1);
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!(rx.into_stream().next().await, Some(Err(Lagged(1))));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel lagged by {}", self.0)
    }
}

impl Error for Lagged {}
