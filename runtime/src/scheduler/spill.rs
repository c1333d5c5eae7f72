//! What a worker has *spilt*: tasks that its queue has no room for, and those that yield while others wait behind it. They are in its own shard of the injector.
//!
//! Comes in: a task, with the queue full, or from a poll that yielded. Goes out: the same, behind all that was in the queue, and in turns with what waits outside. Called
//! by the worker's loop.

#![forbid(unsafe_code)]

use super::worker::Worker;
use super::{OUTSIDE_SHARDS, Scheduler};
use crate::task::Task;
use std::cell::Cell;

/// The worker's own part.
pub(super) struct Spill {
    /// This worker's shard of the injector, and whether it has put anything there that may be there still.
    pub(super) shard: usize,
    is_used: Cell<bool>,
    /// The shards whose tasks are ahead of one that yields: this worker's and the outside ones; a mask.
    pub(super) ahead: usize,
    /// How often they had a turn.
    turns: Cell<usize>,
}

impl Spill {
    pub(super) fn new(scheduler: &Scheduler, worker: usize) -> Self {
        let shard = scheduler.spill_shard(worker);
        let outside = usize::MAX << scheduler.outside().start;
        Self {
            shard,
            is_used: Cell::new(false),
            ahead: outside | 1 << shard,
            turns: Cell::new(0),
        }
    }
}

impl Worker {
    /// Whether anything is in line behind the queue.
    #[inline]
    pub(super) fn has_spilt(&self) -> bool {
        self.spill.is_used.get() && self.scheduler.injector.holds(self.spill.shard)
    }

    /// Nothing is: what comes next goes to the queue, until that is full.
    #[inline]
    pub(super) fn begin_line(&self) {
        self.spill.is_used.set(false);
    }

    /// What is in line behind the queue: two tasks that talk to each other through the slot don't go before it again and again. The shards outside, in whose line it is as well,
    /// have every second turn.
    #[inline]
    pub(super) fn take_spilt(&self) -> Option<Task> {
        if self.has_spilt() {
            self.take_turn()
        } else {
            None
        }
    }

    fn take_turn(&self) -> Option<Task> {
        let turn = self.spill.turns.get().wrapping_add(1);
        self.spill.turns.set(turn);
        let shard = if turn.is_multiple_of(2) {
            self.spill.shard
        } else {
            self.scheduler.outside().start + turn / 2 % OUTSIDE_SHARDS
        };
        self.take_injected_from(shard, self.spill.ahead)
    }

    /// The queue has no room.
    pub(super) fn overflow(&self, task: Task) {
        self.counts().overflows.add(1);
        self.offer(self.maintenance.last());
        self.spill(task);
    }

    pub(super) fn spill(&self, task: Task) {
        self.spill.is_used.set(true);
        if let Err(task) = self.scheduler.injector.push(task, self.spill.shard) {
            task.cancel();
        }
    }
}
