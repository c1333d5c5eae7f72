//! hyper's view of a connection: [`rt::Read`](hyper::rt::Read) and [`rt::Write`](hyper::rt::Write) on [`TcpStream`] itself.
//!
//! hyper's buffers come in, possibly not initialised; the kernel writes to them directly.
//!
//! 1. What hyper's cursor gives is only written to, by the kernel, from its beginning on: nothing initialised is made uninitialised.
//! 2. The cursor is advanced by what the kernel says that it has written, and no further.

use crate::net::TcpStream;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl Read for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: rule 1.
        let unfilled = unsafe { buffer.as_mut() };
        let read = ready!(self.poll_recv(cx, unfilled))?;
        // SAFETY: rule 2.
        unsafe { buffer.advance(read) };
        Poll::Ready(Ok(()))
    }
}

impl Write for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write(self, cx, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_flush(self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_close(self, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write_vectored(self, cx, buffers)
    }
}
