//! [`Notify`]: tells a task that something happened, without saying what.
//!
//! In come notifications; out go wake-ups, to the futures in the list in the order in which they were first polled.
//! One word says whether there is a permit or somebody waits, and counts the calls of `notify_waiters`; it is changed
//! without the lock as long as nobody waits.
//!
//! ```text
//!          notify (1)             a waiter comes (3), under the lock
//! PERMIT ◀────────────── nothing ─────────────────────────────────────▶ WAITING
//!        ──────────────▶         ◀─────────────────────────────────────
//!        a waiter comes (2)       the last current waiter goes (4), or notify_waiters (5), under the lock
//! ```
//!
//! A waiter is *current* if no `notify_waiters` came since its future was made. WAITING says that the list holds a
//! current one. Those that are not have been notified, by the count alone: all at once, though they are taken out of
//! the list and woken in batches, with the lock given up in between. They are in front of all current ones, since a
//! future that is not current never enters the list. So a broadcast takes from the front what was there when it began
//! and cannot run after waiters that come back, and a `notify_one` that finds some still in front finishes that
//! broadcast first, and never spends itself on one of them.
#![forbid(unsafe_code)]

use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::trace::Waiting;
use crate::wait_list::{Locked, WaitList, Waiter, WakeList};
use crate::waking::wake;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A permit is stored: the next to wait goes on at once. Never together with [`WAITING`].
const PERMIT: usize = 1 << 0;

/// The list holds a current waiter. Set and cleared under the lock.
const WAITING: usize = 1 << 1;

/// One call of `notify_waiters`. The count is all bits from here on, and wraps.
const CALL: usize = 1 << 2;

/// The count of a state.
const fn calls(state: usize) -> usize {
    state & !(CALL - 1)
}

/// Tells tasks that something happened.
///
/// A task waits in [`notified().await`](Self::notified). [`notify_one`](Self::notify_one) wakes the one that has
/// waited longest; if nobody waits, it stores a *permit*, with which the next to wait goes on at once. There is at
/// most one permit, however often it is called. [`notify_waiters`](Self::notify_waiters) wakes all that wait, and
/// stores nothing.
///
/// It carries no data: the tasks look at what they share. What was done before a notification is seen by the task
/// which it wakes.
///
/// asyncio has no such thing; its `Event` stays set, and its `Condition` needs a lock.
///
/// # Examples
///
/// A queue with one consumer. No item can be missed: whoever finds the queue empty finds the permit of the push that
/// came in between.
///
/// ```
/// use heist_sync::Notify;
/// use std::collections::VecDeque;
/// use std::sync::Mutex;
///
/// #[derive(Default)]
/// struct Queue<T> {
///     items: Mutex<VecDeque<T>>,
///     pushed: Notify,
/// }
///
/// impl<T> Queue<T> {
///     fn push(&self, item: T) {
///         self.items.lock().unwrap().push_back(item);
///         self.pushed.notify_one();
///     }
///
///     async fn pop(&self) -> T {
///         loop {
///             if let Some(item) = self.items.lock().unwrap().pop_front() {
///                 return item;
///             }
///             self.pushed.notified().await;
///         }
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// let queue = Queue::default();
/// let pop = queue.pop();
/// queue.push("item");
/// assert_eq!(pop.await, "item");
/// # });
/// ```
///
/// With several consumers one permit may stand for two pushes; [`Notified::enable`] shows what to do then.
pub struct Notify {
    state: AtomicUsize,
    waiters: WaitList<Entry>,
}

/// What a waiter's place in the list says.
pub(crate) struct Entry {
    /// How often `notify_waiters` had been called when its future was made.
    calls: usize,
    outcome: Outcome,
}

impl Entry {
    /// Of one who waits for the count to be another.
    pub(crate) fn after(count: usize) -> Self {
        Self {
            calls: count.wrapping_mul(CALL),
            outcome: Outcome::Open,
        }
    }

    /// Whether a `notify_waiters` that made the count `calls` is for this one.
    fn came_before(&self, calls: usize) -> bool {
        // The count wraps, so it is the distance that counts.
        self.calls.wrapping_sub(calls).cast_signed() < 0
    }
}

/// The wake-ups of a broadcast, which are due. It holds the list's lock.
#[must_use = "those that wait are notified, and not woken until `wake` or `wake_rest`"]
pub(crate) struct Broadcast<'a> {
    notify: &'a Notify,
    waiters: Locked<'a, Entry>,
    calls: usize,
}

