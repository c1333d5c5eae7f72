//! The receiver of a channel with a bound: what `chan.rs` does, in each of its forms.
#![forbid(unsafe_code)]

use crate::mpsc::chan::{Rx, Slots};
use crate::mpsc::error::TryRecvError;
use crate::{blocking, coop};
use futures_core::Stream;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The half that receives.
///
/// Dropped, it closes the channel, and drops what is in it.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc::{self, Receiver};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = mpsc::channel(8);
/// tx.try_send(1).unwrap();
/// tx.try_send(2).unwrap();
/// drop(tx);
///
/// async fn sum(mut rx: Receiver<u32>) -> u32 {
///     let mut sum = 0;
///     while let Some(value) = rx.recv().await {
///         sum += value;
///     }
///     sum
/// }
/// assert_eq!(sum(rx).await, 3);
/// # });
/// ```
#[must_use = "dropped, it closes the channel"]
pub struct Receiver<T> {
    pub(super) chan: Rx<T, Slots>,
}

impl<T> Receiver<T> {
    /// Receives the next value, or waits for it; `None` once the channel is closed and empty.
    ///
    /// It is closed by the end of its last sender, or by [`close`](Self::close).
    ///
    /// asyncio's `Queue.get`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has received nothing: no value is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
    #[inline]
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.chan.poll_recv(cx)).await
    }

    /// Receives all values that are there, up to `limit`, or waits for one; adds them to `buffer`, and says how many.
    ///
    /// `0` says that the channel is closed and empty, or that `limit` is 0. It costs one unit of the [cooperative
    /// budget](crate::coop), however many it receives.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has received nothing: no value is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(8);
    /// for value in 0..5 {
    ///     tx.try_send(value).unwrap();
    /// }
    /// let mut buffer = Vec::new();
    /// assert_eq!(rx.recv_many(&mut buffer, 3).await, 3);
    /// assert_eq!(rx.recv_many(&mut buffer, 3).await, 2);
    /// assert_eq!(buffer, [0, 1, 2, 3, 4]);
    /// # });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        poll_fn(|cx| self.chan.poll_recv_many(cx, buffer, limit)).await
    }

    /// Receives the next value if it is there.
    ///
    /// Where a sender was interrupted in the middle of a send, it waits for that: a moment.
    ///
    /// asyncio's `Queue.get_nowait`.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none, [`TryRecvError::Disconnected`] if there will be none: the channel is closed
    /// and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = mpsc::channel(8);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.chan.try_recv()
    }

    /// Receives the next value in synchronous code; blocks the thread until it comes. `None` once the channel is closed
    /// and empty.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, which it would stall.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    /// use std::thread;
    ///
    /// let (tx, mut rx) = mpsc::channel(8);
    /// thread::spawn(move || tx.blocking_send(1));
    /// assert_eq!(rx.blocking_recv(), Some(1));
    /// assert_eq!(rx.blocking_recv(), None);
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        coop::assert_may_block("mpsc::Receiver::blocking_recv", "await `recv`");
        blocking::block_on(self.recv())
    }

    /// Receives all values that are there in synchronous code, up to `limit`; blocks the thread until there is one. As
    /// [`recv_many`](Self::recv_many).
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, which it would stall.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// let mut buffer = Vec::new();
    /// assert_eq!(rx.blocking_recv_many(&mut buffer, 10), 1);
    /// ```
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        coop::assert_may_block("mpsc::Receiver::blocking_recv_many", "await `recv_many`");
        blocking::block_on(self.recv_many(buffer, limit))
    }

    /// Closes the channel: senders get their values back from now on. What was sent is still received, and then `None`.
    ///
    /// Permits that are out can still be used: there is a `None` only once each of them was sent with, or dropped. So can the
    /// room that was given to one who waits for it and has not been polled since.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// rx.close();
    /// assert!(tx.try_send(2).is_err());
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
    pub fn close(&mut self) {
        self.chan.close();
    }

    /// Whether the channel is closed: by [`close`](Self::close), or by the end of its last sender. Values may be left.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel::<()>(8);
    /// assert!(!rx.is_closed());
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// Whether there is nothing to receive now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel(8);
    /// assert!(rx.is_empty());
    /// tx.try_send(1).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_empty(&self) -> bool {
        self.chan.is_empty()
    }

    /// How many values there are to receive.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.len(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// How many values can be sent now, as [`Sender::capacity`](super::Sender::capacity).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(3);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.capacity(), 2);
    /// rx.try_recv().unwrap();
    /// assert_eq!(rx.capacity(), 3);
    /// ```
    #[must_use = "it only asks"]
    pub fn capacity(&self) -> usize {
        self.chan.bound().capacity()
    }

    /// With how many values the channel is full.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (_tx, rx) = mpsc::channel::<()>(3);
    /// assert_eq!(rx.max_capacity(), 3);
    /// ```
    #[must_use = "it only asks"]
    pub fn max_capacity(&self) -> usize {
        self.chan.bound().max_capacity()
    }

    /// Is ready with the next value, or with `None` once the channel is closed and empty; until then it is `Pending`, and
    /// wakes the task that polled it last.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop) when it is ready, and is `Pending` without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    /// use std::future::poll_fn;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(poll_fn(|cx| rx.poll_recv(cx)).await, Some(1));
    /// # });
    /// ```
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx)
    }

    /// Is ready with the number of values that it has added to `buffer`, as [`recv_many`](Self::recv_many); until then it
    /// is `Pending`, and wakes the task that polled it last.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    /// use std::future::poll_fn;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// let mut buffer = Vec::new();
    /// assert_eq!(poll_fn(|cx| rx.poll_recv_many(cx, &mut buffer, 9)).await, 1);
    /// # });
    /// ```
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        self.chan.poll_recv_many(cx, buffer, limit)
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel::<()>(8);
    /// assert_eq!(rx.sender_strong_count(), 1);
    /// drop(tx);
    /// assert_eq!(rx.sender_strong_count(), 0);
    /// ```
    #[must_use = "it only asks"]
    pub fn sender_strong_count(&self) -> usize {
        self.chan.sender_strong_count()
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (tx, rx) = mpsc::channel::<()>(8);
    /// let _weak = tx.downgrade();
    /// assert_eq!(rx.sender_weak_count(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn sender_weak_count(&self) -> usize {
        self.chan.sender_weak_count()
    }

    /// The values as a `Stream`, which ends where [`recv`](Self::recv) gives `None`: asyncio's `async for`.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use heist_sync::mpsc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = mpsc::channel(8);
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// let mut stream = rx.into_stream();
    /// assert_eq!(stream.next().await, Some(1));
    /// assert_eq!(stream.next().await, None);
    /// # });
    /// ```
    pub fn into_stream(self) -> ReceiverStream<T> {
        ReceiverStream { receiver: self }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("is_closed", &self.is_closed())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// What a [`Receiver`] receives, as a `Stream`, made by its [`into_stream`](Receiver::into_stream).
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use heist_sync::mpsc::{self, ReceiverStream};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = mpsc::channel(8);
/// tx.try_send(1).unwrap();
/// drop(tx);
/// let stream: ReceiverStream<u32> = rx.into_stream();
/// assert_eq!(stream.collect::<Vec<_>>().await, [1]);
/// # });
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled; dropped, it closes the channel"]
pub struct ReceiverStream<T> {
    receiver: Receiver<T>,
}

impl<T> ReceiverStream<T> {
    /// The receiver again; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::mpsc;
    ///
    /// let (_tx, rx) = mpsc::channel::<()>(8);
    /// let rx = rx.into_stream().into_inner();
    /// assert!(rx.is_empty());
    /// ```
    pub fn into_inner(self) -> Receiver<T> {
        self.receiver
    }
}

impl<T> Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll_recv(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.receiver.len(), None)
    }
}
