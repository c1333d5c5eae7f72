//! A Unix socket that takes connections.
//!
//! A path comes in, connections go out: registered [`UnixStream`]s, each by one system call and its registration.
#![forbid(unsafe_code)]

use super::stream::{self, UnixStream};
use super::{Incoming, SocketAddr, incoming};
use crate::io::Interest;
use crate::net::tcp_listener::BACKLOG;
use crate::reactor::{Direction, Kind, Registered};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll, ready};

/// A Unix socket that listens for connections, as asyncio's `start_unix_server` makes one.
///
/// # Examples
///
/// ```
/// use heist::net::{UnixListener, UnixStream};
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-listener", std::process::id()));
///     # std::fs::create_dir_all(&directory)?;
///     let listener = UnixListener::bind(directory.join("server"))?;
///     let mut client = UnixStream::connect_addr(&listener.local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///     server.write_all(b"hello").await?;
///     drop(server);
///     let mut text = String::new();
///     client.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     # std::fs::remove_dir_all(&directory)?;
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixListener {
    io: Registered<net::UnixListener>,
}

impl UnixListener {
    /// Listens on a path. On Linux, one that begins with a zero byte is an abstract name, which is gone with the listener.
    ///
    /// A path stays when the listener is dropped, and cannot be listened on again until it is removed. Up to 4,096 connections may wait to be accepted.
    ///
    /// # Errors
    ///
    /// If the path is too long or has a zero byte elsewhere (`InvalidInput`); if there is a file of that name already (`AddrInUse`); else those of the system.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-bind", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let path = directory.join("server");
    ///     let listener = UnixListener::bind(&path)?;
    ///     assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_path()));
    ///     std::fs::remove_file(&path)?;
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::named(path.as_ref())?)
    }

    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// As [`UnixListener::bind`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixListener;
    /// use heist::net::unix::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-bind-addr", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let address = std::os::unix::net::SocketAddr::from_pathname(directory.join("server"))?;
    ///     let listener = UnixListener::bind_addr(&SocketAddr::from(address))?;
    ///     assert!(!listener.local_addr()?.is_unnamed());
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let socket = stream::socket()?;
        socket.bind(&address.to_socket2()?)?;
        socket.listen(BACKLOG)?;
        Self::register(socket.into())
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
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-from-std", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = std::os::unix::net::UnixListener::bind(directory.join("server"))?;
    ///     let listener = UnixListener::from_std(listener)?;
    ///     assert!(!listener.local_addr()?.is_unnamed());
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(listener: net::UnixListener) -> io::Result<Self> {
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
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-into-std", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let listener = listener.into_std()?;
    ///     listener.set_nonblocking(false)?;
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixListener> {
        Ok(self.io.into_inner())
    }

    #[track_caller]
    fn register(listener: net::UnixListener) -> io::Result<Self> {
        let io = Registered::new(listener, Kind::Listener)?;
        Ok(Self { io })
    }

    /// Takes the next connection, and says who it is: mostly nobody with a name. Many tasks may wait for one at the same time.
    ///
    /// The connection belongs to the runtime of the listener, whoever accepts it, on whatever thread.
    ///
    /// # Errors
    ///
    /// Those of the system, which concern one connection and not the listener, or pass (no descriptor left): go on accepting, after a pause in the second case. A
    /// connection that waits is not lost by them. Another one if the listener's runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has accepted nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-accept", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let client = UnixStream::connect_addr(&listener.local_addr()?).await?;
    ///     let (_server, peer) = listener.accept().await?;
    ///     assert!(peer.is_unnamed());
    ///     drop(client);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self.io.io(Interest::READABLE, accept).await?;
        Ok((UnixStream::accepted(&self.io, stream)?, peer))
    }

    /// The same for `poll_` methods. Of several tasks that wait through this method, the last is woken.
    ///
    /// # Errors
    ///
    /// As [`UnixListener::accept`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{UnixListener, UnixStream};
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-poll-accept", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let client = UnixStream::connect_addr(&listener.local_addr()?).await?;
    ///     let (_server, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    ///     assert!(peer.is_unnamed());
    ///     drop(client);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let (stream, peer) = ready!(self.io.poll_io(cx, Direction::Read, accept))?;
        Poll::Ready(Ok((UnixStream::accepted(&self.io, stream)?, peer)))
    }

    /// The connections that it accepts, one after the other, as a stream, which never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    /// use heist::net::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-into-stream", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let address = listener.local_addr()?;
    ///     let mut incoming = listener.into_stream();
    ///     let client = UnixStream::connect_addr(&address).await?;
    ///     let server = incoming.next().await.expect("it never ends")?;
    ///     drop((client, server));
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_stream(self) -> Incoming {
        incoming::incoming(self)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-local-addr", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     println!("listening on {:?}", listener.local_addr()?);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr().map(SocketAddr::from)
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
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-take-error", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     assert!(listener.take_error()?.is_none());
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

/// Accepts a connection that is non-blocking and closed on exec, at once. (Not by `rustix`, which panics at a path as long as can be.)
#[cfg(not(target_vendor = "apple"))]
fn accept(listener: &net::UnixListener) -> io::Result<(net::UnixStream, SocketAddr)> {
    use socket2::SockRef;

    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (stream, peer) = SockRef::from(listener).accept4(flags)?;
    let stream = net::UnixStream::from(stream);
    // Hardly anybody bears a name. One that somebody does bear is asked for again: a path as long as can be has no other way into the standard library's type.
    let peer = if peer.is_unnamed() {
        SocketAddr::unnamed()
    } else {
        stream.peer_addr()?.into()
    };
    Ok((stream, peer))
}

/// Accepts a connection, and makes it non-blocking: there is no `accept4`.
#[cfg(target_vendor = "apple")]
fn accept(listener: &net::UnixListener) -> io::Result<(net::UnixStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer.into()))
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// As [`UnixListener::from_std`].
    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

impl TryFrom<UnixListener> for net::UnixListener {
    type Error = io::Error;

    /// As [`UnixListener::into_std`].
    fn try_from(listener: UnixListener) -> io::Result<Self> {
        listener.into_std()
    }
}

impl From<UnixListener> for OwnedFd {
    fn from(listener: UnixListener) -> Self {
        listener.io.into_inner().into()
    }
}
