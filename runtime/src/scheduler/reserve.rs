//! Reserve: a worker whose tasks are not worth carrying away keeps its queue to itself for a while.
//!
//! Comes in: how long what a thief took has kept it busy. Goes out: whether a worker's queue is reserved; then nobody takes from it, and what is pushed there wakes nobody.
//! Called by the worker's loop, its search and its sleep.
//!
//! Tasks that talk to each other, message by message, lose by being shared out: a processor fetches what such a task touches from another's cache for longer than it then
//! runs it, and is soon without work again. Nobody knows that beforehand; thieves learn it. One that comes back with empty hands, four times in a row sooner than a thread
//! could have been woken, *complains* to whom it has taken from last, who reserves its queue. When the time is over it offers its tasks again; if it is complained of again, the next
//! time is twice as long, so that in the end what is offered in vain costs little. (To offer parallelism only as often as that pays is the idea of heartbeat scheduling:
//! Acar, Charguéraud, Guatto, Rainey, Sieczkowski, "Heartbeat Scheduling: Provable Efficiency for Nested Parallelism", PLDI 2018.)
//!
//! Nothing waits long for it: a queue is not reserved, or not any more, if its worker's polls are long, if those that wait would come to a long time, or if some had no room. And a worker that is
//! stuck in a poll is relieved of its queue, reserved or not (`relief.rs`).

#![forbid(unsafe_code)]

use super::relief::LONG_POLL;
use super::worker::Worker;
use crate::loom::atomic::{AtomicBool, Ordering::Relaxed};
use crate::time::Instant;
use std::cell::Cell;
use std::time::Duration;

/// For how long a theft must keep a thief busy; and how long a worker's polls may be, in the mean, if it keeps tasks to itself: about what it costs to wake a thread.
const WORTHWHILE: Duration = Duration::from_micros(8);
/// How many thefts in a row must have been for less, until the thief complains.
const IN_VAIN: u32 = 4;
/// How long a queue is reserved the first time, and at the most.
const FIRST: Duration = Duration::from_micros(64);
const MOST: Duration = Duration::from_millis(1);
/// After how many polls at most a worker looks at the clock meanwhile.
pub(super) const RESERVED_POLLS: u32 = 8;

/// What the others see of it.
pub(super) struct Reserved {
    is_on: AtomicBool,
    /// Somebody complains.
    complaint: AtomicBool,
}

impl Reserved {
    pub(super) fn new() -> Self {
        Self {
            is_on: AtomicBool::new(false),
            complaint: AtomicBool::new(false),
        }
    }

    /// Whether the worker's queue is its own. Relaxed: where it matters, in the CHECK of who goes to sleep, fences order it (`idle.rs`).
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    pub(super) fn begin(&self) {
        self.is_on.store(true, Relaxed);
    }

    /// Who ends it announces afterwards what is in the queue: those who went to sleep meanwhile have not looked there.
    pub(super) fn end(&self) {
        self.is_on.store(false, Relaxed);
    }

    fn complain(&self) {
        self.complaint.store(true, Relaxed);
    }

    /// Whether anybody has complained since this was last asked.
    fn take_complaint(&self) -> bool {
        // Of two complaints at once one counts. Mostly there is none, and the line stays where it is.
        let complaint = self.complaint.load(Relaxed);
        if complaint {
            self.complaint.store(false, Relaxed);
        }
        complaint
    }
}

/// The worker's own part.
pub(super) struct Reserve {
    /// Since when the queue is reserved; until when it was last; and for how long it is, or was.
    since: Cell<Option<Instant>>,
    ended: Cell<Option<Instant>>,
    lasts: Cell<Duration>,
    /// How often the worker had polled at the last look, and how long it had been busy, in nanoseconds.
    polls: Cell<u64>,
    busy: Cell<u64>,
    /// As a thief: from whom it took last, and when; and how many thefts in a row were in vain.
    theft: Cell<Option<(usize, Instant)>>,
    in_vain: Cell<u32>,
}

impl Reserve {
    pub(super) fn new() -> Self {
        Self {
            since: Cell::new(None),
            ended: Cell::new(None),
            lasts: Cell::new(FIRST),
            polls: Cell::new(0),
            busy: Cell::new(0),
            theft: Cell::new(None),
            in_vain: Cell::new(0),
        }
    }
}

