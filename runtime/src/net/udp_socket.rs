//! A UDP socket.
//!
//! An address comes in ([`UdpSocket::bind`]); datagrams go out and in, each by one system call. Its options are in `udp_options.rs`.
#![forbid(unsafe_code)]

use super::addr::{self, ToSocketAddrs};
use crate::io::{Interest, Ready};
use crate::reactor::{Direction, Kind, Registered};
use std::fmt;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

/// A UDP socket: what asyncio's `loop.create_datagram_endpoint` makes.
///
/// All its methods take `&self`, so that an [`Arc`](std::sync::Arc) of it can be shared: any number of tasks may send and receive at the same time. Each datagram is received
/// by one of them.
///
/// A datagram comes as a whole: what doesn't fit into the buffer is thrown away. It may have no bytes at all, so that 0 is no end. It may get lost, come twice, or in another
/// order.
///
/// [`connect`](UdpSocket::connect) says once for all whom [`send`](UdpSocket::send) sends to, and lets only what comes from there be received. Such a socket learns, too, that
/// nobody listens there: the next operation fails (`ConnectionRefused`), once, and the socket goes on.
///
/// # Examples
///
/// ```
/// use heist::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let address = server.local_addr()?;
///     heist::spawn(async move {
///         let mut buffer = [0; 1_500];
///         loop {
///             let (length, peer) = server.recv_from(&mut buffer).await?;
///             server.send_to(&buffer[..length], peer).await?;
///         }
///         # #[expect(unreachable_code)]
///         Ok::<_, std::io::Error>(())
///     });
///
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.connect(address).await?;
///     client.send(b"hello").await?;
///     let mut buffer = [0; 16];
///     let length = client.recv(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct UdpSocket {
    io: Registered<std::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds a socket to an address; to the first that can be had, if it names several. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// If it cannot be resolved, or none of its addresses can be had: then the error of the last.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     // To send only: any port, on any device.
    ///     let socket = UdpSocket::bind("0.0.0.0:0").await?;
    ///     assert_ne!(socket.local_addr()?.port(), 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        addr::try_each(address, async |address| {
            Self::from_std(std::net::UdpSocket::bind(address)?)
        })
        .await
    }

    /// Takes a socket of the standard library, and makes it non-blocking.
    ///
    /// With the crate `socket2` it may have been given options before it was bound (`SO_REUSEPORT`, say).
    ///
    /// # Errors
    ///
    /// If it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// heist::run(async {
    ///     let socket = UdpSocket::from_std(socket)?;
    ///     assert!(socket.local_addr()?.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let io = Registered::new(socket, Kind::Datagram)?;
        Ok(Self { io })
    }

    /// Gives the socket of the standard library back. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let socket = socket.into_std()?;
    ///     socket.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        Ok(self.io.into_inner())
    }

    /// The address that it is bound to: with the port that the system chose, if it was asked to.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     println!("receiving at {}", socket.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.std().local_addr()
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotConnected` if it isn't.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert!(socket.peer_addr().is_err());
    ///     socket.connect("127.0.0.1:9").await?;
    ///     assert_eq!(socket.peer_addr()?.port(), 9);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.std().peer_addr()
    }

    /// Connects it to an address; to the first that can be had, if it names several. From now on [`send`](UdpSocket::send) sends there, and only what comes from there is received.
    ///
    /// Nothing is sent by it, and nobody need be there. It may be done again.
    ///
    /// # Errors
    ///
    /// If the address cannot be resolved, or none of its addresses can be had: then the error of the last.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     socket.send(b"hello").await?;
    ///     let (length, from) = peer.recv_from(&mut [0; 16]).await?;
    ///     assert_eq!((length, from), (5, socket.local_addr()?));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        addr::try_each(address, |address| {
            future::ready(self.std().connect(address))
        })
        .await
    }

    /// Waits until it is ready for `interest`, and says for what. It may be so no longer when it is used: be ready for `WouldBlock`.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(ready.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    /// Waits until there may be room to send, or an error to learn of.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     socket.writable().await?;
    ///     assert_eq!(socket.try_send(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`UdpSocket::writable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     poll_fn(|cx| socket.poll_send_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write)
    }

    /// Sends a datagram to the address that it is connected to, and says how many bytes that was: all. It waits until there is room.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotConnected` (or `DestinationAddrRequired`), or that nobody listened to the last one (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has sent nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     assert_eq!(socket.send(b"hello").await?, 5);
    ///     assert_eq!(peer.recv(&mut [0; 16]).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io
            .io(Interest::WRITABLE, |socket| socket.send(datagram))
            .await
    }

    /// [`UdpSocket::send`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     assert_eq!(poll_fn(|cx| socket.poll_send(cx, b"hello")).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_send(&self, cx: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Write, |socket| socket.send(datagram))
    }

    /// Sends a datagram to the address that it is connected to, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     assert_eq!(socket.try_send(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| socket.send(datagram))
    }

    /// Sends a datagram to an address; to the first, if it names several. It waits until there is room.
    ///
    /// # Errors
    ///
    /// If the address cannot be resolved; those of the system; if the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside a runtime, if the host is a name.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has sent nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.send_to(b"hello", peer.local_addr()?).await?;
    ///     assert_eq!(peer.recv_from(&mut [0; 16]).await?.0, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn send_to(&self, datagram: &[u8], target: impl ToSocketAddrs) -> io::Result<usize> {
        let target = addr::first(target).await?;
        self.io
            .io(Interest::WRITABLE, |socket| {
                socket.send_to(datagram, target)
            })
            .await
    }

    /// [`UdpSocket::send_to`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of the system; if the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let target = peer.local_addr()?;
    ///     assert_eq!(poll_fn(|cx| socket.poll_send_to(cx, b"hello", target)).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| {
            socket.send_to(datagram, target)
        })
    }

    /// Sends a datagram to an address, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert_eq!(socket.try_send_to(b"hello", peer.local_addr()?)?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_send_to(&self, datagram: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |socket| {
            socket.send_to(datagram, target)
        })
    }

    /// Waits until there may be a datagram, or an error to learn of. Together with [`UdpSocket::try_recv_from`] it needs no buffer while it waits.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let length = loop {
    ///         socket.readable().await?;
    ///         match socket.try_recv(&mut buffer) {
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///             result => break result?,
    ///         }
    ///     };
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// [`UdpSocket::readable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     poll_fn(|cx| socket.poll_recv_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Receives a datagram from the address that it is connected to (from anywhere, if it isn't), and says how long it is. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system: on a connected socket, that nobody listened to what was sent (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has received nothing: what comes is left to be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let length = socket.recv(&mut buffer).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io
            .io(Interest::READABLE, |socket| socket.recv(buffer))
            .await
    }

    /// [`UdpSocket::recv`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let length = poll_fn(|cx| socket.poll_recv(cx, &mut buffer)).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| socket.recv(buffer))
    }

    /// [`UdpSocket::recv`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     socket.peek(&mut [0; 16]).await?;
    ///     let length = socket.try_recv(&mut buffer)?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.recv(buffer))
    }

    /// Receives a datagram, and says how long it is, and from where. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system: on a connected socket, that nobody listened to what was sent (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has received nothing: what comes is left to be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = socket.recv_from(&mut buffer).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert_eq!(from, peer.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Interest::READABLE, |socket| socket.recv_from(buffer))
            .await
    }

    /// [`UdpSocket::recv_from`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = poll_fn(|cx| socket.poll_recv_from(cx, &mut buffer)).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert_eq!(from, peer.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| socket.recv_from(buffer))
    }

    /// [`UdpSocket::recv_from`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     socket.peek(&mut [0; 16]).await?;
    ///     let (length, from) = socket.try_recv_from(&mut buffer)?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert_eq!(from, peer.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.recv_from(buffer))
    }

    /// Receives the next datagram as [`recv`](UdpSocket::recv) does, and leaves it to be received again. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system: on a connected socket, that nobody listened to what was sent (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(socket.peek(&mut buffer).await?, 5);
    ///     assert_eq!(socket.recv(&mut buffer).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io
            .io(Interest::READABLE, |socket| socket.peek(buffer))
            .await
    }

    /// [`UdpSocket::peek`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::peek`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     assert_eq!(poll_fn(|cx| socket.poll_peek(cx, &mut buffer)).await?, 5);
    ///     assert_eq!(socket.recv(&mut buffer).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| socket.peek(buffer))
    }

    /// [`UdpSocket::peek`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let error = socket.try_peek(&mut [0; 16]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.peek(buffer))
    }

    /// Receives the next datagram as [`recv_from`](UdpSocket::recv_from) does, and leaves it to be received again. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system: on a connected socket, that nobody listened to what was sent (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = socket.peek_from(&mut buffer).await?;
    ///     assert_eq!((length, from), socket.recv_from(&mut buffer).await?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Interest::READABLE, |socket| socket.peek_from(buffer))
            .await
    }

    /// [`UdpSocket::peek_from`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::peek_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = poll_fn(|cx| socket.poll_peek_from(cx, &mut buffer)).await?;
    ///     assert_eq!((length, from), socket.recv_from(&mut buffer).await?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| socket.peek_from(buffer))
    }

    /// [`UdpSocket::peek_from`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let error = socket.try_peek_from(&mut [0; 16]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.peek_from(buffer))
    }

    /// From where the next datagram comes, which is left to be received. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system: on a connected socket, that nobody listened to what was sent (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     assert_eq!(socket.peek_sender().await?, peer.local_addr()?);
    ///     assert_eq!(socket.recv(&mut [0; 16]).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.io.io(Interest::READABLE, sender).await
    }

    /// [`UdpSocket::peek_sender`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::peek_sender`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     peer.send(b"hello").await?;
    ///     let sender = poll_fn(|cx| socket.poll_peek_sender(cx)).await?;
    ///     assert_eq!(sender, peer.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.io.poll_io(cx, Direction::Read, sender)
    }

    /// [`UdpSocket::peek_sender`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let error = socket.try_peek_sender().unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.io.try_io(Interest::READABLE, sender)
    }

    /// Runs a system call of your own on the socket, if it is ready for `interest` as far as is known.
    ///
    /// If it returns `WouldBlock`, the next wait for `interest` waits for the system to say that it is ready again: so return it only
    /// because the socket did. It is run once: `Interrupted` is given back like any other error.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it isn't ready; else those of `operation`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::net::UdpSocket;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     let send = || SockRef::from(&socket).send(b"hello");
    ///     assert_eq!(socket.try_io(Interest::WRITABLE, send)?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_user_io(interest, |_| operation())
    }

    /// Runs a system call of your own on the socket until it doesn't return `WouldBlock`, each time after the socket has become ready
    /// for `interest`. Any other error ends it, `Interrupted` as well.
    ///
    /// # Errors
    ///
    /// Those of `operation`; if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, `operation` has done nothing but return `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::net::UdpSocket;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let peer = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.connect(peer.local_addr()?).await?;
    ///     peer.connect(socket.local_addr()?).await?;
    ///     let send = || SockRef::from(&socket).send(b"hello");
    ///     assert_eq!(socket.async_io(Interest::WRITABLE, send).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        let mut operation = operation;
        self.io.user_io(interest, |_| operation()).await
    }

    pub(super) fn std(&self) -> &std::net::UdpSocket {
        self.io.get_ref()
    }
}

/// From where the next datagram comes.
fn sender(socket: &std::net::UdpSocket) -> io::Result<SocketAddr> {
    let (_, sender) = socket.peek_from(&mut [])?;
    Ok(sender)
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std().as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.std().as_raw_fd()
    }
}

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// As [`UdpSocket::from_std`].
    fn try_from(socket: std::net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

impl TryFrom<UdpSocket> for std::net::UdpSocket {
    type Error = io::Error;

    /// As [`UdpSocket::into_std`].
    fn try_from(socket: UdpSocket) -> io::Result<Self> {
        socket.into_std()
    }
}

impl From<UdpSocket> for OwnedFd {
    /// The descriptor, which is still non-blocking.
    fn from(socket: UdpSocket) -> Self {
        socket.io.into_inner().into()
    }
}
