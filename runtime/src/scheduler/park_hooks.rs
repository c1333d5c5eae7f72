//! What the user has workers call when they go to sleep, and when they have got up.
//!
//! Comes in: a worker that has found nothing to do. Goes out: calls of the builder's functions, which may spawn and wake. Called by the worker's loop.

#![forbid(unsafe_code)]

use super::worker::Worker;
use crate::failure::{catch, report_panic};
use std::sync::Arc;

/// A function of the builder's.
type ParkHook = Arc<dyn Fn() + Send + Sync>;

/// Those there are. See the module.
#[derive(Clone, Default)]
pub(crate) struct ParkHooks {
    pub(crate) on_park: Option<ParkHook>,
    pub(crate) on_unpark: Option<ParkHook>,
}

impl Worker {
    /// Sleeps, with the hooks around it.
    pub(super) fn park(&self) {
        let hooks = &self.scheduler.park_hooks;
        if let Some(hook) = &hooks.on_park {
            // Searchers are waited for, and the hook is anybody's.
            self.stop_searching();
            // Nor is it the last task's, if it blocks.
            self.tick();
            call(hook, "on_thread_park");
            // What it has spawned and woken here the sleep shall see, and end at once. (A hook that makes work each time keeps the worker from nothing: it looks at the timers and the
            // reactor in its maintenance, as a busy one does.)
            if let Some(task) = self.remote().slot.take() {
                self.push_back(task);
            }
        }
        self.sleep();
        if let Some(hook) = &hooks.on_unpark {
            call(hook, "on_thread_unpark");
        }
    }
}

fn call(hook: &ParkHook, name: &str) {
    if let Err(payload) = catch(|| hook()) {
        report_panic(format_args!("the hook `{name}`"), &payload);
    }
}
