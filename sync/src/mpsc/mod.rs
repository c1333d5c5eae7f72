//! A queue from many tasks to one: asyncio's `Queue` with one consumer.
//!
//! [`channel`] makes one with a bound: who sends into a full one waits, so that a slow receiver slows its senders down.
//! [`unbounded_channel`] makes one without: [`UnboundedSender::send`] never waits, and so works anywhere, but what is sent
//! faster than it is received piles up. For many consumers, and asyncio's `task_done` and `join`, there is
//! [`Queue`](crate::Queue).
//!
//! Values arrive in the order in which they were sent: those of one sender in its order, and those of several in one
//! order of them all.
//!
//! # The end
//!
//! Once all senders are gone, the receiver gets what is left, and then `None`. A [`WeakSender`] doesn't count. Once the
//! receiver is gone, or has called [`close`](Receiver::close), senders get their values back, and
//! [`closed`](Sender::closed) is ready. So a clean end on the receiver's side is: `close`, then receive until `None`.
//!
//! # Between tasks and threads
//!
//! Each half may go to its own task, thread or runtime. From synchronous code, send by [`UnboundedSender::send`] or
//! [`Sender::blocking_send`], and receive by [`Receiver::blocking_recv`].
//!
//! # Memory
//!
//! A channel is one allocation, and one for each 31 values that are in it; blocks that are empty again are reused, and no
//! more than one is kept. Who waits allocates nothing.
//!
//! # Examples
//!
//! ```
//! use heist_sync::mpsc;
//! use std::thread;
//!
//! # futures_lite::future::block_on(async {
//! let (tx, mut rx) = mpsc::channel(5);
//! for worker in 0..3 {
//!     let tx = tx.clone();
//!     thread::spawn(move || tx.blocking_send(worker));
//! }
//! drop(tx);
//! let mut sum = 0;
//! while let Some(worker) = rx.recv().await {
//!     sum += worker;
//! }
//! assert_eq!(sum, 3);
//! # });
//! ```

mod block;
mod bounded;
mod chan;
pub mod error;
#[cfg(test)]
mod models;
mod queue;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod unbounded;

pub use bounded::{
    OwnedPermit, Permit, PermitIterator, Receiver, ReceiverStream, Sender, WeakSender, channel,
};
pub use unbounded::{
    UnboundedReceiver, UnboundedReceiverStream, UnboundedSender, WeakUnboundedSender,
    unbounded_channel,
};
