//! The ends of the pipes to a child's standard input, output and error.
//!
//! The standard library's pipes come in, or are given back; bytes go through. `Child` has them as its fields.
#![forbid(unsafe_code)]

use crate::net::unix::pipe::{Receiver, Sender};
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::{self, Stdio};
use std::task::{Context, Poll};

/// What a child reads as its standard input, if that is [piped](Stdio::piped): asyncio's `process.stdin`. The child reads the end when this is dropped; closing it does nothing.
///
/// # Examples
///
/// ```
/// use heist::io::AsyncWriteExt;
/// use heist::process::{Command, Stdio};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let mut stdin = sort.stdin.take().expect("it is piped");
///     stdin.write_all(b"two\none\n").await?;
///     drop(stdin);
///     assert_eq!(sort.wait_with_output().await?.stdout, b"one\ntwo\n");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStdin {
    pipe: Sender,
}

impl ChildStdin {
    /// Takes the pipe of a child that the standard library has spawned, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{ChildStdin, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = std::process::Command::new("true").stdin(Stdio::piped()).spawn()?;
    ///     let stdin = ChildStdin::from_std(child.stdin.take().expect("it is piped"))?;
    ///     # drop(stdin);
    ///     # child.wait()?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(pipe: process::ChildStdin) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let pipe = Sender::from_owned_fd_unchecked(pipe)?;
        Ok(Self { pipe })
    }

    /// Gives the descriptor back, and has it block again.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("true").stdin(Stdio::piped()).spawn()?;
    ///     let fd = child.stdin.take().expect("it is piped").into_owned_fd()?;
    ///     # drop(fd);
    ///     child.wait().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_blocking_fd()
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_close(cx)
    }
}

impl AsFd for ChildStdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl AsRawFd for ChildStdin {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.as_raw_fd()
    }
}

/// For another child, which expects that it blocks.
impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    /// As [`ChildStdin::into_owned_fd`].
    fn try_from(pipe: ChildStdin) -> io::Result<Self> {
        pipe.into_owned_fd().map(Self::from)
    }
}

/// What a child writes to its standard output, if that is [piped](Stdio::piped): asyncio's `process.stdout`.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::io::{AsyncBufReadExt, BufReader};
/// use heist::process::{Command, Stdio};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut child = Command::new("echo").arg("one\ntwo").stdout(Stdio::piped()).spawn()?;
///     let stdout = child.stdout.take().expect("it is piped");
///     let mut lines = BufReader::new(stdout).lines();
///     while let Some(line) = lines.next().await {
///         println!("it says {}", line?);
///     }
///     child.wait().await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStdout {
    pipe: Receiver,
}

impl ChildStdout {
    /// Takes the pipe of a child that the standard library has spawned, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{ChildStdout, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = std::process::Command::new("true").stdout(Stdio::piped()).spawn()?;
    ///     let stdout = ChildStdout::from_std(child.stdout.take().expect("it is piped"))?;
    ///     # drop(stdout);
    ///     # child.wait()?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(pipe: process::ChildStdout) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let pipe = Receiver::from_owned_fd_unchecked(pipe)?;
        Ok(Self { pipe })
    }

    /// The same of a child that was spawned just now, and has hardly written anything yet.
    #[track_caller]
    pub(super) fn of_new_child(pipe: process::ChildStdout) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let pipe = Receiver::of_new_child(pipe)?;
        Ok(Self { pipe })
    }

    /// Gives the descriptor back, and has it block again.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("true").stdout(Stdio::piped()).spawn()?;
    ///     let fd = child.stdout.take().expect("it is piped").into_owned_fd()?;
    ///     # drop(fd);
    ///     child.wait().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_blocking_fd()
    }

    /// Appends what comes up to the end.
    pub(super) async fn append_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.pipe.append_to_end(bytes).await
    }
}

impl AsyncRead for ChildStdout {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_read_vectored(cx, buffers)
    }
}

impl AsFd for ChildStdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl AsRawFd for ChildStdout {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.as_raw_fd()
    }
}

/// For another child, which expects that it blocks.
impl TryFrom<ChildStdout> for Stdio {
    type Error = io::Error;

    /// As [`ChildStdout::into_owned_fd`].
    fn try_from(pipe: ChildStdout) -> io::Result<Self> {
        pipe.into_owned_fd().map(Self::from)
    }
}

/// What a child writes to its standard error, if that is [piped](Stdio::piped): asyncio's `process.stderr`.
///
/// # Examples
///
/// ```
/// use heist::io::AsyncReadExt;
/// use heist::process::{Stdio, shell};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut child = shell("echo no >&2").stderr(Stdio::piped()).spawn()?;
///     let mut text = String::new();
///     child.stderr.take().expect("it is piped").read_to_string(&mut text).await?;
///     assert_eq!(text, "no\n");
///     child.wait().await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct ChildStderr {
    pipe: Receiver,
}

impl ChildStderr {
    /// Takes the pipe of a child that the standard library has spawned, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If it cannot be registered with the reactor.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{ChildStderr, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = std::process::Command::new("true").stderr(Stdio::piped()).spawn()?;
    ///     let stderr = ChildStderr::from_std(child.stderr.take().expect("it is piped"))?;
    ///     # drop(stderr);
    ///     # child.wait()?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(pipe: process::ChildStderr) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let pipe = Receiver::from_owned_fd_unchecked(pipe)?;
        Ok(Self { pipe })
    }

    /// The same of a child that was spawned just now, and has hardly written anything yet.
    #[track_caller]
    pub(super) fn of_new_child(pipe: process::ChildStderr) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let pipe = Receiver::of_new_child(pipe)?;
        Ok(Self { pipe })
    }

    /// Gives the descriptor back, and has it block again.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("true").stderr(Stdio::piped()).spawn()?;
    ///     let fd = child.stderr.take().expect("it is piped").into_owned_fd()?;
    ///     # drop(fd);
    ///     child.wait().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.into_blocking_fd()
    }

    /// Appends what comes up to the end.
    pub(super) async fn append_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.pipe.append_to_end(bytes).await
    }
}

impl AsyncRead for ChildStderr {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_read_vectored(cx, buffers)
    }
}

impl AsFd for ChildStderr {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl AsRawFd for ChildStderr {
    fn as_raw_fd(&self) -> RawFd {
        self.pipe.as_raw_fd()
    }
}

/// For another child, which expects that it blocks.
impl TryFrom<ChildStderr> for Stdio {
    type Error = io::Error;

    /// As [`ChildStderr::into_owned_fd`].
    fn try_from(pipe: ChildStderr) -> io::Result<Self> {
        pipe.into_owned_fd().map(Self::from)
    }
}
