//! The ticks of an interval, as a stream of them.
//!
//! An [`Interval`] comes in by its `into_stream`; when its ticks were due goes out.
#![forbid(unsafe_code)]

use super::clock::Instant;
use super::interval::Interval;
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The ticks of an [`Interval`], one after the other: from [`Interval::into_stream`]: what asyncio's `async for` would go through.
///
/// It never ends. Each item is when its tick was due, as [`tick`](Interval::tick) returns it.
///
/// # Panics
///
/// Polled, as [`tick`](Interval::tick), where there is no heist runtime, or if it has been shut down.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::time::{Duration, interval};
///
/// # heist::run(async {
/// let period = Duration::from_millis(1);
/// let ticks = interval(period).into_stream();
/// let due: Vec<_> = ticks.take(3).collect().await;
/// assert_eq!(due[2] - due[0], 2 * period);
/// # });
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct IntervalStream {
    interval: Interval,
}

/// The ticks of this interval.
pub(super) fn interval_stream(interval: Interval) -> IntervalStream {
    IntervalStream { interval }
}

impl IntervalStream {
    /// Gives the interval back. No tick is lost.
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
    /// let mut interval = ticks.into_inner();
    /// assert_eq!(interval.tick().await, first + period);
    /// # });
    /// ```
    pub fn into_inner(self) -> Interval {
        self.interval
    }
}

impl Stream for IntervalStream {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.interval.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl AsRef<Interval> for IntervalStream {
    fn as_ref(&self) -> &Interval {
        &self.interval
    }
}

/// To reset it between two ticks, for one.
impl AsMut<Interval> for IntervalStream {
    fn as_mut(&mut self) -> &mut Interval {
        &mut self.interval
    }
}
