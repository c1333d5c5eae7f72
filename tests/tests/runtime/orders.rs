//! Everything that can befall a group and one of its members, in every order: the member's body ends, it is cancelled, its clean-up may end, its handle is dropped, the group is closed,
//! and the group is dropped, with or without the task around it, or joined.
//!
//! Whatever comes first: the body begins no poll after the first of what cancels it; no clean-up is run twice, cut short or not at all; nobody learns of the group's end before the member
//! is gone; and each failure is told once. What the interleavings of threads could do is for the models of the group.

use heist::sync::oneshot;
use heist::task::{GroupError, GroupHandle, Member, MemberError, TaskGroup, on_cancel};
use heist_tests::{OnDrop, Shape, Tally, in_child};
use std::future::{Future, pending};
use std::panic::resume_unwind;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// The body may end.
    GoesOn,
    /// The member is aborted.
    Cancelled,
    /// Its clean-up may end.
    CleanUpGoesOn,
    HandleDropped,
    /// The group is aborted, and takes no more members.
    Closed,
    /// The group is left: in the way of its [`Owner`].
    Left,
}

const EVENTS: [Event; 6] = [
    Event::GoesOn,
    Event::Cancelled,
    Event::CleanUpGoesOn,
    Event::HandleDropped,
    Event::Closed,
    Event::Left,
];

/// What [`Event::Left`] is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    /// Only then it is joined.
    Joins,
    /// It is dropped, by a task that then returns.
    Drops,
    /// It is dropped with the task that joins it, which is aborted.
    IsAborted,
}

const OWNERS: [Owner; 3] = [Owner::Joins, Owner::Drops, Owner::IsAborted];

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Returns,
    Fails,
    Panics,
}

const ENDS: [End; 3] = [End::Returns, End::Fails, End::Panics];

/// What the clean-up does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum CleanUp {
    None,
    Waits,
    WaitsAndPanics,
}

const CLEAN_UPS: [CleanUp; 3] = [CleanUp::None, CleanUp::Waits, CleanUp::WaitsAndPanics];

/// What is counted of a member.
#[derive(Clone, Default)]
struct Counts {
    begun: Tally,
    /// The body went on to its end.
    ended: Tally,
    future_dropped: Tally,
    output_dropped: Tally,
    cleaning: Tally,
    cleaned: Tally,
    clean_up_dropped: Tally,
    bystander_dropped: Tally,
}

/// Without a word of the panic hook.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// The member's body, and what lets it and its clean-up go on.
fn work(
    end: End,
    clean_up: CleanUp,
    counts: Counts,
) -> (
    impl Future<Output = Result<OnDrop, &'static str>> + Send,
    [oneshot::Sender<()>; 2],
) {
    let (go_on, goes_on) = oneshot::channel::<()>();
    let (gate, gate_opens) = oneshot::channel::<()>();
    let dropped = counts.future_dropped.on_drop();
    let future = async move {
        let _dropped = dropped;
        let of_clean_up = counts.clone();
        let clean_up_dropped = counts.clean_up_dropped.on_drop();
        let guard = on_cancel(async move {
            let _dropped = clean_up_dropped;
            of_clean_up.cleaning.hit();
            let _ = gate_opens.await;
            of_clean_up.cleaned.hit();
            if clean_up == CleanUp::WaitsAndPanics {
                panic_quietly();
            }
        });
        let _guard = if clean_up == CleanUp::None {
            drop(guard.disarm());
            None
        } else {
            Some(guard)
        };
        counts.begun.hit();
        let _ = goes_on.await;
        counts.ended.hit();
        match end {
            End::Returns => Ok(counts.output_dropped.on_drop()),
            End::Fails => Err("on purpose"),
            End::Panics => panic_quietly(),
        }
    };
    (future, [go_on, gate])
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    heist_tests::until(what, is_so).await;
}

/// One combination: who owns the group, what its member does, whether events come before the member is first polled and its tasks have a turn in between, and the events.
#[derive(Clone, Copy, Debug)]
struct Combination<'a> {
    owner: Owner,
    end: End,
    clean_up: CleanUp,
    at_once: bool,
    events: &'a [Event],
}

