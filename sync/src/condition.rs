//! [`Condition`]: waits, without the lock, until what a lock guards has changed.
//!
//! In comes a guard, whose task enters the list before it unlocks; out goes another, once the task was notified and has the
//! lock again. Notifications take waiters from the front of the list.
#![forbid(unsafe_code)]

use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::Relaxed;
use crate::mutex::MutexGuard;
use crate::wait_list::{WaitList, Waiter, WakeList};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Lets tasks wait until what a [`Mutex`](crate::Mutex) guards is as they need it.
///
/// A task that has the lock and doesn't find what it needs [waits](Self::wait): that unlocks, and locks again before it
/// returns. Who changes the data notifies, one, some or all. No notification is lost in between, since who waits does so
/// from before he unlocks. A notification for which nobody waits is forgotten.
///
/// All who wait for one condition do so with the same lock. Notifications may be sent with or without it; who changed the
/// data under it loses none.
///
/// asyncio's `Condition`. tokio has none.
///
/// # Examples
///
/// ```
/// use futures_lite::future;
/// use heist_sync::{Condition, Mutex};
///
/// # future::block_on(async {
/// let (items, pushed) = (Mutex::new(Vec::new()), Condition::new());
/// let pop = async {
///     let mut items = pushed.wait_for(items.lock().await, |items| !items.is_empty()).await;
///     items.pop()
/// };
/// let push = async {
///     items.lock().await.push("item");
///     pushed.notify_one();
/// };
/// assert_eq!(future::zip(pop, push).await.0, Some("item"));
/// # });
/// ```
pub struct Condition {
    waiters: WaitList<Entry>,
    /// How many are in the list. Changed under its lock.
    waiting: AtomicUsize,
    /// How many have ever come, which wraps. Changed under the list's lock.
    tickets: AtomicUsize,
}

/// What a waiter's place in the list says.
struct Entry {
    /// How many came before it.
    ticket: usize,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nobody has notified it, or it has told.
    Open,
    /// It was notified in place of others, to whom that goes if it is dropped before it has told.
    One,
    /// All were notified.
    All,
}

impl Condition {
    /// One for which nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Condition;
    ///
    /// static CHANGED: Condition = Condition::new();
    /// CHANGED.notify_all();
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until somebody waits"]
    pub const fn new() -> Self {
        Self {
            waiters: WaitList::new(),
            waiting: AtomicUsize::new(0),
            tickets: AtomicUsize::new(0),
        }
    }

    /// One for which nobody waits; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until somebody waits"]
    pub fn new() -> Self {
        Self {
            waiters: WaitList::new(),
            waiting: AtomicUsize::new(0),
            tickets: AtomicUsize::new(0),
        }
    }

