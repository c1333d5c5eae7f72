//! Threads on demand for synchronous work, joinable from async and from sync code. It knows no runtime and works with any.
//!
//! [`Pool`] is asyncio's `ThreadPoolExecutor`: [`Pool::spawn`] runs a closure on a thread of the pool and returns a
//! [`JoinHandle`], which is a future and has [`join`](JoinHandle::join) for threads.
//!
//! ```
//! use heist_blocking_pool::Pool;
//!
//! let pool = Pool::builder().max_threads(3).build();
//!
//! // From a thread:
//! let sum = pool.spawn(|| (1..=10).sum::<u32>());
//! assert_eq!(sum.join()?, 55);
//!
//! // From async code, on any executor:
//! futures_lite::future::block_on(async {
//!     let length = pool.spawn(|| std::fs::read("Cargo.toml").map(|bytes| bytes.len()));
//!     assert!(length.await.unwrap().is_ok_and(|length| length > 0));
//! });
//! # Ok::<(), heist_blocking_pool::JoinError>(())
//! ```
//!
//! [`Pool::map`] runs one closure on many inputs, some at a time. [`JobPool`] is what pools are made of, for runtimes that queue their own tasks: it is
//! generic over its [`Job`], and to submit one allocates nothing.
//!
//! # What is guaranteed
//!
//! - A job that was accepted is run once, or cancelled once: by a shutdown, or by an abort.
//! - Jobs are begun in the order in which they were accepted.
//! - As long as fewer than [`max_threads`](Builder::max_threads) jobs run, a job does not wait for another one to end:
//!   jobs may block on each other. (The exception is an operating system that refuses a thread; that is reported.)
//! - A panic in a job, a hook or a waker, or in the destructor of anything that is left to the pool or to a handle, neither ends a
//!   thread of the pool nor aborts the process, even where a handle is dropped by another panic.
//!
//! # Present behaviour
//!
//! - The most recently idle thread is woken first, so that those that are not needed come to the end of their keep-alive.
//! - No thread is started or woken for a job that another thread is already on its way to.

#![forbid(unsafe_code)]

mod builder;
mod error;
mod job_pool;
mod join;
mod loom;
mod map;
mod panics;
mod pool;
mod queue;

#[cfg(test)]
mod models;

pub use builder::Builder;
pub use error::{JoinError, RejectReason, Rejected};
pub use job_pool::{Job, JobPool, Metrics};
pub use join::JoinHandle;
pub use map::{Map, MapIter};
pub use pool::Pool;
