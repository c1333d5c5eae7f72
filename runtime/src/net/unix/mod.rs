//! What belongs to Unix sockets: their [`SocketAddr`], and [`UCred`], who is at the other end. The sockets themselves are in
//! [`heist::net`](crate::net), as in tokio.

pub(super) mod listener;
mod socket_addr;
pub(super) mod stream;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod ucred;

pub use self::socket_addr::SocketAddr;
pub use self::ucred::{UCred, gid_t, pid_t, uid_t};
