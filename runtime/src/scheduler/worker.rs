//! A worker: its loop.
//!
//! Comes in: tasks, from its next-slot, its queue, the injector, other workers, and by the turns of the reactor and the timers that it makes itself. Goes
//! out: polls. Called by the thread that it was given to: a worker thread of the multi-threaded flavour, whoever is in `block_on` of the other.

use super::Scheduler;
use super::current;
use super::lease::{self, Lease};
use super::maintenance::Maintenance;
use super::queue::Local;
use super::relief::Observations;
use super::remotes::Remote;
use super::reserve::Reserve;
use super::rng::Rng;
use super::root::Turn;
use super::shown::Shows;
use super::spill::Spill;
use crate::task::{self, IdBlock, JoinHandle, Spawn, Task};
use crate::time::Coarse;
use heist_sync::coop::{self, Budget};
use std::cell::Cell;
use std::future::Future;
use std::ptr::NonNull;
use std::sync::Arc;

/// How often in a row a worker prefers its next-slot to its queue.
const SLOT_STREAK: u32 = 3;

/// See the module. It is `Send`, not `Sync`: the thread that runs it finds it again through a thread-local.
pub(crate) struct Worker {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) index: usize,
    pub(super) queue: Local,
    pub(super) rng: Rng,
    ids: IdBlock,
    pub(super) observations: Observations,
    /// Leases in stock: see `lease.rs`.
    leases: Cell<usize>,
    /// The list that what is spawned here is linked in.
    list: usize,
    /// Tasks run in the order in which they came, and the next-slot stays empty: the current-thread flavour's.
    in_order: bool,
    /// Counted as a searcher.
    pub(super) searching: Cell<bool>,
    /// Made a searcher by who woke it.
    pub(super) was_woken: Cell<bool>,
    /// What ended its last sleep was an event, not another thread.
    pub(super) woken_by_event: Cell<bool>,
    /// Its last search gave way to another worker; and how often in a row they did.
    pub(super) gives_way: Cell<bool>,
    pub(super) gave_way: Cell<u32>,
    pub(super) maintenance: Maintenance,
    pub(super) spill: Spill,
    /// The worker to look at next, to see whether it is stuck.
    pub(super) suspect: Cell<usize>,
    /// Times in a row that the next-slot was preferred.
    streak: Cell<u32>,
    shows: Shows,
    pub(super) reserve: Reserve,
    pub(super) turn: Turn,
}

impl Worker {
    pub(super) fn new(scheduler: Arc<Scheduler>, index: usize, queue: Local) -> Self {
        let now = scheduler.timers.clock().now();
        Self {
            index,
            queue,
            rng: Rng::new(scheduler.seed, index),
            ids: IdBlock::new(),
            observations: Observations::new(scheduler.remotes.workers()),
            leases: Cell::new(0),
            list: scheduler.list(index),
            in_order: scheduler.relief.is_alone,
            searching: Cell::new(false),
            was_woken: Cell::new(false),
            woken_by_event: Cell::new(false),
            gives_way: Cell::new(false),
            gave_way: Cell::new(0),
            maintenance: Maintenance::new(now, &scheduler.intervals),
            spill: Spill::new(&scheduler, index),
            suspect: Cell::new(index),
            streak: Cell::new(0),
            shows: Shows::new(),
            reserve: Reserve::new(),
            turn: Turn::default(),
            scheduler,
        }
    }

