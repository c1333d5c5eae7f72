//! How a worker sleeps: in the reactor, if nobody else turns it, or in its parker.
//!
//! Comes in: a worker that has found nothing to do. Goes out: the same worker, once there is something, be it that an event, a timer or another thread
//! woke it. Called by the worker's loop. `idle.rs` has the protocol, `relief.rs` what a watcher looks for.

#![forbid(unsafe_code)]

use super::relief::QUIET_TICKS;
use super::worker::Worker;
use crate::time::{Coarse, Instant};
use std::time::Duration;

/// How long a worker sleeps whose reactor failed.
const REACTOR_RETRY: Duration = Duration::from_millis(10);

impl Worker {
    pub(super) fn sleep(&self) {
        let scheduler = &self.scheduler;
        let idle = &scheduler.idle;
        let gives_way = self.gives_way.replace(false);
        match (self.was_woken.replace(false), gives_way) {
            (true, true) => scheduler.patience.gain_all(),
            (true, false) => scheduler.patience.gain(),
            (false, _) => {}
        }
        // There is nothing left in it but what a hook has made.
        self.offer(self.maintenance.last());
        idle.fall_asleep(self.index, self.searching.replace(false));
        // Who gives way leaves all that there is to those who are awake, the reactor included.
        let gives_way = gives_way && idle.may_give_way();
        // Wakes in a row at which all were asleep.
        let mut quiet = 0;
        // Processes that had been started at the last look.
        let mut starts = None;
        let mut claim = !gives_way;
        // CHECK. Afterwards, what comes to a queue is announced in time by its owner, or by who relieves that.
        let mut in_sight = !gives_way && scheduler.has_work();
        while self.queue.is_empty() && !in_sight && !self.remote().summons.is_standing() {
            let now = scheduler.timers.clock().now();
            self.look_back(now);
            self.was_busy(now);
            let watching = idle.take_watch(self.index);
            claim |= watching && self.relieve_all(now);
            if !self.queue.is_empty() {
                break;
            }
            let bound = self.bound(watching, &mut quiet, &mut starts, now);
            self.remote().shown.sleeps();
            self.counts().parks_and_unparks.add(1);
            let unparked = if scheduler.timers.clock().is_paused() {
                self.wait_paused(claim)
            } else {
                self.wait(claim, bound)
            };
            self.counts().parks_and_unparks.add(1);
            let now = scheduler.timers.clock().now();
            Coarse::look();
            self.maintenance.is_done(now);
            self.turn(|| self.fire_timers(now));
            if idle.ends_sleep(self.index, !self.queue.is_empty()) {
                break;
            }
            in_sight = scheduler.has_injected();
            // Who runs, and isn't stuck, will come back to the reactor before long. It is left to it, since who turns the reactor had better
            // not be the watcher, which is missed whenever it leaves its post.
            claim = idle.awake() == 0;
            quiet = if claim && !unparked {
                quiet.saturating_add(1)
            } else {
                0
            };
        }
        // By who woke it, as a searcher.
        let counted_out = !idle.get_up(self.index);
        self.was_woken.set(counted_out);
        self.searching.set(counted_out);
        // If it saw work it searches, whatever the limit: it would go back to sleep, and see it again.
        if !counted_out && self.queue.is_empty() && scheduler.has_work() {
            idle.search();
            self.searching.set(true);
        }
        scheduler.have_watch_kept(idle.relieve_watch(self.index));
        self.look_at_processor();
        self.defer_announcement(self.maintenance.last());
    }

    /// One wait: in the reactor if it is to be claimed and nobody else turns it. True: an unpark ended it. The worker's tick moves before it does anything else:
    /// if the kernel now puts the thread aside, what it has woken until then can be taken over.
    fn wait(&self, claim: bool, bound: Option<Duration>) -> bool {
        let parker = &self.remote().parker;
        let turn = if claim {
            self.scheduler.reactor.try_claim()
        } else {
            None
        };
        let Some(mut turn) = turn else {
            let unparked = parker.park(bound);
            self.tick();
            self.woken_by_event.set(false);
            return unparked;
        };
        let wait = || self.end_turn(turn.wait_then(bound, || self.tick()));
        let failed = parker.enter_reactor() && self.turn(wait);
        drop(turn);
        let unparked = parker.leave_reactor();
        self.woken_by_event
            .set(!unparked && self.maintenance.brought_events());
        unparked || failed && parker.park(Some(REACTOR_RETRY))
    }

    /// The same while the time stands still, on the current-thread flavour. If nothing is left to do, it jumps to the next deadline, whose timers the caller fires.
    fn wait_paused(&self, claim: bool) -> bool {
        let scheduler = &*self.scheduler;
        if self.wait(claim, Some(Duration::ZERO)) {
            return true;
        }
        // In this order: who waits for a job is woken before it ends.
        let has_jobs = scheduler.timers.clock().has_jobs();
        let has_work = !self.queue.is_empty()
            || scheduler.has_injected()
            || self.remote().summons.is_standing();
        if has_work {
            return false;
        }
        self.begin_rounds();
        // As a turn: whom it wakes comes to the queue, where the loop around this looks before it jumps again.
        if self.turn(|| scheduler.timers.jump(!has_jobs)) {
            return false;
        }
        self.wait(claim, None)
    }

    /// How long a sleep may last: until the own timers' next deadline; for the watcher, also the shared timers' and its tick.
    fn bound(
        &self,
        watching: bool,
        quiet: &mut u32,
        starts: &mut Option<u32>,
        now: Instant,
    ) -> Option<Duration> {
        let timers = &self.scheduler.timers;
        let own = self
            .wheel()
            .and_then(|wheel| timers.wheel(wheel).next_deadline());
        let now = timers.clock().of_timers(now);
        let until = |deadline: Instant| deadline.saturating_duration_since(now);
        if !watching {
            return own.map(until);
        }
        if *quiet >= QUIET_TICKS && !self.scheduler.idle.stop_ticking() {
            *quiet = 0;
        }
        let ticking = *quiet < QUIET_TICKS && self.scheduler.remotes.len() > 1;
        let tick = ticking.then(|| self.scheduler.process_starts.tick(starts));
        let shared = timers.shared().next_deadline();
        [own.map(until), shared.map(until), tick]
            .into_iter()
            .flatten()
            .min()
    }
}
