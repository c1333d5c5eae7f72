//! The errors of the queues.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The queue is closed; the item that was to be put is in it. asyncio's `QueueShutDown`, from `put`.
///
/// # Examples
///
/// ```
/// use heist_sync::{PutError, Queue};
///
/// # futures_lite::future::block_on(async {
/// let queue = Queue::unbounded();
/// queue.close();
/// let PutError(item) = queue.put("late").await.unwrap_err();
/// assert_eq!(item, "late");
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("queue closed")
    }
}

impl<T> Error for PutError<T> {}

/// Why no item could be put now; it is in the error. asyncio's `QueueFull` and `QueueShutDown`.
///
/// # Examples
///
/// ```
/// use heist_sync::{Queue, TryPutError};
///
/// let queue = Queue::new(1);
/// queue.try_put(1).unwrap();
/// assert_eq!(queue.try_put(2), Err(TryPutError::Full(2)));
/// queue.close();
/// assert_eq!(queue.try_put(3), Err(TryPutError::Closed(3)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room now, or others wait for it.
    Full(T),
    /// The queue is closed.
    Closed(T),
}

impl<T> TryPutError<T> {
    /// The item that was to be put.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Queue;
    ///
    /// let queue = Queue::unbounded();
    /// queue.close();
    /// assert_eq!(queue.try_put("late").unwrap_err().into_inner(), "late");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "queue full",
            Self::Closed(_) => "queue closed",
        })
    }
}

impl<T> Error for TryPutError<T> {}

/// The queue is closed, and nothing is left in it. asyncio's `QueueShutDown`, from `get`.
///
/// # Examples
///
/// ```
/// use heist_sync::{GetError, Queue};
///
/// # futures_lite::future::block_on(async {
/// let queue = Queue::<u32>::unbounded();
/// queue.close();
/// let error: GetError = queue.get().await.unwrap_err();
/// assert_eq!(error.to_string(), "queue closed");
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetError(pub(super) ());

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("queue closed")
    }
}

impl Error for GetError {}

/// Why there is no item to get now. asyncio's `QueueEmpty` and `QueueShutDown`.
///
/// # Examples
///
/// ```
/// use heist_sync::{Queue, TryGetError};
///
/// let queue = Queue::<u32>::unbounded();
/// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
/// queue.close();
/// assert_eq!(queue.try_get(), Err(TryGetError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// There is none now that is not for somebody who waits.
    Empty,
    /// The queue is closed, and nothing is left in it.
    Closed,
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "queue empty",
            Self::Closed => "queue closed",
        })
    }
}

impl Error for TryGetError {}
