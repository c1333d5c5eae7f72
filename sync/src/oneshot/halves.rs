//! The public halves of a [`oneshot`](super) channel: what `cell.rs` does, with the budget spent and the errors named.
#![forbid(unsafe_code)]

use super::cell::{self, Outcome, Rx, Tx};
use super::error::{RecvError, TryRecvError};
use crate::trace::Waiting;
use crate::{blocking, coop};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Makes a channel for one value, and gives its two halves.
///
/// asyncio's `loop.create_future()`.
///
/// # Examples
///
/// ```
/// use heist_sync::oneshot;
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = oneshot::channel();
/// assert_eq!(tx.send("hello"), Ok(()));
/// assert_eq!(rx.await, Ok("hello"));
/// # });
/// ```
#[must_use = "a channel of which a half is dropped at once is closed"]
#[cfg_attr(feature = "tracing", track_caller)]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = cell::new();
    let waiting = Waiting::new("oneshot", "Sync", "Receiver::await");
    (Sender { tx }, Receiver { rx, waiting })
}

/// The half that sends the value.
///
/// Dropped without sending, it leaves the receiver with a [`RecvError`].
///
/// # Examples
///
/// ```
/// use heist_sync::oneshot;
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = oneshot::channel::<u32>();
/// drop(tx);
/// assert!(rx.await.is_err());
///
/// let (tx, rx) = oneshot::channel();
/// tx.send(5).unwrap();
/// assert_eq!(rx.await, Ok(5));
/// # });
/// ```
#[must_use = "dropped, it closes the channel and its receiver gets an error"]
pub struct Sender<T> {
    tx: Tx<T>,
}

impl<T> Sender<T> {
    /// Sends the value, and wakes the receiver.
    ///
    /// It never waits, so it may be called from anywhere. `Ok` says that the receiver was there when the value was
    /// put; it can still be dropped without taking it.
    ///
    /// asyncio's `Future.set_result`.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was dropped or [closed](Receiver::close): it will never be received.
    ///
    /// # Panics
    ///
    /// If the receiver's waker does, unless the thread panics already. The value is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    ///
    /// let (tx, rx) = oneshot::channel();
    /// drop(rx);
    /// assert_eq!(tx.send(3), Err(3));
    /// ```
    #[inline]
    pub fn send(self, value: T) -> Result<(), T> {
        self.tx.send(value)
    }

    /// Waits until the receiver is dropped or [closed](Receiver::close), so that work of which nobody wants the
    /// result can be left.
    ///
    /// asyncio's `Future.add_done_callback`, with `cancelled()` asked in it.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::oneshot;
    ///
    /// # future::block_on(async {
    /// let (mut tx, rx) = oneshot::channel::<u32>();
    /// drop(rx);
    /// let compute = future::pending::<u32>();
    /// let result = future::or(async { Some(compute.await) }, async {
    ///     tx.closed().await;
    ///     None
    /// });
    /// assert_eq!(result.await, None);
    /// # });
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await
    }

    /// Whether the receiver was dropped or [closed](Receiver::close). Once `true` it stays so, and
    /// [`send`](Self::send) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    ///
    /// let (tx, rx) = oneshot::channel::<()>();
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }

    /// Is ready once the receiver is dropped or [closed](Receiver::close); until then it is `Pending`, and wakes the
    /// task that polled it last.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop) when it is ready, and is `Pending` without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    /// use std::future::poll_fn;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (mut tx, mut rx) = oneshot::channel::<()>();
    /// rx.close();
    /// poll_fn(|cx| tx.poll_closed(cx)).await;
    /// # });
    /// ```
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(coop::poll_proceed(cx));
        ready!(self.tx.poll_closed(cx));
        coop.made_progress();
        Poll::Ready(())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// The half that receives the value: a future of `Result<T, RecvError>`.
///
/// To wait for it in a loop beside other things, await `&mut receiver`.
///
/// Polling spends a unit of the [cooperative budget](crate::coop) when it is ready, and is `Pending` without one.
///
/// # Errors
///
/// [`RecvError`] if there will be no value: the sender was dropped without sending, or this half was
/// [closed](Self::close) before it sent.
///
/// # Panics
///
/// When it is polled again after it was ready, or after [`try_recv`](Self::try_recv) gave anything but
/// [`TryRecvError::Empty`]; [`is_terminated`](Self::is_terminated) tells.
///
/// # Cancel safety
///
/// Awaiting `&mut receiver` is cancel-safe: where another branch wins, the value stays in the channel. Dropping the
/// receiver itself drops a value that is there, and closes the channel.
///
/// # Examples
///
/// ```
/// use heist_sync::oneshot;
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = oneshot::channel::<u32>();
/// drop(tx);
/// assert!(rx.await.is_err());
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    rx: Rx<T>,
    waiting: Waiting,
}

impl<T> Receiver<T> {
    /// Closes the channel: a `send` from now on fails. A value that was sent before can still be received.
    ///
    /// It does nothing where the value was received, or the channel closed, before.
    ///
    /// asyncio's `Future.cancel`.
    ///
    /// # Panics
    ///
    /// If the waker of a sender that waits in [`closed`](Sender::closed) does, unless the thread panics already. The channel is
    /// closed by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// rx.close();
    /// assert_eq!(tx.send("too late"), Err("too late"));
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// tx.send("in time").unwrap();
    /// rx.close();
    /// assert_eq!(rx.try_recv(), Ok("in time"));
    /// ```
    pub fn close(&mut self) {
        self.rx.close();
    }

    /// Takes the value if it is there, without waiting.
    ///
    /// asyncio's `Future.result`.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if nothing was sent yet; [`TryRecvError::Closed`] if there will be no value, or it was
    /// received already.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.rx.try_recv() {
            Outcome::Value(value) => Ok(value),
            Outcome::Open => Err(TryRecvError::Empty),
            Outcome::Closed => Err(TryRecvError::Closed),
        }
    }

    /// Blocks the thread until the value is there: for code that is not async.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if there will be no value.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await the receiver; or if it was polled or
    /// tried to its end before.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    /// use std::thread;
    ///
    /// let (tx, rx) = oneshot::channel();
    /// let waiting = thread::spawn(move || rx.blocking_recv());
    /// tx.send(5).unwrap();
    /// assert_eq!(waiting.join().unwrap(), Ok(5));
    /// ```
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        coop::assert_may_block("oneshot::Receiver::blocking_recv", "await the receiver");
        blocking::block_on(self)
    }

    /// Whether there is no value to take now: none was sent yet, none will be, or it was received already.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    ///
    /// let (tx, rx) = oneshot::channel();
    /// assert!(rx.is_empty());
    /// tx.send(0).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_empty(&self) -> bool {
        self.rx.is_empty()
    }

    /// Whether the receiver has given its outcome: polled again, it would panic.
    ///
    /// asyncio's `Future.done`, from the side that awaits.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::oneshot;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = oneshot::channel();
    /// tx.send(0).unwrap();
    /// assert!(!rx.is_terminated());
    /// assert_eq!((&mut rx).await, Ok(0));
    /// assert!(rx.is_terminated());
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn is_terminated(&self) -> bool {
        self.rx.is_terminated()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let coop = ready!(coop::poll_proceed(cx));
        let Self { rx, waiting } = &mut *self;
        let value = ready!(waiting.poll("poll_recv", || rx.poll_recv(cx)));
        coop.made_progress();
        Poll::Ready(value.ok_or(RecvError(())))
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("is_empty", &self.is_empty())
            .field("is_terminated", &self.is_terminated())
            .finish_non_exhaustive()
    }
}
