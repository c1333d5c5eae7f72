//! The senders of a channel without a bound: what `chan.rs` does, with the errors named.
#![forbid(unsafe_code)]

use crate::mpsc::chan::{Tx, Unbounded, WeakTx};
use crate::mpsc::error::SendError;
use std::fmt;

/// A half that sends, and never waits; its clones send into the same channel.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, UnboundedSender};
///
/// fn log(tx: &UnboundedSender<String>) {
///     // Nobody may be listening any more, and that is fine.
///     let _ = tx.send("something happened".into());
/// }
///
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// log(&tx);
/// assert_eq!(rx.try_recv().unwrap(), "something happened");
/// ```
pub struct UnboundedSender<T> {
    pub(super) chan: Tx<T, Unbounded>,
}

impl<T> UnboundedSender<T> {
    /// Sends the value, and wakes the receiver if it waits.
    ///
    /// It never waits, so it may be called from anywhere. `Ok` says that the channel was open when the value was put; the
    /// receiver can still be dropped without taking it.
    ///
    /// asyncio's `Queue.put_nowait`.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the value, if the receiver was dropped or has [closed](crate::mpsc::UnboundedReceiver::close) the channel.
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc::{self, error::SendError};
    ///
    /// let (tx, rx) = mpsc::unbounded_channel();
    /// assert_eq!(tx.send(1), Ok(()));
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.chan.push(value).map_err(SendError)
    }

    /// Waits until the receiver is dropped or has [closed](crate::mpsc::UnboundedReceiver::close) the channel, so that work of which
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
    /// let (tx, rx) = mpsc::unbounded_channel::<()>();
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.chan.closed().await;
    }

    /// Whether the receiver was dropped or has [closed](crate::mpsc::UnboundedReceiver::close) the channel. Once `true` it stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::unbounded_channel::<()>();
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
    /// let (other, _rx) = mpsc::unbounded_channel::<()>();
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
    /// let (tx, mut rx) = mpsc::unbounded_channel::<()>();
    /// let weak = tx.downgrade();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, None);
    /// assert!(weak.upgrade().is_none());
    /// # });
    /// ```
    #[must_use = "it makes a weak sender, and leaves this one as it is"]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
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
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
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
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
    /// let _weak = tx.downgrade();
    /// assert_eq!(tx.weak_count(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender")
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
/// use heist_sync::mpsc::{self, WeakUnboundedSender};
///
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// let weak: WeakUnboundedSender<u32> = tx.downgrade();
/// weak.upgrade().unwrap().send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct WeakUnboundedSender<T> {
    chan: WeakTx<T, Unbounded>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, or `None` if the last one is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use = "the sender is dropped at once if it is not used"]
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        let chan = self.chan.upgrade()?;
        Some(UnboundedSender { chan })
    }

    /// How many senders there are that keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
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
    /// let (tx, _rx) = mpsc::unbounded_channel::<()>();
    /// let weak = tx.downgrade();
    /// let _other = weak.clone();
    /// assert_eq!(weak.weak_count(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn weak_count(&self) -> usize {
        self.chan.weak_count()
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender")
            .finish_non_exhaustive()
    }
}
