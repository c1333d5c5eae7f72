//! Runtimes: building, entering, blocking on a future, and ending them.
//!
//! # The two flavours
//!
//! [`Builder::new_multi_thread`] starts worker threads that steal tasks from each other, so that all cores are used and no task waits long behind
//! another. [`Builder::new_current_thread`] starts none: tasks run on the thread that is in [`Runtime::block_on`], and only while it is. Both
//! run the same tasks with the same drivers, and `spawn` asks for `Send` on both.
//!
//! Every driver is always there, is started when it is first used, and costs nothing before.
//!
//! # What is guaranteed
//!
//! * A task that is woken is polled again, as long as the runtime lives.
//! * A task that wakes itself over and over keeps no other waiting for ever: each has its turn; so have timers, sockets and tasks from other threads.
//! * A task that blocks its thread keeps no other task, timer or socket waiting for long, on the multi-threaded flavour: other workers take over what waits for it, and when
//!   none is left a standby worker does. It is reported.
//! * When the runtime has shut down, no task of it is left; what would not end is named.
//!
//! # What is so at present, and may change
//!
//! * A worker runs the task that was woken last before those that wait, three times in a row at most.
//! * A busy worker looks at the clock every 32 polls at most, and every 100 µs or so at its timers, the reactor and the tasks from other threads.

mod blocking;
mod builder;
pub(crate) mod context;
mod current_thread;
mod handle;
mod metrics;
mod multi_thread;
mod relief;
mod running_jobs;
#[expect(
    clippy::module_inception,
    reason = "the module holds the type that it is named after"
)]
mod runtime;
mod shutdown;
mod unhandled_panic;

pub use crate::scheduler::SlowPoll;
pub use builder::Builder;
pub use context::{EnterGuard, TryCurrentError};
pub use handle::{Handle, RuntimeFlavor};
pub use metrics::RuntimeMetrics;
pub use runtime::Runtime;
pub use shutdown::ShutdownReport;
pub use unhandled_panic::UnhandledPanic;

use std::future::Future;

/// Runs a future to its end on a new multi-threaded runtime, and ends that: asyncio's `run`. It is [`Runtime::run`], with the defaults of [`Builder`].
///
/// # Panics
///
/// If the runtime cannot be built, which [`Builder::build`] returns as an error; if it is called on a thread that runs async code; and if the
/// future panics.
///
/// # Examples
///
/// ```
/// let answer = heist::run(async { heist::spawn(async { 42 }).await.unwrap() });
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    match Runtime::new() {
        Ok(runtime) => runtime.run(future),
        Err(error) => panic!("heist::run could not build its runtime: {error}"),
    }
}
