//! A Unix connection.
//!
//! A path comes in ([`UnixStream::connect`]), or nothing ([`UnixStream::pair`]), or a socket that a listener has accepted; bytes go out and in.
#![forbid(unsafe_code)]

use super::{
    OwnedReadHalf, OwnedWriteHalf, ReadHalf, SocketAddr, UCred, WriteHalf, split, split_owned,
};
use crate::io::{Interest, Ready};
use crate::net::stream::Stream;
use crate::reactor::{Direction, Registered};
use futures_io::{AsyncRead, AsyncWrite};
use socket2::{Domain, Socket, Type};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
#[cfg(any(feature = "hyper", feature = "tokio-io"))]
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A Unix connection: what asyncio's `open_unix_connection` gives.
///
/// It reads and writes as a [`TcpStream`](crate::net::TcpStream) does, through [`AsyncRead`] and [`AsyncWrite`] and their extension traits in
/// [`heist::io`](crate::io); a shared reference has them as well. Of several tasks that read so, or several that write, only the last that waits is woken. (Any
/// number may wait in [`readable`](UnixStream::readable) and the like.)
///
/// Closing it ([`AsyncWrite::poll_close`]) ends the writing half; dropping it closes both.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut client, mut server) = UnixStream::pair()?;
///     client.write_all(b"all there is").await?;
///     client.close().await?;
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     assert_eq!(text, "all there is");
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixStream {
    stream: Stream<net::UnixStream>,
}

