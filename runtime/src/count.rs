//! Numbers that are counted up on hot paths, and read by whoever asks for a runtime's metrics.
//!
//! Comes in: what there is to count, from the scheduler, the lists of tasks and the reactor. Goes out: how much it was, to `runtime/metrics.rs`. Knows nothing
//! of the rest of the crate.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that one thread at a time adds to: the one that it belongs to, or whoever holds the lock that stands beside it. So an addition is a plain load and a
/// plain store. Any thread may read it.
///
/// `std`'s atomics and relaxed, also under loom: nothing is published by it.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
