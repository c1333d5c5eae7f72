//! Models of the task cell: every pair and triple of what can happen to a task at once, from each state that it can be in.
//!
//! Each model ends by running what is queued and shutting the list down, and then counts: the future was dropped once, the output once, the cell freed; and who
//! published something before a wake has had it seen.

use super::{Header, IdBlock};
use super::{JoinHandle, OwnedTasks, Schedule, Task, new};
use crate::loom::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::loom::{Arc, Mutex, model_within, thread};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// A scheduler of one queue, and the counts. The counts are the test's own, not the model's: plain atomics.
struct Bench {
    queue: Mutex<VecDeque<Task>>,
    tasks: OwnedTasks,
    /// What a wake publishes. Relaxed everywhere: the wake itself must order it.
    published: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
    polls: Count,
    futures_dropped: Count,
    outputs_dropped: Count,
    cells_freed: Count,
    joiner_woken: Count,
}

impl Bench {
    fn new(published: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(VecDeque::new()),
            tasks: OwnedTasks::new(1),
            published: AtomicUsize::new(published),
            wakers: Mutex::new(Vec::new()),
            polls: Count::new(0),
            futures_dropped: Count::new(0),
            outputs_dropped: Count::new(0),
            cells_freed: Count::new(0),
            joiner_woken: Count::new(0),
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

    fn take_waker(&self) -> Option<Waker> {
        self.wakers.lock().pop()
    }
}

fn spawn(bench: &Arc<Bench>) -> JoinHandle<Output> {
    let (probe, home) = (Probe(bench.clone()), Home(bench.clone()));
    let (task, handle) = new(probe, home, IdBlock::new().take(), Location::caller());
    if bench.tasks.insert(&task, 0) {
        bench.queue.lock().push_back(task);
    } else {
        task.cancel();
    }
    handle
}

/// What the cell holds of the bench: its destructor tells that the cell was freed.
struct Home(Arc<Bench>);

impl Schedule for Home {
    unsafe fn schedule(this: NonNull<Self>, task: Task) {
        // SAFETY: the task is not queued yet, so its cell lives.
        let bench = unsafe { this.as_ref() }.0.clone();
        bench.queue.lock().push_back(task);
    }

    fn release(&self, task: &Header) {
        self.0.tasks.remove(task);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.0.cells_freed.fetch_add(1, SeqCst);
    }
}

/// Ready as soon as something is published; its first poll leaves wakers behind.
struct Probe(Arc<Bench>);

impl Future for Probe {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        if self.0.polls.fetch_add(1, SeqCst) == 0 {
            let mut wakers = self.0.wakers.lock();
            for _ in 0..4 {
                wakers.push(cx.waker().clone());
            }
        }
        if self.0.published.load(Relaxed) == 1 {
            Poll::Ready(Output(self.0.clone()))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.futures_dropped.fetch_add(1, SeqCst);
    }
}

struct Output(Arc<Bench>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.outputs_dropped.fetch_add(1, SeqCst);
    }
}

/// Who awaits the handle.
struct Joiner(Arc<Bench>);

// loom's `Arc` makes no waker: a plain one around it does.
impl Wake for Joiner {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.joiner_woken.fetch_add(1, SeqCst);
    }
}

