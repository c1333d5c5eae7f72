//! A Unix datagram socket.
//!
//! A path comes in ([`UnixDatagram::bind`]), or nothing ([`UnixDatagram::pair`]); datagrams go out and in, each by one system call.
//!
//! # A full queue
//!
//! A socket that receives has a queue for so many datagrams (`net.unix.max_dgram_qlen`), whoever sends them. When it is full, Linux tells a sender that is connected to
//! it when there is room again. A sender by name it tells at once, and again after each attempt, that it is writable: which it is, for other receivers. It would
//! try again and again. So such a sender waits by a socket that it connects to the receiver for that alone ([`UnixDatagram::probe`]).
//!
//! When it is not the queue but the sender's own buffer that is full, of datagrams that nobody has received, it waits for its own socket. (Of which, while it is connected, Linux says
//! nothing before the queue at the other end has room as well.)
#![forbid(unsafe_code)]

use super::SocketAddr;
use super::ended::Ended;
use crate::io::{Interest, Ready};
use crate::loom::Mutex;
use crate::reactor::{Direction, Kind, Registered};
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::task::{Context, Poll, ready};

/// A Unix datagram socket: what asyncio's `loop.create_datagram_endpoint` makes for the family `AF_UNIX`.
///
/// All its methods take `&self`, so that an [`Arc`](std::sync::Arc) of it can be shared: any number of tasks may send and receive at the same time. Each datagram is received by
/// one of them.
///
/// A datagram comes as a whole, and in order: what doesn't fit into the buffer is thrown away. It may have no bytes at all, so that 0 is no end (but of what was [shut down](UnixDatagram::shutdown)). None gets lost: a sender waits
/// until the receiver has room.
///
/// # Examples
///
/// ```
/// use heist::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-datagram", std::process::id()));
///     # std::fs::create_dir_all(&directory).unwrap();
///     let path = directory.join("server");
///     let server = UnixDatagram::bind(&path)?;
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"hello", &path).await?;
///     let mut buffer = [0; 16];
///     let (length, from) = server.recv_from(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"hello");
///     assert!(from.is_unnamed());
///     # std::fs::remove_dir_all(&directory)?;
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixDatagram {
    io: Registered<net::UnixDatagram>,
    /// By what the task waits that was last in [`UnixDatagram::poll_send_to`] and found the receiver's queue full. Who is done there closes it.
    probe: Mutex<Option<Registered<net::UnixDatagram>>>,
    /// By [`UnixDatagram::shutdown`].
    ended: Ended,
}

