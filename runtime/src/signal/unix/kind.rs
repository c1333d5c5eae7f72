//! Which signal.
//!
//! Numbers and names come in; the number goes out to `signal`.
#![forbid(unsafe_code)]

use std::ffi::c_int;

/// A kind of signal.
///
/// # Examples
///
/// ```
/// use heist::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::interrupt().as_raw_value(), 2);
/// assert_ne!(SignalKind::interrupt(), SignalKind::terminate());
/// ```
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct SignalKind(c_int);

impl SignalKind {
    /// The signal of this number: those that have no name here, real-time signals among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
    /// ```
    #[must_use]
    pub const fn from_raw(number: c_int) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::terminate().as_raw_value(), 15);
    /// ```
    #[must_use]
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }

    /// `SIGALRM`. A timer of `alarm` or `setitimer` has run out. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::alarm().as_raw_value(), libc::SIGALRM);
    /// ```
    #[must_use]
    pub const fn alarm() -> Self {
        Self(libc::SIGALRM)
    }

    /// `SIGCHLD`. A child has ended, or was stopped or continued. By default it is ignored. ([`process`](crate::process) waits for children by itself.)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::child().as_raw_value(), libc::SIGCHLD);
    /// ```
    #[must_use]
    pub const fn child() -> Self {
        Self(libc::SIGCHLD)
    }

    /// `SIGHUP`. The terminal is gone; many daemons take it for the order to read their configuration again. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::hangup().as_raw_value(), libc::SIGHUP);
    /// ```
    #[must_use]
    pub const fn hangup() -> Self {
        Self(libc::SIGHUP)
    }

    /// `SIGINFO`. Ctrl-T: somebody would like to know how far it is. By default it is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::info().as_raw_value(), libc::SIGINFO);
    /// ```
    #[cfg(any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    #[must_use]
    pub const fn info() -> Self {
        Self(libc::SIGINFO)
    }

    /// `SIGINT`. Ctrl-C. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::interrupt().as_raw_value(), libc::SIGINT);
    /// ```
    #[must_use]
    pub const fn interrupt() -> Self {
        Self(libc::SIGINT)
    }

    /// `SIGIO`. Something can be read or written, for those who have asked for signals about that. By default it ends the process on Linux, and is ignored elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::io().as_raw_value(), libc::SIGIO);
    /// ```
    #[must_use]
    pub const fn io() -> Self {
        Self(libc::SIGIO)
    }

    /// `SIGPIPE`. Something was written to a pipe or socket that nobody reads from any more. Rust's programs ignore it from their beginning, and get an error from the write.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::pipe().as_raw_value(), libc::SIGPIPE);
    /// ```
    #[must_use]
    pub const fn pipe() -> Self {
        Self(libc::SIGPIPE)
    }

    /// `SIGQUIT`. Ctrl-\. By default it ends the process with a core dump.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::quit().as_raw_value(), libc::SIGQUIT);
    /// ```
    #[must_use]
    pub const fn quit() -> Self {
        Self(libc::SIGQUIT)
    }

    /// `SIGTERM`. The polite order to end: what `kill` and service managers send. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::terminate().as_raw_value(), libc::SIGTERM);
    /// ```
    #[must_use]
    pub const fn terminate() -> Self {
        Self(libc::SIGTERM)
    }

    /// `SIGUSR1`. For whatever the program likes. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::user_defined1().as_raw_value(), libc::SIGUSR1);
    /// ```
    #[must_use]
    pub const fn user_defined1() -> Self {
        Self(libc::SIGUSR1)
    }

    /// `SIGUSR2`. For whatever the program likes. By default it ends the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::user_defined2().as_raw_value(), libc::SIGUSR2);
    /// ```
    #[must_use]
    pub const fn user_defined2() -> Self {
        Self(libc::SIGUSR2)
    }

    /// `SIGWINCH`. The terminal's window has another size. By default it is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::SignalKind;
    ///
    /// assert_eq!(SignalKind::window_change().as_raw_value(), libc::SIGWINCH);
    /// ```
    #[must_use]
    pub const fn window_change() -> Self {
        Self(libc::SIGWINCH)
    }
}

impl From<c_int> for SignalKind {
    fn from(number: c_int) -> Self {
        Self(number)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.0
    }
}