    /// Unlocks, waits for a notification, and locks again.
    ///
    /// It has unlocked, and waits, from its first poll on. Others may have been faster to lock, and have changed the data
    /// again: look whether it is as it should be, or leave that to [`wait_for`](Self::wait_for).
    ///
    /// asyncio's `Condition.wait`.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it no longer has the lock, whether it was polled or not; asyncio's would lock again first. A notification
    /// that it has got, by [`notify_one`](Self::notify_one) or [`notify`](Self::notify), and not told, goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::{Condition, Mutex};
    ///
    /// # future::block_on(async {
    /// let (number, changed) = (Mutex::new(1), Condition::new());
    /// let wait = async {
    ///     let number = changed.wait(number.lock().await).await;
    ///     assert_eq!(*number, 2);
    /// };
    /// let change = async {
    ///     *number.lock().await = 2;
    ///     changed.notify_one();
    /// };
    /// future::zip(wait, change).await;
    /// # });
    /// ```
    pub async fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let mutex = MutexGuard::mutex(&guard);
        let mut guard = Some(guard);
        let mut notified = pin!(Notified {
            condition: self,
            waiter: Waiter::new(Entry {
                ticket: 0,
                outcome: Outcome::Open,
            }),
        });
        poll_fn(|cx| {
            let poll = notified.as_mut().poll(cx);
            // It waits from now on, so it may be notified.
            guard = None;
            poll
        })
        .await;
        let guard = mutex.lock().await;
        notified.tell();
        guard
    }

    /// [Waits](Self::wait) until the predicate holds of what the lock guards; at once if it does already.
    ///
    /// The predicate runs while the lock is held.
    ///
    /// asyncio's `Condition.wait_for`.
    ///
    /// # Cancel safety
    ///
    /// That of [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::{Condition, Mutex};
    ///
    /// # future::block_on(async {
    /// let (number, changed) = (Mutex::new(0), Condition::new());
    /// let wait = async { *changed.wait_for(number.lock().await, |&mut number| number > 2).await };
    /// let count = async {
    ///     for _ in 0..5 {
    ///         *number.lock().await += 1;
    ///         changed.notify_all();
    ///         future::yield_now().await;
    ///     }
    /// };
    /// assert!(future::zip(wait, count).await.0 > 2);
    /// # });
    /// ```
    pub async fn wait_for<'a, T: ?Sized, P>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut predicate: P,
    ) -> MutexGuard<'a, T>
    where
        P: FnMut(&mut T) -> bool,
    {
        while !predicate(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// Wakes the task that has waited longest, if one waits.
    ///
    /// asyncio's `Condition.notify`.
    ///
    /// # Panics
    ///
    /// If the waker that it calls does, unless the thread panics already. The notification has arrived by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Condition;
    ///
    /// let changed = Condition::new();
    /// // Nobody waits, and nobody hears of it.
    /// changed.notify_one();
    /// ```
    #[inline]
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes the `n` tasks that have waited longest, or all if they are fewer.
    ///
    /// asyncio's `Condition.notify(n)`.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. All are notified by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Condition;
    ///
    /// Condition::new().notify(2);
    /// ```
    #[inline]
    pub fn notify(&self, n: usize) {
        self.take_out(n, Outcome::One);
    }

    /// Wakes all tasks that wait.
    ///
    /// asyncio's `Condition.notify_all`.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. All are notified by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Condition;
    ///
    /// Condition::new().notify_all();
    /// ```
    #[inline]
    pub fn notify_all(&self) {
        self.take_out(usize::MAX, Outcome::All);
    }

    #[inline]
    fn take_out(&self, count: usize, outcome: Outcome) {
        // Relaxed: who has changed the data under its lock sees those who have unlocked before; the others may come later.
        if self.waiting.load(Relaxed) != 0 {
            self.take_out_waiters(count, outcome);
        }
    }

    fn take_out_waiters(&self, mut count: usize, outcome: Outcome) {
        let mut wakers = WakeList::new();
        let mut waiters = self.waiters.lock();
        // Those that come while wakers are called, without the lock, are not meant. Relaxed: the lock orders it.
        let end = self.tickets.load(Relaxed);
        loop {
            while count > 0
                && !wakers.is_full()
                && let Some(entry) = waiters.front_mut()
                // The tickets wrap, so it is the distance that counts.
                && entry.ticket.wrapping_sub(end).cast_signed() < 0
            {
                entry.outcome = outcome;
                count -= 1;
                self.count_out();
                if let Some(waker) = waiters.pop_front() {
                    wakers.push(waker);
                }
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

    /// One has left the list, whose lock is held.
    fn count_out(&self) {
        self.waiting.store(self.waiting.load(Relaxed) - 1, Relaxed);
    }

    /// The first poll of a waiter.
    fn enter(&self, mut waiter: Pin<&mut Waiter<Entry>>, waker: &Waker) {
        // Foreign code, so before the lock.
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        // Relaxed: the lock orders it.
        let ticket = self.tickets.load(Relaxed);
        if let Some(entry) = waiter.as_mut().as_free() {
            entry.ticket = ticket;
        }
        self.tickets.store(ticket.wrapping_add(1), Relaxed);
        self.waiting.store(self.waiting.load(Relaxed) + 1, Relaxed);
        waiters.push_back(waiter, waker);
    }

    /// Takes the waiter out of the list, or passes on what it was given.
    fn drop_waiter(&self, mut waiter: Pin<&mut Waiter<Entry>>) {
        let mut waker = None;
        if waiter.as_mut().as_free().is_none() {
            let mut waiters = self.waiters.lock();
            waker = waiters.remove(waiter.as_mut());
            if waker.is_some() {
                self.count_out();
            }
        }
        if let Some(&mut Entry {
            outcome: Outcome::One,
            ..
        }) = waiter.as_free()
        {
            self.notify_one();
        }
        // Last: it is foreign code, and may panic.
        drop(waker);
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("waiting", &self.waiting.load(Relaxed))
            .finish_non_exhaustive()
    }
}

// A panic leaves it as it was: no foreign code runs under its lock.
impl UnwindSafe for Condition {}
impl RefUnwindSafe for Condition {}

pin_project! {
    /// Ready once it is notified. It waits from its first poll on.
    struct Notified<'a> {
        condition: &'a Condition,
        #[pin]
        waiter: Waiter<Entry>,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.condition.drop_waiter(this.waiter);
        }
    }
}

impl Notified<'_> {
    /// The notification has been told, and is not to be passed on.
    fn tell(self: Pin<&mut Self>) {
        if let Some(entry) = self.project().waiter.as_free() {
            entry.outcome = Outcome::Open;
        }
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let condition = *this.condition;
        let outcome = this.waiter.as_mut().as_free().map(|entry| entry.outcome);
        let waits = match outcome {
            Some(Outcome::Open) => {
                condition.enter(this.waiter, cx.waker());
                true
            }
            Some(_) => false,
            None => condition.waiters.register(this.waiter, cx.waker()),
        };
        match waits {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
