//! What is done about a worker that is stuck: in one poll for so long that what waits for it should not wait any more.
//!
//! Nobody reads a clock per poll: a worker shows a tick, which moves with each poll (`shown.rs`); whoever looks twice, with a clock of its own, and
//! sees the same tick knows how long the poll has lasted at least. Looked at by searchers, which are awake anyway, by the watcher (`idle.rs`) at each of
//! its ticks, and by busy workers now and then: what waits for a stuck worker, they take over. A worker whose thread the kernel has put aside looks stuck as
//! well, and is relieved likewise.
//!
//! If a poll lasts for longer still, it is reported, and the worker counts as *held up*: when too few others are left, the sentinel (`sentinel.rs`) calls a standby
//! worker. A standby costs a thread, so one that is merely put aside is not held up: the kernel is asked (`usage.rs`).

#![forbid(unsafe_code)]

use super::Scheduler;
use super::remotes::Remote;
use super::shown::Tick;
use super::slow_poll::OnSlowPoll;
use super::usage::usage;
use super::worker::Worker;
use crate::task::Task;
use crate::time::Instant;
use std::cell::RefCell;
use std::time::Duration;

/// From when on a poll is long: a task in its worker's next-slot, and overdue timers, wait no longer. It is twice what it
/// costs to wake a sleeping thread and be woken back; a shorter bound would tear apart tasks that talk to each other.
pub(super) const LONG_POLL: Duration = Duration::from_micros(50);

/// The watcher's sleep while others run, unless they start processes (`process_starts.rs`): how late stuck workers are relieved, twice this at most.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How many ticks in a row the watcher must find all asleep before it stops ticking: keeping it ticking a little costs less than unparking it
/// for each request of a server that has little to do.
pub(super) const QUIET_TICKS: u32 = 8;

/// How much of a processor's time a poll must have had to be one that computes for long, and not one that waits for a processor.
const COMPUTES: Duration = Duration::from_millis(1);

/// What is done about workers that are held up, as the builder has it.
#[derive(Clone)]
pub(crate) struct ReliefOptions {
    /// From when on a worker is held up.
    pub(crate) after: Duration,
    /// How many standby workers there may be.
    pub(crate) standbys: usize,
    /// It is the current-thread flavour: nobody relieves anybody, nor looks on.
    pub(crate) is_alone: bool,
    /// Who is told, instead of standard error.
    pub(crate) on_slow_poll: Option<OnSlowPoll>,
}

/// What one thread has seen of the workers.
pub(super) struct Observations(RefCell<Vec<Option<Seen>>>);

/// A tick, and when it was seen first.
#[derive(Clone, Copy)]
struct Seen {
    tick: Tick,
    at: Instant,
    /// What the kernel said when it was asked last, in this poll: whether the thread slept; and how long it had run when it was asked first.
    slept: bool,
    had_run: Option<Duration>,
    held_up: bool,
}

/// What a worker looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    /// It moves, or sleeps, or nothing is certain yet.
    No,
    /// It is held up, and was not when it was last looked at.
    Newly,
    Still,
}

impl Observations {
    /// Of so many workers; with standbys there are more.
    pub(super) fn new(workers: usize) -> Self {
        Self(RefCell::new(vec![None; workers]))
    }

    /// Looks at a worker's tick: how long it has been in what it does at least; nothing, if it sleeps or has moved since the last look.
    fn lasts(&self, worker: usize, tick: Tick, now: Instant) -> Duration {
        if tick == Tick::BLOCKING {
            return Duration::MAX;
        }
        let mut seen = self.0.borrow_mut();
        if seen.len() <= worker {
            seen.resize(worker + 1, None);
        }
        match seen[worker] {
            Some(seen) if seen.tick == tick => {
                if tick == Tick::ASLEEP {
                    Duration::ZERO
                } else {
                    now.saturating_duration_since(seen.at)
                }
            }
            _ => {
                seen[worker] = Some(Seen {
                    tick,
                    at: now,
                    slept: false,
                    had_run: None,
                    held_up: false,
                });
                Duration::ZERO
            }
        }
    }

    /// Whether it is the poll itself that has lasted for `lasted`, which is more than half of `after`. Asked again and again, the kernel says so if the thread slept
    /// twice in a row, or has run a good deal.
    fn is_held_up(&self, worker: usize, thread: u32, lasted: Duration, after: Duration) -> Held {
        let mut seen = self.0.borrow_mut();
        let Some(Some(seen)) = seen.get_mut(worker) else {
            return Held::No;
        };
        if seen.held_up {
            return Held::Still;
        }
        let certain = match usage(thread) {
            None => true,
            Some(usage) => {
                let slept = std::mem::replace(&mut seen.slept, usage.sleeps);
                let had_run = *seen.had_run.get_or_insert(usage.ran);
                usage.sleeps && slept || usage.ran.saturating_sub(had_run) >= COMPUTES
            }
        };
        seen.held_up = certain && lasted >= after;
        if seen.held_up { Held::Newly } else { Held::No }
    }
}

