//! Sockets, and the names of hosts.
//!
//! All of these have the names and the meaning that they have in tokio. [`TcpListener`] and [`TcpStream`] stand for asyncio's `start_server` and
//! `open_connection`, [`UnixListener`] and [`UnixStream`] for `start_unix_server` and `open_unix_connection`, [`UdpSocket`] and [`UnixDatagram`] for
//! `loop.create_datagram_endpoint`, [`lookup_host`] for `loop.getaddrinfo`.
//!
//! A socket is registered with the runtime that it is made in (a connection that was accepted, with its listener's), and used from any task, on
//! any thread. When that runtime ends, its operations return an error.
//!
//! # Examples
//!
//! An echo server and a client:
//!
//! ```
//! use heist::io::{AsyncReadExt, AsyncWriteExt};
//! use heist::net::{TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     heist::spawn(async move {
//!         while let Ok((stream, _peer)) = listener.accept().await {
//!             heist::spawn(async move { heist::io::copy(&stream, &stream).await });
//!         }
//!     });
//!
//!     let mut stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"hello").await?;
//!     let mut echo = [0; 5];
//!     stream.read_exact(&mut echo).await?;
//!     assert_eq!(&echo, b"hello");
//!     Ok(())
//! })
//! # }
//! ```

mod addr;
#[cfg(all(test, not(heist_loom)))]
mod datagram_tests;
mod halves;
mod stream;
pub mod tcp;
mod tcp_listener;
mod tcp_options;
mod tcp_socket;
mod tcp_stream;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod udp_options;
mod udp_socket;
pub mod unix;

pub use self::addr::{ToSocketAddrs, lookup_host};
pub use self::tcp_listener::TcpListener;
pub use self::tcp_socket::TcpSocket;
pub use self::tcp_stream::TcpStream;
pub use self::udp_socket::UdpSocket;
pub use self::unix::datagram::UnixDatagram;
pub use self::unix::listener::UnixListener;
pub use self::unix::stream::UnixStream;
