//! The halves that both kinds of channel are made of: the queue, with the senders counted, its end told, and its bound kept.
//!
//! In come the operations of the public halves, in `bounded.rs` and `unbounded.rs`; out go values, and the news that the
//! channel is closed. What bounds the channel is a [`Bound`].
//!
//! The queue is closed when nothing more can come: once all senders are gone, once the receiver is, or once the receiver
//! has closed the channel and no permit is out any more. So a receiver needs to ask nothing but the queue.

use super::error::{SendError, TryRecvError, TrySendError};
use super::queue::{self, Head, Queue};
use crate::Notify;
use crate::coop;
use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::semaphore::TryAcquireError;
use crate::semaphore::core::Permits;
use crate::trace::Waiting;
use crate::waking::wake;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

/// What says how many values may be in a channel: a permit for each, which a sender has taken before it pushes.
pub(super) trait Bound {
    /// Takes back the permits of values that were received, or of permits that were not used. Its wakers' panics are
    /// not passed on.
    fn give_back(&self, permits: usize);

    /// Gives out no more permits, and ends the wait of those that want one.
    fn close(&self);

    fn is_closed(&self) -> bool;

    /// Whether it is closed, and has all its permits back.
    fn is_done(&self) -> bool;
}

/// No bound.
pub(super) struct Unbounded;

impl Bound for Unbounded {
    #[inline(always)]
    fn give_back(&self, _: usize) {}

    fn close(&self) {}

    fn is_closed(&self) -> bool {
        false
    }

    #[inline(always)]
    fn is_done(&self) -> bool {
        false
    }
}

/// So many at a time.
pub(super) struct Slots {
    permits: Permits,
    max: usize,
}

impl Slots {
    #[track_caller]
    pub(super) fn new(max: usize) -> Self {
        assert!(
            max > 0,
            "a channel for no value could never send one: give it room for at least one"
        );
        assert!(
            max <= Permits::MAX,
            "a channel may not have room for more than `Semaphore::MAX_PERMITS` values"
        );
        Self {
            permits: Permits::new(max),
            max,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.permits.available()
    }

    pub(super) fn max_capacity(&self) -> usize {
        self.max
    }

    #[inline]
    pub(super) fn try_acquire(&self, n: usize) -> Result<(), TryAcquireError> {
        self.permits.try_acquire(n)
    }

    pub(super) fn try_reserve(&self, n: usize) -> Result<(), TrySendError<()>> {
        self.try_acquire(n).map_err(|error| match error {
            TryAcquireError::NoPermits => TrySendError::Full(()),
            TryAcquireError::Closed => TrySendError::Closed(()),
        })
    }
}

impl Bound for Slots {
    #[inline]
    fn give_back(&self, permits: usize) {
        self.permits.release_quietly(permits);
    }

    fn close(&self) {
        self.permits.close();
    }

    #[inline]
    fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    #[inline]
    fn is_done(&self) -> bool {
        // Two looks will do: once it is closed, permits only come back. And it is one word: of one who closes it and one
        // who gives the last back, the later sees both.
        self.permits.is_closed() && self.permits.available() == self.max
    }
}

/// What all halves share.
pub(super) struct Channel<T, B> {
    queue: Queue<T>,
    bound: B,
    senders: AtomicUsize,
    weak_senders: AtomicUsize,
    /// Told when the receiver has closed the channel, or is gone.
    closed: Notify,
}

// A panic leaves it as it was: no foreign code runs while it is changed.
impl<T, B> UnwindSafe for Channel<T, B> {}
impl<T, B> RefUnwindSafe for Channel<T, B> {}

impl<T, B: Bound> Channel<T, B> {
    /// Gives permits back; the last one ends a channel that the receiver has closed.
    #[inline]
    pub(super) fn give_back(&self, permits: usize) {
        if permits != 0 {
            self.bound.give_back(permits);
        }
        if self.bound.is_done() {
            self.end();
        }
    }

    /// Closes the queue, and wakes the receiver if it waits.
    #[cold]
    fn end(&self) {
        if let Some(waker) = self.queue.close() {
            wake(waker);
        }
    }

    /// Gives no more permits out, ends the queue if none is out, and tells the senders.
    fn close(&self) {
        // Both also when a waker panics.
        let _tell = Tell(&self.closed);
        let _end = EndIfDone(self);
        self.bound.close();
    }

