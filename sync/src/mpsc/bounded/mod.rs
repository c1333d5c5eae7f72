//! The channel with a bound: its public halves and its permits, each in a file of its own. Called by users alone.
#![forbid(unsafe_code)]

mod permit;
mod receiver;
mod sender;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use receiver::{Receiver, ReceiverStream};
pub use sender::{Sender, WeakSender};

use super::chan::{self, Slots};

/// Makes a channel for at most `buffer` values at a time, and gives its two halves.
///
/// Who sends into a full channel waits until there is room.
///
/// asyncio's `Queue(maxsize)`.
///
/// # Panics
///
/// If `buffer` is 0, or more than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS).
///
/// # Examples
///
/// ```
/// use futures_lite::future;
/// use heist_sync::mpsc;
///
/// # future::block_on(async {
/// let (tx, mut rx) = mpsc::channel(2);
/// let send = async move {
///     for value in 0..10 {
///         tx.send(value).await.unwrap();
///     }
/// };
/// let receive = async move {
///     let mut sum = 0;
///     while let Some(value) = rx.recv().await {
///         sum += value;
///     }
///     sum
/// };
/// let ((), sum) = future::zip(send, receive).await;
/// assert_eq!(sum, 45);
/// # });
/// ```
#[must_use = "a channel of which a half is dropped at once is closed"]
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (chan, rx) = chan::new(Slots::new(buffer));
    (Sender { chan }, Receiver { chan: rx })
}