impl Broadcast<'_> {
    /// Calls the wakers, with no lock held; the first panic of theirs goes on once all are called.
    pub(crate) fn wake(self) {
        let Self {
            notify,
            waiters,
            calls,
        } = self;
        let mut wakers = WakeList::new();
        notify.wake_notified(waiters, calls, &mut wakers);
        wakers.finish();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nobody has notified it.
    Open,
    /// It was given the one notification of a call, and must pass it on if it is dropped before it was ready.
    One(Order),
    /// It was ready, or all were notified.
    Done,
}

/// Which of the waiters a notification is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    First,
    Last,
}

impl Notify {
    /// Without a permit, and without waiters.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Notify;
    ///
    /// static SHUTDOWN: Notify = Notify::new();
    /// SHUTDOWN.notify_waiters();
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until somebody waits or notifies"]
    pub const fn new() -> Self {
        Self {
            state: AtomicUsize::new(0),
            waiters: WaitList::new(),
        }
    }

    /// Without a permit, and without waiters; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until somebody waits or notifies"]
    pub fn new() -> Self {
        Self {
            state: AtomicUsize::new(0),
            waiters: WaitList::new(),
        }
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Notify;
    ///
    /// static SHUTDOWN: Notify = Notify::const_new();
    /// SHUTDOWN.notify_one();
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until somebody waits or notifies"]
    pub const fn const_new() -> Self {
        Self::new()
    }

    /// Waits for a notification, or takes the permit if there is one.
    ///
    /// From the moment it is made the future gets what [`notify_waiters`](Self::notify_waiters) sends, polled or not; what
    /// was done before an earlier call is seen by then. So whoever makes it, looks, and only then awaits it misses none.
    /// What [`notify_one`](Self::notify_one) sends it gets from its first poll on, or from [`Notified::enable`] on;
    /// before, a permit is stored.
    ///
    /// The futures get their notifications in the order of their first polls.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order. A notification by `notify_one` that it has got and not told
    /// goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Notify;
    ///
    /// # futures_lite::future::block_on(async {
    /// let notify = Notify::new();
    /// notify.notify_one();
    /// notify.notified().await;
    /// # });
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    #[inline]
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            notify: self,
            waiting: Waiting::new("Notify", "Sync", "Notify::notified"),
            waiter: Waiter::new(Entry {
                // Acquire: a call that is counted already will not end the wait. What was done before it is seen by the
                // caller, who looks before he waits.
                calls: calls(self.state.load(Acquire)),
                outcome: Outcome::Open,
            }),
        }
    }

    /// Wakes the task that has waited longest; if none waits, stores a permit, if there is none.
    ///
    /// Without waiters it is one locked operation, and takes no lock.
    ///
    /// # Panics
    ///
    /// If the waker that it calls does, unless the thread panics already. The notification has arrived by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::Notify;
    ///
    /// # future::block_on(async {
    /// let notify = Notify::new();
    /// future::zip(notify.notified(), async { notify.notify_one() }).await;
    /// # });
    /// ```
    #[inline]
    pub fn notify_one(&self) {
        self.notify(Order::First);
    }

    /// Wakes the task that began to wait last; if none waits, stores a permit, if there is none.
    ///
    /// For workers of which the one that ran last has the warmest caches.
    ///
    /// # Panics
    ///
    /// If the waker that it calls does, unless the thread panics already. The notification has arrived by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::Notify;
    /// use std::pin::pin;
    ///
    /// # future::block_on(async {
    /// let notify = Notify::new();
    /// let mut first = pin!(notify.notified());
    /// let mut last = pin!(notify.notified());
    /// first.as_mut().enable();
    /// last.as_mut().enable();
    /// notify.notify_last();
    /// last.await;
    /// assert!(future::poll_once(first).await.is_none());
    /// # });
    /// ```
    #[inline]
    pub fn notify_last(&self) {
        self.notify(Order::Last);
    }

    /// Wakes all tasks that wait, and no permit is stored: those that come later wait for the next notification. A
    /// permit that is there stays.
    ///
    /// A task waits from the moment it has called [`notified`](Self::notified). All are notified at the same time,
    /// though wakers are called in batches; if one of them panics, the others are called all the same, and the first
    /// panic goes on to the caller.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. All are notified by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Notify;
    ///
    /// # futures_lite::future::block_on(async {
    /// let notify = Notify::new();
    /// let (one, two) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// one.await;
    /// two.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        if let Some(broadcast) = self.advance(1) {
            broadcast.wake();
        }
    }

    /// What is counted: each call of `notify_waiters`, and the steps of [`advance`](Self::advance). It wraps.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        // Acquire: what was done before what is counted is seen.
        calls(self.state.load(Acquire)) / CALL
    }

    /// The first part of [`notify_waiters`](Self::notify_waiters), which is counted as `steps` of them: all are notified
    /// by it, and none is woken. It calls no foreign code, so a lock may be held, and released before the wake-ups.
    #[inline]
    pub(crate) fn advance(&self, steps: usize) -> Option<Broadcast<'_>> {
        let mut state = self.state.load(Relaxed);
        while state & WAITING == 0 {
            // Release: what the caller did before is seen by the future that finds itself notified by the count.
            match self.state.compare_exchange_weak(
                state,
                state.wrapping_add(steps * CALL),
                Release,
                Relaxed,
            ) {
                Ok(_) => return None,
                Err(actual) => state = actual,
            }
        }
        self.advance_waiting(steps)
    }

    /// The part of [`advance`](Self::advance) for a list in which somebody waits.
    fn advance_waiting(&self, steps: usize) -> Option<Broadcast<'_>> {
        let waiters = self.waiters.lock();
        // Acquire: see `store_locked`.
        let state = self.state.load(Acquire);
        if state & WAITING == 0 {
            // The last current waiter has gone in the meantime.
            drop(waiters);
            return self.advance(steps);
        }
        // Transition 5.
        let next = (state & !WAITING).wrapping_add(steps * CALL);
        self.store_locked(next);
        Some(Broadcast {
            notify: self,
            waiters,
            calls: calls(next),
        })
    }

    #[inline]
    fn notify(&self, order: Order) {
        let mut state = self.state.load(Relaxed);
        while state & WAITING == 0 {
            // Transition 1, also where a permit is there already: the waiter that takes it must see what this caller
            // did before (Release).
            match self
                .state
                .compare_exchange_weak(state, state | PERMIT, Release, Relaxed)
            {
                Ok(_) => return,
                Err(actual) => state = actual,
            }
        }
        self.notify_waiting(order);
    }

    /// The part of [`notify`](Self::notify) for a list in which somebody waits.
    fn notify_waiting(&self, order: Order) {
        let mut waiters = self.waiters.lock();
        // Acquire: see `store_locked`.
        let state = self.state.load(Acquire);
        let entry = match order {
            Order::First => waiters.front_mut(),
            Order::Last => waiters.back_mut(),
        };
        let Some(entry) = entry.filter(|_| state & WAITING != 0) else {
            // The last current waiter has gone in the meantime.
            drop(waiters);
            return self.notify(order);
        };
        if entry.calls != calls(state) {
            // Others were notified before: they first, then again. A panic of theirs must not cost the notification.
            let mut wakers = WakeList::new();
            self.wake_notified(waiters, calls(state), &mut wakers);
            self.notify(order);
            return wakers.finish();
        }
        entry.outcome = Outcome::One(order);
        let waker = match order {
            Order::First => waiters.pop_front(),
            Order::Last => waiters.pop_back(),
        };
        self.clear_waiting(&mut waiters, state);
        drop(waiters);
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// Makes the wake-ups of [`Broadcast`]s that were dropped without. A panic of theirs is left in `wakers`, for whoever has
    /// several to finish.
    pub(crate) fn wake_rest(&self, wakers: &mut WakeList) {
        let waiters = self.waiters.lock();
        // Read under the lock: who is in front of the current ones has been notified by it.
        let calls = calls(self.state.load(Relaxed));
        self.wake_notified(waiters, calls, wakers);
    }

    /// Takes out and wakes those that a `notify_waiters`, which made the count `calls`, was for. Panics of their
    /// wakers are left in `wakers`.
    fn wake_notified<'a>(
        &'a self,
        mut waiters: Locked<'a, Entry>,
        calls: usize,
        wakers: &mut WakeList,
    ) {
        loop {
            while !wakers.is_full()
                && let Some(entry) = waiters.front_mut()
                && entry.came_before(calls)
            {
                entry.outcome = Outcome::Done;
                if let Some(waker) = waiters.pop_front() {
                    wakers.push(waker);
                }
            }
            let full = wakers.is_full();
            drop(waiters);
            wakers.wake_all();
            if !full {
                return;
            }
            waiters = self.waiters.lock();
        }
    }

    /// Transition 4, if it is due. `state` is the present one, read under the lock.
    fn clear_waiting(&self, waiters: &mut Locked<'_, Entry>, state: usize) {
        // The last of the list is current if any is.
        let current = waiters
            .back_mut()
            .is_some_and(|entry| entry.calls == calls(state));
        if state & WAITING != 0 && !current {
            self.store_locked(state & !WAITING);
        }
    }

    /// Takes WAITING back. While it is set the word is changed under the lock only, so a store will do.
    ///
    /// It ends the release sequences of the calls which the count says came before. Release, with the Acquire by
    /// which the former state was read, hands on what they had to hand on.
    fn store_locked(&self, state: usize) {
        self.state.store(state, Release);
    }

    /// A poll of whoever waits, with the waker that is to end the wait, if there is one.
    #[inline]
    pub(crate) fn poll_waiter(
        &self,
        mut waiter: Pin<&mut Waiter<Entry>>,
        waker: Option<&Waker>,
    ) -> Poll<()> {
        match waiter.as_mut().as_free() {
            None => self.poll_queued(waiter, waker),
            Some(&mut Entry {
                calls,
                outcome: Outcome::Open,
            }) => self.poll_first(waiter, calls, waker),
            Some(_) => done(waiter),
        }
    }

    /// The first poll of a waiter: it is free, and its outcome open.
    #[inline]
    fn poll_first(
        &self,
        waiter: Pin<&mut Waiter<Entry>>,
        made: usize,
        waker: Option<&Waker>,
    ) -> Poll<()> {
        // Acquire: what was done before the notification is seen.
        let state = self.state.load(Acquire);
        if calls(state) != made || self.take_permit(state) {
            return done(waiter);
        }
        self.begin_waiting(waiter, made, waker)
    }

    /// The part of [`poll_first`](Self::poll_first) for a waiter that was not notified just now.
    fn begin_waiting(
        &self,
        mut waiter: Pin<&mut Waiter<Entry>>,
        made: usize,
        waker: Option<&Waker>,
    ) -> Poll<()> {
        // Foreign code, so before the lock.
        let waker = waker.unwrap_or(Waker::noop()).clone();
        let mut waiters = self.waiters.lock();
        // Acquire, here and below: as above.
        let mut state = self.state.load(Acquire);
        loop {
            if calls(state) != made || self.take_permit(state) {
                drop(waiters);
                return done(waiter);
            }
            if state & WAITING != 0 {
                break;
            }
            // Transition 3. Acquire: see `store_locked`. Nothing is handed on by it; the lock does that.
            match self.state.compare_exchange_weak(
                state & !PERMIT,
                state & !PERMIT | WAITING,
                Acquire,
                Acquire,
            ) {
                Ok(_) => break,
                Err(actual) => state = actual,
            }
        }
        waiters.push_back(waiter.as_mut(), waker);
        Poll::Pending
    }

    /// Transition 2: takes the permit, if `state` has one and is still the present one.
    #[inline]
    fn take_permit(&self, state: usize) -> bool {
        // Acquire: what was done before the notification is seen.
        state & PERMIT != 0
            && self
                .state
                .compare_exchange(state, state & !PERMIT, Acquire, Relaxed)
                .is_ok()
    }

    /// A later poll of a waiter that was queued, a moment ago.
    fn poll_queued(&self, mut waiter: Pin<&mut Waiter<Entry>>, waker: Option<&Waker>) -> Poll<()> {
        let mut fresh = None;
        loop {
            let mut waiters = self.waiters.lock();
            // Acquire: what was done before the notification is seen.
            let state = self.state.load(Acquire);
            let Some((entry, registered)) = waiters.as_queued(waiter.as_mut()) else {
                drop(waiters);
                return done(waiter);
            };
            if entry.calls != calls(state) {
                // Notified by the count, and somebody is on the way to take it out.
                let registered = waiters.remove(waiter.as_mut());
                drop(waiters);
                drop(registered);
                return done(waiter);
            }
            match waker {
                Some(waker) if !registered.will_wake(waker) => match fresh.take() {
                    Some(fresh) => {
                        let former = std::mem::replace(registered, fresh);
                        drop(waiters);
                        drop(former);
                        return Poll::Pending;
                    }
                    // Foreign code, so not under the lock.
                    None => {
                        drop(waiters);
                        fresh = Some(waker.clone());
                    }
                },
                _ => return Poll::Pending,
            }
        }
    }

    /// Takes the waiter out of the list, or passes on what it was given.
    #[inline]
    pub(crate) fn drop_waiter(&self, mut waiter: Pin<&mut Waiter<Entry>>) {
        if waiter.as_mut().as_free().is_none() {
            self.remove(waiter.as_mut());
        }
        if let Some(&mut Entry {
            outcome: Outcome::One(order),
            ..
        }) = waiter.as_free()
        {
            self.notify(order);
        }
    }

    /// Takes a waiter out of the list that was queued a moment ago.
    fn remove(&self, waiter: Pin<&mut Waiter<Entry>>) {
        let mut waiters = self.waiters.lock();
        let waker = waiters.remove(waiter);
        if waker.is_some() {
            // Acquire: see `store_locked`.
            let state = self.state.load(Acquire);
            self.clear_waiting(&mut waiters, state);
        }
        drop(waiters);
        drop(waker);
    }
}

