//! What is done about a worker that is stuck: in one poll for so long that what waits for it should not wait any more.
//!
//! Nobody reads a clock per poll: a worker publishes a tick, which it moves with each poll; whoever looks twice, with a clock of its own, and
//! sees the same tick knows how long the poll has lasted at least. Looked at by searchers, which are awake anyway, and by the watcher (`idle.rs`)
//! at each of its ticks.

#![forbid(unsafe_code)]

use crate::time::Instant;
use std::cell::Cell;
use std::time::Duration;

/// From when on a poll is long: a task in its worker's next-slot, and overdue timers, wait no longer. It is twice what it
/// costs to wake a sleeping thread and be woken back; a shorter bound would tear apart tasks that talk to each other.
pub(super) const LONG_POLL: Duration = Duration::from_micros(50);

/// The watcher's sleep while others run: how late stuck workers are relieved, twice this at most.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How many ticks in a row the watcher must find all asleep before it stops ticking: keeping it ticking a little costs less than unparking it
/// for each request of a server that has little to do.
pub(super) const QUIET_TICKS: u32 = 8;

/// A worker's tick while it sleeps.
pub(super) const ASLEEP: u32 = 0;

/// What one worker has seen of the others' ticks.
pub(super) struct Observations(Box<[Cell<Option<Seen>>]>);

/// A tick, and when it was seen first.
#[derive(Clone, Copy)]
struct Seen {
    tick: u32,
    at: Instant,
}

impl Observations {
    pub(super) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Cell::new(None)).collect())
    }

    /// Looks at a worker's tick: true if it has been in this one poll for long.
    pub(super) fn is_stuck(&self, worker: usize, tick: u32, now: Instant) -> bool {
        match self.0[worker].get() {
            Some(seen) if seen.tick == tick => {
                tick != ASLEEP && now.saturating_duration_since(seen.at) >= LONG_POLL
            }
            _ => {
                self.0[worker].set(Some(Seen { tick, at: now }));
                false
            }
        }
    }
}
