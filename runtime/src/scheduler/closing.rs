//! Whether the runtime has shut down: a flag, and what it takes for a worker that comes to learn of it; and for which task's panic, if that is why.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release, SeqCst},
    fence,
};
use crate::task::Identity;
use std::sync::OnceLock;

/// See the module.
pub(super) struct Closing {
    /// The tasks have been asked to cancel: before it closes, mostly.
    leaving: AtomicBool,
    closed: AtomicBool,
    failed: OnceLock<Identity>,
}

impl Closing {
    pub(super) fn new() -> Self {
        Self {
            leaving: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            failed: OnceLock::new(),
        }
    }

    /// Closes. Afterwards the workers are summoned, so that those which sleep look.
    pub(super) fn close(&self) {
        self.closed.store(true, Release);
        // Against `is_closed_to_newcomer`.
        fence(SeqCst);
    }

    pub(super) fn leave(&self) {
        self.leaving.store(true, Release);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Acquire)
    }

    /// Says why it is going to be closed. The first one counts.
    pub(super) fn fail(&self, task: Identity) {
        let _ = self.failed.set(task);
    }

    pub(super) fn failed_task(&self) -> Option<&Identity> {
        self.failed.get()
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }

    /// The same, for a worker that has just been added to those that there are: either it sees that it is closed, or who closes sees it, and summons it.
    pub(super) fn is_closed_to_newcomer(&self) -> bool {
        fence(SeqCst);
        self.is_closed()
    }
}
