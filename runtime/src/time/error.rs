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
