//! The handle that a spawn returns.

use super::cell::{Header, abort, drop_outcome, drop_reference, take_outcome};
use super::state::Detach;
use super::{AbortHandle, Id, JoinError};
use crate::failure::{catch, report_panic};
use heist_sync::coop;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

/// A spawned task's handle: awaiting it gives the task's output. It is asyncio's `Task` and `Future`, and what `run_in_executor` returns.
///
/// Dropping it detaches the task, which runs on; a failure that nobody awaits is reported on standard error, with the place where the
/// task was spawned.
///
/// # Errors
///
/// A task that was [aborted](Self::abort), or dropped by its runtime's shutdown, gives a [`JoinError`] with [`is_cancelled`](JoinError::is_cancelled); one that
/// panicked gives one with [`is_panic`](JoinError::is_panic).
///
/// # Cancel safety
///
/// Dropping the handle, or `&mut handle` in a select, loses nothing but the interest: the task goes on.
///
/// # Panics
///
/// If it is polled again after it has returned the outcome.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let handle = heist::spawn(async { 6 * 7 });
/// assert_eq!(handle.await.unwrap(), 42);
/// # });
/// ```
pub struct JoinHandle<T> {
    header: NonNull<Header>,
    _outcome: PhantomData<T>,
}

// SAFETY: the handle moves the outcome, a `T`, between threads; the cell itself may be used from any (rule 8).
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: nothing reaches the outcome through a `&JoinHandle`.
unsafe impl<T: Send> Sync for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}
// The outcome is only ever moved out whole, and nothing of the cell is left half done by a panic.
impl<T> std::panic::UnwindSafe for JoinHandle<T> {}
impl<T> std::panic::RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The handle's reference and interest, which a new state counts, are the caller's to give.
    pub(super) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self {
            header,
            _outcome: PhantomData,
        }
    }

    fn header(&self) -> &Header {
        // SAFETY: by the handle's reference (rule 1).
        unsafe { self.header.as_ref() }
    }

    /// Asks for the task to be cancelled: its future is dropped at its next suspension, and the handle then resolves, as cancelled if the
    /// task had not ended before. Idempotent. asyncio's `Task.cancel`.
    ///
    /// A blocking job that has begun cannot be interrupted; one that still waits in its queue never begins: its function is dropped here and now.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let handle = heist::spawn(std::future::pending::<()>());
    /// handle.abort();
    /// assert!(handle.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        // SAFETY: by the handle's reference.
        unsafe { abort(self.header) };
    }

    /// A handle that can abort the task, and keeps nothing of its output: for whoever does not await it.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(std::future::pending::<()>());
    /// let abort = task.abort_handle();
    /// heist::spawn(async move { abort.abort() });
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_handle(&self) -> AbortHandle {
        self.header().state.ref_inc();
        // SAFETY: that is the reference which it takes.
        unsafe { AbortHandle::from_raw(self.header) }
    }

    /// Whether the task has ended: its future is gone, and awaiting the handle returns at once. asyncio's `Task.done`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { 42 });
    /// while !task.is_finished() {
    ///     heist::task::yield_now().await;
    /// }
    /// assert_eq!(task.await.unwrap(), 42);
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    /// The task's id, by which reports and errors name it.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { heist::task::id() });
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap(), id);
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        self.header().id
    }

    /// Has the task wake this waker when it has ended, as if the handle had been polled with it.
    /// True: it has ended already, and wakes nobody.
    #[must_use]
    pub(crate) fn wake_when_ended(&mut self, waker: &Waker) -> bool {
        self.header().state.is_complete() || publish_waker(self.header(), waker)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let header = self.header();
        if !header.state.is_complete() && !publish_waker(header, cx.waker()) {
            return Poll::Pending;
        }
        progress.made_progress();
        // SAFETY: the task is complete and the handle lives, so the outcome is ours (rule 3), of the type that the task was spawned with.
        unsafe { take_outcome(self.header) }
    }
}

/// Puts the waker into its cell. True: there is no need any more, the task is complete.
fn publish_waker(header: &Header, new: &Waker) -> bool {
    if header.state.has_join_waker() && !header.state.unset_join_waker() {
        return true;
    }
    let replaced = header.join_waker.with_mut(|cell| {
        // SAFETY: the bit is not set: the cell is ours (rule 4).
        let waker = unsafe { &mut *cell };
        match waker {
            Some(waker) if waker.will_wake(new) => None,
            // The clone may panic: then the cell is as it was, unpublished.
            _ => waker.replace(new.clone()),
        }
    });
    let complete = !header.state.set_join_waker();
    drop(replaced);
    complete
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let header = self.header();
        if header.state.detach_fast() {
            return;
        }
        if header.state.is_complete() {
            // SAFETY: nobody else takes it (rule 3); it is gone already if this handle was polled to its end. The handle's reference ends here.
            unsafe {
                drop_outcome(self.header);
                drop_reference(self.header);
            }
            return;
        }
        match header.state.detach() {
            // SAFETY: nobody else takes it (rule 3); it is gone already if this handle was polled to its end.
            Detach::Complete => unsafe { drop_outcome(self.header) },
            Detach::Alive => {
                // SAFETY: the cell is ours (rule 4).
                let waker = header
                    .join_waker
                    .with_mut(|waker| unsafe { (*waker).take() });
                if let Err(payload) = catch(|| drop(waker)) {
                    report_panic(format_args!("the destructor of a waker"), &payload);
                }
            }
        }
        // SAFETY: the handle's reference ends here.
        unsafe { drop_reference(self.header) };
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
