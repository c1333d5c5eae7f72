//! Bytes, copied from one stream to another.
//!
//! In: a reader and a writer. Out: how much went from one to the other.

#![forbid(unsafe_code)]

use futures_io::{AsyncRead, AsyncWrite};
use heist_sync::coop;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// The size of a buffer: that of tokio.
pub(super) const BUFFER: usize = 8 << 10;

/// Copies all that comes from `reader` to `writer`, until it ends, and flushes that: it gives how many bytes that were.
///
/// It flushes also whenever there is nothing to read for the moment, so that nothing waits in a buffering writer for what comes later. The writer is not closed. A file is copied
/// to another faster by [`fs::copy`](crate::fs::copy), and two streams both ways by [`copy_bidirectional`](super::copy_bidirectional()).
///
/// # Errors
///
/// The first error of either ends it: bytes that were read may then not be written. Interrupted operations are tried again. A writer that takes nothing is an error
/// (`WriteZero`).
///
/// # Cancel safety
///
/// Dropped, it has lost what it had read and not yet written.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut all = Vec::new();
///     assert_eq!(heist::io::copy(&b"hello"[..], &mut all).await?, 5);
///     assert_eq!(all, b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub async fn copy<R, W>(reader: R, writer: W) -> io::Result<u64>
where
    R: AsyncRead,
    W: AsyncWrite,
{
    let (mut reader, mut writer) = (pin!(reader), pin!(writer));
    let mut way = Way::new(BUFFER, End::Flush);
    poll_fn(|cx| way.poll(cx, reader.as_mut(), writer.as_mut())).await
}

/// What is done to the writer when the reader has ended.
#[derive(Clone, Copy)]
pub(super) enum End {
    Flush,
    /// That flushes, too.
    Close,
}

/// One direction.
pub(super) struct Way {
    buffer: Box<[u8]>,
    /// What is in it.
    start: usize,
    end: usize,
    copied: u64,
    /// Whether something was written since the last flush.
    is_dirty: bool,
    step: Step,
    end_by: End,
}

#[derive(Clone, Copy)]
enum Step {
    Copy,
    /// The reader has ended: it is not asked again.
    End,
    Done,
}

impl Way {
    pub(super) fn new(size: usize, end_by: End) -> Self {
        Self {
            buffer: vec![0; size].into(),
            start: 0,
            end: 0,
            copied: 0,
            is_dirty: false,
            step: Step::Copy,
            end_by,
        }
    }

    /// How much went this way, once all has.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            match self.step {
                Step::Copy => {
                    if self.start < self.end {
                        ready!(self.poll_write(cx, writer.as_mut()))?;
                    } else {
                        ready!(self.poll_read(cx, reader.as_mut(), writer.as_mut()))?;
                    }
                }
                Step::End => {
                    ready!(retry(|| match self.end_by {
                        End::Flush => writer.as_mut().poll_flush(cx),
                        End::Close => writer.as_mut().poll_close(cx),
                    }))?;
                    self.step = Step::Done;
                }
                Step::Done => return Poll::Ready(Ok(self.copied)),
            }
        }
    }

    fn poll_read<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        ready!(coop::poll_budget_available(cx));
        let read = retry(|| reader.as_mut().poll_read(cx, &mut self.buffer))?;
        let Poll::Ready(read) = read else {
            // Who answers may wait for what is held back. Not if the reader has no more to give in this turn only.
            if self.is_dirty {
                ready!(coop::poll_budget_available(cx));
                ready!(retry(|| writer.as_mut().poll_flush(cx)))?;
                self.is_dirty = false;
            }
            return Poll::Pending;
        };
        // Whatever the streams are: if they are always ready, others get their turn.
        if coop::has_budget_remaining()
            && let Poll::Ready(unit) = coop::poll_proceed(cx)
        {
            unit.made_progress();
        }
        (self.start, self.end) = (0, read);
        if read == 0 {
            self.step = Step::End;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write<W>(
        &mut self,
        cx: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + ?Sized,
    {
        let bytes = &self.buffer[self.start..self.end];
        let written = ready!(retry(|| writer.as_mut().poll_write(cx, bytes)))?;
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
