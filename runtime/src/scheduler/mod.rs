//! The scheduler: workers that run tasks, and steal them from each other.
//!
//! Comes in: a future to be spawned, a task that was woken. Goes out: the task, to a worker. Called by the wakers, by whoever spawns, and by the workers
//! themselves. A task that comes from a worker goes to that worker's next-slot ([`slot`]), and what it displaces to the back of its queue
//! ([`queue`]), where all of it goes on the current-thread flavour; from anywhere else it goes to the [`injector`]. The worker's loop is in [`worker`]; what it does beside, in [`maintenance`]; how workers
//! look for work, sleep and are woken, in [`search`], [`giving_way`], [`sleep`], [`idle`] and [`parker`]; what is done about one that is stuck, in [`relief`]; what they count of all this,
//! in [`counts`].

mod closing;
mod counts;
mod current;
mod giving_way;
mod idle;
mod injector;
mod lease;
mod maintenance;
mod park_hooks;
mod parker;
mod patience;
mod process_starts;
mod queue;
mod relief;
mod remotes;
mod reserve;
mod rng;
mod root;
mod search;
mod sentinel;
mod shown;
mod sleep;
mod slot;
mod slow_poll;
mod snapshot;
mod spill;
mod standby;
mod summons;
mod usage;
mod worker;

#[cfg(test)]
mod models;

pub(crate) use counts::Counts;
pub(crate) use maintenance::Intervals;
pub(crate) use park_hooks::ParkHooks;
pub(crate) use parker::{Parker, sleep_punctually};
pub(crate) use process_starts::starts_process;
pub(crate) use relief::ReliefOptions;
pub(crate) use root::Look;
pub(crate) use slow_poll::OnSlowPoll;
pub use slow_poll::SlowPoll;
pub(crate) use standby::block_in_place;
pub(crate) use worker::Worker;

use summons::Summons;

use crate::reactor::Reactor;
use crate::task::{self, FailurePolicy, IdBlock, Identity, JoinHandle, OwnedTasks, Spawn, Task};
use crate::time::{Clock, Coarse, Timers};
use closing::Closing;
use crossbeam_utils::CachePadded;
use idle::{Idle, Keeper};
use injector::{Injector, MAX_SHARDS};
use lease::{Lease, Leases};
use parker::Unpark;
use patience::Patience;
use process_starts::ProcessStarts;
use queue::Steal;
use remotes::{Remote, Remotes};
use rng::Rng;
use slow_poll::SlowPolls;
use standby::Duties;
use std::cell::Cell;
use std::future::Future;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

/// How many shards other threads than workers share: of the injector and of the task lists.
const OUTSIDE_SHARDS: usize = 4;

/// What the builder has chosen.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) relief: ReliefOptions,
    pub(crate) park_hooks: ParkHooks,
    pub(crate) intervals: Intervals,
    pub(crate) failures: FailurePolicy,
}

/// What the workers of a runtime share.
pub(crate) struct Scheduler {
    remotes: Remotes,
    injector: Injector,
    idle: Idle,
    patience: Patience,
    tasks: OwnedTasks,
    reactor: Arc<Reactor>,
    timers: Timers,
    relief: ReliefOptions,
    park_hooks: ParkHooks,
    intervals: Intervals,
    failures: FailurePolicy,
    slow_polls: SlowPolls,
    process_starts: ProcessStarts,
    duties: Duties,
    closing: Closing,
    /// References held by task cells: see `lease.rs`. Apart from what workers read all the time.
    leases: CachePadded<Leases>,
    seed: u64,
}