    /// Runs tasks on this thread until the condition holds, which is looked at after each poll, and whenever the worker is
    /// [summoned](Scheduler::summon).
    pub(crate) fn run(&self, mut done: impl FnMut() -> bool) {
        let _timers = self.scheduler.timers.enter(self.wheel());
        let _reactor = self.scheduler.reactor.enter();
        self.remote().parker.adopt();
        // It asks the system, for those who look on: there, nobody does.
        if !self.scheduler.relief.is_alone {
            self.remote().shown.adopt();
        }
        self.tick();
        Coarse::look();
        self.maintenance.begin(self.scheduler.timers.clock().now());
        current::set(self, || {
            if self.scheduler.idle.arrive() {
                // The last to arrive: from the first poll on somebody keeps watch, be it the sentinel, whom it calls when it gets up and nobody sleeps.
                self.park();
            }
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
                    None => self.park(),
                }
            }
            self.stop_searching();
        });
        self.was_busy(self.scheduler.timers.clock().now());
    }

    /// Shows the others that the worker is not stuck.
    #[inline]
    pub(super) fn tick(&self) {
        self.remote().shown.moves(&self.shows);
    }

    fn poll(&self, task: Task) {
        let remote = self.remote();
        remote.shown.poll(&self.shows, &task);
        remote.counts.polls.add(1);
        if let Some(again) = coop::with_budget(Budget::DEFAULT, || task.run()) {
            self.requeue(again);
        }
    }

    /// The order of preference: the next-slot (a bounded number of times in a row), the own queue and what had no room there, the injector.
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
            .or_else(|| self.take_spilt())
            .or_else(|| slot.take())
            .or_else(|| self.take_injected())
    }

    /// From the own shard first, whose tasks are in this worker's caches.
    pub(super) fn take_injected(&self) -> Option<Task> {
        self.take_injected_from(self.spill.shard, usize::MAX)
    }

    pub(super) fn take_injected_from(&self, start: usize, among: usize) -> Option<Task> {
        let task = self.scheduler.injector.pop(start, among, &self.queue)?;
        // The injector showed nothing for a moment, if that was the last of a shard's tasks and more came: who looked then has gone to sleep.
        let more = !self.queue.is_empty() && !self.is_reserved() || self.scheduler.has_injected();
        if more && !self.searching.get() {
            self.announce();
        }
        Some(task)
    }

    /// Wakes another worker for what was pushed.
    #[inline]
    pub(super) fn announce(&self) {
        // A runtime of one worker need not pay for the fence.
        if self.scheduler.remotes.len() > 1 {
            self.scheduler.announce();
        }
    }

    pub(super) fn spawn<F>(
        &self,
        future: F,
        spawn: Spawn<'_>,
    ) -> (JoinHandle<F::Output>, Option<Task>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (lease, id) = (self.take_lease(), self.ids.take());
        let (task, handle) = task::new(future, lease, id, spawn, Coarse::latest());
        if self.scheduler.tasks.insert(&task, self.list) {
            self.push(task);
            (handle, None)
        } else {
            (handle, Some(task))
        }
    }

    /// A task that was woken or spawned on this worker runs next; the one that would have been queues up, for whoever is free. Where tasks run in order, it queues up itself.
    #[inline]
    pub(super) fn push(&self, task: Task) {
        if self.maintenance.is_turning() {
            self.push_unannounced(task);
        } else if self.in_order {
            self.push_back(task);
        } else if let Some(displaced) = self.remote().slot.put(task) {
            self.push_back(displaced);
            if !self.is_reserved() {
                self.announce();
            }
        }
    }

    /// A task that was woken while it was polled, by itself to yield, say: it queues up behind all that wait, also behind those in the injector.
    /// This worker looks there next, so another is woken only if there is something to take besides.
    #[inline]
    fn requeue(&self, task: Task) {
        let injected = self.scheduler.injector.holds_any(self.spill.ahead);
        let alone = !injected && self.queue.is_empty() && self.remote().slot.is_empty();
        if injected {
            self.spill(task);
        } else {
            self.push_back(task);
        }
        if !alone && !self.is_reserved() {
            self.scheduler.glance();
        }
    }

    /// Behind all that this worker has: the queue, and in the injector what had no room there.
    #[inline]
    pub(super) fn push_back(&self, task: Task) {
        if self.has_spilt() {
            self.overflow(task);
        } else if let Err(task) = self.queue.push(task) {
            self.overflow(task);
        } else {
            self.begin_line();
        }
    }

    pub(super) fn remote(&self) -> &Remote {
        self.scheduler.remotes.get(self.index)
    }

    /// The wheel that timers are armed on here; the shared one, if it is none.
    pub(super) fn wheel(&self) -> Option<usize> {
        (self.index < self.scheduler.remotes.workers()).then_some(self.index)
    }

    /// Whether the worker was summoned since the last time that this was asked.
    pub(super) fn answer_summons(&self) -> bool {
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
