//! Why a group has failed: asyncio's `ExceptionGroup`.
//!
//! In comes what its members failed with; out go those who ask. Called by [`TaskGroup`](super::TaskGroup), and by users.

use crate::task::JoinError;
use std::error::Error;
use std::fmt;

/// What a [`TaskGroup`](super::TaskGroup) failed with: all that its members did, the first failure first; or that its time was up. asyncio's `ExceptionGroup`.
///
/// # Examples
///
/// ```
/// use heist::task::TaskGroup;
///
/// # heist::run(async {
/// let group = TaskGroup::new();
/// group.spawn(async { Err::<(), _>("no disk") });
/// let error = group.join().await.unwrap_err();
/// assert_eq!(error.to_string(), "a member of the group failed: no disk");
/// assert_eq!(error.into_failures().len(), 1);
/// # });
/// ```
pub struct GroupError<E> {
    failures: Vec<MemberError<E>>,
    cause: Cause,
}

/// What has ended the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Failed,
    Elapsed,
    Aborted,
}

/// What one member of a [`TaskGroup`](super::TaskGroup) failed with.
///
/// # Examples
///
/// ```
/// use heist::task::{MemberError, TaskGroup};
///
/// # heist::run(async {
/// let group = TaskGroup::<&str>::new();
/// group.spawn(async {
///     assert_eq!(1, 2, "on purpose");
///     Ok(())
/// });
/// match group.join().await.unwrap_err().into_failures().remove(0) {
///     MemberError::Failed(error) => panic!("it returned {error}"),
///     MemberError::Panicked(error) => assert!(error.is_panic()),
/// }
/// # });
/// ```
#[derive(Debug)]
pub enum MemberError<E> {
    /// It returned this error.
    Failed(E),
    /// It, its destructor or a clean-up of it panicked.
    Panicked(JoinError),
}

impl<E> GroupError<E> {
    pub(super) fn new(failures: Vec<MemberError<E>>, cause: Cause) -> Self {
        Self { failures, cause }
    }

    /// What the members failed with, in the order in which they did. It is empty if the time was up, or the group aborted, and none failed besides.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::new();
    /// group.spawn(async { Err::<(), _>("no disk") });
    /// let error = group.join().await.unwrap_err();
    /// assert_eq!(error.failures().len(), 1);
    /// # });
    /// ```
    pub fn failures(&self) -> &[MemberError<E>] {
        &self.failures
    }

    /// The same, by value. asyncio's `ExceptionGroup.exceptions`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::MemberError;
    ///
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::new();
    /// group.spawn(async { Err::<(), _>("no disk") });
    /// let failures = group.join().await.unwrap_err().into_failures();
    /// assert!(matches!(failures[..], [MemberError::Failed("no disk")]));
    /// # });
    /// ```
    pub fn into_failures(self) -> Vec<MemberError<E>> {
        self.failures
    }

    /// Whether the group's time was up: see [`TaskGroup::with_deadline`](super::TaskGroup::with_deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::TaskGroup;
    /// use heist::time::Duration;
    ///
    /// # heist::run(async {
    /// let group = TaskGroup::<()>::with_timeout(Duration::from_millis(1));
    /// group.spawn(std::future::pending::<Result<(), ()>>());
    /// assert!(group.join().await.unwrap_err().is_elapsed());
    /// # });
    /// ```
    pub fn is_elapsed(&self) -> bool {
        self.cause == Cause::Elapsed
    }

    /// Whether the group was [aborted](super::TaskGroup::abort), and nothing has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::TaskGroup;
    ///
    /// # heist::run(async {
    /// let aborted = TaskGroup::<()>::new().run(async |group| {
    ///     group.abort();
    ///     std::future::pending::<Result<(), ()>>().await
    /// });
    /// assert!(aborted.await.unwrap_err().is_aborted());
    /// # });
    /// ```
    pub fn is_aborted(&self) -> bool {
        self.cause == Cause::Aborted
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, more) = match &self.failures[..] {
            [] => (None, 0),
            [first, more @ ..] => (Some(first), more.len()),
        };
        match (self.cause, first) {
            (Cause::Aborted, _) => f.write_str("the group was aborted")?,
            (Cause::Elapsed, None) => f.write_str("the group's time was up")?,
            (Cause::Elapsed, Some(first)) => {
                write!(f, "the group's time was up, and a member failed: {first}")?;
            }
            (Cause::Failed, first) => {
                f.write_str("a member of the group failed")?;
                if let Some(first) = first {
                    write!(f, ": {first}")?;
                }
            }
        }
        if more > 0 {
            write!(f, " (and {more} more)")?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupError")
            .field("cause", &self.cause)
            .field("failures", &self.failures)
            .finish()
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}

impl<E: fmt::Display> fmt::Display for MemberError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for MemberError<E> {}
