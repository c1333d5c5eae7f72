//! Every live task of a runtime, for its shutdown.
//!
//! Comes in: a task when it is spawned, and again when it is about to complete. Goes out: each task that is left, once, when the lists are closed. Called by
//! the scheduler. The lists are sharded, a shard for each worker and some for other threads: a task is linked in its spawner's, so that
//! only one that completes elsewhere meets another thread's lock.

use super::Task;
use super::cell::{Header, drop_reference, shut_down};
use crate::loom::Mutex;
use cordyceps::List;
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

/// The lists. See the module.
pub(crate) struct OwnedTasks {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

struct Shard {
    tasks: List<Header>,
    closed: bool,
}

// SAFETY: the list holds pointers to headers, which any thread may use (rule 8); it is behind the shard's lock.
unsafe impl Send for Shard {}

/// A reference to a task that was found in its list.
struct Found(NonNull<Header>);

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: counted when it was found.
        unsafe { drop_reference(self.0) };
    }
}

impl OwnedTasks {
    pub(crate) fn new(shards: usize) -> Self {
        let shard = || {
            Mutex::new(Shard {
                tasks: List::new(),
                closed: false,
            })
        };
        Self {
            shards: (0..shards.max(1))
                .map(|_| CachePadded::new(shard()))
                .collect(),
        }
    }

    /// Links a new task. False: the lists are closed, and the task is to be cancelled.
    #[inline]
    pub(crate) fn insert(&self, task: &Task, shard: usize) -> bool {
        let shard = shard % self.shards.len();
        let header = task.header();
        header.set_shard(shard);
        let mut shard = self.shards[shard].lock();
        if !shard.closed {
            // A task is new when it is inserted, so in no list; it is unlinked before it completes.
            shard.tasks.push_back(task.as_raw());
        }
        !shard.closed
    }

    /// Unlinks a task that is about to complete, if it is still linked.
    #[inline]
    pub(crate) fn remove(&self, header: &Header) {
        let mut shard = self.shards[header.shard()].lock();
        // SAFETY: a task is only ever linked in the list of its shard.
        unsafe { shard.tasks.remove(NonNull::from(header)) };
    }

    /// How many tasks live: not yet complete.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().tasks.len())
            .sum()
    }

    /// Closes the lists, and drops the future of every task in them that is not being polled. One that is, is dropped when its poll returns.
    ///
    /// From now on a spawn is refused; but for running polls, no task of this runtime is left when this returns.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.lock().closed = true;
        }
        for shard in &self.shards {
            loop {
                let found = {
                    let mut shard = shard.lock();
                    let Some(header) = shard.tasks.pop_front() else {
                        break;
                    };
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