/// Tells a free waiter's future that it is ready.
#[inline]
fn done(waiter: Pin<&mut Waiter<Entry>>) -> Poll<()> {
    if let Some(entry) = waiter.as_free() {
        entry.outcome = Outcome::Done;
    }
    Poll::Ready(())
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load(Relaxed);
        f.debug_struct("Notify")
            .field("has_permit", &(state & PERMIT != 0))
            .field("has_waiters", &(state & WAITING != 0))
            .finish_non_exhaustive()
    }
}

// A panic leaves it as it was: no foreign code runs under its lock.
impl UnwindSafe for Notify {}
impl RefUnwindSafe for Notify {}

pin_project! {
    /// The future of [`Notify::notified`].
    ///
    /// Once it was ready it stays so: polled again, it is ready at once. It spends nothing of the [cooperative
    /// budget](crate::coop), as in tokio.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Notify;
    /// use heist_sync::futures::Notified;
    /// use std::pin::{Pin, pin};
    ///
    /// # futures_lite::future::block_on(async {
    /// let notify = Notify::new();
    /// let mut notified: Pin<&mut Notified<'_>> = pin!(notify.notified());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// notified.await;
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct Notified<'a> {
        notify: &'a Notify,
        waiting: Waiting,
        #[pin]
        waiter: Waiter<Entry>,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.notify.drop_waiter(this.waiter);
        }
    }
}

