//! The time, roughly: for what asks no more than how old something is.
//!
//! Comes in: the system's coarse clock, read by threads that look at a clock anyway ([`Coarse::look`]). Goes out: what was seen last, to whoever spawns on a worker, for the price of a
//! load ([`Coarse::latest`]); and ages, to reports. Time that is paused goes on here.

#![deny(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// A moment, in units of 10 ms. It is four bytes, which a task's header has room for; after 497 days ages begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coarse(u32);

/// What a thread has seen last. `std`'s, also under loom: nothing is published by it.
static LATEST: AtomicU32 = AtomicU32::new(0);

impl Coarse {
    const UNIT_NANOS: u32 = 10_000_000;

    /// Reads the clock: some 5 ns.
    #[inline]
    pub(crate) fn now() -> Self {
        let now = since_some_start();
        // In small numbers: a division of 128 bits would cost more than the look.
        let (per_second, nanos) = (1_000_000_000 / Self::UNIT_NANOS, now.subsec_nanos());
        Self(
            (now.as_secs() as u32)
                .wrapping_mul(per_second)
                .wrapping_add(nanos / Self::UNIT_NANOS),
        )
    }

    /// Reads the clock for the others.
    #[inline]
    pub(crate) fn look() {
        let Self(now) = Self::now();
        // Read by every spawn on a worker: it is written a hundred times a second at most.
        if LATEST.load(Relaxed) != now {
            LATEST.store(now, Relaxed);
        }
    }

    /// What was seen last. Workers look whenever they get up and, while they move, each 32 polls at most; the sentinel each 1.25 ms while all of them are busy. So a worker that asks
    /// is late by the poll that it is in, at most, if it is alone, and mostly by much less.
    #[inline]
    pub(crate) fn latest() -> Self {
        Self(LATEST.load(Relaxed))
    }

    /// How long ago it was, give or take 20 ms.
    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    fn since(self, earlier: Self) -> Duration {
        let passed = self.0.wrapping_sub(earlier.0);
        // Two threads that look at once may leave the earlier of their times.
        let is_ahead = passed > u32::MAX / 2;
        if is_ahead {
            Duration::ZERO
        } else {
            Duration::from_nanos(Self::UNIT_NANOS.into()) * passed
        }
    }
}

/// A clock that never goes back, with the resolution of the system's ticks: 1 to 10 ms.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
fn since_some_start() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // By libc: rustix looks for the kernel's page itself, and dies of it under valgrind. Were there no such clock, ages would be zero.
    #[expect(unsafe_code, reason = "a system call of libc's")]
    // SAFETY: it writes to a `timespec` that is ours.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now);
    }
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since_some_start() -> Duration {
    use super::Instant;
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let now = Instant::of_system();
    now.saturating_duration_since(*START.get_or_init(|| now))
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        assert_eq!(Coarse(150).since(Coarse(50)), Duration::from_secs(1));
        // Over the end of the count.
        assert_eq!(
            Coarse(49).since(Coarse(u32::MAX - 50)),
            Duration::from_secs(1)
        );
        // Another thread has looked a little later.
        assert_eq!(Coarse(50).since(Coarse(51)), Duration::ZERO);
        Coarse::look();
        assert!(Coarse::latest().elapsed() < Duration::from_secs(60));
    }
}
