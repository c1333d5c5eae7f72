//! The reactor: it learns from the kernel which descriptors are ready, and wakes the tasks that wait for them.
//!
//! Sockets come in ([`Registered`]); wakes go out. The scheduler's workers turn it: who would otherwise sleep claims a [`Turn`] and waits in it,
//! for I/O as for anything else that ends its sleep ([`Reactor::notify`]). No thread belongs to it.
//!
//! | file | what it has |
//! | --- | --- |
//! | `mod.rs` | the reactor, its turns, and which one is this thread's |
//! | `poller.rs` | the kernel's side: epoll on Linux, `polling` elsewhere |
//! | `slot.rs` | one descriptor's waiting tasks (the contract of the intrusive list is there) |
//! | `readiness.rs` | one descriptor's state word, with its table |
//! | `slab.rs` | the slots, found by index, used again |
//! | `registration.rs` | what a socket holds: the descriptor and its slot; operations that wait |
//! | `interest.rs` | what can be waited for |
//!
//! An event's way: [`Turn::wait`] takes it from the kernel → [`slot::Slot::deliver`] adds it to the word and takes the wakers → the waker puts
//! its task in a queue → the task's operation looks at the word, and does its system call.

#[cfg(windows)]
compile_error!(
    "heist does not support Windows: its reactor needs epoll, kqueue or another Unix poller"
);

mod interest;
mod poller;
mod readiness;
mod registration;
mod slab;
mod slot;

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
pub(crate) mod tests;

pub use self::interest::{Interest, Ready};
pub(crate) use self::poller::Kind;
pub(crate) use self::readiness::Snapshot;
pub(crate) use self::registration::{Refused, Registered};
pub(crate) use self::slot::Direction;

use self::poller::{Events, Poller};
use self::slab::{Key, NoSlot, Slab};
use crate::count::Count;
use crate::loom::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// One reactor, shared by a runtime's workers and by every socket registered with it.
///
/// It opens no descriptor until there is something to watch.
pub(crate) struct Reactor {
    driver: OnceLock<Driver>,
    slab: Slab,
    /// Events: counted by who turns.
    delivered: Count,
    rouse: Box<dyn Fn() + Send + Sync>,
}

/// What exists once something is watched.
struct Driver {
    poller: Poller,
    /// Locked by who turns.
    events: Mutex<Events>,
}

thread_local! {
    /// The reactor that sockets made on this thread register with.
    static CURRENT: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
}

impl Reactor {
    /// A reactor that calls `rouse` once, when the first descriptor is watched: from then on somebody has to turn it.
    pub(crate) fn new(rouse: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Arc::new(Self {
            driver: OnceLock::new(),
            slab: Slab::new(),
            delivered: Count::default(),
            rouse,
        })
    }

