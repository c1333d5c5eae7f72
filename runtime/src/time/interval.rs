//! [`interval`]: a sequence of deadlines at a fixed distance.
#![forbid(unsafe_code)]

use super::clock::Instant;
use super::interval_stream::{self, IntervalStream};
use super::sleep::{Sleep, sleep_until};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How late a tick may be and still not count as missed.
const GRACE: Duration = Duration::from_millis(5);

/// Ticks every `period`, beginning at once.
///
/// It measures from tick to tick: what is done between two ticks doesn't delay the next one, as it does in asyncio's
/// idiom of a loop around `asyncio.sleep`. If it takes longer than the period, [`MissedTickBehavior`] says what
/// happens.
///
/// # Panics
///
/// Panics if `period` is zero. [`tick`](Interval::tick) panics, as [`sleep`](fn@super::sleep) does, where there is no
/// heist runtime.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant, interval};
///
/// # heist::run(async {
/// let start = Instant::now();
/// let mut interval = interval(Duration::from_millis(5));
/// for _ in 0..3 {
///     interval.tick().await; // at 0, 5 and 10 ms
/// }
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// # });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every `period`, beginning at `start`.
///
/// In all else it is [`interval`].
///
/// # Panics
///
/// Panics if `period` is zero. [`tick`](Interval::tick) panics, as [`sleep`](fn@super::sleep) does, where there is no
/// heist runtime.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant, interval_at};
///
/// # heist::run(async {
/// let start = Instant::now() + Duration::from_millis(5);
/// let mut interval = interval_at(start, Duration::from_millis(1));
/// assert_eq!(interval.tick().await, start);
/// # });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero: it would never let anything else run"
    );
    Interval {
        delay: Box::pin(sleep_until(start)),
        period,
        missed: MissedTickBehavior::default(),
    }
}

/// What an [`Interval`] does when a tick is more than 5 ms late, because what was done since the last one took so long.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, MissedTickBehavior, interval};
///
/// # heist::run(async {
/// let mut interval = interval(Duration::from_millis(5));
/// interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
/// interval.tick().await;
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks at once, as often as ticks were missed, until it has caught up.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work | work | work -| work -----|
    /// ```
    #[default]
    Burst,
    /// Ticks at once, and goes on in periods from then.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work -----| work -----| work -----|
    /// ```
    Delay,
    /// Ticks at once, and goes on at the next multiple of the period from the start.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work ---| work -----| work -----|
    /// ```
    Skip,
}

impl MissedTickBehavior {
    /// When the next tick is due, after one that was due at `due` and is missed at `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due.saturating_add(period),
            Self::Delay => now.saturating_add(period),
            Self::Skip => {
                let into_period = (now - due).as_nanos() % period.as_nanos();
                // Less than `now - due`, of which there is less than 2^64 ns as long as no process lives for 584 years.
                let into_period = u64::try_from(into_period).unwrap_or(u64::MAX);
                now.saturating_add(period.saturating_sub(Duration::from_nanos(into_period)))
            }
        }
    }
}

/// Ticks at a fixed distance: see [`interval`] and [`interval_at`].
///
/// # Examples
///
/// It doesn't need to be pinned, and can wait beside something else:
///
/// ```
/// use heist::time::{Duration, interval};
/// use std::future::poll_fn;
///
/// # heist::run(async {
/// let mut interval = interval(Duration::from_millis(1));
/// poll_fn(|cx| interval.poll_tick(cx)).await;
/// # });
/// ```
#[derive(Debug)]
#[must_use = "an interval does nothing unless its `tick` is awaited"]
pub struct Interval {
    /// Ends at the next tick.
    delay: Pin<Box<Sleep>>,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick, and returns when it was due.
    ///
    /// # Panics
    ///
    /// As [`sleep`](fn@super::sleep), where there is no heist runtime, or if it has been shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has consumed no tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    ///
    /// # heist::run(async {
    /// let period = Duration::from_millis(1);
    /// let mut interval = interval(period);
    /// let first = interval.tick().await;
    /// assert_eq!(interval.tick().await, first + period);
    /// # });
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick, and returns when it was due. The task of the last call is woken.
    ///
    /// # Panics
    ///
    /// As [`sleep`](fn@super::sleep), where there is no heist runtime, or if it has been shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    /// use std::future::poll_fn;
    ///
    /// # heist::run(async {
    /// let mut interval = interval(Duration::from_millis(1));
    /// let due = poll_fn(|cx| interval.poll_tick(cx)).await;
    /// assert!(due.elapsed() < Duration::from_secs(60));
    /// # });
    /// ```
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.delay.as_mut().poll(cx));
        let due = self.delay.deadline();
        let now = Instant::now();
        let next = if now - due > GRACE {
            self.missed.next(due, now, self.period)
        } else {
            due.saturating_add(self.period)
        };
        self.delay.as_mut().reset(next);
        Poll::Ready(due)
    }

    /// Moves the next tick to one period from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant, interval};
    ///
    /// # heist::run(async {
    /// let mut interval = interval(Duration::from_millis(5));
    /// let start = Instant::now();
    /// interval.reset();
    /// assert!(interval.tick().await >= start + interval.period());
    /// # });
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Moves the next tick to now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    ///
    /// # heist::run(async {
    /// let mut interval = interval(Duration::from_secs(3_600));
    /// interval.tick().await;
    /// interval.reset_immediately();
    /// interval.tick().await;
    /// # });
    /// ```
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// Moves the next tick to `after` from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    ///
    /// # heist::run(async {
    /// let mut interval = interval(Duration::from_secs(3_600));
    /// interval.tick().await;
    /// interval.reset_after(Duration::from_millis(5));
    /// interval.tick().await;
    /// # });
    /// ```
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now().saturating_add(after));
    }

    /// Moves the next tick to `deadline`; the others follow it. A past one counts as a missed tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant, interval};
    ///
    /// # heist::run(async {
    /// let mut interval = interval(Duration::from_secs(3_600));
    /// let deadline = Instant::now() + Duration::from_millis(5);
    /// interval.reset_at(deadline);
    /// assert_eq!(interval.tick().await, deadline);
    /// # });
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.as_mut().reset(deadline);
    }

    /// What it does when a tick is missed.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, MissedTickBehavior, interval};
    ///
    /// let interval = interval(Duration::from_secs(1));
    /// assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
    /// ```
    #[must_use = "it only tells"]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what it does when a tick is missed.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, MissedTickBehavior, interval};
    ///
    /// let mut interval = interval(Duration::from_secs(1));
    /// interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    /// assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Delay);
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    ///
    /// assert_eq!(interval(Duration::from_secs(1)).period(), Duration::from_secs(1));
    /// ```
    #[must_use = "it only tells"]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Its ticks, one after the other, as a stream, which never ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    /// use heist::time::{Duration, interval};
    ///
    /// # heist::run(async {
    /// let period = Duration::from_millis(1);
    /// let mut ticks = interval(period).into_stream();
    /// let first = ticks.next().await.expect("it never ends");
    /// assert_eq!(ticks.next().await, Some(first + period));
    /// # });
    /// ```
    pub fn into_stream(self) -> IntervalStream {
        interval_stream::interval_stream(self)
    }
}
