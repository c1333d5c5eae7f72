//! A TCP connection, split for a while: each half borrows it.
//!
//! A stream comes in by its `split`; each half hands what it is asked on to the stream, and the two touch different directions.
#![forbid(unsafe_code)]

use crate::io::{Interest, Ready};
use crate::net::TcpStream;
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The reading half of a TCP connection that it borrows: from [`TcpStream::split`]. It stands for asyncio's `StreamReader`.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut client = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///     let (mut read, mut write) = client.split();
///     let ask = async { write.write_all(b"hello").await };
///     let answer = async {
///         let mut word = [0; 5];
///         server.read_exact(&mut word).await?;
///         server.write_all(&word).await?;
///         let mut echo = [0; 5];
///         read.read_exact(&mut echo).await?;
///         assert_eq!(&echo, b"hello");
///         Ok(())
///     };
///     heist::try_join!(ask, answer)?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ReadHalf<'a> {
    stream: &'a TcpStream,
}

/// The writing half of a TCP connection that it borrows: from [`TcpStream::split`]. It stands for asyncio's `StreamWriter`.
///
/// Dropped, it has done nothing to the connection. Closed, it ends the writing half.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut client = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///     let (mut read, mut write) = client.split();
///     let ask = async { write.write_all(b"hello").await };
///     let answer = async {
///         let mut word = [0; 5];
///         server.read_exact(&mut word).await?;
///         server.write_all(&word).await?;
///         let mut echo = [0; 5];
///         read.read_exact(&mut echo).await?;
///         assert_eq!(&echo, b"hello");
///         Ok(())
///     };
///     heist::try_join!(ask, answer)?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a> {
    stream: &'a TcpStream,
}

/// The halves of a stream that nobody else uses meanwhile.
pub(in crate::net) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    let stream = &*stream;
    (ReadHalf { stream }, WriteHalf { stream })
}

impl ReadHalf<'_> {
    /// Waits until the stream is ready for `interest`, and says for what: [`TcpStream::ready`].
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (peer, _) = listener.accept().await?;
    ///     let (read, _write) = stream.split();
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     assert!(read.ready(Interest::READABLE).await?.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// Waits until there may be something to read, or its end: [`TcpStream::readable`].
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (peer, _) = listener.accept().await?;
    ///     let (read, _write) = stream.split();
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (read, _write) = stream.split();
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
    /// use heist::net::{TcpListener, TcpStream};
    /// use std::io::IoSliceMut;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (read, _write) = stream.split();
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

    /// Reads what comes next and leaves it to be read again: [`TcpStream::peek`].
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (peer, _) = listener.accept().await?;
    ///     let (read, _write) = stream.split();
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     let mut first = [0];
    ///     read.peek(&mut first).await?;
    ///     assert_eq!(&first, b"h");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(buffer).await
    }

    /// The same for `poll_` methods: [`TcpStream::poll_peek`].
    ///
    /// # Errors
    ///
    /// Those of the system.
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
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (peer, _) = listener.accept().await?;
    ///     let (read, _write) = stream.split();
    ///     assert_eq!(peer.try_write(b"hello")?, 5);
    ///     let mut first = [0];
    ///     poll_fn(|cx| read.poll_peek(cx, &mut first)).await?;
    ///     assert_eq!(&first, b"h");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buffer)
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (read, _write) = stream.split();
    ///     assert!(read.local_addr()?.ip().is_loopback());
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (read, _write) = stream.split();
    ///     assert!(read.peer_addr()?.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl WriteHalf<'_> {
    /// Waits until the stream is ready for `interest`, and says for what: [`TcpStream::ready`].
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     assert!(write.ready(Interest::WRITABLE).await?.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// Waits until there may be room to write, or an error to learn of: [`TcpStream::writable`].
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     write.writable().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     assert_eq!(write.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.try_write(buffer)
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
    /// use heist::net::{TcpListener, TcpStream};
    /// use std::io::IoSlice;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     let words = [IoSlice::new(b"hello, "), IoSlice::new(b"world")];
    ///     assert_eq!(write.try_write_vectored(&words)?, 12);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(buffers)
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     assert!(write.local_addr()?.ip().is_loopback());
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
    /// use heist::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (_read, write) = stream.split();
    ///     assert!(write.peer_addr()?.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for ReadHalf<'_> {
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

impl AsyncWrite for WriteHalf<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.stream).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.stream).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.stream).poll_close(cx)
    }
}

impl AsRef<TcpStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.stream
    }
}

impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.stream
    }
}
