//! A scheduler of one queue, for the models of what is built on tasks.
//!
//! In: a future to spawn, tasks that were woken or aborted. Out: what was queued, run by whichever of a model's threads asks for it; and how many failures nobody has received.

use crate::loom::Mutex;
use crate::task::{FailurePolicy, Header, IdBlock, JoinHandle, Schedule, Spawn, Task, new};
use crate::time::Coarse;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// See the module.
#[derive(Clone)]
pub(crate) struct Line(Arc<Shared>);

struct Shared {
    queue: Mutex<VecDeque<Task>>,
    /// On `std`'s atomics, so that it orders nothing for the model.
    unreceived: Arc<AtomicUsize>,
    failures: FailurePolicy,
}

impl Line {
    pub(crate) fn new() -> Self {
        let unreceived = Arc::<AtomicUsize>::default();
        let count = unreceived.clone();
        let hook = move |_| {
            count.fetch_add(1, SeqCst);
        };
        let failures = FailurePolicy {
            hook: Some(Arc::new(hook)),
            ..FailurePolicy::DEFAULT
        };
        Self(Arc::new(Shared {
            queue: Mutex::new(VecDeque::new()),
            unreceived,
            failures,
        }))
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let id = IdBlock::new().take();
        let spawn = Spawn::at(Location::caller());
        let (task, handle) = new(future, self.clone(), id, spawn, Coarse::now());
        self.0.queue.lock().push_back(task);
        handle
    }

    pub(crate) fn unreceived(&self) -> usize {
        self.0.unreceived.load(SeqCst)
    }

    /// Runs what is queued, until nothing is.
    pub(crate) fn run_all(&self) {
        loop {
            let Some(task) = self.0.queue.lock().pop_front() else {
                return;
            };
            if let Some(again) = task.run() {
                self.0.queue.lock().push_back(again);
            }
        }
    }
}

impl Schedule for Line {
    unsafe fn schedule(this: NonNull<Self>, task: Task) {
        // SAFETY: the task is not queued yet, so its cell lives.
        let line = unsafe { this.as_ref() }.clone();
        line.0.queue.lock().push_back(task);
    }

    fn release(&self, _: &Header) {}

    fn failures(&self) -> &FailurePolicy {
        &self.0.failures
    }
}
