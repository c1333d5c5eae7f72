//! [`Permits`]: the one semaphore on which the locks, the bounded channels and [`Semaphore`](super::Semaphore) stand.
//!
//! In come permits, from those that release them; out they go, to those that acquire, in the order in which they
//! began to wait. One word counts what nobody holds. It is changed without the lock as long as nobody waits.
//!
//! ```text
//!           a waiter takes what is there, and enters the list (1)
//!   n permits ───────────────────────────────────────▶ WAITING, no permits
//!             ◀───────────────────────────────────────
//!           the last waiter has all it needs (2), or gives up (3)
//!
//!   CLOSED is set once, by which WAITING is cleared (4): nobody enters the list any more, and it is emptied.
//! ```
//!
//! # The rules
//!
//! 1. WAITING says that the list is not empty, and there are no permits then: the first waiter has taken what there was.
//!    So whoever finds a permit in the word overtakes nobody.
//! 2. WAITING is set, cleared, and while it is set the word is changed, under the lock only.
//! 3. CLOSED is set under the lock, and never with WAITING. Nobody enters the list after that; who is still in it is about
//!    to be taken out.
//! 4. A waiter's value is what it still needs. One that is free and needs nothing has acquired; one that is free and
//!    needs more was closed. It gives back what it had in part.
#![forbid(unsafe_code)]

use super::error::{AcquireError, TryAcquireError};
use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire as AcquireOrder, Relaxed, Release};
use crate::trace::Waiting;
use crate::wait_list::{Locked, WaitList, Waiter, WakeList};
use crate::waking;
use pin_project_lite::pin_project;
use std::future::Future;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The list holds a waiter, and there are no permits.
const WAITING: usize = 1 << 0;

/// No permit is given out any more. Never together with [`WAITING`].
const CLOSED: usize = 1 << 1;

/// The count is all bits from here on.
const SHIFT: u32 = 2;

/// What a lock says of its permits.
pub(crate) const NEVER_CLOSED: &str = "a lock's permits are never closed";

pub(super) const TOO_MANY: &str = "a semaphore may not have more than `MAX_PERMITS` permits";

/// A count of permits, and those that wait for some.
pub(crate) struct Permits {
    state: AtomicUsize,
    /// Each with the number of permits that it still needs.
    waiters: WaitList<usize>,
}

impl Permits {
    /// How many there may be. It is tokio's number; a bit more fits into the word, so that an overflow is seen.
    pub(crate) const MAX: usize = usize::MAX >> 3;

    /// This many permits, at most [`MAX`](Self::MAX).
    #[cfg(not(heist_loom))]
    pub(crate) const fn new(count: usize) -> Self {
        Self {
            state: AtomicUsize::new(count << SHIFT),
            waiters: WaitList::new(),
        }
    }

