//! The time: [`Instant`], and the [`Clock`] that a runtime reads it from.
//!
//! In comes the system's monotonic clock, read in one place ([`Instant::of_system`]); out go `Instant`s, to the scheduler, to
//! the timers and to everybody who asks with [`Instant::now`]. For timers, what was read may stand for another time: `pause.rs`.
#![forbid(unsafe_code)]

use super::pause::{self, Pausable};
use super::timers;
use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::Arc;
use std::time::Duration;

/// What a runtime takes the time from: the system's monotonic clock; and for its timers, if it may be paused, a time of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Option<Arc<Pausable>>);

impl Clock {
    /// One that may be paused.
    pub(crate) fn new_pausable() -> Self {
        Self(Some(Arc::default()))
    }

    /// Reads the system's clock: some 17 ns, no system call on Linux.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        Instant::of_system()
    }

    /// What time it is for timers, when it is `now` on the system's clock.
    #[inline]
    pub(crate) fn of_timers(&self, now: Instant) -> Instant {
        match &self.0 {
            None => now,
            Some(pausable) => pausable.at(now),
        }
    }

    pub(super) fn pausable(&self) -> Option<&Arc<Pausable>> {
        self.0.as_ref()
    }

    /// Stops the time of a runtime that has not begun.
    pub(crate) fn start_paused(&self) {
        if let Some(pausable) = &self.0 {
            pausable.pause(self.now());
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.0.as_ref().is_some_and(|pausable| pausable.is_paused())
    }

    /// A blocking job of the runtime was submitted: until it [ends](Self::end_job), the time does not jump.
    pub(crate) fn begin_job(&self) {
        if let Some(pausable) = &self.0 {
            pausable.begin_job();
        }
    }

    pub(crate) fn end_job(&self) {
        if let Some(pausable) = &self.0 {
            pausable.end_job();
        }
    }

    pub(crate) fn has_jobs(&self) -> bool {
        self.0.as_ref().is_some_and(|pausable| pausable.has_jobs())
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

    /// The time now: that of the runtime that the thread is in, if it was ever [paused](super::pause()).
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
        let now = Self::of_system();
        if pause::is_unknown() {
            return now;
        }
        timers::clock_here().map_or(now, |clock| clock.of_timers(now))
    }

    /// The time on the system's clock.
    #[inline]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everybody else is asked to read"
    )]
    pub(super) fn of_system() -> Self {
        Self(std::time::Instant::now())
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
    pub(crate) fn saturating_add(self, duration: Duration) -> Self {
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
