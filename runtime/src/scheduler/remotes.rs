//! What the threads of a runtime see of its workers: an array of [`Remote`]s, that of the workers which are always there, and behind it the standbys', each made
//! when it is first called.

#![forbid(unsafe_code)]

use super::counts::Counts;
use super::queue::{Local, Stealer};
use super::reserve::Reserved;
use super::shown::Shown;
use super::slot::NextSlot;
use super::{Parker, Summons};
use crate::loom::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use crossbeam_utils::CachePadded;
use std::sync::OnceLock;

/// What the other threads see of a worker.
#[repr(align(128))]
pub(super) struct Remote {
    pub(super) slot: NextSlot,
    pub(super) stealer: Stealer,
    /// What it does: see `relief.rs`.
    pub(super) shown: Shown,
    /// That the worker look at its loop's condition.
    pub(super) summons: Summons,
    pub(super) parker: Parker,
    pub(super) reserved: Reserved,
    /// Apart from what the others write.
    pub(super) counts: CachePadded<Counts>,
}

impl Remote {
    fn new() -> (Local, Self) {
        let (queue, stealer) = Local::new();
        let remote = Self {
            slot: NextSlot::new(),
            stealer,
            shown: Shown::new(),
            summons: Summons::new(),
            parker: Parker::new(),
            reserved: Reserved::new(),
            counts: CachePadded::default(),
        };
        (queue, remote)
    }

    /// Whether there is anything in its queue that others may take.
    pub(super) fn offers(&self) -> bool {
        !self.reserved.is_on() && !self.stealer.is_empty()
    }
}

/// See the module. Workers are numbered from 0 on, standbys after them.
pub(super) struct Remotes {
    workers: Box<[Remote]>,
    standbys: Box<[OnceLock<Box<Remote>>]>,
    /// How many of the standbys have been made: the first ones.
    made: AtomicUsize,
}

impl Remotes {
    /// Those of so many workers, with their queues; and room for so many standbys.
    pub(super) fn new(workers: usize, standbys: usize) -> (Vec<Local>, Self) {
        let (queues, remotes): (_, Vec<_>) = (0..workers).map(|_| Remote::new()).unzip();
        let this = Self {
            workers: remotes.into_boxed_slice(),
            standbys: (0..standbys).map(|_| OnceLock::new()).collect(),
            made: AtomicUsize::new(0),
        };
        (queues, this)
    }

    /// Makes another standby: its number, and its queue. `None`: there are as many as may be. Called by one thread at a time.
    pub(super) fn make_standby(&self) -> Option<(usize, Local)> {
        let made = self.made.load(Acquire);
        let place = self.standbys.get(made)?;
        let (queue, remote) = Remote::new();
        let is_new = place.set(Box::new(remote)).is_ok();
        debug_assert!(is_new, "one thread at a time makes standbys");
        // Release: who counts it in finds it.
        self.made.store(made + 1, Release);
        Some((self.workers.len() + made, queue))
    }

    /// How many workers are always there.
    #[inline]
    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// How many there are, with all standbys that have been made.
    pub(super) fn len(&self) -> usize {
        self.workers.len() + self.made.load(Acquire)
    }

    #[inline]
    pub(super) fn get(&self, worker: usize) -> &Remote {
        self.workers
            .get(worker)
            .unwrap_or_else(|| self.standby(worker))
    }

    #[cold]
    fn standby(&self, worker: usize) -> &Remote {
        let made = self.standbys[worker - self.workers.len()].get();
        made.expect("a standby has a number once it is made")
    }

    /// All that there are.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Remote> {
        let standbys = self.standbys[..self.made.load(Acquire)].iter();
        let standbys = standbys.filter_map(|standby| standby.get().map(|remote| &**remote));
        self.workers.iter().chain(standbys)
    }
}
