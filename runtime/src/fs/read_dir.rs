//! What is in a directory.
//!
//! In: a path. Out: entries, which are read many at a time, each with its kind, and hold no descriptor.

#![forbid(unsafe_code)]

use super::job::run;
use crate::spawn::spawn_file_job;
use crate::task::JoinHandle;
use futures_core::Stream;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How many entries are read in one job.
const BATCH: usize = 256;

/// Opens a directory, to see what is in it: `os.scandir`, and aiofiles' `os.listdir`.
///
/// # Errors
///
/// What [`std::fs::read_dir`] says.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it has had no effect.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut entries = heist::fs::read_dir("src").await?;
///     let mut names = Vec::new();
///     while let Some(entry) = entries.next_entry().await? {
///         names.push(entry.file_name());
///     }
///     assert!(names.contains(&"lib.rs".into()));
///     Ok(())
/// })
/// # }
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path: Arc<Path> = path.as_ref().into();
    let batch = run(move || {
        let rest = std::fs::read_dir(&path)?;
        Ok(Batch::read(path, rest, VecDeque::new()))
    });
    Ok(ReadDir(State::Read(batch.await?)))
}

/// The entries of a directory, in no order, without `.` and `..`: from [`read_dir`]. They are read 256 at a time.
///
/// The directory is open until its last entry is read, or this is dropped.
///
/// # Examples
///
/// See [`read_dir`].
#[derive(Debug)]
#[must_use = "nothing is read unless it is asked for entries"]
pub struct ReadDir(State);

#[derive(Debug)]
enum State {
    Read(Batch),
    Reading(JoinHandle<Batch>),
    /// The runtime has shut down in the middle of it.
    Gone,
}

struct Batch {
    directory: Arc<Path>,
    entries: VecDeque<io::Result<DirEntry>>,
    /// The directory, if more may be in it.
    rest: Option<std::fs::ReadDir>,
}

impl Batch {
    fn read(
        directory: Arc<Path>,
        mut rest: std::fs::ReadDir,
        mut entries: VecDeque<io::Result<DirEntry>>,
    ) -> Self {
        while entries.len() < BATCH {
            let Some(entry) = rest.next() else {
                return Self {
                    directory,
                    entries,
                    rest: None,
                };
            };
            let entry = entry.map(|entry| DirEntry {
                directory: directory.clone(),
                name: entry.file_name(),
                ino: entry.ino(),
                file_type: entry.file_type().ok(),
            });
            entries.push_back(entry);
        }
        Self {
            directory,
            entries,
            rest: Some(rest),
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl ReadDir {
    /// The next entry; none if there are no more.
    ///
    /// # Errors
    ///
    /// If the system cannot read on. The next call goes on behind it.
    ///
    /// # Panics
    ///
    /// Outside a runtime, if more has to be read.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has lost no entry.
    ///
    /// # Examples
    ///
    /// See [`read_dir`].
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry; none if there are no more. Only the task that polled last is woken.
    ///
    /// # Errors
    ///
    /// As [`next_entry`](Self::next_entry).
    ///
    /// # Panics
    ///
    /// As [`next_entry`](Self::next_entry).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut entries = heist::fs::read_dir("src").await?;
    ///     let first = std::future::poll_fn(|cx| entries.poll_next_entry(cx)).await?;
    ///     assert!(first.is_some());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            match &mut self.0 {
                State::Read(batch) => {
                    if let Some(entry) = batch.entries.pop_front() {
                        return Poll::Ready(entry.map(Some));
                    }
                    let Some(rest) = batch.rest.take() else {
                        return Poll::Ready(Ok(None));
                    };
                    let entries = std::mem::take(&mut batch.entries);
                    let directory = batch.directory.clone();
                    let read = move || Batch::read(directory, rest, entries);
                    self.0 = State::Reading(spawn_file_job(read, false));
                }
                State::Reading(job) => {
                    let read = ready!(Pin::new(job).poll(cx));
                    self.0 = State::Gone;
                    self.0 = State::Read(read?);
                }
                State::Gone => return Poll::Ready(Ok(None)),
            }
        }
    }

    /// The entries as a stream: what asyncio's `async for` would go through.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let entries = heist::fs::read_dir("src").await?.into_stream();
    ///     let entries: Vec<_> = entries.try_collect().await?;
    ///     assert!(entries.len() > 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_stream(self) -> ReadDirStream {
        ReadDirStream(self)
    }
}

/// The entries of a directory as a stream: from [`ReadDir::into_stream`].
///
/// # Panics
///
/// As [`ReadDir::next_entry`].
///
/// # Examples
///
/// See [`ReadDir::into_stream`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ReadDirStream(ReadDir);

impl ReadDirStream {
    /// Gives the directory back. No entry is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut entries = heist::fs::read_dir("src").await?.into_stream();
    ///     let first = entries.next().await.expect("there is one")?;
    ///     let second = entries.into_inner().next_entry().await?.expect("there are more");
    ///     assert_ne!(first.path(), second.path());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_inner(self) -> ReadDir {
        self.0
    }
}

impl Stream for ReadDirStream {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.0.poll_next_entry(cx)).transpose())
    }
}

/// An entry of a directory: from [`ReadDir`]. `os.DirEntry`. It keeps nothing open.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut entries = heist::fs::read_dir("src").await?;
///     while let Some(entry) = entries.next_entry().await? {
///         if entry.file_type().await?.is_file() {
///             println!("{}: {} bytes", entry.path().display(), entry.metadata().await?.len());
///         }
///     }
///     Ok(())
/// })
/// # }
/// ```
pub struct DirEntry {
    directory: Arc<Path>,
    name: OsString,
    ino: u64,
    file_type: Option<FileType>,
}

impl DirEntry {
    /// The directory's path, as it was opened, and the name.
    ///
    /// # Examples
    ///
    /// See [`DirEntry`].
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// The name alone.
    ///
    /// # Examples
    ///
    /// See [`read_dir`].
    pub fn file_name(&self) -> OsString {
        self.name.clone()
    }

    /// What is known of it: of a symbolic link itself, not of what it leads to.
    ///
    /// # Errors
    ///
    /// As [`symlink_metadata`](super::symlink_metadata) of its [`path`](Self::path).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// See [`DirEntry`].
    pub async fn metadata(&self) -> io::Result<Metadata> {
        super::symlink_metadata(self.path()).await
    }

    /// What kind of file it is: a symbolic link is one. It came with the name, and costs nothing.
    ///
    /// # Errors
    ///
    /// If it didn't, and the file is gone: as [`metadata`](Self::metadata).
    ///
    /// # Panics
    ///
    /// As [`metadata`](Self::metadata).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// See [`DirEntry`].
    pub async fn file_type(&self) -> io::Result<FileType> {
        match self.file_type {
            Some(file_type) => Ok(file_type),
            None => Ok(self.metadata().await?.file_type()),
        }
    }

    /// The number of its inode.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// heist::run(async {
    ///     let entry = heist::fs::read_dir("src").await?.next_entry().await?.expect("there is one");
    ///     assert_eq!(entry.ino(), entry.metadata().await?.ino());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn ino(&self) -> u64 {
        self.ino
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirEntry").field(&self.path()).finish()
    }
}
