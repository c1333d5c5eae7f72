//! The address of a Unix socket.
//!
//! Addresses of the standard library come in, and go out again.
#![forbid(unsafe_code)]

use socket2::SockAddr;
use std::fmt;
use std::io;
use std::os::unix::net;
use std::path::Path;
#[cfg(any(target_os = "android", target_os = "linux"))]
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

/// The address of a Unix socket: a path, an abstract name (on Linux), or none.
///
/// # Examples
///
/// ```
/// use heist::net::unix::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// let address: SocketAddr = std::os::unix::net::SocketAddr::from_pathname("/run/log")?.into();
/// assert!(!address.is_unnamed());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SocketAddr(net::SocketAddr);

impl SocketAddr {
    /// Whether it is none: the socket has no name.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (socket, _peer) = std::os::unix::net::UnixStream::pair()?;
    /// assert!(SocketAddr::from(socket.local_addr()?).is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::SocketAddr;
    /// use std::path::Path;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let address: SocketAddr = std::os::unix::net::SocketAddr::from_pathname("/run/log")?.into();
    /// assert_eq!(address.as_pathname(), Some(Path::new("/run/log")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The abstract name, if it is one, without the zero byte that it begins with.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::unix::SocketAddr;
    /// use std::os::linux::net::SocketAddrExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let address: SocketAddr = std::os::unix::net::SocketAddr::from_abstract_name("log")?.into();
    /// assert_eq!(address.as_abstract_name(), Some(&b"log"[..]));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(any(target_os = "android", target_os = "linux"))]
    #[must_use]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;

        self.0.as_abstract_name()
    }

    /// What a path names. On Linux, one that begins with a zero byte is an abstract name.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is too long, or has a zero byte elsewhere.
    pub(in crate::net) fn named(path: &Path) -> io::Result<Self> {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Some(name) = path.as_os_str().as_bytes().strip_prefix(b"\0") {
            #[cfg(target_os = "android")]
            use std::os::android::net::SocketAddrExt;
            #[cfg(target_os = "linux")]
            use std::os::linux::net::SocketAddrExt;

            return net::SocketAddr::from_abstract_name(name).map(Self);
        }
        net::SocketAddr::from_pathname(path).map(Self)
    }

    /// The same for the system.
    ///
    /// # Errors
    ///
    /// None for an address that there is.
    pub(in crate::net) fn to_socket2(&self) -> io::Result<SockAddr> {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Some(name) = self.as_abstract_name() {
            return SockAddr::unix(OsStr::from_bytes(&[b"\0", name].concat()));
        }
        SockAddr::unix(self.as_pathname().unwrap_or(Path::new("")))
    }

    /// None: that of a socket without a name.
    pub(super) fn unnamed() -> Self {
        let unnamed = net::SocketAddr::from_pathname("");
        Self(unnamed.expect("of no path the standard library makes no name"))
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<net::SocketAddr> for SocketAddr {
    fn from(address: net::SocketAddr) -> Self {
        Self(address)
    }
}

impl From<SocketAddr> for net::SocketAddr {
    fn from(address: SocketAddr) -> Self {
        address.0
    }
}
