//! A connected stream socket of either kind: what `TcpStream` and `UnixStream` have in common.
//!
//! Buffers come in, and interests to wait for; what goes out are the system calls of the standard library's socket, and their results. The
//! public types, and their halves through them, are the only callers.
//!
//! A read into an empty buffer makes no system call, and so leaves an error that there may be to the next one. (Linux would say that a read of no bytes blocks, as long as there are none.)
#![forbid(unsafe_code)]

use crate::io::{Interest, Ready};
use crate::reactor::{Direction, Kind, Registered};
use heist_sync::coop;
use rustix::io::Errno;
#[cfg(any(feature = "hyper", feature = "tokio-io"))]
use rustix::net::RecvFlags;
use socket2::{SockAddr, Socket};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
#[cfg(any(feature = "hyper", feature = "tokio-io"))]
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

/// A stream socket of the standard library.
pub(super) trait Transport: AsFd + From<Socket> {
    /// Whether a read that comes short has found all that was there, and a write that comes short all the room. (Only then may the next call, which
    /// would block, be saved.)
    const SHORT_IS_DRAINED: bool;

    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    fn take_error(&self) -> io::Result<Option<io::Error>>;
}

impl Transport for std::net::TcpStream {
    const SHORT_IS_DRAINED: bool = true;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }
}

impl Transport for std::os::unix::net::UnixStream {
    /// A read stops short at a message that carries descriptors or has another sender, and there may be data behind it.
    const SHORT_IS_DRAINED: bool = false;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }
}

/// A connection, registered.
pub(super) struct Stream<S: Transport> {
    io: Registered<S>,
}

impl<S: Transport> Stream<S> {
    /// Connects a socket that is non-blocking and not registered yet.
    ///
    /// # Errors
    ///
    /// Those of the system; if it cannot be registered.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    pub(super) async fn connect(socket: Socket, address: &SockAddr) -> io::Result<Self> {
        match socket.connect(address) {
            Ok(()) => Self::register(socket.into()),
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {
                // Registered only now, since a socket that isn't connecting yet counts as hung up.
                let io = Registered::new_unready(socket.into(), Kind::Stream)?;
                let stream = Self { io };
                stream.ready(Interest::WRITABLE).await?;
                match stream.get_ref().take_error()? {
                    Some(error) => Err(error),
                    None => Ok(stream),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Registers a connection that is non-blocking.
    ///
    /// # Errors
    ///
    /// As [`Registered::new`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub(super) fn register(socket: S) -> io::Result<Self> {
        let io = Registered::new(socket, Kind::Stream)?;
        Ok(Self { io })
    }

    /// Registers a connection that `listener` has accepted, and that is non-blocking, with the listener's reactor.
    ///
    /// # Errors
    ///
    /// As [`Registered::new`].
    pub(super) fn accepted<L: AsFd>(listener: &Registered<L>, socket: S) -> io::Result<Self> {
        let io = listener.new_beside(socket, Kind::Stream)?;
        Ok(Self { io })
    }

    #[inline]
    pub(super) fn get_ref(&self) -> &S {
        self.io.get_ref()
    }

    /// Takes the socket back. It stays non-blocking.
    pub(super) fn into_inner(self) -> S {
        self.io.into_inner()
    }

    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, direction)
    }

    pub(super) fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_user_io(interest, |_| operation())
    }

    pub(super) async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.user_io(interest, |_| operation()).await
    }

    /// Runs `op`, which reads something into the buffer without taking it, until it doesn't block.
    pub(super) async fn look(
        &self,
        buffer: &mut [u8],
        mut op: impl FnMut(&S, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if buffer.is_empty() {
            return poll_fn(poll_nothing).await;
        }
        self.io
            .io(Interest::READABLE, |socket| op(socket, buffer))
            .await
    }

    /// The same for `poll_` methods.
    pub(super) fn poll_look(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        mut op: impl FnMut(&S, &mut [u8]) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return poll_nothing(cx);
        }
        self.io
            .poll_io(cx, Direction::Read, |socket| op(socket, buffer))
    }

    /// Ends the writing half.
    pub(super) fn close(&self) -> io::Result<()> {
        match self.get_ref().shutdown(Shutdown::Write) {
            // The peer was quicker to end it, both ways: there is nothing left to close.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            outcome => outcome,
        }
    }

    /// Reads into memory that need not be initialised. The kernel has written as many bytes, from the beginning, as it returns.
    #[cfg(any(feature = "hyper", feature = "tokio-io"))]
    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_transfer(cx, Direction::Read, len, |socket| {
            let (_, read) = rustix::net::recv(socket, &mut *buffer, RecvFlags::empty())?;
            Ok(read)
        })
    }

    /// Reads or writes up to `len` bytes.
    #[inline]
    fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        len: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if len == 0 && direction == Direction::Read {
            return poll_nothing(cx);
        }
        if S::SHORT_IS_DRAINED {
            self.io.poll_stream_io(cx, direction, len, op)
        } else {
            self.io.poll_io(cx, direction, op)
        }
    }
}

impl<S: Transport> Stream<S>
where
    for<'a> &'a S: Read + Write,
{
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.io
            .try_io(Interest::READABLE, |mut socket| socket.read(buffer))
    }

    pub(super) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if total(buffers.iter().map(|buffer| buffer.len())) == 0 {
            return Ok(0);
        }
        self.io.try_io(Interest::READABLE, |mut socket| {
            socket.read_vectored(buffers)
        })
    }

    pub(super) fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |mut socket| socket.write(buffer))
    }

    pub(super) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |mut socket| {
            socket.write_vectored(buffers)
        })
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_transfer(cx, Direction::Read, len, |mut socket| socket.read(buffer))
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = total(buffers.iter().map(|buffer| buffer.len()));
        self.poll_transfer(cx, Direction::Read, len, |mut socket| {
            socket.read_vectored(buffers)
        })
    }

    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_transfer(cx, Direction::Write, len, |mut socket| socket.write(buffer))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = total(buffers.iter().map(|buffer| buffer.len()));
        self.poll_transfer(cx, Direction::Write, len, |mut socket| {
            socket.write_vectored(buffers)
        })
    }
}

/// What a read into an empty buffer comes to, also of a pipe. It spends the budget: who goes on reading nothing must give way as well.
#[cold]
pub(super) fn poll_nothing(cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    ready!(coop::poll_proceed(cx)).made_progress();
    Poll::Ready(Ok(0))
}

/// How many buffers Linux takes in one call (`UIO_MAXIOV`), and `std` therefore gives it. Nothing depends on it elsewhere.
const BUFFERS: usize = 1_024;

/// How many bytes a vectored call is for, if these are the lengths of the buffers: the others are not looked at.
fn total(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.take(BUFFERS).fold(0, usize::saturating_add)
}

impl<S: Transport + fmt::Debug> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}
