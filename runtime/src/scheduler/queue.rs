//! A worker's queue: first in, first out for its owner, batches for thieves.
//!
//! Two types for the two ends: [`Local`], which one thread has, and [`Stealer`], which all have. On crossbeam's deque, which has no loom build: models
//! get a locked queue with the same interface.
//!
//! The queue is a ring of four of crossbeam's, each bounded at its smallest buffer, so that none ever grows, shrinks or leaves garbage to its epochs: spawning
//! allocates the task's cell and nothing else. The owner fills one after the other, and empties them in the same order. What doesn't fit goes to the injector.

#![deny(unsafe_code)]

use crate::task::Task;

/// How many tasks a queue holds at most; it may refuse some when it is more than three quarters full. Few in models, so that they reach the edge.
pub(super) const CAPACITY: usize = if cfg!(heist_loom) { 4 } else { 256 };

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
    use std::array;
    use std::cell::Cell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// How many deques are in the ring.
    const RING: usize = 4;
    /// How many tasks each holds: crossbeam's smallest buffer.
    const LENGTH: usize = CAPACITY / RING;
    /// How many a thief takes at most.
    const BATCH: usize = 32;

    /// The owner's end.
    pub(crate) struct Local {
        ring: [crossbeam::Worker<Task>; RING],
        /// Where to pop, and, as many deques further on, where to push. In between, and nowhere else, there are tasks.
        first: Cell<usize>,
        span: Cell<usize>,
        /// Both, for the thieves.
        shown: Arc<AtomicUsize>,
    }

    /// The thieves' end.
    pub(crate) struct Stealer {
        ring: [crossbeam::Stealer<Task>; RING],
        shown: Arc<AtomicUsize>,
    }

    impl Local {
        pub(crate) fn new() -> (Self, Stealer) {
            let local = Self {
                ring: array::from_fn(|_| crossbeam::Worker::new_fifo()),
                first: Cell::new(0),
                span: Cell::new(0),
                shown: Arc::new(AtomicUsize::new(0)),
            };
            let stealer = Stealer {
                ring: array::from_fn(|place| local.ring[place].stealer()),
                shown: local.shown.clone(),
            };
            (local, stealer)
        }

        /// Gives the task back if the queue is full. No locked operation.
        #[inline]
        pub(crate) fn push(&self, task: Task) -> Result<(), Task> {
            if self.last().len() >= LENGTH && !self.lengthen() {
                return Err(task);
            }
            self.last().push(task);
            Ok(())
        }

        /// One locked operation.
        #[inline]
        pub(crate) fn pop(&self) -> Option<Task> {
            loop {
                let task = self.ring[self.first.get()].pop();
                if task.is_some() || !self.shorten() {
                    return task;
                }
            }
        }

        #[inline]
        pub(crate) fn is_empty(&self) -> bool {
            self.used().all(crossbeam::Worker::is_empty)
        }

        /// Whether there is more than the one that the owner takes next.
        pub(crate) fn has_several(&self) -> bool {
            self.len() > 1
        }

        /// How many more tasks fit at least. Thieves can only make it more.
        pub(crate) fn room(&self) -> usize {
            let unused = RING - 1 - self.span.get();
            LENGTH - self.last().len() + unused * LENGTH
        }

        /// How many there are. Thieves can only make it less.
        pub(crate) fn len(&self) -> usize {
            self.used().map(crossbeam::Worker::len).sum()
        }

        fn used(&self) -> impl Iterator<Item = &crossbeam::Worker<Task>> {
            let first = self.first.get();
            (first..=first + self.span.get()).map(|place| &self.ring[place % RING])
        }

        #[inline]
        fn last(&self) -> &crossbeam::Worker<Task> {
            &self.ring[(self.first.get() + self.span.get()) % RING]
        }

        /// Takes one more deque into use, which is empty. False: there is none.
        #[cold]
        fn lengthen(&self) -> bool {
            let longer = self.span.get() + 1 < RING;
            if longer {
                self.show(self.first.get(), self.span.get() + 1);
            }
            longer
        }

        /// Gives up the first, which is empty, if there are others.
        #[cold]
        fn shorten(&self) -> bool {
            let shorter = self.span.get() > 0;
            if shorter {
                self.show((self.first.get() + 1) % RING, self.span.get() - 1);
            }
            shorter
        }

        fn show(&self, first: usize, span: usize) {
            self.first.set(first);
            self.span.set(span);
            // Relaxed: where to look is ordered with what is there by the fences of the sleep protocol; without these it is a hint, as whether a deque is
            // empty is.
            self.shown.store(span * RING + first, Relaxed);
        }
    }

    impl Stealer {
        pub(crate) fn is_empty(&self) -> bool {
            self.used().all(crossbeam::Stealer::is_empty)
        }

        /// How many there are, or were just now.
        pub(crate) fn len(&self) -> usize {
            self.used().map(crossbeam::Stealer::len).sum()
        }

        /// Takes up to half of a deque.
        pub(crate) fn steal(&self, into: &Local) -> Steal {
            // A steal pins an epoch, which costs more than to look first.
            let Some(victim) = self.used().find(|deque| !deque.is_empty()) else {
                return Steal::Empty;
            };
            if into.last().len() >= LENGTH {
                into.lengthen();
            }
            let last = into.last();
            let limit = (LENGTH - last.len()).clamp(1, BATCH);
            victim.steal_batch_with_limit_and_pop(last, limit).into()
        }

        /// Takes the oldest.
        pub(crate) fn steal_one(&self) -> Steal {
            let victim = self.used().find(|deque| !deque.is_empty());
            victim.map_or(Steal::Empty, |deque| deque.steal().into())
        }

        fn used(&self) -> impl Iterator<Item = &crossbeam::Stealer<Task>> {
            let shown = self.shown.load(Relaxed);
            let (first, span) = (shown % RING, shown / RING);
            (first..=first + span).map(|place| &self.ring[place % RING])
        }
    }
}

