//! A worker: its loop.
//!
//! Comes in: tasks, from its next-slot, its queue, the injector, other workers, and by the turns of the reactor and the timers that it makes itself. Goes
//! out: polls. Called by the thread that it was given to: a worker thread of the multi-threaded flavour, whoever is in `block_on` of the other.

use super::current;
use super::lease::{self, Lease};
use super::queue::{Local, Steal, Stealer};
use super::relief::{BEGINNING, Observations};
use super::rng::Rng;
use super::sleep::report;
use super::slot::NextSlot;
use super::{OUTSIDE_SHARDS, Parker, Scheduler, Summons};
use crate::loom::atomic::{AtomicU32, Ordering::Relaxed};
use crate::loom::hint;
use crate::task::{self, IdBlock, JoinHandle, Task};
use crate::time::Instant;
use heist_sync::coop::{self, Budget};
use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

/// How often in a row a worker prefers its next-slot to its queue.
const SLOT_STREAK: u32 = 3;
/// After how many polls at most a worker looks at the clock.
const CHECK_POLLS: u32 = 32;
/// The same while tasks are unannounced.
const UNANNOUNCED_POLLS: u32 = 3;
/// How long at most a busy worker leaves the injector, the reactor and its timers alone, give or take the polls between two looks at the clock.
const SLICE: Duration = Duration::from_micros(100);
/// Every so many slices a busy worker looks whether another's spilt tasks are far more than its own.
const LOOKS_AT_OTHERS: u32 = 16;
/// How often a searcher looks around before it sleeps; the pause between doubles.
const SEARCH_ROUNDS: u32 = 4;
/// The first pause, in spins.
const SEARCH_SPINS: u32 = 32;

/// What the other threads see of a worker.
#[repr(align(128))]
pub(super) struct Remote {
    pub(super) slot: NextSlot,
    pub(super) stealer: Stealer,
    /// Moves with each poll: see `relief.rs`.
    pub(super) tick: AtomicU32,
    /// That the worker look at its loop's condition.
    pub(super) summons: Summons,
    pub(super) parker: Parker,
}

impl Remote {
    pub(super) fn new() -> (Local, Self) {
        let (queue, stealer) = Local::new();
        let remote = Self {
            slot: NextSlot::new(),
            stealer,
            tick: AtomicU32::new(BEGINNING),
            summons: Summons::new(),
            parker: Parker::new(),
        };
        (queue, remote)
    }
}

/// See the module. It is `Send`, not `Sync`: the thread that runs it finds it again through a thread-local.
pub(crate) struct Worker {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) index: usize,
    pub(super) queue: Local,
    rng: Rng,
    ids: IdBlock,
    pub(super) observations: Observations,
    /// Leases in stock: see `lease.rs`.
    leases: Cell<usize>,
    /// Counted as a searcher.
    pub(super) searching: Cell<bool>,
    /// Made a searcher by who woke it.
    pub(super) was_woken: Cell<bool>,
    /// In a turn of the reactor or the timers: what wakes up queues up, and is announced once.
    turning: Cell<bool>,
    /// Tasks were queued that nobody was told of.
    pub(super) brought: Cell<bool>,
    /// Since when there are such.
    unannounced: Cell<Option<Instant>>,
    /// This worker's shard of the injector, and whether it has put anything there that may be there still.
    spill: usize,
    has_spilt: Cell<bool>,
    /// Looks at other shards than that.
    looks: Cell<u32>,
    /// The worker to look at next, to see whether it is stuck.
    pub(super) suspect: Cell<usize>,
    /// Times in a row that the next-slot was preferred.
    streak: Cell<u32>,
    tick: Cell<u32>,
    /// Polls until the next look at the clock; how many there are between that and the last; and how many there should be.
    polls_left: Cell<u32>,
    polls_between: Cell<u32>,
    polls_wanted: Cell<u32>,
    /// The last look at the clock, and the last maintenance.
    checked: Cell<Instant>,
    maintained: Cell<Instant>,
}

