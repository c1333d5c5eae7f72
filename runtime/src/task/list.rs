//! Every live task of a runtime, for its shutdown, and for whoever asks which there are.
//!
//! Comes in: a task when it is spawned, and again when it is about to complete. Goes out: each task that is left, once, when the lists are closed. Called by
//! the scheduler. The lists are sharded, a shard for each worker and some for other threads: a task is linked in its spawner's, so that
//! only one that completes elsewhere meets another thread's lock.

use super::cell::{Header, abort, drop_reference, shut_down};
use super::frame::is_cleaning_up;
use super::{Task, TaskInfo};
use crate::count::Count;
use crate::failure::wake;
use crate::loom::Mutex;
use cordyceps::List;
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;
use std::task::Waker;

/// The lists. See the module.
pub(crate) struct OwnedTasks {
    shards: Box<[CachePadded<Shard>]>,
    /// Who waits until the lists are empty.
    waiting: Mutex<Option<Waker>>,
}

struct Shard {
    linked: Mutex<Linked>,
    /// How many were linked, and how many of them were unlinked again: counted under the lock.
    inserted: Count,
    removed: Count,
}

struct Linked {
    tasks: List<Header>,
    admits: Admits,
}

/// Whose spawns are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Admits {
    Everybody,
    /// The runtime ends, and the tasks with it: only their clean-ups may spawn.
    CleanUps,
    Nobody,
}

// SAFETY: the list holds pointers to headers, which any thread may use (rule 8); it is behind the shard's lock.
unsafe impl Send for Linked {}

/// A reference to a task that was found in its list.
struct Found(NonNull<Header>);

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: counted when it was found.
        unsafe { drop_reference(self.0) };
    }
}

impl Shard {
    fn len(&self) -> u64 {
        // In this order: who is seen to be gone is, mostly, seen to have come. (Nothing orders the two for a reader.)
        let removed = self.removed.get();
        self.inserted.get().saturating_sub(removed)
    }
}

impl OwnedTasks {
    pub(crate) fn new(shards: usize) -> Self {
        let shard = || Shard {
            linked: Mutex::new(Linked {
                tasks: List::new(),
                admits: Admits::Everybody,
            }),
            inserted: Count::default(),
            removed: Count::default(),
        };
        Self {
            shards: (0..shards.max(1))
                .map(|_| CachePadded::new(shard()))
                .collect(),
            waiting: Mutex::new(None),
        }
    }

    /// Links a new task. False: the lists are closed, and the task is to be cancelled.
    #[inline]
    pub(crate) fn insert(&self, task: &Task, shard: usize) -> bool {
        let shard = shard % self.shards.len();
        let header = task.header();
        header.set_shard(shard);
        let shard = &self.shards[shard];
        let mut linked = shard.linked.lock();
        let admitted = match linked.admits {
            Admits::Everybody => true,
            Admits::CleanUps => is_cleaning_up(),
            Admits::Nobody => false,
        };
        if admitted {
            // A task is new when it is inserted, so in no list; it is unlinked before it completes.
            linked.tasks.push_back(task.as_raw());
            shard.inserted.add(1);
        }
        admitted
    }

    /// Unlinks a task that is about to complete, if it is still linked.
    #[inline]
    pub(crate) fn remove(&self, header: &Header) {
        let shard = &self.shards[header.shard()];
        let mut linked = shard.linked.lock();
        // SAFETY: a task is only ever linked in the list of its shard.
        let removed = unsafe { linked.tasks.remove(NonNull::from(header)) };
        shard.removed.add(u64::from(removed.is_some()));
        if linked.admits != Admits::Everybody && linked.tasks.is_empty() {
            drop(linked);
            self.may_be_empty();
        }
    }

    #[cold]
    fn may_be_empty(&self) {
        let waiting = self.waiting.lock().take();
        if let Some(waker) = waiting {
            wake(waker);
        }
    }

    /// The waker is woken at the next moment, after [`cancel_all`](Self::cancel_all), at which the lists may have become empty.
    pub(crate) fn wake_when_empty(&self, waker: Waker) {
        let before = self.waiting.lock().replace(waker);
        drop(before);
    }

    /// Whether no task is linked.
    pub(crate) fn is_empty(&self) -> bool {
        self.shards
            .iter()
            .all(|shard| shard.linked.lock().tasks.is_empty())
    }

    /// From now on only clean-ups may spawn; and all tasks are asked to cancel. They end on their workers.
    pub(crate) fn cancel_all(&self) {
        for shard in &self.shards {
            let mut linked = shard.linked.lock();
            if linked.admits == Admits::Everybody {
                linked.admits = Admits::CleanUps;
            }
        }
        for shard in &self.shards {
            let find = |header: &Header| {
                // It is linked, so it has not completed, and cannot while the lock is held (rule 6).
                header.state.ref_inc();
                Found(NonNull::from(header))
            };
            let linked = shard.linked.lock();
            let found: Vec<_> = linked.tasks.iter().map(find).collect();
            drop(linked);
            for task in found {
                // Outside the lock: where a queue refuses it, this runs destructors.
                // SAFETY: by the reference just counted.
                unsafe { abort(task.0) };
            }
        }
    }

    /// How many tasks live: not yet complete, nor taken by the shutdown.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum::<u64>() as usize
    }

    /// All tasks that are linked. Each shard is locked for as long as it takes to walk over its tasks, some 100 ns each.
    pub(crate) fn snapshot(&self) -> Vec<TaskInfo> {
        let mut tasks = Vec::new();
        for shard in &self.shards {
            tasks.reserve(shard.len() as usize);
            let linked = shard.linked.lock();
            tasks.extend(linked.tasks.iter().map(TaskInfo::of));
        }
        tasks
    }

    /// How many tasks there have been.
    pub(crate) fn inserted(&self) -> u64 {
        self.shards.iter().map(|shard| shard.inserted.get()).sum()
    }

    /// Closes the lists, and drops the future of every task in them that is not being polled. One that is, is dropped when its poll returns.
    ///
    /// From now on a spawn is refused; but for running polls, no task of this runtime is left when this returns.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.linked.lock().admits = Admits::Nobody;
        }
        for shard in &self.shards {
            loop {
                let found = {
                    let mut linked = shard.linked.lock();
                    let Some(header) = linked.tasks.pop_front() else {
                        break;
                    };
                    shard.removed.add(1);
                    // SAFETY: it was linked, so it has not completed, and cannot while the lock is held (rule 6).
                    unsafe { header.as_ref() }.state.ref_inc();
                    Found(header)
                };
                // Outside the lock: this runs destructors, which may spawn and wake.
                // SAFETY: by the reference just counted.
                unsafe { shut_down(found.0) };
            }
        }
    }
}
