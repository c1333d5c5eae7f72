//! A work-stealing async runtime with all of Python asyncio's features.

pub mod io;
mod loom;
pub mod net;
mod reactor;
pub mod traits;
