//! A worker's queue: first in, first out for its owner, batches for thieves.
//!
//! Two types for the two ends: [`Local`], which one thread has, and [`Stealer`], which all have. On crossbeam's deque, which has no loom build: models
//! get a locked queue with the same interface.
//!
//! The queue is bounded at crossbeam's smallest buffer, so that it never grows, shrinks or leaves garbage to its epochs: spawning allocates the
//! task's cell and nothing else. What doesn't fit goes to the injector.

#![forbid(unsafe_code)]

use crate::task::Task;

/// How many tasks a queue holds: crossbeam's smallest buffer. Small in models, so that they reach the edge.
pub(super) const CAPACITY: usize = if cfg!(heist_loom) { 4 } else { 64 };

/// What a theft brought.
pub(super) enum Steal {
    /// Nothing was there.
    Empty,
    /// A task to run; more may have moved to the thief's queue.
    Task(Task),
    /// Somebody else was quicker: try again.
    #[cfg_attr(
        heist_loom,
        expect(dead_code, reason = "the locked queue's thieves wait for each other")
    )]
    Retry,
}

#[cfg(not(heist_loom))]
pub(super) use deque::{Local, Stealer};

#[cfg(not(heist_loom))]
mod deque {
    use super::{CAPACITY, Steal, Task};
    use crossbeam_deque as crossbeam;

    /// The owner's end.
    pub(crate) struct Local(crossbeam::Worker<Task>);

    /// The thieves' end.
    pub(crate) struct Stealer(crossbeam::Stealer<Task>);

    impl Local {
        pub(crate) fn new() -> (Self, Stealer) {
            let local = crossbeam::Worker::new_fifo();
            let stealer = Stealer(local.stealer());
            (Self(local), stealer)
        }

        /// Gives the task back if the queue is full. No locked operation.
        #[inline]
        pub(crate) fn push(&self, task: Task) -> Result<(), Task> {
            if self.0.len() >= CAPACITY {
                return Err(task);
            }
            self.0.push(task);
            Ok(())
        }

        /// One locked operation.
        #[inline]
        pub(crate) fn pop(&self) -> Option<Task> {
            self.0.pop()
        }

        #[inline]
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        /// Whether there is more than the one that the owner takes next.
        pub(crate) fn has_several(&self) -> bool {
            self.0.len() > 1
        }

        /// How many more tasks fit. Thieves can only make it more.
        pub(crate) fn room(&self) -> usize {
            CAPACITY - self.0.len()
        }
    }

    impl Stealer {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        /// Takes up to half of the queue.
        pub(crate) fn steal(&self, into: &Local) -> Steal {
            // A steal pins an epoch, which costs more than to look first.
            if self.0.is_empty() {
                return Steal::Empty;
            }
            let limit = into.room().clamp(1, CAPACITY / 2);
            match self.0.steal_batch_with_limit_and_pop(&into.0, limit) {
                crossbeam::Steal::Empty => Steal::Empty,
                crossbeam::Steal::Success(task) => Steal::Task(task),
                crossbeam::Steal::Retry => Steal::Retry,
            }
        }
    }
}

#[cfg(heist_loom)]
pub(super) use locked::{Local, Stealer};

#[cfg(heist_loom)]
mod locked {
    use super::{CAPACITY, Steal, Task};
    use crate::loom::{Arc, Mutex};
    use std::collections::VecDeque;

    pub(crate) struct Local(Arc<Mutex<VecDeque<Task>>>);
    pub(crate) struct Stealer(Arc<Mutex<VecDeque<Task>>>);

    impl Local {
        pub(crate) fn new() -> (Self, Stealer) {
            let queue = Arc::new(Mutex::new(VecDeque::new()));
            (Self(queue.clone()), Stealer(queue))
        }

        pub(crate) fn push(&self, task: Task) -> Result<(), Task> {
            let mut queue = self.0.lock();
            if queue.len() >= CAPACITY {
                return Err(task);
            }
            queue.push_back(task);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Option<Task> {
            self.0.lock().pop_front()
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_empty()
        }

        pub(crate) fn has_several(&self) -> bool {
            self.0.lock().len() > 1
        }

        pub(crate) fn room(&self) -> usize {
            CAPACITY - self.0.lock().len()
        }
    }

    impl Stealer {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_empty()
        }

        pub(crate) fn steal(&self, into: &Local) -> Steal {
            let mut stolen = {
                let mut queue = self.0.lock();
                let half = queue.len().div_ceil(2);
                queue.drain(..half).collect::<VecDeque<_>>()
            };
            let Some(task) = stolen.pop_front() else {
                return Steal::Empty;
            };
            into.0.lock().extend(stolen);
            Steal::Task(task)
        }
    }
}
