//! Models of the task cell: every pair and triple of what can happen to a task at once, from each state that it can be in.
//!
//! Each model ends by running what is queued and closing the list, and then counts: the future was dropped once, the output once, the clean-up once, the cell freed once and not
//! before its last use; and who published something before a wake has had it seen.

mod actions;
mod line;
mod single;

pub(crate) use line::Line;

use super::{
    Guard, Header, IdBlock, JoinHandle, OwnedTasks, Registered, Schedule, Spawn, Task, new, waker,
};
use crate::loom::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::loom::cell::UnsafeCell;
use crate::loom::{Mutex, model, model_within, thread};
use crate::time::Coarse;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize as Count, Ordering::SeqCst};
use std::sync::{Arc, Mutex as PlainMutex};
use std::task::{Context, Poll, Waker};

/// A scheduler of one queue, and the counts. What is the test's own and not the model's is of `std`, so that loom doesn't search through it.
struct Bench {
    queue: Mutex<VecDeque<Task>>,
    tasks: OwnedTasks,
    /// What a task waits for. Relaxed everywhere: the wake itself must order it.
    published: AtomicUsize,
    /// Left by the first poll.
    wakers: PlainMutex<Vec<Waker>>,
    /// How often the task yields before it waits.
    yields: Count,
    /// Whether it registers a clean-up before it waits.
    arms: AtomicBool,
    futures_dropped: Count,
    outputs_dropped: Count,
    /// How many clean-ups were run to their end, and how many are gone, one way or the other.
    cleaned_up: Count,
    clean_ups_dropped: Count,
    cells_freed: Count,
}

impl Bench {
    fn new(published: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(VecDeque::new()),
            tasks: OwnedTasks::new(1),
            published: AtomicUsize::new(published),
            wakers: PlainMutex::new(Vec::new()),
            yields: Count::new(0),
            arms: AtomicBool::new(false),
            futures_dropped: Count::new(0),
            outputs_dropped: Count::new(0),
            cleaned_up: Count::new(0),
            clean_ups_dropped: Count::new(0),
            cells_freed: Count::new(0),
        })
    }

    fn pop(&self) -> Option<Task> {
        self.queue.lock().pop_front()
    }

    /// Runs one entry, if there is one.
    fn run_one(&self) -> bool {
        let Some(task) = self.pop() else { return false };
        if let Some(again) = task.run() {
            self.queue.lock().push_back(again);
        }
        true
    }

    fn run_all(&self) {
        while self.run_one() {}
    }

    fn publish(&self) {
        self.published.store(1, Relaxed);
    }

    fn take_waker(&self) -> Waker {
        let waker = self.wakers.lock().expect("no thread panics here").pop();
        waker.expect("the first poll left enough")
    }

    fn drop_wakers(&self) {
        let wakers = std::mem::take(&mut *self.wakers.lock().expect("no thread panics here"));
        drop(wakers);
    }
}

fn spawn(bench: &Arc<Bench>) -> JoinHandle<Output> {
    let (task, handle) = cell(bench, Home::<false>::new(bench));
    if bench.tasks.insert(&task, 0) {
        bench.queue.lock().push_back(task);
    } else {
        task.cancel();
    }
    handle
}

/// Queues a blocking job, which is in no list.
fn submit(bench: &Arc<Bench>) -> JoinHandle<Output> {
    let (job, handle) = cell(bench, Home::<true>::new(bench));
    bench.queue.lock().push_back(job);
    handle
}

fn cell(bench: &Arc<Bench>, home: impl Schedule) -> (Task, JoinHandle<Output>) {
    let id = IdBlock::new().take();
    new(
        Probe::new(bench),
        home,
        id,
        Spawn::at(Location::caller()),
        Coarse::now(),
    )
}

/// What the cell holds of its scheduler. Its destructor counts the cell as freed, and has loom check that each use happened before.
struct Home<const RUNS_ONCE: bool> {
    bench: Arc<Bench>,
    used: UnsafeCell<()>,
}

