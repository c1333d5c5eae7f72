//! A work-stealing async runtime with all of Python asyncio's features.

mod future;
pub mod io;
mod loom;
pub mod net;
mod reactor;
pub mod runtime;
mod scheduler;
mod spawn;
pub mod task;
pub mod time;
pub mod traits;

#[doc(hidden)]
pub use future::__join;
pub use future::{Gather, TryGather, gather, try_gather};
pub use heist_blocking_pool as blocking;
pub use heist_macros::{main, test};
pub use heist_sync as sync;
pub use runtime::run;
pub use spawn::{spawn, spawn_blocking};
pub use task::JoinHandle;