    /// This many permits; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    pub(crate) fn new(count: usize) -> Self {
        Self {
            state: AtomicUsize::new(count << SHIFT),
            waiters: WaitList::new(),
        }
    }

    /// How many nobody holds, nor waits for.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        self.state.load(AcquireOrder) >> SHIFT
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(AcquireOrder) & CLOSED != 0
    }

    /// Takes `count` permits, at most [`MAX`](Self::MAX), if they are there and nobody waits. One locked operation.
    #[inline]
    pub(crate) fn try_acquire(&self, count: usize) -> Result<(), TryAcquireError> {
        // Acquire, also where it fails: what was done before the permits were released, or the closing, is seen.
        let mut state = self.state.load(AcquireOrder);
        loop {
            if state & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if state >> SHIFT < count {
                return Err(TryAcquireError::NoPermits);
            }
            match self.state.compare_exchange_weak(
                state,
                state - (count << SHIFT),
                AcquireOrder,
                AcquireOrder,
            ) {
                Ok(_) => return Ok(()),
                Err(actual) => state = actual,
            }
        }
    }

    /// A future of `count` permits, at most [`MAX`](Self::MAX). They are its caller's once it was ready, to release.
    #[inline]
    pub(crate) fn acquire(&self, count: usize, waiting: Waiting) -> Acquire<'_> {
        Acquire {
            permits: self,
            count,
            waiting,
            waiter: None,
        }
    }

    /// Gives `count` permits to those that wait, in their order, and to the word what is left. One locked operation and
    /// no lock if nobody waits.
    ///
    /// Panics if there would be more than [`MAX`](Self::MAX), and as the wakers do that it calls, once all is given.
    #[inline]
    #[track_caller]
    pub(crate) fn release(&self, count: usize) {
        if !self.add(count) {
            self.release_to_waiters(count);
        }
    }

    /// As [`release`](Self::release), for who holds what a panic would lose: those of wakers go no further.
    #[inline]
    #[track_caller]
    pub(crate) fn release_quietly(&self, count: usize) {
        if !self.add(count)
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.release_to_waiters(count)))
        {
            waking::discard(panic);
        }
    }

    /// The part of [`release`](Self::release) that wakes nobody: `false` if somebody waits, and then nothing was done.
    #[inline]
    #[track_caller]
    pub(crate) fn add(&self, count: usize) -> bool {
        let mut state = self.state.load(Relaxed);
        while state & WAITING == 0 {
            assert!(count <= Self::MAX - (state >> SHIFT), "{TOO_MANY}");
            // Release: what was done with the permits is seen by those that acquire them.
            match self.state.compare_exchange_weak(
                state,
                state + (count << SHIFT),
                Release,
                Relaxed,
            ) {
                Ok(_) => return true,
                Err(actual) => state = actual,
            }
        }
        false
    }

    /// The part of [`release`](Self::release) for a list in which somebody waits.
    #[cold]
    #[track_caller]
    fn release_to_waiters(&self, mut count: usize) {
        assert!(count <= Self::MAX, "{TOO_MANY}");
        let mut wakers = WakeList::new();
        loop {
            let mut waiters = self.waiters.lock();
            // Acquire: see `clear_waiting`.
            if self.state.load(AcquireOrder) & WAITING == 0 {
                // The last has gone in the meantime.
                drop(waiters);
                if self.add(count) {
                    return wakers.finish();
                }
                continue;
            }
            while count > 0
                && !wakers.is_full()
                && let Some(needed) = waiters.front_mut()
            {
                let given = count.min(*needed);
                count -= given;
                *needed -= given;
                if *needed == 0
                    && let Some(waker) = waiters.pop_front()
                {
                    wakers.push(waker);
                }
            }
            if waiters.front_mut().is_none() {
                // Transition 2.
                self.clear_waiting(count);
                count = 0;
            }
            drop(waiters);
            if count == 0 {
                return wakers.finish();
            }
            wakers.wake_all();
        }
    }

    /// Transitions 2 and 3: the list, which is locked, is empty, and the permits that are left go to the word.
    #[track_caller]
    fn clear_waiting(&self, count: usize) {
        // A store will do (rule 2). It ends the release sequences of those that released before. Release, with the
        // Acquire by which the former state was read, hands on what they had to hand on, and what was done with these.
        self.state.store(count << SHIFT, Release);
    }

    /// Takes up to `count` permits out of the word, for ever, and says how many there were.
    pub(crate) fn forget(&self, count: usize) -> usize {
        // Acquire: as if they were acquired.
        let mut state = self.state.load(AcquireOrder);
        loop {
            let forgotten = count.min(state >> SHIFT);
            match self.state.compare_exchange_weak(
                state,
                state - (forgotten << SHIFT),
                AcquireOrder,
                AcquireOrder,
            ) {
                Ok(_) => return forgotten,
                Err(actual) => state = actual,
            }
        }
    }

    /// As [`close`](Self::close), for who holds what a panic would lose: those of wakers go no further.
    pub(crate) fn close_quietly(&self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.close())) {
            waking::discard(panic);
        }
    }

    /// Gives nothing out any more, and tells all that wait.
    ///
    /// Panics as the wakers do that it calls, once all are told.
    pub(crate) fn close(&self) {
        let mut waiters = self.waiters.lock();
        // Transition 4. AcqRel: what was done before it is seen by those that find it closed; and see `clear_waiting`.
        let mut state = self.state.load(Relaxed);
        while let Err(actual) =
            self.state
                .compare_exchange_weak(state, state & !WAITING | CLOSED, AcqRel, Relaxed)
        {
            state = actual;
        }
        let mut wakers = WakeList::new();
        loop {
            while !wakers.is_full()
                && let Some(waker) = waiters.pop_front()
            {
                wakers.push(waker);
            }
            let full = wakers.is_full();
            drop(waiters);
            wakers.wake_all();
            if !full {
                return wakers.finish();
            }
            waiters = self.waiters.lock();
        }
    }

    /// The first poll of a future for which there are not enough permits: it takes those that there are, and waits.
    #[cold]
    fn wait(
        &self,
        count: usize,
        mut slot: Pin<&mut Option<Waiter<usize>>>,
        waker: &Waker,
    ) -> Poll<Result<(), AcquireError>> {
        // Foreign code, so before the lock.
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        // Acquire, here and below: as in `try_acquire`.
        let mut state = self.state.load(AcquireOrder);
        let needed = loop {
            if state & WAITING != 0 {
                break count;
            }
            if state & CLOSED != 0 {
                drop(waiters);
                return Poll::Ready(Err(AcquireError::new()));
            }
            let there = state >> SHIFT;
            let next = match there < count {
                // Transition 1.
                true => WAITING,
                false => state - (count << SHIFT),
            };
            match self
                .state
                .compare_exchange_weak(state, next, AcquireOrder, AcquireOrder)
            {
                Ok(_) if there < count => break count - there,
                Ok(_) => {
                    // Whatever comes of the waker's drop, the future has its permits.
                    slot.set(Some(Waiter::new(0)));
                    drop(waiters);
                    return Poll::Ready(Ok(()));
                }
                Err(actual) => state = actual,
            }
        };
        slot.set(Some(Waiter::new(needed)));
        if let Some(waiter) = slot.as_pin_mut() {
            waiters.push_back(waiter, waker);
        }
        Poll::Pending
    }

    /// A later poll of a future that waits, or did.
    fn poll_waiter(
        &self,
        mut waiter: Pin<&mut Waiter<usize>>,
        waker: &Waker,
    ) -> Poll<Result<(), AcquireError>> {
        if waiter.as_mut().as_free().is_none() && self.waiters.register(waiter.as_mut(), waker) {
            return Poll::Pending;
        }
        // Rule 4.
        Poll::Ready(match waiter.as_free() {
            Some(&mut 0) => Ok(()),
            _ => Err(AcquireError::new()),
        })
    }

    /// A future that waits, or did, goes without its permits: others get what it was given.
    #[cold]
    fn give_up(&self, count: usize, mut waiter: Pin<&mut Waiter<usize>>) {
        let mut waker = None;
        if waiter.as_mut().as_free().is_none() {
            let mut waiters = self.waiters.lock();
            waker = waiters.remove(waiter.as_mut());
            self.leave(&mut waiters);
        }
        if let Some(&mut needed) = waiter.as_free()
            && needed < count
        {
            self.release(count - needed);
        }
        // Last: it is foreign code, and may panic.
        drop(waker);
    }

    /// Transition 3, if it is due.
    fn leave(&self, waiters: &mut Locked<'_, usize>) {
        // Acquire: see `clear_waiting`.
        if self.state.load(AcquireOrder) & WAITING != 0 && waiters.front_mut().is_none() {
            self.clear_waiting(0);
        }
    }
}

