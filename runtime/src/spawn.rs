//! `spawn` and `spawn_blocking` on the runtime that the thread is in.

#![forbid(unsafe_code)]

use crate::runtime::{Handle, context};
use crate::task::JoinHandle;
use std::future::Future;

/// Starts a task on the runtime that this thread is in: asyncio's `create_task`. It runs whether or not its handle is awaited, beside the caller; on the multi-threaded
/// flavour maybe on another thread.
///
/// If the runtime has shut down, the handle resolves as cancelled.
///
/// # Panics
///
/// If the thread is in no runtime: [`Handle::spawn`] needs none.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let a = heist::spawn(async { 1 });
/// let b = heist::spawn(async { 2 });
/// assert_eq!(a.await.unwrap() + b.await.unwrap(), 3);
/// # });
/// ```
#[track_caller]
#[inline]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = std::panic::Location::caller();
    match context::with_current(|handle| handle.scheduler().spawn(future, place)) {
        Ok((handle, refused)) => {
            drop(refused);
            handle
        }
        Err(error) => panic!("{error}"),
    }
}

/// Runs a synchronous function, one that blocks or computes for long, on the runtime's blocking pool, so that it keeps no task waiting:
/// asyncio's `run_in_executor` and `to_thread`.
///
/// It cannot be interrupted once it has begun; [`JoinHandle::abort`] takes it out only while it waits for a thread.
///
/// If the runtime has no blocking thread, and the system will not start one, the function is dropped, which is reported on standard error, and the handle resolves as
/// cancelled. If it has any, the job waits for it. If the runtime has shut down, the handle resolves as cancelled.
///
/// # Panics
///
/// If the thread is in no runtime: [`Handle::spawn_blocking`] needs none.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let text = heist::spawn_blocking(|| std::fs::read_to_string("Cargo.toml")).await.unwrap()?;
/// # assert!(text.contains("heist"));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(function: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let place = std::panic::Location::caller();
    match Handle::try_current() {
        Ok(handle) => handle.spawn_blocking_at(function, place),
        Err(error) => panic!("{error}"),
    }
}
