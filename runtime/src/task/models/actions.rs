//! Every pair and every triple of actions, from every state of a task.

use super::*;

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
    /// Idle, with a clean-up registered, which waits for the same.
    Armed,
    /// Aborted after that: the future is gone; queued for the first poll of the clean-up.
    Aborted,
    /// The clean-up was polled as well, and waits.
    Cleaning,
}

const STARTS: [Start; 9] = [
    Start::New,
    Start::Job,
    Start::Idle,
    Start::Yielded,
    Start::Scheduled,
    Start::Ready,
    Start::Armed,
    Start::Aborted,
    Start::Cleaning,
];

impl Start {
    fn is_first_poll(self) -> bool {
        matches!(self, Start::New | Start::Job)
    }

    fn is_ready(self) -> bool {
        self.is_first_poll() || self == Start::Ready
    }

    fn has_clean_up(self) -> bool {
        matches!(self, Start::Armed | Start::Aborted | Start::Cleaning)
    }

    /// Whether the clean-up is all that is left.
    fn is_aborted(self) -> bool {
        matches!(self, Start::Aborted | Start::Cleaning)
    }

    /// Whether this drops a task that is not being polled without waiting for its queue.
    fn drops_at_once(self, action: Action) -> bool {
        // One that is armed may just have been put there for its clean-up.
        let is_in_queue = matches!(self, Start::Yielded | Start::Armed | Start::Aborted);
        action == Close && !is_in_queue || action == Abort && self == Start::Job
    }

    /// Whether these end it. What cleans up is ended by no abort.
    fn ends(self, actions: &[Action]) -> bool {
        let ends = |&action: &Action| {
            action.wakes() || action == Close || action == Abort && !self.has_clean_up()
        };
        self.is_ready() || actions.iter().any(ends)
    }

    /// Whether all of it is gone.
    fn has_ended(self, bench: &Bench) -> bool {
        let clean_ups = usize::from(self.has_clean_up());
        bench.futures_dropped.load(SeqCst) == 1 && bench.clean_ups_dropped.load(SeqCst) == clean_ups
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
    bench.arms.store(start.has_clean_up(), SeqCst);
    let spawn = if start == Start::Job { submit } else { spawn };
    let mut handle = Some(spawn(&bench));
    if !start.is_first_poll() {
        bench.run_one();
    }
    if matches!(start, Start::Scheduled | Start::Ready) {
        bench.published.store(start.is_ready().into(), Relaxed);
        bench.take_waker().wake();
    }
    if start.is_aborted() {
        handle.as_ref().expect("it was spawned").abort();
        bench.run_one();
    }
    if start == Start::Cleaning {
        bench.run_one();
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
        assert!(start.has_ended(bench), "it is late");
    }
    bench.run_all();
    let woken = start.is_ready() || actions.iter().any(|action| action.wakes());
    let cancelled = start.is_aborted() || actions.iter().any(|action| action.cancels());
    let ended = start.has_ended(bench);
    assert_eq!(
        ended,
        start.ends(actions),
        "a task ends when it was woken or cancelled, and has cleaned up"
    );
    let cleaned_up = bench.cleaned_up.load(SeqCst);
    assert!(cleaned_up <= usize::from(start.has_clean_up() && woken));
    if start.has_clean_up() && woken && !actions.contains(&Close) {
        assert_eq!(cleaned_up, 1, "nothing keeps it from that");
    }
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
    assert!(start.has_ended(bench));
    assert_eq!(bench.cleaned_up.load(SeqCst), cleaned_up);
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

#[test]
fn triples_of_an_armed_task() {
    triples(Start::Armed);
}

#[test]
fn triples_of_an_aborted_task() {
    triples(Start::Aborted);
}

#[test]
fn triples_of_a_cleaning_task() {
    triples(Start::Cleaning);
}
