//! Which tasks a runtime has, and what each is about.
//!
//! Comes in: whoever asks, through the runtime's handle, or a shutdown that has to say what it waits for. Goes out: a [`TaskInfo`] each. Looks at the lists of live tasks, shard by shard
//! under its lock, and at what the workers show of themselves.

#![forbid(unsafe_code)]

use super::Scheduler;
use crate::task::{Id, TaskInfo, TaskState};
use std::time::Duration;

impl Scheduler {
    /// All tasks that live.
    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        let polls = self.polls();
        let mut tasks = self.tasks.snapshot();
        for task in &mut tasks {
            let poll = polls.iter().find(|(id, _)| *id == task.id());
            if let Some(&(_, lasted)) = poll {
                task.state = TaskState::Running;
                task.running_for = lasted;
            }
        }
        tasks
    }

    /// Whose polls the workers are in, and how long these have lasted, as far as is known.
    fn polls(&self) -> Vec<(Id, Option<Duration>)> {
        let now = self.timers.clock().now();
        self.remotes
            .iter()
            .filter_map(|remote| {
                let tick = remote.shown.tick();
                let task = remote.shown.polled(tick)?;
                let since = remote.shown.lasts_since(tick);
                Some((
                    task.id,
                    since.map(|then| now.saturating_duration_since(then)),
                ))
            })
            .collect()
    }
}
