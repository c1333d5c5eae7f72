//! A work-stealing async runtime with all of Python asyncio's features.

#[allow(
    dead_code,
    unused_imports,
    reason = "the whole crate's façade: its users join one by one"
)]
mod loom;
#[allow(
    dead_code,
    unused_imports,
    reason = "the user of its `Timers`, the scheduler, joins next"
)]
pub mod time;