impl Scheduler {
    /// For somebody who waits for polls to end, and is to call it now and then: it notes how long they last.
    pub(crate) fn look_on(&self) -> impl Fn() + '_ {
        let observations = Observations::new(self.remotes.workers());
        move || {
            let now = self.timers.clock().now();
            for (worker, remote) in self.remotes.iter().enumerate() {
                let tick = remote.shown.tick();
                let lasted = observations.lasts(worker, tick, now);
                if lasted > Duration::ZERO
                    && let Some(since) = now.checked_sub(lasted)
                {
                    remote.shown.lasts(tick, since);
                }
            }
        }
    }

    /// Whether a worker is held up. Its poll is reported, if it is a task's that has not been yet.
    pub(super) fn is_held_up(
        &self,
        observations: &Observations,
        worker: usize,
        now: Instant,
    ) -> bool {
        let shown = &self.remotes.get(worker).shown;
        let tick = shown.tick();
        let lasted = observations.lasts(worker, tick, now);
        if tick == Tick::BLOCKING {
            return true;
        }
        // 0: its thread has not come to its loop yet.
        if lasted < self.relief.after / 2 || shown.thread() == 0 {
            return false;
        }
        if let Some(since) = now.checked_sub(lasted) {
            shown.lasts(tick, since);
        }
        let held = observations.is_held_up(worker, shown.thread(), lasted, self.relief.after);
        if held == Held::Newly
            && let Some(polled) = shown.polled(tick)
        {
            self.slow_polls.report(polled, lasted, true);
        }
        held != Held::No
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
                    self.steal_slot(remote)
                } else {
                    None
                }
            })
    }

    fn steal_slot(&self, remote: &Remote) -> Option<Task> {
        let task = remote.slot.take()?;
        self.has_stolen(1);
        Some(task)
    }

    /// The watcher's look. True: a worker is stuck.
    pub(super) fn relieve_all(&self, now: Instant) -> bool {
        let victims = 0..self.scheduler.remotes.len();
        let look = |&victim: &usize| {
            // As a turn, for the hook that may be called: whom it wakes comes to the queue, where the sleep looks.
            self.turn(|| self.scheduler.is_held_up(&self.observations, victim, now));
            self.relieve(victim, now)
        };
        // All of them, not only until one is stuck.
        victims.filter(look).count() > 0
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
        let remote = self.scheduler.remotes.get(victim);
        if let Some(task) = self.steal_slot(remote) {
            self.push_unannounced(task);
        }
        while self.queue.room() > 0
            && let Some(task) = self.steal(victim)
        {
            self.push_unannounced(task);
        }
        let spill = self.scheduler.spill_shard(victim);
        while self.queue.room() > 0
            && let Some(task) = self.scheduler.injector.pop(spill, 1 << spill, &self.queue)
        {
            self.push_unannounced(task);
        }
        // A standby has none.
        if victim < self.scheduler.remotes.workers() {
            let wheel = self.scheduler.timers.wheel(victim);
            if wheel
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                self.turn(|| wheel.turn(now));
            }
        }
        true
    }

    /// Where nobody else looks on, on the current-thread flavour: reports that `polls` in a row have taken too long, the last of which is still shown.
    pub(super) fn report_own(&self, polls: u32, lasted: Duration) {
        let scheduler = &*self.scheduler;
        let shown = &self.remote().shown;
        if scheduler.relief.is_alone
            && lasted >= scheduler.relief.after
            && let Some(polled) = shown.polled(shown.tick())
        {
            scheduler.slow_polls.report(polled, lasted, polls == 1);
        }
    }

    /// Whether a worker is awake and not stuck, as far as is known.
    pub(super) fn moves(&self, worker: usize, now: Instant) -> bool {
        self.scheduler.remotes.get(worker).shown.tick() != Tick::ASLEEP
            && !self.is_stuck(worker, now)
    }

    fn is_stuck(&self, victim: usize, now: Instant) -> bool {
        let tick = self.scheduler.remotes.get(victim).shown.tick();
        self.observations.lasts(victim, tick, now) >= LONG_POLL
    }
}