impl UnixDatagram {
    /// Binds a socket to a path, where it makes a file. It stays when the socket is dropped: removing it is up to you, before the path is bound again.
    ///
    /// # Errors
    ///
    /// Those of the system: `AddrInUse` if there is something at the path.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-{}", std::process::id(), line!()));
    ///     # std::fs::create_dir_all(&directory).unwrap();
    ///     let path = directory.join("socket");
    ///     let socket = UnixDatagram::bind(&path)?;
    ///     assert_eq!(socket.local_addr()?.as_pathname(), Some(path.as_path()));
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::bind(path)?)
    }

    /// Two sockets without a name, connected to each other.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     socket.send(b"hello").await?;
    ///     assert_eq!(peer.recv(&mut [0; 16]).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// A socket without a name: it can send, and be answered only if it is connected.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UnixDatagram::unbound()?;
    ///     assert!(socket.local_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::unbound()?)
    }

    /// Takes a socket of the standard library, and makes it non-blocking.
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (socket, peer) = std::os::unix::net::UnixDatagram::pair()?;
    /// heist::run(async {
    ///     let socket = UnixDatagram::from_std(socket)?;
    ///     peer.send(b"hello")?;
    ///     assert_eq!(socket.recv(&mut [0; 16]).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(socket: net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            io: Registered::new(socket, Kind::Datagram)?,
            probe: Mutex::new(None),
            ended: Ended::new(),
        })
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     let socket = socket.into_std()?;
    ///     socket.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixDatagram> {
        Ok(self.io.into_inner())
    }

    /// Connects it to a path: from now on [`send`](UnixDatagram::send) sends there, and only what comes from there is received. It may be done again.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotFound` if there is nothing at the path, `ConnectionRefused` if nobody has it open.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-{}", std::process::id(), line!()));
    ///     # std::fs::create_dir_all(&directory).unwrap();
    ///     let path = directory.join("socket");
    ///     let server = UnixDatagram::bind(&path)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     client.connect(&path)?;
    ///     client.send(b"hello").await?;
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.std().connect(path)
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     assert!(socket.local_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.std().local_addr().map(SocketAddr::from)
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     assert!(socket.peer_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.std().peer_addr().map(SocketAddr::from)
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(ready.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    /// Waits until there may be room to send, or an error to learn of. A socket that isn't connected is writable whether or not a receiver has room:
    /// for that, wait in [`send_to`](UnixDatagram::send_to).
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     socket.writable().await?;
    ///     assert_eq!(socket.try_send(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`UnixDatagram::writable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     poll_fn(|cx| socket.poll_send_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write)
    }

    /// Sends a datagram to the address that it is connected to, and says how many bytes that was: all. It waits until the receiver has room.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotConnected`, or that the receiver is gone (`ConnectionRefused`); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has sent nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
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

    /// [`UnixDatagram::send`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::send`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     assert_eq!(socket.try_send(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| socket.send(datagram))
    }

    /// Sends a datagram to a path. It waits until the receiver has room.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotFound` if there is nothing at the path, `ConnectionRefused` if nobody has it open; if the runtime is shut down; if the receiver has no room, and there
    /// is no descriptor left for the socket by which it would wait.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has sent nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-{}", std::process::id(), line!()));
    ///     # std::fs::create_dir_all(&directory).unwrap();
    ///     let path = directory.join("socket");
    ///     let server = UnixDatagram::bind(&path)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     client.send_to(b"hello", &path).await?;
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn send_to(&self, datagram: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        let target = target.as_ref();
        loop {
            let send = |socket: &net::UnixDatagram| send_to(socket, datagram, target);
            if let Some(sent) = self.io.io(Interest::WRITABLE, send).await? {
                return Ok(sent);
            }
            if let Some(probe) = self.probe(target)? {
                probe.ready(Interest::WRITABLE).await?;
            }
        }
    }

    /// [`UnixDatagram::send_to`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::send_to`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-{}", std::process::id(), line!()));
    ///     # std::fs::create_dir_all(&directory).unwrap();
    ///     let path = directory.join("socket");
    ///     let server = UnixDatagram::bind(&path)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     let sent = poll_fn(|cx| client.poll_send_to(cx, b"hello", &path)).await?;
    ///     assert_eq!(sent, server.recv(&mut [0; 16]).await?);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        target: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        let target = target.as_ref();
        let send = |socket: &net::UnixDatagram| send_to(socket, datagram, target);
        loop {
            let sent = ready!(self.io.poll_io(cx, Direction::Write, send));
            if let Some(result) = sent.transpose() {
                let probe = self.probe.lock().take();
                if let Some(probe) = probe {
                    // It may be another's, who then makes one anew.
                    probe.wake();
                }
                return Poll::Ready(result);
            }
            if let Some(probe) = self.probe(target)?
                && probe.poll_ready(cx, Direction::Write)?.is_pending()
            {
                let former = self.probe.lock().replace(probe);
                drop(former);
                return Poll::Pending;
            }
        }
    }

    /// Sends a datagram to a path, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the receiver has no room; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-{}", std::process::id(), line!()));
    ///     # std::fs::create_dir_all(&directory).unwrap();
    ///     let path = directory.join("socket");
    ///     let server = UnixDatagram::bind(&path)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     assert_eq!(client.try_send_to(b"hello", &path)?, 5);
    ///     assert_eq!(server.recv(&mut [0; 16]).await?, 5);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_send_to(&self, datagram: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        let target = target.as_ref();
        let send = |socket: &net::UnixDatagram| send_to(socket, datagram, target);
        let sent = self.io.try_io(Interest::WRITABLE, send)?;
        sent.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Waits until there may be a datagram, or an error to learn of. Together with [`UnixDatagram::try_recv`] it needs no buffer while it waits.
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
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
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

    /// [`UnixDatagram::readable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     peer.send(b"hello").await?;
    ///     poll_fn(|cx| socket.poll_recv_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Receives a datagram, and says how long it is. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system; if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has received nothing: what comes is left to be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
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
            .io(Interest::READABLE, |_| self.receive(buffer))
            .await
    }

    /// [`UnixDatagram::recv`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::recv`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
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
            .poll_io(cx, Direction::Read, |_| self.receive(buffer))
    }

    /// [`UnixDatagram::recv`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let length = socket.try_recv(&mut buffer)?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |_| self.receive(buffer))
    }

    /// Receives a datagram, and says how long it is, and from where. It waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the system; if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has received nothing: what comes is left to be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = socket.recv_from(&mut buffer).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert!(from.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Interest::READABLE, |_| self.receive_from(buffer))
            .await
    }

    /// [`UnixDatagram::recv_from`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::recv_from`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = poll_fn(|cx| socket.poll_recv_from(cx, &mut buffer)).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert!(from.is_unnamed());
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
            .poll_io(cx, Direction::Read, |_| self.receive_from(buffer))
    }

    /// [`UnixDatagram::recv_from`] without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, peer) = UnixDatagram::pair()?;
    ///     peer.send(b"hello").await?;
    ///     let mut buffer = [0; 16];
    ///     let (length, from) = socket.try_recv_from(&mut buffer)?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     assert!(from.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |_| self.receive_from(buffer))
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
    /// use heist::net::UnixDatagram;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
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
    /// use heist::net::UnixDatagram;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
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

    /// Takes the error that the socket has had since the last call (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of the system, if it cannot be asked.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     assert!(socket.take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.std().take_error()
    }

    /// Ends receiving, sending, or both, at once: who waits for a datagram receives 0 bytes, of nobody, as does who asks for one later, once those that have come already are received; who
    /// sends gets an error.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixDatagram;
    /// use std::net::Shutdown;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (socket, _peer) = UnixDatagram::pair()?;
    ///     socket.shutdown(Shutdown::Both)?;
    ///     assert!(socket.send(b"hello").await.is_err());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.ended.set();
        }
        self.std().shutdown(how)
    }

    /// A socket that is connected to `target`, so that it becomes writable when `target` has room. `None` if `target` is connected itself, and lets only that socket connect, which is
    /// the sender: no full queue keeps out what that one sends, so the send is to be tried again.
    fn probe(&self, target: &Path) -> io::Result<Option<Registered<net::UnixDatagram>>> {
        let probe = net::UnixDatagram::unbound()?;
        probe.set_nonblocking(true)?;
        match probe.connect(target) {
            Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => Ok(None),
            connected => {
                connected?;
                Ok(Some(self.io.new_unready_beside(probe, Kind::Datagram)?))
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ended.or_end(|| 0, || self.std().recv(buffer))
    }

    fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let end = || (0, SocketAddr::unnamed());
        self.ended.or_end(end, || {
            let (length, from) = self.std().recv_from(buffer)?;
            Ok((length, from.into()))
        })
    }

    fn std(&self) -> &net::UnixDatagram {
        self.io.get_ref()
    }
}

