//! Threads on demand for synchronous work, joinable from async and from sync code.
