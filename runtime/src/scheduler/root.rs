//! The root: the future in `block_on` of the current-thread flavour, which is no task, but has its place in line as tasks have.
//!
//! Comes in: its wakes, as summons of the worker. Goes out: whether it is its turn. Called by `runtime/current_thread.rs`, between polls.

#![forbid(unsafe_code)]

use super::worker::Worker;
use std::cell::Cell;

/// After how many polls of the worker's it is the root's turn, if it has a place in line. 0: at once, since its thread has just begun.
#[derive(Default)]
pub(super) struct Turn(Cell<Option<u64>>);

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

    /// Takes its turn, if it was woken and all that was before it has had one. True: it is polled now.
    pub(crate) fn take_turn_of_root(&self) -> bool {
        if !self.remote().summons.is_standing() {
            return false;
        }
        // If it was woken on another thread, it lines up only now.
        self.line_up_root();
        let is_alone = self.queue.is_empty() && !self.scheduler.has_injected();
        let is_turn = is_alone || self.turn.0.get() <= Some(self.counts().polls.get());
        if is_turn {
            // The thread has just begun, and has looked at the clock for that.
            let is_first = self.turn.0.take() == Some(0);
            self.answer_summons();
            if !is_first {
                self.look_back(self.scheduler.timers.clock().now());
            }
            self.tick();
        }
        is_turn
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
