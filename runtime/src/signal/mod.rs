//! Signals: [`ctrl_c`], and any other by [`unix::signal`]. They stand for asyncio's `loop.add_signal_handler`, and have tokio's names and meaning.
//!
//! A listener is a value that is awaited, in any number: each of them, in whatever task and runtime, learns of each signal that comes while it exists. None is
//! lost between two waits. What comes several times before a listener looks may count as once, as signals do in the kernel: see [`unix::Signal`].
//!
//! **What changes for the process.** From the first listener for a kind of signal on, what the system does by default at that signal (to end the program, mostly)
//! is not done any more, also when no listener is left. Handlers that the program had installed before are still called.
//!
//! | asyncio | here |
//! | --- | --- |
//! | `loop.add_signal_handler(SIGINT, …)`, `KeyboardInterrupt` | [`ctrl_c`] |
//! | `loop.add_signal_handler(number, …)` | [`unix::signal`], and a task that awaits [`recv`](unix::Signal::recv) |
//! | `loop.remove_signal_handler(number)` | dropping the [`Signal`](unix::Signal) |
//!
//! # Examples
//!
//! Until Ctrl-C:
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let server = heist::spawn(async { /* accept and answer */ });
//!     heist::signal::ctrl_c().await?;
//!     server.abort();
//!     Ok(())
//! })
//! # }
//! ```
pub mod unix;

use std::io;

/// Waits for the next Ctrl-C: a `SIGINT`. asyncio's `KeyboardInterrupt`, as a future.
///
/// It listens from its first poll on. To miss none between two of them, keep one [`Signal`](unix::Signal) of
/// [`SignalKind::interrupt`](unix::SignalKind::interrupt).
///
/// # Errors
///
/// As [`unix::signal`]; and if the runtime is shut down meanwhile.
///
/// # Panics
///
/// Polled outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it listens no more. (But the default, which ends the program, does not come back.)
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let press = async {
///         // What the terminal does when somebody presses Ctrl-C.
///         rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)
///     };
///     let (stopped, pressed) = heist::join!(heist::signal::ctrl_c(), press);
///     pressed?;
///     stopped
/// })
/// # }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let mut signal = unix::signal(unix::SignalKind::interrupt())?;
    match signal.recv().await {
        Some(()) => Ok(()),
        None => Err(io::Error::other(
            "the heist runtime in which Ctrl-C was waited for has been shut down",
        )),
    }
}
