//! Tasks that belong together, and what has clean-ups. Whatever is dropped after whichever poll: no clean-up is run twice or not at all, and no member is left.

use crate::{MOMENT, work};
use heist::task::{GroupHandle, JoinSet, OnCancel, TaskGroup, on_cancel, shield, yield_now};
use heist::time::timeout;
use heist::{StreamExt, as_completed, select, spawn};
use heist_tests::{Probe, Tally, Token, until};
use std::future::{Future, pending, ready};

cases! {
    joining_next joining_next_with_id joining_all shutting_down a_stream_of_outputs shielding
    clean_ups_in_a_task clean_ups_of_the_probed_future a_timeout_with_a_clean_up a_loser_with_a_clean_up
    joining_a_group joining_a_group_in_a_task running_a_group a_group_with_a_deadline a_member
}

/// How many clean-ups were registered, begun and ended.
#[derive(Clone, Default)]
struct CleanUps {
    registered: Tally,
    begun: Tally,
    ended: Tally,
}

impl CleanUps {
    /// Registers one that takes a few polls.
    fn register(&self, token: Token) -> OnCancel<impl Future<Output = ()> + Send + use<>> {
        let Self {
            registered,
            begun,
            ended,
        } = self.clone();
        registered.hit();
        on_cancel(async move {
            begun.hit();
            let token = work(token).await;
            ended.hit();
            drop(token);
        })
    }

    /// That each was run once, to its end.
    fn check(&self) {
        let counts = [&self.registered, &self.begun, &self.ended].map(Tally::count);
        assert_eq!(counts, [counts[0]; 3], "registered, begun, ended");
    }

    /// The same, when all that holds a token is over, so that nothing can be registered any more.
    async fn check_soon(&self, probe: &Probe) {
        probe.assert_no_token().await;
        self.check();
    }
}

/// Waits for ever, and is left with clean-ups.
async fn cleans_up(clean_ups: CleanUps, token: Token) {
    let _outer = clean_ups.register(token.clone());
    yield_now().await;
    let _inner = clean_ups.register(token);
    pending().await
}

// Sets.

fn set(probe: &Probe) -> JoinSet<Token> {
    (0..3).map(|_| work(probe.token())).collect()
}

async fn joining_next(probe: Probe) {
    let mut set = set(&probe);
    let mut joined = 0;
    for _ in 0..2 {
        if let Some(next) = probe.drop_after(set.join_next()).await {
            next.expect("there is one").expect("it ends");
            joined += 1;
        }
    }
    assert_eq!(set.len(), 3 - joined);
    while set.join_next().await.is_some() {
        joined += 1;
    }
    assert_eq!(joined, 3, "none is lost");
}

async fn joining_next_with_id(probe: Probe) {
    let mut set = JoinSet::new();
    let id = set.spawn(work(probe.token())).id();
    let next = match probe.drop_after(set.join_next_with_id()).await {
        Some(next) => next,
        None => set.join_next_with_id().await,
    };
    assert_eq!(next.expect("it is there").expect("it ends").0, id);
}

async fn joining_all(probe: Probe) {
    if let Some(outputs) = probe.drop_after(set(&probe).join_all()).await {
        assert_eq!(outputs.len(), 3);
    }
}

async fn shutting_down(probe: Probe) {
    let mut set = JoinSet::new();
    let clean_ups = CleanUps::default();
    for _ in 0..3 {
        set.spawn(cleans_up(clean_ups.clone(), probe.token()));
    }
    yield_now().await;
    probe.drop_after(set.shutdown()).await;
    set.shutdown().await;
    assert!(set.is_empty());
    clean_ups.check();
}

async fn a_stream_of_outputs(probe: Probe) {
    let mut stream = as_completed((0..3).map(|_| work(probe.token())));
    let mut outputs = 0;
    for _ in 0..2 {
        let next = probe.drop_after(stream.next()).await;
        outputs += usize::from(next.is_some_and(|next| next.is_some()));
    }
    while stream.next().await.is_some() {
        outputs += 1;
    }
    assert_eq!(outputs, 3, "none is lost");
}

async fn shielding(probe: Probe) {
    let done = Tally::new();
    let shielded = shield({
        let (done, token) = (done.clone(), probe.token());
        async move {
            let token = work(token).await;
            done.hit();
            token
        }
    });
    if let Some(outcome) = probe.drop_after(shielded).await {
        outcome.expect("it ends");
    }
    until("it was lost", || done.count() == 1).await;
}

// Clean-ups.

