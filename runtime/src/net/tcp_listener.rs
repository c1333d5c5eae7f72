//! A TCP socket that takes connections.
//!
//! An address comes in, connections go out: registered [`TcpStream`]s, each by one system call and its registration.
#![forbid(unsafe_code)]

use super::addr::{self, ToSocketAddrs};
use super::tcp::{Incoming, incoming};
use super::tcp_stream::{self, TcpStream};
use crate::io::Interest;
use crate::reactor::{Direction, Kind, Registered};
use socket2::Domain;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll, ready};

/// How many connections may wait to be accepted. (Linux takes no more than `net.core.somaxconn`, by default the same.)
pub(super) const BACKLOG: i32 = 4096;

/// A TCP socket that listens for connections, as asyncio's `start_server` makes one.
///
/// # Examples
///
/// ```no_run
/// use heist::net::TcpListener;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     loop {
///         let (stream, peer) = listener.accept().await?;
///         heist::spawn(async move {
///             println!("{peer} is here");
///             drop(stream);
///         });
///     }
/// })
/// # }
/// ```
pub struct TcpListener {
    io: Registered<std::net::TcpListener>,
}

impl TcpListener {
    /// Listens on an address; on the first that can be had, if it names several. Port 0 lets the system choose.
    ///
    /// The address may be in use by connections of a former listener (`SO_REUSEADDR`), and up to 4,096 connections may wait to be accepted.
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
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = heist::net::TcpListener::bind("127.0.0.1:0").await?;
    ///     assert_ne!(listener.local_addr()?.port(), 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        addr::try_each(address, async |address| {
            let socket = tcp_stream::socket(Domain::for_address(address))?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Self::register(socket.into())
        })
        .await
    }

    /// Takes a listener of the standard library, and makes it non-blocking.
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
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// heist::run(async {
    ///     let listener = TcpListener::from_std(listener)?;
    ///     assert!(listener.local_addr()?.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::register(listener)
    }

    /// Gives the listener of the standard library back. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let listener = listener.into_std()?;
    ///     listener.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        Ok(self.io.into_inner())
    }

    #[track_caller]
    fn register(listener: std::net::TcpListener) -> io::Result<Self> {
        let io = Registered::new(listener, Kind::Listener)?;
        Ok(Self { io })
    }

    /// Takes the next connection, and says who it is. Many tasks may wait for one at the same time.
    ///
    /// The connection belongs to the runtime of the listener, whoever accepts it, on whatever thread.
    ///
    /// # Errors
    ///
    /// Those of the system, which concern one connection and not the listener (`ConnectionAborted`), or pass (no descriptor left): go on
    /// accepting, after a pause in the second case. A connection that waits is not lost by them. Another one if the listener's runtime is shut
    /// down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has accepted nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_server, peer) = listener.accept().await?;
    ///     assert_eq!(peer, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.io.io(Interest::READABLE, accept).await?;
        Ok((TcpStream::accepted(&self.io, stream)?, peer))
    }

    /// The same for `poll_` methods. Of several tasks that wait through this method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::accept`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{TcpListener, TcpStream};
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_server, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    ///     assert_eq!(peer, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let (stream, peer) = ready!(self.io.poll_io(cx, Direction::Read, accept))?;
        Poll::Ready(Ok((TcpStream::accepted(&self.io, stream)?, peer)))
    }

    /// The connections that it accepts, one after the other, as a stream, which never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let address = listener.local_addr()?;
    ///     let mut incoming = listener.into_stream();
    ///     let client = TcpStream::connect(address).await?;
    ///     let server = incoming.next().await.expect("it never ends")?;
    ///     drop((client, server));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_stream(self) -> Incoming {
        incoming::incoming(self)
    }

    /// The address that it listens on: with the port that the system chose, if it was asked to.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     println!("listening on {}", listener.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The time to live of the packets that it sends, in hops.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     assert!(listener.ttl()? > 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live of the packets that it sends, in hops. Connections that it accepts inherit it.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     listener.set_ttl(7)?;
    ///     assert_eq!(listener.ttl()?, 7);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(hops)
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
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     assert!(listener.take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

/// Accepts a connection that is non-blocking and closed on exec, at once.
#[cfg(not(target_vendor = "apple"))]
fn accept(listener: &std::net::TcpListener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    use rustix::net::{SocketFlags, acceptfrom_with};

    let (stream, peer) = acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    let peer = peer.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "a connection without an IP address",
        )
    })?;
    Ok((stream.into(), peer))
}

/// Accepts a connection, and makes it non-blocking: there is no `accept4`.
#[cfg(target_vendor = "apple")]
fn accept(listener: &std::net::TcpListener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// As [`TcpListener::from_std`].
    fn try_from(listener: std::net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

impl TryFrom<TcpListener> for std::net::TcpListener {
    type Error = io::Error;

    /// As [`TcpListener::into_std`].
    fn try_from(listener: TcpListener) -> io::Result<Self> {
        listener.into_std()
    }
}

impl From<TcpListener> for OwnedFd {
    fn from(listener: TcpListener) -> Self {
        listener.io.into_inner().into()
    }
}
