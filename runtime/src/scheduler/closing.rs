//! Whether the runtime has shut down: a flag, and what it takes for a worker that comes to learn of it; and for which task's panic, if that is why.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release, SeqCst},
    fence,
};
use crate::task::Id;
use std::panic::Location;
use std::sync::OnceLock;

/// See the module.
pub(super) struct Closing {
    closed: AtomicBool,
    failed: OnceLock<FailedTask>,
}

/// A task that panicked, and with it its runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedTask {
    pub(crate) id: Id,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl Closing {
    pub(super) fn new() -> Self {
        Self {
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

    /// Says why it is going to be closed. The first one counts.
    pub(super) fn fail(&self, task: FailedTask) {
        let _ = self.failed.set(task);
    }

    pub(super) fn failed_task(&self) -> Option<FailedTask> {
        self.failed.get().copied()
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
