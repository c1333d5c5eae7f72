//! Which task it is that a report is about.
//!
//! Comes in: a task's header. Goes out: what outlives the task: to failures, slow polls, and whoever asks for the tasks that there are.

#![forbid(unsafe_code)]

use super::Id;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// See the module. It displays as `task 7`, or `task 7 "mailer"`.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) id: Id,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, .. } = self;
        match name {
            None => write!(f, "task {id}"),
            Some(name) => write!(f, "task {id} {name:?}"),
        }
    }
}
