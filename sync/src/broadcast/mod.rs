//! Each value from any number of senders to each of any number of receivers: for events, chat rooms, invalidations.
//!
//! In come values, which never wait; out goes a clone of each to each receiver that was there when it was sent. A receiver
//! that is slower than the senders for longer than the channel's capacity allows loses the oldest: it *lags*, is told
//! [how many](error::RecvError::Lagged) it has missed, and goes on with the oldest that is left. For the last value alone
//! there is [`watch`](crate::watch).
//!
//! A value is kept until its last receiver has it, which gets it without a clone, or until it is overwritten. A channel
//! is two allocations, made by [`channel`]: itself, and its buffer.
//!
//! asyncio has no such thing; it is what one `Queue` a subscriber is used for.
//!
//! # Examples
//!
//! ```
//! use heist_sync::broadcast::{self, error::RecvError};
//!
//! # futures_lite::future::block_on(async {
//! let (tx, mut one) = broadcast::channel(2);
//! let mut two = tx.subscribe();
//! tx.send("a").unwrap();
//! assert_eq!(one.recv().await, Ok("a"));
//! tx.send("b").unwrap();
//! tx.send("c").unwrap();
//! drop(tx);
//! assert_eq!(one.recv().await, Ok("b"));
//! assert_eq!(two.recv().await, Err(RecvError::Lagged(1)));
//! assert_eq!(two.recv().await, Ok("b"));
//! assert_eq!(two.recv().await, Ok("c"));
//! assert_eq!(two.recv().await, Err(RecvError::Closed));
//! # });
//! ```
#![forbid(unsafe_code)]

pub mod error;
#[cfg(test)]
mod models;
mod receiver;
mod ring;
mod sender;
mod stream;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use receiver::Receiver;
pub use sender::{Sender, WeakSender};
pub use stream::BroadcastStream;

/// Makes a channel that keeps this many values, rounded up to a power of two.
///
/// # Panics
///
/// If `capacity` is zero, or more than half of what a `usize` can count.
///
/// # Examples
///
/// ```
/// use heist_sync::broadcast;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = broadcast::channel(16);
/// assert_eq!(tx.send(1), Ok(1));
/// assert_eq!(rx.recv().await, Ok(1));
/// # });
/// ```
#[must_use = "a channel of which a half is dropped at once is closed"]
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}
