//! What a task's cell holds of its scheduler: a counted reference, cheaper than a clone of the `Arc`.
//!
//! A clone per spawn would have all workers meet at one counter. Leases are counted apart, and workers take and return them by the hundred: a worker
//! keeps a stash, so that a spawn and a task's end on a worker touch a number of its own. While any lease is out, one strong count of the `Arc`
//! is held for all of them.

use super::{Scheduler, current};
use crate::loom::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::task::{FailurePolicy, Header, Schedule, Task};
use std::mem;
use std::ptr::NonNull;
use std::sync::Arc;

/// How many leases a worker takes at once.
pub(super) const STASH: usize = 256;

/// How many leases are out.
pub(super) struct Leases(AtomicUsize);

impl Leases {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Counts leases out. True: they are the first, and the caller, who has an `Arc`, leaves them a strong count.
    #[must_use]
    pub(super) fn take(&self, count: usize) -> bool {
        // Relaxed: as with `Arc`, who takes has a reference already.
        self.0.fetch_add(count, Relaxed) == 0
    }

    /// Counts them in. True: they were the last, and the strong count is the caller's to drop. Otherwise the leases that are still out keep it.
    #[must_use]
    pub(super) fn give_back(&self, count: usize) -> bool {
        // Release and Acquire: as in `Arc::drop`.
        let last = self.0.fetch_sub(count, Release) == count;
        if last {
            // Not a fence, which would do as well: this ThreadSanitizer understands.
            self.0.load(Acquire);
        }
        last
    }
}

/// One counted reference.
pub(super) struct Lease(NonNull<Scheduler>);

// SAFETY: it counts for a `Scheduler`, which is `Send` and `Sync`, as an `Arc` does.
unsafe impl Send for Lease {}
// SAFETY: as above.
unsafe impl Sync for Lease {}

impl Lease {
    /// Takes one from the scheduler itself.
    pub(super) fn new(scheduler: &Arc<Scheduler>) -> Self {
        take(scheduler, 1);
        Self(pointer(scheduler))
    }

    /// Makes one of what the caller has taken.
    ///
    /// # Safety
    ///
    /// The caller has [taken](take) it, and counts it as spent.
    pub(super) unsafe fn from_stash(scheduler: &Arc<Scheduler>) -> Self {
        Self(pointer(scheduler))
    }
}

/// An `Arc` of its own, for a use that may outlive the lease.
///
/// # Safety
///
/// A lease of this scheduler is out.
unsafe fn to_arc(scheduler: NonNull<Scheduler>) -> Arc<Scheduler> {
    // SAFETY: the pointer is an `Arc`'s, and the leases' strong count keeps it alive.
    unsafe {
        Arc::increment_strong_count(scheduler.as_ptr());
        Arc::from_raw(scheduler.as_ptr())
    }
}

/// The pointer that leases are made of.
pub(super) fn pointer(scheduler: &Arc<Scheduler>) -> NonNull<Scheduler> {
    // Through `as_ptr`, so that the pointer may be used to make an `Arc` again.
    NonNull::new(Arc::as_ptr(scheduler).cast_mut()).expect("an `Arc` is not null")
}

/// Takes leases.
pub(super) fn take(scheduler: &Arc<Scheduler>, count: usize) {
    if scheduler.leases.take(count) {
        // The strong count that all leases share. If the last was being returned just now, then two are held for a moment, and one is dropped.
        mem::forget(scheduler.clone());
    }
}

/// Returns leases.
///
/// # Safety
///
/// The caller has taken them, and made no [`Lease`] of them that is still out.
pub(super) unsafe fn give_back(scheduler: NonNull<Scheduler>, count: usize) {
    // SAFETY: the leases that are being returned keep it alive until here.
    if unsafe { scheduler.as_ref() }.leases.give_back(count) {
        // SAFETY: the strong count that `take` forgot.
        drop(unsafe { Arc::from_raw(scheduler.as_ptr()) });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let kept = current::with(|worker| worker.is_some_and(|worker| worker.keep_lease(self.0)));
        if !kept {
            // SAFETY: this one.
            unsafe { give_back(self.0, 1) };
        }
    }
}

impl Schedule for Lease {
    #[inline]
    unsafe fn schedule(this: NonNull<Self>, task: Task) {
        // SAFETY: the task, which isn't queued yet, keeps its cell, where the lease is.
        let scheduler = unsafe { this.as_ref() }.0;
        current::with(|worker| match worker {
            Some(worker) if worker.is_of(scheduler) => worker.push(task),
            // The lease may end with the task. What is refused is cancelled.
            // SAFETY: the lease is out still.
            _ => drop(unsafe { to_arc(scheduler) }.inject(task)),
        });
    }

    #[inline]
    fn release(&self, task: &Header) {
        // SAFETY: by this lease.
        unsafe { self.0.as_ref() }.tasks.remove(task);
    }

    #[cold]
    fn panicked(&self, task: &Header) {
        // SAFETY: by this lease.
        unsafe { self.0.as_ref() }.fail(task.identity());
    }

    #[cold]
    fn failures(&self) -> &FailurePolicy {
        // SAFETY: by this lease.
        &unsafe { self.0.as_ref() }.failures
    }
}
