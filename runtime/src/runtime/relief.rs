//! The threads of the standby workers, which the scheduler calls while others are held up. Each duty is a job of a pool: so threads are started when they are needed first, kept
//! for a while when they are not, and gone after that.

#![forbid(unsafe_code)]

use super::multi_thread::{Drivers, ThreadOptions};
use super::{Handle, context};
use crate::failure::report;
use crate::scheduler::{Worker, sleep_punctually};
use heist_blocking_pool::{Job, JobPool};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// See the module.
pub(super) struct ReliefThreads {
    pool: JobPool<Standby>,
    /// Standbys that have been dismissed.
    at_home: Mutex<Vec<Worker>>,
    /// Of the workers that are always there: a standby holds them as well.
    drivers: OnceLock<Weak<Drivers>>,
    /// It is said once that there are no more standbys.
    has_reported: AtomicBool,
}

/// A standby on duty.
struct Standby {
    worker: Worker,
    drivers: Arc<Drivers>,
    handle: Handle,
}

impl ReliefThreads {
    /// With threads for so many standbys.
    pub(super) fn new(standbys: usize, keep_alive: Duration, threads: &ThreadOptions) -> Self {
        let pool = threads
            .pool_builder()
            .max_threads(standbys)
            .keep_alive(keep_alive);
        Self {
            pool: pool.build_job_pool(),
            at_home: Mutex::new(Vec::new()),
            drivers: OnceLock::new(),
            has_reported: AtomicBool::new(false),
        }
    }

    pub(super) fn share_drivers(&self, drivers: &Arc<Drivers>) {
        let is_first = self.drivers.set(Arc::downgrade(drivers)).is_ok();
        debug_assert!(is_first, "a runtime's workers are started once");
    }

    /// Starts a standby, if there is one left.
    pub(super) fn call_standby(&self, handle: &Handle) {
        let Some(drivers) = self.drivers.get().and_then(Weak::upgrade) else {
            return;
        };
        let at_home = self.at_home.lock().pop();
        let Some(worker) = at_home.or_else(|| handle.scheduler().make_standby()) else {
            self.report_once(format_args!(
                "all workers of a runtime are blocked, and all standby workers: its tasks wait until a poll ends. Move what blocks to `heist::spawn_blocking`, or \
                 allow more standbys by `Builder::max_relief_workers`"
            ));
            return;
        };
        worker.join();
        let standby = Standby {
            worker,
            drivers,
            handle: handle.clone(),
        };
        if let Err(rejected) = self.pool.submit(standby) {
            let (standby, reason) = rejected.into_parts();
            if !handle.scheduler().is_closed() {
                self.report_once(format_args!(
                    "all workers of a runtime are blocked, and no thread can be started to stand in for them ({reason}): its tasks wait until a poll ends"
                ));
            }
            standby.worker.leave();
            self.at_home.lock().push(standby.worker);
        }
    }

    #[cold]
    fn report_once(&self, what: std::fmt::Arguments<'_>) {
        if !self.has_reported.swap(true, Relaxed) {
            report(what);
        }
    }

    /// After the scheduler's close: waits for the threads, so long at most. True: they have ended.
    pub(super) fn shutdown(&self, timeout: Option<Duration>) -> bool {
        let ended = self.pool.shutdown_now(timeout);
        // Not under the lock.
        let at_home = std::mem::take(&mut *self.at_home.lock());
        drop(at_home);
        ended
    }
}

impl Job for Standby {
    fn run(self) {
        sleep_punctually();
        let Self {
            worker,
            drivers,
            handle,
        } = self;
        context::forbid_blocking("a worker", || {
            let _guard = context::enter(handle.clone());
            worker.stand_in();
            if !handle.scheduler().is_closed()
                && let Some(relief) = handle.relief()
            {
                relief.at_home.lock().push(worker);
            } else {
                // What is left in its hands is cancelled, in the runtime's context.
                drop(worker);
            }
            drop(drivers);
        });
    }

    fn cancel(self) {
        // Its hands are empty.
    }
}
