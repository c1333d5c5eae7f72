//! The memory that the two halves of a [`oneshot`](super) channel share, and the protocol by which they use and free it.
//!
//! In come [`Tx`] and [`Rx`], the two owners, called only by the public types in `halves.rs`; out go the value and
//! the wake-ups. There is exactly one of each side, so there is no reference count and no list: one byte of state
//! says who may touch what.
//!
//! # The state
//!
//! Each side has three bits, and the protocol is the same for both:
//!
//! | bit | set | means |
//! | --- | --- | --- |
//! | `waker` | by the side itself, with its waker written | wake me when you are done |
//! | `done` | once, by the side itself: the sender has sent or was dropped; the receiver has closed or was dropped | the channel's outcome is decided, unless the other was done before |
//! | `left` | once, with `done` or after it | this side touches the memory no more |
//!
//! ```text
//!            poll_done (1)               finish (3)                finish, leave (4)
//! nothing ──────────────────▶ waker ──────────────────▶ done ──────────────────────▶ left
//!         ◀──────────────────                                                         ▲
//!            poll_done (2)                 finish (3), where there was no waker       │
//!         ────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The side that is done first decides the outcome: a sender that finds the receiver done gets its value back, and
//! does not become done itself before it has. When both are done, one has found the other so, and nothing remains but
//! to leave.
//!
//! # The rules
//!
//! 1. `value` is the sender's until the sender is done, and the receiver's from then on.
//! 2. The bytes of a side's waker are written by that side alone, while its `waker` bit is clear. While the bit is
//!    set, both sides may read them.
//! 3. The waker itself (who must wake or drop it) goes with the bit. A side that becomes done while the other is not
//!    takes the other's waker if that bit was set in the state which it replaced, and takes back its own. A side that
//!    clears its bit and finds the other not done has its own back. Once a side is done, the other's `waker` bit
//!    means nothing: whoever was to take the waker has taken it.
//! 4. A side that has left touches nothing. The second to leave frees the memory, and it knows that it is the second
//!    by the other's `left` bit.
//!
//! # The cost
//!
//! Locked operations: none to make a channel; one to send, and another if somebody waits; one to wait; none to
//! receive what is there, and none to free the memory once the other side has left.

use crate::loom::Tracked;
use crate::loom::atomic::AtomicU8;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::loom::cell::UnsafeCell;
use crate::waking::wake;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

/// One side of the channel: its bits, and which of the wakers is its own.
struct Side {
    waker: u8,
    done: u8,
    left: u8,
    slot: usize,
}

const TX: Side = Side {
    waker: 1 << 0,
    done: 1 << 1,
    left: 1 << 2,
    slot: 0,
};

const RX: Side = Side {
    waker: 1 << 3,
    done: 1 << 4,
    left: 1 << 5,
    slot: 1,
};

struct Channel<T> {
    state: AtomicU8,
    wakers: [UnsafeCell<MaybeUninit<Waker>>; 2],
    value: UnsafeCell<Option<T>>,
    _tracked: Tracked,
}

impl<T> Channel<T> {
    fn new() -> Self {
        Self {
            state: AtomicU8::new(0),
            wakers: [const { MaybeUninit::uninit() }; 2].map(UnsafeCell::new),
            value: UnsafeCell::new(None),
            _tracked: Tracked::new(),
        }
    }

    /// Takes the waker out of `side`'s slot.
    ///
    /// # Safety
    ///
    /// The waker is the caller's by rule 3, and is taken once.
    unsafe fn take_waker(&self, side: &Side) -> Waker {
        // SAFETY: rule 3 says that there is one. Its bytes stay, so this only reads, as rule 2 allows beside another
        // reader.
        self.wakers[side.slot].with(|waker| unsafe { (*waker).assume_init_read() })
    }

    /// Is ready, with the state, once either side is done; before that it leaves the waker for the other side.
    ///
    /// # Safety
    ///
    /// The caller is the only user of `me`'s side.
    #[inline]
    unsafe fn poll_done(&self, me: &Side, other: &Side, cx: &mut Context<'_>) -> Poll<u8> {
        // Acquire: what the other side did before it was done is ours now.
        let state = self.state.load(Acquire);
        if state & (me.done | other.done) != 0 {
            return Poll::Ready(state);
        }
        // SAFETY: as the caller's.
        unsafe { self.register(me, other, cx.waker(), state) }
    }

