//! A work-stealing async runtime with all of Python asyncio's features.

#[allow(
    dead_code,
    unused_imports,
    reason = "the whole crate's façade: its users join one by one"
)]
mod loom;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "its user, the scheduler, joins next"
    )
)]
pub mod time;
