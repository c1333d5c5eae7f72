//! Room in a channel that is kept: taken by a sender, it is filled by a value, or given back.
#![forbid(unsafe_code)]

use super::sender::Sender;
use crate::mpsc::chan::{Slots, Tx};
use std::fmt;
use std::iter::FusedIterator;
use std::mem;

/// Room for one value, from [`Sender::reserve`] or [`Sender::try_reserve`]. Dropped, it gives the room back.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, Permit};
///
/// let (tx, mut rx) = mpsc::channel(1);
/// let permit: Permit<'_, u32> = tx.try_reserve().unwrap();
/// permit.send(1);
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
#[must_use = "dropped at once, it gives its room back"]
pub struct Permit<'a, T> {
    chan: &'a Tx<T, Slots>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(chan: &'a Tx<T, Slots>) -> Self {
        Self { chan }
    }

    /// Sends the value. It waits for nothing, and succeeds also after [`Receiver::close`](super::Receiver::close). If the
    /// receiver is gone, the value is dropped.
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.try_reserve().unwrap();
    /// rx.close();
    /// permit.send(1);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn send(self, value: T) {
        let chan = self.chan;
        mem::forget(self);
        // It fails if the receiver is gone.
        drop(chan.push(value));
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.chan.release(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Room for several values, from [`Sender::reserve_many`] or [`Sender::try_reserve_many`]: an iterator of permits.
/// Dropped, it gives the room back for which it has given no permit.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, PermitIterator};
///
/// let (tx, _rx) = mpsc::channel(3);
/// let mut permits: PermitIterator<'_, u32> = tx.try_reserve_many(3).unwrap();
/// permits.next().unwrap().send(1);
/// assert_eq!(permits.len(), 2);
/// drop(permits);
/// assert_eq!(tx.capacity(), 2);
/// ```
#[must_use = "dropped at once, it gives its room back"]
pub struct PermitIterator<'a, T> {
    chan: &'a Tx<T, Slots>,
    n: usize,
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(chan: &'a Tx<T, Slots>, n: usize) -> Self {
        Self { chan, n }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.n = self.n.checked_sub(1)?;
        Some(Permit::new(self.chan))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n, Some(self.n))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        self.chan.release(self.n);
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator")
            .field("len", &self.n)
            .finish_non_exhaustive()
    }
}

/// Room for one value, and the sender with it, from [`Sender::reserve_owned`] or [`Sender::try_reserve_owned`]. Dropped, it
/// gives the room back.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, OwnedPermit, Sender};
///
/// let (tx, mut rx) = mpsc::channel(1);
/// let permit: OwnedPermit<u32> = tx.try_reserve_owned().unwrap();
/// let _tx: Sender<u32> = permit.send(1);
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
#[must_use = "dropped at once, it gives its room back"]
pub struct OwnedPermit<T> {
    /// `None` once it was used.
    chan: Option<Tx<T, Slots>>,
}

impl<T> OwnedPermit<T> {
    pub(super) fn new(chan: Tx<T, Slots>) -> Self {
        Self { chan: Some(chan) }
    }

    fn take(&mut self) -> Sender<T> {
        let chan = self.chan.take().expect("a permit goes when it is used");
        Sender { chan }
    }

    fn channel(&self) -> &Tx<T, Slots> {
        self.chan.as_ref().expect("a permit goes when it is used")
    }

    /// Sends the value, and gives the sender back. As [`Permit::send`].
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(2);
    /// let tx = tx.try_reserve_owned().unwrap().send(1);
    /// tx.try_send(2).unwrap();
    /// assert_eq!(rx.len(), 2);
    /// # drop(rx.try_recv());
    /// ```
    pub fn send(mut self, value: T) -> Sender<T> {
        let sender = self.take();
        // It fails if the receiver is gone.
        drop(sender.chan.push(value));
        sender
    }

    /// Gives the room back, and the sender.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel(1);
    /// let tx = tx.try_reserve_owned().unwrap().release();
    /// tx.try_send(1).unwrap();
    /// ```
    pub fn release(mut self) -> Sender<T> {
        let sender = self.take();
        sender.chan.release(1);
        sender
    }

    /// Whether both are of the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(2);
    /// let one = tx.clone().try_reserve_owned().unwrap();
    /// let two = tx.try_reserve_owned().unwrap();
    /// assert!(one.same_channel(&two));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.channel().same_channel(other.channel())
    }

    /// Whether the sender is of the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel::<()>(2);
    /// let permit = tx.clone().try_reserve_owned().unwrap();
    /// assert!(permit.same_channel_as_sender(&tx));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.channel().same_channel(&sender.chan)
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(chan) = &self.chan {
            chan.release(1);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
