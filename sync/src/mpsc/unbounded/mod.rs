//! The channel without a bound: its public halves, each in a file of its own. Called by users alone.
#![forbid(unsafe_code)]

mod receiver;
mod sender;

pub use receiver::{UnboundedReceiver, UnboundedReceiverStream};
pub use sender::{UnboundedSender, WeakUnboundedSender};

use super::chan::{self, Unbounded};

/// Makes a channel without a bound, and gives its two halves.
///
/// Nothing slows its senders down, so that what is sent faster than it is received piles up, as far as there is memory.
///
/// asyncio's `Queue()`.
///
/// # Examples
///
/// ```
/// use heist_sync::mpsc;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// tx.send("hello").unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some("hello"));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
#[must_use = "a channel of which a half is dropped at once is closed"]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (chan, rx) = chan::new(Unbounded);
    (UnboundedSender { chan }, UnboundedReceiver { chan: rx })
}
