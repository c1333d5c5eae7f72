//! The queue of a channel: a list of blocks of slots (`block.rs`), many that push, one that pops, and that one's waker.
//!
//! In come values, from the senders' side ([`Queue`]) in `chan.rs`; out they go, in the order in which they were pushed,
//! on the receiver's side ([`Head`]), with its wake-up. It has no bound: who may push is not its affair.
//!
//! # The tail
//!
//! One word has the position of the next push, and two bits. A position is a number of slots passed; of each
//! [`LAP`](Block::LAP) of them the last has no slot, and stands for "the next block is being appended".
//!
//! ```text
//!           the receiver waits (1)              the receiver is gone, or all senders (4)
//! nothing ─────────────────────────▶ WAITING ─────────────────────────────────────────────▶ CLOSED
//!    ▲    ◀─────────────────────────                                                          ▲
//!    │      a push (2), or another waker (3)                                  (4)             │
//!    └────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # The rules
//!
//! 1. A slot is its pusher's from the moment in which the tail passes it until it is `ready`, and the receiver's from
//!    then on. Once CLOSED is set the tail passes no more.
//! 2. Who passes the last slot of a block appends the next one before that slot is ready, and touches neither block
//!    afterwards but to fill it. So a block whose last slot was popped is in nobody's hands but the receiver's.
//! 3. A pusher that has only looked at the tail's block touches it not until the tail has passed a slot of it.
//! 4. The waker's bytes are written by the receiver alone, while WAITING is clear and nobody is about to take it. Who
//!    clears the bit takes the waker. A pusher has taken it before its slot is ready, and the receiver waits again only
//!    after it has popped that slot; who closes is the last to clear the bit.
//!
//! # The cost
//!
//! Locked operations: one a push, and two more a block; none to pop; one to wait, and one more where the waker changes.
//! A push that wakes nobody looks at nothing but the tail and its slot.

use super::block::{Block, Owned, Slot};
use super::error::TryRecvError;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::atomic::{AtomicPtr, AtomicUsize};
use crate::loom::cell::UnsafeCell;
use crate::loom::thread;
use crate::waking::wake;
use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, Waker};

/// The receiver waits for the next push: its waker is there. Set only while the tail is where the receiver is.
const WAITING: usize = 1 << 0;
/// Nothing is pushed any more.
const CLOSED: usize = 1 << 1;
/// One position. The positions are all bits from here on, and wrap.
const STEP: usize = 1 << 2;

/// How often the receiver looks for a value whose push has begun, before it comes back later.
const SPINS: usize = if cfg!(heist_loom) { 2 } else { 64 };

/// The position of a tail.
const fn position(tail: usize) -> usize {
    tail & !(STEP - 1)
}

/// Where in its block a position is.
const fn offset<T>(position: usize) -> usize {
    position / STEP % Block::<T>::LAP
}

/// The senders' side, and what both sides share.
pub(super) struct Queue<T> {
    tail: AtomicUsize,
    /// The block that the tail is in.
    block: AtomicPtr<Block<T>>,
    /// An empty block, for the next that is needed.
    spare: AtomicPtr<Block<T>>,
    waker: UnsafeCell<MaybeUninit<Waker>>,
}

/// The receiver's side, which is its own: nothing of it is shared.
pub(super) struct Head<T> {
    block: NonNull<Block<T>>,
    position: usize,
}

// SAFETY: values (T: Send) and wakers (Send) go from thread to thread, under the rules; neither side gives out a `&T`.
unsafe impl<T: Send> Send for Queue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Queue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Head<T> {}
// SAFETY: as above; by `&Head` its position is read, and no more.
unsafe impl<T: Send> Sync for Head<T> {}

/// Gives way to a thread that is in the middle of a push: it has a few instructions to go, unless it was interrupted.
fn give_way(round: &mut u32) {
    if cfg!(not(heist_loom)) && *round < 6 {
        (0..1 << *round).for_each(|_| spin_loop());
        *round += 1;
    } else {
        thread::yield_now();
    }
}

/// An empty queue.
pub(super) fn new<T>() -> (Queue<T>, Head<T>) {
    let block = Owned::new().into_raw();
    let queue = Queue {
        tail: AtomicUsize::new(0),
        block: AtomicPtr::new(block.as_ptr()),
        spare: AtomicPtr::new(ptr::null_mut()),
        waker: UnsafeCell::new(MaybeUninit::uninit()),
    };
    (queue, Head { block, position: 0 })
}

