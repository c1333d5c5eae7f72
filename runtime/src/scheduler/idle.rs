//! Who sleeps, who searches and who keeps watch: the sleep protocol. `docs/architecture.md` has its proof sketch over the events named here in capitals.
//!
//! Comes in: a worker that goes to sleep, gets up, begins or ends a search; a thread that has just made work. Goes out: which worker to unpark, if
//! any. Called by the workers and by whoever schedules a task.
//!
//! * **At most one searcher is woken at a time**: work that is announced while anyone searches wakes nobody; a searcher that finds work wakes the next one if
//!   more is in sight.
//! * **No wake is lost**: who makes work does PUSH, then a fence, then LOOK (at the counts); who goes to sleep does SLEEP (counts itself in), then a fence, then
//!   CHECK (all queues but those that are reserved: `reserve.rs`). Likewise who ends a search: UNSEARCH, fence, CHECK. Of two fences one comes first, so either LOOK sees the sleeper, or CHECK sees the work.
//!   Who gives way (`giving_way.rs`) leaves its CHECK to another that is still awake after its SLEEP, and so has its own to do.
//! * **While anyone sleeps, somebody keeps watch**: one sleeper holds the watch. While others run its sleep is bounded: it *ticks*, to relieve workers that are
//!   stuck in one poll. When all sleep for a while it ticks no more, and who then gets up first unparks it.
//! * **While none sleeps, the sentinel keeps watch** (`sentinel.rs`), if there may be standbys: who gets up last hands the watch to it, and who then falls asleep first
//!   takes it over. The runtime stays entrusted to it for a while, so that this need seldom be done anew.

#![forbid(unsafe_code)]

use crate::loom::Mutex;
use crate::loom::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{AcqRel, Relaxed, SeqCst},
    fence,
};
use crossbeam_utils::CachePadded;

/// The counts, in one word: sleepers in the low half, searchers in the high.
const SLEEPER: usize = 1;
const SEARCHER: usize = 1 << (usize::BITS / 2);

fn sleepers(counts: usize) -> usize {
    counts & (SEARCHER - 1)
}

fn searchers(counts: usize) -> usize {
    counts / SEARCHER
}

/// Nobody keeps watch.
const NOBODY: usize = 0;
/// The watcher's sleep is bounded. Beside `worker + 1`, shifted.
const TICKING: usize = 1;

/// The sentinel keeps watch. It ticks.
const SENTINEL: usize = usize::MAX;

/// Who is to be woken so that the watch is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeper {
    Worker(usize),
    /// It is to be entrusted with the runtime.
    Sentinel,
}

/// See the module.
pub(super) struct Idle {
    counts: CachePadded<AtomicUsize>,
    /// The watcher's number plus one, shifted by one, and `TICKING`; or `NOBODY`, or `SENTINEL`.
    watch: CachePadded<AtomicUsize>,
    /// The sleepers, latest last. The sleepers' count changes under this lock only.
    asleep: Mutex<Vec<usize>>,
    /// How many workers there are, and standbys on duty.
    members: AtomicUsize,
    /// How many have not come to their loop yet.
    missing: AtomicUsize,
    /// Whether there may be standbys; and whether the runtime is entrusted to the sentinel.
    may_call: bool,
    entrusted: AtomicBool,
}

impl Idle {
    pub(super) fn new(workers: usize, may_call: bool) -> Self {
        Self {
            counts: CachePadded::new(AtomicUsize::new(0)),
            watch: CachePadded::new(AtomicUsize::new(NOBODY)),
            asleep: Mutex::new(Vec::with_capacity(workers)),
            members: AtomicUsize::new(workers),
            missing: AtomicUsize::new(workers),
            may_call,
            entrusted: AtomicBool::new(false),
        }
    }

    /// A worker has come to its loop. True: it is the last, and the sentinel may be needed.
    pub(super) fn arrive(&self) -> bool {
        // AcqRel: only one is the last. Standbys, and the current-thread flavour's worker when it is taken over, come later.
        self.may_call && self.missing.load(Relaxed) > 0 && self.missing.fetch_sub(1, AcqRel) == 1
    }

    /// A standby is called. Relaxed, as in `leave`: that is done only while others are awake, so whoever asks whether all sleep need not see it.
    pub(super) fn join(&self) {
        self.members.fetch_add(1, Relaxed);
    }

    /// A standby, awake, leaves.
    pub(super) fn leave(&self) {
        self.members.fetch_sub(1, Relaxed);
    }