// A panic leaves it as it was: no foreign code runs under its lock.
impl UnwindSafe for Permits {}
impl RefUnwindSafe for Permits {}

pin_project! {
    /// The future of [`Permits::acquire`]. Dropped, it gives back what it was given.
    ///
    /// It spends a unit of the budget when it is ready, and is not to be polled after that.
    #[must_use = "futures do nothing unless awaited"]
    pub(crate) struct Acquire<'a> {
        permits: &'a Permits,
        count: usize,
        waiting: Waiting,
        // Once it waits. Until then nothing of it is written.
        #[pin]
        waiter: Option<Waiter<usize>>,
    }

    impl PinnedDrop for Acquire<'_> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(waiter) = this.waiter.as_pin_mut() {
                this.permits.give_up(*this.count, waiter);
            }
        }
    }
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(coop::poll_proceed(cx));
        let mut this = self.project();
        let (permits, count) = (*this.permits, *this.count);
        let poll = || match this.waiter.as_mut().as_pin_mut() {
            None => match permits.try_acquire(count) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(_) => permits.wait(count, this.waiter.as_mut(), cx.waker()),
            },
            Some(waiter) => permits.poll_waiter(waiter, cx.waker()),
        };
        let outcome = ready!(this.waiting.poll("poll_acquire", poll));
        if outcome.is_ok() && this.waiter.is_some() {
            // They are the caller's.
            this.waiter.set(None);
        }
        coop.made_progress();
        Poll::Ready(outcome)
    }
}
