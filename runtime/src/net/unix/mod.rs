//! What belongs to Unix sockets: [`SocketAddr`]. The sockets themselves are in [`heist::net`](crate::net), as in tokio.
#![forbid(unsafe_code)]

pub(super) mod datagram;
mod socket_addr;

pub use self::socket_addr::SocketAddr;
