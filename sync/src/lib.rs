//! Async synchronisation for any runtime: nothing here knows which one polls it.
//!
//! | to | use | asyncio's |
//! | --- | --- | --- |
//! | give one value to one task | [`oneshot`] | `Future` |
//! | send values from many tasks to one | [`mpsc`] | `Queue` |
//! | have something one at a time | [`Mutex`] | `Lock` |
//! | read by many, or write alone | [`RwLock`] | |
//! | let so many through at a time | [`Semaphore`] | `Semaphore` |
//! | tell tasks that something happened | [`Notify`] | |
//! | send each value to every task | [`broadcast`] | |
//! | show many tasks the latest value | [`watch`] | |
//! | tell a part of the program to stop, with all its parts | [`CancellationToken`] | `Task.cancel` |
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

mod blocking;
pub mod broadcast;
mod cancellation;
mod changes;
pub mod coop;
#[cfg(test)]
mod counting_waker;
mod guarded;
mod loom;
pub mod mpsc;
mod mutex;
mod notify;
pub mod oneshot;
mod rwlock;
mod semaphore;
#[doc(hidden)]
pub mod trace;
mod wait_list;
mod waking;
pub mod watch;

pub use cancellation::{CancellationToken, DropGuard, DropGuardRef};
pub use mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
pub use notify::Notify;
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};

/// The futures that have a name.
pub mod futures {
    pub use crate::cancellation::{WaitForCancellationFuture, WaitForCancellationFutureOwned};
    pub use crate::notify::Notified;
}
