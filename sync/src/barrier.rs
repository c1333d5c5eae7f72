//! [`Barrier`]: tasks that wait for each other.
//!
//! In come tasks; out they go, all of a round together, told by a `Notify`. A round is over when its number is no longer the
//! present one.
#![forbid(unsafe_code)]

use crate::coop;
use crate::loom::Mutex;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::notify::Notify;
use std::fmt;

/// Lets a number of tasks wait for each other, again and again.
///
/// asyncio's `Barrier`.
///
/// # Examples
///
/// ```
/// use futures_lite::future;
/// use heist_sync::Barrier;
///
/// # future::block_on(async {
/// let barrier = Barrier::new(2);
/// let (one, other) = future::zip(barrier.wait(), barrier.wait()).await;
/// assert!(one.is_leader() != other.is_leader());
/// # });
/// ```
pub struct Barrier {
    count: usize,
    /// How many have arrived in the present round: fewer than `count`.
    arrived: Mutex<usize>,
    /// The number of the present round, which wraps. Changed while `arrived` is locked.
    round: AtomicUsize,
    over: Notify,
}

impl Barrier {
    /// For `n` tasks. None is as one: nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Barrier;
    ///
    /// # futures_lite::future::block_on(async {
    /// assert!(Barrier::new(1).wait().await.is_leader());
    /// # });
    /// ```
    #[must_use = "it does nothing until somebody waits"]
    pub fn new(n: usize) -> Self {
        Self {
            count: n.max(1),
            arrived: Mutex::new(0),
            round: AtomicUsize::new(0),
            over: Notify::new(),
        }
    }

    /// Waits until as many tasks wait as the barrier is for; then all go on, and a new round begins.
    ///
    /// What each has done before is seen by all who go on. One of them, the last to come, is told that it is the leader.
    /// It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it is as if the task hadn't come: the others wait for one more. In tokio it is counted all the same.
    ///
    /// # Panics
    ///
    /// For the last to come: if one of the wakers that it calls does. All go on by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::Barrier;
    /// use std::cell::Cell;
    ///
    /// # future::block_on(async {
    /// let (barrier, begun) = (Barrier::new(2), Cell::new(0));
    /// let work = async || {
    ///     begun.set(begun.get() + 1);
    ///     barrier.wait().await;
    ///     assert_eq!(begun.get(), 2);
    /// };
    /// future::zip(work(), work()).await;
    /// # });
    /// ```
    pub async fn wait(&self) -> BarrierWaitResult {
        coop::consume_budget().await;
        let Some(arrival) = self.arrive() else {
            return BarrierWaitResult(true);
        };
        loop {
            // Made before the look: who ends a round that is not seen as over is still to notify.
            let over = self.over.notified();
            if arrival.is_over() {
                return BarrierWaitResult(false);
            }
            // It may have been for the round before, whose last to come is slow to say it.
            over.await;
        }
    }

    /// Counts one more, who is to wait; `None` if he is the last, and the others go on.
    fn arrive(&self) -> Option<Arrival<'_>> {
        let mut arrived = self.arrived.lock();
        // Relaxed: the lock orders it.
        let round = self.round.load(Relaxed);
        if *arrived + 1 < self.count {
            *arrived += 1;
            return Some(Arrival {
                barrier: self,
                round,
            });
        }
        *arrived = 0;
        // Release: what all have done, which the lock has brought here, is seen by those who find the round over.
        self.round.store(round.wrapping_add(1), Release);
        drop(arrived);
        self.over.notify_waiters();
        None
    }
}

/// One who is counted in a round. Dropped before it is over, he no longer is.
struct Arrival<'a> {
    barrier: &'a Barrier,
    round: usize,
}

impl Arrival<'_> {
    fn is_over(&self) -> bool {
        // Acquire: what all have done is seen.
        self.barrier.round.load(Acquire) != self.round
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if self.is_over() {
            return;
        }
        let mut arrived = self.barrier.arrived.lock();
        if !self.is_over() {
            *arrived -= 1;
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// What [`Barrier::wait`] says: whether it was the last to come.
///
/// # Examples
///
/// ```
/// use heist_sync::{Barrier, BarrierWaitResult};
///
/// # futures_lite::future::block_on(async {
/// let result: BarrierWaitResult = Barrier::new(1).wait().await;
/// assert!(result.is_leader());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one of its round that is the leader.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Barrier;
    ///
    /// # futures_lite::future::block_on(async {
    /// let barrier = Barrier::new(1);
    /// if barrier.wait().await.is_leader() {
    ///     // What one of them is to do for all.
    /// }
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