impl<T> Queue<T> {
    /// Puts a value behind the others, and wakes the receiver if it waits; gives the value back if the queue is closed.
    #[inline]
    pub(super) fn push(&self, value: T) -> Result<(), T> {
        // Acquire, here and below: the block that was stored before the tail came to this position is seen.
        let mut tail = self.tail.load(Acquire);
        loop {
            if tail & CLOSED != 0 {
                return Err(value);
            }
            let offset = offset::<T>(tail);
            // Acquire: who sees a later block sees the later tail as well, and so fails below.
            let block = self.block.load(Acquire);
            let passed = if offset < Block::<T>::SLOTS - 1 {
                // Acquire: the receiver's waker, if it waits (transition 2). The slot's own flag publishes the value.
                self.tail
                    .compare_exchange_weak(tail, position(tail) + STEP, Acquire, Acquire)
            } else {
                self.pass_last(tail, block)
            };
            match passed {
                Ok(_) => {
                    // SAFETY: the tail has passed this slot of this block for us, in that state.
                    unsafe { self.fill(block, offset, tail, value) };
                    return Ok(());
                }
                Err(actual) => tail = actual,
            }
        }
    }

    /// Passes the last slot of `block` and appends the next, or waits until somebody else has: the present tail is the
    /// error.
    #[cold]
    fn pass_last(&self, tail: usize, block: *mut Block<T>) -> Result<usize, usize> {
        if offset::<T>(tail) == Block::<T>::SLOTS {
            let mut round = 0;
            loop {
                let tail = self.tail.load(Acquire);
                if offset::<T>(tail) != Block::<T>::SLOTS {
                    return Err(tail);
                }
                give_way(&mut round);
            }
        }
        // Before the tail passes: others wait from then on.
        let next = self.take_spare();
        // Acquire: as in `push`.
        let passed = self
            .tail
            .compare_exchange(tail, position(tail) + STEP, Acquire, Acquire);
        if passed.is_err() {
            self.keep_spare(next);
            return passed;
        }
        let next = next.into_raw().as_ptr();
        // Release: the block is empty, for whoever finds it.
        self.block.store(next, Release);
        // Release: who finds the tail in the next block finds that block.
        self.tail.fetch_add(STEP, Release);
        // SAFETY: the tail has passed a slot of it for us, which is not ready (rules 1 and 2).
        // Release: as above, for the receiver; which looks only once our slot is ready.
        unsafe { (*block).next.store(next, Release) };
        passed
    }

    /// Fills the slot, and wakes the receiver if it waited.
    ///
    /// # Safety
    ///
    /// The caller has made the tail pass this slot of this block, from the state `tail`.
    #[inline]
    unsafe fn fill(&self, block: *mut Block<T>, offset: usize, tail: usize, value: T) {
        // SAFETY: WAITING was cleared by the caller (rule 4).
        let waker = (tail & WAITING != 0).then(|| unsafe { self.take_waker() });
        // SAFETY: the slot is the caller's (rule 1), so the block is there (rule 2).
        let slot = unsafe { Block::slot(block, offset) };
        // SAFETY: as above.
        slot.value.with_mut(|cell| unsafe { (*cell).write(value) });
        // Release: the value, the next block and that the waker was taken. The block may be freed from here on.
        slot.ready.store(true, Release);
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// Closes the queue: the values that are in it stay. The waker of a receiver that waits is the caller's.
    pub(super) fn close(&self) -> Option<Waker> {
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return None;
            }
            // Transition 4. Release: what the caller did is seen by who finds it closed. Acquire: the waker.
            match self
                .tail
                .compare_exchange_weak(tail, position(tail) | CLOSED, AcqRel, Relaxed)
            {
                // SAFETY: WAITING was cleared by us (rule 4).
                Ok(_) => return (tail & WAITING != 0).then(|| unsafe { self.take_waker() }),
                Err(actual) => tail = actual,
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        // Acquire: see `close`.
        self.tail.load(Acquire) & CLOSED != 0
    }

    /// Takes the receiver's waker out.
    ///
    /// # Safety
    ///
    /// It is the caller's by rule 4, and is taken once.
    unsafe fn take_waker(&self) -> Waker {
        // SAFETY: it was there while WAITING was set. Its bytes stay, so this only reads, beside a receiver which may
        // compare them.
        self.waker
            .with(|waker| unsafe { (*waker).assume_init_read() })
    }

    fn take_spare(&self) -> Owned<T> {
        // Acquire: whoever kept it is done with it.
        let Some(spare) = NonNull::new(self.spare.swap(ptr::null_mut(), Acquire)) else {
            return Owned::new();
        };
        // SAFETY: it was kept there by its owner, and is taken once.
        let mut spare = unsafe { Owned::from_raw(spare) };
        spare.reset();
        spare
    }

    /// Keeps an empty block for the next that is needed, unless there is one.
    fn keep_spare(&self, block: Owned<T>) {
        let block = block.into_raw();
        // Release: see `take_spare`.
        let kept = self
            .spare
            .compare_exchange(ptr::null_mut(), block.as_ptr(), Release, Relaxed);
        if kept.is_err() {
            // SAFETY: it was ours above, and was not handed on.
            drop(unsafe { Owned::from_raw(block) });
        }
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        if let Some(spare) = NonNull::new(self.spare.swap(ptr::null_mut(), Acquire)) {
            // SAFETY: it was kept there by its owner, and there is nobody else any more.
            drop(unsafe { Owned::from_raw(spare) });
        }
    }
}

/// All that takes a `&Queue` asks that it is the one with which the head was made.
impl<T> Head<T> {
    fn slot(&self) -> &Slot<T> {
        // SAFETY: a head's block is there until its last slot is popped, and then the head is in the next (rule 2).
        unsafe { Block::slot(self.block.as_ptr(), offset::<T>(self.position)) }
    }

