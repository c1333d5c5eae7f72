//! One end of a pipe, registered: what senders and receivers have in common.
//!
//! Descriptors come in, checked and made non-blocking; reads and writes go out to the kernel. The public ends are the only callers.
#![forbid(unsafe_code)]

use super::nonblocking;
use crate::io::{Interest, Ready};
use crate::net::stream::poll_nothing;
use crate::reactor::{Direction, Kind, Registered};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

/// The end for one direction: `Direction::Read` is a receiver.
pub(super) struct End {
    io: Registered<File>,
    direction: Direction,
}

impl End {
    /// A descriptor of anybody's, once it has been looked at.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is no pipe, or not for this direction; else as [`End::unchecked`].
    ///
    /// # Panics
    ///
    /// As [`End::unchecked`].
    #[track_caller]
    pub(super) fn checked(fd: OwnedFd, direction: Direction) -> io::Result<Self> {
        check_is_pipe(&fd)?;
        let access = fcntl_getfl(&fd)? & OFlags::ACCMODE;
        let (other, what) = match direction {
            Direction::Read => (OFlags::WRONLY, "read from"),
            Direction::Write => (OFlags::RDONLY, "written to"),
        };
        if access == other {
            let reason = format!("this end of the pipe cannot be {what}: it is the other one");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        Self::unchecked(nonblocking(fd)?, direction)
    }

    /// What is known to be right, and doesn't block.
    ///
    /// # Errors
    ///
    /// If it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub(super) fn unchecked(fd: OwnedFd, direction: Direction) -> io::Result<Self> {
        let kind = Kind::Foreign(direction.interest());
        let io = Registered::new(File::from(fd), kind)?;
        Ok(Self { io, direction })
    }

    /// The same of an end that reads, and is not tried before the kernel says so.
    ///
    /// # Errors
    ///
    /// As [`End::unchecked`].
    ///
    /// # Panics
    ///
    /// As [`End::unchecked`].
    #[track_caller]
    pub(super) fn empty(fd: OwnedFd) -> io::Result<Self> {
        let direction = Direction::Read;
        let kind = Kind::Foreign(direction.interest());
        let io = Registered::new_unready(File::from(fd), kind)?;
        Ok(Self { io, direction })
    }

    pub(super) fn file(&self) -> &File {
        self.io.get_ref()
    }

    pub(super) fn into_nonblocking_fd(self) -> OwnedFd {
        self.io.into_inner().into()
    }

    pub(super) fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let fd = self.into_nonblocking_fd();
        rustix::io::ioctl_fionbio(&fd, false)?;
        Ok(fd)
    }

    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        let own = self.direction.interest();
        if interest.remove(own | Interest::ERROR) == Some(interest) {
            let reason = format!(
                "this end of a pipe is only ever {own:?}, and nobody would ever tell of {interest:?}"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        self.io.ready(interest).await
    }

    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, self.direction)
    }

    pub(super) fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.io
            .try_user_io(self.direction.interest(), |_| operation())
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.io
            .try_io(Interest::READABLE, |mut pipe| pipe.read(buffer))
    }

    pub(super) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if buffers.iter().all(|buffer| buffer.is_empty()) {
            return Ok(0);
        }
        self.io
            .try_io(Interest::READABLE, |mut pipe| pipe.read_vectored(buffers))
    }

    pub(super) fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |mut pipe| pipe.write(buffer))
    }

    pub(super) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |mut pipe| pipe.write_vectored(buffers))
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return poll_nothing(cx);
        }
        self.io
            .poll_io(cx, Direction::Read, |mut pipe| pipe.read(buffer))
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if buffers.iter().all(|buffer| buffer.is_empty()) {
            return poll_nothing(cx);
        }
        self.io
            .poll_io(cx, Direction::Read, |mut pipe| pipe.read_vectored(buffers))
    }

    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Write, |mut pipe| pipe.write(buffer))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |mut pipe| {
            pipe.write_vectored(buffers)
        })
    }

    /// Appends what comes next, as much as the kernel has in store, and says how much that was. 0 is the end.
    pub(super) fn poll_append(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Read, |pipe| {
            let room = rustix::buffer::spare_capacity(bytes);
            Ok(rustix::io::read(pipe, room)?)
        })
    }
}

/// # Errors
///
/// `InvalidInput` if it is none.
pub(super) fn check_is_pipe(fd: impl std::os::fd::AsFd) -> io::Result<()> {
    if FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Fifo {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "this is no pipe: use `fs::File` for files, `net` for sockets, and `io::unix::AsyncFd` for anything else",
    ))
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}
