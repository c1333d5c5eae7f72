//! Standard output and standard error.
//!
//! In: bytes. Out: the same bytes, by a thread of the blocking pool; see `write_behind.rs`.

#![forbid(unsafe_code)]

use super::write_behind::{Sink, WriteBehind};
use futures_io::AsyncWrite;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How much is accepted before it is written: as of files.
const LIMIT: usize = 2 << 20;

/// A handle on standard output: from [`stdout`].
///
/// A write is acknowledged when its bytes are in the handle's buffer; a thread writes them then, at once and in order. [`flush`](super::AsyncWriteExt::flush) waits until they are with
/// the system, and tells of errors. What one that is dropped had accepted is written, and a runtime that shuts down waits for it: unless whoever shall read it doesn't.
/// Several handles, and `println!`, may be mixed; what comes first, only flushing says.
///
/// # Panics
///
/// Written to outside a runtime.
///
/// # Cancel safety
///
/// A write that is dropped before it is ready has had no effect.
///
/// # Examples
///
/// See [`stdout`].
#[derive(Debug)]
pub struct Stdout(WriteBehind<Arc<io::Stdout>>);

/// A handle on standard error: from [`stderr`]. As [`Stdout`].
///
/// # Panics
///
/// Written to outside a runtime.
///
/// # Cancel safety
///
/// A write that is dropped before it is ready has had no effect.
///
/// # Examples
///
/// See [`stderr`].
#[derive(Debug)]
pub struct Stderr(WriteBehind<Arc<io::Stderr>>);

/// Standard output, to be written as any stream. asyncio's `connect_write_pipe` with `sys.stdout`.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncWriteExt, stdout};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut stdout = stdout();
///     stdout.write_all(b"hello\n").await?;
///     stdout.flush().await
/// })
/// # }
/// ```
#[must_use]
pub fn stdout() -> Stdout {
    Stdout(WriteBehind::new(io::stdout().into()))
}

/// Standard error, to be written as any stream. asyncio's `connect_write_pipe` with `sys.stderr`.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncWriteExt, stderr};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut stderr = stderr();
///     stderr.write_all(b"something is wrong\n").await?;
///     stderr.flush().await
/// })
/// # }
/// ```
#[must_use]
pub fn stderr() -> Stderr {
    Stderr(WriteBehind::new(io::stderr().into()))
}

impl Sink for Arc<io::Stdout> {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut locked = self.lock();
        locked.write_all(bytes)?;
        // The standard library keeps the last line, if it isn't whole.
        locked.flush()
    }
}

impl Sink for Arc<io::Stderr> {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        self.lock().write_all(bytes)
    }
}

impl AsyncWrite for Stdout {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, &[IoSlice::new(buffer)], LIMIT)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buffers, LIMIT)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    /// Flushes. The descriptor stays open.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }
}

impl AsyncWrite for Stderr {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, &[IoSlice::new(buffer)], LIMIT)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buffers, LIMIT)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    /// Flushes. The descriptor stays open.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }
}

impl AsFd for Stdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.sink().as_fd()
    }
}

impl AsRawFd for Stdout {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for Stderr {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.sink().as_fd()
    }
}

impl AsRawFd for Stderr {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
