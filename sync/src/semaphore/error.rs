//! The errors of a [`Semaphore`](super::Semaphore).
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The semaphore is [closed](super::Semaphore::close): it gives no permits any more.
///
/// # Examples
///
/// ```
/// use heist_sync::{AcquireError, Semaphore};
///
/// # futures_lite::future::block_on(async {
/// let semaphore = Semaphore::new(1);
/// semaphore.close();
/// let error: AcquireError = semaphore.acquire().await.unwrap_err();
/// assert_eq!(error.to_string(), "semaphore closed");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl AcquireError {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl Error for AcquireError {}

/// Why [`Semaphore::try_acquire`](super::Semaphore::try_acquire) gave no permit.
///
/// # Examples
///
/// ```
/// use heist_sync::{Semaphore, TryAcquireError};
///
/// let semaphore = Semaphore::new(0);
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
/// semaphore.close();
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is [closed](super::Semaphore::close).
    Closed,
    /// There are not enough permits now, or others wait for them.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "semaphore closed",
            Self::NoPermits => "no permits available",
        })
    }
}

impl Error for TryAcquireError {}
