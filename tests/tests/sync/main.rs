//! Stress of `heist::sync`, on 1, 2 and 8 threads of heist, of tokio, and of nothing but `block_on`: each primitive does a million
//! operations in all, nothing is lost, and nothing happens twice.
//!
//! A case makes tasks for a number of operations, and says afterwards how many were done: see [`crew`].

#![forbid(unsafe_code)]

mod channels;
mod crew;
mod locks;
mod once;
mod payload;
mod queues;
mod signals;
mod sizes;