    /// Whether there is a value in front that can be [taken](Self::take).
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        // Acquire: see `fill`.
        self.slot().ready.load(Acquire)
    }

    /// Takes the value in front. No locked operation, but one a block. Where it goes to is the caller's: it may be large, so the rest speaks of it without moving it.
    ///
    /// # Safety
    ///
    /// The queue is this head's, and the value [is ready](Self::is_ready).
    #[inline]
    pub(super) unsafe fn take(&mut self, queue: &Queue<T>) -> T {
        let slot = self.slot();
        // SAFETY: it is ready, so there is a value and it is ours (rule 1). The position goes on, so it is taken once.
        let value = slot
            .value
            .with(|cell| unsafe { (*cell).assume_init_read() });
        self.position = self.position.wrapping_add(STEP);
        if offset::<T>(self.position) == Block::<T>::SLOTS {
            // SAFETY: the last slot was just popped.
            unsafe { self.next_block(queue) };
        }
        value
    }

    /// Goes on to the next block.
    ///
    /// # Safety
    ///
    /// The queue is this head's, and the last slot of the block was popped.
    #[cold]
    unsafe fn next_block(&mut self, queue: &Queue<T>) {
        self.position = self.position.wrapping_add(STEP);
        // SAFETY: the block is ours alone, and the next was appended before its last slot was ready (rule 2).
        // Acquire: it is empty, as whoever appended it made it.
        unsafe {
            let next = self.block.as_ref().next.load(Acquire);
            let former = std::mem::replace(&mut self.block, NonNull::new_unchecked(next));
            queue.keep_spare(Owned::from_raw(former));
        }
    }

    /// Waits for the value in front to be ready, if its push has begun: it has a few instructions to go, unless its thread was
    /// interrupted.
    pub(super) fn try_ready(&self, queue: &Queue<T>) -> Result<(), TryRecvError> {
        let mut round = 0;
        while !self.is_ready() {
            // Acquire: whoever knows of a push, or of the end, finds it.
            let tail = queue.tail.load(Acquire);
            if position(tail) == self.position {
                return Err(match tail & CLOSED {
                    0 => TryRecvError::Empty,
                    _ => TryRecvError::Disconnected,
                });
            }
            give_way(&mut round);
        }
        Ok(())
    }

    /// Whether a value is ready, or leaves the waker for the next push; `false` if the queue is closed and empty.
    ///
    /// # Safety
    ///
    /// The queue is this head's.
    #[inline]
    pub(super) unsafe fn poll_ready(
        &mut self,
        queue: &Queue<T>,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        if self.is_ready() {
            Poll::Ready(true)
        } else {
            // SAFETY: as the caller's.
            unsafe { self.wait(queue, cx) }
        }
    }

