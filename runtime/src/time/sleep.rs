//! [`sleep`]: a future that waits for a deadline.
//!
//! In comes the task that polls; out goes an [`Entry`] on the wheel of the thread that polls it first, which wakes
//! the task.
#![forbid(unsafe_code)]

use super::clock::Instant;
use super::entry::{Entry, State};
use super::timers::{self, Here};
use heist_sync::coop;
use heist_sync::trace::Waiting;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

const NO_RUNTIME: &str = "there is no heist runtime on this thread: await timers in a task, in `heist::run` or in \
    `Runtime::block_on`, or call `Handle::enter` first";
const SHUT_DOWN: &str =
    "this timer can't fire any more: the heist runtime that it was to wait on has been shut down";

/// Waits for `duration`, from now on (not from the first poll). asyncio's `sleep`.
///
/// Never less, and as little more as the kernel allows: deadlines have the resolution of a nanosecond. A duration too
/// long for the clock, such as [`Duration::MAX`], never ends. [`Duration::ZERO`] is ready at its first poll: it does
/// not yield (`task::yield_now` does).
///
/// It costs nothing until it is polled; what is waiting is one entry on a wheel of its worker's, linked and unlinked
/// in constant time.
///
/// # Panics
///
/// Polled, if there is no heist runtime on this thread and it has waited in none before, or if that has been shut down. Creating it needs none: unlike tokio's, it is of the runtime in which it is
/// polled.
///
/// # Cancel safety
///
/// It holds nothing: dropped, its timer is gone at once.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant, sleep};
///
/// # heist::run(async {
/// let start = Instant::now();
/// sleep(Duration::from_millis(10)).await;
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// # });
/// ```
#[cfg_attr(feature = "tracing", track_caller)]
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now().saturating_add(duration))
}

/// Waits until `deadline`; a past one is ready at its first poll. What asyncio does with `loop.call_at`.
///
/// # Panics
///
/// Polled, if there is no heist runtime on this thread and it has waited in none before, or if that has been shut down. Creating it needs none: unlike tokio's, it is of the runtime in which it is
/// polled.
///
/// # Cancel safety
///
/// It holds nothing: dropped, its timer is gone at once.
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, Instant, sleep_until};
///
/// # heist::run(async {
/// let deadline = Instant::now() + Duration::from_millis(10);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # });
/// ```
#[cfg_attr(feature = "tracing", track_caller)]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline,
        unread: true,
        waiting: Waiting::new("Sleep", "timer", "Sleep::await"),
        entry: Entry::new(),
    }
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    ///
    /// It is `!Unpin`, since its wheel points at it: to poll it in place, or to [`reset`](Sleep::reset) it, pin it with
    /// [`pin!`](std::pin::pin) or [`Box::pin`].
    ///
    /// # Examples
    ///
    /// A deadline that moves with each message, as an idle connection's does:
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep};
    /// use std::pin::pin;
    ///
    /// # heist::run(async {
    /// let mut idle = pin!(sleep(Duration::from_secs(30)));
    /// for _message in ["one", "two"] {
    ///     idle.as_mut().reset(Instant::now() + Duration::from_millis(5));
    /// }
    /// idle.await;
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct Sleep {
        deadline: Instant,
        // Whether the clock has not been read since the deadline was set: it may have passed already.
        unread: bool,
        waiting: Waiting,
        #[pin]
        entry: Entry,
    }
}

impl Sleep {
    /// When it ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep_until};
    ///
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(sleep_until(deadline).deadline(), deadline);
    /// ```
    #[must_use = "it only tells"]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether it has ended: the runtime, or a poll, has seen its deadline come. Its next poll is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, sleep};
    /// use std::pin::pin;
    ///
    /// # heist::run(async {
    /// let mut sleep = pin!(sleep(Duration::from_millis(1)));
    /// assert!(!sleep.is_elapsed());
    /// sleep.as_mut().await;
    /// assert!(sleep.is_elapsed());
    /// # });
    /// ```
    #[must_use = "it only tells"]
    pub fn is_elapsed(&self) -> bool {
        self.entry.state() == State::Fired
    }

    /// Moves the deadline, also of a sleep that has ended, which then can be awaited again.
    ///
    /// A task that waits on it is woken at the new deadline, whether it polls again before or not. Where there is no heist runtime on the thread, it goes on in the one in which it waited last.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep};
    /// use std::pin::pin;
    ///
    /// # heist::run(async {
    /// let start = Instant::now();
    /// let mut sleep = pin!(sleep(Duration::MAX));
    /// sleep.as_mut().reset(start + Duration::from_millis(5));
    /// sleep.await;
    /// assert!(start.elapsed() >= Duration::from_millis(5));
    /// # });
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.deadline = deadline;
        *this.unread = true;
        this.entry.reset(deadline, timers::elsewhere);
    }

    /// What `poll` does, less the budget.
    fn poll_elapsed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let waiting = &*this.waiting;
        waiting.poll("poll_elapsed", || {
            let deadline = *this.deadline;
            // One reading of the clock for each deadline; then the wheel tells.
            let is_past = *this.unread && Instant::now() >= deadline;
            let state = match this.entry.state() {
                State::Idle if is_past => {
                    let was_in_one = this.entry.last_wheel().is_some();
                    assert!(was_in_one || timers::is_entered(), "{NO_RUNTIME}");
                    this.entry.finish()
                }
                State::Idle => {
                    let elsewhere = match timers::here(this.entry.last_wheel()) {
                        Here::Same => None,
                        Here::Other(wheel) => Some(wheel),
                        Here::Nowhere => panic!("{NO_RUNTIME}"),
                    };
                    let waker = cx.waker().clone();
                    this.entry.arm(elsewhere, deadline, waker)
                }
                State::Armed if is_past => this.entry.finish(),
                State::Armed => this.entry.keep(cx.waker()),
                ended => ended,
            };
            *this.unread = false;
            match state {
                State::Fired => Poll::Ready(()),
                State::Closed => panic!("{SHUT_DOWN}"),
                State::Armed | State::Idle => Poll::Pending,
            }
        })
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(coop::poll_proceed(cx));
        ready!(self.poll_elapsed(cx));
        coop.made_progress();
        Poll::Ready(())
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("is_elapsed", &self.is_elapsed())
            .finish()
    }
}
