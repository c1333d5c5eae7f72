//! What a wait on an [`AsyncFd`] ends with: the right, and the duty, to say what became of the readiness.
//!
//! A guard comes from `async_fd.rs` with what was seen when the wait ended; what goes out, to the registration, is what the user's system call found. An event that
//! has come since then outlives whatever is said.
#![forbid(unsafe_code)]

use super::async_fd::AsyncFd;
use crate::io::{Interest, Ready};
use crate::reactor::Snapshot;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

/// What a wait has seen, and what of it still holds.
pub(super) struct Seen {
    snapshot: Snapshot,
    interest: Interest,
    /// What it was ready for, without what was cleared.
    ready: Ready,
}

impl Seen {
    pub(super) fn new(snapshot: Snapshot, interest: Interest) -> Self {
        Self {
            snapshot,
            interest,
            ready: snapshot.ready(interest),
        }
    }

    fn clear_matching<T: AsFd>(&mut self, fd: &AsyncFd<T>, ready: Ready) {
        // When nothing holds any more, it has no say any more.
        if !self.ready.is_empty() {
            fd.registered().forget(self.snapshot, ready);
            self.ready = self.ready - ready;
        }
    }

    /// The result of a user's operation. `WouldBlock` is the system's word that nothing is there.
    fn result<T: AsFd, R>(
        &mut self,
        fd: &AsyncFd<T>,
        result: io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                fd.registered().clear(self.snapshot, self.interest);
                self.ready = Ready::EMPTY;
                Err(TryIoError(()))
            }
            result => Ok(result),
        }
    }
}

/// That a descriptor was found ready: what [`AsyncFd::readable`] and the like end with.
///
/// It must be said what became of that: by [`try_io`](AsyncFdReadyGuard::try_io), by [`clear_ready`](AsyncFdReadyGuard::clear_ready), or by
/// [`retain_ready`](AsyncFdReadyGuard::retain_ready), which is also what dropping it means.
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
///     assert!(guard.ready().is_readable());
///     let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
///     assert_eq!(read.unwrap()?, 5);
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "say what became of the readiness: `try_io`, `clear_ready` or `retain_ready`"]
pub struct AsyncFdReadyGuard<'a, T: AsFd> {
    fd: &'a AsyncFd<T>,
    seen: Seen,
}

impl<'a, T: AsFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(fd: &'a AsyncFd<T>, seen: Seen) -> Self {
        Self { fd, seen }
    }

    /// Says that the descriptor isn't ready any more for what was waited for: the next wait is for what comes from now on. (If it has come since
    /// this wait ended, that stays.)
    ///
    /// Say so only if a system call has just returned `WouldBlock`, or has taken all that there was, as one that reads an eventfd does: of what is there
    /// already nobody tells again. An end that was reported stays, since it is reported once; only `WouldBlock` in
    /// [`try_io`](AsyncFdReadyGuard::try_io) disproves it.
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
    ///     let mut buffer = [0; 8];
    ///     // Until there is no more.
    ///     while guard.get_inner().read(&mut buffer).is_ok() {}
    ///     guard.clear_ready();
    ///     assert!(guard.ready().is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn clear_ready(&mut self) {
        self.seen.clear_matching(self.fd, self.seen.ready);
    }

    /// [`clear_ready`](AsyncFdReadyGuard::clear_ready) of some of what the descriptor was ready for: after a wait for several things.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use heist::io::{Interest, Ready};
    /// use std::io::Read;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let mut guard = fd.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(guard.get_inner().read(&mut [0; 8]).is_err());
    ///     guard.clear_ready_matching(Ready::READABLE);
    ///     assert!(guard.ready().is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear_matching(self.fd, ready);
    }

    /// Says that the descriptor may still be ready: the next wait ends at once. It does nothing, and says so.
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
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     fd.readable().await?.retain_ready();
    ///     fd.readable().await?.retain_ready();
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn retain_ready(&mut self) {}

    /// What it was found ready for, of what was waited for, without what was cleared.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let fd = AsyncFd::new(reader)?;
    ///     let guard = fd.writable().await?;
    ///     assert_eq!(guard.ready(), Ready::WRITABLE);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn ready(&self) -> Ready {
        self.seen.ready
    }

    /// Runs a system call of your own. If it returns `WouldBlock`, the descriptor is known not to be ready for what was waited for.
    ///
    /// Return `WouldBlock` only because the descriptor did. After a wait for several things all of them are cleared: wait for one, or see to it by
    /// [`clear_ready_matching`](AsyncFdReadyGuard::clear_ready_matching).
    ///
    /// # Errors
    ///
    /// [`TryIoError`] if `operation` returns `WouldBlock`; every other result of its own is inside `Ok`.
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
    ///     let read = loop {
    ///         let mut guard = fd.readable().await?;
    ///         match guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])) {
    ///             Ok(read) => break read?,
    ///             Err(_would_block) => {}
    ///         }
    ///     };
    ///     assert_eq!(read, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.fd);
        self.seen.result(self.fd, result)
    }

    /// The descriptor, registered.
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
    ///     let guard = fd.writable().await?;
    ///     assert!(guard.get_ref().get_ref().take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.fd
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
    ///     let guard = fd.writable().await?;
    ///     assert!(guard.get_inner().take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn get_inner(&self) -> &'a T {
        self.fd.get_ref()
    }
}

