//! The root: the future in `block_on` of the current-thread flavour, which is no task, but has its place in line as tasks have.
//!
//! Comes in: its wakes, as summons of the worker. Goes out: whether it is its turn, and whether the runtime has shut down, for which the worker is summoned, too. Called by `runtime/current_thread.rs`, between polls.

#![forbid(unsafe_code)]

use super::closing::Closing;
use super::summons::Summons;
use super::worker::Worker;
use std::cell::Cell;

/// After how many polls of the worker's it is the root's turn, if it has a place in line. 0: at once, since its thread has just begun.
#[derive(Default)]
pub(super) struct Turn(Cell<Option<u64>>);

/// What whoever runs the worker finds between two polls.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Look {
    /// The runtime has shut down.
    Closed,
    /// The root is to be polled now.
    TurnOfRoot,
    Nothing,
}

impl Look {
    /// Answers the summons, if it is the turn of the root.
    pub(super) fn new(
        summons: &Summons,
        closing: &Closing,
        is_turn: impl FnOnce() -> bool,
    ) -> Self {
        let answers = summons.is_standing() && is_turn() && summons.answer();
        // Looked at afterwards: who shuts the runtime down summons the worker as well, and may just have been answered with the root's waker.
        if closing.is_closed() {
            Self::Closed
        } else if answers {
            Self::TurnOfRoot
        } else {
            Self::Nothing
        }
    }
}

impl Worker {
    /// The thread is about to run this worker with another root: it is polled first, since it has a waker of its own then.
    pub(crate) fn begin_with_root(&self) {
        self.turn.0.set(Some(0));
        self.remote().summons.call();
    }

    /// It is woken on this thread: its place is behind all that waits by now.
    pub(super) fn line_up_root(&self) {
        if self.turn.0.get().is_none() {
            let polls = self.counts().polls.get();
            self.turn.0.set(Some(polls + self.line() as u64));
        }
    }

    /// Looks between two polls of tasks, and takes the root's turn, if it is.
    pub(crate) fn look_between_polls(&self) -> Look {
        let summons = &self.remote().summons;
        let look = Look::new(summons, &self.scheduler.closing, || self.is_turn_of_root());
        if look == Look::TurnOfRoot {
            // The thread has just begun, and has looked at the clock for that.
            let is_first = self.turn.0.take() == Some(0);
            if !is_first {
                self.look_back(self.scheduler.timers.clock().now());
            }
            self.tick();
        }
        look
    }

    /// Whether all that was before the root, which was woken, has had a turn.
    fn is_turn_of_root(&self) -> bool {
        // If it was woken on another thread, it lines up only now.
        self.line_up_root();
        let is_alone = self.queue.is_empty() && !self.scheduler.has_injected();
        is_alone || self.turn.0.get() <= Some(self.counts().polls.get())
    }

    /// How many tasks wait for this worker: in its queue, and if that had no room for all also in the injector. Those are counted by a walk over them.
    fn line(&self) -> usize {
        let behind = if self.has_spilt() {
            self.scheduler.injector.depth()
        } else {
            0
        };
        self.queue.len() + behind
    }
}
