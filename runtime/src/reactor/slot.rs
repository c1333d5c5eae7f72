//! A slot: the readiness of one descriptor, and the tasks that wait for it.
//!
//! Events come in from the turn ([`Slot::deliver`]); tasks come in from the registration, by [`Slot::poll_ready`] or [`Slot::wait_for`]. What
//! goes out are their wakers, called with no lock held.
//!
//! # The contract
//!
//! 1. A [`Waiter`] is part of a [`Wait`], which is pinned from its first poll on: its memory stays where it is, and is not used
//!    for anything else, until the `Wait` is dropped; if it never is (`mem::forget`), for ever.
//! 2. A waiter's links and its waker are touched only under the lock of the slot that its `Wait` names. Its interest never changes.
//! 3. A waiter is in the slot's list exactly while its waker is `Some`: whoever puts it in sets the waker, whoever takes it out takes it,
//!    both in the same critical section.
//! 4. `Wait::drop` takes the waiter out. So the list holds no waiter whose memory is gone.
//! 5. Slots are never freed while there are registrations (`slab.rs`), and a `Wait` borrows one.
//!
//! # Why no wake is lost
//!
//! Who finds nothing ready takes the lock, looks again, and leaves its waker in the same critical section. Who brings an event changes the word, then
//! takes the lock and takes the wakers. Whichever section comes second sees what the first did: the waiter the event, or the event the
//! waiter. And readiness is a level: a task that is woken and then dropped, or finds that another was quicker, takes nothing
//! away from the others, who are all woken too.
//!
//! Nothing foreign runs under the lock: wakers are cloned before it is taken, and called and dropped after it is released. (What a guard's scope
//! ends with is dropped in reverse order: a waker that was cloned before the guard was made, after it.) `will_wake` compares pointers.

use super::interest::{Interest, Ready};
use super::readiness::{Readiness, Snapshot};
use crate::failure::wake;
use crate::loom::cell::UnsafeCell;
use crate::loom::{Mutex, MutexGuard};
use cordyceps::Linked;
use cordyceps::list::{self, List};
use std::future::Future;
use std::iter;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, Waker};

/// How many waiters are woken between two holds of the lock.
const BATCH: usize = if cfg!(heist_loom) { 1 } else { 16 };

/// Which half of a descriptor a `poll_` method is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    #[inline]
    pub(crate) const fn interest(self) -> Interest {
        match self {
            Self::Read => Interest::READABLE,
            Self::Write => Interest::WRITABLE,
        }
    }
}

/// The state of one descriptor. Two cache lines of its own: neighbours belong to other workers' connections, and the
/// prefetcher takes lines in pairs.
#[repr(align(128))]
pub(super) struct Slot {
    readiness: Readiness,
    waiters: Mutex<Waiters>,
}

/// Who waits. Each `poll_` direction has room for one waker, the last one's; futures that borrow the descriptor are in the list.
struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    list: List<Waiter>,
}

