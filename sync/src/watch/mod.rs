//! The latest value, from any number of senders to any number of receivers: for configuration, state, progress.
//!
//! In come values, each in place of the former; out goes what is there now, to receivers that [look](Receiver::borrow) or
//! wait until it has [changed](Receiver::changed). Nobody sees them all: who is slow sees the last one. For each value
//! to each receiver there is [`broadcast`](crate::broadcast).
//!
//! The value is *seen* by a receiver when [`changed`](Receiver::changed), [`borrow_and_update`](Receiver::borrow_and_update)
//! or [`wait_for`](Receiver::wait_for) says so; a new receiver has seen the one that is there. asyncio has no such
//! thing; it is what a variable beside a `Condition` is used for.
//!
//! The value lies under a lock, which [`Ref`] holds. Keep one no longer than it takes to look: senders wait for it, with
//! their threads, and so do those who look after them. That is also why it cannot be held across an `await` of a task
//! that is to be `Send`.
//!
//! # Examples
//!
//! ```
//! use heist_sync::watch;
//! use std::thread;
//!
//! # futures_lite::future::block_on(async {
//! let (tx, mut rx) = watch::channel("starting");
//! thread::spawn(move || {
//!     tx.send("loading").unwrap();
//!     tx.send("ready").unwrap();
//! });
//! let state = rx.wait_for(|state| *state == "ready").await.unwrap();
//! assert_eq!(*state, "ready");
//! # });
//! ```
#![forbid(unsafe_code)]

pub mod error;
#[cfg(test)]
mod models;
mod receiver;
mod sender;
mod stream;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use receiver::{Receiver, Ref};
pub use sender::Sender;
pub use stream::WatchStream;

use crate::changes::{Changes, Changing, Version};
use crate::loom::RwLock;
use crate::loom::atomic::AtomicUsize;
use crate::notify::Notify;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// What the halves share.
struct Shared<T> {
    /// Its version goes on while it is locked for writing.
    value: RwLock<T>,
    /// Closed when the last sender goes.
    changes: Changes,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    /// Told when the last receiver goes.
    unwatched: Notify,
}

impl<T> Changing for Arc<Shared<T>> {
    fn changes(&self) -> &Changes {
        &self.changes
    }
}

// A closure that panics leaves the value as it made it, as with every lock that isn't poisoned; all else is whole.
impl<T> UnwindSafe for Shared<T> {}
impl<T> RefUnwindSafe for Shared<T> {}

/// Makes a channel whose value is `init`, which its receiver has seen.
///
/// # Examples
///
/// ```
/// use heist_sync::watch;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = watch::channel(0);
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// rx.changed().await.unwrap();
/// assert_eq!(*rx.borrow(), 2);
/// # });
/// ```
#[must_use = "a channel of which a half is dropped at once has nobody to send or to look"]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        value: RwLock::new(init),
        changes: Changes::new(),
        senders: AtomicUsize::new(1),
        receivers: AtomicUsize::new(1),
        unwatched: Notify::new(),
    });
    let receiver = Receiver::of(Arc::clone(&shared), Version::FIRST);
    (Sender::of(shared), receiver)
}
