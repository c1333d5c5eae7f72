//! Async synchronisation for any runtime: nothing here knows which one polls it.
//!
//! | to | use | asyncio's |
//! | --- | --- | --- |
//! | give one value to one task | [`oneshot`] | `Future` |
//! | send values from many tasks to one | [`mpsc`] | `Queue` |
//! | hand items from many tasks to many | [`Queue`], [`LifoQueue`], [`PriorityQueue`] | the same |
//! | have something one at a time | [`Mutex`] | `Lock` |
//! | read by many, or write alone | [`RwLock`] | |
//! | let so many through at a time | [`Semaphore`] | `Semaphore` |
//! | send each value to every task | [`broadcast`] | |
//! | show many tasks the latest value | [`watch`] | |
//! | tell a part of the program to stop, with all its parts | [`CancellationToken`] | `Task.cancel` |
//! | wait until what a lock guards has changed | [`Condition`] | `Condition` |
//! | wait until something has happened | [`Event`] | `Event` |
//! | tell tasks that something happened, once | [`Notify`] | |
//! | wait for each other | [`Barrier`] | `Barrier` |
//! | make a value once, when it is needed | [`OnceCell`] | |
//! | set a value once, for which others wait | [`SetOnce`] | `Future` |
//! | let other tasks run from a loop that is always ready | [`coop`] | `sleep(0)` |
//!
//! Who waits lies in its own future, so waiting allocates nothing; futures that are dropped give back their place,
//! and what they were given.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `tracing`: the spans and events by which [tokio-console](https://docs.rs/console-subscriber) shows who waits for what.

mod barrier;
mod blocking;
pub mod broadcast;
mod cancellation;
mod changes;
mod condition;
pub mod coop;
#[cfg(test)]
mod counting_waker;
mod event;
mod guarded;
mod loom;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod queue;
mod rwlock;
mod semaphore;
mod set_once;
#[doc(hidden)]
pub mod trace;
mod wait_list;
mod waking;
pub mod watch;
mod write_once;

pub use barrier::{Barrier, BarrierWaitResult};
pub use cancellation::{CancellationToken, DropGuard, DropGuardRef};
pub use condition::Condition;
pub use event::Event;
pub use mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
pub use notify::Notify;
pub use once_cell::{OnceCell, SetError};
pub use queue::{GetError, LifoQueue, PriorityQueue, PutError, Queue, TryGetError, TryPutError};
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};
pub use set_once::{SetOnce, SetOnceError};

/// The futures that have a name.
pub mod futures {
    pub use crate::cancellation::{WaitForCancellationFuture, WaitForCancellationFutureOwned};
    pub use crate::notify::Notified;
}