    /// Makes it this thread's, until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        Entered {
            // While the thread ends there may be nothing to set.
            former: CURRENT
                .try_with(|current| current.replace(Some(Arc::clone(self))))
                .ok()
                .flatten(),
            _not_send: PhantomData,
        }
    }

    /// This thread's reactor.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub(crate) fn current() -> Arc<Self> {
        let current = CURRENT.with_borrow(Option::clone);
        current.expect(
            "no heist runtime on this thread: sockets, child processes and signals are made inside `heist::run`, `Runtime::block_on` or a task, \
             or under the guard of `Runtime::enter`",
        )
    }

    /// The turn, if there is anything to wait for and nobody else has it.
    ///
    /// One load if nothing was ever watched, else one compare-and-swap.
    #[inline]
    pub(crate) fn try_claim(&self) -> Option<Turn<'_>> {
        let driver = self.driver.get()?;
        let events = driver.events.try_lock()?;
        Some(Turn {
            reactor: self,
            poller: &driver.poller,
            events,
        })
    }

    /// Ends the wait that a thread is in, or the next one. One system call.
    pub(crate) fn notify(&self) {
        if let Some(driver) = self.driver.get() {
            driver.poller.notify();
        }
    }

    /// The end of the runtime: every task that waits for a socket is woken, and every operation on one fails from now on.
    pub(crate) fn shutdown(&self) {
        self.slab.close().for_each(slot::Slot::shut_down);
    }

    /// How many descriptors have been registered, and how many of them deregistered again.
    pub(crate) fn registrations(&self) -> (u64, u64) {
        self.slab.opened_and_released()
    }

    /// How many events have been delivered.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.get()
    }

    /// The driver, which the first to come makes.
    #[inline]
    fn driver(&self) -> io::Result<&Driver> {
        match self.driver.get() {
            Some(driver) => Ok(driver),
            None => self.start(),
        }
    }

    #[cold]
    fn start(&self) -> io::Result<&Driver> {
        let driver = Driver {
            poller: Poller::new()?,
            events: Mutex::new(Events::new()),
        };
        // Of two that come at once, one is dropped.
        if self.driver.set(driver).is_ok() {
            (self.rouse)();
        }
        Ok(self.driver.get().expect("set above"))
    }

    /// Takes a slot for a descriptor, which is `ready` to begin with. Returns the slot's index. The kernel knows nothing of it yet.
    fn open(&self, ready: Ready) -> io::Result<u32> {
        let key = self.slab.open(ready).map_err(|reason| match reason {
            NoSlot::Closed => shut_down(),
            NoSlot::Full => io::Error::other("the reactor has no room for another descriptor"),
        })?;
        Ok(key.index())
    }

    /// Lets the kernel report to the slot, if it doesn't yet.
    #[inline]
    fn watch(&self, fd: BorrowedFd<'_>, index: u32, kind: Kind) -> io::Result<()> {
        let driver = self.driver()?;
        let tell = |generation| driver.poller.add(fd, Key::new(index, generation), kind);
        self.slab.slot(index).watch(tell).map_err(explained)
    }

    /// The end of the slot's use. What the kernel has reported and nobody has delivered yet falls on the slot's generation.
    fn deregister(&self, fd: BorrowedFd<'_>, index: u32) {
        let seen = self.slab.slot(index).readiness().load();
        if let Some(driver) = self.driver.get().filter(|_| seen.is_watched()) {
            // It fails only if somebody has closed the descriptor behind our back, and then the kernel has forgotten it.
            let _ = driver.poller.delete(fd);
        }
        self.release(index);
    }

    fn release(&self, index: u32) {
        let wakers = self.slab.slot(index).retire();
        self.slab.release(index);
        drop(wakers);
    }

    /// Sees to it that the kernel reports the next event of whatever is waited for on this slot: it is told of a descriptor of which it knows
    /// nothing yet, which is a stream, and asked again where registrations are one-shot.
    #[inline]
    fn arm(&self, fd: BorrowedFd<'_>, index: u32) -> io::Result<()> {
        self.watch(fd, index, Kind::Stream)?;
        match self.driver.get() {
            Some(driver) if driver.poller.is_one_shot() => {
                let slot = self.slab.slot(index);
                let seen = slot.readiness().load();
                let key = Key::new(index, seen.generation());
                slot.with_waited(|interest| match interest {
                    // A hang-up would be said again and again; and who waits still, for an error, has nothing else to hear.
                    Some(interest) if !seen.has_hung_up() => driver.poller.arm(fd, key, interest),
                    _ => Ok(()),
                })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_started = self.driver.get().is_some();
        f.debug_struct("Reactor")
            .field("has_started", &has_started)
            .finish_non_exhaustive()
    }
}

/// What operations on a socket give when its runtime is gone.
fn shut_down() -> io::Error {
    io::Error::other(
        "the heist runtime that this socket or file descriptor belongs to has been shut down",
    )
}

/// What the system says when a descriptor is there already, in words that help.
#[cold]
fn explained(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::new(
            io::ErrorKind::AlreadyExists,
            "this descriptor is registered with this runtime already: share what it is registered by, or register a duplicate (`try_clone`)",
        ),
        _ => error,
    }
}

/// The right to wait for events: only one thread has it at a time.
#[must_use = "the turn is given back when it is dropped"]
pub(crate) struct Turn<'a> {
    reactor: &'a Reactor,
    poller: &'a Poller,
    events: MutexGuard<'a, Events>,
}

impl Turn<'_> {
    /// Waits until there are events, until [`Reactor::notify`], or until `timeout` has passed (`None`: without end), and wakes the tasks of
    /// the events. Returns how many events there were; none also after a signal.
    ///
    /// One system call on Linux; then, an event, one compare-and-swap and one lock.
    ///
    /// # Errors
    ///
    /// Only if the poller itself is broken: none is expected.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.wait_then(timeout, || ())
    }

    /// The same; when the wait is over, and before anybody is woken, it calls `over`.
    pub(crate) fn wait_then(
        &mut self,
        timeout: Option<Duration>,
        over: impl FnOnce(),
    ) -> io::Result<usize> {
        let waited = self.poller.wait(&mut self.events, timeout);
        over();
        waited?;
        Ok(self.deliver())
    }

    /// Gives the events to their slots, and says how many there were.
    fn deliver(&self) -> usize {
        let slab = &self.reactor.slab;
        let deliver = |(key, ready): (Key, Ready)| {
            // A one-shot event has disarmed both directions: who waits in the other is woken too, and arms again as it waits again.
            let wake = if self.poller.is_one_shot() {
                Ready::ALL
            } else {
                ready
            };
            slab.slot(key.index())
                .deliver(key.generation(), ready, wake);
        };
        let count = self.events.iter().map(deliver).count();
        self.reactor.delivered.add(count as u64);
        count
    }
}

/// Keeps a reactor the thread's; the former one comes back when it is dropped.
#[must_use = "the reactor is the thread's only as long as this is held"]
#[derive(Debug)]
pub(crate) struct Entered {
    former: Option<Arc<Reactor>>,
    /// It belongs to the thread whose reactor it has set.
    _not_send: PhantomData<*mut ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let former = self.former.take();
        // While the thread ends there may be nothing to set. What is replaced is dropped outside of the borrow.
        let _ = CURRENT.try_with(|current| current.replace(former));
    }
}
