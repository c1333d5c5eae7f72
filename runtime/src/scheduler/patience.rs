//! How long a worker keeps to itself what a turn of the reactor or the timers has brought it, before it wakes another to share in it.
//!
//! Comes in: how each wake of a sleeper ended. Goes out: the time. Waking a thread costs more than many a task that it would take over, and where the
//! processors are busy the thread gets none before its waker is done. Nothing but experience tells: a worker that was woken and finds nothing left
//! doubles the patience of all, one that finds something halves it; one that has no processor of its own to run on (`giving_way.rs`) makes it as long as can be.

#![forbid(unsafe_code)]

use crate::loom::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// In microseconds: about what it costs to wake a thread; what a wake may cost where it is in vain; and at the most what the watcher takes to see it.
const LEAST: u32 = 8;
const FIRST: u32 = 32;
const MOST: u32 = 1_024;

/// In microseconds. Of two changes at once one may be lost: it is a guess.
pub(super) struct Patience(AtomicU32);

impl Patience {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(FIRST))
    }

    #[inline]
    pub(super) fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Relaxed).into())
    }

    /// A worker that was woken has found nothing.
    pub(super) fn gain(&self) {
        self.set((self.0.load(Relaxed) * 2).min(MOST));
    }

    /// A worker that was woken has found itself on the processor of one that was awake.
    pub(super) fn gain_all(&self) {
        self.set(MOST);
    }

    /// A worker that was woken has found something.
    pub(super) fn lose(&self) {
        self.set((self.0.load(Relaxed) / 2).max(LEAST));
    }

    /// Unchanged, it is only read, so that its cache line stays where it is.
    fn set(&self, microseconds: u32) {
        if microseconds != self.0.load(Relaxed) {
            self.0.store(microseconds, Relaxed);
        }
    }
}
