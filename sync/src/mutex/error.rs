//! The error of the locks' `try_` methods.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The lock is held, or others wait for it.
///
/// # Examples
///
/// ```
/// use heist_sync::{Mutex, TryLockError};
///
/// let mutex = Mutex::new(());
/// let guard = mutex.try_lock().unwrap();
/// let error: TryLockError = mutex.try_lock().unwrap_err();
/// assert_eq!(error.to_string(), "operation would block");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryLockError(());

impl TryLockError {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl Error for TryLockError {}