impl Worker {
    pub(super) fn new(scheduler: Arc<Scheduler>, index: usize, queue: Local) -> Self {
        let now = scheduler.timers.clock().now();
        Self {
            index,
            queue,
            rng: Rng::new(scheduler.seed, index),
            ids: IdBlock::new(),
            observations: Observations::new(scheduler.remotes.len()),
            leases: Cell::new(0),
            searching: Cell::new(false),
            was_woken: Cell::new(false),
            turning: Cell::new(false),
            brought: Cell::new(false),
            unannounced: Cell::new(None),
            spill: scheduler.spill_shard(index),
            has_spilt: Cell::new(false),
            looks: Cell::new(0),
            suspect: Cell::new(index),
            streak: Cell::new(0),
            tick: Cell::new(BEGINNING),
            polls_left: Cell::new(CHECK_POLLS),
            polls_between: Cell::new(CHECK_POLLS),
            polls_wanted: Cell::new(CHECK_POLLS),
            checked: Cell::new(now),
            maintained: Cell::new(now),
            scheduler,
        }
    }

    /// Runs tasks on this thread until the condition holds, which is looked at after each poll, and whenever the worker is
    /// [summoned](Scheduler::summon).
    pub(crate) fn run(&self, mut done: impl FnMut() -> bool) {
        let _timers = self.scheduler.timers.enter(Some(self.index));
        let _reactor = self.scheduler.reactor.enter();
        self.remote().parker.adopt();
        current::set(self, || {
            while !done() {
                match self
                    .maintain()
                    .or_else(|| self.next_task())
                    .or_else(|| self.search())
                {
                    Some(task) => {
                        self.stop_searching();
                        self.poll(task);
                    }
                    None if self.remote().summons.is_standing() => {}
                    None => self.sleep(),
                }
            }
            self.stop_searching();
        });
    }

    /// Shows the others that the worker is not stuck.
    #[inline]
    pub(super) fn tick(&self) {
        let tick = self.tick.get().wrapping_add(1).max(BEGINNING);
        self.tick.set(tick);
        self.remote().tick.store(tick, Relaxed);
    }

    fn poll(&self, task: Task) {
        self.tick();
        if let Some(again) = coop::with_budget(Budget::DEFAULT, || task.run()) {
            self.requeue(again);
        }
    }

    /// The order of preference: the next-slot (a bounded number of times in a row), the own queue, the injector.
    #[inline]
    fn next_task(&self) -> Option<Task> {
        let slot = &self.remote().slot;
        if self.streak.get() < SLOT_STREAK
            && let Some(task) = slot.take()
        {
            self.streak.set(self.streak.get() + 1);
            return Some(task);
        }
        self.streak.set(0);
        self.queue
            .pop()
            .or_else(|| slot.take())
            .or_else(|| self.take_injected())
    }

    /// From the own shard first, whose tasks are in this worker's caches.
    fn take_injected(&self) -> Option<Task> {
        self.take_injected_from(self.spill, usize::MAX)
    }

    /// What came from outside, each shard in turn; but now and then from the fullest worker's, so that none's tasks have far less of the time.
    fn take_injected_elsewhere(&self) -> Option<Task> {
        let injector = &self.scheduler.injector;
        let workers = injector.shards() - OUTSIDE_SHARDS;
        let look = self.looks.get().wrapping_add(1);
        self.looks.set(look);
        if look.is_multiple_of(LOOKS_AT_OTHERS)
            && let Some(shard) = injector.far_fuller(self.spill, workers)
        {
            return self.take_injected_from(shard, 1 << shard);
        }
        let outside = usize::MAX << workers;
        self.take_injected_from(workers + look as usize % OUTSIDE_SHARDS, outside)
    }

    fn take_injected_from(&self, start: usize, among: usize) -> Option<Task> {
        let task = self.scheduler.injector.pop(start, among, &self.queue)?;
        // The injector showed nothing for a moment, if that was the last of a shard's tasks and more came: who looked then has gone to sleep.
        let more = !self.queue.is_empty() || self.scheduler.has_injected();
        if more && !self.searching.get() {
            self.announce();
        }
        Some(task)
    }

    /// Every so many polls: looks at the clock, and if it is time at the timers, the reactor, the injector and another worker, so that tasks that are
    /// always ready starve nothing else. What it returns is run next.
    #[inline]
    fn maintain(&self) -> Option<Task> {
        let left = self.polls_left.get();
        if left > 0 {
            self.polls_left.set(left - 1);
            return None;
        }
        self.look_at_the_clock()
    }