    fn is_closed(&self) -> bool {
        self.bound.is_closed() || self.queue.is_closed()
    }
}

/// Tells the senders, as it is dropped, that the channel is closed.
struct Tell<'a>(&'a Notify);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

/// Ends the queue, as it is dropped, if the channel is closed and no permit is out.
struct EndIfDone<'a, T, B: Bound>(&'a Channel<T, B>);

impl<T, B: Bound> Drop for EndIfDone<'_, T, B> {
    fn drop(&mut self) {
        self.0.give_back(0);
    }
}

/// A channel's two halves.
pub(super) fn new<T, B: Bound>(bound: B) -> (Tx<T, B>, Rx<T, B>) {
    let (queue, head) = queue::new();
    let channel = Arc::new(Channel {
        queue,
        bound,
        senders: AtomicUsize::new(1),
        weak_senders: AtomicUsize::new(0),
        closed: Notify::new(),
    });
    let tx = Tx(Arc::clone(&channel));
    (tx, Rx { channel, head })
}

/// A sender's part: counted, so that the receiver learns when the last is gone.
pub(super) struct Tx<T, B: Bound>(Arc<Channel<T, B>>);

impl<T, B: Bound> Tx<T, B> {
    /// Sends, with a permit of the bound, which goes with the value.
    #[inline]
    pub(super) fn push(&self, value: T) -> Result<(), T> {
        self.0.queue.push(value)
    }

    #[inline]
    pub(super) fn bound(&self) -> &B {
        &self.0.bound
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    pub(super) async fn closed(&self) {
        let told = self.0.closed.notified();
        if !self.is_closed() {
            told.await;
        }
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn downgrade(&self) -> WeakTx<T, B> {
        WeakTx::new(&self.0)
    }

    pub(super) fn strong_count(&self) -> usize {
        self.0.senders.load(Relaxed)
    }

    pub(super) fn weak_count(&self) -> usize {
        self.0.weak_senders.load(Relaxed)
    }
}

impl<T> Tx<T, Slots> {
    /// Takes `n` permits, or waits for them.
    #[inline]
    pub(super) async fn acquire(&self, n: usize) -> Result<(), SendError<()>> {
        let slots = self.bound();
        if n > slots.max {
            return Err(SendError(()));
        }
        // Where they are there, nothing else is made.
        let there = poll_fn(|cx| {
            let coop = ready!(coop::poll_proceed(cx));
            let there = slots.try_acquire(n).is_ok();
            if there {
                coop.made_progress();
            }
            Poll::Ready(there)
        });
        if there.await {
            return Ok(());
        }
        // A future that goes without its permits may be the last to give some back.
        let end = EndIfDone(&*self.0);
        let waiting = Waiting::new("Semaphore", "Sync", "mpsc::Sender::reserve");
        let acquired = slots.permits.acquire(n, waiting).await;
        if acquired.is_ok() {
            mem::forget(end);
        }
        acquired.map_err(|_| SendError(()))
    }

    /// Gives `n` permits back that were not used.
    pub(super) fn release(&self, n: usize) {
        // Also when a waker panics.
        let _end = EndIfDone(&*self.0);
        self.bound().permits.release(n);
    }
}

impl<T, B: Bound> Clone for Tx<T, B> {
    fn clone(&self) -> Self {
        let channel = Arc::clone(&self.0);
        // Relaxed: there is one, so the count is not zero, and nothing is told by it. The `Arc`'s count is not smaller,
        // and aborts before this one can wrap.
        channel.senders.fetch_add(1, Relaxed);
        Self(channel)
    }
}

impl<T, B: Bound> Drop for Tx<T, B> {
    fn drop(&mut self) {
        // Release: what this sender did; Acquire: what all the others did, before the end is told.
        if self.0.senders.fetch_sub(1, AcqRel) == 1 {
            self.0.end();
        }
    }
}

impl<T, B: Bound> fmt::Debug for Tx<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// A weak sender's part, which keeps the memory and not the channel.
pub(super) struct WeakTx<T, B>(Arc<Channel<T, B>>);

impl<T, B> WeakTx<T, B> {
    fn new(channel: &Arc<Channel<T, B>>) -> Self {
        let channel = Arc::clone(channel);
        channel.weak_senders.fetch_add(1, Relaxed);
        Self(channel)
    }

    pub(super) fn strong_count(&self) -> usize {
        self.0.senders.load(Relaxed)
    }

    pub(super) fn weak_count(&self) -> usize {
        self.0.weak_senders.load(Relaxed)
    }
}

impl<T, B: Bound> WeakTx<T, B> {
    /// A sender, unless the last one is gone.
    pub(super) fn upgrade(&self) -> Option<Tx<T, B>> {
        let mut senders = self.0.senders.load(Relaxed);
        while senders != 0 {
            // Acquire: what a sender did that is gone comes before what this one does. Relaxed will do on failure.
            match self
                .0
                .senders
                .compare_exchange_weak(senders, senders + 1, Acquire, Relaxed)
            {
                Ok(_) => return Some(Tx(Arc::clone(&self.0))),
                Err(actual) => senders = actual,
            }
        }
        None
    }
}

impl<T, B> Clone for WeakTx<T, B> {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl<T, B> Drop for WeakTx<T, B> {
    fn drop(&mut self) {
        self.0.weak_senders.fetch_sub(1, Relaxed);
    }
}

/// The receiver's part.
pub(super) struct Rx<T, B: Bound> {
    channel: Arc<Channel<T, B>>,
    head: Head<T>,
}

// Nothing of a value is seen from outside, and the head is moved on before anything foreign runs.
impl<T, B: Bound> UnwindSafe for Rx<T, B> {}
impl<T, B: Bound> RefUnwindSafe for Rx<T, B> {}

impl<T, B: Bound> Rx<T, B> {
    #[inline]
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let coop = ready!(coop::poll_proceed(cx));
        // SAFETY: the head is of this channel's queue.
        let is_there = ready!(unsafe { self.head.poll_ready(&self.channel.queue, cx) });
        coop.made_progress();
        // SAFETY: it is ready.
        Poll::Ready(is_there.then(|| unsafe { self.take() }))
    }

    pub(super) fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
        let coop = ready!(coop::poll_proceed(cx));
        let queue = &self.channel.queue;
        let before = buffer.len();
        // SAFETY: the head is of this channel's queue.
        if ready!(unsafe { self.head.poll_ready(queue, cx) }) {
            while self.head.is_ready() && buffer.len() - before < limit {
                // SAFETY: as above, and it is ready.
                buffer.push(unsafe { self.head.take(queue) });
            }
            self.channel.give_back(buffer.len() - before);
        }
        coop.made_progress();
        Poll::Ready(buffer.len() - before)
    }

    pub(super) fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.head.try_ready(&self.channel.queue)?;
        // SAFETY: it is ready.
        Ok(unsafe { self.take() })
    }

