//! The one place where a thread of heist's sleeps: in the reactor, or on its own.
//!
//! Comes in: a wish to sleep, with a bound; an unpark, from anyone. Goes out: whether the sleep was ended by an unpark. An unpark that comes before the sleep
//! ends it at once: one token, as in `std::thread::park`.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};
use crate::loom::{Mutex, thread_parking as thread};
use std::time::Duration;

const EMPTY: usize = 0;
const NOTIFIED: usize = 1;
/// Asleep on its own.
const PARKED: usize = 2;
/// Asleep in the reactor.
const IN_REACTOR: usize = 3;

/// One worker's, or one `block_on`'s. See the module.
pub(crate) struct Parker {
    state: AtomicUsize,
    thread: Mutex<Option<thread::Thread>>,
}

/// What an unpark must do for a thread that sleeps elsewhere.
#[must_use]
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Unpark {
    /// Nothing.
    Done,
    /// It sleeps in the reactor, which must be notified.
    NotifyReactor,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicUsize::new(EMPTY),
            thread: Mutex::new(None),
        }
    }

    /// Says that from now on it is the calling thread that sleeps here.
    pub(crate) fn adopt(&self) {
        *self.thread.lock() = Some(thread::current());
    }

    /// Sleeps until an unpark, the bound's end, or for no reason at all. True: an unpark ended it.
    ///
    /// The thread has [adopted](Self::adopt) this parker.
    #[cfg_attr(
        not(heist_loom),
        expect(
            clippy::disallowed_methods,
            reason = "this is the parker that everybody else is asked to use"
        )
    )]
    pub(crate) fn park(&self, timeout: Option<Duration>) -> bool {
        if self.begin(PARKED) {
            match timeout {
                None => thread::park(),
                Some(timeout) => thread::park_timeout(timeout),
            }
        }
        self.end()
    }

    /// Announces a sleep in the reactor, which the caller begins if this is true.
    #[must_use]
    pub(crate) fn enter_reactor(&self) -> bool {
        self.begin(IN_REACTOR)
    }

    /// Announces its end. True: an unpark came since `enter_reactor`, or before it.
    pub(crate) fn leave_reactor(&self) -> bool {
        self.end()
    }

    /// Ends the sleep, or the next.
    pub(crate) fn unpark(&self) -> Unpark {
        // Release: the sleeper sees what was done before. The swap is total: of two unparkers one wakes.
        match self.state.swap(NOTIFIED, AcqRel) {
            PARKED => {
                let thread = self.thread.lock();
                let thread = thread.as_ref();
                thread.expect("who parks has adopted the parker").unpark();
                Unpark::Done
            }
            IN_REACTOR => Unpark::NotifyReactor,
            _ => Unpark::Done,
        }
    }

    fn begin(&self, how: usize) -> bool {
        self.state
            .compare_exchange(EMPTY, how, AcqRel, Relaxed)
            .is_ok()
    }

    fn end(&self) -> bool {
        self.state.swap(EMPTY, AcqRel) == NOTIFIED
    }
}

/// Has the kernel end this thread's sleeps when they are over. By default Linux lets each go on for up to 50 µs, so that it can end several at once. Where it
/// refuses, sleeps are as late as that. Threads and processes that this thread starts inherit it.
#[cfg(target_os = "linux")]
pub(crate) fn sleep_punctually() {
    // The smallest slack there is: 1 ns.
    let _ = rustix::thread::set_current_timer_slack(Some(std::num::NonZeroU64::MIN));
}

/// There is nothing to be done: that a sleep may go on for longer is Linux's own.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sleep_punctually() {}
