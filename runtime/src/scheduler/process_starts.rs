//! Whether workers start processes, one after the other: then the watcher looks on less often.
//!
//! Comes in: that a worker is about to start one. Goes out: how long the watcher sleeps. A look costs a processor some 25 µs, most of it to wake up, and the process that is just beginning
//! could have had it: that is what a program that does nothing else would lose by being watched. To start a process keeps a worker for some hundred microseconds, which is no
//! more than many a poll takes.

#![forbid(unsafe_code)]

use super::current;
use super::relief::TICK;
use crate::loom::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// The watcher's sleep if a process was started during its last one.
const LONG_TICK: Duration = Duration::from_millis(4);

/// How many have been started by workers. A guess is made of it: so Relaxed.
pub(super) struct ProcessStarts(AtomicU32);

impl ProcessStarts {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// How long the watcher is to sleep now, which has `seen` so many before its last sleep.
    pub(super) fn tick(&self, seen: &mut Option<u32>) -> Duration {
        let starts = self.0.load(Relaxed);
        match seen.replace(starts) {
            Some(before) if before != starts => LONG_TICK,
            _ => TICK,
        }
    }

    fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// This thread is about to start a process.
pub(crate) fn starts_process() {
    current::with(|worker| {
        if let Some(worker) = worker {
            worker.scheduler.process_starts.add();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sleep_after_one_in_which_a_process_was_started_is_long() {
        let starts = ProcessStarts::new();
        starts.add();
        let mut seen = None;
        assert_eq!(starts.tick(&mut seen), TICK);
        assert_eq!(starts.tick(&mut seen), TICK);
        starts.add();
        starts.add();
        assert_eq!(starts.tick(&mut seen), LONG_TICK);
        assert_eq!(starts.tick(&mut seen), TICK);
    }
}
