//! A work-stealing async runtime with all of Python asyncio's features.

mod loom;
