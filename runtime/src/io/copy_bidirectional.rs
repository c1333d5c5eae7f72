//! Bytes, copied both ways between two streams.
//!
//! In: two streams. Out: how much went each way.

#![forbid(unsafe_code)]

use futures_io::{AsyncRead, AsyncWrite};
use heist_sync::coop;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The size of a buffer: that of tokio.
const BUFFER: usize = 8 << 10;

/// Copies both ways between two streams, until both have ended: what a proxy does. (In asyncio one writes two tasks for that.)
///
/// When one stream ends, the other is closed, and what comes from that goes on. It gives how many bytes went from `a` to `b`, and from `b` to `a`. What was read is flushed
/// whenever there is nothing to read for the moment.
///
/// # Errors
///
/// The first error of either stream ends it: bytes that were read may then not be written. Interrupted operations are tried again. A writer that takes nothing is an error
/// (`WriteZero`).
///
/// # Cancel safety
///
/// Dropped, it has lost what it had read and not yet written.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut client, mut proxy) = duplex(64);
///     let (mut upstream, mut server) = duplex(64);
///     let task = heist::spawn(async move { copy_bidirectional(&mut proxy, &mut upstream).await });
///
///     client.write_all(b"ping").await?;
///     client.close().await?;
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     server.write_all(b"pong!").await?;
///     drop(server);
///     assert_eq!(task.await??, (4, 5));
///     Ok(())
/// })
/// # }
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, BUFFER, BUFFER).await
}

/// As [`copy_bidirectional`], with buffers of so many bytes instead of 8 KiB.
///
/// # Errors
///
/// As [`copy_bidirectional`].
///
/// # Panics
///
/// If a size is zero: nothing could be copied.
///
/// # Cancel safety
///
/// As [`copy_bidirectional`].
///
/// # Examples
///
/// ```
/// use heist::io::{copy_bidirectional_with_sizes, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let ((mut a, client), (mut b, server)) = (duplex(64), duplex(64));
///     drop((client, server));
///     assert_eq!(copy_bidirectional_with_sizes(&mut a, &mut b, 64 << 10, 1 << 10).await?, (0, 0));
///     Ok(())
/// })
/// # }
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    assert!(
        a_to_b_buf_size > 0 && b_to_a_buf_size > 0,
        "nothing can be copied through a buffer of no size: give `copy_bidirectional_with_sizes` 1 or more"
    );
    let (mut there, mut back) = (Way::new(a_to_b_buf_size), Way::new(b_to_a_buf_size));
    poll_fn(|cx| {
        // Both get on, whichever of them waits.
        let there = there.poll(cx, a, b)?;
        let back = back.poll(cx, b, a)?;
        Poll::Ready(Ok((ready!(there), ready!(back))))
    })
    .await
}

/// One direction.
struct Way {
    buffer: Box<[u8]>,
    /// What is in it.
    start: usize,
    end: usize,
    copied: u64,
    /// Whether something was written since the last flush.
    is_dirty: bool,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Copy,
    /// The reader has ended.
    Close,
    Done,
}

impl Way {
    fn new(size: usize) -> Self {
        Self {
            buffer: vec![0; size].into(),
            start: 0,
            end: 0,
            copied: 0,
            is_dirty: false,
            step: Step::Copy,
        }
    }

    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            match self.step {
                Step::Copy => {
                    if self.start < self.end {
                        ready!(self.poll_write(cx, writer))?;
                    } else {
                        ready!(self.poll_read(cx, reader, writer))?;
                    }
                }
                // That flushes.
                Step::Close => {
                    ready!(retry(|| Pin::new(&mut *writer).poll_close(cx)))?;
                    self.step = Step::Done;
                }
                Step::Done => return Poll::Ready(Ok(self.copied)),
            }
        }
    }

    fn poll_read<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        // Whatever the streams are: if both are always ready, others get their turn.
        let progress = ready!(coop::poll_proceed(cx));
        let read = retry(|| Pin::new(&mut *reader).poll_read(cx, &mut self.buffer))?;
        let Poll::Ready(read) = read else {
            // Who answers may wait for what is held back.
            if self.is_dirty {
                ready!(retry(|| Pin::new(&mut *writer).poll_flush(cx)))?;
                self.is_dirty = false;
            }
            return Poll::Pending;
        };
        progress.made_progress();
        (self.start, self.end) = (0, read);
        if read == 0 {
            self.step = Step::Close;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let bytes = &self.buffer[self.start..self.end];
        let written = ready!(retry(|| Pin::new(&mut *writer).poll_write(cx, bytes)))?;
        if written == 0 {
            let error = "the stream that is written to takes nothing";
            return Poll::Ready(Err(io::Error::new(ErrorKind::WriteZero, error)));
        }
        self.start += written;
        self.copied += written as u64;
        self.is_dirty = true;
        Poll::Ready(Ok(()))
    }
}

/// Does it again when it was interrupted.
fn retry<T>(mut operation: impl FnMut() -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    loop {
        match operation() {
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            polled => return polled,
        }
    }
}
