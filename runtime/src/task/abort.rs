//! A handle that can abort a task without awaiting it.

use super::Id;
use super::cell::{Header, abort, drop_reference};
use std::fmt;
use std::ptr::NonNull;

/// The right to abort a task, apart from its [`JoinHandle`](super::JoinHandle): cheap to clone, and dropping it does nothing.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let handle = heist::spawn(std::future::pending::<()>());
/// let abort = handle.abort_handle();
/// heist::spawn(async move { abort.abort() });
/// assert!(handle.await.unwrap_err().is_cancelled());
/// # });
/// ```
pub struct AbortHandle {
    header: NonNull<Header>,
}

// SAFETY: all that it reaches is the header, by atomics (rules 2 and 8).
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}
impl Unpin for AbortHandle {}
impl std::panic::UnwindSafe for AbortHandle {}
impl std::panic::RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    /// # Safety
    ///
    /// The caller gives one reference.
    pub(super) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self { header }
    }

    fn header(&self) -> &Header {
        // SAFETY: by the handle's reference (rule 1).
        unsafe { self.header.as_ref() }
    }

    /// Asks for the task to be cancelled: see [`JoinHandle::abort`](super::JoinHandle::abort). asyncio's `Task.cancel`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(std::future::pending::<()>());
    /// task.abort_handle().abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        // SAFETY: by the handle's reference.
        unsafe { abort(self.header) };
    }

    /// Whether the task has ended. asyncio's `Task.done`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async {});
    /// let abort = task.abort_handle();
    /// task.await.unwrap();
    /// assert!(abort.is_finished());
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    /// The task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async {});
    /// assert_eq!(task.abort_handle().id(), task.id());
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        self.header().id
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        self.header().state.ref_inc();
        Self {
            header: self.header,
        }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: its reference ends here.
        unsafe { drop_reference(self.header) };
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
