//! Models of the task cell: every pair and triple of what can happen to a task at once, from each state that it can be in.
//!
//! Each model ends by running what is queued and closing the list, and then counts: the future was dropped once, the output once, the cell freed once and not
//! before its last use; and who published something before a wake has had it seen.

use super::{Header, IdBlock, JoinHandle, OwnedTasks, Schedule, Task, new, waker};
use crate::loom::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::loom::cell::UnsafeCell;
use crate::loom::{Mutex, model, model_within, thread};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst};
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
    futures_dropped: Count,
    outputs_dropped: Count,
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
            futures_dropped: Count::new(0),
            outputs_dropped: Count::new(0),
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
    new(Probe::new(bench), home, id, Location::caller())
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
}

impl Probe {
    fn new(bench: &Arc<Bench>) -> Self {
        Self {
            bench: bench.clone(),
            polled: false,
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
    /// The lists are closed.
    Close,
    DropHandle,
    /// The handle is polled, then dropped.
    Leave,
    /// The handle is polled twice, with different wakers, and waits.
    Join,
}

use Action::{Abort, Close, DropHandle, DropWaker, Join, Leave, Run, Wake, WakeByRef};

/// Who takes the handle comes last.
const ACTIONS: [Action; 9] = [
    Wake, WakeByRef, DropWaker, Run, Abort, Close, DropHandle, Leave, Join,
];

impl Action {
    fn wakes(self) -> bool {
        matches!(self, Wake | WakeByRef)
    }

    fn cancels(self) -> bool {
        matches!(self, Abort | Close)
    }

    fn takes_waker(self) -> bool {
        self.wakes() || self == DropWaker
    }

    fn takes_handle(self) -> bool {
        matches!(self, DropHandle | Leave | Join)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// Queued, never polled; its first poll completes it. Nobody has a waker.
    New,
    /// The same for a blocking job: an abort takes it out of its queue's hands.
    Job,
    /// Polled once, and pending.
    Idle,
    /// It yielded in its first poll, and does in the next: queued, and its entry is its runner.
    Yielded,
    /// Woken after its first poll: queued.
    Scheduled,
    /// Queued, and what it waits for is there: the next poll completes it.
    Ready,
}

const STARTS: [Start; 6] = [
    Start::New,
    Start::Job,
    Start::Idle,
    Start::Yielded,
    Start::Scheduled,
    Start::Ready,
];

impl Start {
    fn is_first_poll(self) -> bool {
        matches!(self, Start::New | Start::Job)
    }

    fn is_ready(self) -> bool {
        self.is_first_poll() || self == Start::Ready
    }

    /// Whether this drops a future that is not being polled without waiting for its queue.
    fn drops_at_once(self, action: Action) -> bool {
        action == Close && self != Start::Yielded || action == Abort && self == Start::Job
    }

    /// Whether these can happen at once: there is one handle, no waker before the first poll, and no list of jobs.
    fn allows(self, actions: &[Action]) -> bool {
        let count =
            |what: fn(Action) -> bool| actions.iter().filter(|&&action| what(action)).count();
        count(Action::takes_handle) <= 1
            && (count(Action::takes_waker) == 0 || !self.is_first_poll())
            && (count(|action| action == Close) == 0 || self != Start::Job)
    }
}

/// The handle after `Join`, and who waits for it, if the task hadn't ended.
type Waiting = Option<(JoinHandle<Output>, Arc<Joiner>)>;

/// The task in its starting state, and one thread an action: this one does the last.
fn at_once(start: Start, actions: &[Action]) {
    let bench = Bench::new(start.is_first_poll().into());
    if start == Start::Yielded {
        bench.yields.store(2, SeqCst);
    }
    let spawn = if start == Start::Job { submit } else { spawn };
    let mut handle = Some(spawn(&bench));
    if !start.is_first_poll() {
        bench.run_one();
    }
    if matches!(start, Start::Scheduled | Start::Ready) {
        bench.published.store(start.is_ready().into(), Relaxed);
        bench.take_waker().wake();
    }
    // What is not handed out is dropped, so that an action may be the one that drops the last reference.
    let mut steps: Vec<_> = actions
        .iter()
        .map(|&action| prepare(&bench, action, &mut handle))
        .collect();
    bench.drop_wakers();
    let mine = steps.pop().expect("at least one action");
    let threads: Vec<_> = steps.into_iter().map(thread::spawn).collect();
    let mut waiting = mine();
    for thread in threads {
        waiting = waiting.or(thread.join().expect("an action panicked"));
    }
    check(&bench, start, actions, handle, waiting);
}

/// An action with what it needs.
fn prepare(
    bench: &Arc<Bench>,
    action: Action,
    handle: &mut Option<JoinHandle<Output>>,
) -> Box<dyn FnOnce() -> Waiting + Send> {
    let bench = bench.clone();
    let mut take_handle = || {
        handle
            .take()
            .expect("one action takes the handle, the last")
    };
    match action {
        Wake => {
            let waker = bench.take_waker();
            Box::new(move || {
                bench.publish();
                waker.wake();
                None
            })
        }
        WakeByRef => {
            let waker = bench.take_waker();
            Box::new(move || {
                bench.publish();
                waker.wake_by_ref();
                None
            })
        }
        DropWaker => {
            let waker = bench.take_waker();
            Box::new(move || {
                drop(waker);
                None
            })
        }
        Run => Box::new(move || {
            bench.run_one();
            None
        }),
        Abort => {
            let abort = handle.as_ref().map(JoinHandle::abort_handle);
            let abort = abort.expect("no action before this one takes the handle");
            Box::new(move || {
                abort.abort();
                None
            })
        }
        Close => Box::new(move || {
            bench.tasks.close();
            None
        }),
        DropHandle => {
            let handle = take_handle();
            Box::new(move || {
                drop(handle);
                None
            })
        }
        Leave => {
            let mut handle = take_handle();
            Box::new(move || {
                let _ = poll_handle(&mut handle);
                None
            })
        }
        Join => {
            let mut handle = take_handle();
            Box::new(move || {
                poll_handle(&mut handle)?;
                let joiner = poll_handle(&mut handle)?;
                Some((handle, joiner))
            })
        }
    }
}

/// Whatever happened: nothing is lost, nothing is left.
fn check(
    bench: &Arc<Bench>,
    start: Start,
    actions: &[Action],
    mut handle: Option<JoinHandle<Output>>,
    mut waiting: Waiting,
) {
    if actions.iter().any(|&action| start.drops_at_once(action)) {
        assert_eq!(bench.futures_dropped.load(SeqCst), 1, "it is late");
    }
    bench.run_all();
    let woken = start.is_ready() || actions.iter().any(|action| action.wakes());
    let cancelled = actions.iter().any(|action| action.cancels());
    let ended = bench.futures_dropped.load(SeqCst) == 1;
    assert_eq!(
        ended,
        woken || cancelled,
        "a task ends when it was woken or cancelled"
    );
    if let Some(handle) = &mut handle {
        let joined = poll_handle(handle).is_none();
        assert_eq!(
            joined, ended,
            "the handle resolves when the future is gone, and not before"
        );
    }
    let joiner_woken = |waiting: &Waiting| {
        let joiner = waiting.as_ref().map(|(_, joiner)| joiner);
        joiner.map(|joiner| joiner.woken.load(SeqCst) == 1)
    };
    assert!(joiner_woken(&waiting).is_none_or(|woken| woken == ended));

    bench.tasks.close();
    bench.run_all();
    assert!(joiner_woken(&waiting).is_none_or(|woken| woken));
    if let Some((handle, _)) = &mut waiting {
        assert!(poll_handle(handle).is_none(), "who was woken is answered");
    }
    drop((handle, waiting));
    assert_eq!(bench.tasks.len(), 0);
    assert_eq!(bench.futures_dropped.load(SeqCst), 1);
    let outputs = bench.outputs_dropped.load(SeqCst);
    assert!(outputs == woken.into() || cancelled && outputs <= 1);
    assert_eq!(bench.cells_freed.load(SeqCst), 1, "the cell is freed once");
}

#[test]
fn pairs() {
    for start in STARTS {
        for (n, &a) in ACTIONS.iter().enumerate() {
            for &b in &ACTIONS[n..] {
                if start.allows(&[a, b]) {
                    model(move || at_once(start, &[a, b]));
                }
            }
        }
    }
}

/// Every triple of actions from this state. A switch between threads that one of them didn't ask for is rare in them, or it would take hours: pairs
/// have more.
fn triples(start: Start) {
    for (n, &a) in ACTIONS.iter().enumerate() {
        for (m, &b) in ACTIONS.iter().enumerate().skip(n) {
            for &c in &ACTIONS[m..] {
                if start.allows(&[a, b, c]) {
                    model_within(2, move || at_once(start, &[a, b, c]));
                }
            }
        }
    }
}

#[test]
fn triples_of_a_new_task() {
    triples(Start::New);
}

#[test]
fn triples_of_a_queued_job() {
    triples(Start::Job);
}

#[test]
fn triples_of_an_idle_task() {
    triples(Start::Idle);
}

#[test]
fn triples_of_a_yielded_task() {
    triples(Start::Yielded);
}

#[test]
fn triples_of_a_scheduled_task() {
    triples(Start::Scheduled);
}

#[test]
fn triples_of_a_ready_task() {
    triples(Start::Ready);
}

/// A wake that finds the task scheduled already must publish what was written before it to the poll that comes (tokio's pull request 7622): the second
/// waker does no more than a read-modify-write, and the poll must see its value.
#[test]
fn wake_of_a_scheduled_task() {
    model(|| {
        let bench = Bench::new(0);
        let handle = spawn(&bench);
        bench.run_one();
        let first = bench.take_waker();
        let second = {
            let (bench, waker) = (bench.clone(), bench.take_waker());
            thread::spawn(move || {
                bench.publish();
                waker.wake_by_ref();
            })
        };
        // Publishes nothing; if it comes first the other finds the task scheduled.
        first.wake();
        bench.run_one();
        second.join().expect("the waker panicked");
        bench.run_all();
        assert_eq!(
            bench.futures_dropped.load(SeqCst),
            1,
            "what was published was missed"
        );
        drop(handle);
        bench.drop_wakers();
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
    });
}

/// Who awaits the handle is woken, whenever it came.
#[test]
fn joiner_is_woken() {
    model(|| {
        let bench = Bench::new(1);
        let mut handle = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let mut waiting = poll_handle(&mut handle);
        if waiting.is_some() {
            waiting = poll_handle(&mut handle);
        }
        worker.join().expect("the worker panicked");
        if let Some(joiner) = waiting {
            assert_eq!(joiner.woken.load(SeqCst), 1, "the joiner was left asleep");
            assert!(poll_handle(&mut handle).is_none());
        }
        drop(handle);
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
        assert_eq!(bench.tasks.len(), 0);
        assert_eq!(bench.futures_dropped.load(SeqCst), 2);
        bench.run_all();
        for mut handle in [first, second] {
            assert!(poll_handle(&mut handle).is_none());
        }
        assert_eq!(bench.cells_freed.load(SeqCst), 2);
    });
}

/// The lists close while the queue still has the task's entry, and nobody else knows the task: the entry, void now, gives up the task's own reference, and the
/// cell must outlast the closer's.
#[test]
fn close_against_void_entry() {
    model(|| {
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
