//! What a worker does beside its polls: it looks at the clock now and then, and when it is time at the timers, the reactor, the injector and the other workers; and
//! what it has brought home from there it shares, if it doesn't come to it soon.
//!
//! Comes in: each poll's end. Goes out: turns of the timers and the reactor, whose tasks queue up; a task to run next; an announcement. Called by the worker's
//! loop, its search and its sleep.

#![forbid(unsafe_code)]

use super::OUTSIDE_SHARDS;
use super::reserve::RESERVED_POLLS;
use super::worker::Worker;
use crate::failure;
use crate::task::Task;
use crate::time::{Coarse, Instant};
use std::cell::Cell;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

/// After how many polls at most a worker looks at the clock.
const CHECK_POLLS: u32 = 32;
/// The same while tasks are unannounced.
const UNANNOUNCED_POLLS: u32 = 3;
/// How long at most a busy worker leaves the injector, the reactor and its timers alone, give or take the polls between two looks at the clock.
const SLICE: Duration = Duration::from_micros(100);
/// How often everything that is ready has its turn before it no longer keeps `time::advance` waiting.
const RESTLESS_ROUNDS: u32 = 8;
/// Every so many slices a busy worker looks whether another's spilt tasks are far more than its own.
const LOOKS_AT_OTHERS: u32 = 16;

/// After how many polls at most a worker looks, whatever the clock says: the builder's. `None`: the clock alone says it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Intervals {
    /// At the reactor and the timers.
    pub(crate) events: Option<NonZeroU32>,
    /// At what has come from other threads.
    pub(crate) injector: Option<NonZeroU32>,
}

/// How many polls had been made when something was done last, that is to be done each so many polls.
#[derive(Default)]
struct Last(Cell<u64>);

impl Last {
    fn set(&self, polls: u64) {
        self.0.set(polls);
    }

    /// How many polls there are left. 0: it is due.
    fn left(&self, interval: Option<NonZeroU32>, polls: u64) -> u32 {
        interval.map_or(u32::MAX, |interval| {
            let since = polls - self.0.get();
            interval
                .get()
                .saturating_sub(u32::try_from(since).unwrap_or(u32::MAX))
        })
    }
}

/// When it was done last, and what came of it.
pub(super) struct Maintenance {
    /// Polls until the next look at the clock; how many there are between that and the last; and how many there should be.
    polls_left: Cell<u32>,
    polls_between: Cell<u32>,
    polls_wanted: Cell<u32>,
    /// The last look at the clock, and the last maintenance.
    checked: Cell<Instant>,
    maintained: Cell<Instant>,
    /// The last look back, and how many polls were left then.
    looked_back: Cell<Instant>,
    left_then: Cell<u32>,
    /// The last turns, and the last look at the injector's outside shards.
    turned: Last,
    took: Last,
    /// Looks at the injector's other shards.
    looks: Cell<u32>,
    /// While the time stands still and is to move on: the rounds since nothing was ready, or it last moved; and after how many polls this one is over.
    rounds: Cell<u32>,
    round_ends: Cell<u64>,
    /// How many events this worker's last turn of the reactor brought.
    events: Cell<usize>,
    /// In a turn of the reactor or the timers: what wakes up queues up.
    turning: Cell<bool>,
    /// Tasks were queued that nobody was told of; and since when the worker keeps such to itself.
    brought: Cell<bool>,
    unannounced: Cell<Option<Instant>>,
}

impl Maintenance {
    pub(super) fn new(now: Instant, intervals: &Intervals) -> Self {
        let shortest = [intervals.events, intervals.injector]
            .into_iter()
            .flatten()
            .min();
        let polls = shortest.map_or(CHECK_POLLS, |polls| polls.get().min(CHECK_POLLS));
        Self {
            polls_left: Cell::new(polls),
            polls_between: Cell::new(polls),
            polls_wanted: Cell::new(CHECK_POLLS),
            checked: Cell::new(now),
            maintained: Cell::new(now),
            looked_back: Cell::new(now),
            left_then: Cell::new(polls),
            turned: Last::default(),
            took: Last::default(),
            looks: Cell::new(0),
            rounds: Cell::new(0),
            round_ends: Cell::new(0),
            events: Cell::new(0),
            turning: Cell::new(false),
            brought: Cell::new(false),
            unannounced: Cell::new(None),
        }
    }

    #[inline]
    pub(super) fn is_turning(&self) -> bool {
        self.turning.get()
    }

