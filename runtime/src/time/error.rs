//! What can go wrong with time: it can run out.
#![forbid(unsafe_code)]

use std::fmt;

/// The error of [`timeout`](fn@super::timeout) and [`timeout_at`](super::timeout_at): the deadline came before the
/// future was done. asyncio's `TimeoutError`.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, error::Elapsed, timeout};
///
/// # heist::run(async {
/// let outcome = timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
/// let error: Elapsed = outcome.unwrap_err();
/// assert_eq!(error.to_string(), "deadline has elapsed");
/// assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
/// # });
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}

/// Why a value was not sent within its time, and the value: see [`SenderExt::send_timeout`](super::SenderExt::send_timeout).
///
/// # Examples
///
/// ```
/// use heist::sync::mpsc;
/// use heist::time::{Duration, SenderExt, error::SendTimeoutError};
///
/// # heist::run(async {
/// let (sender, receiver) = mpsc::channel(1);
/// drop(receiver);
/// let error = sender.send_timeout(7, Duration::from_secs(1)).await.unwrap_err();
/// assert_eq!(error, SendTimeoutError::Closed(7));
/// assert_eq!(error.into_inner(), 7);
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room in time.
    Timeout(T),
    /// The receiver is gone or has closed the channel.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// What was to be sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::error::SendTimeoutError;
    ///
    /// assert_eq!(SendTimeoutError::Timeout("unsent").into_inner(), "unsent");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Closed(value) => value,
        }
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "no room in the channel before the deadline",
            Self::Closed(_) => "channel closed",
        })
    }
}

impl<T> std::error::Error for SendTimeoutError<T> {}
