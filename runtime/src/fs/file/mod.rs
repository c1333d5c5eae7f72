//! A file that is open.
//!
//! In: files from `open`, or of the standard library's. Out: what is done with the whole of it. How it is read and written at its cursor is in `cursor.rs`, how at
//! other places in `positional.rs`, and what its jobs have read in `ahead.rs`; `stale.rs` is between the two.

#![forbid(unsafe_code)]

mod ahead;
mod cursor;
mod now;
mod positional;
mod stale;

use self::ahead::Ahead;
use self::now::Now;
use self::stale::Stale;
use super::OpenOptions;
use super::job::run;
use crate::io::write_behind::{Sink, WriteBehind};
use crate::time::{self, Duration};
use std::fmt;
use std::fs::{File as StdFile, FileTimes, Metadata, Permissions};
use std::future::poll_fn;
use std::io::{self, Write};
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// How much is accepted before it is written, and read at once: two mebibytes, as in tokio.
const MAX_BUF_SIZE: usize = 2 << 20;

/// A file that is open: what aiofiles' `open` gives.
///
/// It is read, written and sought at its cursor by the traits of [`heist::io`](crate::io) and their extensions, by `&mut`; and at any other place, by several at once, by
/// [`read_at`](Self::read_at), [`write_at`](Self::write_at) and their like.
///
/// # Writing
///
/// * A write is acknowledged when its bytes are in the file's buffer. A thread of the blocking pool then writes them, in order, while the task goes on.
/// * An error of that surfaces at the next write, [`flush`](crate::io::AsyncWriteExt::flush), `close`, seek, [`sync_all`](Self::sync_all),
///   [`sync_data`](Self::sync_data) or [`set_len`](Self::set_len), whichever comes first, and once. What was accepted behind it is dropped with it.
/// * `flush` and `close` wait until all that was accepted is with the operating system: from then on every reader sees it. To wait until it is on the disk is for `sync_all`.
/// * A file that is dropped loses nothing: what was accepted is written, and the file closed after that. If that fails nobody learns of it: so flush before.
/// * A runtime that shuts down writes what was accepted, too. (`shutdown_timeout` and `shutdown_background` wait no longer for it than they were told.)
///
/// # Reading
///
/// On Linux what the system has in memory is read at once, without the blocking pool. What it must fetch is read by a thread of the pool, at least as much as was asked for:
/// of regular files more and more, the longer it is read in sequence. The bytes are kept for later reads; a write or a seek counts from what was handed out.
///
/// # Cancel safety
///
/// A read that is dropped loses no byte: what its thread reads is kept for the next. A write that is dropped before it is ready has had no effect (so `write_all` has
/// written a part that is not known). A seek that is dropped is done, unless a seek to the same place follows, which takes it over.
///
/// # Panics
///
/// What has to go to the blocking pool panics outside a runtime.
///
/// # Examples
///
/// ```
/// use heist::fs::File;
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let path = std::env::temp_dir().join(format!("heist-doc-file-{}", std::process::id()));
///     let mut file = File::create(&path).await?;
///     file.write_all(b"hello").await?;
///     file.flush().await?;
///
///     let mut text = String::new();
///     File::open(&path).await?.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub struct File {
    shared: Arc<Shared>,
    behind: WriteBehind<Arc<Shared>>,
    ahead: Ahead,
    now: Now,
    max_buf_size: usize,
}

/// What its jobs have of it.
struct Shared {
    std: StdFile,
    stale: Stale,
}

impl Deref for Shared {
    type Target = StdFile;

    fn deref(&self) -> &StdFile {
        &self.std
    }
}

impl Sink for Arc<Shared> {
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.std).write_all(bytes)
    }
}

