//! A user's own descriptor, waited for.
//!
//! Anything that has a descriptor comes in; what goes out are guards (`ready_guard.rs`), by which the user says what became of the readiness, or the
//! results of the user's own system calls.
#![forbid(unsafe_code)]

use super::ready_guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, Seen};
use crate::io::Interest;
use crate::reactor::{Direction, Kind, Refused, Registered};
use rustix::io::Errno;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

/// A descriptor of your own, registered with the runtime, so that tasks can wait until it is ready: a pipe, an eventfd, a timerfd, a device, a socket of
/// another library. It stands for asyncio's `loop.add_reader` and `loop.add_writer`.
///
/// The descriptor must be non-blocking: making it so is up to you, and a call that blocks would hold up its thread. It can be anything that has one and says so by
/// [`AsFd`]: an [`OwnedFd`](std::os::fd::OwnedFd), a [`BorrowedFd`], a type of your own. (tokio takes any `AsRawFd`, from which nobody knows how long
/// the descriptor is open; so its constructors are `unsafe`, or deprecated. Here they are safe.) It must be the same descriptor as long as it is registered.
///
/// The runtime learns that the descriptor *has become* ready, and believes that it is ready until somebody says otherwise. So whoever has waited, and found that
/// there is nothing, must say so, or the next wait ends at once: by [`AsyncFdReadyGuard::try_io`], which sees it by itself, or by
/// [`AsyncFdReadyGuard::clear_ready`]. And nobody must say so who hasn't found it: the next wait would be for what has come already.
/// [`AsyncFd::async_io`] does all that.
///
/// When it is dropped, the descriptor is deregistered, then dropped.
///
/// # Examples
///
/// A type with an asynchronous method on a descriptor:
///
/// ```
/// use heist::io::unix::AsyncFd;
/// use std::io::{Read, Result, Write};
/// use std::os::unix::net::UnixStream;
///
/// struct Device(AsyncFd<UnixStream>);
///
/// impl Device {
///     async fn read(&self, buffer: &mut [u8]) -> Result<usize> {
///         loop {
///             let mut guard = self.0.readable().await?;
///             // Not ready after all: wait again.
///             if let Ok(result) = guard.try_io(|fd| fd.get_ref().read(buffer)) {
///                 return result;
///             }
///         }
///     }
/// }
///
/// # fn main() -> Result<()> {
/// heist::run(async {
///     let (device, mut peer) = UnixStream::pair()?;
///     device.set_nonblocking(true)?;
///     let device = Device(AsyncFd::new(device)?);
///     peer.write_all(b"hello")?;
///     let mut buffer = [0; 16];
///     assert_eq!(device.read(&mut buffer).await?, 5);
///     Ok(())
/// })
/// # }
/// ```
pub struct AsyncFd<T: AsFd> {
    io: Registered<T>,
    /// What it is registered for.
    interest: Interest,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers a descriptor for reading and writing.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be waited for (a regular file or a directory: on Linux these are always ready, and not taken), is registered with this
    /// runtime already, or the system refuses; if the runtime is shut down. (A stream of heist's is registered when an operation on it first would block. If its descriptor
    /// is registered here before, it is that operation which fails.)
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     assert!(fd.get_ref().peer_addr()?.is_unnamed());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Self::with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// Registers a descriptor for what `interest` says, and for errors.
    ///
    /// It is cheaper to be told only of what is used: a descriptor that becomes writable, and is only read, wakes nobody, but costs the runtime a look.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be waited for (a regular file or a directory: on Linux these are always ready, and not taken), is registered with this
    /// runtime already, or the system refuses; if the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::with_interest(reader, Interest::READABLE)?;
    ///     assert!(fd.writable().await.is_err());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Ok(Self::try_with_interest(inner, interest)?)
    }

    /// [`AsyncFd::new`], whose error gives the descriptor back.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be waited for (a regular file or a directory: on Linux these are always ready, and not taken), is registered with this
    /// runtime already, or the system refuses; if the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = File::open("Cargo.toml")?;
    ///     let error = AsyncFd::try_new(file).unwrap_err();
    ///     let (file, error) = error.into_parts();
    ///     println!("{error}");
    ///     assert!(file.metadata()?.is_file());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdTryNewError<T>> {
        Self::try_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// [`AsyncFd::with_interest`], whose error gives the descriptor back.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be waited for (a regular file or a directory: on Linux these are always ready, and not taken), is registered with this
    /// runtime already, or the system refuses; if the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::try_with_interest(reader, Interest::READABLE)?;
    ///     writer.write_all(b"hello")?;
    ///     fd.readable().await?.retain_ready();
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn try_with_interest(inner: T, interest: Interest) -> Result<Self, AsyncFdTryNewError<T>> {
        match Registered::new_unready(inner, Kind::Foreign(interest)) {
            Ok(io) => Ok(Self { io, interest }),
            Err(Refused { io, error }) => Err(AsyncFdTryNewError {
                inner: io,
                cause: explained(error),
            }),
        }
    }

    /// What was registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     assert!(fd.get_ref().take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// What was registered, to be changed. It must keep its descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     fd.get_mut().write_all(b"hello")?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.io.get_mut()
    }

    /// Deregisters the descriptor, and gives it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let reader = fd.into_inner();
    ///     reader.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    /// [`AsyncFd::readable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::future::poll_fn;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"!")?;
    ///     let ready = poll_fn(|cx| fd.poll_read_ready(cx).map_ok(|guard| guard.ready())).await?;
    ///     assert!(ready.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.poll_seen(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, seen)))
    }

    /// [`AsyncFd::readable_mut`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::future::poll_fn;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"!")?;
    ///     let ready = poll_fn(|cx| fd.poll_read_ready_mut(cx).map_ok(|guard| guard.ready())).await?;
    ///     assert!(ready.is_readable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.poll_seen(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, seen)))
    }

    /// [`AsyncFd::writable`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::future::poll_fn;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let ready = poll_fn(|cx| fd.poll_write_ready(cx).map_ok(|guard| guard.ready())).await?;
    ///     assert!(ready.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.poll_seen(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, seen)))
    }

    /// [`AsyncFd::writable_mut`] for `poll_` methods. Of several tasks that wait in this direction through a `poll_` method, the last is woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::future::poll_fn;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let ready = poll_fn(|cx| fd.poll_write_ready_mut(cx).map_ok(|guard| guard.ready())).await?;
    ///     assert!(ready.is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.poll_seen(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, seen)))
    }

    /// Waits until it is ready for anything of `interest`. The guard says for what. Any number of tasks may wait at the same time: all are woken.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let guard = fd.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(guard.ready().is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let seen = self.seen(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, seen))
    }

    /// [`AsyncFd::ready`], whose guard gives the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let mut guard = fd.ready_mut(Interest::WRITABLE).await?;
    ///     let written = guard.try_io(|fd| fd.get_mut().write(b"hello"));
    ///     assert_eq!(written.unwrap()?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let seen = self.seen(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, seen))
    }

    /// Waits until there may be something to read, or its end: [`AsyncFd::ready`] for [`Interest::READABLE`].
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     let mut guard = fd.readable().await?;
    ///     let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
    ///     assert_eq!(read.unwrap()?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`AsyncFd::readable`], whose guard gives the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     let mut guard = fd.readable_mut().await?;
    ///     let read = guard.try_io(|fd| fd.get_mut().read(&mut [0; 8]));
    ///     assert_eq!(read.unwrap()?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until there may be room to write, or an error to learn of: [`AsyncFd::ready`] for [`Interest::WRITABLE`].
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let mut guard = fd.writable().await?;
    ///     let written = guard.try_io(|fd| fd.get_ref().write(b"hello"));
    ///     assert_eq!(written.unwrap()?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`AsyncFd::writable`], whose guard gives the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// If the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let mut guard = fd.writable_mut().await?;
    ///     let written = guard.try_io(|fd| fd.get_mut().write(b"hello"));
    ///     assert_eq!(written.unwrap()?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Runs a system call of your own on the descriptor until it doesn't return `WouldBlock`, each time after the descriptor has become ready for `interest`.
    /// Any other error ends it, `Interrupted` as well.
    ///
    /// # Errors
    ///
    /// Those of `operation`; if the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, `operation` has done nothing but return `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     let read = fd.async_io(Interest::READABLE, |mut reader| reader.read(&mut [0; 8]));
    ///     assert_eq!(read.await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.promise(interest)?;
        self.io.user_io(interest, operation).await
    }

    /// [`AsyncFd::async_io`] with the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// Those of `operation`; if the runtime is shut down, or the descriptor was registered for nothing that could end the wait (`InvalidInput`).
    ///
    /// # Cancel safety
    ///
    /// Dropped, `operation` has done nothing but return `WouldBlock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     let read = fd.async_io_mut(Interest::READABLE, |reader| reader.read(&mut [0; 8]));
    ///     assert_eq!(read.await?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut operation = operation;
        loop {
            let mut guard = self.ready_mut(interest).await?;
            if let Ok(result) = guard.try_io(|fd| operation(fd.get_mut())) {
                return result;
            }
        }
    }

    /// Runs a system call of your own on the descriptor, if it is ready for `interest` as far as is known: what has come since it was registered, and nobody
    /// has cleared. (The runtime learns of it between tasks.)
    ///
    /// If it returns `WouldBlock`, the next wait for `interest` waits for the system to say that it is ready again: so return it only because the
    /// descriptor did.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it isn't ready, or `operation` says so; else those of `operation`. If the runtime is shut down, or the descriptor was registered for
    /// nothing of `interest` (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     fd.readable().await?.retain_ready();
    ///     let read = fd.try_io(Interest::READABLE, |mut reader| reader.read(&mut [0; 8]));
    ///     assert_eq!(read?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.promise(interest)?;
        self.io.try_user_io(interest, operation)
    }

    /// [`AsyncFd::try_io`] with the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it isn't ready, or `operation` says so; else those of `operation`. If the runtime is shut down, or the descriptor was registered for
    /// nothing of `interest` (`InvalidInput`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    /// use heist::io::unix::AsyncFd;
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     fd.readable().await?.retain_ready();
    ///     let read = fd.try_io_mut(Interest::READABLE, |reader| reader.read(&mut [0; 8]));
    ///     assert_eq!(read?, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.promise(interest)?;
        self.io.try_user_io_mut(interest, operation)
    }

    async fn seen(&self, interest: Interest) -> io::Result<Seen> {
        self.promise(interest)?;
        let snapshot = self.io.look(interest).await?;
        Ok(Seen::new(snapshot, interest))
    }

    fn poll_seen(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Seen>> {
        let interest = direction.interest();
        self.promise(interest)?;
        let snapshot = ready!(self.io.poll_look(cx, direction))?;
        Poll::Ready(Ok(Seen::new(snapshot, interest)))
    }

    /// That a wait for `interest` can end: the kernel was asked for some of it. Of errors it tells in any case.
    fn promise(&self, interest: Interest) -> io::Result<()> {
        let heard_of = self.interest | Interest::ERROR;
        if interest.remove(heard_of) != Some(interest) {
            return Ok(());
        }
        let reason = format!(
            "this descriptor was registered for {:?}, and nobody would ever tell of {interest:?}: make the AsyncFd by `with_interest` of all that is waited for",
            self.interest
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
    }

    /// For the guards.
    pub(super) fn registered(&self) -> &Registered<T> {
        &self.io
    }
}

/// What the system says when it doesn't take a descriptor, in words that help.
fn explained(error: io::Error) -> io::Error {
    if Errno::from_io_error(&error) != Some(Errno::PERM) {
        return error;
    }
    let reason = "this descriptor cannot be waited for: a regular file or a directory is always ready. Use it in `heist::spawn_blocking`";
    io::Error::new(io::ErrorKind::Unsupported, reason)
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", self.get_ref())
            .field("interest", &self.interest)
            .finish()
    }
}

/// Why a descriptor could not be registered; it gives the descriptor back.
///
/// # Examples
///
/// ```
/// use heist::io::unix::{AsyncFd, AsyncFdTryNewError};
/// use std::fs::File;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let file = File::open("Cargo.toml")?;
///     let error: AsyncFdTryNewError<File> = AsyncFd::try_new(file).unwrap_err();
///     assert!(error.to_string().contains("regular file"));
///     Ok(())
/// })
/// # }
/// ```
pub struct AsyncFdTryNewError<T> {
    inner: T,
    cause: io::Error,
}

impl<T> AsyncFdTryNewError<T> {
    /// The descriptor, and the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::ErrorKind;
    /// use heist::io::unix::AsyncFd;
    /// use std::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let error = AsyncFd::try_new(File::open("Cargo.toml")?).unwrap_err();
    ///     let (file, error) = error.into_parts();
    ///     assert_eq!(error.kind(), ErrorKind::Unsupported);
    ///     assert!(file.metadata()?.is_file());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Debug for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl<T> fmt::Display for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl<T> Error for AsyncFdTryNewError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdTryNewError<T>> for io::Error {
    fn from(error: AsyncFdTryNewError<T>) -> Self {
        error.cause
    }
}
