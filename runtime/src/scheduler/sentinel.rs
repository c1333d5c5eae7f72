//! The sentinel: a thread that keeps watch over runtimes none of whose workers sleeps and could, and has standby workers called where too many are held up.
//!
//! Comes in: a runtime, entrusted by the worker that got up last (`idle.rs`). Goes out: calls of standbys, and their dismissal. It looks at the workers a few times in
//! the bound from which on one is held up; when a worker sleeps, and keeps watch itself, the runtime stays entrusted for a while, and is left alone then: nothing
//! ticks when nothing runs.
//!
//! There is one for the process, started when it is needed first, and gone when it has had nothing to do for a while. So a runtime costs no thread of its own for this, and
//! may come and go within the time that it would take to start one. If it cannot be started, that is tried again when it is needed later.

#![forbid(unsafe_code)]

use super::Scheduler;
use super::relief::{Observations, QUIET_TICKS};
use crate::failure::report;
use crate::time::{Clock, Coarse, Instant};
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{io, mem, thread};

/// How often it looks in the time after which a worker is held up.
const LOOKS: u32 = 4;
/// It looks no more often than this.
const SHORTEST: Duration = Duration::from_millis(1);
/// How many looks in a row there must be a worker too many before a standby is dismissed.
const SPARE_LOOKS: u32 = 4;
/// And how many in a row too few before one is called though others move still.
const SHORT_LOOKS: u32 = 4 * LOOKS;

/// How long none is started again after that has failed.
const RETRY: Duration = Duration::from_secs(1);

/// The sentinel's.
static STATE: Mutex<State> = Mutex::new(State {
    is_there: false,
    failed: None,
    is_rung: false,
    period: SHORTEST,
    entrusted: Vec::new(),
});
/// Rung with `is_rung`.
static BELL: Condvar = Condvar::new();

struct State {
    /// Whether there is such a thread.
    is_there: bool,
    /// When none could be started.
    failed: Option<Instant>,
    /// It shall look at once.
    is_rung: bool,
    /// How long it sleeps until it looks again.
    period: Duration,
    /// What it isn't looking at just now.
    entrusted: Vec<Entrusted>,
}

/// A runtime.
struct Entrusted {
    scheduler: Weak<Scheduler>,
    period: Duration,
    observations: Observations,
    /// How many looks in a row found nothing to watch; too many workers that move; too few.
    quiet: u32,
    spare: u32,
    short: u32,
}

/// Has the sentinel keep watch over a runtime, until it [is let go](super::idle::Idle::end_watch).
#[cold]
pub(super) fn entrust(scheduler: &Arc<Scheduler>) {
    let entrusted = Entrusted {
        scheduler: Arc::downgrade(scheduler),
        period: (scheduler.relief.after / LOOKS).max(SHORTEST),
        observations: Observations::new(scheduler.remotes.workers()),
        quiet: 0,
        spare: 0,
        short: 0,
    };
    let mut state = STATE.lock();
    let now = Clock::default().now();
    let has_failed = |failed| now.saturating_duration_since(failed) < RETRY;
    if !state.is_there && state.failed.is_some_and(has_failed) {
        scheduler.idle.forsake();
        return;
    }
    let sleeps_too_long = state.period > entrusted.period;
    state.entrusted.push(entrusted);
    if state.is_there {
        drop(state);
        // Else it looks soon enough by itself.
        if sleeps_too_long {
            ring();
        }
        return;
    }
    state.is_there = true;
    drop(state);
    let thread = thread::Builder::new().name("heist-sentinel".into());
    if let Err(error) = thread.spawn(keep_watch) {
        give_up(now, &error);
    }
}

/// No thread could be started. Those that were entrusted by then are to ask again.
#[cold]
fn give_up(now: Instant, error: &io::Error) {
    let forsaken = {
        let mut state = STATE.lock();
        state.is_there = false;
        state.failed = Some(now);
        mem::take(&mut state.entrusted)
    };
    for scheduler in forsaken.iter().filter_map(|one| one.scheduler.upgrade()) {
        scheduler.idle.forsake();
    }
    static REPORTED: AtomicBool = AtomicBool::new(false);
    if !REPORTED.swap(true, Relaxed) {
        report(format_args!(
            "no thread can be started to keep watch over the workers ({error}): while all of a runtime are blocked, nobody stands in for them"
        ));
    }
}

/// Has it look at once.
pub(super) fn ring() {
    STATE.lock().is_rung = true;
    BELL.notify_one();
}

fn keep_watch() {
    // Looks in a row with nothing to look at.
    let mut quiet = 0;
    // What it looks at: two vectors take turns, so that looking allocates nothing.
    let mut entrusted = Vec::new();
    let mut state = STATE.lock();
    // One may have been entrusted just now.
    while quiet < QUIET_TICKS || !state.entrusted.is_empty() {
        let periods = state.entrusted.iter().map(|entrusted| entrusted.period);
        state.period = periods.min().unwrap_or(SHORTEST);
        if !state.is_rung {
            let period = state.period;
            BELL.wait_for(&mut state, period);
        }
        state.is_rung = false;
        mem::swap(&mut state.entrusted, &mut entrusted);
        drop(state);
        quiet = if entrusted.is_empty() { quiet + 1 } else { 0 };
        entrusted.retain_mut(Entrusted::look);
        state = STATE.lock();
        state.entrusted.append(&mut entrusted);
    }
    state.is_there = false;
}

impl Entrusted {
    /// Looks at the workers, if that is still asked for. False: the runtime is entrusted no more.
    fn look(&mut self) -> bool {
        let Some(scheduler) = self.scheduler.upgrade() else {
            return false;
        };
        if scheduler.is_closed() {
            return false;
        }
        if scheduler.idle.is_sentinels() || scheduler.has_standbys() {
            self.quiet = 0;
            self.look_at(&scheduler);
            true
        } else {
            self.quiet += 1;
            self.quiet <= QUIET_TICKS || !scheduler.idle.end_watch()
        }
    }

    fn look_at(&mut self, scheduler: &Scheduler) {
        let now = scheduler.timers.clock().now();
        Coarse::look();
        let is_held_up = |&worker: &usize| scheduler.is_held_up(&self.observations, worker, now);
        let held_up = (0..scheduler.remotes.len()).filter(is_held_up).count();
        let moving = scheduler.idle.members().saturating_sub(held_up);
        let wanted = scheduler.remotes.workers();
        self.spare = if moving > wanted { self.spare + 1 } else { 0 };
        // Whether there is anything to do nobody knows, once nobody looks at the reactor.
        let is_short = moving < wanted && !scheduler.idle.anyone_sleeps() && scheduler.has_work();
        self.short = match moving {
            0 => SHORT_LOOKS,
            _ if is_short => self.short + 1,
            _ => 0,
        };
        if self.short >= SHORT_LOOKS {
            self.short = 0;
            scheduler.call_standby();
        } else if self.spare >= SPARE_LOOKS {
            self.spare = 0;
            scheduler.dismiss_one(|worker| is_held_up(&worker));
        }
    }
}
