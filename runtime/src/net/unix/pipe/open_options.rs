//! How a named pipe is opened.
//!
//! A path comes in; a sender or a receiver goes out.
#![forbid(unsafe_code)]

use super::end::{End, check_is_pipe};
use super::{Receiver, Sender};
use crate::reactor::Direction;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How a named pipe (a FIFO, as `mkfifo` makes them) is opened. Opening it does not wait for the other end.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::unix::pipe;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     # let path = std::env::temp_dir().join(format!("heist-doc-{}-fifo", std::process::id()));
///     # assert!(heist::process::Command::new("mkfifo").arg(&path).status().await?.success());
///     let mut receiver = pipe::OpenOptions::new().open_receiver(&path)?;
///     let mut sender = pipe::OpenOptions::new().open_sender(&path)?;
///     sender.write_all(b"hello").await?;
///     let mut word = [0; 5];
///     receiver.read_exact(&mut word).await?;
///     assert_eq!(&word, b"hello");
///     # std::fs::remove_file(&path)?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// For one direction, and checked to be a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe::OpenOptions;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let error = OpenOptions::new().open_receiver("Cargo.toml").unwrap_err();
    ///     assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it is opened for both directions, though only one is used. Then there is always somebody at the other end: a sender can be opened before any
    /// receiver, and a receiver never reads the end. (Linux only: POSIX leaves it undefined.)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let path = std::env::temp_dir().join(format!("heist-doc-{}-both", std::process::id()));
    ///     # assert!(heist::process::Command::new("mkfifo").arg(&path).status().await?.success());
    ///     let sender = pipe::OpenOptions::new().read_write(true).open_sender(&path)?;
    ///     assert_eq!(sender.try_write(b"hello")?, 5);
    ///     # std::fs::remove_file(&path)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Whether it isn't checked to be a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let path = std::env::temp_dir().join(format!("heist-doc-{}-unchecked", std::process::id()));
    ///     # assert!(heist::process::Command::new("mkfifo").arg(&path).status().await?.success());
    ///     let receiver = pipe::OpenOptions::new().unchecked(true).open_receiver(&path)?;
    ///     # drop(receiver);
    ///     # std::fs::remove_file(&path)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the end that reads. As long as nobody has opened the other, a read waits; when all who had opened it have gone, it returns the end (0), also again and again: who
    /// expects others to come opens it with [`read_write`](Self::read_write), or anew.
    ///
    /// # Errors
    ///
    /// Those of the system; `InvalidInput` if it is no pipe.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let path = std::env::temp_dir().join(format!("heist-doc-{}-receiver", std::process::id()));
    ///     # assert!(heist::process::Command::new("mkfifo").arg(&path).status().await?.success());
    ///     let mut receiver = pipe::OpenOptions::new().open_receiver(&path)?;
    ///     let sender = pipe::OpenOptions::new().open_sender(&path)?;
    ///     drop(sender);
    ///     assert_eq!(receiver.read(&mut [0]).await?, 0);
    ///     # std::fs::remove_file(&path)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn open_receiver(&self, path: impl AsRef<Path>) -> io::Result<Receiver> {
        let fd = self.open(path.as_ref(), Direction::Read)?;
        // Tried at once, it would find the end before the first has come.
        End::empty(fd).map(Receiver::new)
    }

    /// Opens the end that writes.
    ///
    /// # Errors
    ///
    /// Those of the system: `ENXIO` if nobody has opened the other end, so that a caller who wants to wait tries again after a pause; `InvalidInput` if it is no
    /// pipe.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let path = std::env::temp_dir().join(format!("heist-doc-{}-sender", std::process::id()));
    ///     # assert!(heist::process::Command::new("mkfifo").arg(&path).status().await?.success());
    ///     let error = pipe::OpenOptions::new().open_sender(&path).unwrap_err();
    ///     assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
    ///     # std::fs::remove_file(&path)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn open_sender(&self, path: impl AsRef<Path>) -> io::Result<Sender> {
        let fd = self.open(path.as_ref(), Direction::Write)?;
        End::unchecked(fd, Direction::Write).map(Sender::new)
    }

    fn open(&self, path: &Path, direction: Direction) -> io::Result<OwnedFd> {
        let mut options = std::fs::OpenOptions::new();
        options
            .read(direction == Direction::Read)
            .write(direction == Direction::Write)
            .custom_flags(libc::O_NONBLOCK);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if self.read_write {
            options.read(true).write(true);
        }
        let file = options.open(path)?;
        if !self.unchecked {
            check_is_pipe(&file)?;
        }
        Ok(file.into())
    }
}