    /// The part of [`poll_done`](Self::poll_done) that waits.
    ///
    /// # Safety
    ///
    /// The caller is the only user of `me`'s side, which is not done.
    unsafe fn register(&self, me: &Side, other: &Side, waker: &Waker, state: u8) -> Poll<u8> {
        let slot = &self.wakers[me.slot];
        let mut former = None;
        let registered = state & me.waker != 0;
        // SAFETY: the bit is set, so the bytes are there and nobody writes them (rule 2). The other side may have
        // taken the waker in the meantime: only the bytes are compared, and then it is about to be woken.
        if registered && slot.with(|old| unsafe { (*old).assume_init_ref() }.will_wake(waker)) {
            return Poll::Pending;
        }
        // Foreign code that may panic: while the state says that all is as it was.
        let waker = waker.clone();
        if registered {
            // Transition 2. Acquire: for what the other side has done, if it is done.
            let state = self.state.fetch_and(!me.waker, Acquire);
            if state & other.done != 0 {
                return Poll::Ready(state);
            }
            // SAFETY: the bit was set and the other side not done: ours again by rule 3.
            former = Some(unsafe { self.take_waker(me) });
        }
        // SAFETY: the bit is clear, and this is our side (rule 2).
        slot.with_mut(|slot| unsafe { (*slot).write(waker) });
        // Transition 1. Release: the bytes go with the bit. Acquire: as above.
        let state = self.state.fetch_or(me.waker, AcqRel);
        if state & other.done != 0 {
            // SAFETY: the other side was done before the bit was set, and so has not taken the waker (rule 3).
            drop(unsafe { self.take_waker(me) });
            return Poll::Ready(state);
        }
        drop(former);
        Poll::Pending
    }

    /// Makes `me` done, and wakes the other side, unless either is done already: that state comes back as the error,
    /// with nothing changed. If `leave` is set, `me` has left as well.
    ///
    /// # Safety
    ///
    /// The caller is the only user of `me`'s side, which has not left. If it is told to leave, and does, it uses
    /// `this` no more.
    #[inline]
    unsafe fn finish(this: NonNull<Self>, me: &Side, other: &Side, leave: bool) -> Result<(), u8> {
        // SAFETY: `me` has not left, so the memory is there (rule 4).
        let channel = unsafe { this.as_ref() };
        let mut state = channel.state.load(Acquire);
        loop {
            if state & (me.done | other.done) != 0 {
                return Err(state);
            }
            let mut next = (state | me.done) & !me.waker;
            if leave && state & (me.waker | other.waker) == 0 {
                next |= me.left;
            }
            // Transition 3. Release: the value, and all else that we did, goes with the bits. Acquire: for the other
            // side's waker; on failure, for what it did before it was done.
            match channel
                .state
                .compare_exchange_weak(state, next, AcqRel, Acquire)
            {
                Ok(_) => break,
                Err(actual) => state = actual,
            }
        }
        if state & (me.waker | other.waker) != 0 {
            // SAFETY: `me` became done in this state and has not left; what `finish` asks holds for the rest.
            unsafe { Self::finish_wakers(this, me, other, leave, state) };
        }
        Ok(())
    }

    /// The part of [`finish`](Self::finish) for a channel on which somebody waits.
    ///
    /// # Safety
    ///
    /// As `finish`; `me` became done in `state`, when the other side was not, and has not left.
    unsafe fn finish_wakers(this: NonNull<Self>, me: &Side, other: &Side, leave: bool, state: u8) {
        // SAFETY: `me` has not left, so the memory is there (rule 4).
        let channel = unsafe { this.as_ref() };
        // SAFETY: these bits were set in the state which became done: both wakers are ours (rule 3).
        let take =
            |side: &Side| (state & side.waker != 0).then(|| unsafe { channel.take_waker(side) });
        let _mine = take(me);
        let theirs = take(other);
        if leave {
            // SAFETY: as the caller's; the wakers are out, and nothing else is used below.
            unsafe { Self::leave(this, me, other, state) };
        }
        // Last, since it runs foreign code.
        if let Some(waker) = theirs {
            wake(waker);
        }
    }

    /// Leaves for good, and frees the memory if the other side has left. `state` is a state that was seen before,
    /// with Acquire.
    ///
    /// # Safety
    ///
    /// `me` has not left, has nothing in the channel that it wants, and uses `this` no more.
    #[inline]
    unsafe fn leave(this: NonNull<Self>, me: &Side, other: &Side, mut state: u8) {
        if state & other.left == 0 {
            // SAFETY: `me` has not left, so the memory is there (rule 4).
            let channel = unsafe { this.as_ref() };
            // Transition 4. Release: what we did comes before the other side frees it. Acquire: and the other way round.
            state = channel.state.fetch_or(me.done | me.left, AcqRel);
        }
        if state & other.left != 0 {
            // SAFETY: both have left, we are the second (rule 4). It came out of a box.
            drop(unsafe { Box::from_raw(this.as_ptr()) });
        }
    }
}

/// Both have left: loom checks that all that the other side did came before.
#[cfg(heist_loom)]
impl<T> Drop for Channel<T> {
    fn drop(&mut self) {
        self.state.with_mut(|_| ());
        self.value.with_mut(|_| ());
        for waker in &self.wakers {
            waker.with_mut(|_| ());
        }
    }
}

/// The sender's side.
pub(super) struct Tx<T>(NonNull<Channel<T>>);

/// The receiver's side; `None` once it has got its outcome.
pub(super) struct Rx<T>(Option<NonNull<Channel<T>>>);

