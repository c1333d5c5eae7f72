//! Time that stands still: for tests of programs that wait.
//!
//! Comes in: [`pause`], [`advance`] and [`resume`], on a thread of a current-thread runtime; and its worker, when nothing is left to do before the next deadline. Goes out: the time
//! that timers go by ([`Pausable::at`]). What the scheduler does by itself (its slices, relief) always goes by the system's clock.

#![forbid(unsafe_code)]

use super::clock::Instant;
use super::timers;
use crate::failure::wake;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Whether any time was ever paused in this process: if not, nobody need look which time is whose.
static USED: AtomicBool = AtomicBool::new(false);

/// The time of a runtime, where it can be paused.
#[derive(Debug, Default)]
pub(super) struct Pausable {
    /// `None`: it is the system's, and always was.
    state: Mutex<Option<State>>,
    /// Blocking jobs that have not ended: meanwhile it does not jump.
    jobs: AtomicUsize,
}

/// A time of its own.
#[derive(Debug)]
struct State {
    /// The time at `since`, on the system's clock; if that is `None`, the time that it stands still at.
    time: Instant,
    since: Option<Instant>,
    /// Where [`advance`] wants it: when, and who is to be woken then.
    goals: Vec<Goal>,
}

#[derive(Debug)]
struct Goal {
    at: Instant,
    number: usize,
    waker: Waker,
}

impl State {
    fn at(&self, now: Instant) -> Instant {
        match self.since {
            None => self.time,
            Some(since) => self
                .time
                .saturating_add(now.saturating_duration_since(since)),
        }
    }
}

/// Whether no time was ever paused in this process.
#[inline]
pub(super) fn is_unknown() -> bool {
    !USED.load(Relaxed)
}

impl Pausable {
    /// What time it is, when it is `now` on the system's clock.
    pub(super) fn at(&self, now: Instant) -> Instant {
        if is_unknown() {
            return now;
        }
        self.state
            .lock()
            .as_ref()
            .map_or(now, |state| state.at(now))
    }

    /// Stops it. False: it stands still already.
    pub(super) fn pause(&self, now: Instant) -> bool {
        USED.store(true, Relaxed);
        let mut state = self.state.lock();
        if state.as_ref().is_some_and(|state| state.since.is_none()) {
            return false;
        }
        let time = state.as_ref().map_or(now, |state| state.at(now));
        *state = Some(State {
            time,
            since: None,
            goals: Vec::new(),
        });
        true
    }

    /// Lets it go on from where it is. False: it does.
    fn resume(&self, now: Instant) -> bool {
        let goals = match &mut *self.state.lock() {
            Some(state) if state.since.is_none() => {
                state.since = Some(now);
                std::mem::take(&mut state.goals)
            }
            _ => return false,
        };
        goals.into_iter().for_each(|goal| wake(goal.waker));
        true
    }

    pub(super) fn is_paused(&self) -> bool {
        !is_unknown() && matches!(&*self.state.lock(), Some(state) if state.since.is_none())
    }

    /// Moves it on, never back, to the next deadline or the next goal, whichever comes first; to the former only if there is any goal, or it may jump. False: it stays.
    pub(super) fn step(&self, next: Option<Instant>, may_jump: bool) -> bool {
        let reached = {
            let mut state = self.state.lock();
            let Some(state) = state.as_mut().filter(|state| state.since.is_none()) else {
                return false;
            };
            let goal = state.goals.iter().map(|goal| goal.at).min();
            let to = match (next, goal) {
                (next, Some(goal)) => next.map_or(goal, |next| next.min(goal)),
                (Some(next), None) if may_jump => next,
                _ => return false,
            };
            state.time = state.time.max(to);
            // What is due at a goal fires before it is reached.
            let is_due = next.is_some_and(|next| next <= state.time);
            let is_reached = |goal: &mut Goal| !is_due && goal.at <= state.time;
            state.goals.extract_if(.., is_reached).collect::<Vec<_>>()
        };
        reached.into_iter().for_each(|goal| wake(goal.waker));
        true
    }

    /// Whether [`advance`] wants it anywhere.
    pub(super) fn has_goals(&self) -> bool {
        matches!(&*self.state.lock(), Some(state) if !state.goals.is_empty())
    }

    /// Has it moved on to a goal, whose number this gives. `None`: it does not stand still.
    fn aim(&self, at: Instant, waker: &Waker) -> Option<usize> {
        // Relaxed: it only has to be another one.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        // Wakers may be anybody's, and ask what time it is: they are cloned before the lock is taken, and dropped after it is released.
        let goal = Goal {
            at,
            number,
            waker: waker.clone(),
        };
        let mut state = self.state.lock();
        let state = state.as_mut().filter(|state| state.since.is_none())?;
        state.goals.push(goal);
        Some(number)
    }

    /// Whether a goal is still ahead; if so, this is who is to be woken.
    fn is_ahead(&self, number: usize, waker: &Waker) -> bool {
        let mut waker = waker.clone();
        let mut state = self.state.lock();
        let mut goals = state.iter_mut().flat_map(|state| &mut state.goals);
        match goals.find(|goal| goal.number == number) {
            Some(goal) => {
                std::mem::swap(&mut goal.waker, &mut waker);
                true
            }
            None => false,
        }
    }

