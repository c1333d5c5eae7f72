//! The time: [`Instant`], and the [`Clock`] that a runtime reads it from.
//!
//! In comes the system's monotonic clock, read in one place ([`Clock::now`]); out go `Instant`s, to the scheduler, to
//! the timers and to everybody who asks with [`Instant::now`]. Whatever stops or moves the time takes the place of
//! that one reading.
#![forbid(unsafe_code)]

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// What a runtime takes the time from: the system's monotonic clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(());

impl Clock {
    /// Reads the time: some 17 ns, no system call on Linux.
    #[inline]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everybody else is asked to read"
    )]
    pub(crate) fn now(&self) -> Instant {
        Instant(std::time::Instant::now())
    }
}

/// A moment on a clock that never goes back, with the resolution of a nanosecond; what asyncio's `loop.time()` returns.
///
/// It is `std`'s [`Instant`](std::time::Instant), to and from which it converts, read from the clock of the runtime.
/// Differences saturate at zero instead of panicking.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_millis(20);
/// assert_eq!(deadline - start, Duration::from_millis(20));
/// assert_eq!(start - deadline, Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// How far off a time is that no process lives to see: the whole of a wheel's 64 bits of nanoseconds, 584 years.
    const FAR: Duration = Duration::from_nanos(u64::MAX);

    /// The time now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::Instant;
    ///
    /// let before = Instant::now();
    /// assert!(Instant::now() >= before);
    /// ```
    #[inline]
    #[must_use = "it only reads the clock"]
    pub fn now() -> Self {
        Clock::default().now()
    }

    /// The same moment, from `std`'s type.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::Instant;
    ///
    /// let now = Instant::now();
    /// assert_eq!(Instant::from_std(now.into_std()), now);
    /// ```
    #[inline]
    #[must_use = "it only converts"]
    pub const fn from_std(instant: std::time::Instant) -> Self {
        Self(instant)
    }

    /// The same moment, in `std`'s type.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::Instant;
    ///
    /// let now: std::time::Instant = Instant::now().into_std();
    /// ```
    #[inline]
    #[must_use = "it only converts"]
    pub const fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// How long it is since `earlier`; zero if that is later.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let end = start + Duration::from_secs(2);
    /// assert_eq!(end.duration_since(start), Duration::from_secs(2));
    /// assert_eq!(start.duration_since(end), Duration::ZERO);
    /// ```
    #[inline]
    #[must_use = "it only computes"]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// How long it is since `earlier`; `None` if that is later.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let end = start + Duration::from_secs(2);
    /// assert_eq!(end.checked_duration_since(start), Some(Duration::from_secs(2)));
    /// assert_eq!(start.checked_duration_since(end), None);
    /// ```
    #[inline]
    #[must_use = "it only computes"]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// How long it is since `earlier`; zero if that is later.
    ///
    /// The same as [`duration_since`](Self::duration_since), under the name of `std`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let end = start + Duration::from_secs(2);
    /// assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
    /// ```
    #[inline]
    #[must_use = "it only computes"]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// How long ago it was; zero if it is still to come.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// assert!(start.elapsed() < Duration::from_secs(60));
    /// assert_eq!((start + Duration::from_secs(60)).elapsed(), Duration::ZERO);
    /// ```
    #[inline]
    #[must_use = "it only reads the clock"]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The moment `duration` later; `None` if it is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let now = Instant::now();
    /// assert_eq!(now.checked_add(Duration::from_secs(1)), Some(now + Duration::from_secs(1)));
    /// assert_eq!(now.checked_add(Duration::MAX), None);
    /// ```
    #[inline]
    #[must_use = "it only computes"]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment `duration` earlier; `None` if it is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let now = Instant::now();
    /// assert_eq!(now.checked_sub(Duration::MAX), None);
    /// ```
    #[inline]
    #[must_use = "it only computes"]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The moment `duration` later, or one so far off that no timer reaches it.
    #[inline]
    pub(super) fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration)
            .or_else(|| self.checked_add(Self::FAR))
            .unwrap_or(self)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    ///
    /// Panics if the sum is out of range: [`Instant::checked_add`] doesn't.
    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    #[inline]
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    ///
    /// Panics if the difference is out of range: [`Instant::checked_sub`] doesn't.
    #[inline]
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    #[inline]
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// How long the right side was before the left; zero if it was after.
    #[inline]
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
