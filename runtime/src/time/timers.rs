//! The timers of a runtime: a wheel for each worker, and a shared one for all other threads.
//!
//! In comes the scheduler, which makes them, says on each thread which wheel is that thread's ([`Timers::enter`]),
//! turns them and closes them; out goes the wheel of the current thread, to the futures that arm their timers on it
//! ([`here`], [`elsewhere`]).
#![forbid(unsafe_code)]

use super::clock::Clock;
use super::wheel::Wheel;
use crate::loom::Arc;
use std::cell::RefCell;
use std::marker::PhantomData;

thread_local! {
    /// The wheel on which this thread arms its timers.
    static CURRENT: RefCell<Option<Arc<Wheel>>> = const { RefCell::new(None) };
}

/// The wheel on which this thread arms its timers, to a timer that was on another or on the same before.
pub(super) enum Here {
    /// The same.
    Same,
    /// Another: counted, by one locked operation.
    Other(Arc<Wheel>),
    /// None: the thread is in no runtime, and the timer was in none.
    Nowhere,
}

/// Compares this thread's wheel with the last one of a timer, if it had one. On a thread that is in no runtime it goes on in the one that it was in, on
/// the shared wheel.
#[inline]
pub(super) fn here(last: Option<&Arc<Wheel>>) -> Here {
    let compare = |current: &RefCell<Option<Arc<Wheel>>>| match (&*current.borrow(), last) {
        (None, None) => Here::Nowhere,
        (None, Some(last)) => match Wheel::shared(last) {
            shared if Arc::ptr_eq(shared, last) => Here::Same,
            shared => Here::Other(Arc::clone(shared)),
        },
        (Some(here), Some(last)) if Arc::ptr_eq(here, last) => Here::Same,
        (Some(here), _) => Here::Other(Arc::clone(here)),
    };
    CURRENT.try_with(compare).unwrap_or(Here::Nowhere)
}

/// The wheel to which this thread moves a timer of `wheel` when it resets it: its own, or if it has none in that runtime the
/// shared one. `None` if the timer stays.
#[inline]
pub(super) fn elsewhere(wheel: &Arc<Wheel>) -> Option<Arc<Wheel>> {
    let shared = Wheel::shared(wheel);
    match here(Some(wheel)) {
        Here::Same => None,
        Here::Other(here) if Arc::ptr_eq(Wheel::shared(&here), shared) => Some(here),
        Here::Other(_) | Here::Nowhere => (!Arc::ptr_eq(wheel, shared)).then(|| Arc::clone(shared)),
    }
}

/// The clock of this thread's wheel.
pub(super) fn clock_here() -> Option<Clock> {
    let clock = |current: &RefCell<Option<Arc<Wheel>>>| {
        let current = current.borrow();
        current.as_ref().map(|wheel| wheel.clock().clone())
    };
    CURRENT.try_with(clock).ok().flatten()
}

/// Whether this thread is in a runtime.
pub(super) fn is_entered() -> bool {
    CURRENT.try_with(|current| current.borrow().is_some()) == Ok(true)
}

/// The timers of a runtime.
pub(crate) struct Timers {
    wheels: Box<[Arc<Wheel>]>,
    shared: Arc<Wheel>,
    clock: Clock,
}

impl Timers {
    /// As many wheels as there may be workers, and the shared one, on the time of `clock`.
    ///
    /// `rouse` is called, outside all locks, when the shared wheel's earliest deadline has become earlier: somebody
    /// who sleeps must look again. It may find out by a plain load who sleeps, if the sleepers have a `fence(SeqCst)`
    /// between saying so and reading [`Wheel::next_deadline`]; the other fence is here. A timer keeps its wheel alive
    /// and so `rouse` too: it should own nothing but a weak reference.
    pub(crate) fn new(wheels: usize, clock: Clock, rouse: Box<dyn Fn() + Send + Sync>) -> Self {
        let shared = Wheel::new_shared(clock.now(), clock.clone(), rouse);
        Self {
            wheels: (0..wheels).map(|_| Wheel::new_worker(&shared)).collect(),
            shared,
            clock,
        }
    }

    /// What these timers take the time from.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time stands still, and nothing is left to do: it goes on to where [`advance`](super::advance) wants it, or if it may jump, to the next timer's deadline. False:
    /// there is none.
    pub(crate) fn jump(&self, may_jump: bool) -> bool {
        let wheels = self.wheels.iter().chain([&self.shared]);
        let next = wheels.filter_map(|wheel| wheel.next_deadline()).min();
        let pausable = self.clock.pausable();
        pausable.is_some_and(|pausable| pausable.step(next, may_jump))
    }

    /// Whether somebody waits for [`advance`](super::advance).
    pub(crate) fn is_to_advance(&self) -> bool {
        self.clock
            .pausable()
            .is_some_and(|pausable| pausable.has_goals())
    }

    /// A worker's wheel.
    pub(crate) fn wheel(&self, worker: usize) -> &Wheel {
        &self.wheels[worker]
    }

    /// The wheel of all the threads that aren't workers.
    pub(crate) fn shared(&self) -> &Wheel {
        &self.shared
    }

    /// Makes these the timers of this thread until the guard is dropped: with the wheel of this worker, or with the
    /// shared one on a thread that isn't a worker. Guards nest.
    pub(crate) fn enter(&self, worker: Option<usize>) -> Entered {
        let wheel = worker.map_or(&self.shared, |worker| &self.wheels[worker]);
        Entered {
            // At the thread's end there may be nothing to set any more.
            former: CURRENT
                .try_with(|current| current.replace(Some(Arc::clone(wheel))))
                .ok()
                .flatten(),
            _not_send: PhantomData,
        }
    }

    /// Closes all wheels: every armed timer is woken, and panics at its next poll, as does one that would be armed on
    /// them.
    pub(crate) fn shutdown(&self) {
        for wheel in &self.wheels {
            wheel.close();
        }
        self.shared.close();
    }
}

/// While it lives, timers are armed on the wheel that was entered.
#[must_use = "dropped at once, it enters nothing"]
pub(crate) struct Entered {
    former: Option<Arc<Wheel>>,
    /// It belongs to the thread whose wheel it set.
    _not_send: PhantomData<*mut ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // At the thread's end there may be nothing to restore any more.
        let _ = CURRENT.try_with(|current| current.replace(self.former.take()));
    }
}
