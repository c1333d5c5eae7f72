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
            call(hook, "on_thread_park");
            self.see_to_what_it_made();
        }
        self.sleep();
        if let Some(hook) = &hooks.on_unpark {
            call(hook, "on_thread_unpark");
        }
    }

    /// What a hook has spawned and woken here goes to the queue, where the sleep sees it, and ends at once. A hook that does so each time must not keep the worker from
    /// its timers and the reactor, where it would else look in its sleep.
    fn see_to_what_it_made(&self) {
        if let Some(task) = self.remote().slot.take() {
            self.push_back(task);
        }
        if !self.queue.is_empty() {
            let now = self.scheduler.timers.clock().now();
            self.was_busy(now);
            self.look_outside(now);
        }
    }
}

fn call(hook: &ParkHook, name: &str) {
    if let Err(payload) = catch(|| hook()) {
        report_panic(format_args!("the hook `{name}`"), &payload);
    }
}
