//! Several futures in one task: [`join!`](crate::join), [`try_join!`](crate::try_join), [`select!`](crate::select), [`gather`](fn@gather), [`try_gather`].
//!
//! They run concurrently, not in parallel: all on the task that awaits them. Spawn them to use more than one core.

#![forbid(unsafe_code)]

mod gather;
mod join;
mod select;
mod woken;

pub use gather::{Gather, TryGather, gather, try_gather};
pub use join::__join;
pub use select::__select;