impl Scheduler {
    /// A scheduler of so many workers, and the workers, each to be run by a thread. `call_standby` starts another, that
    /// [stands in](Worker::stand_in), if it can; without it there are none.
    pub(crate) fn new(
        workers: usize,
        seed: u64,
        options: Options,
        call_standby: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> (Arc<Self>, Vec<Worker>) {
        let Options {
            relief,
            park_hooks,
            intervals,
            failures,
        } = options;
        let clock = if relief.is_alone {
            Clock::new_pausable()
        } else {
            Clock::default()
        };
        let standbys = call_standby.as_ref().map_or(0, |_| relief.standbys);
        let (queues, remotes) = Remotes::new(workers, standbys);
        let scheduler = Arc::new_cyclic(|this: &std::sync::Weak<Self>| {
            let rouse = || {
                let this = this.clone();
                Box::new(move || {
                    if let Some(this) = this.upgrade() {
                        this.rouse_watcher();
                    }
                })
            };
            Self {
                remotes,
                injector: Injector::new((workers + OUTSIDE_SHARDS).min(MAX_SHARDS)),
                idle: Idle::new(workers, call_standby.is_some()),
                patience: Patience::new(),
                tasks: OwnedTasks::new(workers + OUTSIDE_SHARDS),
                reactor: Reactor::new(rouse()),
                timers: Timers::new(workers, clock, rouse()),
                slow_polls: SlowPolls::new(relief.on_slow_poll.clone()),
                process_starts: ProcessStarts::new(),
                relief,
                park_hooks,
                intervals,
                failures,
                duties: Duties::new(standbys, call_standby),
                closing: Closing::new(),
                leases: CachePadded::new(Leases::new()),
                seed,
            }
        });
        let worker = |(index, queue)| Worker::new(scheduler.clone(), index, queue);
        let workers = queues.into_iter().enumerate().map(worker).collect();
        (scheduler, workers)
    }

    /// Spawns from whatever thread this is. If the scheduler is closed, the task comes back, to be dropped where its destructors may do what they like.
    ///
    /// Locked operations from a worker: the list's lock, and the swap of the slot. From elsewhere: the lease, the list's lock, the injector.
    #[inline]
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        spawn: Spawn<'_>,
    ) -> (JoinHandle<F::Output>, Option<Task>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let this = NonNull::from(&**self);
        current::with(|worker| match worker.filter(|worker| worker.is_of(this)) {
            Some(worker) => worker.spawn(future, spawn),
            None => self.spawn_outside(future, spawn),
        })
    }

    fn spawn_outside<F>(
        self: &Arc<Self>,
        future: F,
        spawn: Spawn<'_>,
    ) -> (JoinHandle<F::Output>, Option<Task>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        OUTSIDE.with(|outside| {
            let (lease, id) = (Lease::new(self), outside.ids.take());
            // Nobody may have looked at the clock for long.
            let (task, handle) = task::new(future, lease, id, spawn, Coarse::now());
            let refused = if self.tasks.insert(
                &task,
                self.remotes.workers() + outside.list() % OUTSIDE_SHARDS,
            ) {
                self.inject(task).err()
            } else {
                Some(task)
            };
            (handle, refused)
        })
    }

    /// Takes a task from a thread that is no worker. Gives it back if the scheduler is closed.
    fn inject(&self, task: Task) -> Result<(), Task> {
        // The last shards; those before them are the workers'.
        let shard = self.outside().start + OUTSIDE.with(Outside::number) % OUTSIDE_SHARDS;
        self.injector.push(task, shard)?;
        self.announce();
        Ok(())
    }

    /// Which list a worker links in what it spawns.
    fn list(&self, worker: usize) -> usize {
        let workers = self.remotes.workers();
        if worker < workers {
            worker
        } else {
            workers + worker % OUTSIDE_SHARDS
        }
    }

    /// The injector's shard for what doesn't fit a worker's queue.
    fn spill_shard(&self, worker: usize) -> usize {
        worker % self.outside().start
    }

    /// Those that other threads share.
    fn outside(&self) -> Range<usize> {
        let shards = self.injector.shards();
        shards - OUTSIDE_SHARDS..shards
    }

    /// Wakes a worker for work that was pushed, unless one is searching or none sleeps.
    #[inline]
    fn announce(&self) {
        if let Some(worker) = self.idle.announce() {
            self.unpark(worker);
        }
    }

    /// The same without the fence: see [`Idle::glance`].
    #[inline]
    fn glance(&self) {
        if let Some(worker) = self.idle.glance() {
            self.unpark(worker);
        }
    }

    /// Has the watch kept, when a worker has got up that kept it, or from whom it is to be taken.
    fn have_watch_kept(self: &Arc<Self>, keeper: Option<Keeper>) {
        match keeper {
            None => {}
            Some(Keeper::Worker(worker)) => self.unpark(worker),
            Some(Keeper::Sentinel) => sentinel::entrust(self),
        }
    }

    fn rouse_watcher(&self) {
        if let Some(worker) = self.idle.watcher_to_rouse() {
            self.unpark(worker);
        }
    }

    fn unpark(&self, worker: usize) {
        if self.remotes.get(worker).parker.unpark() == Unpark::NotifyReactor {
            self.reactor.notify();
        }
    }

