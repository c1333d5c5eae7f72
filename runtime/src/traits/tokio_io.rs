//! tokio's [`AsyncRead`] and [`AsyncWrite`] on heist's streams and their halves themselves, for crates that ask for these traits and for nothing else of
//! tokio's.
//!
//! tokio's buffers come in, possibly not initialised; the kernel writes to them directly. What is written goes the way of `futures_io`'s traits.
//!
//! 1. What tokio's buffer gives is only written to, by the kernel, from its beginning on: nothing initialised is made uninitialised.
//! 2. As many bytes are said to be initialised as the kernel says that it has written, and no more.

use crate::net::{TcpStream, UnixStream, tcp, unix};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Has `recv` read into what tokio gives.
fn fill(
    buffer: &mut ReadBuf<'_>,
    recv: impl FnOnce(&mut [MaybeUninit<u8>]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<()>> {
    // SAFETY: rule 1.
    let unfilled = unsafe { buffer.unfilled_mut() };
    let read = ready!(recv(unfilled))?;
    // SAFETY: rule 2.
    unsafe { buffer.assume_init(read) };
    buffer.advance(read);
    Poll::Ready(Ok(()))
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        fill(buffer, |unfilled| self.poll_recv(cx, unfilled))
    }
}

impl AsyncRead for UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        fill(buffer, |unfilled| self.poll_recv(cx, unfilled))
    }
}

impl AsyncRead for tcp::ReadHalf<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream: &TcpStream = self.as_ref().get_ref().as_ref();
        fill(buffer, |unfilled| stream.poll_recv(cx, unfilled))
    }
}

impl AsyncRead for tcp::OwnedReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream: &TcpStream = self.as_ref().get_ref().as_ref();
        fill(buffer, |unfilled| stream.poll_recv(cx, unfilled))
    }
}

impl AsyncRead for unix::ReadHalf<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream: &UnixStream = self.as_ref().get_ref().as_ref();
        fill(buffer, |unfilled| stream.poll_recv(cx, unfilled))
    }
}

impl AsyncRead for unix::OwnedReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream: &UnixStream = self.as_ref().get_ref().as_ref();
        fill(buffer, |unfilled| stream.poll_recv(cx, unfilled))
    }
}

impl AsyncWrite for TcpStream {
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

impl AsyncWrite for UnixStream {
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

impl AsyncWrite for tcp::WriteHalf<'_> {
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

impl AsyncWrite for tcp::OwnedWriteHalf {
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

impl AsyncWrite for unix::WriteHalf<'_> {
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

impl AsyncWrite for unix::OwnedWriteHalf {
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

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use crate::reactor::tests::{block_on, each_kind};
    use std::future::poll_fn;

    /// Bytes are appended to what is filled, nothing that is initialised is lost sight of, and a buffer that is full reads nothing.
    #[test]
    fn a_buffer_is_filled_from_where_it_is() {
        each_kind(|reactor| {
            block_on(reactor, async {
                let (ours, theirs) = UnixStream::pair().unwrap();
                let (mut read, _write) = ours.into_split();
                assert_eq!(theirs.try_write(b"hello, world").unwrap(), 12);
                let mut memory = [MaybeUninit::uninit(); 10];
                let mut buffer = ReadBuf::uninit(&mut memory);
                buffer.put_slice(b"> ");
                let mut fill = async |buffer: &mut ReadBuf<'_>| {
                    poll_fn(|cx| Pin::new(&mut read).poll_read(cx, buffer)).await
                };
                fill(&mut buffer).await.unwrap();
                assert_eq!(buffer.filled(), b"> hello, w");
                assert_eq!(buffer.initialized().len(), 10);
                fill(&mut buffer).await.unwrap();
                assert_eq!(buffer.filled(), b"> hello, w");
                buffer.clear();
                fill(&mut buffer).await.unwrap();
                assert_eq!(buffer.filled(), b"orld");
                assert_eq!(buffer.initialized(), b"orldllo, w");
            });
        });
    }

    #[test]
    fn what_is_shut_down_has_an_end() {
        each_kind(|reactor| {
            block_on(reactor, async {
                let (mut one, mut other) = UnixStream::pair().unwrap();
                let words = [IoSlice::new(b"hello, "), IoSlice::new(b"world")];
                let write = poll_fn(|cx| {
                    assert!(AsyncWrite::is_write_vectored(&one));
                    AsyncWrite::poll_write_vectored(Pin::new(&mut one), cx, &words)
                });
                assert_eq!(write.await.unwrap(), 12);
                poll_fn(|cx| AsyncWrite::poll_flush(Pin::new(&mut one), cx))
                    .await
                    .unwrap();
                poll_fn(|cx| Pin::new(&mut one).poll_shutdown(cx))
                    .await
                    .unwrap();
                let mut memory = [0; 16];
                for expected in [12, 0] {
                    let mut buffer = ReadBuf::new(&mut memory);
                    let read =
                        poll_fn(|cx| AsyncRead::poll_read(Pin::new(&mut other), cx, &mut buffer));
                    read.await.unwrap();
                    assert_eq!(buffer.filled().len(), expected);
                }
            });
        });
    }
}