/// In a task that is aborted when the probed future, its handle, is dropped.
async fn clean_ups_in_a_task(probe: Probe) {
    let clean_ups = CleanUps::default();
    let task = spawn(cleans_up(clean_ups.clone(), probe.token()));
    yield_now().await;
    let mut aborting = JoinSet::new();
    let (clean_ups_of_it, token) = (clean_ups.clone(), probe.token());
    aborting.spawn(async move {
        task.abort();
        drop(task.await);
        clean_ups_of_it.check();
        drop(token);
    });
    probe.drop_after(aborting.join_next()).await;
    drop(aborting.join_next().await);
    clean_ups.check();
}

/// In the task that drops it, which goes on.
async fn clean_ups_of_the_probed_future(probe: Probe) {
    let clean_ups = CleanUps::default();
    let work = async {
        let _guard = clean_ups.register(probe.token());
        work(probe.token()).await
    };
    probe.drop_after(work).await;
    clean_ups.check_soon(&probe).await;
}

async fn a_timeout_with_a_clean_up(probe: Probe) {
    let clean_ups = CleanUps::default();
    let slow = cleans_up(clean_ups.clone(), probe.token());
    if let Some(timed_out) = probe.drop_after(timeout(MOMENT, slow)).await {
        timed_out.expect_err("it never ends");
        clean_ups.check();
    }
    clean_ups.check_soon(&probe).await;
}

async fn a_loser_with_a_clean_up(probe: Probe) {
    let clean_ups = CleanUps::default();
    let selecting = async {
        select! {
            biased;
            () = cleans_up(clean_ups.clone(), probe.token()) => unreachable!(),
            token = work(probe.token()) => drop(token),
        }
        select! {
            biased;
            () = cleans_up(clean_ups.clone(), probe.token()) => unreachable!(),
            () = ready(()) => {}
        }
    };
    probe.drop_after(selecting).await;
    clean_ups.check_soon(&probe).await;
}

// Groups.

type Group = TaskGroup<&'static str>;

/// A group one of whose members fails, while the others are left with clean-ups.
fn fill(group: &GroupHandle<&'static str>, clean_ups: &CleanUps, probe: &Probe) {
    for _ in 0..2 {
        let member = cleans_up(clean_ups.clone(), probe.token());
        group.spawn(async move {
            member.await;
            Ok(())
        });
    }
    let token = probe.token();
    group.spawn(async move {
        drop(work(token).await);
        Err::<(), _>("on purpose")
    });
}

async fn joining_a_group(probe: Probe) {
    let (group, clean_ups) = (Group::new(), CleanUps::default());
    fill(&group.handle(), &clean_ups, &probe);
    if let Some(joined) = probe.drop_after(group.join()).await {
        assert_eq!(joined.expect_err("one fails").failures().len(), 1);
        clean_ups.check();
    }
    clean_ups.check_soon(&probe).await;
}

/// The group goes with its task, whose handle says when.
async fn joining_a_group_in_a_task(probe: Probe) {
    let clean_ups = CleanUps::default();
    let task = spawn({
        let (probe, clean_ups) = (probe.clone(), clean_ups.clone());
        async move {
            let group = Group::new();
            fill(&group.handle(), &clean_ups, &probe);
            probe.drop_after(group.join()).await;
        }
    });
    task.await.expect("it ends");
    clean_ups.check();
}

async fn running_a_group(probe: Probe) {
    let clean_ups = CleanUps::default();
    let running = Group::new().run(async |group| {
        let _guard = clean_ups.register(probe.token());
        fill(&group, &clean_ups, &probe);
        pending::<Result<(), _>>().await
    });
    if let Some(run) = probe.drop_after(running).await {
        assert_eq!(run.expect_err("one fails").failures().len(), 1);
        clean_ups.check();
    }
    clean_ups.check_soon(&probe).await;
}

async fn a_group_with_a_deadline(probe: Probe) {
    let (group, clean_ups) = (Group::with_timeout(MOMENT), CleanUps::default());
    let member = cleans_up(clean_ups.clone(), probe.token());
    group.spawn(async move {
        member.await;
        Ok(())
    });
    if let Some(joined) = probe.drop_after(group.join()).await {
        assert!(joined.expect_err("its time is up").is_elapsed());
        clean_ups.check();
    }
    clean_ups.check_soon(&probe).await;
}

async fn a_member(probe: Probe) {
    let group = Group::new();
    let token = probe.token();
    let mut member = group.spawn(async move { Ok(work(token).await) });
    let value = match probe.drop_after(&mut member).await {
        Some(value) => value,
        None => member.await,
    };
    assert!(value.is_some());
    group.join().await.expect("nothing fails");
}
