//! Several futures in one task: [`join!`](crate::join), [`try_join!`](crate::try_join), [`select!`](crate::select), [`gather`](fn@gather), [`try_gather`],
//! [`as_completed`](fn@as_completed).
//!
//! They run concurrently, not in parallel: all on the task that awaits them. Spawn them to use more than one core.

#![forbid(unsafe_code)]

mod as_completed;
mod gather;
mod join;
mod parts;
mod select;
mod woken;

pub(crate) use woken::Woken;

pub use as_completed::{AsCompleted, as_completed};
pub use gather::{Gather, TryGather, gather, try_gather};
pub use join::__join;
pub use select::__select;
