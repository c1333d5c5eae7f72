//! [`Event`]: whether something has happened, and a wait until it has.
//!
//! In come `set` and `clear`; out go wake-ups, to those that wait in a `Notify`.
#![forbid(unsafe_code)]

use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::notify::Notify;
use std::fmt;

/// The bit that says that it is set.
const SET: usize = 1;

/// What each time that it was set counts, above that bit. (The count wraps: a wait would have to sleep through all there are.)
const TIME: usize = 2;

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
    /// Whether it is set, and how often it has been.
    state: AtomicUsize,
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
            state: AtomicUsize::new(0),
            set: Notify::new(),
        }
    }

    /// One that is not set; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until somebody waits or sets it"]
    pub fn new() -> Self {
        Self {
            state: AtomicUsize::new(0),
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
        // Release, also if it is set already: what was done before is seen by who finds it set. Acquire: what was done before
        // a `clear` is seen by who sets it again.
        let set = |state: usize| match state & SET {
            0 => Some(state.wrapping_add(TIME) | SET),
            _ => Some(state),
        };
        let former = self.state.fetch_update(AcqRel, Acquire, set);
        if former.is_ok_and(|former| former & SET == 0) {
            self.set.notify_waiters();
        }
    }

    /// Sets it back: who waits from now on waits for the next [`set`](Self::set).
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
        // AcqRel: whoever sees it cleared sees what was done before.
        self.state.fetch_and(!SET, AcqRel);
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
        self.state.load(Acquire) & SET != 0
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
        self.set_from_now_on().await;
        // Not before: who has no budget left waits from now on all the same.
        coop::consume_budget().await;
    }

    async fn set_from_now_on(&self) {
        let state = self.state.load(Acquire);
        if state & SET != 0 {
            return;
        }
        loop {
            // Made before the look: a `set` that is not seen by it is still to notify.
            let set = self.set.notified();
            // It has been set since, be it cleared again or not. Else who notified was a `set` from before, which was cleared
            // before it had come to that.
            if self.state.load(Acquire) != state {
                return;
            }
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
            .field("is_set", &(self.state.load(Relaxed) & SET != 0))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