    /// A thread begins to run the worker.
    pub(super) fn begin(&self, now: Instant) {
        self.checked.set(now);
        self.looked_back.set(now);
        self.left_then.set(self.polls_left.get());
    }

    /// Looks at the clock: how long it is since the last look, or the last sleep.
    pub(super) fn since_last_look(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.checked.replace(now))
    }

    /// Whether the last turn of the reactor brought several events.
    pub(super) fn was_rich(&self) -> bool {
        self.events.get() > 1
    }

    /// Whether it brought any.
    pub(super) fn brought_events(&self) -> bool {
        self.events.get() > 0
    }

    /// When the timers and the reactor were last seen to.
    pub(super) fn last(&self) -> Instant {
        self.maintained.get()
    }

    /// They are being seen to: time runs from here.
    pub(super) fn is_done(&self, now: Instant) {
        self.begin(now);
        self.maintained.set(now);
    }

    /// Whether there are tasks in the queue that nobody was told of, so far on purpose.
    pub(super) fn keeps_to_itself(&self) -> bool {
        self.unannounced.get().is_some()
    }
}

impl Worker {
    /// Every so many polls: looks at the clock, and if it is time at the timers, the reactor, the injector and another worker, so that tasks that are
    /// always ready starve nothing else. What it returns is run next.
    #[inline]
    pub(super) fn maintain(&self) -> Option<Task> {
        let left = self.maintenance.polls_left.get();
        if left > 0 {
            self.maintenance.polls_left.set(left - 1);
            return None;
        }
        self.look_at_the_clock()
    }

    #[cold]
    fn look_at_the_clock(&self) -> Option<Task> {
        let now = self.scheduler.timers.clock().now();
        Coarse::look();
        // Polls that take long are counted in smaller portions.
        let elapsed = self.was_busy(now);
        self.look_back(now);
        let polls = if elapsed > SLICE {
            (u128::from(self.maintenance.polls_between.get()) * SLICE.as_nanos()
                / elapsed.as_nanos()) as u32
        } else {
            (self.maintenance.polls_wanted.get() + 1).min(CHECK_POLLS)
        };
        self.maintenance.polls_wanted.set(polls);
        let elapsed = now.saturating_duration_since(self.maintenance.maintained.get());
        let turns = elapsed >= SLICE || self.polls_to_turns() == 0;
        if turns {
            self.maintenance.is_done(now);
            self.maintenance.turned.set(self.counts().polls.get());
            if self.scheduler.timers.clock().is_paused() && self.is_restless() {
                // Tasks that never rest don't keep `time::advance` waiting.
                self.scheduler.timers.jump(false);
            }
            // What is called in the turns is none of the last task's.
            self.tick();
            self.look_at_processor();
            self.turn(|| {
                self.fire_timers(now);
                self.turn_reactor();
            });
            self.relieve_next(now);
            self.defer_announcement(now);
        }
        let task = if turns || self.polls_to_injector() == 0 {
            self.maintenance.took.set(self.counts().polls.get());
            self.take_injected_elsewhere()
        } else {
            None
        };
        self.announce_in_time(now);
        self.see_to_reserve(now);
        // As long as something is unannounced, or reserved, the looks are closer.
        let polls = if self.maintenance.unannounced.get().is_some() {
            polls.min(UNANNOUNCED_POLLS)
        } else if self.is_reserved() {
            polls.min(RESERVED_POLLS)
        } else {
            polls
        };
        self.look_again_after(polls);
        self.maintenance
            .left_then
            .set(self.maintenance.polls_left.get());
        task
    }

    /// Whether all that was ready has had so many turns since the time last moved that it will hardly rest before it moves on. By polls, not by the clock: who was woken by that time and
    /// waits behind slow polls, or whose thread was put aside, must find it where it was.
    fn is_restless(&self) -> bool {
        let polls = self.counts().polls.get();
        if !self.scheduler.timers.is_to_advance() {
            self.begin_rounds();
        } else if polls >= self.maintenance.round_ends.get() {
            let in_slot = usize::from(!self.remote().slot.is_empty());
            let ready = self.queue.len() + in_slot + self.scheduler.injector.depth();
            self.maintenance.round_ends.set(polls + ready as u64);
            self.maintenance
                .rounds
                .set(self.maintenance.rounds.get() + 1);
        }
        let is_restless = self.maintenance.rounds.get() > RESTLESS_ROUNDS;
        if is_restless {
            self.begin_rounds();
        }
        is_restless
    }

