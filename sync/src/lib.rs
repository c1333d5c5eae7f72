//! Async synchronisation for any runtime: nothing here knows which one polls it.

pub mod coop;
