//! A file, read and written at its cursor: the traits of `futures-io`.
//!
//! In: the caller's buffers. Out: bytes from the system's memory, by `now.rs`, or from `ahead.rs`; and to `io/write_behind.rs`. One
//! thing at a time: a read or a seek waits until all that was accepted is written, and a write until a read is over.

#![forbid(unsafe_code)]

use super::File;
use super::ahead::Settled;
use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use heist_sync::coop;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl File {
    /// Waits until nothing is under way.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.ahead.poll_settle(cx));
        self.behind.poll_idle(cx)
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let file = &mut *self;
        loop {
            let outcome = match ready!(file.ahead.poll_settle(cx)) {
                Some(Settled::Read(outcome)) => Some(outcome),
                Some(Settled::Sought(..)) | None => None,
            };
            let is_stale = file.ahead.give_back_stale(&file.shared);
            let taken = file.ahead.take(buffer);
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
            // What it has brought and was given back is no end: it is read anew.
            if let Some(outcome) = outcome
                && !is_stale
            {
                return Poll::Ready(outcome.map(|()| 0));
            }
            ready!(file.behind.poll_idle(cx));
            let progress = ready!(coop::poll_proceed(cx));
            if let Some(read) = file.now.read(&file.shared, buffer, None) {
                progress.made_progress();
                return Poll::Ready(Ok(read));
            }
            file.ahead
                .read(&file.shared, buffer.len(), file.max_buf_size);
        }
    }
}

impl AsyncWrite for File {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let file = &mut *self;
        ready!(file.ahead.poll_settle(cx));
        file.ahead.give_back(&file.shared);
        file.behind.poll_write(cx, buffers, file.max_buf_size)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.behind.poll_flush(cx)
    }

    /// Flushes. The descriptor is closed when the file is dropped.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.behind.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let file = &mut *self;
        loop {
            match ready!(file.ahead.poll_settle(cx)) {
                // Of another seek nobody waits for the outcome.
                Some(Settled::Sought(there, place)) if there == to => return Poll::Ready(place),
                Some(_) | None => {}
            }
            ready!(file.behind.poll_flush(cx))?;
            file.ahead.seek(&file.shared, to);
        }
    }
}
