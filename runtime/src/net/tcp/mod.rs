//! What belongs to TCP: the halves of a [`TcpStream`](super::TcpStream), and what a [`TcpListener`](super::TcpListener) accepts as a stream. The sockets themselves are in
//! [`heist::net`](crate::net), as in tokio.
#![forbid(unsafe_code)]

pub(super) mod incoming;
pub(super) mod split;
pub(super) mod split_owned;

pub use self::incoming::Incoming;
pub use self::split::{ReadHalf, WriteHalf};
pub use self::split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
