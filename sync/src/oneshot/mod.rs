//! One value, from one task to another: asyncio's `Future`, whose result is set by hand.
//!
//! [`channel`] makes the two halves. [`Sender::send`] is `set_result`; it never waits, so it may be called from
//! anywhere. The [`Receiver`] is the future itself. Each half can go to its own task, thread or runtime.
//!
//! A sender that is dropped without sending leaves its receiver with a [`RecvError`](error::RecvError): nobody waits
//! for ever. A receiver that is dropped, or [closed](Receiver::close), is seen by the sender through
//! [`Sender::closed`], and `send` gives the value back.
//!
//! The channel is one allocation, made by [`channel`] and freed by the half that goes last.
//!
//! # Examples
//!
//! ```
//! use heist_sync::oneshot;
//! use std::thread;
//!
//! # futures_lite::future::block_on(async {
//! let (tx, rx) = oneshot::channel();
//! thread::spawn(move || tx.send(6 * 7));
//! assert_eq!(rx.await, Ok(42));
//! # });
//! ```
//!
//! A sender that gives its answer from its destructor:
//!
//! ```
//! use heist_sync::oneshot;
//!
//! struct Answer(Option<oneshot::Sender<&'static str>>);
//!
//! impl Drop for Answer {
//!     fn drop(&mut self) {
//!         if let Some(tx) = self.0.take() {
//!             // Nobody may be listening any more, and that is fine.
//!             let _ = tx.send("gone");
//!         }
//!     }
//! }
//!
//! # futures_lite::future::block_on(async {
//! let (tx, rx) = oneshot::channel();
//! drop(Answer(Some(tx)));
//! assert_eq!(rx.await, Ok("gone"));
//! # });
//! ```

mod cell;
pub mod error;
mod halves;
#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use halves::{Receiver, Sender, channel};
