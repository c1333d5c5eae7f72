//! The runtime's blocking pool: where `spawn_blocking` runs. The pool queues the tasks' own cells, so that a job is one allocation and its handle the same
//! as any task's.

#![deny(unsafe_code)]

use super::running_jobs::RunningJobs;
use super::{Handle, context};
use crate::failure::report;
use crate::task::{
    self, FailurePolicy, Header, IdBlock, JoinHandle, Schedule, Spawn, Task, TaskInfo,
};
use crate::time::Coarse;
use heist_blocking_pool::{Job, JobPool};
use std::future::Future;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// See the module.
pub(super) struct BlockingPool {
    pool: JobPool<BlockingTask>,
    running: RunningJobs,
    /// What is done about jobs that fail, if the builder has a wish.
    failures: Option<Arc<FailurePolicy>>,
}

/// A queued job: a task whose one poll calls the function.
struct BlockingTask {
    task: Task,
    handle: Handle,
}

/// A blocking job's cell belongs to no scheduler: the pool has its only queue entry, and its one poll ends it.
struct Unscheduled {
    failures: Option<Arc<FailurePolicy>>,
}

/// A function as a future.
struct Call<F>(Option<F>);

impl<F> Unpin for Call<F> {}

impl<F: FnOnce() -> R, R> Future for Call<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let function = self.0.take().expect("a blocking job is polled once");
        Poll::Ready(function())
    }
}

impl Schedule for Unscheduled {
    const RUNS_ONCE: bool = true;

    #[expect(
        unsafe_code,
        reason = "the trait's method is unsafe to call; this one does nothing"
    )]
    unsafe fn schedule(_: NonNull<Self>, task: Task) {
        unreachable!(
            "the blocking job of {} was woken, but it is queued until it ends",
            task.spawned_at()
        )
    }

    fn release(&self, _: &Header) {}

    fn failures(&self) -> &FailurePolicy {
        self.failures.as_deref().unwrap_or(&FailurePolicy::DEFAULT)
    }
}

impl Job for BlockingTask {
    fn run(self) {
        let begun = self.handle.blocking().running.begin(&self.task);
        let _guard = context::enter(self.handle);
        context::allow_blocking(|| {
            let again = self.task.run();
            debug_assert!(again.is_none(), "a blocking job ends with its first poll");
        });
        drop(begun);
        end();
    }

    fn cancel(self) {
        // Whoever cancels it: what the function has captured is dropped where it would have run.
        let _guard = context::enter(self.handle);
        self.task.cancel();
        end();
    }
}

/// A job of the runtime that this thread is in has ended. (Where the thread's locals are being destroyed it is in none; then the runtime is, too.)
fn end() {
    let _ = context::with_current(|handle| handle.scheduler().end_job());
}

impl BlockingPool {
    pub(super) fn new(
        builder: heist_blocking_pool::Builder,
        failures: Option<Arc<FailurePolicy>>,
    ) -> Self {
        Self {
            pool: builder.build_job_pool(),
            running: RunningJobs::default(),
            failures,
        }
    }

    pub(super) fn spawn<F, R>(
        &self,
        handle: &Handle,
        function: F,
        spawn: Spawn<'_>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        thread_local! {
            static IDS: IdBlock = const { IdBlock::new() };
        }
        let (task, join) = task::new(
            Call(Some(function)),
            Unscheduled {
                failures: self.failures.clone(),
            },
            IDS.with(IdBlock::take),
            spawn,
            Coarse::now(),
        );
        handle.scheduler().timers().clock().begin_job();
        if handle.scheduler().is_leaving() && !task::is_cleaning_up() {
            // Nobody else would wait for it.
            BlockingTask {
                task,
                handle: handle.clone(),
            }
            .cancel();
            return join;
        }
        if let Err(rejected) = self.pool.submit(BlockingTask {
            task,
            handle: handle.clone(),
        }) {
            let (job, reason) = rejected.into_parts();
            if !handle.scheduler().is_closed() {
                let place = spawn.place;
                report(format_args!(
                    "the blocking job spawned at {place} cannot run, and is cancelled: {reason}"
                ));
            }
            job.cancel();
        }
        join
    }

    pub(super) fn metrics(&self) -> heist_blocking_pool::Metrics {
        self.pool.metrics()
    }

    /// All jobs that wait or run.
    pub(super) fn list_jobs(&self, to: &mut Vec<TaskInfo>) {
        // In this order: one that begins meanwhile is found, be it twice.
        let mut queued = Vec::new();
        self.pool
            .for_each_queued(|job| queued.extend(TaskInfo::of_queued(&job.task)));
        let running = self.running.list();
        queued.retain(|job| running.iter().all(|running| running.id() != job.id()));
        to.extend(running);
        to.extend(queued);
    }

    /// Those that run.
    pub(super) fn running_jobs(&self) -> Vec<TaskInfo> {
        self.running.list()
    }

    pub(super) fn has_queued(&self) -> bool {
        self.pool.metrics().queue_depth() > 0
    }

    /// Cancels what is queued; what clean-ups submit still runs.
    pub(super) fn cancel_queued(&self) {
        self.pool.cancel_queued();
    }

    /// Cancels what is queued, and waits for what runs.
    pub(super) fn shutdown(&self, timeout: Option<Duration>) -> bool {
        self.pool.shutdown_now(timeout)
    }
}
