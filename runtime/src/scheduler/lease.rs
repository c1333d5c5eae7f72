//! What a task's cell holds of its scheduler: a counted reference, cheaper than a clone of the `Arc`.
//!
//! A clone per spawn would have all workers meet at one counter. Leases are counted apart, and workers take and return them by the hundred: a worker
//! keeps a stash, so that a spawn and a task's end on a worker touch a number of its own. While any lease is out, one strong count of the `Arc`
//! is held for all of them.

use super::{Scheduler, worker};
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::loom::atomic::fence;
use crate::task::{Header, Schedule, Task};
use std::mem;
use std::ptr::NonNull;
use std::sync::Arc;

/// How many leases a worker takes at once.
pub(super) const STASH: usize = 256;

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
    // Relaxed: as with `Arc`, who takes has a reference already.
    if scheduler.leases.fetch_add(count, Relaxed) == 0 {
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
    let leases = unsafe { &(*scheduler.as_ptr()).leases };
    // Release and Acquire: as in `Arc::drop`.
    if leases.fetch_sub(count, Release) == count {
        fence(Acquire);
        // SAFETY: the strong count that `take` forgot.
        drop(unsafe { Arc::from_raw(scheduler.as_ptr()) });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let kept =
            worker::with_current(|worker| worker.is_some_and(|worker| worker.keep_lease(self.0)));
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
        worker::with_current(|worker| match worker {
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
}