    fn forget(&self, number: usize) {
        let mut state = self.state.lock();
        let forgotten = state.as_mut().and_then(|state| {
            let place = state.goals.iter().position(|goal| goal.number == number)?;
            Some(state.goals.swap_remove(place))
        });
        drop(state);
        drop(forgotten);
    }

    /// A blocking job begins: was submitted.
    pub(super) fn begin_job(&self) {
        self.jobs.fetch_add(1, Relaxed);
    }

    /// It has ended, and whoever waits for it has been woken.
    pub(super) fn end_job(&self) {
        // Release: who finds no job left has the wake in sight.
        self.jobs.fetch_sub(1, AcqRel);
    }

    pub(super) fn has_jobs(&self) -> bool {
        self.jobs.load(Acquire) > 0
    }
}

/// The time of this thread, if it can be paused.
#[track_caller]
fn here(what: &str) -> Arc<Pausable> {
    match timers::clock_here() {
        None => panic!(
            "`time::{what}` was called outside of a runtime: call it in `block_on`, or in a task"
        ),
        Some(clock) => match clock.pausable() {
            None => panic!(
                "`time::{what}` needs the current-thread flavour, where it is known when nothing is left to do: build the runtime by `Builder::new_current_thread`"
            ),
            Some(pausable) => Arc::clone(pausable),
        },
    }
}

/// Stops the time of this runtime: from now on [`Instant::now`] stays where it is, but for [`advance`] and for jumps. When the runtime has nothing to do, it does not wait for the
/// next timer but jumps to its deadline: a test that sleeps for an hour is over at once, and everything happens in the same order.
///
/// It jumps only when no task can run, no socket is ready, and no blocking job of this runtime runs. Of other threads, and of sockets whose other end is not in this runtime, nothing is
/// known: it does not wait for them.
///
/// # Panics
///
/// Outside of a runtime, on the multi-threaded flavour, and if the time stands still already.
///
/// # Examples
///
/// ```
/// use heist::time::{self, Duration, Instant};
///
/// #[heist::test(start_paused = true)]
/// async fn an_hour() {
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(3_600)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(3_600));
/// }
///
/// # let runtime = heist::runtime::Builder::new_current_thread().build()?;
/// // The same without the attribute.
/// runtime.block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(3_600)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(3_600));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn pause() {
    assert!(
        here("pause").pause(Instant::of_system()),
        "`time::pause` was called while the time stands still already"
    );
}

/// Lets the time of this runtime go on, from where it stands.
///
/// # Panics
///
/// Outside of a runtime, on the multi-threaded flavour, and if the time does not stand still.
///
/// # Examples
///
/// ```
/// use heist::time::{self, Instant};
///
/// # let runtime = heist::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let stopped = Instant::now();
///     time::resume();
///     while Instant::now() == stopped {}
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn resume() {
    assert!(
        here("resume").resume(Instant::of_system()),
        "`time::resume` was called while the time does not stand still: it follows a `time::pause`"
    );
}

/// Moves the time of this runtime on. Timers that are due in between fire in the order of their deadlines, each at its own time, and what they wake runs until nothing is left to do before
/// the next; tasks that never rest keep it waiting at each until all that can run has had some eight turns. It does not wait for blocking jobs.
///
/// # Panics
///
/// Outside of a runtime, on the multi-threaded flavour, and if the time does not stand still.
///
/// # Cancel safety
///
/// Dropped, it leaves the time where it has brought it.
///
/// # Examples
///
/// ```
/// use heist::time::{self, Duration, Instant};
///
/// # let runtime = heist::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     let task = heist::spawn(async move {
///         time::sleep(Duration::from_secs(2)).await;
///         start.elapsed()
///     });
///     heist::task::yield_now().await;
///     time::advance(Duration::from_secs(5)).await;
///     assert!(task.is_finished());
///     assert_eq!(task.await.unwrap(), Duration::from_secs(2));
///     assert_eq!(start.elapsed(), Duration::from_secs(5));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn advance(duration: Duration) -> impl Future<Output = ()> + Send {
    let pausable = here("advance");
    assert!(
        pausable.is_paused(),
        "`time::advance` was called while the time does not stand still: call `time::pause` before"
    );
    async move {
        let end = pausable.at(Instant::of_system()).saturating_add(duration);
        let mut advance = Advance {
            pausable,
            goal: None,
        };
        poll_fn(|cx| advance.poll(end, cx.waker())).await;
    }
}

/// A goal that is given up when this is dropped.
struct Advance {
    pausable: Arc<Pausable>,
    goal: Option<usize>,
}

impl Advance {
    fn poll(&mut self, end: Instant, waker: &Waker) -> Poll<()> {
        let is_ahead = match self.goal {
            Some(goal) => self.pausable.is_ahead(goal, waker),
            None => {
                self.goal = self.pausable.aim(end, waker);
                self.goal.is_some()
            }
        };
        if is_ahead {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Drop for Advance {
    fn drop(&mut self) {
        if let Some(goal) = self.goal {
            self.pausable.forget(goal);
        }
    }
}
