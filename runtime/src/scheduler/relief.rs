//! What is done about a worker that is stuck: in one poll for so long that what waits for it should not wait any more.
//!
//! Nobody reads a clock per poll: a worker publishes a tick, which it moves with each poll; whoever looks twice, with a clock of its own, and
//! sees the same tick knows how long the poll has lasted at least. Looked at by searchers, which are awake anyway, by the watcher (`idle.rs`) at each of
//! its ticks, and by busy workers now and then. A worker whose thread the kernel has put aside looks stuck as well, and is relieved likewise.

#![forbid(unsafe_code)]

use super::queue::Steal;
use super::worker::Worker;
use crate::loom::atomic::Ordering::Relaxed;
use crate::loom::hint;
use crate::task::Task;
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

/// Before the first poll. A worker whose thread has not come to its loop yet, a hook of the user's being slow, is stuck as well.
pub(super) const BEGINNING: u32 = 1;

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

impl Worker {
    /// A searcher's look: the task that waits in the next-slot of a worker that is stuck. (Queues it has looked at already.)
    pub(super) fn relieve_slots(&self) -> Option<Task> {
        let remotes = self.scheduler.remotes.iter().enumerate();
        let mut waiting =
            remotes.filter(|(victim, remote)| *victim != self.index && !remote.slot.is_empty());
        let first = waiting.next()?;
        let now = self.scheduler.timers.clock().now();
        std::iter::once(first)
            .chain(waiting)
            .find_map(|(victim, remote)| {
                if self.is_stuck(victim, now) {
                    remote.slot.take()
                } else {
                    None
                }
            })
    }

    /// The watcher's look. True: a worker is stuck.
    pub(super) fn relieve_all(&self, now: Instant) -> bool {
        let victims = 0..self.scheduler.remotes.len();
        // All of them, not only until one is stuck.
        victims.filter(|&victim| self.relieve(victim, now)).count() > 0
    }

    /// A busy worker's look: at each of the others in turn.
    pub(super) fn relieve_next(&self, now: Instant) {
        let victim = (self.suspect.get() + 1) % self.scheduler.remotes.len();
        self.suspect.set(victim);
        self.relieve(victim, now);
    }

    /// Takes over what waits for a worker, if it is stuck: true if it is.
    fn relieve(&self, victim: usize, now: Instant) -> bool {
        if victim == self.index || !self.is_stuck(victim, now) {
            return false;
        }
        let remote = &self.scheduler.remotes[victim];
        if let Some(task) = remote.slot.take() {
            self.push_unannounced(task);
        }
        while self.queue.room() > 0 {
            match remote.stealer.steal(&self.queue) {
                Steal::Task(task) => self.push_unannounced(task),
                Steal::Retry => hint::spin_loop(),
                Steal::Empty => break,
            }
        }
        let spill = self.scheduler.spill_shard(victim);
        while self.queue.room() > 0
            && let Some(task) = self.scheduler.injector.pop(spill, 1 << spill, &self.queue)
        {
            self.push_unannounced(task);
        }
        let wheel = self.scheduler.timers.wheel(victim);
        if wheel
            .next_deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.turn(|| wheel.turn(now));
        }
        true
    }

    fn is_stuck(&self, victim: usize, now: Instant) -> bool {
        let tick = self.scheduler.remotes[victim].tick.load(Relaxed);
        self.observations.is_stuck(victim, tick, now)
    }
}