/// Sends; `None` if the target has no room. If `socket` has none, it would block.
fn send_to(
    socket: &net::UnixDatagram,
    datagram: &[u8],
    target: &Path,
) -> io::Result<Option<usize>> {
    match socket.send_to(datagram, target) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock && has_room(socket) => Ok(None),
        result => result.map(Some),
    }
}

/// Whether the socket's own buffer has room: then it was the target that had none. (That it is writable would say less, or more: a connected socket is not while the queue at the
/// other end is full, and no socket is before most of what it has sent was received.) Linux looks at the buffer before it looks for whom the datagram is for, and a directory is nobody.
/// Elsewhere the system says itself (`ENOBUFS`) that the target cannot receive.
fn has_room(socket: &net::UnixDatagram) -> bool {
    let is_full = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
    cfg!(any(target_os = "android", target_os = "linux"))
        && !socket.send_to(&[], "/").is_err_and(is_full)
}

// The lock is held only for a move: nothing is left half done.
impl UnwindSafe for UnixDatagram {}
impl RefUnwindSafe for UnixDatagram {}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std().as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.std().as_raw_fd()
    }
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// As [`UnixDatagram::from_std`].
    fn try_from(socket: net::UnixDatagram) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

impl TryFrom<UnixDatagram> for net::UnixDatagram {
    type Error = io::Error;

    /// As [`UnixDatagram::into_std`].
    fn try_from(socket: UnixDatagram) -> io::Result<Self> {
        socket.into_std()
    }
}

impl From<UnixDatagram> for OwnedFd {
    /// The descriptor, which is still non-blocking.
    fn from(socket: UnixDatagram) -> Self {
        socket.io.into_inner().into()
    }
}
