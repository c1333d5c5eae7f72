//! Who sleeps, who searches and who keeps watch: the sleep protocol. `docs/architecture.md` has its proof sketch over the events named here in capitals.
//!
//! Comes in: a worker that goes to sleep, gets up, begins or ends a search; a thread that has just made work. Goes out: which worker to unpark, if
//! any. Called by the workers and by whoever schedules a task.
//!
//! * **At most one searcher is woken at a time**: work that is announced while anyone searches wakes nobody; a searcher that finds work wakes the next one if
//!   more is in sight.
//! * **No wake is lost**: who makes work does PUSH, then a fence, then LOOK (at the counts); who goes to sleep does SLEEP (counts itself in), then a fence, then
//!   CHECK (all queues). Likewise who ends a search: UNSEARCH, fence, CHECK. Of two fences one comes first, so either LOOK sees the sleeper, or CHECK sees the work.
//! * **While anyone sleeps, somebody keeps watch**: one sleeper holds the watch. While others run its sleep is bounded: it *ticks*, to relieve workers that are
//!   stuck in one poll. When all sleep for a while it ticks no more, and who then gets up first unparks it.

#![forbid(unsafe_code)]

use crate::loom::Mutex;
use crate::loom::atomic::{
    AtomicUsize,
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

/// See the module.
pub(super) struct Idle {
    counts: CachePadded<AtomicUsize>,
    /// The watcher's number plus one, shifted by one, and `TICKING`; or `NOBODY`.
    watch: CachePadded<AtomicUsize>,
    /// The sleepers, latest last. The sleepers' count changes under this lock only.
    asleep: Mutex<Vec<usize>>,
    workers: usize,
}

impl Idle {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            counts: CachePadded::new(AtomicUsize::new(0)),
            watch: CachePadded::new(AtomicUsize::new(NOBODY)),
            asleep: Mutex::new(Vec::with_capacity(workers)),
            workers,
        }
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
        let few = 2 * searchers(counts) < self.workers;
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

    /// Whether somebody has counted the sleeper out.
    pub(super) fn is_awake(&self, worker: usize) -> bool {
        !self.asleep.lock().contains(&worker)
    }

    /// How many workers don't sleep.
    pub(super) fn awake(&self) -> usize {
        self.workers - sleepers(self.counts.load(Relaxed))
    }

    /// Takes the watch, if nobody has it; true if the worker has it now.
    pub(super) fn take_watch(&self, worker: usize) -> bool {
        if let Some(watcher) = self.watcher() {
            return watcher == worker;
        }
        let mine = ((worker + 1) << 1) | TICKING;
        let taken = self
            .watch
            .compare_exchange(NOBODY, mine, AcqRel, Relaxed)
            .is_ok();
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

    /// The worker gets up: gives up the watch if it has it, and says whom to unpark so that it is kept.
    pub(super) fn relieve_watch(&self, worker: usize) -> Option<usize> {
        // Against `stop_ticking`: either it sees us awake or we see it quiet.
        fence(SeqCst);
        loop {
            let watch = self.watch.load(Relaxed);
            if watch >> 1 == worker + 1 {
                self.watch.store(NOBODY, Relaxed);
            }
            if watch == NOBODY || watch >> 1 == worker + 1 {
                // The latest sleeper takes it when it is unparked.
                return self.asleep.lock().last().copied();
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
                return (watch >> 1).checked_sub(1);
            }
        }
    }

    /// Who keeps watch: to be unparked when what the watch is for has changed.
    pub(super) fn watcher(&self) -> Option<usize> {
        (self.watch.load(Relaxed) >> 1).checked_sub(1)
    }

    /// [`watcher`](Self::watcher), for a thread that has just changed something that the watcher looks at before it sleeps.
    pub(super) fn watcher_to_rouse(&self) -> Option<usize> {
        fence(SeqCst);
        self.watcher()
    }
}