    #[cold]
    fn look_at_the_clock(&self) -> Option<Task> {
        let now = self.scheduler.timers.clock().now();
        // Polls that take long are counted in smaller portions.
        let elapsed = now.saturating_duration_since(self.checked.replace(now));
        let polls = if elapsed > SLICE {
            (u128::from(self.polls_between.get()) * SLICE.as_nanos() / elapsed.as_nanos()) as u32
        } else {
            (self.polls_wanted.get() + 1).min(CHECK_POLLS)
        };
        self.polls_wanted.set(polls);
        let task = if now.saturating_duration_since(self.maintained.get()) < SLICE {
            None
        } else {
            self.has_maintained(now);
            self.turn(|| {
                self.fire_timers(now);
                self.turn_reactor();
            });
            self.relieve_next(now);
            self.defer_announcement(now);
            self.take_injected_elsewhere()
        };
        self.announce_in_time(now);
        // As long as something is unannounced the looks are closer.
        let polls = if self.unannounced.get().is_some() {
            polls.min(UNANNOUNCED_POLLS)
        } else {
            polls
        };
        self.polls_between.set(polls);
        self.polls_left.set(polls);
        task
    }

    /// Takes what events there are, if nobody else does.
    fn turn_reactor(&self) {
        if let Some(mut turn) = self.scheduler.reactor.try_claim() {
            report(turn.wait(Some(Duration::ZERO)));
        }
    }

    /// What a turn has brought is this worker's for a while (`patience.rs`). One task is for itself anyway.
    pub(super) fn defer_announcement(&self, now: Instant) {
        if self.brought.replace(false)
            && self.unannounced.get().is_none()
            && self.queue.has_several()
        {
            self.unannounced.set(Some(now));
            let polls = self.polls_wanted.get().min(UNANNOUNCED_POLLS);
            self.polls_between.set(polls);
            self.polls_left.set(polls);
        }
    }

    fn announce_in_time(&self, now: Instant) {
        let Some(since) = self.unannounced.get() else {
            return;
        };
        if !self.queue.has_several() {
            self.unannounced.set(None);
        } else if now.saturating_duration_since(since) >= self.scheduler.patience.get() {
            self.unannounced.set(None);
            self.announce();
        }
    }

    /// The timers and the reactor are being seen to: time runs from here.
    pub(super) fn has_maintained(&self, now: Instant) {
        self.checked.set(now);
        self.maintained.set(now);
    }

    /// When the timers and the reactor were last seen to.
    pub(super) fn maintained(&self) -> Instant {
        self.maintained.get()
    }

    /// Looks for work elsewhere for a while, if not too many do.
    fn search(&self) -> Option<Task> {
        if !self.searching.get() && !self.scheduler.idle.try_search() {
            return None;
        }
        self.searching.set(true);
        for round in 0..SEARCH_ROUNDS {
            if self.remote().summons.is_standing() {
                break;
            }
            if let Some(task) = self.look_around().or_else(|| self.look_at_the_reactor()) {
                return Some(task);
            }
            for _ in 0..SEARCH_SPINS << round {
                hint::spin_loop();
            }
        }
        None
    }

