//! The queue of a set: the part that any thread may push to, and the part that is the set's thread's own.
//!
//! Comes in: the entry of a task that was spawned or woken. Goes out: the same, to be run or cancelled by the set's thread: nobody else takes any. Called by `local_set.rs`.
//!
//! *Why no entry is used elsewhere.* An entry that another thread pushes is either taken, or refused, since [`Context::end`] has closed the queue. By then it has closed the list, which
//! took every task that was idle or scheduled, and has emptied the queue, which ended those that had yielded. So all tasks are complete, and a refused entry is void: its drop gives up a
//! reference. The last reference, wherever it ends, finds the stage empty: an outcome is dropped by its runner, or is the handle's, which is sent to another thread only if
//! the outcome may be.

#![forbid(unsafe_code)]

use crate::failure;
use crate::loom::Mutex;
use crate::task::{OwnedTasks, Task};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

/// How many polls a turn makes before it gives way to what runs beside the set.
const TURN: u32 = 64;
/// After how many polls it looks at what other threads have pushed.
const LOOK: u32 = 32;

/// What all threads reach.
pub(super) struct Shared {
    tasks: OwnedTasks,
    remote: Mutex<Remote>,
}

#[derive(Default)]
struct Remote {
    queue: VecDeque<Task>,
    /// Of those who poll the set, until they are woken.
    wakers: Vec<Waker>,
    closed: bool,
}

/// What only the set's thread has.
pub(super) struct Context {
    shared: Arc<Shared>,
    queue: RefCell<VecDeque<Task>>,
    /// In a turn, which comes to what is pushed.
    turning: Cell<bool>,
}

impl Shared {
    pub(super) fn tasks(&self) -> &OwnedTasks {
        &self.tasks
    }

    /// Queues an entry from anywhere. One that is refused is void.
    pub(super) fn push(&self, task: Task) {
        let mut remote = self.remote.lock();
        if remote.closed {
            drop(remote);
            drop(task);
            return;
        }
        remote.queue.push_back(task);
        drop(remote);
        self.wake();
    }

    /// Wakes all who poll the set.
    pub(super) fn wake(&self) {
        let wakers = mem::take(&mut self.remote.lock().wakers);
        wakers.into_iter().for_each(failure::wake);
    }
}

impl Context {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                tasks: OwnedTasks::new(1),
                remote: Mutex::new(Remote::default()),
            }),
            queue: RefCell::default(),
            turning: Cell::new(false),
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.shared, shared)
    }

    /// Queues an entry on the set's thread.
    pub(super) fn push(&self, task: Task) {
        self.queue.borrow_mut().push_back(task);
        if !self.turning.get() {
            self.shared.wake();
        }
    }

    /// Runs some of what is queued. Whoever polls is woken when more comes, or if more is left.
    pub(super) fn turn(&self, waker: &Waker, mut run: impl FnMut(Task) -> Option<Task>) {
        /// The turn ends, also by a panic of the waker's.
        struct Turning<'a>(&'a Cell<bool>);

        impl Drop for Turning<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }

        assert!(
            !self.turning.replace(true),
            "a `LocalSet` was polled by one of its own tasks: let the task await what it spawns instead"
        );
        let turning = Turning(&self.turning);
        self.register(waker);
        for poll in 0..TURN {
            if poll % LOOK == LOOK - 1 {
                self.take_remote();
            }
            let Some(task) = self.next() else { return };
            if let Some(again) = run(task) {
                self.queue.borrow_mut().push_back(again);
            }
        }
        drop(turning);
        waker.wake_by_ref();
    }

    fn register(&self, waker: &Waker) {
        let mut remote = self.shared.remote.lock();
        if !remote.wakers.iter().any(|other| other.will_wake(waker)) {
            drop(remote);
            // A clone may be anybody's code.
            let waker = waker.clone();
            remote = self.shared.remote.lock();
            remote.wakers.push(waker);
        }
    }

    fn next(&self) -> Option<Task> {
        let next = self.queue.borrow_mut().pop_front();
        next.or_else(|| {
            self.take_remote();
            self.queue.borrow_mut().pop_front()
        })
    }

    fn take_remote(&self) {
        let mut remote = self.shared.remote.lock();
        self.queue.borrow_mut().append(&mut remote.queue);
    }

    /// Drops all tasks.
    pub(super) fn end(&self) {
        // Nobody is to be woken.
        self.turning.set(true);
        self.shared.tasks.close();
        while let Some(task) = self.next() {
            task.cancel();
        }
        let (left, wakers) = {
            let mut remote = self.shared.remote.lock();
            remote.closed = true;
            (mem::take(&mut remote.queue), mem::take(&mut remote.wakers))
        };
        left.into_iter().for_each(Task::cancel);
        drop(wakers);
    }
}
