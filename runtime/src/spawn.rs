//! `spawn` and `spawn_blocking` on the runtime that the thread is in, with a name ([`Builder`]) or without; and `block_in_place`.

#![forbid(unsafe_code)]

mod builder;

pub use builder::Builder;

use crate::runtime::{Handle, RuntimeFlavor, context};
use crate::scheduler;
use crate::task::{JoinHandle, Spawn};
use heist_sync::coop;
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
    let spawn = Spawn::at(std::panic::Location::caller());
    match context::with_current(|handle| handle.scheduler().spawn(future, spawn)) {
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
    let spawn = Spawn::at(std::panic::Location::caller());
    match Handle::try_current() {
        Ok(handle) => handle.spawn_blocking_as(function, spawn),
        Err(error) => panic!("{error}"),
    }
}

/// Runs a synchronous function that blocks or computes for long here and now, in the middle of a task, whose worker it says is gone meanwhile: other workers take over at once
/// what waits for it, and if none is left a standby worker does. The function may borrow from the task, and may itself call `Handle::block_on`.
///
/// A task that blocks without saying so has the same done for it a few milliseconds later, and is reported. [`spawn_blocking`] is better where the function can be sent to another
/// thread: what else the task is made of (in `join!`, `select!`) goes on beside it.
///
/// On a thread of the blocking pool, or outside a runtime, it just calls the function.
///
/// # Panics
///
/// On the current-thread flavour, where there is no other worker.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let task = heist::spawn(async {
///     let path = String::from("Cargo.toml");
///     heist::task::block_in_place(|| std::fs::read_to_string(&path))
/// });
/// # assert!(task.await.unwrap()?.contains("heist"));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn block_in_place<R>(function: impl FnOnce() -> R) -> R {
    if coop::may_block() {
        return function();
    }
    let flavor = context::with_current(Handle::runtime_flavor);
    assert!(
        flavor != Ok(RuntimeFlavor::CurrentThread),
        "`block_in_place` was called on a current-thread runtime, where nobody else could run the other tasks meanwhile: use `heist::spawn_blocking`, or a multi-threaded runtime"
    );
    scheduler::block_in_place(|| context::allow_blocking(function))
}
