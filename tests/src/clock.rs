//! Real time, for the few tests that are about it.

use std::thread;
use std::time::{Duration, Instant};

/// Blocks this thread, as code does that has no business on a worker. Never to wait for something to happen: see [`receive`](crate::receive).
#[expect(clippy::disallowed_methods, reason = "that is what it is for")]
pub fn block_thread(duration: Duration) {
    thread::sleep(duration);
}

/// Measures real time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    #[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    #[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
