//! Child processes: [`Command`], [`shell`], [`Child`]. tokio's names and meaning; they stand for asyncio's subprocesses.
//!
//! | asyncio | here |
//! | --- | --- |
//! | `create_subprocess_exec(program, …)` | [`Command::new`], then [`spawn`](Command::spawn) |
//! | `create_subprocess_shell(line, …)` | [`shell`], then `spawn` |
//! | `PIPE`, `DEVNULL`; `stderr=STDOUT` | [`Stdio::piped`], [`Stdio::null`]; `2>&1` in a `shell`, or one [`pipe`](std::io::pipe) as both |
//! | `process.communicate(input)` | [`Child::communicate`] |
//! | `process.wait()`, `returncode`, `pid` | [`Child::wait`], [`Child::try_wait`], [`Child::id`] |
//! | `process.kill()`, `terminate()`, `send_signal(…)` | [`Child::start_kill`]; any other signal by the child's `id` |
//! | `process.stdin`, `stdout`, `stderr` | the fields of [`Child`] of these names |
//! | `concurrent.futures.ProcessPoolExecutor` | `runtime/examples/worker_processes.rs`: workers that a [`Command`] starts, spoken to by pipes |
//!
//! # Who is waited for
//!
//! A child that has ended stays in the system's list of processes, as a *zombie*, until its parent has asked how. heist does that for every child, whether or not anybody
//! awaits it: one whose [`Child`] is dropped, or whose [`status`](Command::status) or [`output`](Command::output) is, runs on
//! ([unless it is to be killed](Command::kill_on_drop)), and when it ends, the runtime that it was spawned in takes note, by an event and not by looking again and again.
//! There are two exceptions, after which the zombie stays until heist spawns the next child in the same process:
//!
//! - The runtime has shut down before the child ended.
//! - It is a current-thread runtime, and nobody is in its `block_on`: then until somebody is.
//!
//! On Linux a child's end is an event of a descriptor, its pidfd. Where there are none (before Linux 5.3, in some sandboxes, on other systems), it is the signal `SIGCHLD`, with
//! what [`signal`](crate::signal) says of listeners, and each one looks at all children that are waited for. A program that ignores `SIGCHLD`, or waits for any child itself
//! (`waitpid(-1)`), takes the status away: [`Child::wait`] gives an error then.
//!
//! (On Linux a worker has asked for the smallest timer slack, and what is spawned on it inherits that.)
//!
//! # Examples
//!
//! ```
//! use heist::process::Command;
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let output = Command::new("echo").arg("hello").output().await?;
//!     assert!(output.status.success());
//!     assert_eq!(output.stdout, b"hello\n");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! A time-out, after which the child is gone:
//!
//! ```
//! use heist::process::Command;
//! use heist::time::{Duration, timeout};
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let mut child = Command::new("sleep").arg("60").kill_on_drop(true).spawn()?;
//!     if timeout(Duration::from_millis(10), child.wait()).await.is_err() {
//!         child.kill().await?;
//!     }
//!     Ok(())
//! })
//! # }
//! ```

mod child;
mod command;
mod pidfd;
mod pipes;
mod running;

pub use self::child::Child;
pub use self::command::{Command, shell};
pub use self::pipes::{ChildStderr, ChildStdin, ChildStdout};
#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
