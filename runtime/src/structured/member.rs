//! [`Member`]: what spawning in a [`TaskGroup`](super::TaskGroup) returns.
//!
//! In comes a member's value, from its task; out it goes to who awaits it. Called by users.

use crate::task::AbortHandle;
use heist_sync::oneshot;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One member of a [`TaskGroup`](super::TaskGroup): awaited, it gives the value that the member returned. asyncio's `Task`, as `TaskGroup.create_task` returns it.
///
/// `None`: it has none, since it failed, or was aborted, as all are when one fails. Why, the group's [`join`](super::TaskGroup::join) says: after one without an error every member
/// that nobody aborted has its value.
///
/// It may be awaited before the group is joined, in another member too; it resolves when the member has returned. That its clean-ups are over as well, only `join` says.
///
/// Dropped, it leaves the member running: that is the group's.
///
/// # Cancel safety
///
/// By reference (`&mut member`) it can be awaited again. Dropped, it loses the value.
///
/// # Panics
///
/// If it is polled again after it has returned the value.
///
/// # Examples
///
/// ```
/// use heist::task::{GroupError, TaskGroup};
///
/// # heist::run(async {
/// let group = TaskGroup::<std::io::Error>::new();
/// let number = group.spawn(async { Ok(42) });
/// let text = group.spawn(async { Ok("forty-two") });
/// group.join().await?;
/// assert_eq!((number.await, text.await), (Some(42), Some("forty-two")));
/// # Ok::<(), GroupError<std::io::Error>>(())
/// # }).unwrap();
/// ```
pub struct Member<T> {
    value: oneshot::Receiver<T>,
    /// Unless it was never spawned.
    abort: Option<AbortHandle>,
}

impl<T> Member<T> {
    pub(super) fn new(value: oneshot::Receiver<T>, abort: Option<AbortHandle>) -> Self {
        Self { value, abort }
    }

    /// Aborts this member alone, which is no failure: the others go on. asyncio's `Task.cancel`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let slow = group.spawn(std::future::pending::<Result<(), ()>>());
    /// slow.abort();
    /// assert!(group.join().await.is_ok());
    /// assert_eq!(slow.await, None);
    /// # });
    /// ```
    pub fn abort(&self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }

    /// Whether its task has ended. asyncio's `Task.done`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let member = group.spawn(async { Ok(42) });
    /// group.join().await.unwrap();
    /// assert!(member.is_finished());
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.abort.as_ref().is_none_or(AbortHandle::is_finished)
    }
}

impl<T> Future for Member<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        assert!(
            !self.value.is_terminated(),
            "a `Member` was polled again after it had returned the value"
        );
        Pin::new(&mut self.value).poll(cx).map(Result::ok)
    }
}

impl<T> fmt::Debug for Member<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("id", &self.abort.as_ref().map(AbortHandle::id))
            .finish_non_exhaustive()
    }
}
