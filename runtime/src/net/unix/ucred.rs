//! Who is at the other end of a Unix stream.
//!
//! A socket comes in, the kernel's word on its peer goes out. `rustix` has a call for this, but reads the process id as a number that is never 0, which it
//! is for a peer in another namespace of processes: so it is made here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The number of a user.
#[expect(non_camel_case_types, reason = "tokio's name, and the system's")]
pub type uid_t = u32;
/// The number of a group.
#[expect(non_camel_case_types, reason = "tokio's name, and the system's")]
pub type gid_t = u32;
/// The number of a process.
#[expect(non_camel_case_types, reason = "tokio's name, and the system's")]
pub type pid_t = i32;

/// Who made the other end of a [`UnixStream`](crate::net::UnixStream), or listened there, at the time: asyncio has it by `SO_PEERCRED`.
///
/// # Examples
///
/// ```
/// use heist::net::UnixStream;
/// use heist::net::unix::UCred;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (stream, _peer) = UnixStream::pair()?;
///     let peer: UCred = stream.peer_cred()?;
///     println!("user {} is there", peer.uid());
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    uid: uid_t,
    gid: gid_t,
    pid: Option<pid_t>,
}

impl UCred {
    /// Its effective user.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (one, other) = UnixStream::pair()?;
    ///     assert_eq!(one.peer_cred()?.uid(), other.peer_cred()?.uid());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// Its effective group.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (one, other) = UnixStream::pair()?;
    ///     assert_eq!(one.peer_cred()?.gid(), other.peer_cred()?.gid());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// Its process, on Linux; `None` elsewhere, and if the process is none of those that this one can see (it is in another namespace).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let (stream, _peer) = UnixStream::pair()?;
    ///     # #[cfg(target_os = "linux")]
    ///     assert_eq!(stream.peer_cred()?.pid(), Some(std::process::id() as i32));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }

    /// That of the socket's peer.
    ///
    /// # Errors
    ///
    /// Those of the system.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub(super) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Self> {
        let mut peer = libc::ucred {
            pid: 0,
            uid: 0,
            gid: 0,
        };
        let mut len = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and the kernel writes no more than `len` bytes, of numbers, to what is as large as that.
        let outcome = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut peer).cast(),
                &mut len,
            )
        };
        if outcome != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            uid: peer.uid,
            gid: peer.gid,
            pid: (peer.pid != 0).then_some(peer.pid),
        })
    }

    /// That of the socket's peer.
    ///
    /// # Errors
    ///
    /// Those of the system.
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    pub(super) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Self> {
        let (mut uid, mut gid) = (0, 0);
        // SAFETY: the descriptor is open, and both are places for such numbers.
        let outcome = unsafe { libc::getpeereid(socket.as_raw_fd(), &mut uid, &mut gid) };
        if outcome != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            uid,
            gid,
            pid: None,
        })
    }
}