impl Worker {
    /// Whether this worker's queue is reserved.
    #[inline]
    pub(super) fn is_reserved(&self) -> bool {
        self.reserve.since.get().is_some()
    }

    /// At each look at the clock: reserves the queue, or offers it again.
    pub(super) fn see_to_reserve(&self, now: Instant) {
        let is_patient = self.is_soon_done();
        let complaint = self.remote().reserved.take_complaint();
        if let Some(since) = self.reserve.since.get() {
            let is_over = now.saturating_duration_since(since) >= self.reserve.lasts.get();
            if is_over || !is_patient {
                self.offer(now);
            }
        } else if complaint && is_patient {
            self.begin_reserve(now);
        }
    }

    /// Whether what is in the queue is done soon, if it takes as long as what was polled since this was last asked.
    fn is_soon_done(&self) -> bool {
        let (polls, busy) = (self.counts().polls.get(), self.counts().busy.get());
        let since = polls - self.reserve.polls.replace(polls);
        let each = (busy - self.reserve.busy.replace(busy)) / since.max(1);
        let all = each.saturating_mul(self.queue.len() as u64);
        Duration::from_nanos(each) < WORTHWHILE && Duration::from_nanos(all) < LONG_POLL
    }

    fn begin_reserve(&self, now: Instant) {
        let reserve = &self.reserve;
        let lasted = reserve.lasts.get();
        let ended = reserve.ended.get();
        let again = ended.is_some_and(|ended| now.saturating_duration_since(ended) < lasted);
        let lasts = if again { lasted * 2 } else { FIRST };
        reserve.lasts.set(lasts.min(MOST));
        reserve.since.set(Some(now));
        self.remote().reserved.begin();
    }

    /// Whoever wants to may take from the queue again, if it was reserved, and is told so.
    pub(super) fn offer(&self, now: Instant) {
        if self.reserve.since.take().is_some() {
            self.reserve.ended.set(Some(now));
            self.remote().reserved.end();
            if !self.queue.is_empty() {
                self.announce();
            }
        }
    }

    /// It has taken something from a worker that moves.
    pub(super) fn begin_theft(&self, victim: usize) {
        let now = self.scheduler.timers.clock().now();
        self.reserve.theft.set(Some((victim, now)));
    }

    /// It has run out of work again.
    pub(super) fn end_theft(&self) {
        if let Some((victim, since)) = self.reserve.theft.take() {
            let now = self.scheduler.timers.clock().now();
            self.judge_theft(victim, now.saturating_duration_since(since));
        }
    }