    /// How many workers there are, with the standbys on duty.
    pub(super) fn members(&self) -> usize {
        self.members.load(Relaxed)
    }

    /// Work was pushed: which worker to unpark for it. It is a searcher from now on.
    #[inline]
    pub(super) fn announce(&self) -> Option<usize> {
        // Between PUSH and LOOK.
        fence(SeqCst);
        self.glance()
    }

    /// Like `announce`, without the fence: it may miss a worker that is going to sleep at this moment. For work that would be announced
    /// again soon.
    #[inline]
    pub(super) fn glance(&self) -> Option<usize> {
        // LOOK. Relaxed: the fence orders it.
        let counts = self.counts.load(Relaxed);
        if searchers(counts) > 0 || sleepers(counts) == 0 {
            None
        } else {
            self.wake_searcher()
        }
    }

    #[cold]
    fn wake_searcher(&self) -> Option<usize> {
        let mut asleep = self.asleep.lock();
        if searchers(self.counts.load(Relaxed)) > 0 {
            return None;
        }
        // The latest sleeper has the warmest cache; but a watcher that is left at its post need not be replaced.
        let watcher = self.watcher();
        let choice = asleep.iter().rposition(|&worker| Some(worker) != watcher);
        let choice = choice.or(asleep.len().checked_sub(1))?;
        self.counts
            .fetch_add(SEARCHER.wrapping_sub(SLEEPER), AcqRel);
        Some(asleep.remove(choice))
    }

    /// A worker that has run out of work asks whether to search: at most half of the workers do.
    pub(super) fn try_search(&self) -> bool {
        let counts = self.counts.load(Relaxed);
        let few = 2 * searchers(counts) < self.members();
        if few {
            self.search();
        }
        few
    }

    /// A worker that has seen work searches for it.
    pub(super) fn search(&self) {
        self.counts.fetch_add(SEARCHER, AcqRel);
    }

    /// A searcher has found work: true if it was the last, and must now CHECK whether more is in sight, and announce it.
    #[must_use]
    pub(super) fn end_search(&self) -> bool {
        // UNSEARCH.
        let before = self.counts.fetch_sub(SEARCHER, AcqRel);
        let last = searchers(before) == 1;
        if last {
            fence(SeqCst);
        }
        last
    }

    /// Goes to sleep, as a searcher or not. The caller must now CHECK all queues before it really does.
    pub(super) fn fall_asleep(&self, worker: usize, searching: bool) {
        let mut asleep = self.asleep.lock();
        asleep.push(worker);
        // SLEEP, and UNSEARCH in one.
        let searcher = if searching { SEARCHER } else { 0 };
        self.counts
            .fetch_add(SLEEPER.wrapping_sub(searcher), AcqRel);
        drop(asleep);
        fence(SeqCst);
    }

    /// Gets up without being asked. False: somebody has just counted the worker out, as a searcher, and unparks it.
    #[must_use]
    pub(super) fn get_up(&self, worker: usize) -> bool {
        let mut asleep = self.asleep.lock();
        let Some(place) = asleep.iter().rposition(|&other| other == worker) else {
            return false;
        };
        asleep.remove(place);
        self.counts.fetch_sub(SLEEPER, AcqRel);
        true
    }

    /// Whether a sleeper whose wait has ended gets up: it has brought tasks home, or somebody has counted it out. Asked once after each wait, since the token of who counts it out
    /// is gone: tasks are a reason also if a thief has taken them in the meantime, or it would sleep on, and be missing as the searcher that it counts as.
    pub(super) fn ends_sleep(&self, worker: usize, has_tasks: bool) -> bool {
        has_tasks || self.is_awake(worker)
    }

    /// Whether somebody has counted the sleeper out.
    pub(super) fn is_awake(&self, worker: usize) -> bool {
        !self.asleep.lock().contains(&worker)
    }

    /// How many workers don't sleep.
    pub(super) fn awake(&self) -> usize {
        self.members()
            .saturating_sub(sleepers(self.counts.load(Relaxed)))
    }

    /// Whether who has just fallen asleep may leave the CHECK to others: somebody is awake, who has one of its own to do before it sleeps. Else the last one would give way to
    /// nobody.
    pub(super) fn may_give_way(&self) -> bool {
        self.awake() > 0
    }

    pub(super) fn anyone_sleeps(&self) -> bool {
        sleepers(self.counts.load(Relaxed)) > 0
    }