// SAFETY: the cell is written by the destructor alone.
unsafe impl<const RUNS_ONCE: bool> Sync for Home<RUNS_ONCE> {}

impl<const RUNS_ONCE: bool> Home<RUNS_ONCE> {
    fn new(bench: &Arc<Bench>) -> Self {
        Self {
            bench: bench.clone(),
            used: UnsafeCell::new(()),
        }
    }
}

impl<const RUNS_ONCE: bool> Schedule for Home<RUNS_ONCE> {
    const RUNS_ONCE: bool = RUNS_ONCE;

    unsafe fn schedule(this: NonNull<Self>, task: Task) {
        // SAFETY: the task is not queued yet, so its cell lives.
        let this = unsafe { this.as_ref() };
        this.used.with(|_| ());
        let bench = this.bench.clone();
        bench.queue.lock().push_back(task);
    }

    fn release(&self, task: &Header) {
        if !RUNS_ONCE {
            self.bench.tasks.remove(task);
        }
        self.used.with(|_| ());
    }
}

impl<const RUNS_ONCE: bool> Drop for Home<RUNS_ONCE> {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
        self.bench.cells_freed.fetch_add(1, SeqCst);
    }
}

/// Ready once something is published; its first poll, which no model lets race with that, leaves wakers behind.
struct Probe {
    bench: Arc<Bench>,
    polled: bool,
    guard: Option<Guard<CleanUp>>,
}

impl Probe {
    fn new(bench: &Arc<Bench>) -> Self {
        Self {
            bench: bench.clone(),
            polled: false,
            guard: None,
        }
    }
}

impl Future for Probe {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        if self.bench.published.load(Relaxed) == 1 {
            return Poll::Ready(Output(self.bench.clone()));
        }
        if !std::mem::replace(&mut self.polled, true) {
            let wakers = [(); 4].map(|()| cx.waker().clone());
            let mut places = self.bench.wakers.lock().expect("no thread panics here");
            places.extend(wakers);
            drop(places);
            if self.bench.arms.load(SeqCst) {
                let clean_up = CleanUp(self.bench.clone());
                let registered = Registered::at(Location::caller());
                self.guard = Some(Guard::new(registered, clean_up));
            }
        }
        let left = self.bench.yields.load(SeqCst);
        if left > 0 {
            self.bench.yields.store(left - 1, SeqCst);
            assert!(waker::yields(cx.waker()));
        }
        Poll::Pending
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.bench.futures_dropped.fetch_add(1, SeqCst);
    }
}

/// Waits for the same, by the wakers that the task has left already.
struct CleanUp(Arc<Bench>);

impl Future for CleanUp {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.published.load(Relaxed) == 0 {
            return Poll::Pending;
        }
        self.0.cleaned_up.fetch_add(1, SeqCst);
        Poll::Ready(())
    }
}

impl Drop for CleanUp {
    fn drop(&mut self) {
        self.0.clean_ups_dropped.fetch_add(1, SeqCst);
    }
}

struct Output(Arc<Bench>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.outputs_dropped.fetch_add(1, SeqCst);
    }
}

/// Who awaits the handle, for one poll of it.
#[derive(Default)]
struct Joiner {
    woken: Count,
}

impl std::task::Wake for Joiner {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
    }
}

/// Polls the handle. `Some`: it waits.
fn poll_handle(handle: &mut JoinHandle<Output>) -> Option<Arc<Joiner>> {
    let joiner = Arc::new(Joiner::default());
    let waker = Waker::from(joiner.clone());
    match Pin::new(handle).poll(&mut Context::from_waker(&waker)) {
        Poll::Pending => Some(joiner),
        Poll::Ready(outcome) => {
            if let Err(error) = outcome {
                assert!(error.is_cancelled(), "{error}");
            }
            None
        }
    }
}
