//! Everything that can befall a task that belongs to a group and has clean-ups, combined: how its future ends, when it is cancelled, what its destructor and its clean-up do, what
//! becomes of its handle, and of the group.
//!
//! Nothing here is left to chance but which worker does it: each combination is run in the order that it says. What the interleavings could do is for the models of the task.

use heist::runtime::Runtime;
use heist::sync::oneshot;
use heist::task::{JoinHandle, Member, TaskGroup, on_cancel, yield_now};
use heist_tests::{OnDrop, Shape, Tally};
use std::future::{Future, pending};

/// How the future ends, unless it is cancelled before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Returns,
    Fails,
    Panics,
    Never,
}

const ENDS: [End; 4] = [End::Returns, End::Fails, End::Panics, End::Never];

/// When the task is aborted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Abort {
    Not,
    /// Maybe before it is polled.
    AtOnce,
    /// While it waits.
    Waiting,
    /// While the clean-up waits.
    CleaningUp,
    /// When it has ended.
    Late,
}

const ABORTS: [Abort; 5] = [
    Abort::Not,
    Abort::AtOnce,
    Abort::Waiting,
    Abort::CleaningUp,
    Abort::Late,
];

/// What the clean-up does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum CleanUp {
    None,
    Ends,
    Waits,
    Panics,
}

const CLEAN_UPS: [CleanUp; 4] = [
    CleanUp::None,
    CleanUp::Ends,
    CleanUp::Waits,
    CleanUp::Panics,
];

/// When the handle is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handle {
    Awaited,
    DroppedAtOnce,
    DroppedLate,
}

const HANDLES: [Handle; 3] = [Handle::Awaited, Handle::DroppedAtOnce, Handle::DroppedLate];

/// What is counted of one task.
#[derive(Clone, Default)]
struct Counts {
    began: Tally,
    future_dropped: Tally,
    output_dropped: Tally,
    cleaning: Tally,
    cleaned: Tally,
    clean_up_dropped: Tally,
}

/// What lets a task go on.
struct Gates {
    go_on: oneshot::Sender<()>,
    clean_up: oneshot::Sender<()>,
}

/// Without a word on standard error: there are hundreds.
fn panic_quietly(what: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(what))
}

/// The future of a combination.
fn work(
    end: End,
    clean_up: CleanUp,
    destructor_panics: bool,
    counts: &Counts,
) -> (
    impl Future<Output = Result<OnDrop, &'static str>> + Send + use<>,
    Gates,
) {
    let counts = counts.clone();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (gate, gate_opens) = oneshot::channel::<()>();
    let dropped = counts.future_dropped.clone();
    let on_drop = OnDrop::new(move || {
        dropped.hit();
        if destructor_panics {
            panic_quietly("the destructor");
        }
    });
    let future = async move {
        let _on_drop = on_drop;
        let clean_up_counts = counts.clone();
        let clean_up_dropped = counts.clean_up_dropped.on_drop();
        let guard = on_cancel(async move {
            let _dropped = clean_up_dropped;
            clean_up_counts.cleaning.hit();
            if clean_up == CleanUp::Waits {
                let _ = gate_opens.await;
            }
            clean_up_counts.cleaned.hit();
            if clean_up == CleanUp::Panics {
                panic_quietly("the clean-up");
            }
        });
        let guard = if clean_up == CleanUp::None {
            drop(guard.disarm());
            None
        } else {
            Some(guard)
        };
        counts.began.hit();
        let _ = may_go_on.await;
        let outcome = match end {
            End::Returns => Ok(counts.output_dropped.on_drop()),
            End::Fails => Err("the task"),
            End::Panics => panic_quietly("the task"),
            End::Never => pending().await,
        };
        drop(guard);
        outcome
    };
    let clean_up = gate;
    (future, Gates { go_on, clean_up })
}

async fn until(counts: &Counts, what: &str, is_so: impl Fn(&Counts) -> bool) {
    heist_tests::until(what, || is_so(counts)).await;
}

/// Whether the future is dropped where it waits: the other cases end by themselves.
fn is_cancelled(end: End, abort: Abort) -> bool {
    matches!(abort, Abort::AtOnce | Abort::Waiting) || end == End::Never
}