    /// Takes the watch, if nobody has it, or the sentinel; true if the worker has it now.
    pub(super) fn take_watch(&self, worker: usize) -> bool {
        if let Some(watcher) = self.watcher() {
            return watcher == worker;
        }
        let mine = ((worker + 1) << 1) | TICKING;
        let vacant = |watch| (watch == NOBODY || watch == SENTINEL).then_some(mine);
        let taken = self.watch.fetch_update(AcqRel, Relaxed, vacant).is_ok();
        if taken {
            // Between taking the watch and looking at what it is for (the shared timers).
            fence(SeqCst);
        }
        taken
    }

    /// The watcher has seen all sleep for a while: true if its sleep may be unbounded from now on.
    pub(super) fn stop_ticking(&self) -> bool {
        self.watch.fetch_and(!TICKING, AcqRel);
        // Against `relieve_watch` of one that gets up.
        fence(SeqCst);
        if self.awake() == 0 {
            return true;
        }
        self.watch.fetch_or(TICKING, AcqRel);
        false
    }

    /// The worker gets up: gives up the watch if it has it, and says who is to be woken so that it is kept.
    pub(super) fn relieve_watch(&self, worker: usize) -> Option<Keeper> {
        // Against `stop_ticking`: either it sees us awake or we see it quiet.
        fence(SeqCst);
        loop {
            let watch = self.watch.load(Relaxed);
            if watch >> 1 == worker + 1 {
                self.watch.store(NOBODY, Relaxed);
            }
            if watch == NOBODY || watch >> 1 == worker + 1 {
                // The latest sleeper takes it when it is unparked.
                let sleeper = self.asleep.lock().last().copied();
                return match sleeper {
                    Some(sleeper) => Some(Keeper::Worker(sleeper)),
                    None => self.hand_over(),
                };
            }
            if watch & TICKING != 0 {
                return None;
            }
            // Asleep for good: it shall tick again, unless it gets up itself just now.
            let ticking = watch | TICKING;
            if self
                .watch
                .compare_exchange(watch, ticking, AcqRel, Relaxed)
                .is_ok()
            {
                return (watch >> 1).checked_sub(1).map(Keeper::Worker);
            }
        }
    }

    /// Nobody sleeps who could keep watch: the sentinel shall. It may have to be asked to.
    fn hand_over(&self) -> Option<Keeper> {
        // Until all workers have come, the last one sees to it: a runtime that is left at once needs no sentinel.
        if !self.may_call || self.missing.load(Relaxed) > 0 {
            return None;
        }
        let handed = self
            .watch
            .compare_exchange(NOBODY, SENTINEL, AcqRel, Relaxed);
        if handed.is_err() {
            // A worker that has fallen asleep just now has it.
            return None;
        }
        // Against `end_watch`: either it sees the watch as its own, or we see that it does not look any more.
        fence(SeqCst);
        let looks = self.entrusted.load(Relaxed) || self.entrusted.swap(true, AcqRel);
        (!looks).then_some(Keeper::Sentinel)
    }

    /// Whether the watch is the sentinel's.
    pub(super) fn is_sentinels(&self) -> bool {
        self.watch.load(Relaxed) == SENTINEL
    }

    /// The sentinel has had nothing to do here for a while: true if it need not look any more.
    pub(super) fn end_watch(&self) -> bool {
        self.entrusted.swap(false, AcqRel);
        // Against `hand_over`.
        fence(SeqCst);
        // Else the watch has come back just now. It may have been asked anew already, which then counts.
        !self.is_sentinels() || self.entrusted.swap(true, AcqRel)
    }

    /// There is no sentinel to look: it is to be asked again when the watch is next handed over.
    pub(super) fn forsake(&self) {
        // Relaxed: nothing goes with it. Who hands over meanwhile, and takes it for entrusted, has no sentinel either way; the next one asks.
        self.entrusted.store(false, Relaxed);
    }

    /// Which worker keeps watch: to be unparked when what the watch is for has changed. (The sentinel looks at everything at each of its ticks.)
    pub(super) fn watcher(&self) -> Option<usize> {
        match self.watch.load(Relaxed) {
            SENTINEL => None,
            watch => (watch >> 1).checked_sub(1),
        }
    }

    /// [`watcher`](Self::watcher), for a thread that has just changed something that the watcher looks at before it sleeps.
    pub(super) fn watcher_to_rouse(&self) -> Option<usize> {
        fence(SeqCst);
        self.watcher()
    }
}