type Handle = GroupHandle<&'static str>;

type Joined = Option<Result<(), GroupError<&'static str>>>;

/// Keeps a group with a member and a bystander, and leaves it when it is told.
async fn own(
    owner: Owner,
    counts: Counts,
    member: impl Future<Output = Result<OnDrop, &'static str>> + Send + 'static,
    ready: oneshot::Sender<(Member<OnDrop>, Handle)>,
    leave: oneshot::Receiver<()>,
    left: OnDrop,
) -> Joined {
    // Dropped after the group.
    let _left = left;
    let group = TaskGroup::new();
    let member = group.spawn(member);
    let dropped = counts.bystander_dropped.on_drop();
    group.spawn(async move {
        let _dropped = dropped;
        pending::<Result<(), _>>().await
    });
    assert!(ready.send((member, group.handle())).is_ok(), "it waits");
    match owner {
        Owner::IsAborted => Some(group.join().await),
        Owner::Joins => {
            let _ = leave.await;
            Some(group.join().await)
        }
        Owner::Drops => {
            let _ = leave.await;
            drop(group);
            None
        }
    }
}

impl Combination<'_> {
    /// Plays it. How many panics there were, and how many of them the group's error told.
    async fn play(self) -> (usize, usize) {
        let counts = Counts::default();
        let (member, [go_on, gate]) = work(self.end, self.clean_up, counts.clone());
        let (mut go_on, mut gate) = (Some(go_on), Some(gate));
        let (ready, is_ready) = oneshot::channel();
        let (leave, leaves) = oneshot::channel();
        let mut leave = Some(leave);
        let left = Tally::new();
        let owner = heist::spawn(own(
            self.owner,
            counts.clone(),
            member,
            ready,
            leaves,
            left.on_drop(),
        ));
        let (member, group) = is_ready.await.expect("it has spawned");
        let mut member = Some(member);
        if !self.at_once {
            until("it never begins", || counts.begun.count() == 1).await;
        }

        let mut is_cancelled = false;
        for &event in self.events {
            match event {
                Event::GoesOn => {
                    // What was cancelled before is not polled again.
                    assert!(!is_cancelled || counts.ended.count() == 0);
                    drop(go_on.take());
                    if !self.at_once {
                        until("it does not go on", || counts.future_dropped.count() == 1).await;
                        assert_eq!(counts.ended.count(), usize::from(!is_cancelled));
                    }
                }
                Event::Cancelled => {
                    is_cancelled |= member.is_some();
                    if let Some(member) = &member {
                        member.abort();
                    }
                }
                Event::Closed => {
                    is_cancelled = true;
                    group.abort();
                }
                Event::Left => {
                    match self.owner {
                        Owner::IsAborted => owner.abort(),
                        Owner::Joins | Owner::Drops => drop(leave.take()),
                    }
                    if self.owner != Owner::Joins {
                        until("it is not left", || left.count() == 1).await;
                        is_cancelled = true;
                    }
                }
                Event::HandleDropped => drop(member.take()),
                Event::CleanUpGoesOn => {
                    if !self.at_once && is_cancelled && self.clean_up != CleanUp::None {
                        until("it does not clean up", || counts.cleaning.count() == 1).await;
                        assert!(!owner.is_finished(), "nobody waits for the clean-up");
                    }
                    drop(gate.take());
                }
            }
            if !self.at_once && is_cancelled {
                until("it stays", || counts.future_dropped.count() == 1).await;
            }
        }
        self.check(&counts, owner.await.ok().flatten(), member, &group)
            .await
    }

    /// When all is over.
    async fn check(
        self,
        counts: &Counts,
        joined: Joined,
        member: Option<Member<OnDrop>>,
        group: &Handle,
    ) -> (usize, usize) {
        let begun = counts.begun.count();
        let ended = counts.ended.count();
        let cleans_up = usize::from(self.clean_up != CleanUp::None) * begun;
        assert_eq!(counts.cleaning.count(), cleans_up, "clean-ups begun");
        assert_eq!(counts.cleaned.count(), cleans_up, "clean-ups ended");
        assert_eq!(counts.clean_up_dropped.count(), begun);
        assert_eq!(counts.future_dropped.count(), 1);
        assert_eq!(counts.bystander_dropped.count(), 1, "a member was left");

        // The value goes to whoever has the handle, and the failure to whoever joins.
        let has_value = self.end == End::Returns && ended == 1;
        if let Some(member) = member {
            assert!(member.is_finished());
            assert_eq!(member.await.is_some(), has_value);
        }
        assert_eq!(counts.output_dropped.count(), usize::from(has_value));
        let body_panicked = self.end == End::Panics && ended == 1;
        let clean_up_panicked = self.clean_up == CleanUp::WaitsAndPanics && cleans_up == 1;
        let mut told = 0;
        if let Some(joined) = joined {
            let failures = joined.map_or_else(GroupError::into_failures, |()| Vec::new());
            let failed = failures
                .iter()
                .any(|failure| matches!(failure, MemberError::Failed(_)));
            assert_eq!(failed, self.end == End::Fails && ended == 1);
            told = failures.len() - usize::from(failed);
            assert_eq!(told, usize::from(body_panicked || clean_up_panicked));
        }

        // Nobody may come any more.
        let polled = Tally::new();
        let late = group.spawn({
            let polled = polled.clone();
            async move {
                polled.hit();
                Ok(())
            }
        });
        assert_eq!((late.await, polled.count()), (None, 0));
        let panics = usize::from(body_panicked) + usize::from(clean_up_panicked);
        (panics, told)
    }
}