/// One combination, but for the group. `end_it` aborts the task. What is returned keeps it where it waits.
async fn play<T>(
    (end, abort, clean_up): (End, Abort, CleanUp),
    counts: &Counts,
    gates: Gates,
    handle: &T,
    end_it: impl Fn(&T),
) -> Option<oneshot::Sender<()>> {
    let Gates {
        go_on,
        clean_up: gate,
    } = gates;
    let mut held = None;
    match abort {
        Abort::AtOnce => {
            held = Some(go_on);
            end_it(handle);
        }
        Abort::Waiting => {
            held = Some(go_on);
            until(counts, "it never began", |counts| counts.began.count() == 1).await;
            end_it(handle);
        }
        Abort::Not | Abort::CleaningUp | Abort::Late => {
            let _ = go_on.send(());
            if end == End::Never {
                until(counts, "it never began", |counts| counts.began.count() == 1).await;
                end_it(handle);
            }
        }
    }
    if abort == Abort::CleaningUp && clean_up == CleanUp::Waits {
        until(counts, "no clean-up", |counts| counts.cleaning.count() == 1).await;
        for _ in 0..2 {
            end_it(handle);
            yield_now().await;
        }
        assert_eq!(counts.cleaned.count(), 0, "nothing interrupts it");
        assert_eq!(counts.clean_up_dropped.count(), 0, "nothing interrupts it");
    }
    drop(gate);
    held
}

impl Counts {
    /// When the task is gone: nothing was done twice, and nothing not at all.
    fn check(&self, end: End, abort: Abort, clean_up: CleanUp, destructor_panics: bool) {
        let began = self.began.count();
        assert!(began == 1 || abort == Abort::AtOnce && began == 0);
        let cleans_up = usize::from(clean_up != CleanUp::None) * began;
        assert_eq!(self.cleaning.count(), cleans_up, "begun");
        assert_eq!(self.cleaned.count(), cleans_up, "ended");
        assert_eq!(self.clean_up_dropped.count(), began, "dropped");
        assert_eq!(self.future_dropped.count(), 1);
        // Rust loses what a function was about to return when a destructor panics.
        assert!(destructor_panics || self.has_dropped_output(end, abort));
    }

    fn has_dropped_output(&self, end: End, abort: Abort) -> bool {
        let has_output = end == End::Returns && !is_cancelled(end, abort);
        self.output_dropped.count() == usize::from(has_output)
    }
}

/// Runs `one` for each combination, and says which it was if it fails.
fn each(one: impl Fn(End, Abort, CleanUp, bool)) {
    for end in ENDS {
        for abort in ABORTS {
            for clean_up in CLEAN_UPS {
                for destructor_panics in [false, true] {
                    // A destructor that panics while its future does would abort the process: that is Rust's.
                    if destructor_panics && end == End::Panics {
                        continue;
                    }
                    let combination = (end, abort, clean_up, destructor_panics);
                    let named = OnDrop::new(move || {
                        if std::thread::panicking() {
                            eprintln!("it was {combination:?}");
                        }
                    });
                    one(end, abort, clean_up, destructor_panics);
                    drop(named);
                }
            }
        }
    }
}

/// Without reports: many fail on purpose, and nobody is there to receive it.
fn quiet(shape: Shape) -> Runtime {
    let mut builder = shape.builder();
    builder.on_task_failure(drop);
    shape.build(&mut builder)
}

pub(crate) fn of_a_task(shape: Shape) {
    let runtime = quiet(shape);
    for handle_is in HANDLES {
        each(|end, abort, clean_up, destructor_panics| {
            let counts = Counts::default();
            let (future, gates) = work(end, clean_up, destructor_panics, &counts);
            runtime.block_on(async {
                let task = heist::spawn(future);
                let aborts = task.abort_handle();
                let mut task = Some(task);
                if handle_is == Handle::DroppedAtOnce {
                    task = None;
                }
                let combination = (end, abort, clean_up);
                let held = play(combination, &counts, gates, &aborts, |task| task.abort()).await;
                match task {
                    Some(task) if handle_is == Handle::Awaited => {
                        await_it(task, end, abort, clean_up, destructor_panics).await;
                        // What it resolves after, it has waited for.
                        counts.check(end, abort, clean_up, destructor_panics);
                    }
                    Some(_) | None => {
                        heist_tests::until("it never ends", || aborts.is_finished()).await;
                        drop(task);
                        // Without a handle, the worker drops the output afterwards.
                        until(&counts, "the output is kept", |counts| {
                            destructor_panics || counts.has_dropped_output(end, abort)
                        })
                        .await;
                    }
                }
                drop(held);
                if abort == Abort::Late {
                    aborts.abort();
                }
                counts.check(end, abort, clean_up, destructor_panics);
            });
        });
    }
}