/// That a descriptor was found ready, and the descriptor, to be changed: what [`AsyncFd::readable_mut`] and the like end with.
///
/// Otherwise it is an [`AsyncFdReadyGuard`].
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
///     assert!(guard.ready().is_readable());
///     let read = guard.try_io(|fd| fd.get_mut().read(&mut [0; 8]));
///     assert_eq!(read.unwrap()?, 5);
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "say what became of the readiness: `try_io`, `clear_ready` or `retain_ready`"]
pub struct AsyncFdReadyMutGuard<'a, T: AsFd> {
    fd: &'a mut AsyncFd<T>,
    seen: Seen,
}

impl<'a, T: AsFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(fd: &'a mut AsyncFd<T>, seen: Seen) -> Self {
        Self { fd, seen }
    }

    /// Says that the descriptor isn't ready any more for what was waited for: the next wait is for what comes from now on. (If it has come since
    /// this wait ended, that stays.)
    ///
    /// Say so only if a system call has just returned `WouldBlock`, or has taken all that there was, as one that reads an eventfd does: of what is there
    /// already nobody tells again. An end that was reported stays, since it is reported once; only `WouldBlock` in
    /// [`try_io`](AsyncFdReadyMutGuard::try_io) disproves it.
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
    ///     let mut buffer = [0; 8];
    ///     // Until there is no more.
    ///     while guard.get_inner_mut().read(&mut buffer).is_ok() {}
    ///     guard.clear_ready();
    ///     assert!(guard.ready().is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn clear_ready(&mut self) {
        self.seen.clear_matching(self.fd, self.seen.ready);
    }

    /// [`clear_ready`](AsyncFdReadyMutGuard::clear_ready) of some of what the descriptor was ready for: after a wait for several things.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::unix::AsyncFd;
    /// use heist::io::{Interest, Ready};
    /// use std::io::Read;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let mut guard = fd.ready_mut(Interest::READABLE | Interest::WRITABLE).await?;
    ///     assert!(guard.get_inner_mut().read(&mut [0; 8]).is_err());
    ///     guard.clear_ready_matching(Ready::READABLE);
    ///     assert!(guard.ready().is_writable());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear_matching(self.fd, ready);
    }

    /// Says that the descriptor may still be ready: the next wait ends at once. It does nothing, and says so.
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
    ///     let (reader, mut writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     writer.write_all(b"hello")?;
    ///     fd.readable_mut().await?.retain_ready();
    ///     fd.readable_mut().await?.retain_ready();
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn retain_ready(&mut self) {}

    /// What it was found ready for, of what was waited for, without what was cleared.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    /// use heist::io::unix::AsyncFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (reader, _writer) = UnixStream::pair()?;
    ///     reader.set_nonblocking(true)?;
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let guard = fd.writable_mut().await?;
    ///     assert_eq!(guard.ready(), Ready::WRITABLE);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn ready(&self) -> Ready {
        self.seen.ready
    }

    /// Runs a system call of your own. If it returns `WouldBlock`, the descriptor is known not to be ready for what was waited for.
    ///
    /// Return `WouldBlock` only because the descriptor did. After a wait for several things all of them are cleared: wait for one, or see to it by
    /// [`clear_ready_matching`](AsyncFdReadyMutGuard::clear_ready_matching).
    ///
    /// # Errors
    ///
    /// [`TryIoError`] if `operation` returns `WouldBlock`; every other result of its own is inside `Ok`.
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
    ///     let read = loop {
    ///         let mut guard = fd.readable_mut().await?;
    ///         match guard.try_io(|fd| fd.get_mut().read(&mut [0; 8])) {
    ///             Ok(read) => break read?,
    ///             Err(_would_block) => {}
    ///         }
    ///     };
    ///     assert_eq!(read, 5);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.fd);
        self.seen.result(self.fd, result)
    }

    /// The descriptor, registered.
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
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let guard = fd.writable_mut().await?;
    ///     assert!(guard.get_ref().get_ref().take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.fd
    }

    /// The descriptor, registered, to be changed.
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
    ///     guard.get_mut().get_mut().write_all(b"hello")?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.fd
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
    ///     let mut fd = AsyncFd::new(reader)?;
    ///     let guard = fd.writable_mut().await?;
    ///     assert!(guard.get_inner().take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn get_inner(&self) -> &T {
        self.fd.get_ref()
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
    ///     let mut guard = fd.writable_mut().await?;
    ///     guard.get_inner_mut().write_all(b"hello")?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.fd.get_mut()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard")
            .field("fd", &self.fd)
            .field("ready", &self.seen.ready)
            .finish()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard")
            .field("fd", &self.fd)
            .field("ready", &self.seen.ready)
            .finish()
    }
}

/// The operation would have blocked: wait again. See [`AsyncFdReadyGuard::try_io`].
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
///     let mut read = || guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
///     assert!(read().is_ok());
///     println!("{}", read().unwrap_err());
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would have blocked: wait until the descriptor is ready again")
    }
}

impl Error for TryIoError {}