    /// Makes a worker return to its loop's condition, asleep or not.
    pub(crate) fn summon(&self, worker: usize) {
        self.remotes.get(worker).summons.call();
        // A worker that summons itself is awake, and looks before it sleeps.
        let itself = |current: &&Worker| current.index == worker && current.is_of(self.into());
        current::with(|current| match current.filter(itself) {
            Some(itself) => itself.line_up_root(),
            None => self.unpark(worker),
        });
    }

    /// A blocking job of this runtime has ended: the time may jump now.
    pub(crate) fn end_job(&self) {
        let clock = self.timers.clock();
        clock.end_job();
        if clock.is_paused() {
            self.unpark(0);
        }
    }

    /// Whether anything can be taken from the injector or a queue, of which some are reserved.
    fn has_work(&self) -> bool {
        self.has_injected() || self.remotes.iter().any(Remote::offers)
    }

    /// The same without one worker's queue.
    fn has_work_beside(&self, worker: usize) -> bool {
        let others = || {
            let remotes = self.remotes.iter().enumerate();
            remotes.filter(|&(other, _)| other != worker)
        };
        self.has_injected() || others().any(|(_, remote)| remote.offers())
    }

    fn has_injected(&self) -> bool {
        !self.injector.is_empty()
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closing.is_closed()
    }

    /// The task for whose panic the scheduler has closed, if it has.
    pub(crate) fn failed_task(&self) -> Option<&Identity> {
        self.closing.failed_task()
    }

    /// A task has panicked: closes, if that is to be.
    #[cold]
    fn fail(&self, task: Identity) {
        if self.failures.shuts_down && !self.is_closed() {
            self.closing.fail(task);
            self.close();
        }
    }

    /// Refuses new tasks but those of clean-ups, and asks all to cancel. The workers go on.
    pub(crate) fn cancel_tasks(&self) {
        self.closing.leave();
        self.tasks.cancel_all();
    }

    /// Whether tasks were asked to cancel, since the runtime ends.
    pub(crate) fn is_leaving(&self) -> bool {
        self.closing.is_leaving() || self.is_closed()
    }

    /// Whether there is any task.
    pub(crate) fn has_tasks(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// See [`OwnedTasks::wake_when_empty`].
    pub(crate) fn wake_without_tasks(&self, waker: Waker) {
        self.tasks.wake_when_empty(waker);
    }

    /// Refuses new tasks and asks the workers to end. What is queued or idle is dropped by [`drop_tasks`](Self::drop_tasks).
    pub(crate) fn close(&self) {
        self.closing.close();
        for worker in 0..self.remotes.len() {
            self.summon(worker);
        }
    }

    /// After [`close`](Self::close): drops all tasks that are not being polled.
    pub(crate) fn drop_tasks(&self) {
        self.tasks.close();
        drop(self.injector.close());
        // A task that has yielded is its queue's to drop, and the queue's worker may be in a poll for long.
        for remote in self.remotes.iter() {
            loop {
                match remote.stealer.steal_one() {
                    Steal::Task(task) => task.cancel(),
                    Steal::Retry => {}
                    Steal::Empty => break,
                }
            }
        }
    }

    /// When no worker is left: ends the drivers, so that whoever still waits for them elsewhere learns of it.
    pub(crate) fn close_drivers(&self) {
        self.reactor.shutdown();
        self.timers.shutdown();
    }
}

/// A number below `bound`, which is not zero: the next of this thread's worker, or of this thread.
#[inline]
pub(crate) fn random_below(bound: usize) -> usize {
    current::with(|worker| match worker {
        Some(worker) => worker.rng.below(bound),
        None => OUTSIDE.with(|outside| outside.rng.below(bound)),
    })
}

/// What a thread that is no worker of the runtime in question needs to spawn.
struct Outside {
    ids: IdBlock,
    number: Cell<usize>,
    spawned: Cell<usize>,
    rng: Rng,
}

thread_local! {
    static OUTSIDE: Outside = const { Outside { ids: IdBlock::new(), number: Cell::new(usize::MAX), spawned: Cell::new(0), rng: Rng::outside() } };
}

impl Outside {
    /// How many tasks in a row go to the same list.
    const ROW: usize = 64;

    /// Which list to link the next task in: another now and then, so that this thread and the workers, where the tasks end, seldom meet at one.
    fn list(&self) -> usize {
        let spawned = self.spawned.get().wrapping_add(1);
        self.spawned.set(spawned);
        self.number() + spawned / Self::ROW
    }

    /// A number for this thread, to choose its shard by.
    fn number(&self) -> usize {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        if self.number.get() == usize::MAX {
            self.number
                .set(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
        self.number.get()
    }
}
