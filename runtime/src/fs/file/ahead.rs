//! What a file is asked to do at its cursor by a job: one at a time, of which the outcome is kept until somebody asks for it.
//!
//! In: reads and seeks, from `cursor.rs`. Out: bytes that are read and not handed out yet, and where the cursor is.

#![forbid(unsafe_code)]

use super::Shared;
use crate::spawn::spawn_file_job;
use crate::task::JoinHandle;
use rustix::io::Errno;
use std::fs::File as StdFile;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How much of a regular file the first job reads, whatever was asked for. It doubles with each that finds so much.
const FIRST: usize = 64 << 10;

/// See the module.
#[derive(Debug)]
pub(super) struct Ahead {
    state: State,
    unread: Buffer,
    /// How much the next job reads of a regular file.
    window: usize,
    /// Whether it is one, once that is known.
    is_regular: Option<bool>,
}

#[derive(Debug)]
enum State {
    Idle,
    Reading(JoinHandle<Outcome>),
    Seeking(SeekFrom, JoinHandle<io::Result<u64>>),
}

/// What a job has read.
#[derive(Debug)]
struct Outcome {
    result: io::Result<()>,
    bytes: Buffer,
    is_regular: bool,
    /// Whether it found as much as it looked for.
    is_full: bool,
}

/// Bytes in the middle of a vector, whose length is never cut, so that it is filled with zeros once.
#[derive(Debug, Default)]
struct Buffer {
    storage: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Hands out some.
    fn copy_to(&mut self, buffer: &mut [u8]) -> usize {
        let length = buffer.len().min(self.len());
        buffer[..length].copy_from_slice(&self.storage[self.start..self.start + length]);
        self.start += length;
        length
    }

    /// Reads so much at most, while it is empty.
    fn fill(&mut self, mut file: &StdFile, length: usize) -> io::Result<()> {
        self.clear();
        if self.storage.len() < length {
            self.storage.resize(length, 0);
        }
        self.end = loop {
            match file.read(&mut self.storage[..length]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        Ok(())
    }
}

impl Default for Ahead {
    fn default() -> Self {
        Self {
            state: State::Idle,
            unread: Buffer::default(),
            window: FIRST,
            is_regular: None,
        }
    }
}

impl Ahead {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Hands out bytes that were read before; none if there are none.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> usize {
        self.unread.copy_to(buffer)
    }

    /// Waits for the end of what is under way, and keeps what it has brought: bytes, if it was a read. Ready: what a seek, or a read that somebody is to be told of, came to.
    pub(super) fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Settled>> {
        let settled = match &mut self.state {
            State::Idle => return Poll::Ready(None),
            State::Reading(job) => {
                let outcome = ready!(Pin::new(job).poll(cx));
                self.state = State::Idle;
                Settled::Read(match outcome {
                    Ok(outcome) => self.keep(outcome),
                    Err(error) => Err(error.into()),
                })
            }
            State::Seeking(to, job) => {
                let (to, outcome) = (*to, ready!(Pin::new(job).poll(cx)));
                self.state = State::Idle;
                let place = outcome.unwrap_or_else(|error| Err(error.into()));
                if place.is_ok() {
                    self.unread.clear();
                    self.window = FIRST;
                }
                Settled::Sought(to, place)
            }
        };
        Poll::Ready(Some(settled))
    }

    fn keep(&mut self, outcome: Outcome) -> io::Result<()> {
        self.unread = outcome.bytes;
        self.is_regular = Some(outcome.is_regular);
        if outcome.is_full {
            self.window = self.window.saturating_mul(2);
        }
        outcome.result
    }

    /// Reads at least so much, if it finds it, and so much at most beyond; while nothing is under way and nothing unread.
    pub(super) fn read(&mut self, file: &Arc<Shared>, wanted: usize, limit: usize) {
        self.window = self.window.min(limit);
        let (window, known) = (self.window, self.is_regular);
        let wanted = wanted.min(limit);
        let mut bytes = mem::take(&mut self.unread);
        let file = file.clone();
        let read = move || {
            // Of anything else what is read is gone, for whoever reads it next.
            let is_regular = known.unwrap_or_else(|| {
                let metadata = file.metadata();
                metadata.is_ok_and(|metadata| metadata.is_file())
            });
            let length = if is_regular {
                wanted.max(window)
            } else {
                wanted
            };
            let result = bytes.fill(&file, length);
            Outcome {
                is_full: bytes.len() == length,
                result,
                bytes,
                is_regular,
            }
        };
        self.state = State::Reading(spawn_file_job(read, false));
    }

    /// Seeks, from where the bytes that were handed out end; while nothing is under way.
    pub(super) fn seek(&mut self, file: &Arc<Shared>, to: SeekFrom) {
        let unread = self.unread.len() as i64;
        let file = file.clone();
        let seek = move || match to {
            SeekFrom::Current(offset) => match offset.checked_sub(unread) {
                Some(offset) => (&**file).seek(SeekFrom::Current(offset)),
                // Before the beginning of any file.
                None => Err(Errno::INVAL.into()),
            },
            to => (&**file).seek(to),
        };
        self.state = State::Seeking(to, spawn_file_job(seek, false));
    }

    /// Sets the cursor back to where the bytes that were handed out end; while nothing is under way. Where there is none (in a pipe) they stay. Gives whether any went.
    ///
    /// It is only a number in the kernel that changes: no job is needed.
    pub(super) fn give_back(&mut self, mut std: &StdFile) -> bool {
        let unread = self.unread.len() as i64;
        let goes = unread > 0 && std.seek(SeekFrom::Current(-unread)).is_ok();
        if goes {
            self.unread.clear();
        }
        goes
    }

    /// Likewise, if the file has changed meanwhile.
    pub(super) fn give_back_stale(&mut self, file: &Shared) -> bool {
        file.stale.take() && self.give_back(file)
    }
}

/// What was under way.
#[derive(Debug)]
pub(super) enum Settled {
    /// The bytes are unread. None: it was the end.
    Read(io::Result<()>),
    Sought(SeekFrom, io::Result<u64>),
}
