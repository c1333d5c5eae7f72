//! The worker that runs on this thread, if it is one.
//!
//! Comes in: a worker, for as long as its loop runs. Goes out: a look at it, to whoever spawns, wakes or ends a task on the thread. Like `scoped-tls`, which
//! makes two look-ups of this one.

use super::worker::Worker;
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// Null, or a worker that [`set`] has borrowed.
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// Puts the former one back, also when the code inside panics.
struct Restore(*const Worker);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs `f` on a thread that is this worker's meanwhile.
pub(super) fn set<R>(worker: &Worker, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.replace(worker));
    f()
}

/// Runs `f` on a thread that is no worker's meanwhile.
pub(super) fn leave<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.replace(ptr::null()));
    f()
}

/// The worker that runs on this thread.
#[inline]
pub(super) fn with<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    // SAFETY: whoever put the pointer there is in `set`, further up this thread's stack, and borrows the worker until the pointer is gone again. `f` keeps no
    // reference: it is given one of any lifetime.
    f(unsafe { CURRENT.get().as_ref() })
}
