//! Whether the runtime has shut down: a flag, and what it takes for a worker that comes to learn of it.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release, SeqCst},
    fence,
};

/// See the module.
pub(super) struct Closing(AtomicBool);

impl Closing {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Closes. Afterwards the workers are summoned, so that those which sleep look.
    pub(super) fn close(&self) {
        self.0.store(true, Release);
        // Against `is_closed_to_newcomer`.
        fence(SeqCst);
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.0.load(Acquire)
    }

    /// The same, for a worker that has just been added to those that there are: either it sees that it is closed, or who closes sees it, and summons it.
    pub(super) fn is_closed_to_newcomer(&self) -> bool {
        fence(SeqCst);
        self.is_closed()
    }
}
