//! A flag that asks a worker to look at its loop's condition: whether the runtime shuts down, or the future in `block_on` was woken.
//!
//! Comes in: a call, from any thread. Goes out: one answer for all calls since the last, which sees what was written before each of them.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// See the module.
pub(super) struct Summons(AtomicBool);

impl Summons {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// A read-modify-write, as in a task's wake: a plain store would hide what an earlier caller published.
    pub(super) fn call(&self) {
        self.0.swap(true, AcqRel);
    }

    pub(super) fn is_standing(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Whether there was a call since the last answer.
    pub(super) fn answer(&self) -> bool {
        self.is_standing() && self.0.swap(false, Acquire)
    }
}
