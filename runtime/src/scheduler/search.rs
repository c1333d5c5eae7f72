//! A worker's search for work elsewhere, between the last task of its own and its sleep.
//!
//! Comes in: a worker that has nothing to do, or was woken to search. Goes out: a task, from the injector, another worker or the reactor; or none, also if the worker
//! gives way to another (`giving_way.rs`). Called by the worker's loop. What a searcher owes the others is in `idle.rs`.

#![forbid(unsafe_code)]

use super::queue::Steal;
use super::worker::Worker;
use crate::loom::hint;
use crate::task::Task;

/// How often a searcher looks around before it sleeps; the pause between doubles. But one that an event woke looks once: what it waits for next is an event, and a
/// pause in which it doesn't look at the reactor takes time from who makes that, where processors are few. (As often as had paid lately was tried: connections were accepted 1.1 times as fast,
/// but a blocking job's round trip took twice as long.)
const ROUNDS: u32 = 4;
/// The first pause, in spins.
const SPINS: u32 = 32;

impl Worker {
    /// Looks for work elsewhere for a while, if not too many do.
    pub(super) fn search(&self) -> Option<Task> {
        self.end_theft();
        self.gives_way.set(self.should_give_way());
        if self.gives_way.get() || !self.searching.get() && !self.scheduler.idle.try_search() {
            return None;
        }
        self.searching.set(true);
        let rounds = if self.woken_by_event.get() { 1 } else { ROUNDS };
        for round in 0..rounds {
            if self.remote().summons.is_standing() {
                return None;
            }
            if let Some(task) = self.look_around().or_else(|| self.look_at_the_reactor()) {
                return Some(task);
            }
            for _ in 0..SPINS << round {
                hint::spin_loop();
            }
        }
        None
    }

    /// The injector; the others' queues, beginning at a random one, but for those that are reserved; the next-slots of those that are stuck.
    fn look_around(&self) -> Option<Task> {
        if let Some(task) = self.take_injected() {
            return Some(task);
        }
        let workers = self.scheduler.remotes.len();
        if workers == 1 {
            return None;
        }
        let start = self.rng.below(workers);
        let victims = (0..workers).map(|step| (start + step) % workers);
        for victim in victims.filter(|&victim| victim != self.index) {
            if !self.scheduler.remotes.get(victim).reserved.is_on()
                && let Some(task) = self.steal(victim)
            {
                self.begin_theft(victim);
                return Some(task);
            }
        }
        self.relieve_slots()
    }

    /// Takes what another's queue gives at once: a task to run, and maybe more into the own queue.
    pub(super) fn steal(&self, victim: usize) -> Option<Task> {
        let stealer = &self.scheduler.remotes.get(victim).stealer;
        let before = self.queue.len();
        loop {
            match stealer.steal(&self.queue) {
                Steal::Task(task) => {
                    // What others have stolen from here since is not seen.
                    let more = self.queue.len().saturating_sub(before);
                    self.has_stolen(1 + more);
                    return Some(task);
                }
                Steal::Retry => hint::spin_loop(),
                Steal::Empty => return None,
            }
        }
    }

    pub(super) fn has_stolen(&self, tasks: usize) {
        let counts = self.counts();
        counts.stolen.add(tasks as u64);
        counts.thefts.add(1);
    }

    /// Takes what events there are, if there were several the last time, so that more may have come since.
    fn look_at_the_reactor(&self) -> Option<Task> {
        if !self.maintenance.was_rich() {
            return None;
        }
        self.turn(|| self.turn_reactor());
        let task = self.queue.pop();
        if task.is_some() {
            let now = self.scheduler.timers.clock().now();
            self.was_busy(now);
            self.maintenance.is_done(now);
            self.defer_announcement(now);
        }
        task
    }

    /// No searcher any more: if it was the last, it wakes the next one if more work is in sight, beside what it keeps to itself for a while.
    #[inline]
    pub(super) fn stop_searching(&self) {
        if self.searching.get() {
            self.end_search();
        }
    }

    #[cold]
    fn end_search(&self) {
        self.searching.set(false);
        if self.was_woken.replace(false) {
            self.scheduler.patience.lose();
        }
        if self.scheduler.idle.end_search() {
            let in_sight = if self.maintenance.keeps_to_itself() {
                self.scheduler.has_work_beside(self.index)
            } else {
                self.scheduler.has_work()
            };
            // The fence behind UNSEARCH serves this LOOK, too: whoever goes to sleep after it has its own CHECK.
            if in_sight {
                self.scheduler.glance();
            }
        }
    }
}
