//! What a worker counts of what it does, for a runtime's metrics: plain stores to numbers of its own.
//!
//! Comes in: polls, sleeps, thefts, from the worker. Goes out: their numbers, to `runtime/metrics.rs`.

#![forbid(unsafe_code)]

use super::Scheduler;
use super::worker::Worker;
use crate::count::Count;
use crate::time::Instant;
use std::time::Duration;

/// One worker's numbers. See the module.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) polls: Count,
    /// Sleeps that have begun, and sleeps that have ended.
    pub(crate) parks_and_unparks: Count,
    /// How long it has been awake, in nanoseconds, as far as it has looked at the clock.
    pub(crate) busy: Count,
    /// Tasks that had no room in its queue.
    pub(crate) overflows: Count,
    /// Tasks that it has taken from others, and how often it has taken some.
    pub(crate) stolen: Count,
    pub(crate) thefts: Count,
}

impl Scheduler {
    /// How many workers there are, without standbys.
    pub(crate) fn num_workers(&self) -> usize {
        self.remotes.workers()
    }

    /// How many standbys have been made; and how many of them are on duty.
    pub(crate) fn num_standbys(&self) -> (usize, usize) {
        let workers = self.num_workers();
        let on_duty = self.idle.members().saturating_sub(workers);
        (self.remotes.len() - workers, on_duty)
    }

    /// A worker's numbers; `None` if there is none of this index. Standbys come after the workers.
    pub(crate) fn counts(&self, worker: usize) -> Option<&Counts> {
        (worker < self.remotes.len()).then(|| &*self.remotes.get(worker).counts)
    }

    /// How many tasks wait in a worker's queue, and its next-slot.
    pub(crate) fn local_queue_depth(&self, worker: usize) -> usize {
        let remote = self.remotes.get(worker);
        remote.stealer.len() + usize::from(!remote.slot.is_empty())
    }

    /// How many tasks wait in the injector: a walk over those that no worker has looked at yet.
    pub(crate) fn injected(&self) -> usize {
        self.injector.depth()
    }

    /// How many tasks have come from threads that are no workers of this scheduler.
    pub(crate) fn scheduled_outside(&self) -> u64 {
        self.injector.pushed(self.outside())
    }

    /// How many tasks have been spawned; and how many of them have not ended.
    pub(crate) fn num_tasks(&self) -> (u64, usize) {
        (self.tasks.inserted(), self.tasks.len())
    }
}

impl Worker {
    #[inline]
    pub(super) fn counts(&self) -> &Counts {
        &self.remote().counts
    }

    /// It has been awake since the last look at the clock: for so long.
    pub(super) fn was_busy(&self, now: Instant) -> Duration {
        let elapsed = self.maintenance.since_last_look(now);
        let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.counts().busy.add(nanoseconds);
        elapsed
    }
}