impl File {
    /// Opens a file to read it: `open(path)`.
    ///
    /// # Errors
    ///
    /// What [`std::fs::File::open`] says.
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
    ///     let file = heist::fs::File::open("Cargo.toml").await?;
    ///     assert!(file.metadata().await?.len() > 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().read(true).open(path).await
    }

    /// Makes a file to write it, and empties what is there: `open(path, "w")`.
    ///
    /// # Errors
    ///
    /// What [`std::fs::File::create`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else the file is made, and closed.
    ///
    /// # Examples
    ///
    /// See [`File`].
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = Self::options();
        options.write(true).create(true).truncate(true);
        options.open(path).await
    }

    /// Makes a file that must not be there, to read and write it: `open(path, "x+")`.
    ///
    /// # Errors
    ///
    /// What [`std::fs::File::create_new`] says: if there is anything (`AlreadyExists`).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else the file is made, and closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let error = heist::fs::File::create_new("Cargo.toml").await.unwrap_err();
    ///     assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = Self::options();
        options.read(true).write(true).create_new(true);
        options.open(path).await
    }

    /// Options to open a file with: [`OpenOptions::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = heist::fs::File::options().read(true).open("Cargo.toml").await?;
    ///     # drop(file);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes a file of the standard library's.
    ///
    /// # Examples
    ///
    /// ```
    /// let file = heist::fs::File::from_std(std::fs::File::open("Cargo.toml")?);
    /// # drop(file);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_std(std: StdFile) -> Self {
        let shared = Arc::new(Shared {
            std,
            stale: Stale::new(),
        });
        Self {
            behind: WriteBehind::new(shared.clone()),
            shared,
            ahead: Ahead::default(),
            now: Now::default(),
            max_buf_size: MAX_BUF_SIZE,
        }
    }

    /// Waits until all that was written is on the disk, and what is known of the file as well: aiofiles' `flush`, and `os.fsync`.
    ///
    /// # Errors
    ///
    /// If a write has failed; and what [`std::fs::File::sync_all`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has no effect on what is written.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-sync-{}", std::process::id()));
    ///     let mut file = heist::fs::File::create(&path).await?;
    ///     file.write_all(b"hello").await?;
    ///     file.sync_all().await?;
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn sync_all(&self) -> io::Result<()> {
        self.flushed(|file| file.sync_all()).await
    }

    /// Waits until all that was written is on the disk, with no more of what is known of the file than is needed to read it: `os.fdatasync`.
    ///
    /// # Errors
    ///
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Examples
    ///
    /// As that of [`sync_all`](Self::sync_all).
    pub async fn sync_data(&self) -> io::Result<()> {
        self.flushed(|file| file.sync_data()).await
    }

    /// Cuts the file off, or fills it up with zeros: `truncate`. The cursor stays where it is.
    ///
    /// # Errors
    ///
    /// If a write has failed; and what [`std::fs::File::set_len`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-len-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     file.set_len(10).await?;
    ///     assert_eq!(file.metadata().await?.len(), 10);
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let set_len = move |file: &Shared| {
            let result = file.set_len(size);
            file.stale.set();
            result
        };
        self.flushed(set_len).await
    }

    /// What is known of the file: `os.fstat`. What was accepted and is not yet written is not in its length: flush before.
    ///
    /// # Errors
    ///
    /// What [`std::fs::File::metadata`] says.
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
    /// See [`File::open`].
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let file = self.shared.clone();
        run(move || file.metadata()).await
    }

    /// Another handle on the file, with the same cursor: `os.dup`.
    ///
    /// What this one has accepted is written before. What it has read ahead, of a file that the system doesn't have in memory, the new one doesn't get: seek before you read by
    /// both.
    ///
    /// # Errors
    ///
    /// If a write has failed; and what [`std::fs::File::try_clone`] says.
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
    ///     let file = heist::fs::File::open("Cargo.toml").await?;
    ///     let another = file.try_clone().await?;
    ///     drop(file);
    ///     assert!(another.metadata().await?.is_file());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn try_clone(&self) -> io::Result<Self> {
        let cloned = self.flushed(|file| file.try_clone()).await?;
        Ok(Self {
            max_buf_size: self.max_buf_size,
            ..Self::from_std(cloned)
        })
    }

    /// Changes what may be done with the file: `os.fchmod`.
    ///
    /// # Errors
    ///
    /// What [`std::fs::File::set_permissions`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-mode-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     let mut permissions = file.metadata().await?.permissions();
    ///     permissions.set_readonly(true);
    ///     file.set_permissions(permissions).await?;
    ///     assert!(file.metadata().await?.permissions().readonly());
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        let file = self.shared.clone();
        run(move || file.set_permissions(permissions)).await
    }

    /// Changes when the file says that it was read and written last: `os.utime`.
    ///
    /// # Errors
    ///
    /// If a write has failed, which would change the times again; and what [`std::fs::File::set_times`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::FileTimes;
    /// use std::time::{Duration, SystemTime};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-times-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    ///     file.set_times(FileTimes::new().set_accessed(long_ago)).await?;
    ///     assert_eq!(file.metadata().await?.accessed()?, long_ago);
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.flushed(move |file| file.set_times(times)).await
    }

    /// Changes when the file says that it was written last: [`set_times`](Self::set_times) with that time alone.
    ///
    /// # Errors
    ///
    /// As [`set_times`](Self::set_times).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`set_times`](Self::set_times).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-modified-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     file.set_modified(SystemTime::UNIX_EPOCH).await?;
    ///     assert_eq!(file.metadata().await?.modified()?, SystemTime::UNIX_EPOCH);
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// The standard library's file, when all that was accepted is written and nothing else is under way. Its cursor is where this one was: what was read ahead is given
    /// back, but of a pipe or a terminal, where nothing is read ahead.
    ///
    /// An error of a write goes with this handle: flush before.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the file is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = heist::fs::File::open("Cargo.toml").await?;
    ///     let std: std::fs::File = file.into_std().await;
    ///     assert!(std.metadata()?.is_file());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn into_std(mut self) -> StdFile {
        poll_fn(|cx| self.poll_settled(cx)).await;
        let mut file = self;
        loop {
            match file.try_into_std() {
                Ok(std) => return std,
                Err(back) => file = back,
            }
            // An operation whose future was dropped has the file still, on its thread. Nobody tells of its end.
            time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The standard library's file, if nothing is under way. See [`into_std`](Self::into_std).
    ///
    /// # Errors
    ///
    /// The file itself, if an operation is under way.
    ///
    /// # Examples
    ///
    /// ```
    /// let file = heist::fs::File::from_std(std::fs::File::open("Cargo.toml")?);
    /// let std: std::fs::File = file.try_into_std().expect("nothing is under way");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg_attr(
        heist_loom,
        expect(clippy::result_large_err, reason = "loom's types are larger")
    )]
    pub fn try_into_std(mut self) -> Result<StdFile, Self> {
        // Two are its own. There will not be more: only by this handle another is made.
        let is_shared = Arc::strong_count(&self.shared) > 2;
        if is_shared || !self.behind.is_idle() || !self.ahead.is_idle() {
            return Err(self);
        }
        self.ahead.give_back(&self.shared);
        let Self { shared, behind, .. } = self;
        drop(behind);
        let shared = Arc::into_inner(shared).expect("nothing else has it");
        Ok(shared.std)
    }

    /// How many bytes it accepts before they are written, and reads at once at most: 2 MiB unless told.
    ///
    /// # Examples
    ///
    /// ```
    /// let file = heist::fs::File::from_std(std::fs::File::open("Cargo.toml")?);
    /// assert_eq!(file.max_buf_size(), 2 << 20);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Sets [`max_buf_size`](Self::max_buf_size), from the next operation on.
    ///
    /// # Panics
    ///
    /// If it is zero: nothing could be read or written.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut file = heist::fs::File::from_std(std::fs::File::open("Cargo.toml")?);
    /// file.set_max_buf_size(8 << 20);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn set_max_buf_size(&mut self, bytes: usize) {
        assert!(
            bytes > 0,
            "a file needs a buffer of at least one byte to be read or written: give `set_max_buf_size` 1 or more"
        );
        self.max_buf_size = bytes;
    }

    /// An operation on the pool, once all that was accepted is written.
    async fn flushed<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Shared) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.behind.flush().await?;
        let file = self.shared.clone();
        run(move || operation(&file)).await
    }
}

impl From<StdFile> for File {
    fn from(std: StdFile) -> Self {
        Self::from_std(std)
    }
}

impl From<OwnedFd> for File {
    fn from(descriptor: OwnedFd) -> Self {
        Self::from_std(descriptor.into())
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.shared.as_raw_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("std", &self.shared.std)
            .finish_non_exhaustive()
    }
}
