//! A work-stealing async runtime with all of Python asyncio's features.

mod loom;
mod reactor;
pub mod runtime;
mod scheduler;
mod spawn;
pub mod task;
mod time;

pub use heist_blocking_pool as blocking;
pub use heist_sync as sync;
pub use runtime::run;
pub use spawn::{spawn, spawn_blocking};
pub use task::JoinHandle;