    /// What was taken from `victim` has kept this worker busy for so long.
    fn judge_theft(&self, victim: usize, busy: Duration) {
        let in_vain = if busy < WORTHWHILE {
            self.reserve.in_vain.get().saturating_add(1)
        } else {
            0
        };
        self.reserve.in_vain.set(in_vain);
        if in_vain >= IN_VAIN {
            self.scheduler.remotes.get(victim).reserved.complain();
        }
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::super::queue::CAPACITY;
    use super::super::{Intervals, Options, ParkHooks, ReliefOptions, Scheduler};
    use super::*;
    use crate::task::{FailurePolicy, Spawn};
    use std::panic::Location;

    /// Two workers that nobody runs, and a time.
    fn workers() -> (Worker, Worker, Instant) {
        let options = Options {
            relief: ReliefOptions {
                after: Duration::from_millis(5),
                standbys: 0,
                is_alone: false,
                on_slow_poll: None,
            },
            park_hooks: ParkHooks::default(),
            intervals: Intervals::default(),
            failures: FailurePolicy::DEFAULT,
        };
        let (scheduler, workers) = Scheduler::new(2, 0, options, None);
        let [one, other] = workers.try_into().ok().expect("two were asked for");
        (one, other, scheduler.timers.clock().now())
    }

    /// So many tasks in its queue, beside one in its next-slot.
    fn fill(worker: &Worker, tasks: usize) {
        while worker.queue.len() < tasks {
            let spawn = Spawn::at(Location::caller());
            let (_handle, refused) = worker.spawn(std::future::ready(()), spawn);
            assert!(refused.is_none());
        }
    }

    /// The other complains, and it looks at the clock.
    fn complained_of(worker: &Worker, now: Instant) {
        worker.remote().reserved.complain();
        worker.see_to_reserve(now);
    }

    fn polled(worker: &Worker, polls: u64, each: Duration) {
        worker.counts().polls.add(polls);
        worker.counts().busy.add(polls * each.as_nanos() as u64);
    }

    #[test]
    fn a_thief_complains_when_it_has_come_for_too_little_too_often() {
        let (worker, thief, _) = workers();
        let complains = |busy: Duration| {
            thief.judge_theft(worker.index, busy);
            worker.remote().reserved.take_complaint()
        };
        let little = WORTHWHILE - Duration::from_nanos(1);
        for _ in 1..IN_VAIN {
            assert!(!complains(little));
        }
        assert!(!complains(WORTHWHILE), "that one was worth while");
        for _ in 1..IN_VAIN {
            assert!(!complains(little));
        }
        assert!(complains(little));
        assert!(complains(little), "and again each time");
    }

    #[test]
    fn what_is_reserved_is_nobody_elses_until_it_is_offered() {
        let (worker, thief, now) = workers();
        fill(&worker, 3);
        // Else the thief would take that, when the worker seems to be stuck.
        drop(worker.remote().slot.take());
        complained_of(&worker, now);
        assert!(worker.is_reserved());
        assert!(!thief.scheduler.has_work());
        assert!(thief.search().is_none());
        worker.see_to_reserve(now + FIRST - Duration::from_nanos(1));
        assert!(thief.search().is_none());
        worker.see_to_reserve(now + FIRST);
        assert!(!worker.is_reserved());
        assert!(thief.scheduler.has_work());
        assert!(thief.search().is_some());
    }

    #[test]
    fn who_is_complained_of_again_reserves_for_longer() {
        let (worker, _thief, mut now) = workers();
        let mut expected = FIRST;
        complained_of(&worker, now);
        for _ in 0..8 {
            worker.see_to_reserve(now + expected);
            now += expected;
            assert!(!worker.is_reserved());
            complained_of(&worker, now);
            assert!(worker.is_reserved());
            expected = (expected * 2).min(MOST);
            assert_eq!(worker.reserve.lasts.get(), expected);
        }
        assert_eq!(expected, MOST);
        worker.see_to_reserve(now + MOST);
        complained_of(&worker, now + MOST * 2);
        assert_eq!(worker.reserve.lasts.get(), FIRST, "that was long ago");
    }

    #[test]
    fn it_ends_when_polls_get_long_or_many_wait() {
        let (worker, _thief, now) = workers();
        polled(&worker, 10, WORTHWHILE);
        complained_of(&worker, now);
        assert!(!worker.is_reserved(), "its polls are long");

        polled(&worker, 10, WORTHWHILE / 8);
        complained_of(&worker, now);
        assert!(worker.is_reserved());
        fill(&worker, 50);
        polled(&worker, 10, WORTHWHILE / 8);
        worker.see_to_reserve(now);
        assert!(!worker.is_reserved(), "it has enough to do for 50 us");

        polled(&worker, 10, Duration::from_nanos(100));
        complained_of(&worker, now);
        assert!(worker.is_reserved());
        fill(&worker, CAPACITY * 3 / 4);
        while worker.counts().overflows.get() == 0 {
            assert!(worker.is_reserved());
            let spawn = Spawn::at(Location::caller());
            drop(worker.spawn(std::future::ready(()), spawn));
        }
        assert!(!worker.is_reserved(), "some had no room");
    }

    #[test]
    fn a_stuck_worker_is_relieved_of_what_it_has_reserved() {
        let (worker, watcher, now) = workers();
        worker.tick();
        fill(&worker, 3);
        complained_of(&worker, now);
        watcher.relieve_all(now);
        assert!(watcher.queue.is_empty());
        watcher.relieve_all(now + LONG_POLL);
        assert_eq!(watcher.queue.len(), 4);
    }
}
