//! Pipes: [`pipe`], and named ones (FIFOs) by [`OpenOptions`]. tokio's names and meaning; they stand for asyncio's `connect_read_pipe` and
//! `connect_write_pipe`.
//!
//! A pipe goes one way: what is written to its [`Sender`] is read from its [`Receiver`]. When all senders are gone, the receiver reads the end; when all
//! receivers are, a write fails with `BrokenPipe`.
//!
//! # Examples
//!
//! ```
//! use heist::io::{AsyncReadExt, AsyncWriteExt};
//! use heist::net::unix::pipe;
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let (mut sender, mut receiver) = pipe::pipe()?;
//!     sender.write_all(b"all there is").await?;
//!     drop(sender);
//!     let mut text = String::new();
//!     receiver.read_to_string(&mut text).await?;
//!     assert_eq!(text, "all there is");
//!     Ok(())
//! })
//! # }
//! ```
#![forbid(unsafe_code)]

mod end;
mod open_options;
mod receiver;
mod sender;

pub use self::open_options::OpenOptions;
pub use self::receiver::Receiver;
pub use self::sender::Sender;

use std::io;
use std::os::fd::OwnedFd;

/// A new pipe, which has no name.
///
/// Neither end is inherited by child processes, unless it is [made into a `Stdio`](crate::process).
///
/// # Errors
///
/// Those of the system, for want of descriptors say.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::unix::pipe::pipe;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut sender, mut receiver) = pipe()?;
///     sender.write_all(b"hello").await?;
///     let mut word = [0; 5];
///     receiver.read_exact(&mut word).await?;
///     assert_eq!(&word, b"hello");
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (receiver, sender) = io::pipe()?;
    let sender = Sender::from_owned_fd_unchecked(nonblocking(sender.into())?)?;
    let receiver = Receiver::from_owned_fd_unchecked(nonblocking(receiver.into())?)?;
    Ok((sender, receiver))
}

/// The same descriptor, which doesn't block from now on.
fn nonblocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok(fd)
}
