//! Waiting for descriptors that heist has no type for.
//!
//! [`AsyncFd`] stands for asyncio's `loop.add_reader` and `loop.add_writer`.
#![forbid(unsafe_code)]

mod async_fd;
mod ready_guard;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use self::async_fd::{AsyncFd, AsyncFdTryNewError};
pub use self::ready_guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
