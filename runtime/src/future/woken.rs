//! Which of several futures in one task were woken.
//!
//! Comes in: a wake of one of them, from anyone; the task that awaits them all, when it is polled. Goes out: a wake of the task; to the task, the futures to poll, in
//! the order in which they were woken. Called by [`Parts`](super::parts) and by the handles of [`JoinSet`](crate::task::JoinSet) and
//! [`TaskGroup`](crate::task::TaskGroup), and by the wakers that these give to their futures.

#![forbid(unsafe_code)]

use crate::failure::{catch, report_panic, wake};
use crate::loom::Mutex;
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// The line of those that were woken. See the module.
pub(crate) struct Woken(Mutex<State>);

struct State {
    /// The futures' numbers, each once at most: a wake never grows the line.
    line: VecDeque<usize>,
    /// Whether a future is in the line.
    queued: Vec<bool>,
    /// The task, until it is woken.
    task: Option<Waker>,
}

/// What wakes one of the futures.
struct PartWaker {
    woken: Arc<Woken>,
    number: usize,
}

impl Woken {
    /// So many futures, all of which are to be polled for the first time.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            line: (0..count).collect(),
            queued: vec![true; count],
            task: None,
        })))
    }

    /// One future more, which is not in the line. Its number.
    pub(crate) fn add(&self) -> usize {
        let mut state = self.0.lock();
        let number = state.queued.len();
        state.queued.push(false);
        let room = state.queued.len() - state.line.len();
        state.line.reserve(room);
        number
    }

    /// The waker of this future.
    pub(crate) fn waker(self: &Arc<Self>, number: usize) -> Waker {
        let woken = self.clone();
        Waker::from(Arc::new(PartWaker { woken, number }))
    }

    /// How many are in the line. For the next one that comes, this task is woken.
    pub(crate) fn await_next(&self, task: &Waker) -> usize {
        // To clone or to drop a waker is others' code: not under the lock.
        let task = Some(task.clone());
        let mut state = self.0.lock();
        let former = mem::replace(&mut state.task, task);
        let count = state.line.len();
        drop(state);
        drop(former);
        count
    }

    /// Takes the first out of the line. It may queue again from now on.
    pub(crate) fn next(&self) -> Option<usize> {
        let mut state = self.0.lock();
        let number = state.line.pop_front()?;
        state.queued[number] = false;
        Some(number)
    }

    /// Wakes the task, though nobody was woken.
    pub(crate) fn rouse(&self) {
        let task = self.0.lock().task.take();
        if let Some(task) = task {
            wake(task);
        }
    }

    /// Wakes no task any more.
    pub(crate) fn forget_task(&self) {
        let task = self.0.lock().task.take();
        if let Err(payload) = catch(|| drop(task)) {
            report_panic(format_args!("the destructor of a waker"), &payload);
        }
    }

    fn wake(&self, number: usize) {
        let mut state = self.0.lock();
        if mem::replace(&mut state.queued[number], true) {
            return;
        }
        state.line.push_back(number);
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Wake for PartWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.wake(self.number);
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{model, thread};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Counts its wakes. On `std`'s atomics, so that it orders nothing for the model.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// Two futures are woken while the task looks for them: those that it has not found wake it, once, and wait in the line. Threads: the task's, and one that wakes.
    #[test]
    fn part_wake_against_look() {
        model(|| {
            let woken = Woken::new(2);
            let first = woken.await_next(Waker::noop());
            assert!((0..first).map(|_| woken.next()).eq([Some(0), Some(1)]));

            let wakers = [0, 1].map(|number| woken.waker(number));
            let waking = thread::spawn(move || wakers.map(Waker::wake));
            let wakes = Arc::new(Wakes::default());
            let found = woken.await_next(&wakes.clone().into());
            for number in 0..found {
                assert_eq!(woken.next(), Some(number));
            }
            waking.join().unwrap();
            assert_eq!(wakes.0.load(Relaxed), usize::from(found < 2));
            for number in found..2 {
                assert_eq!(woken.next(), Some(number));
            }
            assert_eq!(woken.next(), None);
        });
    }
}
