//! asyncio's queues: [`Queue`], [`LifoQueue`] and [`PriorityQueue`], for many that put and many that get.
//!
//! `shared.rs` is what they are; the files of the three only give it its names and its docs.
#![forbid(unsafe_code)]

mod error;
mod fifo;
mod lifo;
#[cfg(test)]
mod models;
mod priority;
mod shared;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use error::{GetError, PutError, TryGetError, TryPutError};
pub use fifo::Queue;
pub use lifo::LifoQueue;
pub use priority::PriorityQueue;
