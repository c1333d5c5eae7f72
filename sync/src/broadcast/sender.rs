//! The half of a [`broadcast`](super) channel that sends, and its weak form, which doesn't keep the channel open.
#![forbid(unsafe_code)]

use super::Receiver;
use super::error::SendError;
use super::ring::Ring;
use crate::coop::cooperative;
use crate::loom::atomic::Ordering::{AcqRel, Relaxed};
use std::fmt;
use std::sync::Arc;

/// The half that sends.
///
/// When the last one is dropped, receivers get [`Closed`](super::error::RecvError::Closed) once they have had all values.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = broadcast::channel(4);
/// let other = tx.clone();
/// tx.send(1).unwrap();
/// other.send(2).unwrap();
/// assert_eq!((rx.recv().await, rx.recv().await), (Ok(1), Ok(2)));
/// # });
/// ```
pub struct Sender<T> {
    ring: Arc<Ring<T>>,
}

impl<T> Sender<T> {
    /// A sender without a receiver: those [subscribe](Self::subscribe). It keeps `capacity` values, rounded up to a power
    /// of two.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or more than half of what a `usize` can count.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let tx = Sender::new(4);
    /// assert!(tx.send(1).is_err());
    /// let _rx = tx.subscribe();
    /// assert_eq!(tx.send(2), Ok(1));
    /// ```
    #[must_use = "it does nothing until somebody sends or subscribes"]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        let ring = Arc::new(Ring::new(capacity));
        Self { ring }
    }

    /// Sends a value to all receivers, and wakes those that wait. Says how many receivers it is for.
    ///
    /// It never waits for them: where one hasn't had the oldest value by the time its place is needed, that is lost to it.
    /// `Ok` doesn't say that anybody will get the value: all may be dropped before.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    ///
    /// # Panics
    ///
    /// If a receiver's waker does, unless the thread panics already, or the drop of a value that is overwritten. The new
    /// one is sent by then, and all are woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel(4);
    /// let _other = tx.subscribe();
    /// assert_eq!(tx.send("to both"), Ok(2));
    /// drop(rx);
    /// assert_eq!(tx.send("to one"), Ok(1));
    /// ```
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.ring.push(value)
    }

    /// Adds a receiver. It gets what is sent from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, _rx) = broadcast::channel(4);
    /// tx.send(1).unwrap();
    /// let mut late = tx.subscribe();
    /// tx.send(2).unwrap();
    /// assert_eq!(late.try_recv(), Ok(2));
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::of(Arc::clone(&self.ring))
    }

    /// A sender that doesn't keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(4);
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(rx.is_closed() && weak.upgrade().is_none());
    /// ```
    #[must_use = "it makes another, and leaves this one as it is"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::of(&self.ring)
    }

    /// How many values there are that some receiver has still to get.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, mut fast) = broadcast::channel(4);
    /// let slow = tx.subscribe();
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// fast.try_recv().unwrap();
    /// assert_eq!(tx.len(), 2);
    /// drop(slow);
    /// assert_eq!(tx.len(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether all receivers have had all values.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, mut rx) = broadcast::channel(4);
    /// assert!(tx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!tx.is_empty());
    /// rx.try_recv().unwrap();
    /// assert!(tx.is_empty());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(4);
    /// let _other = rx.resubscribe();
    /// assert_eq!(tx.receiver_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn receiver_count(&self) -> usize {
        self.ring.receivers()
    }

    /// Whether both are of one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let tx = Sender::<()>::new(1);
    /// assert!(tx.same_channel(&tx.clone()));
    /// assert!(!tx.same_channel(&Sender::new(1)));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ring, &other.ring)
    }

    /// Waits until there is no receiver.
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
    /// use heist_sync::broadcast;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = broadcast::channel::<()>(4);
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// assert_eq!(tx.receiver_count(), 0);
    /// # });
    /// ```
    pub async fn closed(&self) {
        cooperative(async {
            loop {
                // Made first: whoever goes after the look ends its wait.
                let unheard = self.ring.unheard.notified();
                if self.receiver_count() == 0 {
                    return;
                }
                unheard.await;
            }
        })
        .await
    }

    /// How many senders there are, with this one, and without the weak ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let tx = Sender::<()>::new(1);
    /// let _weak = tx.downgrade();
    /// assert_eq!((tx.strong_count(), tx.weak_count()), (1, 1));
    /// ```
    #[must_use = "it only asks"]
    pub fn strong_count(&self) -> usize {
        // Relaxed, here and below: the counts hand nothing on.
        self.ring.senders.load(Relaxed)
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let tx = Sender::<()>::new(1);
    /// drop(tx.downgrade());
    /// assert_eq!(tx.weak_count(), 0);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.ring.weak_senders.load(Relaxed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Relaxed: whoever clones has one, so it is not the last that goes meanwhile.
        self.ring.senders.fetch_add(1, Relaxed);
        let ring = Arc::clone(&self.ring);
        Self { ring }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // AcqRel: all values of the others come before the end.
        if self.ring.senders.fetch_sub(1, AcqRel) == 1
            && let Some(broadcast) = self.ring.changes.close()
        {
            broadcast.wake();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("strong_count", &self.strong_count())
            .field("receiver_count", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

/// A sender that doesn't keep the channel open: made by [`Sender::downgrade`], to be [upgraded](Self::upgrade).
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast::{Sender, WeakSender};
///
/// let tx = Sender::<()>::new(1);
/// let weak: WeakSender<()> = tx.downgrade();
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    ring: Arc<Ring<T>>,
}

impl<T> WeakSender<T> {
    fn of(ring: &Arc<Ring<T>>) -> Self {
        ring.weak_senders.fetch_add(1, Relaxed);
        let ring = Arc::clone(ring);
        Self { ring }
    }

    /// A sender, unless the last one is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, mut rx) = broadcast::channel(1);
    /// let weak = tx.downgrade();
    /// let sent = weak.upgrade().expect("one is there").send(1);
    /// assert_eq!((sent, rx.try_recv()), (Ok(1), Ok(1)));
    /// ```
    #[must_use = "it makes a sender, and leaves this one as it is"]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        // Relaxed: that it is not zero is all that it says; what the last sender does comes after this one's end, too.
        let counted = |count| (count != 0).then_some(count + 1);
        let senders = &self.ring.senders;
        senders.fetch_update(Relaxed, Relaxed, counted).ok()?;
        let ring = Arc::clone(&self.ring);
        Some(Sender { ring })
    }

    /// How many senders there are that are not weak.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let tx = Sender::<()>::new(1);
    /// let weak = tx.downgrade();
    /// drop(tx);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    #[must_use = "it only asks"]
    pub fn strong_count(&self) -> usize {
        self.ring.senders.load(Relaxed)
    }

    /// How many weak senders there are, with this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast::Sender;
    ///
    /// let weak = Sender::<()>::new(1).downgrade();
    /// assert_eq!(weak.clone().weak_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.ring.weak_senders.load(Relaxed)
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self::of(&self.ring)
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.ring.weak_senders.fetch_sub(1, Relaxed);
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender")
            .field("strong_count", &self.strong_count())
            .finish_non_exhaustive()
    }
}