    /// Takes the value in front, and gives its room back.
    ///
    /// # Safety
    ///
    /// It is ready.
    #[inline]
    unsafe fn take(&mut self) -> T {
        // SAFETY: the head is of this channel's queue, and the rest is the caller's.
        let value = unsafe { self.head.take(&self.channel.queue) };
        self.channel.give_back(1);
        value
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty(&self.channel.queue)
    }

    pub(super) fn len(&self) -> usize {
        self.head.len(&self.channel.queue)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    pub(super) fn bound(&self) -> &B {
        &self.channel.bound
    }

    pub(super) fn sender_strong_count(&self) -> usize {
        self.channel.senders.load(Relaxed)
    }

    pub(super) fn sender_weak_count(&self) -> usize {
        self.channel.weak_senders.load(Relaxed)
    }
}

impl<T> Rx<T, Slots> {
    /// Closes the channel; what was sent, and what will be with permits, is still received.
    pub(super) fn close(&mut self) {
        self.channel.close();
    }
}

impl<T> Rx<T, Unbounded> {
    /// Closes the channel; what was sent is still there.
    pub(super) fn close(&mut self) {
        let waker = self.channel.queue.close();
        let _tell = Tell(&self.channel.closed);
        // Another task than the one that closes it may have polled last.
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

impl<T, B: Bound> Drop for Rx<T, B> {
    fn drop(&mut self) {
        /// Also when a sender's waker panics.
        struct Drain<'a, T>(&'a mut Head<T>, &'a Queue<T>);

        impl<T> Drop for Drain<'_, T> {
            fn drop(&mut self) {
                // SAFETY: the head is of this channel's queue, which was closed below, and goes with the receiver.
                unsafe { self.0.drain(self.1) };
            }
        }

        let channel = &*self.channel;
        // Nobody waits any more.
        let _waker = channel.queue.close();
        let _drain = Drain(&mut self.head, &channel.queue);
        channel.close();
    }
}

impl<T, B: Bound> fmt::Debug for Rx<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rx")
            .field("is_closed", &self.is_closed())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
