//! Async synchronisation primitives for any runtime.