/// Every order of these.
fn orders(events: &[Event]) -> Vec<Vec<Event>> {
    let Some((&first, rest)) = events.split_first() else {
        return vec![Vec::new()];
    };
    let mut orders = Vec::new();
    for order in self::orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, first);
            orders.push(order);
        }
    }
    orders
}

/// Plays all. How many panics there were, and how many of them the groups' errors told.
async fn play_all() -> (usize, usize) {
    let (mut panics, mut told) = (0, 0);
    for clean_up in CLEAN_UPS {
        // Without a clean-up nothing is the matter with its gate.
        let with_gate = clean_up != CleanUp::None;
        let events = EVENTS.into_iter();
        let events = events.filter(|&event| with_gate || event != Event::CleanUpGoesOn);
        for events in orders(&events.collect::<Vec<_>>()) {
            for owner in OWNERS {
                for end in ENDS {
                    for at_once in [true, false] {
                        let combination = Combination {
                            owner,
                            end,
                            clean_up,
                            at_once,
                            events: &events,
                        };
                        let name = format!("{combination:?}");
                        let named = OnDrop::new(move || {
                            if std::thread::panicking() {
                                eprintln!("it was {name}");
                            }
                        });
                        let (more, of_them) = combination.play().await;
                        drop(named);
                        panics += more;
                        told += of_them;
                    }
                }
            }
        }
    }
    (panics, told)
}

/// In a process of its own, since what nobody receives is told on standard error.
pub(crate) fn of_a_group(shape: Shape) {
    let test = format!("{}::orders::of_a_group", shape.suite());
    let ended = in_child(&test, &[], || {
        let told_by_hook = Tally::new();
        let hook = told_by_hook.clone();
        let mut builder = shape.builder();
        builder.on_task_failure(move |_| hook.hit());
        let runtime = shape.build(&mut builder);
        let (panics, told) = runtime.block_on(async { heist::spawn(play_all()).await.unwrap() });
        drop(runtime);
        eprintln!("panics: {panics}");
        eprintln!("told: {}", told + told_by_hook.count());
    });
    ended.assert_success();
    let said = |what: &str| {
        let mut lines = ended.stderr.lines();
        let number = lines.find_map(|line| line.strip_prefix(what)?.parse::<usize>().ok());
        number.unwrap_or_else(|| panic!("it did not say {what:?}: {}", ended.stderr))
    };
    let panics = said("panics: ");
    assert!(panics > 0);
    assert_eq!(
        said("told: ") + ended.reports().len(),
        panics,
        "each is told once"
    );
}
