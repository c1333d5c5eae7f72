//! Two streams in memory, connected as sockets are.
//!
//! In: bytes, at either end. Out: the same bytes at the other.

#![forbid(unsafe_code)]

use super::waiting::poll_locked;
use crate::failure::wake;
use crate::loom::{Arc, Mutex};
use futures_io::{AsyncRead, AsyncWrite};
use heist_sync::coop;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// Makes two streams of which each gets what is written to the other: a pair of sockets without the kernel, for tests and for code that wants a stream. (asyncio has none; a
/// `socket.socketpair` comes near.)
///
/// So many bytes at most are on their way in each direction: then a write waits.
///
/// # Panics
///
/// If that is zero: nothing could ever be written.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut client, mut server) = duplex(64);
///     client.write_all(b"ping").await?;
///     client.close().await?;
///
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     assert_eq!(text, "ping");
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
#[must_use]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    assert!(
        max_buf_size > 0,
        "a stream in memory needs room for at least one byte: give `duplex` 1 or more"
    );
    let (one, two) = (Pipe::new(max_buf_size), Pipe::new(max_buf_size));
    let first = DuplexStream {
        read: one.clone(),
        write: two.clone(),
    };
    let second = DuplexStream {
        read: two,
        write: one,
    };
    (first, second)
}

/// One of two connected streams in memory: from [`duplex`].
///
/// When it is closed, or dropped, the other reads what is left, and then the end. When it is dropped what the other writes is an error (`BrokenPipe`), and so is what is written to one
/// that was closed.
///
/// # Cancel safety
///
/// A read or write that is dropped before it is ready has had no effect.
///
/// # Examples
///
/// See [`duplex`].
pub struct DuplexStream {
    read: Arc<Pipe>,
    write: Arc<Pipe>,
}

/// One direction.
struct Pipe {
    ends: Mutex<Ends>,
    limit: usize,
}

#[derive(Default)]
struct Ends {
    bytes: VecDeque<u8>,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            ends: Mutex::default(),
            limit,
        })
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = |ends: &mut Ends| {
            if buffer.is_empty() || (ends.bytes.is_empty() && ends.is_closed) {
                return Poll::Ready((Ok(0), None));
            }
            if ends.bytes.is_empty() {
                return Poll::Pending;
            }
            // It reads what lies in one piece; the rest comes next.
            let read = ends.bytes.read(buffer);
            Poll::Ready((read, ends.writer.take()))
        };
        let polled = poll_locked(&self.ends, cx.waker(), read, |ends| &mut ends.reader);
        let (read, woken) = ready!(polled);
        woken.into_iter().for_each(wake);
        Poll::Ready(read)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let write = |ends: &mut Ends| {
            if ends.is_closed {
                return Poll::Ready((Err(ErrorKind::BrokenPipe.into()), None));
            }
            if buffers.iter().all(|buffer| buffer.is_empty()) {
                return Poll::Ready((Ok(0), None));
            }
            let before = ends.bytes.len();
            if before == self.limit {
                return Poll::Pending;
            }
            for buffer in buffers {
                let room = self.limit - ends.bytes.len();
                ends.bytes.extend(&buffer[..buffer.len().min(room)]);
            }
            let written = ends.bytes.len() - before;
            Poll::Ready((Ok(written), ends.reader.take()))
        };
        let polled = poll_locked(&self.ends, cx.waker(), write, |ends| &mut ends.writer);
        let (written, woken) = ready!(polled);
        woken.into_iter().for_each(wake);
        Poll::Ready(written)
    }

    /// Nothing is written from now on. Whoever waits learns of it.
    fn close(&self) {
        let (reader, writer) = {
            let mut ends = self.ends.lock();
            ends.is_closed = true;
            (ends.reader.take(), ends.writer.take())
        };
        reader.into_iter().chain(writer).for_each(wake);
    }
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let read = ready!(self.read.poll_read(cx, buffer));
        progress.made_progress();
        Poll::Ready(read)
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let written = ready!(self.write.poll_write(cx, buffers));
        progress.made_progress();
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.write.close();
        self.read.close();
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{model, thread};
    use std::task::Wake;

    /// What a waker of the model does: it counts.
    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn waker() -> (Waker, impl Fn() -> usize) {
        let woken = std::sync::Arc::<Woken>::default();
        let count = woken.clone();
        let wakes = move || count.0.load(std::sync::atomic::Ordering::SeqCst);
        (woken.into(), wakes)
    }

    /// A read that finds nothing is woken by the write, or by the end. Threads: this one reads, one writes a byte and closes.
    #[test]
    fn duplex_read_against_write() {
        model(|| {
            let pipe = Pipe::new(1);
            let writer = thread::spawn({
                let pipe = pipe.clone();
                move || {
                    let (waker, _) = waker();
                    let mut cx = Context::from_waker(&waker);
                    let written = pipe.poll_write(&mut cx, &[IoSlice::new(b"x")]);
                    assert!(matches!(written, Poll::Ready(Ok(1))));
                }
            });
            let (waker, wakes) = waker();
            let mut cx = Context::from_waker(&waker);
            let polled = pipe.poll_read(&mut cx, &mut [0]);
            writer.join().unwrap();
            if polled.is_pending() {
                assert_eq!(wakes(), 1, "it waits, and nobody has woken it");
                let again = pipe.poll_read(&mut cx, &mut [0]);
                assert!(matches!(again, Poll::Ready(Ok(1))));
            }
        });
    }

    /// A write that finds no room is woken by the read, and fails when the reader is gone. Threads: this one writes, one reads a byte and goes.
    #[test]
    fn duplex_write_against_close() {
        model(|| {
            let pipe = Pipe::new(1);
            let (first, _) = waker();
            let mut cx = Context::from_waker(&first);
            assert!(pipe.poll_write(&mut cx, &[IoSlice::new(b"x")]).is_ready());
            let reader = thread::spawn({
                let pipe = pipe.clone();
                move || pipe.close()
            });
            let (waker, wakes) = waker();
            let mut cx = Context::from_waker(&waker);
            let polled = pipe.poll_write(&mut cx, &[IoSlice::new(b"y")]);
            reader.join().unwrap();
            if polled.is_pending() {
                assert_eq!(wakes(), 1, "it waits, and nobody has woken it");
            }
            let again = pipe.poll_write(&mut cx, &[IoSlice::new(b"y")]);
            assert!(matches!(again, Poll::Ready(Err(_))));
        });
    }
}
