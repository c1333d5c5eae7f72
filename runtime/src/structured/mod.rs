//! Tasks that belong together: [`JoinSet`], [`TaskGroup`]; and what lets one task depend on another, or not: [`shield`](fn@shield), [`on_cancel`](fn@on_cancel).
//!
//! Comes in: what users spawn. Goes out: tasks, and their outcomes. It spawns, so it is above the runtime, and [`task`](crate::task) shows it to users.

#![forbid(unsafe_code)]

mod group;
mod group_error;
mod handles;
mod join_set;
mod member;
mod members;
mod on_cancel;
mod shield;

pub use group::{GroupHandle, TaskGroup};
pub use group_error::{GroupError, MemberError};
pub use join_set::JoinSet;
pub use member::Member;
pub use on_cancel::{OnCancel, on_cancel};
pub use shield::{Shield, shield};