async fn await_it(
    task: JoinHandle<Result<OnDrop, &'static str>>,
    end: End,
    abort: Abort,
    clean_up: CleanUp,
    destructor_panics: bool,
) {
    match task.await {
        Err(error) if error.is_panic() => {
            let by_itself = end == End::Panics && !is_cancelled(end, abort);
            assert!(by_itself || destructor_panics || clean_up == CleanUp::Panics);
        }
        Err(_) => assert!(is_cancelled(end, abort) && !destructor_panics),
        Ok(outcome) => {
            assert!(!is_cancelled(end, abort) && !destructor_panics);
            assert_eq!(outcome.is_ok(), end == End::Returns);
        }
    }
}

/// What is done to the group.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Group {
    Joined,
    /// Its `join` is dropped while it waits.
    JoinDropped,
    Dropped,
    Aborted,
    /// With the task around it.
    TaskAborted,
}

const GROUPS: [Group; 5] = [
    Group::Joined,
    Group::JoinDropped,
    Group::Dropped,
    Group::Aborted,
    Group::TaskAborted,
];

pub(crate) fn of_a_member(shape: Shape) {
    let runtime = quiet(shape);
    for group_is in GROUPS {
        each(|end, abort, clean_up, destructor_panics| {
            let counts = Counts::default();
            let (future, gates) = work(end, clean_up, destructor_panics, &counts);
            runtime.block_on(async {
                let (ready, is_ready) = oneshot::channel();
                let task = heist::spawn(async move {
                    let group = TaskGroup::<&'static str>::new();
                    let member = group.spawn(future);
                    // A bystander, which never ends by itself.
                    group.spawn(pending::<Result<(), _>>());
                    let _ = ready.send((member, group.handle()));
                    match group_is {
                        Group::Joined | Group::Aborted => {
                            // The bystander would keep it.
                            drop(group.join().await);
                        }
                        Group::JoinDropped => {
                            let joined = heist::time::timeout(
                                heist::time::Duration::from_micros(100),
                                group.join(),
                            );
                            drop(joined.await);
                        }
                        Group::Dropped => drop(group),
                        Group::TaskAborted => {
                            drop(group.join().await);
                        }
                    }
                });
                let (member, handle) = is_ready.await.expect("it has spawned");
                // Its group may end it before.
                let is_left_alone = matches!(group_is, Group::Joined | Group::Aborted);
                let mut held = None;
                if is_left_alone {
                    let combination = (end, abort, clean_up);
                    let abort = |member: &Member<OnDrop>| member.abort();
                    held = play(combination, &counts, gates, &member, abort).await;
                } else {
                    member.abort();
                    drop(gates);
                }
                if group_is == Group::TaskAborted {
                    task.abort();
                } else {
                    handle.abort();
                }
                let outcome = task.await;
                assert!(outcome.is_ok() || group_is == Group::TaskAborted);
                // It is gone, whatever it was.
                assert!(member.is_finished());
                drop((member, held));
                if is_left_alone {
                    // But for the abort of the group, which may come first.
                    let began = counts.began.count();
                    assert_eq!(counts.clean_up_dropped.count(), began);
                }
                let cleans_up = usize::from(clean_up != CleanUp::None) * counts.began.count();
                assert_eq!(counts.cleaning.count(), cleans_up, "begun");
                assert_eq!(counts.cleaned.count(), cleans_up, "ended");
                assert_eq!(counts.future_dropped.count(), 1);
                assert!(counts.output_dropped.count() <= 1);
            });
        });
    }
}
