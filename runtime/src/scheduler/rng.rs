//! The one source of chance: a seed fixes which victim a thief tries first, and which branch `select!` does.

#![forbid(unsafe_code)]

use std::cell::Cell;

/// Marsaglia's xorshift64* ("An experimental exploration of Marsaglia's xorshift generators, scrambled", Vigna 2014).
pub(super) struct Rng(Cell<u64>);

impl Rng {
    /// For a thread that is no worker: the same stream for each.
    pub(super) const fn outside() -> Self {
        Self(Cell::new(0x9E37_79B9_7F4A_7C15))
    }

    /// A stream of its own for each worker.
    pub(super) fn new(seed: u64, worker: usize) -> Self {
        // SplitMix64's increment: distinct, well mixed states for neighbouring workers; never zero, which would be a fixed point.
        let state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(worker as u64 + 1));
        Self(Cell::new(state.max(1)))
    }

    /// A number below `bound`, which is not zero.
    pub(super) fn below(&self, bound: usize) -> usize {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        let high = x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        ((high * bound as u64) >> 32) as usize
    }
}