    /// The time moves on, or need not.
    pub(super) fn begin_rounds(&self) {
        self.maintenance.rounds.set(0);
        self.maintenance.round_ends.set(0);
    }

    /// How many polls there may be before the turns, or the look at the injector, if the builder has said so.
    fn polls_to_turns(&self) -> u32 {
        let polls = self.counts().polls.get();
        let interval = self.scheduler.intervals.events;
        self.maintenance.turned.left(interval, polls)
    }

    fn polls_to_injector(&self) -> u32 {
        let polls = self.counts().polls.get();
        let interval = self.scheduler.intervals.injector;
        self.maintenance.took.left(interval, polls)
    }

    /// After so many polls, or as few as the builder has said.
    fn look_again_after(&self, polls: u32) {
        let polls = polls
            .min(self.polls_to_turns())
            .min(self.polls_to_injector());
        self.maintenance.polls_between.set(polls);
        self.maintenance.polls_left.set(polls);
    }

    /// Where nobody else looks on: did the polls since the last look back take too long?
    pub(super) fn look_back(&self, now: Instant) {
        let left = self.maintenance.polls_left.get();
        let polls = self
            .maintenance
            .left_then
            .replace(left)
            .saturating_sub(left);
        let then = self.maintenance.looked_back.replace(now);
        self.report_own(polls, now.saturating_duration_since(then));
    }

    /// Takes what events there are, if nobody else does.
    pub(super) fn turn_reactor(&self) {
        if let Some(mut turn) = self.scheduler.reactor.try_claim() {
            self.end_turn(turn.wait(Some(Duration::ZERO)));
        }
    }

    /// Notes how many events a turn of the reactor brought, and says so if it failed, which it does not while the descriptors of the process are in order. True: it
    /// did.
    pub(super) fn end_turn(&self, turn: io::Result<usize>) -> bool {
        if let Err(error) = &turn {
            failure::report(format_args!(
                "the reactor failed, and is tried again: {error}"
            ));
        }
        let failed = turn.is_err();
        self.maintenance.events.set(turn.unwrap_or(0));
        failed
    }

    /// What a turn has brought is this worker's for a while (`patience.rs`). One task is for itself anyway.
    pub(super) fn defer_announcement(&self, now: Instant) {
        if self.maintenance.brought.replace(false)
            && self.maintenance.unannounced.get().is_none()
            && self.queue.has_several()
        {
            self.maintenance.unannounced.set(Some(now));
            self.look_again_after(self.maintenance.polls_wanted.get().min(UNANNOUNCED_POLLS));
        }
    }

    fn announce_in_time(&self, now: Instant) {
        let Some(since) = self.maintenance.unannounced.get() else {
            return;
        };
        if !self.queue.has_several() {
            self.maintenance.unannounced.set(None);
        } else if now.saturating_duration_since(since) >= self.scheduler.patience.get() {
            self.maintenance.unannounced.set(None);
            if !self.is_reserved() {
                self.announce();
            }
        }
    }

    /// What came from outside, each shard in turn; but now and then from the fullest worker's, so that none's tasks have far less of the time.
    fn take_injected_elsewhere(&self) -> Option<Task> {
        let injector = &self.scheduler.injector;
        let workers = self.scheduler.outside().start;
        let look = self.maintenance.looks.get().wrapping_add(1);
        self.maintenance.looks.set(look);
        if look.is_multiple_of(LOOKS_AT_OTHERS)
            && let Some(shard) = injector.far_fuller(self.spill.shard, workers)
        {
            return self.take_injected_from(shard, 1 << shard);
        }
        let outside = usize::MAX << workers;
        self.take_injected_from(workers + look as usize % OUTSIDE_SHARDS, outside)
    }

    pub(super) fn fire_timers(&self, now: Instant) {
        let timers = &self.scheduler.timers;
        let now = timers.clock().of_timers(now);
        let own = self.wheel().map(|wheel| timers.wheel(wheel));
        for wheel in own.into_iter().chain([timers.shared()]) {
            if wheel
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                wheel.turn(now);
            }
        }
    }

    /// Makes a turn of the reactor or the timers: what it wakes goes to the back of the queue, and is announced by the caller, once.
    pub(super) fn turn<R>(&self, f: impl FnOnce() -> R) -> R {
        self.maintenance.turning.set(true);
        let result = f();
        self.maintenance.turning.set(false);
        result
    }

    /// Queues a task that nobody is told of for now.
    pub(super) fn push_unannounced(&self, task: Task) {
        self.maintenance.brought.set(true);
        self.push_back(task);
    }
}