impl Notified<'_> {
    /// Begins to wait, as a first poll does, without a task to wake. Says whether the future is ready; then it stays so.
    ///
    /// From here on the future gets what [`notify_one`](Notify::notify_one) sends; what
    /// [`notify_waiters`](Notify::notify_waiters) sends it gets since it was made.
    ///
    /// # Examples
    ///
    /// A queue with several consumers. Two of them may find it empty, and two pushes follow, before either waits;
    /// these would store one permit, and one consumer would sleep on. So each begins to wait before it looks.
    ///
    /// ```
    /// use heist_sync::Notify;
    /// use std::collections::VecDeque;
    /// use std::pin::pin;
    /// use std::sync::Mutex;
    ///
    /// #[derive(Default)]
    /// struct Queue<T> {
    ///     items: Mutex<VecDeque<T>>,
    ///     pushed: Notify,
    /// }
    ///
    /// impl<T> Queue<T> {
    ///     fn push(&self, item: T) {
    ///         self.items.lock().unwrap().push_back(item);
    ///         self.pushed.notify_one();
    ///     }
    ///
    ///     async fn pop(&self) -> T {
    ///         let mut pushed = pin!(self.pushed.notified());
    ///         loop {
    ///             pushed.as_mut().enable();
    ///             if let Some(item) = self.items.lock().unwrap().pop_front() {
    ///                 return item;
    ///             }
    ///             pushed.as_mut().await;
    ///             // Another may have been faster: wait anew.
    ///             pushed.set(self.pushed.notified());
    ///         }
    ///     }
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let queue = Queue::default();
    /// queue.push(1);
    /// queue.push(2);
    /// assert_eq!((queue.pop().await, queue.pop().await), (1, 2));
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.poll_notified(None).is_ready()
    }

    #[inline]
    fn poll_notified(self: Pin<&mut Self>, waker: Option<&Waker>) -> Poll<()> {
        let this = self.project();
        let poll = || this.notify.poll_waiter(this.waiter, waker);
        this.waiting.poll("poll_notified", poll)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_notified(Some(cx.waker()))
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified")
            .field("notify", self.notify)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
