//! The next-slot: the task that a worker runs next, because the task that it runs now has just woken or spawned it.
//!
//! Comes in: a task, from its worker; the one that it displaces goes out, to the back of the worker's queue. Goes out also: to its worker; or to a thief, which may
//! take it only from a worker that has been in the same poll for long (`relief.rs` says how long), so that nobody waits behind a task that blocks. A push wakes
//! nobody. One locked operation each way.

use crate::loom::atomic::{
    AtomicPtr,
    Ordering::{AcqRel, Relaxed},
};
use crate::task::{Header, Task};
use std::ptr::{self, NonNull};

/// See the module.
pub(super) struct NextSlot(AtomicPtr<Header>);

impl NextSlot {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The owner puts a task in; the one before it comes out.
    #[inline]
    pub(super) fn put(&self, task: Task) -> Option<Task> {
        self.swap(task.into_raw().as_ptr())
    }

    /// Takes the task, as the owner or as a thief: each task comes out once.
    #[inline]
    pub(super) fn take(&self) -> Option<Task> {
        if self.is_empty() {
            None
        } else {
            self.swap(ptr::null_mut())
        }
    }

    /// True to the owner; a hint to others.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Relaxed).is_null()
    }

    /// AcqRel: the taker sees the task as who put it left it.
    #[inline]
    fn swap(&self, new: *mut Header) -> Option<Task> {
        let old = NonNull::new(self.0.swap(new, AcqRel))?;
        // SAFETY: it came from `into_raw` in `put`, and the swap gives it to one thread.
        Some(unsafe { Task::from_raw(old) })
    }
}

impl Drop for NextSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
