//! A Unix connection, split for good: each half can go to a task of its own.
//!
//! A stream comes in by its `into_split`, and goes out when its halves are reunited; what they share is in `halves.rs`.
#![forbid(unsafe_code)]

use super::SocketAddr;
use crate::io::{Interest, Ready};
use crate::net::UnixStream;
use crate::net::halves::{self, WriteEnd};
use futures_io::{AsyncRead, AsyncWrite};
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The reading half of a Unix connection: from [`UnixStream::into_split`]. It stands for asyncio's `StreamReader`.
///
/// The connection is closed when both halves are gone.
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
///     let (mut read, mut write) = client.into_split();
///     let asking = heist::spawn(async move {
///         write.write_all(b"all there is").await
///         // It goes here: nothing more comes.
///     });
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     assert_eq!(text, "all there is");
///     asking.await??;
///
///     server.write_all(b"thanks").await?;
///     let mut thanks = [0; 6];
///     read.read_exact(&mut thanks).await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<UnixStream>,
}

/// The writing half of a Unix connection: from [`UnixStream::into_split`]. It stands for asyncio's `StreamWriter`.
///
/// Dropped, it ends the writing half, so that the other end learns that nothing more comes: see [`OwnedWriteHalf::forget`].
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
///     let (mut read, mut write) = client.into_split();
///     let asking = heist::spawn(async move {
///         write.write_all(b"all there is").await
///         // It goes here: nothing more comes.
///     });
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     assert_eq!(text, "all there is");
///     asking.await??;
///
///     server.write_all(b"thanks").await?;
///     let mut thanks = [0; 6];
///     read.read_exact(&mut thanks).await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf {
    end: WriteEnd<UnixStream>,
}

/// Two halves that are not of one stream: it has both of them. From [`OwnedReadHalf::reunite`] and [`OwnedWriteHalf::reunite`].
///
/// # Examples
///
/// ```
/// use heist::net::UnixStream;
/// use heist::net::unix::ReuniteError;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (one, two) = UnixStream::pair()?;
///     let ((read, write), (other_read, other_write)) = (one.into_split(), two.into_split());
///     let ReuniteError(read, other_write) = read.reunite(other_write).unwrap_err();
///     read.reunite(write).expect("these are of one stream");
///     other_read.reunite(other_write).expect("and so are these");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ReuniteError(
    /// The reading half of one stream.
    pub OwnedReadHalf,
    /// The writing half of another.
    pub OwnedWriteHalf,
);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these are halves of two different streams: reunite those that came from one `into_split`")
    }
}

impl Error for ReuniteError {}

/// The halves of a stream.
pub(in crate::net) fn into_split(stream: UnixStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let (stream, end) = halves::split(stream);
    (OwnedReadHalf { stream }, OwnedWriteHalf { end })
}

/// The stream of these halves.
///
/// # Errors
///
/// Both, if they are not of one stream.
fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
    halves::reunite(read.stream, write.end)
        .map_err(|(stream, end)| ReuniteError(OwnedReadHalf { stream }, OwnedWriteHalf { end }))
}

impl OwnedReadHalf {
    /// Puts the halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`], which has both, if they are not of one stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let (read, write) = stream.into_split();
    ///     let stream = read.reunite(write).expect("these are of one stream");
    ///     stream.writable().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
        reunite(self, other)
    }

    /// Waits until the stream is ready for `interest`, and says for what: [`UnixStream::ready`].
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
    ///     let (stream, peer) = UnixStream::pair()?;
    ///     let (read, _write) = stream.into_split();
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     assert!(read.ready(Interest::READABLE).await?.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// Waits until there may be something to read, or its end: [`UnixStream::readable`].
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
    ///     let (stream, peer) = UnixStream::pair()?;
    ///     let (read, _write) = stream.into_split();
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     read.readable().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
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
    ///     let (read, _write) = stream.into_split();
    ///     let error = read.try_read(&mut [0; 8]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }

    /// Reads what is there into several buffers, one after the other, without waiting.
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
    /// use std::io::IoSliceMut;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let (read, _write) = stream.into_split();
    ///     let (mut head, mut tail) = ([0; 2], [0; 8]);
    ///     let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    ///     let error = read.try_read_vectored(&mut buffers).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(buffers)
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
    ///     let (read, _write) = stream.into_split();
    ///     assert!(read.local_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
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
    ///     let (read, _write) = stream.into_split();
    ///     assert!(read.peer_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl OwnedWriteHalf {
    /// Puts the halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`], which has both, if they are not of one stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     let (read, write) = stream.into_split();
    ///     let stream = write.reunite(read).expect("these are of one stream");
    ///     stream.writable().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn reunite(self, other: OwnedReadHalf) -> Result<UnixStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops it without ending the writing half: the other end goes on waiting for more, until the reading half is gone as well.
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
    ///     let (_read, write) = stream.into_split();
    ///     write.forget();
    ///     // Not the end, which would be `Ok(0)`.
    ///     let error = peer.try_read(&mut [0]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn forget(self) {
        self.end.forget();
    }

    /// Waits until the stream is ready for `interest`, and says for what: [`UnixStream::ready`].
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
    ///     let (_read, write) = stream.into_split();
    ///     assert!(write.ready(Interest::WRITABLE).await?.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.end.get_ref().ready(interest).await
    }

    /// Waits until there may be room to write, or an error to learn of: [`UnixStream::writable`].
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
    ///     let (_read, write) = stream.into_split();
    ///     write.writable().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.end.get_ref().writable().await
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
    ///     let (_read, write) = stream.into_split();
    ///     assert_eq!(write.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.end.get_ref().try_write(buffer)
    }

    /// Writes what there is room for from several buffers, one after the other, without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room; else those of the system.
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
    ///     let (_read, write) = stream.into_split();
    ///     let words = [IoSlice::new(b"hello, "), IoSlice::new(b"world")];
    ///     assert_eq!(write.try_write_vectored(&words)?, 12);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.end.get_ref().try_write_vectored(buffers)
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
    ///     let (_read, write) = stream.into_split();
    ///     assert!(write.local_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.end.get_ref().local_addr()
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
    ///     let (_read, write) = stream.into_split();
    ///     assert!(write.peer_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.end.get_ref().peer_addr()
    }
}

impl AsyncRead for OwnedReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_read_vectored(cx, buffers)
    }
}

impl AsyncWrite for OwnedWriteHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.end.get_ref()).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.end.get_ref()).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.end.get_ref()).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.end.get_ref()).poll_close(cx))?;
        self.end.set_closed();
        Poll::Ready(Ok(()))
    }
}

impl AsRef<UnixStream> for OwnedReadHalf {
    fn as_ref(&self) -> &UnixStream {
        &self.stream
    }
}

impl AsRef<UnixStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &UnixStream {
        self.end.get_ref()
    }
}
