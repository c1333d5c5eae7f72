//! [`Event`]: whether something has happened, and a wait until it has.
//!
//! In come `set` and `clear`; out go wake-ups, to those that wait in a `Notify`.
#![forbid(unsafe_code)]

use crate::coop;
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::notify::Notify;
use std::fmt;

/// Whether something has happened: a flag for which tasks can wait.
///
/// While it is [set](Self::set), [`wait`](Self::wait) goes on at once. All that wait when it is set go on, also if it is
/// [cleared](Self::clear) before they run.
///
/// asyncio's `Event`. tokio has none; its `Notify` forgets.
///
/// # Examples
///
/// ```
/// use heist_sync::Event;
/// use std::thread;
///
/// static STARTED: Event = Event::new();
///
/// # futures_lite::future::block_on(async {
/// thread::spawn(|| STARTED.set());
/// STARTED.wait().await;
/// assert!(STARTED.is_set());
/// // As often as one likes.
/// STARTED.wait().await;
/// # });
/// ```
pub struct Event {
    is_set: AtomicBool,
    set: Notify,
}

impl Event {
    /// One that is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Event;
    ///
    /// static STARTED: Event = Event::new();
    /// assert!(!STARTED.is_set());
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until somebody waits or sets it"]
    pub const fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            set: Notify::new(),
        }
    }

    /// One that is not set; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until somebody waits or sets it"]
    pub fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            set: Notify::new(),
        }
    }

    /// Sets it, and wakes all that wait. It does nothing if it is set.
    ///
    /// What was done before is seen by those who go on.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. It is set by then, and all are woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::Event;
    ///
    /// # future::block_on(async {
    /// let event = Event::new();
    /// future::zip(event.wait(), async { event.set() }).await;
    /// # });
    /// ```
    pub fn set(&self) {
        // Release: what was done before is seen by who finds it set. Acquire: what was done before a `clear` is seen by
        // who sets it again.
        if !self.is_set.swap(true, AcqRel) {
            self.set.notify_waiters();
        }
    }

    /// Sets it back: who waits from now on waits for the next [`set`](Self::set), or for one that has begun before and is
    /// still at work.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Event;
    ///
    /// let event = Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    pub fn clear(&self) {
        // A swap, so that the next `set` finds it; AcqRel: whoever sees it cleared sees what was done before.
        self.is_set.swap(false, AcqRel);
    }

    /// Whether it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Event;
    ///
    /// let event = Event::new();
    /// assert!(!event.is_set());
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[inline]
    #[must_use = "it only asks"]
    pub fn is_set(&self) -> bool {
        self.is_set.load(Acquire)
    }

    /// Waits until it is set.
    ///
    /// It begins to wait when it is first polled. It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; but a `set` that was cleared in between is not seen by the second call.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Event;
    ///
    /// # futures_lite::future::block_on(async {
    /// let event = Event::new();
    /// event.set();
    /// event.wait().await;
    /// # });
    /// ```
    pub async fn wait(&self) {
        coop::consume_budget().await;
        if self.is_set() {
            return;
        }
        // Made before the look: a `set` that is not seen by it is still to notify.
        let set = self.set.notified();
        if !self.is_set() {
            set.await;
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set.load(Relaxed))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
