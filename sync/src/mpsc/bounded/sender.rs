//! The senders of a channel with a bound: a permit is taken, and the value put with it.
#![forbid(unsafe_code)]

use super::permit::{OwnedPermit, Permit, PermitIterator};
use crate::mpsc::chan::{Slots, Tx, WeakTx};
use crate::mpsc::error::{SendError, TrySendError};
use crate::semaphore::TryAcquireError;
use crate::{blocking, coop};
use std::fmt;

/// A half that sends, and waits while the channel is full; its clones send into the same channel.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, Sender};
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = mpsc::channel(1);
/// let other: Sender<u32> = tx.clone();
/// tx.send(1).await.unwrap();
/// assert_eq!(rx.recv().await, Some(1));
/// other.send(2).await.unwrap();
/// assert_eq!(rx.recv().await, Some(2));
/// # });
/// ```
pub struct Sender<T> {
    pub(super) chan: Tx<T, Slots>,
}

impl<T> Sender<T> {
    /// Sends the value, once there is room for it, and wakes the receiver if it waits.
    ///
    /// Those that wait for room get it in the order in which they began. `Ok` says that the channel was open when the value
    /// was put; the receiver can still be dropped without taking it.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop) when it is ready.
    ///
    /// asyncio's `Queue.put`.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the value, if the receiver was dropped or has [closed](super::Receiver::close) the channel,
    /// before or while it waited.
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has not sent the value, which is dropped with it, and it loses its place. Where the
    /// value must not be lost, [`reserve`](Self::reserve) first.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc::{self, error::SendError};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// assert_eq!(tx.send(1).await, Ok(()));
    /// rx.close();
    /// assert_eq!(tx.send(2).await, Err(SendError(2)));
    /// # });
    /// ```
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        match self.chan.acquire(1).await {
            Ok(()) => self.chan.push(value).map_err(SendError),
            Err(_) => Err(SendError(value)),
        }
    }

    /// Sends the value if there is room for it.
    ///
    /// asyncio's `Queue.put_nowait`.
    ///
    /// # Errors
    ///
    /// [`TrySendError`], with the value: `Full` if there is no room, or others wait for it; `Closed` if the receiver was
    /// dropped or has [closed](super::Receiver::close) the channel.
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc::{self, error::TrySendError};
    ///
    /// let (tx, _rx) = mpsc::channel(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match self.chan.bound().try_acquire(1) {
            Ok(()) => self.chan.push(value).map_err(TrySendError::Closed),
            Err(TryAcquireError::NoPermits) => Err(TrySendError::Full(value)),
            Err(TryAcquireError::Closed) => Err(TrySendError::Closed(value)),
        }
    }

    /// Sends the value in synchronous code; blocks the thread until there is room for it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, which it would stall; and as [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// thread::spawn(move || tx.blocking_send(1));
    /// assert_eq!(rx.recv().await, Some(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        coop::assert_may_block("mpsc::Sender::blocking_send", "await `send`");
        blocking::block_on(self.send(value))
    }

    /// Waits for room for one value, and keeps it: what is sent with the permit waits for nothing.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the receiver was dropped or has [closed](super::Receiver::close) the channel, before or while it
    /// waited.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has taken nothing; it loses its place in the order.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.reserve().await.unwrap();
    /// assert!(tx.try_send(2).is_err());
    /// permit.send(1);
    /// assert_eq!(rx.recv().await, Some(1));
    /// # });
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.chan.acquire(1).await?;
        Ok(Permit::new(&self.chan))
    }

    /// Waits for room for `n` values, and keeps it: as an iterator of permits.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve); and if `n` is more than the channel can ever hold.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has taken nothing; it loses its place in the order.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(3);
    /// for (value, permit) in tx.reserve_many(3).await.unwrap().enumerate() {
    ///     permit.send(value);
    /// }
    /// let mut buffer = Vec::new();
    /// rx.recv_many(&mut buffer, 3).await;
    /// assert_eq!(buffer, [0, 1, 2]);
    /// assert!(tx.reserve_many(4).await.is_err());
    /// # });
    /// ```
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        self.chan.acquire(n).await?;
        Ok(PermitIterator::new(&self.chan, n))
    }

    /// As [`reserve`](Self::reserve), with a permit that has the sender in it, and so can go anywhere.
    ///
    /// Clone the sender first if it is needed meanwhile; the permit gives it back.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve). The sender is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has taken nothing; the sender is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.reserve_owned().await.unwrap();
    /// thread::spawn(move || permit.send(1));
    /// assert_eq!(rx.recv().await, Some(1));
    /// # });
    /// ```
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        self.chan.acquire(1).await?;
        Ok(OwnedPermit::new(self.chan))
    }

    /// Keeps room for one value, if there is.
    ///
    /// # Errors
    ///
    /// [`TrySendError`]: `Full` if there is no room, or others wait for it; `Closed` if the receiver was dropped or has
    /// [closed](super::Receiver::close) the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc::{self, error::TrySendError};
    ///
    /// let (tx, _rx) = mpsc::channel(1);
    /// let permit = tx.try_reserve().unwrap();
    /// assert_eq!(tx.try_reserve().unwrap_err(), TrySendError::Full(()));
    /// permit.send(1);
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.chan.bound().try_reserve(1)?;
        Ok(Permit::new(&self.chan))
    }

    /// Keeps room for `n` values, if there is.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve). More than the channel can ever hold is `Full`, as long as it is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel(3);
    /// let mut permits = tx.try_reserve_many(2).unwrap();
    /// permits.next().unwrap().send("one");
    /// assert!(tx.try_reserve_many(2).is_err());
    /// ```
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.chan.bound().try_reserve(n)?;
        Ok(PermitIterator::new(&self.chan, n))
    }

    /// As [`try_reserve`](Self::try_reserve), with a permit that has the sender in it, and so can go anywhere.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve), with the sender in the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.try_reserve_owned().unwrap();
    /// let tx = permit.send(1);
    /// let tx = tx.try_reserve_owned().unwrap_err().into_inner();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert!(tx.try_reserve_owned().is_ok());
    /// ```
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.chan.bound().try_acquire(1) {
            Ok(()) => Ok(OwnedPermit::new(self.chan)),
            Err(TryAcquireError::NoPermits) => Err(TrySendError::Full(self)),
            Err(TryAcquireError::Closed) => Err(TrySendError::Closed(self)),
        }
    }

    /// Waits until the receiver is dropped or has [closed](super::Receiver::close) the channel, so that work of which
    /// nobody wants the result can be left.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; once the channel is closed it is ready at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = mpsc::channel::<()>(1);
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.chan.closed().await;
    }

    /// Whether the receiver was dropped or has [closed](super::Receiver::close) the channel. Once `true` it stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel::<()>(1);
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// How many values can be sent now: the room that is neither used nor kept by a permit; none while somebody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel(3);
    /// tx.try_send(1).unwrap();
    /// let _permit = tx.try_reserve().unwrap();
    /// assert_eq!(tx.capacity(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn capacity(&self) -> usize {
        self.chan.bound().capacity()
    }

    /// With how many values the channel is full: what was given to [`channel`](super::channel).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(3);
    /// assert_eq!(tx.max_capacity(), 3);
    /// ```
    #[must_use = "it only asks"]
    pub fn max_capacity(&self) -> usize {
        self.chan.bound().max_capacity()
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let (other, _rx) = mpsc::channel::<()>(1);
    /// assert!(tx.same_channel(&tx.clone()) && !tx.same_channel(&other));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.chan.same_channel(&other.chan)
    }

    /// A sender that doesn't keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel::<()>(1);
    /// let weak = tx.downgrade();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, None);
    /// assert!(weak.upgrade().is_none());
    /// # });
    /// ```
    #[must_use = "it makes a weak sender, and leaves this one as it is"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            chan: self.chan.downgrade(),
        }
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let _other = tx.clone();
    /// assert_eq!(tx.strong_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn strong_count(&self) -> usize {
        self.chan.strong_count()
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let _weak = tx.downgrade();
    /// assert_eq!(tx.weak_count(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// A sender that doesn't keep the channel open: [`upgrade`](Self::upgrade) makes one that does, as long as there is
/// another.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, WeakSender};
///
/// let (tx, mut rx) = mpsc::channel(1);
/// let weak: WeakSender<u32> = tx.downgrade();
/// weak.upgrade().unwrap().try_send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct WeakSender<T> {
    chan: WeakTx<T, Slots>,
}

impl<T> WeakSender<T> {
    /// A sender, or `None` if the last one is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use = "the sender is dropped at once if it is not used"]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let chan = self.chan.upgrade()?;
        Some(Sender { chan })
    }

    /// How many senders there are that keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let weak = tx.downgrade();
    /// drop(tx);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    #[must_use = "it only asks"]
    pub fn strong_count(&self) -> usize {
        self.chan.strong_count()
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(1);
    /// let weak = tx.downgrade();
    /// let _other = weak.clone();
    /// assert_eq!(weak.weak_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