#[cfg(not(heist_loom))]
impl From<crossbeam_deque::Steal<Task>> for Steal {
    fn from(stolen: crossbeam_deque::Steal<Task>) -> Self {
        match stolen {
            crossbeam_deque::Steal::Empty => Self::Empty,
            crossbeam_deque::Steal::Success(task) => Self::Task(task),
            crossbeam_deque::Steal::Retry => Self::Retry,
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
            self.len() > 1
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().len()
        }

        pub(crate) fn room(&self) -> usize {
            CAPACITY - self.0.lock().len()
        }
    }

    impl Stealer {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_empty()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().len()
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

        pub(crate) fn steal_one(&self) -> Steal {
            let task = self.0.lock().pop_front();
            task.map_or(Steal::Empty, Steal::Task)
        }
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use crate::task::{self, Header, IdBlock, Schedule, Spawn};
    use crate::time::Coarse;
    use std::collections::VecDeque;
    use std::future::ready;
    use std::panic::Location;
    use std::ptr::NonNull;

    struct Nowhere;

    impl Schedule for Nowhere {
        #[expect(
            unsafe_code,
            reason = "the trait's method is unsafe to call; this one does nothing"
        )]
        unsafe fn schedule(_: NonNull<Self>, _: Task) {}
        fn release(&self, _: &Header) {}
    }

    fn task() -> Task {
        task::new(
            ready(()),
            Nowhere,
            IdBlock::new().take(),
            Spawn::at(Location::caller()),
            Coarse::now(),
        )
        .0
    }

    /// A queue beside what it should hold, oldest first.
    struct Checked {
        queue: Local,
        expected: VecDeque<NonNull<Header>>,
    }

    impl Checked {
        fn push(&mut self) {
            let task = task();
            let header = task.as_raw();
            let refused = self.queue.push(task).err();
            // A place in the first deque is free for others only when that deque is empty.
            assert!(refused.is_none() || self.expected.len() > CAPACITY / 4 * 3);
            assert!(refused.is_some() || self.expected.len() < CAPACITY);
            if refused.is_none() {
                self.expected.push_back(header);
            }
        }

        fn pop(&mut self) {
            let popped = self.queue.pop().map(|task| task.as_raw());
            assert_eq!(popped, self.expected.pop_front());
        }

        fn check(&self, stealer: &Stealer) {
            assert_eq!(self.queue.is_empty(), self.expected.is_empty());
            assert_eq!(stealer.is_empty(), self.expected.is_empty());
            assert_eq!(self.queue.has_several(), self.expected.len() > 1);
            assert!(self.queue.room() <= CAPACITY - self.expected.len());
        }
    }

    #[test]
    fn it_is_first_in_first_out_however_full_it_is() {
        let (queue, stealer) = Local::new();
        let mut queue = Checked {
            queue,
            expected: VecDeque::new(),
        };
        for (pushes, pops) in [(1, 1), (300, 100), (50, 0), (60, 200), (256, 30), (30, 300)] {
            for _ in 0..3 {
                (0..pushes).for_each(|_| queue.push());
                queue.check(&stealer);
                (0..pops).for_each(|_| queue.pop());
                queue.check(&stealer);
            }
        }
    }

    #[test]
    fn what_is_stolen_is_the_oldest_and_is_there_once() {
        let (queue, stealer) = Local::new();
        let mut victim = Checked {
            queue,
            expected: VecDeque::new(),
        };
        (0..CAPACITY).for_each(|_| victim.push());
        while !victim.expected.is_empty() {
            let (thief, _stealer) = Local::new();
            let Steal::Task(first) = stealer.steal(&thief) else {
                panic!("nobody else is there")
            };
            let others = std::iter::from_fn(|| thief.pop());
            for stolen in std::iter::once(first).chain(others) {
                assert_eq!(Some(stolen.as_raw()), victim.expected.pop_front());
            }
            victim.check(&stealer);
        }
        assert!(matches!(stealer.steal(&Local::new().0), Steal::Empty));
        victim.pop();
    }

    #[test]
    fn one_at_a_time_is_stolen_in_order() {
        let (queue, stealer) = Local::new();
        let mut victim = Checked {
            queue,
            expected: VecDeque::new(),
        };
        (0..CAPACITY).for_each(|_| victim.push());
        while let Some(oldest) = victim.expected.pop_front() {
            let Steal::Task(stolen) = stealer.steal_one() else {
                panic!("nobody else is there")
            };
            assert_eq!(stolen.as_raw(), oldest);
            victim.check(&stealer);
        }
        assert!(matches!(stealer.steal_one(), Steal::Empty));
    }

    #[test]
    fn a_thief_that_is_full_takes_one() {
        let (full, _stealer) = Local::new();
        let (victim, stealer) = Local::new();
        (0..CAPACITY).for_each(|_| assert!(full.push(task()).is_ok()));
        (0..3).for_each(|_| assert!(victim.push(task()).is_ok()));
        assert_eq!(full.room(), 0);
        assert!(matches!(stealer.steal(&full), Steal::Task(_)));
        assert!(full.push(task()).is_err());
        assert!(victim.has_several());
    }
}