    /// The injector; the others' queues, beginning at a random one; the next-slots of those that are stuck.
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
            let stealer = &self.scheduler.remotes[victim].stealer;
            loop {
                match stealer.steal(&self.queue) {
                    Steal::Task(task) => return Some(task),
                    Steal::Retry => hint::spin_loop(),
                    Steal::Empty => break,
                }
            }
        }
        self.relieve_slots()
    }

    fn look_at_the_reactor(&self) -> Option<Task> {
        self.turn(|| self.turn_reactor());
        let task = self.queue.pop();
        if task.is_some() {
            let now = self.scheduler.timers.clock().now();
            self.has_maintained(now);
            self.defer_announcement(now);
        }
        task
    }

    /// No searcher any more: if it was the last, it wakes the next one if more work is in sight, beside what it keeps to itself for a while.
    pub(super) fn stop_searching(&self) {
        if !self.searching.replace(false) {
            return;
        }
        if self.was_woken.replace(false) {
            self.scheduler.patience.lose();
        }
        if self.scheduler.idle.end_search() {
            let in_sight = if self.unannounced.get().is_some() {
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

    /// Wakes another worker for what was pushed.
    #[inline]
    fn announce(&self) {
        // A runtime of one worker need not pay for the fence.
        if self.scheduler.remotes.len() > 1 {
            self.scheduler.announce();
        }
    }

    pub(super) fn fire_timers(&self, now: Instant) {
        let timers = &self.scheduler.timers;
        for wheel in [timers.wheel(self.index), timers.shared()] {
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
        self.turning.set(true);
        let result = f();
        self.turning.set(false);
        result
    }

    pub(super) fn spawn<F>(
        &self,
        future: F,
        place: &'static Location<'static>,
    ) -> (JoinHandle<F::Output>, Option<Task>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = task::new(future, self.take_lease(), self.ids.take(), place);
        if self.scheduler.tasks.insert(&task, self.index) {
            self.push(task);
            (handle, None)
        } else {
            (handle, Some(task))
        }
    }

    /// A task that was woken or spawned on this worker runs next; the one that would have been queues up, for whoever is free.
    #[inline]
    pub(super) fn push(&self, task: Task) {
        if self.turning.get() {
            self.brought.set(true);
            self.push_back(task);
        } else if let Some(displaced) = self.remote().slot.put(task) {
            self.push_back(displaced);
            self.announce();
        }
    }

    /// A task that was woken while it was polled, by itself to yield, say: it queues up behind all that wait, also behind those in the injector.
    /// This worker looks there next, so another is woken only if there is something to take besides.
    #[inline]
    fn requeue(&self, task: Task) {
        let injected = self.scheduler.has_injected();
        let alone = !injected && self.queue.is_empty() && self.remote().slot.is_empty();
        if injected {
            self.spill(task);
        } else {
            self.push_back(task);
        }
        if !alone {
            self.scheduler.glance();
        }
    }

    /// Behind all that this worker has: the queue, and in the injector what had no room there.
    #[inline]
    pub(super) fn push_back(&self, task: Task) {
        if self.has_spilt.get() && self.scheduler.injector.holds(self.spill) {
            self.spill(task);
        } else if let Err(task) = self.queue.push(task) {
            self.spill(task);
        } else {
            self.has_spilt.set(false);
        }
    }

    fn spill(&self, task: Task) {
        self.has_spilt.set(true);
        if let Err(task) = self.scheduler.injector.push(task, self.spill) {
            task.cancel();
        }
    }

    pub(super) fn remote(&self) -> &Remote {
        &self.scheduler.remotes[self.index]
    }

    /// Whether the worker was summoned since the last time that this was asked.
    pub(crate) fn answer_summons(&self) -> bool {
        self.remote().summons.answer()
    }

    pub(super) fn is_of(&self, scheduler: NonNull<Scheduler>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.scheduler), scheduler.as_ptr())
    }

    fn take_lease(&self) -> Lease {
        if self.leases.get() == 0 {
            lease::take(&self.scheduler, lease::STASH);
            self.leases.set(lease::STASH);
        }
        self.leases.set(self.leases.get() - 1);
        // SAFETY: out of the stock.
        unsafe { Lease::from_stash(&self.scheduler) }
    }

    /// Puts a lease that ends on this thread into the stock, if it is of this worker's scheduler.
    pub(super) fn keep_lease(&self, scheduler: NonNull<Scheduler>) -> bool {
        if !self.is_of(scheduler) {
            return false;
        }
        self.leases.set(self.leases.get() + 1);
        if self.leases.get() >= 2 * lease::STASH {
            self.leases.set(lease::STASH);
            // SAFETY: out of the stock.
            unsafe { lease::give_back(scheduler, lease::STASH) };
        }
        true
    }
}

/// What is left in a worker's hands when it ends is cancelled.
impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.remote().slot.take());
        while let Some(task) = self.queue.pop() {
            task.cancel();
        }
        let leases = self.leases.take();
        if leases > 0 {
            let scheduler = lease::pointer(&self.scheduler);
            // SAFETY: out of the stock; `self.scheduler` keeps it alive.
            unsafe { lease::give_back(scheduler, leases) };
        }
    }
}