impl Waiters {
    fn poller(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    /// Takes the first waiter that `ready` satisfies out of the list, and gives its waker.
    fn take_first(&mut self, ready: Ready) -> Option<Waker> {
        let satisfied = |waiter: &Waiter| ready.intersects(waiter.interest.mask());
        let waiter = self.list.drain_filter(satisfied).next()?;
        // SAFETY: it was in the list, so it is alive (rule 4), and we hold the lock (rule 2). It has just been taken
        // out, so its waker is too (rule 3).
        unsafe { waiter.as_ref().waker.with_mut(|waker| (*waker).take()) }
    }
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            readiness: Readiness::new(),
            waiters: Mutex::new(Waiters {
                reader: None,
                writer: None,
                list: List::new(),
            }),
        }
    }

    /// The word, for what needs no waker.
    #[inline]
    pub(super) fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Has the kernel told of the descriptor, by `tell`, unless it has been. Of several tasks that come at once each either tells it or finds that
    /// another has.
    ///
    /// One load if it has been.
    #[inline]
    pub(super) fn watch<E>(&self, tell: impl FnOnce(u32) -> Result<(), E>) -> Result<(), E> {
        if self.readiness.load().is_watched() {
            return Ok(());
        }
        let _locked = self.waiters.lock();
        let seen = self.readiness.load();
        if !seen.is_watched() {
            tell(seen.generation())?;
            self.readiness.watch();
        }
        Ok(())
    }

    /// An event of this generation says `ready`: notes it and wakes who waits for `wake`.
    ///
    /// Three locked operations: the word's compare-and-swap, the lock and its release. The wakers are moved out, so
    /// that a wake takes over the waiting task's reference.
    pub(super) fn deliver(&self, generation: u32, ready: Ready, wake: Ready) {
        if self.readiness.deliver(generation, ready) {
            self.wake(wake);
        }
    }

    /// The runtime is gone: everybody is woken, and finds that out.
    pub(super) fn shut_down(&self) {
        self.readiness.shut_down();
        self.wake(Ready::ALL);
    }

    /// Ends this life of the slot. Gives back the wakers that were left in it, which nobody need be woken by: the
    /// caller drops them when it holds no lock.
    #[must_use = "dropping a waker may run anything"]
    pub(super) fn retire(&self) -> impl Sized + use<> {
        self.readiness.retire();
        let mut waiters = self.waiters.lock();
        let pollers = [waiters.reader.take(), waiters.writer.take()];
        // All other futures borrow the registration: these were leaked.
        let leaked: Vec<Waker> = iter::from_fn(|| waiters.take_first(Ready::ALL)).collect();
        (pollers, leaked)
    }

    /// Wakes who waits for any of `ready`.
    pub(super) fn wake(&self, ready: Ready) {
        let mut waiters = self.waiters.lock();
        let mut take = |direction: Direction| {
            let wanted = ready.intersects(direction.interest().mask());
            if wanted {
                waiters.poller(direction).take()
            } else {
                None
            }
        };
        let pollers = [take(Direction::Read), take(Direction::Write)];
        if waiters.list.is_empty() {
            drop(waiters);
        } else {
            self.wake_list(waiters, ready);
        }
        pollers.into_iter().flatten().for_each(wake);
    }

    /// Wakes whoever in the list `ready` satisfies.
    #[cold]
    fn wake_list<'a>(&'a self, mut waiters: MutexGuard<'a, Waiters>, ready: Ready) {
        // Who is woken and waits again goes to the back: no more than there are now are woken, so that this ends.
        let mut left = waiters.list.len();
        loop {
            let mut batch = [const { None }; BATCH];
            let room = left.min(BATCH);
            batch[..room].fill_with(|| waiters.take_first(ready));
            drop(waiters);
            let full = batch[room - 1].is_some();
            batch.into_iter().flatten().for_each(wake);
            left -= room;
            if left == 0 || !full {
                return;
            }
            waiters = self.waiters.lock();
        }
    }

    /// Waits in the one place that `direction` has: the last caller is woken.
    ///
    /// One load if it is ready. Else a clone, the lock, and its release.
    #[inline]
    pub(super) fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<Snapshot> {
        let seen = self.readiness.load();
        if seen.answers(direction.interest()) {
            return Poll::Ready(seen);
        }
        self.park(direction, cx)
    }

    fn park(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<Snapshot> {
        let waker = cx.waker().clone();
        let mut waiters = self.waiters.lock();
        let seen = self.readiness.load();
        if seen.answers(direction.interest()) {
            return Poll::Ready(seen);
        }
        let former = waiters.poller(direction).replace(waker);
        drop(waiters);
        drop(former);
        Poll::Pending
    }

    /// Waits in the list: any number of tasks may.
    pub(super) fn wait_for(&self, interest: Interest) -> Wait<'_> {
        Wait {
            slot: self,
            has_waited: false,
            waiter: Waiter {
                links: list::Links::new(),
                waker: UnsafeCell::new(None),
                interest,
                _pinned: PhantomPinned,
            },
        }
    }

    /// Runs `arm` with all that is waited for now, if anything is, so that no other arming comes in between.
    pub(super) fn with_waited<R>(&self, arm: impl FnOnce(Option<Interest>) -> R) -> R {
        let waiters = self.waiters.lock();
        let reader = waiters.reader.as_ref().map(|_| Interest::READABLE);
        let writer = waiters.writer.as_ref().map(|_| Interest::WRITABLE);
        let listed = waiters.list.iter().map(|waiter| waiter.interest);
        arm(reader
            .into_iter()
            .chain(writer)
            .chain(listed)
            .reduce(Interest::add))
    }
}

