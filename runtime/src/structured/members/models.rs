use super::*;
use crate::loom::{model, model_within, thread};
use crate::task::{Line, try_id};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

/// What a member's first poll does.
#[derive(Clone, Copy, PartialEq)]
enum Deed {
    Return,
    Fail,
    Panic,
    /// For ever.
    Wait,
}

/// A group, and the queue that its members are in. What is the test's own and not the model's is of `std`, so that loom doesn't search through it.
#[derive(Clone)]
struct Group {
    members: Arc<Members<()>>,
    line: Line,
    /// How many members have failed or panicked, and how many are gone.
    failed: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

/// A member, which tells of its end as the group's own do.
struct Member {
    group: Group,
    deed: Deed,
}

impl Future for Member {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.deed {
            Deed::Return => {}
            Deed::Fail => {
                self.group.failed.fetch_add(1, SeqCst);
                self.group.members.fail(());
            }
            Deed::Panic => {
                self.group.failed.fetch_add(1, SeqCst);
                self.group.members.panicked(try_id());
                resume_unwind(Box::new("on purpose"));
            }
            Deed::Wait => return Poll::Pending,
        }
        Poll::Ready(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.group.gone.fetch_add(1, SeqCst);
    }
}

impl Group {
    fn new() -> Self {
        Self {
            members: Arc::new(Members::new()),
            line: Line::new(),
            failed: Arc::default(),
            gone: Arc::default(),
        }
    }

    /// Whether it was taken in.
    fn spawn(&self, deed: Deed) -> bool {
        let group = self.clone();
        let member = Member { group, deed };
        let admitted = self.members.admit(|| (self.line.spawn(member), None));
        self.members.settle(admitted).is_some()
    }

    /// Spawns a member that has ended before the group has its handle.
    fn spawn_ended(&self) {
        let (group, deed) = (self.clone(), Deed::Return);
        let line = Line::new();
        let admitted = self.members.admit(|| {
            let handle = line.spawn(Member { group, deed });
            line.run_all();
            (handle, None)
        });
        self.members.settle(admitted);
    }

    /// Does this on a thread of its own.
    fn beside(&self, what: impl FnOnce(&Self) + Send + 'static) -> thread::JoinHandle<()> {
        let group = self.clone();
        thread::spawn(move || what(&group))
    }

    fn failures(&self) -> usize {
        let result = self.members.result(false);
        result.map_or_else(|error| error.into_failures().len(), |()| 0)
    }
}

/// Who waits for a group.
struct Owner {
    group: Group,
    joins: bool,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A waker that looks at the group at once.
struct Looks(Group);

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        self.0.members.is_empty();
    }
}

impl Owner {
    fn new(group: &Group, joins: bool) -> Self {
        Self {
            group: group.clone(),
            joins,
            woken: Arc::default(),
        }
    }

    /// Once, and again whenever it was woken meanwhile, as a task is.
    fn poll(&self) -> Poll<()> {
        let waker = Waker::from(self.woken.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            let polled = self.group.members.poll(&mut cx, self.joins);
            if polled.is_ready() || !self.woken.0.swap(false, SeqCst) {
                return polled;
            }
        }
    }

    /// When all the others are done.
    fn assert_done(&self, polled: Poll<()>) {
        if polled.is_pending() {
            assert!(
                self.woken.0.swap(false, SeqCst),
                "it waits, and nobody has woken it"
            );
            assert!(self.poll().is_ready(), "it has nothing left to wait for");
        }
    }
}

/// Who joins looks before a member's end, or is woken by it; and has its failure. Threads: the member's, and who joins.
#[test]
fn member_end_against_join() {
    for deed in [Deed::Return, Deed::Fail, Deed::Panic] {
        model(move || {
            let group = Group::new();
            group.spawn(deed);
            let running = group.beside(|group| group.line.run_all());
            let owner = Owner::new(&group, true);
            let joined = owner.poll();
            running.join().unwrap();
            owner.assert_done(joined);
            assert_eq!(group.failures(), usize::from(deed != Deed::Return));
        });
    }
}

/// Who waits beside a group's body until nobody may come any more is told of an abort, though no member ends. Threads: who aborts, and who waits.
#[test]
fn abort_against_run() {
    model(|| {
        let group = Group::new();
        group.spawn(Deed::Wait);
        let aborting = group.beside(|group| group.members.abort());
        let owner = Owner::new(&group, false);
        let ended = owner.poll();
        aborting.join().unwrap();
        owner.assert_done(ended);
        group.line.run_all();
        assert_eq!(group.gone.load(SeqCst), 1);
    });
}

