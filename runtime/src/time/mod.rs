//! Time: sleeping, time limits, and ticking.
//!
//! | asyncio | here |
//! | --- | --- |
//! | `asyncio.sleep(1)` | [`sleep`](fn@sleep)`(Duration::from_secs(1)).await` |
//! | `asyncio.wait_for(job, 2)` | [`timeout`](fn@timeout)`(Duration::from_secs(2), job).await?` |
//! | `asyncio.timeout_at(when)` | [`timeout_at`]`(when, job).await?` |
//! | `loop.time()` | [`Instant::now`]`()` |
//! | `loop.call_at(when, f)` | [`sleep_until`]`(when).await; f()` |
//! | a loop around `asyncio.sleep` | [`interval`](fn@interval) |
//!
//! # Guarantees
//!
//! - A timer never fires before its deadline, to the nanosecond.
//! - A timer that is dropped or reset is off its wheel at once: nothing is kept until its deadline.
//! - A timer is registered at its first poll that is pending, not before: one whose deadline is past by then isn't.
//! - Waiting allocates nothing. (The first timer on a worker allocates its wheel.)
//!
//! # Present behaviour
//!
//! Each worker has a wheel of its own, on which what is polled there is armed under that wheel's own lock; nothing
//! global is locked. A worker that is stuck has its wheel turned by another. How late a timer fires is then up to the
//! kernel, and to what its task has to queue behind.
//!
//! # Tests
//!
//! A test need not wait: with [`pause`](fn@pause), or `#[heist::test(start_paused = true)]`, the time of a current-thread runtime stands still while there is anything to do, and jumps to the
//! next deadline when there is not. A program that sleeps for hours runs in no time, and always in the same order.
//!
//! # Examples
//!
//! Twenty milliseconds for a job that takes five seconds:
//!
//! ```
//! use heist::time::{Duration, sleep, timeout};
//!
//! # heist::run(async {
//! let job = sleep(Duration::from_secs(5));
//! let outcome = timeout(Duration::from_millis(20), job).await;
//! assert_eq!(outcome.unwrap_err().to_string(), "deadline has elapsed");
//! # });
//! ```

// What comes in: futures that wait (`sleep.rs`, `timeout.rs`, `interval.rs`, `interval_stream.rs`) and the scheduler's `Timers`
// (`timers.rs`), which says on each thread which wheel is its own, and turns the wheels. What goes out: wakes. In
// between are the entry, the part of a future that a wheel knows (`entry.rs`, with all the `unsafe` and its
// contract), the wheel with its lock (`wheel.rs`), and its geometry (`slots.rs`).
//
// Of the rest of the crate this module knows nothing, and of tasks only their `Waker`.

mod clock;
mod entry;
pub mod error;
mod interval;
mod interval_stream;
mod pause;
mod send_timeout;
mod sleep;
mod slots;
mod timeout;
mod timers;
mod wheel;

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use self::clock::Instant;
pub use self::interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use self::interval_stream::IntervalStream;
pub use self::pause::{advance, pause, resume};
pub use self::send_timeout::SenderExt;
pub use self::sleep::{Sleep, sleep, sleep_until};
pub use self::timeout::{Timeout, timeout, timeout_at};
pub use std::time::Duration;

#[cfg(all(test, not(heist_loom)))]
use self::wheel::Wheel;

pub(crate) use self::{
    clock::Clock,
    timers::{Entered, Timers},
};