    /// The part of [`poll_ready`](Self::poll_ready) that waits.
    ///
    /// # Safety
    ///
    /// The queue is this head's.
    unsafe fn wait(&mut self, queue: &Queue<T>, cx: &mut Context<'_>) -> Poll<bool> {
        for _ in 0..SPINS {
            if self.is_ready() {
                return Poll::Ready(true);
            }
            // Acquire: what was done before it was closed; and that the waker was written before WAITING was set.
            let tail = queue.tail.load(Acquire);
            if position(tail) == self.position {
                // SAFETY: as the caller's.
                match unsafe { self.register(queue, cx.waker(), tail) } {
                    Some(true) => return Poll::Pending,
                    Some(false) => return Poll::Ready(false),
                    None => continue,
                }
            }
            spin_loop();
        }
        // A push has begun, and its thread was interrupted. It knows of no waker, or of another: come back, rather than
        // wait for it here.
        thread::yield_now();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Leaves the waker for the next push. Says whether the queue is open; `None` if it has changed in the meantime.
    ///
    /// # Safety
    ///
    /// The queue is this head's; `tail` was its tail, read with Acquire, and at this head's position.
    unsafe fn register(&mut self, queue: &Queue<T>, waker: &Waker, tail: usize) -> Option<bool> {
        if tail & CLOSED != 0 {
            return Some(false);
        }
        let mut former = None;
        let registered = tail & WAITING != 0;
        // SAFETY: it was written before the bit was set, and nobody else writes it (rule 4). A pusher may have taken it in
        // the meantime: only the bytes are compared, and then it is about to be woken.
        let same =
            |old: *const MaybeUninit<Waker>| unsafe { (*old).assume_init_ref().will_wake(waker) };
        if registered && queue.waker.with(same) {
            return Some(true);
        }
        // Foreign code that may panic: while all is as it was.
        let waker = waker.clone();
        if registered {
            // Transition 3. Relaxed: the waker was written by us.
            if queue.tail.fetch_and(!WAITING, Relaxed) & WAITING == 0 {
                return None;
            }
            // SAFETY: WAITING was cleared by us (rule 4).
            former = Some(unsafe { queue.take_waker() });
        }
        // SAFETY: the bit is clear, and whoever cleared it last was us, or a pusher whose slot we have popped (rule 4).
        queue.waker.with_mut(|cell| unsafe { (*cell).write(waker) });
        // Transition 1: nothing was pushed yet. Release: the waker.
        let waits =
            queue
                .tail
                .compare_exchange(self.position, self.position | WAITING, Release, Relaxed);
        if waits.is_err() {
            // SAFETY: the bit was not set, so it is still ours, and there.
            drop(unsafe { queue.take_waker() });
        }
        drop(former);
        waits.is_ok().then_some(true)
    }

    /// Whether no push has begun of what was not popped.
    pub(super) fn is_empty(&self, queue: &Queue<T>) -> bool {
        // Acquire: whoever knows of a push finds it.
        position(queue.tail.load(Acquire)) == self.position
    }

    /// How many values were pushed, and not popped; pushes that have begun are counted.
    pub(super) fn len(&self, queue: &Queue<T>) -> usize {
        // Acquire: as in `is_empty`.
        let tail = queue.tail.load(Acquire);
        let distance = position(tail).wrapping_sub(self.position) / STEP;
        // The positions that have no slot are not counted.
        distance - (offset::<T>(self.position) + distance) / Block::<T>::LAP
    }

    /// Drops what is in the queue, and frees the memory; a value that panics as it is dropped costs the others nothing.
    ///
    /// # Safety
    ///
    /// The queue is this head's, and closed; the head is not used again.
    pub(super) unsafe fn drain(&mut self, queue: &Queue<T>) {
        /// Goes on where a value's drop has panicked.
        struct GoOn<'a, T>(&'a mut Head<T>, &'a Queue<T>);

        impl<T> Drop for GoOn<'_, T> {
            fn drop(&mut self) {
                // SAFETY: as the caller's.
                unsafe { self.0.drain(self.1) };
            }
        }

        let rest = GoOn(self, queue);
        while rest.0.try_ready(queue).is_ok() {
            // SAFETY: it is ready, and the queue as the caller's.
            drop(unsafe { rest.0.take(queue) });
        }
        std::mem::forget(rest);
        // SAFETY: all that was pushed was popped, and no more will be: nobody else has the block (rules 1 to 3).
        drop(unsafe { Owned::from_raw(self.block) });
    }
}