// SAFETY: the halves give each other the value (T: Send) and wakers (Send), under the rules above; neither gives out
// a `&T`.
unsafe impl<T: Send> Send for Tx<T> {}
// SAFETY: as above. By `&Tx` the state is loaded, and no more.
unsafe impl<T: Send> Sync for Tx<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Rx<T> {}
// SAFETY: as above. By `&Rx` the state is loaded, and it is asked whether there is a value, which is only read.
unsafe impl<T: Send> Sync for Rx<T> {}

/// What a receiver that does not wait finds.
pub(super) enum Outcome<T> {
    Open,
    Closed,
    Value(T),
}

pub(super) fn new<T>() -> (Tx<T>, Rx<T>) {
    let channel = NonNull::from(Box::leak(Box::new(Channel::new())));
    (Tx(channel), Rx(Some(channel)))
}

impl<T> Tx<T> {
    fn channel(&self) -> &Channel<T> {
        // SAFETY: this side leaves only in `send` and in `drop`, so the memory is there (rule 4).
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(super) fn send(self, value: T) -> Result<(), T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: we are the sender, and not done (rule 1). What is overwritten is `None`.
        this.channel()
            .value
            .with_mut(|cell| unsafe { cell.write(Some(value)) });
        // SAFETY: we are the sender, and go with this call.
        let Err(state) = (unsafe { Channel::finish(this.0, &TX, &RX, true) }) else {
            return Ok(());
        };
        // SAFETY: the receiver was done first, so we are not done and the value is still ours (rule 1).
        let value = this
            .channel()
            .value
            .with_mut(|cell| unsafe { (*cell).take() });
        // SAFETY: we have not left, since `finish` changed nothing, and go with this call.
        unsafe { Channel::leave(this.0, &TX, &RX, state) };
        Err(value.expect("the value was put there above"))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.channel().state.load(Acquire) & RX.done != 0
    }

    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: we are the sender, and `&mut` makes us its only user.
        unsafe { self.channel().poll_done(&TX, &RX, cx) }.map(|_state| ())
    }
}

impl<T> Drop for Tx<T> {
    fn drop(&mut self) {
        // SAFETY: we are the sender, and go with this call; where `finish` fails, we have not left.
        unsafe {
            if let Err(state) = Channel::finish(self.0, &TX, &RX, true) {
                Channel::leave(self.0, &TX, &RX, state);
            }
        }
    }
}

impl<T> Rx<T> {
    fn channel(&self) -> Option<&Channel<T>> {
        // SAFETY: where this side leaves, it takes the pointer out, so the memory is there (rule 4).
        self.0.map(|channel| unsafe { channel.as_ref() })
    }

    pub(super) fn is_terminated(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        let Some(channel) = self.channel() else {
            return true;
        };
        // SAFETY: the sender is done: the value is ours (rule 1), and shared with none but readers.
        channel.state.load(Acquire) & TX.done == 0
            || channel.value.with(|cell| unsafe { (*cell).is_none() })
    }

    /// The value, or `None` if there will be none.
    ///
    /// Panics if it was ready before.
    #[inline]
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let channel = self
            .channel()
            .expect("a oneshot receiver was polled after it was ready");
        // SAFETY: we are the receiver, and `&mut` makes us its only user.
        let state = ready!(unsafe { channel.poll_done(&RX, &TX, cx) });
        Poll::Ready(self.take(state))
    }

    pub(super) fn try_recv(&mut self) -> Outcome<T> {
        let Some(channel) = self.channel() else {
            return Outcome::Closed;
        };
        let state = channel.state.load(Acquire);
        if state & (TX.done | RX.done) == 0 {
            return Outcome::Open;
        }
        self.take(state).map_or(Outcome::Closed, Outcome::Value)
    }

    /// Takes the outcome and leaves. In `state`, seen with Acquire, one side was done.
    #[inline]
    fn take(&mut self, state: u8) -> Option<T> {
        let channel = self.0.take()?;
        let mut value = None;
        if state & TX.done != 0 {
            // SAFETY: we have not left (rule 4), and the sender is done (rule 1).
            value = unsafe { channel.as_ref() }
                .value
                .with_mut(|cell| unsafe { (*cell).take() });
        }
        // SAFETY: we are the receiver, and have given the pointer up.
        unsafe { Channel::leave(channel, &RX, &TX, state) };
        value
    }

    pub(super) fn close(&mut self) {
        if let Some(channel) = self.0 {
            // SAFETY: we are the receiver, and do not leave. That either was done before is as good.
            let _ = unsafe { Channel::finish(channel, &RX, &TX, false) };
        }
    }
}

impl<T> Drop for Rx<T> {
    fn drop(&mut self) {
        let Some(channel) = self.0 else { return };
        // SAFETY: we are the receiver, and if it succeeds we go with this call.
        if let Err(state) = unsafe { Channel::finish(channel, &RX, &TX, true) } {
            // The memory goes first, so that a panic in the value's drop leaks nothing.
            drop(self.take(state));
        }
    }
}
