//! The end of a pipe that writes.
//!
//! A descriptor comes in, or a path; bytes go out to the other end.
#![forbid(unsafe_code)]

use super::end::End;
use crate::io::{Interest, Ready};
use crate::reactor::Direction;
use futures_io::AsyncWrite;
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The end of a pipe that writes: from [`pipe`](super::pipe()), [`OpenOptions::open_sender`](super::OpenOptions::open_sender), or any descriptor.
///
/// It writes through [`AsyncWrite`] and its extension trait in [`heist::io`](crate::io). A write of at most `PIPE_BUF` bytes (4,096 on Linux) is never mixed with those of others. A write
/// fails with `BrokenPipe` when all receivers are gone. Closing it does nothing: the other end reads the end when the sender is dropped.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncWriteExt, ErrorKind};
/// use heist::net::unix::pipe;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut sender, receiver) = pipe::pipe()?;
///     drop(receiver);
///     let error = sender.write_all(b"hello").await.unwrap_err();
///     assert_eq!(error.kind(), ErrorKind::BrokenPipe);
///     Ok(())
/// })
/// # }
/// ```
pub struct Sender {
    end: End,
}

impl Sender {
    pub(super) fn new(end: End) -> Self {
        Self { end }
    }

    /// Takes the end of a pipe that the standard library holds as a file, and makes it non-blocking. That changes it for whoever else has it open, in other processes too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is no pipe, or the end that reads; if it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::Sender;
    /// use std::fs::File;
    /// use std::io::ErrorKind;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = File::open("Cargo.toml")?;
    ///     assert_eq!(Sender::from_file(file).unwrap_err().kind(), ErrorKind::InvalidInput);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Self> {
        Self::from_owned_fd(file.into())
    }

    /// [`Sender::from_file`] of any descriptor.
    ///
    /// # Errors
    ///
    /// As [`Sender::from_file`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::Sender;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (reader, writer) = std::io::pipe()?;
    /// heist::run(async {
    ///     let sender = Sender::from_owned_fd(writer.into())?;
    ///     // The other end is none.
    ///     assert!(Sender::from_owned_fd(reader.into()).is_err());
    ///     # drop(sender);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Self> {
        End::checked(fd, Direction::Write).map(Self::new)
    }

    /// [`Sender::from_file`] without any check: it must be the end of a pipe that writes, and non-blocking. If it is not, operations on it block the thread, or fail.
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
    /// use heist::net::unix::pipe::{self, Sender};
    /// use std::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let fd = sender.into_nonblocking_fd()?;
    ///     let sender = Sender::from_file_unchecked(File::from(fd))?;
    ///     # drop(sender);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Self> {
        Self::from_owned_fd_unchecked(file.into())
    }

    /// [`Sender::from_file_unchecked`] of any descriptor.
    ///
    /// # Errors
    ///
    /// As [`Sender::from_file_unchecked`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::{self, Sender};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let fd = sender.into_nonblocking_fd()?;
    ///     let sender = Sender::from_owned_fd_unchecked(fd)?;
    ///     # drop(sender);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd_unchecked(fd: OwnedFd) -> io::Result<Self> {
        End::unchecked(fd, Direction::Write).map(Self::new)
    }

    /// Waits until it is ready for `interest`, and says for what. It may be so no longer when it is used: be ready for `WouldBlock`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the interest is neither `WRITABLE` nor `ERROR`, of which alone this end tells; if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     assert!(sender.ready(Interest::WRITABLE).await?.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.end.ready(interest).await
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
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     sender.writable().await?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.end.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`Sender::writable`] for `poll_` methods. Of several tasks that wait through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     poll_fn(|cx| sender.poll_write_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end.poll_ready(cx)
    }

    /// Runs a system call of your own on the pipe, if it is ready as far as is known.
    ///
    /// If it returns `WouldBlock`, the next wait waits for the system to say that it is ready again: so return it only because the pipe did. It is run once:
    /// `Interrupted` is given back like any other error.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it isn't ready; else those of `operation`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let send = || Ok(rustix::io::write(&sender, b"hello")?);
    ///     assert_eq!(sender.try_io(send)?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.end.try_io(operation)
    }

    /// Gives the descriptor back, and has it block again: as another program expects it, for one.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let fd = sender.into_blocking_fd()?;
    ///     Command::new("true").stdout(fd).status().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        self.end.into_blocking_fd()
    }

    /// Gives the descriptor back as it is, non-blocking.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let fd = sender.into_nonblocking_fd()?;
    ///     # drop(fd);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.end.into_nonblocking_fd())
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
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.end.try_write(buffer)
    }

    /// [`Sender::try_write`] from several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As [`Sender::try_write`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    /// use std::io::IoSlice;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, _receiver) = pipe::pipe()?;
    ///     let words = [IoSlice::new(b"hello, "), IoSlice::new(b"world")];
    ///     assert_eq!(sender.try_write_vectored(&words)?, 12);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.end.try_write_vectored(buffers)
    }
}

impl AsyncWrite for &Sender {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back on this side of the system call.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sender {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is kept back on this side of the system call.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.end.fmt(f)
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.file().as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.end.file().as_raw_fd()
    }
}