fn poll_handle(bench: &Arc<Bench>, handle: &mut JoinHandle<Output>) -> bool {
    let waker = Waker::from(std::sync::Arc::new(Joiner(bench.clone())));
    match Pin::new(handle).poll(&mut Context::from_waker(&waker)) {
        Poll::Pending => false,
        Poll::Ready(outcome) => {
            if let Err(error) = outcome {
                assert!(error.is_cancelled());
            }
            true
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    /// A waker is used up.
    Wake,
    /// A waker wakes by reference, and is dropped.
    WakeByRef,
    DropWaker,
    /// A worker pops an entry, if there is one, and runs it: a poll, or a completion.
    Run,
    Abort,
    DropHandle,
    /// The handle is polled, twice with different wakers, then dropped.
    Join,
    /// The lists are closed.
    Close,
}

const ACTIONS: [Action; 8] = {
    use Action::*;
    [
        Wake, WakeByRef, DropWaker, Run, Abort, DropHandle, Join, Close,
    ]
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// Polled once, and pending.
    Idle,
    /// Woken after that: queued.
    Scheduled,
    /// Queued, and what it waits for is there: the next poll completes it.
    Ready,
}

const STARTS: [Start; 3] = [Start::Idle, Start::Scheduled, Start::Ready];

/// The task in its starting state, and one thread an action.
fn at_once(start: Start, actions: &[Action]) {
    let bench = Bench::new(0);
    let handle = spawn(&bench);
    let abort = handle.abort_handle();
    bench.run_one();
    if start != Start::Idle {
        bench
            .published
            .store((start == Start::Ready).into(), Relaxed);
        bench.take_waker().expect("four were left").wake();
    }
    let mut handle = Some(handle);
    let threads: Vec<_> = actions
        .iter()
        .map(|&action| {
            let (bench, abort) = (bench.clone(), abort.clone());
            let takes_handle = matches!(action, Action::DropHandle | Action::Join);
            let handle = if takes_handle { handle.take() } else { None };
            thread::spawn(move || act(&bench, action, &abort, handle))
        })
        .collect();
    drop(abort);
    for thread in threads {
        thread.join().expect("an action panicked");
    }
    check(&bench, handle, actions);
}

fn act(
    bench: &Arc<Bench>,
    action: Action,
    abort: &super::AbortHandle,
    handle: Option<JoinHandle<Output>>,
) {
    match action {
        Action::Wake => {
            let waker = bench.take_waker().expect("four were left");
            bench.published.store(1, Relaxed);
            waker.wake();
        }
        Action::WakeByRef => {
            let waker = bench.take_waker().expect("four were left");
            bench.published.store(1, Relaxed);
            waker.wake_by_ref();
        }
        Action::DropWaker => drop(bench.take_waker()),
        Action::Run => drop(bench.run_one()),
        Action::Abort => abort.abort(),
        Action::DropHandle => drop(handle),
        Action::Join => {
            if let Some(mut handle) = handle {
                let _ = poll_handle(bench, &mut handle) || poll_handle(bench, &mut handle);
            }
        }
        Action::Close => bench.tasks.close(),
    }
}

/// Whatever happened: nothing is lost, nothing is left.
fn check(bench: &Arc<Bench>, handle: Option<JoinHandle<Output>>, actions: &[Action]) {
    while bench.run_one() {}
    let ended = bench.futures_dropped.load(SeqCst);
    let woken = actions
        .iter()
        .any(|action| matches!(action, Action::Wake | Action::WakeByRef));
    let cancelled = actions
        .iter()
        .any(|action| matches!(action, Action::Abort | Action::Close));
    if woken || cancelled {
        assert_eq!(ended, 1, "a wake or a cancellation was lost");
    }
    if let Some(mut handle) = handle {
        let joined = poll_handle(bench, &mut handle);
        assert_eq!(
            joined,
            ended == 1,
            "the handle resolves when the future is gone, and not before"
        );
    }
    bench.tasks.close();
    while bench.run_one() {}
    bench.wakers.lock().clear();
    assert_eq!(bench.futures_dropped.load(SeqCst), 1);
    assert_eq!(bench.tasks.len(), 0);
    assert_eq!(bench.cells_freed.load(SeqCst), 1, "the cell is freed once");
    let polls = bench.polls.load(SeqCst);
    assert!(bench.outputs_dropped.load(SeqCst) <= 1 && polls >= 1);
    // What was ready was not lost on its way: it was dropped by somebody.
    if bench.published.load(Relaxed) == 1 && !cancelled && woken {
        assert_eq!(bench.outputs_dropped.load(SeqCst), 1);
    }
}

#[test]
fn pairs() {
    for start in STARTS {
        for (n, &a) in ACTIONS.iter().enumerate() {
            for &b in &ACTIONS[n..] {
                model_within(3, move || at_once(start, &[a, b]));
            }
        }
    }
}

#[test]
fn triples() {
    for start in STARTS {
        for (n, &a) in ACTIONS.iter().enumerate() {
            for (m, &b) in ACTIONS.iter().enumerate().skip(n) {
                for &c in &ACTIONS[m..] {
                    model_within(1, move || at_once(start, &[a, b, c]));
                }
            }
        }
    }
}

/// A wake that finds the task scheduled already must publish what was written before it to the poll that comes (STYLE: tokio's pull request
/// 7622): the second waker does no more than a read-modify-write, and the poll must see its value.
#[test]
fn wake_of_a_scheduled_task() {
    model_within(3, || {
        let bench = Bench::new(0);
        let handle = spawn(&bench);
        bench.run_one();
        let first = bench.take_waker().expect("four were left");
        let second = {
            let bench = bench.clone();
            let waker = bench.take_waker().expect("four were left");
            thread::spawn(move || {
                bench.published.store(1, Relaxed);
                waker.wake_by_ref();
            })
        };
        // Publishes nothing; if it comes first the other finds the task scheduled.
        first.wake();
        bench.run_one();
        second.join().expect("the waker panicked");
        while bench.run_one() {}
        assert_eq!(
            bench.futures_dropped.load(SeqCst),
            1,
            "what was published was missed"
        );
        drop(handle);
        bench.wakers.lock().clear();
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
    });
}

/// Who awaits the handle is woken, whenever it came.
#[test]
fn joiner_is_woken() {
    model_within(3, || {
        let bench = Bench::new(1);
        let mut handle = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let joined = poll_handle(&bench, &mut handle) || poll_handle(&bench, &mut handle);
        worker.join().expect("the worker panicked");
        if !joined {
            assert_eq!(
                bench.joiner_woken.load(SeqCst),
                1,
                "the joiner was left asleep"
            );
            assert!(poll_handle(&bench, &mut handle));
        }
        drop(handle);
        bench.wakers.lock().clear();
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
        assert_eq!(bench.outputs_dropped.load(SeqCst), 1);
    });
}

/// Spawn against completion on another thread against the close of the lists: nothing is left in them, and each task ends.
#[test]
fn spawn_against_completion_against_close() {
    model_within(2, || {
        let bench = Bench::new(1);
        let first = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let closer = {
            let bench = bench.clone();
            thread::spawn(move || bench.tasks.close())
        };
        let second = spawn(&bench);
        worker.join().expect("the worker panicked");
        closer.join().expect("the closer panicked");
        while bench.run_one() {}
        assert_eq!(bench.tasks.len(), 0);
        assert_eq!(bench.futures_dropped.load(SeqCst), 2);
        for mut handle in [first, second] {
            assert!(poll_handle(&bench, &mut handle));
        }
        bench.wakers.lock().clear();
        assert_eq!(bench.cells_freed.load(SeqCst), 2);
    });
}

/// The lists close while the queue still has the task's entry, and nobody else knows the task: the entry, void now, gives up the task's own reference, and the
/// cell must outlast the closer's.
#[test]
fn close_against_void_entry() {
    model_within(3, || {
        let bench = Bench::new(0);
        drop(spawn(&bench));
        let popper = {
            let bench = bench.clone();
            thread::spawn(move || drop(bench.pop()))
        };
        bench.tasks.close();
        popper.join().expect("the popper panicked");
        drop(bench.pop());
        assert_eq!(bench.futures_dropped.load(SeqCst), 1);
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
    });
}