/// A future that borrows the descriptor and waits until it is ready for an interest.
#[must_use = "futures do nothing unless awaited"]
pub(super) struct Wait<'a> {
    slot: &'a Slot,
    /// Whether the waiter has ever been in the list: if not, its drop takes no lock.
    has_waited: bool,
    waiter: Waiter,
}

struct Waiter {
    links: list::Links<Waiter>,
    waker: UnsafeCell<Option<Waker>>,
    interest: Interest,
    _pinned: PhantomPinned,
}

// SAFETY: what another thread may touch of it, it touches under the slot's lock (rule 2), and wakers are Send and Sync.
unsafe impl Send for Waiter {}
// SAFETY: the same; a shared reference gives no more than the interest, which never changes.
unsafe impl Sync for Waiter {}

// SAFETY: a waiter doesn't move while it is in the list (rule 1), it is `!Unpin`, and `links` gives its own links.
unsafe impl Linked<list::Links<Waiter>> for Waiter {
    type Handle = NonNull<Waiter>;

    fn into_ptr(waiter: NonNull<Waiter>) -> NonNull<Waiter> {
        waiter
    }

    unsafe fn from_ptr(waiter: NonNull<Waiter>) -> NonNull<Waiter> {
        waiter
    }

    unsafe fn links(waiter: NonNull<Waiter>) -> NonNull<list::Links<Waiter>> {
        // SAFETY: the caller gives a waiter that is alive; no reference to the whole of it is made.
        unsafe { NonNull::new_unchecked(ptr::addr_of_mut!((*waiter.as_ptr()).links)) }
    }
}

impl Future for Wait<'_> {
    type Output = Snapshot;

    /// One load if it is ready. Else a clone, the lock, and its release; polled again by the same task no clone, by another the lock twice.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Snapshot> {
        // SAFETY: nothing is moved out of it (rule 1).
        let this = unsafe { self.get_unchecked_mut() };
        let slot = this.slot;
        let interest = this.waiter.interest;
        let seen = slot.readiness.load();
        if seen.answers(interest) {
            return Poll::Ready(seen);
        }
        if this.has_waited {
            let _locked = slot.waiters.lock();
            let will_wake = |place: *const Option<Waker>| {
                // SAFETY: we hold the lock (rule 2).
                let waker = unsafe { &*place }.as_ref();
                waker.is_some_and(|waker| waker.will_wake(cx.waker()))
            };
            // It is there still, for the event that comes next, or has come since the look.
            if this.waiter.waker.with(will_wake) {
                return Poll::Pending;
            }
        }
        let waker = cx.waker().clone();
        let mut waiters = slot.waiters.lock();
        let seen = slot.readiness.load();
        if seen.answers(interest) {
            return Poll::Ready(seen);
        }
        this.has_waited = true;
        let replace = |place: *mut Option<Waker>| {
            // SAFETY: we hold the lock (rule 2).
            unsafe { (*place).replace(waker) }
        };
        let former = this.waiter.waker.with_mut(replace);
        if former.is_none() {
            // It had none, so it is not in the list (rule 3): in it goes.
            waiters.list.push_back(NonNull::from(&mut this.waiter));
        }
        drop(waiters);
        drop(former);
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if !self.has_waited {
            return;
        }
        let mut waiters = self.slot.waiters.lock();
        let take = |place: *mut Option<Waker>| {
            // SAFETY: we hold the lock (rule 2).
            unsafe { (*place).take() }
        };
        let waker = self.waiter.waker.with_mut(take);
        if waker.is_some() {
            // SAFETY: it is in a list (rule 3), which can only be this slot's.
            unsafe { waiters.list.remove(NonNull::from(&mut self.waiter)) };
        }
        drop(waiters);
        drop(waker);
    }
}
