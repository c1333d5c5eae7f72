//! Giving way: a worker that has the same processor as another, which has things to do, sleeps rather than help it.
//!
//! Comes in: a worker that has run out of work, or was woken for some. Goes out: whether it had better sleep. Called by its search; what a worker that gives way
//! owes the others is in `sleep.rs`.
//!
//! Two threads on one processor do no more than one, but take turns, of some milliseconds: what lies in the queue of the one that is put aside waits meanwhile, and what
//! the other has taken to help it was only carried about. The kernel puts a thread that is woken on a processor that is idle, if there is one; so who finds itself
//! beside another worker knows that all are busy, with the clients of a server, say. (Measured with a client of one thread on the same two processors:
//! 64 connections were served 1.1 to 1.2 times as fast in the median, and the slowest hundredth of the answers took half as long.)

#![forbid(unsafe_code)]

use super::usage::this_processor;
use super::worker::Worker;

/// How often in a row a worker gives way. Then it stays once: of processors that are far apart the kernel moves threads from a busy one to an idle one only as long
/// as they want to run.
const TIMES: u32 = 16;

impl Worker {
    /// Whether it had better sleep. Asked once for each search.
    pub(super) fn should_give_way(&self) -> bool {
        let times = if self.shares_processor() {
            self.gave_way.get() + 1
        } else {
            0
        };
        let gives_way = (1..=TIMES).contains(&times);
        self.gave_way.set(if gives_way { times } else { 0 });
        gives_way
    }

    /// Whether another worker was on this processor when it looked last, is awake, and in no long poll: one that blocks leaves the processor to us.
    fn shares_processor(&self) -> bool {
        self.look_at_processor();
        let Some(processor) = self.remote().shown.processor() else {
            return false;
        };
        let mut remotes = self.scheduler.remotes.iter().enumerate();
        remotes.any(|(other, remote)| {
            other != self.index
                && remote.shown.processor() == Some(processor)
                && self.moves(other, self.scheduler.timers.clock().now())
        })
    }

    /// Shows on which processor it runs.
    pub(super) fn look_at_processor(&self) {
        if self.scheduler.remotes.len() > 1 {
            self.remote().shown.runs_on(this_processor());
        }
    }
}
