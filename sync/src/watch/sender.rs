//! The half of a [`watch`](super) channel that changes the value.
//!
//! In come values; out goes the new version, counted under the value's lock, and wake-ups, after it.
#![forbid(unsafe_code)]

use super::error::SendError;
use super::{Receiver, Ref, Shared, channel};
use crate::coop::cooperative;
use crate::loom::atomic::Ordering::{AcqRel, Relaxed};
use std::fmt;
use std::mem;
use std::sync::Arc;

/// The half that sends.
///
/// When the last one is dropped, receivers that wait get a [`RecvError`](super::error::RecvError), once they have seen
/// the last value.
///
/// # Examples
///
/// ```
/// use heist_sync::watch;
///
/// let (tx, rx) = watch::channel(1);
/// let other = tx.clone();
/// other.send_modify(|value| *value += 1);
/// assert_eq!((*rx.borrow(), tx.sender_count()), (2, 2));
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// One that is counted already.
    pub(super) fn of(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// A sender without a receiver: those [subscribe](Self::subscribe).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch::Sender;
    ///
    /// let tx = Sender::new(1);
    /// assert!(tx.is_closed());
    /// assert_eq!(*tx.subscribe().borrow(), 1);
    /// ```
    #[must_use = "it does nothing until somebody sends or subscribes"]
    pub fn new(init: T) -> Self {
        channel(init).0
    }

    /// Puts a value in place of the present one, and wakes the receivers that wait.
    ///
    /// It waits for nobody but those who look at the value at the moment. To send though there is no receiver, take
    /// [`send_replace`](Self::send_replace) or [`send_modify`](Self::send_modify).
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver; the present one stays.
    ///
    /// # Panics
    ///
    /// If a receiver's waker does, unless the thread panics already. The value is there by then, and all are woken. A
    /// former value whose drop panics costs likewise nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.borrow(), 2);
    /// drop(rx);
    /// assert!(tx.send(3).is_err());
    /// assert_eq!(*tx.borrow(), 2);
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        // The former value is dropped here, with no lock held.
        self.send_replace(value);
        Ok(())
    }

    /// Changes the value in place, and wakes the receivers that wait; also where there is no receiver.
    ///
    /// `modify` runs under the value's lock: it must not look at the channel's value otherwise, or it waits for ever.
    ///
    /// # Panics
    ///
    /// If `modify` does: then the receivers are told of nothing, and see what it has left. And as [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(vec![1]);
    /// tx.send_modify(|values| values.push(2));
    /// assert_eq!(*rx.borrow(), [1, 2]);
    /// assert!(rx.has_changed().unwrap());
    /// ```
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// As [`send_modify`](Self::send_modify), but `modify` says whether there was a change; if not, nobody is told.
    /// Returns what it said.
    ///
    /// # Panics
    ///
    /// As [`send_modify`](Self::send_modify).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(7);
    /// let at_least = |least| move |value: &mut i32| {
    ///     let low = *value < least;
    ///     *value = least.max(*value);
    ///     low
    /// };
    /// assert!(!tx.send_if_modified(at_least(5)));
    /// assert!(!rx.has_changed().unwrap());
    /// assert!(tx.send_if_modified(at_least(9)));
    /// assert!(rx.has_changed().unwrap());
    /// ```
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut value = self.shared.value.write();
        if !modify(&mut value) {
            return false;
        }
        let broadcast = self.shared.changes.advance();
        drop(value);
        if let Some(broadcast) = broadcast {
            broadcast.wake();
        }
        true
    }

    /// Puts a value in place of the present one, which it returns, and wakes the receivers that wait; also where there
    /// is no receiver.
    ///
    /// # Panics
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch::Sender;
    ///
    /// let tx = Sender::new(1);
    /// assert_eq!(tx.send_replace(2), 1);
    /// assert_eq!(*tx.borrow(), 2);
    /// ```
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|present| mem::swap(present, &mut value));
        value
    }

    /// Looks at the value, under its lock, which the [`Ref`] holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, _rx) = watch::channel("hello");
    /// assert_eq!(*tx.borrow(), "hello");
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref {
            value: self.shared.value.read(),
            has_changed: false,
        }
    }

    /// Whether there is no receiver at the moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(());
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// let _rx = tx.subscribe();
    /// assert!(!tx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver, so that work of which nobody wants the result can be left.
    ///
    /// One that goes and is followed by another before this is polled may not be noticed.
    ///
    /// # Cancel safety
    ///
    /// It holds nothing: dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = watch::channel(());
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    pub async fn closed(&self) {
        cooperative(async {
            loop {
                // Made first: whoever goes after the look ends its wait.
                let unwatched = self.shared.unwatched.notified();
                if self.is_closed() {
                    return;
                }
                unwatched.await;
            }
        })
        .await
    }

    /// Adds a receiver, which has seen the present value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch::Sender;
    ///
    /// let tx = Sender::new(1);
    /// let rx = tx.subscribe();
    /// assert!(!rx.has_changed().unwrap());
    /// tx.send(2).unwrap();
    /// assert!(rx.has_changed().unwrap());
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        // Relaxed: the count hands nothing on.
        self.shared.receivers.fetch_add(1, Relaxed);
        Receiver::of(
            Arc::clone(&self.shared),
            self.shared.changes.now().version(),
        )
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(());
    /// let _other = rx.clone();
    /// assert_eq!(tx.receiver_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn receiver_count(&self) -> usize {
        // Relaxed: the count hands nothing on.
        self.shared.receivers.load(Relaxed)
    }

    /// How many senders there are, with this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, _rx) = watch::channel(());
    /// assert_eq!(tx.sender_count(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn sender_count(&self) -> usize {
        // Relaxed: the count hands nothing on.
        self.shared.senders.load(Relaxed)
    }

    /// Whether both are of one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch::Sender;
    ///
    /// let tx = Sender::new(());
    /// assert!(tx.same_channel(&tx.clone()));
    /// assert!(!tx.same_channel(&Sender::new(())));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Relaxed: whoever clones has one, so it is not the last that goes meanwhile.
        self.shared.senders.fetch_add(1, Relaxed);
        Self::of(Arc::clone(&self.shared))
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // AcqRel: all changes of the others come before the end.
        if self.shared.senders.fetch_sub(1, AcqRel) == 1
            && let Some(broadcast) = self.shared.changes.close()
        {
            broadcast.wake();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("version", &self.shared.changes.now().version().number())
            .field("receiver_count", &self.receiver_count())
            .finish_non_exhaustive()
    }
}
