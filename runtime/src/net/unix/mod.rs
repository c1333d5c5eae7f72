//! What belongs to Unix sockets: their [`SocketAddr`]; [`UCred`], who is at the other end; the halves of a [`UnixStream`](super::UnixStream), and what a
//! [`UnixListener`](super::UnixListener) accepts as a stream; and [`pipe`]s. The sockets themselves are in [`heist::net`](crate::net), as in tokio.

pub(super) mod datagram;
mod ended;
pub(super) mod incoming;
pub(super) mod listener;
pub mod pipe;
mod socket_addr;
pub(super) mod split;
pub(super) mod split_owned;
pub(super) mod stream;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod ucred;

pub use self::incoming::Incoming;
pub use self::socket_addr::SocketAddr;
pub use self::split::{ReadHalf, WriteHalf};
pub use self::split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use self::ucred::{UCred, gid_t, pid_t, uid_t};
