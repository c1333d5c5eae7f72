//! The end of a pipe that reads.
//!
//! A descriptor comes in, or a path; bytes come in from the other end.
#![forbid(unsafe_code)]

use super::end::End;
use crate::io::{Interest, Ready};
use crate::reactor::Direction;
use futures_io::AsyncRead;
use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The end of a pipe that reads: from [`pipe`](super::pipe()), [`OpenOptions::open_receiver`](super::OpenOptions::open_receiver), or any descriptor.
///
/// It reads through [`AsyncRead`] and its extension trait in [`heist::io`](crate::io). 0 is the end: all senders are gone. (Of a named pipe another may be opened later, and then
/// there is more to read.)
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
/// use heist::net::unix::pipe;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut sender, receiver) = pipe::pipe()?;
///     sender.write_all(b"one\ntwo\n").await?;
///     let mut line = String::new();
///     BufReader::new(receiver).read_line(&mut line).await?;
///     assert_eq!(line, "one\n");
///     Ok(())
/// })
/// # }
/// ```
pub struct Receiver {
    end: End,
}

impl Receiver {
    pub(super) fn new(end: End) -> Self {
        Self { end }
    }

    /// Takes the end of a pipe that the standard library holds as a file, and makes it non-blocking. That changes it for whoever else has it open, in other processes too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is no pipe, or the end that writes; if it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::Receiver;
    /// use std::fs::File;
    /// use std::io::ErrorKind;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = File::open("Cargo.toml")?;
    ///     assert_eq!(Receiver::from_file(file).unwrap_err().kind(), ErrorKind::InvalidInput);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Self> {
        Self::from_owned_fd(file.into())
    }

    /// [`Receiver::from_file`] of any descriptor.
    ///
    /// # Errors
    ///
    /// As [`Receiver::from_file`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::Receiver;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (reader, writer) = std::io::pipe()?;
    /// heist::run(async {
    ///     let receiver = Receiver::from_owned_fd(reader.into())?;
    ///     // The other end is none.
    ///     assert!(Receiver::from_owned_fd(writer.into()).is_err());
    ///     # drop(receiver);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd(fd: OwnedFd) -> io::Result<Self> {
        End::checked(fd, Direction::Read).map(Self::new)
    }

    /// [`Receiver::from_file`] without any check: it must be the end of a pipe that reads, and non-blocking. If it is not, operations on it block the thread, or fail.
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
    /// use heist::net::unix::pipe::{self, Receiver};
    /// use std::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (_sender, receiver) = pipe::pipe()?;
    ///     let fd = receiver.into_nonblocking_fd()?;
    ///     let receiver = Receiver::from_file_unchecked(File::from(fd))?;
    ///     # drop(receiver);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Self> {
        Self::from_owned_fd_unchecked(file.into())
    }

    /// [`Receiver::from_file_unchecked`] of any descriptor.
    ///
    /// # Errors
    ///
    /// As [`Receiver::from_file_unchecked`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::{self, Receiver};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (_sender, receiver) = pipe::pipe()?;
    ///     let fd = receiver.into_nonblocking_fd()?;
    ///     let receiver = Receiver::from_owned_fd_unchecked(fd)?;
    ///     # drop(receiver);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_owned_fd_unchecked(fd: OwnedFd) -> io::Result<Self> {
        End::unchecked(fd, Direction::Read).map(Self::new)
    }

    /// An end that doesn't block, and of which it is known that nothing is there yet.
    #[track_caller]
    pub(crate) fn of_new_child(fd: OwnedFd) -> io::Result<Self> {
        End::empty(fd).map(Self::new)
    }

    /// Waits until it is ready for `interest`, and says for what. It may be so no longer when it is used: be ready for `WouldBlock`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the interest is neither `READABLE` nor `ERROR`, of which alone this end tells; if the runtime is shut down.
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
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     assert!(receiver.ready(Interest::READABLE).await?.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.end.ready(interest).await
    }

    /// Waits until there may be something to read, or its end.
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
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     receiver.readable().await?;
    ///     assert_eq!(receiver.try_read(&mut [0; 8])?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.end.ready(Interest::READABLE).await.map(drop)
    }

    /// [`Receiver::readable`] for `poll_` methods. Of several tasks that wait through a `poll_` method, the last is woken.
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
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     poll_fn(|cx| receiver.poll_read_ready(cx)).await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     let receive = || Ok(rustix::io::read(&receiver, &mut [0; 8])?);
    ///     assert_eq!(receiver.try_io(receive)?, 5);
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
    ///     let (_sender, receiver) = pipe::pipe()?;
    ///     let fd = receiver.into_blocking_fd()?;
    ///     Command::new("true").stdin(fd).status().await?;
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
    ///     let (_sender, receiver) = pipe::pipe()?;
    ///     let fd = receiver.into_nonblocking_fd()?;
    ///     # drop(fd);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        Ok(self.end.into_nonblocking_fd())
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
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (_sender, receiver) = pipe::pipe()?;
    ///     let error = receiver.try_read(&mut [0; 8]).unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.end.try_read(buffer)
    }

    /// [`Receiver::try_read`] into several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As [`Receiver::try_read`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    /// use std::io::IoSliceMut;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (sender, receiver) = pipe::pipe()?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     let (mut head, mut tail) = ([0; 2], [0; 8]);
    ///     let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
    ///     assert_eq!(receiver.try_read_vectored(&mut buffers)?, 5);
    ///     assert_eq!((&head, &tail[..3]), (b"he", &b"llo"[..]));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.end.try_read_vectored(buffers)
    }

    /// Reads what comes up to the end, and appends it. (`AsyncReadExt::read_to_end` writes zeros over all the room in the vector each time that it has waited.)
    pub(crate) async fn append_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        /// What an empty vector begins with, and the least room for a read.
        const FIRST: usize = 16 * 1_024;
        loop {
            if bytes.capacity() == bytes.len() {
                bytes.reserve(FIRST);
            }
            if poll_fn(|cx| self.end.poll_append(cx, bytes)).await? == 0 {
                return Ok(());
            }
        }
    }
}

impl AsyncRead for &Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read_vectored(cx, buffers)
    }
}

impl AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.end.poll_read_vectored(cx, buffers)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.end.fmt(f)
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.file().as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.end.file().as_raw_fd()
    }
}
