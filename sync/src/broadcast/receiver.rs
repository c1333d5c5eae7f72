//! The half of a [`broadcast`](super) channel that receives: its place in the ring, and the wait for the next value.
#![forbid(unsafe_code)]

use super::BroadcastStream;
use super::error::{RecvError, TryRecvError};
use super::ring::Ring;
use crate::changes::{Change, Version};
use crate::coop::cooperative;
use crate::loom::atomic::Ordering::Relaxed;
use crate::{blocking, coop};
use std::fmt;
use std::sync::Arc;

/// The half that receives: each value that was sent since it was made.
///
/// To drop one with many values before it takes as long as to receive them.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = broadcast::channel(4);
/// tx.send(1).unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Ok(1));
/// assert!(rx.recv().await.is_err());
/// # });
/// ```
#[must_use = "dropped, it gets nothing of what is sent"]
pub struct Receiver<T> {
    pub(super) ring: Arc<Ring<T>>,
    /// The position of the value that it gets next.
    pub(super) next: Version,
}

impl<T> Receiver<T> {
    pub(super) fn of(ring: Arc<Ring<T>>) -> Self {
        let next = ring.add_receiver();
        Self { ring, next }
    }

    /// How many values were sent that it hasn't had. It can be more than the channel keeps: then it lags.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel(4);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.len(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn len(&self) -> usize {
        self.ring.changes.now().version().since(self.next)
    }

    /// Whether it has had all values.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel(4);
    /// assert!(rx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are of one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(1);
    /// assert!(rx.same_channel(&tx.subscribe()));
    /// assert!(!rx.same_channel(&broadcast::channel(1).1));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ring, &other.ring)
    }

    /// Whether all senders are gone. There may be values that it hasn't had.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(1);
    /// assert!(!rx.is_closed());
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.ring.changes.now().is_closed()
    }

    /// How many senders there are, without the weak ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(1);
    /// let _other = tx.clone();
    /// assert_eq!(rx.sender_strong_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn sender_strong_count(&self) -> usize {
        // Relaxed, here and below: the counts hand nothing on.
        self.ring.senders.load(Relaxed)
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, rx) = broadcast::channel::<()>(1);
    /// let _weak = tx.downgrade();
    /// assert_eq!(rx.sender_weak_count(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn sender_weak_count(&self) -> usize {
        self.ring.weak_senders.load(Relaxed)
    }

    /// Another receiver, which gets what is sent from now on; not what this one hasn't had.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, mut rx) = broadcast::channel(4);
    /// tx.send(1).unwrap();
    /// let mut late = rx.resubscribe();
    /// tx.send(2).unwrap();
    /// assert_eq!((rx.try_recv(), late.try_recv()), (Ok(1), Ok(2)));
    /// ```
    pub fn resubscribe(&self) -> Self {
        Self::of(Arc::clone(&self.ring))
    }
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next value.
    ///
    /// The last of its receivers gets a value itself, the others a clone. `T::clone` runs under the channel's lock: it must
    /// not use the channel, and should be quick; an `Arc`'s is.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop) when it is ready.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] if values were overwritten before it had them: how many, and the next call gives the oldest
    /// that is left. [`RecvError::Closed`] if all senders are gone and it has had all values.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, nothing is lost: a later call gives the same value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = broadcast::channel(100);
    /// thread::spawn(move || (1..=100).for_each(|n| drop(tx.send(n))));
    /// let mut sum = 0;
    /// while let Ok(n) = rx.recv().await {
    ///     sum += n;
    /// }
    /// assert_eq!(sum, 5_050);
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        cooperative(async {
            loop {
                match self.try_recv() {
                    Ok(value) => return Ok(value),
                    Err(TryRecvError::Closed) => return Err(RecvError::Closed),
                    Err(TryRecvError::Lagged(missed)) => return Err(RecvError::Lagged(missed)),
                    Err(TryRecvError::Empty) => {}
                }
                Change::new(&self.ring.changes, self.next).await;
            }
        })
        .await
    }

    /// Takes the next value, if there is one, without waiting.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if it has had all; otherwise as [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    ///
    /// let (tx, mut rx) = broadcast::channel(1);
    /// assert!(rx.try_recv().is_err());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.ring.get(&mut self.next)
    }

    /// Blocks the thread until there is a value: for code that is not async.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::broadcast;
    /// use std::thread;
    ///
    /// let (tx, mut rx) = broadcast::channel(1);
    /// let waiting = thread::spawn(move || rx.blocking_recv());
    /// tx.send(5).unwrap();
    /// assert_eq!(waiting.join().unwrap(), Ok(5));
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        coop::assert_may_block("broadcast::Receiver::blocking_recv", "await `recv`");
        blocking::block_on(self.recv())
    }

    /// The values as a stream, which ends when all senders are gone. Where it lags, it says so once, and goes on.
    ///
    /// It is made with one allocation, and waits without. asyncio's `async for`.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use heist_sync::broadcast;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = broadcast::channel(4);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// let values: Vec<_> = rx.into_stream().collect().await;
    /// assert_eq!(values, [Ok(1), Ok(2)]);
    /// # });
    /// ```
    pub fn into_stream(self) -> BroadcastStream<T> {
        BroadcastStream::new(self)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.ring.remove_receiver(self.next);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