/// One member fails and one waits, while the group is aborted and joined: both go, the failure is kept, whichever comes first, and who joins is told. Threads: the members', who
/// aborts, and who joins.
#[test]
fn member_ends_against_abort_against_join() {
    model_within(2, || {
        let group = Group::new();
        group.spawn(Deed::Fail);
        let running = group.beside(|group| group.line.run_all());
        let aborting = group.beside(|group| group.members.abort());
        let owner = Owner::new(&group, true);
        let joined = owner.poll();
        running.join().unwrap();
        aborting.join().unwrap();
        group.line.run_all();
        owner.assert_done(joined);
        assert_eq!(group.gone.load(SeqCst), 1);
        assert_eq!(group.failures(), group.failed.load(SeqCst));
    });
}

/// A group is dropped as members fail and panic: all go, its task's clean-up is told, and no panic stays with the group, where nobody would be told of it. Threads: the members', and who
/// drops it.
#[test]
fn member_ends_against_drop() {
    model(|| {
        let group = Group::new();
        group.spawn(Deed::Panic);
        group.spawn(Deed::Wait);
        let running = group.beside(|group| group.line.run_all());
        group.members.leave();
        let owner = Owner::new(&group, true);
        let joined = owner.poll();
        running.join().unwrap();
        group.line.run_all();
        owner.assert_done(joined);
        assert_eq!(group.gone.load(SeqCst), 2);
        let told = group.line.unreceived();
        assert_eq!(told, group.failed.load(SeqCst), "nobody is told of it");
    });
}

/// A member that comes as the group is aborted is refused, or aborted with the others. Threads: who spawns, and who aborts.
#[test]
fn spawn_against_abort() {
    model(|| {
        let group = Group::new();
        let spawning = group.beside(|group| {
            group.spawn(Deed::Wait);
        });
        group.members.abort();
        spawning.join().unwrap();
        group.line.run_all();
        assert_eq!(group.gone.load(SeqCst), 1, "it is left out");
        assert!(Owner::new(&group, true).poll().is_ready());
    });
}

/// A handle that spawns finds a member that has panicked, as the group is dropped: one of the two tells. Threads: who spawns, and who drops it.
#[test]
fn spawn_against_drop() {
    model(|| {
        let group = Group::new();
        group.spawn(Deed::Panic);
        group.line.run_all();
        let spawning = group.beside(|group| assert!(!group.spawn(Deed::Return)));
        group.members.leave();
        spawning.join().unwrap();
        assert!(Owner::new(&group, true).poll().is_ready());
        assert_eq!(group.failures(), 0, "it is kept, and nobody is told");
    });
}

/// A handle that spawns takes out a member that has ended, as the group is joined: who joins has its failure all the same. Threads: who spawns, and who joins.
#[test]
fn spawn_against_join() {
    for deed in [Deed::Return, Deed::Fail, Deed::Panic] {
        model(move || {
            let group = Group::new();
            group.spawn(deed);
            group.line.run_all();
            let spawning = group.beside(|group| {
                group.spawn(Deed::Return);
            });
            let owner = Owner::new(&group, true);
            let joined = owner.poll();
            let at_once = joined.is_ready().then(|| group.failures());
            spawning.join().unwrap();
            group.line.run_all();
            owner.assert_done(joined);
            let failures = at_once.unwrap_or_else(|| group.failures());
            assert_eq!(failures, usize::from(deed != Deed::Return));
        });
    }
}

/// A member that has ended before the group has its handle is found by who joins, who is woken for it, and not under the group's lock. Threads: who spawns, and who joins.
#[test]
fn end_before_insertion_against_join() {
    model(|| {
        let group = Group::new();
        group.spawn(Deed::Return);
        let spawning = group.beside(Group::spawn_ended);
        let waker = Waker::from(Arc::new(Looks(group.clone())));
        let joined = group.members.poll(&mut Context::from_waker(&waker), true);
        assert!(joined.is_pending());
        spawning.join().unwrap();
        group.line.run_all();
        assert_eq!(group.gone.load(SeqCst), 2);
        assert!(Owner::new(&group, true).poll().is_ready());
    });
}