impl UnixStream {
    /// Connects to a path. On Linux, one that begins with a zero byte is an abstract name.
    ///
    /// # Errors
    ///
    /// If the path is too long or has a zero byte elsewhere (`InvalidInput`); if nobody listens there; `WouldBlock` if as many connections wait to be accepted there as
    /// may: the system tells nobody when that changes, so try again after a pause.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives the connection up.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-connect", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let path = directory.join("server");
    ///     let listener = UnixListener::bind(&path)?;
    ///     let stream = UnixStream::connect(&path).await?;
    ///     assert_eq!(stream.peer_addr()?.as_pathname(), Some(path.as_path()));
    ///     drop(listener);
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let address = SocketAddr::named(path.as_ref());
        Self::connect_addr(&address?).await
    }

    /// Connects to an address.
    ///
    /// # Errors
    ///
    /// As [`UnixStream::connect`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it gives the connection up.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-connect-addr", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let stream = UnixStream::connect_addr(&listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     drop((stream, server));
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let address = address.to_socket2()?;
        let stream = Stream::connect(socket()?, &address).await?;
        Ok(Self { stream })
    }

    /// Two connected sockets without a name, as `socket.socketpair` gives them.
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
    /// use heist::io::{AsyncReadExt, AsyncWriteExt};
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (mut one, mut other) = UnixStream::pair()?;
    ///     one.write_all(b"hello").await?;
    ///     let mut word = [0; 5];
    ///     other.read_exact(&mut word).await?;
    ///     assert_eq!(&word, b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixStream::pair()?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// Takes a connection of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down. (The kernel is told of a connection when an operation on it would first have blocked; if it refuses, that operation says so.)
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
    /// heist::run(async {
    ///     let stream = UnixStream::from_std(stream)?;
    ///     assert_eq!(stream.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = Stream::register(stream)?;
        Ok(Self { stream })
    }

    /// Gives the connection of the standard library back. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let stream = stream.into_std()?;
    ///     stream.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        Ok(self.stream.into_inner())
    }

    /// Registers a connection that `listener` has accepted, and that is non-blocking, with the listener's reactor.
    pub(super) fn accepted(
        listener: &Registered<net::UnixListener>,
        stream: net::UnixStream,
    ) -> io::Result<Self> {
        let stream = Stream::accepted(listener, stream)?;
        Ok(Self { stream })
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     assert!(stream.local_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.std().local_addr().map(SocketAddr::from)
    }

    /// The other end's address.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     assert!(stream.peer_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.std().peer_addr().map(SocketAddr::from)
    }

    /// Who made the other end, or listened there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     println!("user {} is there", stream.peer_cred()?.uid());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        UCred::of_peer(self.as_fd())
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
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(ready.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// Waits until there may be something to read, or its end. Together with [`UnixStream::try_read`] it needs no buffer while it waits.
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
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, peer) = UnixStream::pair()?;
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///
    ///     let mut buffer = [0; 16];
    ///     let read = loop {
    ///         stream.readable().await?;
    ///         match stream.try_read(&mut buffer) {
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///             result => break result?,
    ///         }
    ///     };
    ///     assert_eq!(&buffer[..read], b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until there may be room to write, or an error to learn of.
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
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     stream.writable().await?;
    ///     assert_eq!(stream.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`UnixStream::readable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, peer) = UnixStream::pair()?;
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     poll_fn(|cx| stream.poll_read_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_ready(cx, Direction::Read)
    }

    /// [`UnixStream::writable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     poll_fn(|cx| stream.poll_write_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_ready(cx, Direction::Write)
    }

    /// Reads what is there, without waiting. 0 is the end, or an empty buffer.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is nothing; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let error = stream.try_read(&mut [0; 8]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// [`UnixStream::try_read`] into several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As [`UnixStream::try_read`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    /// use std::io::IoSliceMut;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, peer) = UnixStream::pair()?;
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     let (mut head, mut tail) = ([0; 2], [0; 8]);
    ///     let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    ///     assert_eq!(stream.try_read_vectored(&mut buffers)?, 5);
    ///     assert_eq!((&head, &tail[..3]), (b"he", &b"llo"[..]));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(buffers)
    }

    /// Writes what there is room for, without waiting, and says how much that was.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     assert_eq!(stream.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.try_write(buffer)
    }

    /// [`UnixStream::try_write`] from several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As [`UnixStream::try_write`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    /// use std::io::IoSlice;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let words = [IoSlice::new(b"hello, "), IoSlice::new(b"world")];
    ///     assert_eq!(stream.try_write_vectored(&words)?, 12);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(buffers)
    }

    /// Runs a system call of your own on the socket, if it is ready for `interest` as far as is known: to send or receive descriptors, for example.
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
    /// use heist::net::UnixStream;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let send = || SockRef::from(&stream).send(b"hello");
    ///     assert_eq!(stream.try_io(Interest::WRITABLE, send)?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.stream.try_io(interest, operation)
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
    /// use heist::net::UnixStream;
    /// use socket2::SockRef;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let send = || SockRef::from(&stream).send(b"hello");
    ///     assert_eq!(stream.async_io(Interest::WRITABLE, send).await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.stream.async_io(interest, operation).await
    }

    /// Splits it for a while into a half that reads and one that writes, which can be used at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncReadExt, AsyncWriteExt};
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (mut client, mut server) = UnixStream::pair()?;
    ///     let (_read, mut write) = client.split();
    ///     write.write_all(b"hello").await?;
    ///     let mut word = [0; 5];
    ///     server.read_exact(&mut word).await?;
    ///     assert_eq!(&word, b"hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Splits it for good into a half that reads and one that writes, each of which can go to a task of its own. When the writing one goes, the other end learns
    /// that nothing more comes.
    ///
    /// (An [`Arc`](std::sync::Arc) of the stream can be shared as well: a reference to it reads and writes.)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncReadExt, AsyncWriteExt};
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (client, mut server) = UnixStream::pair()?;
    ///     let (_read, mut write) = client.into_split();
    ///     heist::spawn(async move { write.write_all(b"hello").await }).await??;
    ///     let mut text = String::new();
    ///     server.read_to_string(&mut text).await?;
    ///     assert_eq!(text, "hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned::into_split(self)
    }

    /// Ends the reading half, the writing half, or both, at once. What was written is still there for the other end to read.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    /// use heist::net::UnixStream;
    /// use std::net::Shutdown;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, mut peer) = UnixStream::pair()?;
    ///     stream.shutdown(Shutdown::Write)?;
    ///     assert_eq!(peer.read(&mut [0]).await?, 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.std().shutdown(how)
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
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     assert!(stream.take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.std().take_error()
    }

    /// Reads into memory that need not be initialised. The kernel has written as many bytes, from the beginning, as it returns.
    #[cfg(any(feature = "hyper", feature = "tokio-io"))]
    pub(crate) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_recv(cx, buffer)
    }

    fn std(&self) -> &net::UnixStream {
        self.stream.get_ref()
    }
}

/// A Unix stream socket, non-blocking and closed on exec.
pub(super) fn socket() -> io::Result<Socket> {
    #[cfg(not(target_vendor = "apple"))]
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    #[cfg(target_vendor = "apple")]
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    #[cfg(target_vendor = "apple")]
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl AsyncRead for &UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_read_vectored(cx, buffers)
    }
}

impl AsyncWrite for &UnixStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back on this side of the system call.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.close())
    }
}

impl AsyncRead for UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read_vectored(cx, buffers)
    }
}

impl AsyncWrite for UnixStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stream.fmt(f)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.std().as_raw_fd()
    }
}

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// As [`UnixStream::from_std`].
    fn try_from(stream: net::UnixStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}

impl TryFrom<UnixStream> for net::UnixStream {
    type Error = io::Error;

    /// As [`UnixStream::into_std`].
    fn try_from(stream: UnixStream) -> io::Result<Self> {
        stream.into_std()
    }
}

impl From<UnixStream> for OwnedFd {
    fn from(stream: UnixStream) -> Self {
        stream.stream.into_inner().into()
    }
}

impl AsRef<UnixStream> for UnixStream {
    fn as_ref(&self) -> &Self {
        self
    }
}
