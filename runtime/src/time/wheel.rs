//! A wheel: what a worker's timers hang on, under a lock of its own.
//!
//! In come entries, armed and cancelled by their futures (`entry.rs`), and the time, brought by whoever turns the
//! wheel ([`Wheel::turn`]): its worker each time round its loop, or another that stands in for a worker that is
//! stuck. Out go the wakers of what is due, called outside the lock, and the earliest deadline, published for those
//! who are about to sleep ([`Wheel::next_deadline`]).
//!
//! # What it costs
//!
//! An uncontended lock and its unlocking are two locked operations, 11 ns together.
//!
//! | what | locks | other locked operations |
//! | --- | --- | --- |
//! | first poll, the deadline past | 0 | 0 |
//! | first poll, the deadline to come | 1 | 1: the reference to the wheel; and the waker's clone |
//! | first poll after a reset, once fired on this wheel | 1 | the waker's clone |
//! | poll again, same waker | 0 | 0 |
//! | poll again, other waker | 1 | the waker's clone and drop |
//! | reset while armed, on its wheel | 1 | 0 |
//! | drop while armed | 1 | 1: the reference to the wheel; and the waker's drop |
//! | poll or drop once fired | 0 | at drop 1, the reference to the wheel |
//! | turn, nothing due | 0 | 0 |
//! | turn | 1 for 32 entries | the wakes |
#![forbid(unsafe_code)]

use super::clock::{Clock, Instant};
use super::slots::NEVER;
pub(super) use super::slots::Slots;
use crate::failure::wake;
use crate::loom::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use crate::loom::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

/// A worker's timers, or those of the threads that aren't workers.
///
/// Aligned, since each is locked by its own worker all the time: it must share no cache line with another.
#[repr(align(128))]
pub(crate) struct Wheel {
    /// The earliest deadline, in ticks. Written under the lock; read by anybody.
    ///
    /// Relaxed: it is a number that stands for itself, and what it announces is found under the lock. That a sleeper
    /// doesn't miss an earlier one is seen to in `update`.
    earliest: AtomicU64,
    /// When its time begins, of which a tick is a nanosecond.
    origin: Instant,
    /// The runtime's.
    clock: Clock,
    role: Role,
    slots: Mutex<Slots>,
}

/// Whose wheel it is.
enum Role {
    /// A worker's. Only its own thread arms timers here: it looks at its wheel itself before it sleeps.
    Worker { shared: Arc<Wheel> },
    /// That of all the other threads, who don't turn it: a worker that sleeps has to be told.
    Shared { rouse: Box<dyn Fn() + Send + Sync> },
}

impl Wheel {
    pub(super) fn new_shared(
        origin: Instant,
        clock: Clock,
        rouse: Box<dyn Fn() + Send + Sync>,
    ) -> Arc<Self> {
        Self::new(origin, clock, Role::Shared { rouse })
    }

    pub(super) fn new_worker(shared: &Arc<Self>) -> Arc<Self> {
        let shared = Arc::clone(shared);
        Self::new(shared.origin, shared.clock.clone(), Role::Worker { shared })
    }

    fn new(origin: Instant, clock: Clock, role: Role) -> Arc<Self> {
        Arc::new(Self {
            earliest: AtomicU64::new(NEVER),
            origin,
            clock,
            role,
            slots: Mutex::new(Slots::new()),
        })
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The wheel for threads that have none: a worker's partner, or itself.
    pub(super) fn shared(this: &Arc<Self>) -> &Arc<Self> {
        match &this.role {
            Role::Worker { shared } => shared,
            Role::Shared { .. } => this,
        }
    }

    /// When it has next to be turned; never, if `None`. Nothing is due before that; if a timer was cancelled, it may
    /// be that nothing is due then.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.earliest.load(Relaxed) {
            NEVER => None,
            ticks => Some(self.origin.saturating_add(Duration::from_nanos(ticks))),
        }
    }

    /// Wakes everything that is due at `now`, and says how much that was. Any thread may do it, several at once too.
    ///
    /// Timers whose deadlines are further apart than a quarter of a millisecond wake in the order of their deadlines,
    /// if they were armed in time.
    pub(crate) fn turn(&self, now: Instant) -> usize {
        let now = self.ticks(now).min(NEVER - 1);
        if now < self.earliest.load(Relaxed) {
            return 0;
        }
        self.wake(|slots, batch| slots.expire(now, batch))
    }

    /// Lets no timer in any more, and wakes those that are on it.
    pub(super) fn close(&self) {
        self.wake(Slots::close);
    }

    /// Wakes what `take` takes out, batch by batch, outside the lock, until it says that there is no more.
    fn wake(&self, mut take: impl FnMut(&mut Slots, &mut Batch) -> bool) -> usize {
        let mut batch = Batch::new();
        let mut woken = 0;
        loop {
            let more = self.update(|slots| take(slots, &mut batch));
            woken += batch.wake();
            if !more {
                return woken;
            }
        }
    }

    /// A time in ticks, from the beginning to [`NEVER`].
    #[inline]
    pub(super) fn ticks(&self, instant: Instant) -> u64 {
        let since = instant.duration_since(self.origin).as_nanos();
        u64::try_from(since).unwrap_or(NEVER)
    }

    /// Runs `f` under the lock, and publishes what is then the earliest deadline.
    #[inline]
    pub(super) fn update<R>(&self, f: impl FnOnce(&mut Slots) -> R) -> R {
        let mut slots = self.slots.lock();
        let result = f(&mut slots);
        let before = self.earliest.load(Relaxed);
        let earliest = slots.earliest();
        // Under the lock, or an older value could replace a newer one.
        self.earliest.store(earliest, Relaxed);
        drop(slots);
        if earliest < before
            && let Role::Shared { rouse } = &self.role
        {
            // Between publishing the deadline and looking for a sleeper; it pairs with the sleeper's, between saying
            // that it sleeps and reading the deadline. So the one sees the other.
            fence(SeqCst);
            rouse();
        }
        result
    }
}

/// Wakers on their way from under the lock to their call.
pub(super) struct Batch {
    wakers: [Option<Waker>; Self::SIZE],
    len: usize,
}

impl Batch {
    /// How many there can be. Under loom few, so that the edge is reached.
    pub(super) const SIZE: usize = if cfg!(heist_loom) { 2 } else { 32 };

    fn new() -> Self {
        Self {
            wakers: [const { None }; Self::SIZE],
            len: 0,
        }
    }

    /// Takes one in; there must be room.
    #[inline]
    pub(super) fn push(&mut self, waker: Waker) {
        self.wakers[self.len] = Some(waker);
        self.len += 1;
    }

    /// Wakes all, and says how many they were.
    fn wake(&mut self) -> usize {
        let len = std::mem::take(&mut self.len);
        self.wakers[..len]
            .iter_mut()
            .filter_map(Option::take)
            .for_each(wake);
        len
    }
}
