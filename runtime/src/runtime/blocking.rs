//! The runtime's blocking pool: where `spawn_blocking` and the operations on files run. The pool queues the tasks' own cells, so that a job is one allocation and
//! its handle the same as any task's.
//!
//! In: functions, from `spawn.rs`. Out: their handles. File operations go through a queue of their own, `file_jobs.rs`, for which the pool's threads come in turns.

#![deny(unsafe_code)]

use super::file_jobs::{Call as FileCall, FileJobs, Taker};
use super::running_jobs::RunningJobs;
use super::{Handle, context};
use crate::failure::report;
use crate::loom::thread_parking;
use crate::task::{
    self, FailurePolicy, Header, IdBlock, JoinHandle, Schedule, Spawn, Task, TaskInfo,
};
use crate::time::Coarse;
use heist_blocking_pool::{Job, JobPool, RejectReason};
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// See the module.
pub(super) struct BlockingPool {
    pool: JobPool<PoolJob>,
    files: FileJobs<FileTask>,
    running: RunningJobs,
    /// What is done about jobs that fail, if the builder has a wish.
    failures: Option<Arc<FailurePolicy>>,
}

/// What the pool queues.
struct PoolJob {
    work: Work,
    handle: Handle,
}

enum Work {
    /// A task whose one poll calls the function.
    Task(Task),
    /// A turn at the file operations.
    Files,
    /// A look at how they get on, each millisecond.
    Watch,
}

/// A file operation: likewise a task.
struct FileTask {
    task: Task,
    /// Whether it is done even if the runtime shuts down before it has begun.
    is_promised: bool,
}

/// So many file operations a thread does in one turn, if anything else waits for it.
const TURN: usize = 64;

/// How often is looked at the file operations that wait.
const LOOK: Duration = Duration::from_millis(1);

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

impl Job for PoolJob {
    fn run(self) {
        let _guard = context::enter(self.handle.clone());
        match self.work {
            Work::Task(task) => {
                context::allow_blocking(|| self.handle.blocking().run(task));
            }
            Work::Files => context::allow_blocking(|| take_turn(&self.handle)),
            Work::Watch => watch(&self.handle),
        }
    }

    fn cancel(self) {
        // Whoever cancels it: what the function has captured is dropped where it would have run.
        let _guard = context::enter(self.handle.clone());
        match self.work {
            Work::Task(task) => cancel(task),
            Work::Files => self.handle.blocking().let_go(&"it is cancelled"),
            Work::Watch => self.handle.blocking().files.look_away(),
        }
    }
}

fn cancel(task: Task) {
    task.cancel();
    end();
}

/// Does file operations, until there are none, or other jobs have waited long enough.
fn take_turn(handle: &Handle) {
    let blocking = handle.blocking();
    let mut taker = Taker::default();
    for done in 1.. {
        let Some(job) = blocking.files.next(&mut taker) else {
            return;
        };
        blocking.run(job.task);
        let others_wait = || blocking.pool.metrics().queue_depth() > 0;
        if done % TURN == 0 && others_wait() {
            // Behind them; or, if the pool is shut down and takes nothing more, on as before.
            blocking.files.pause(mem::take(&mut taker));
            if blocking.call(handle, Work::Files).is_ok() {
                return;
            }
        }
    }
}

/// Looks how the file operations get on, and calls more threads for them where they are slow.
#[cfg_attr(
    not(heist_loom),
    expect(
        clippy::disallowed_methods,
        reason = "it has no scheduler to sleep by, and nobody wakes it"
    )
)]
fn watch(handle: &Handle) {
    let blocking = handle.blocking();
    loop {
        thread_parking::park_timeout(LOOK);
        let Some(called) = blocking.files.look() else {
            return;
        };
        for _ in 0..called {
            blocking.call_taker(handle);
        }
    }
}

/// A job of the runtime that this thread is in has ended. (Where the thread's locals are being destroyed it is in none; then the runtime is, too.)
fn end() {
    let _ = context::with_current(|handle| handle.scheduler().end_job());
}

impl BlockingPool {
    pub(super) fn new(
        builder: heist_blocking_pool::Builder,
        max_threads: usize,
        failures: Option<Arc<FailurePolicy>>,
    ) -> Self {
        Self {
            pool: builder.build_job_pool(),
            files: FileJobs::new(max_threads),
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
        let (task, join) = self.task(handle, function, spawn);
        let job = PoolJob {
            work: Work::Task(task),
            handle: handle.clone(),
        };
        if is_refused(handle) {
            job.cancel();
        } else if let Err(rejected) = self.pool.submit(job) {
            let (job, reason) = rejected.into_parts();
            report_refusal(handle, spawn.place, &reason);
            job.cancel();
        }
        join
    }

    /// As [`spawn`](Self::spawn), for an operation on a file. One that is promised is done even if the runtime shuts down before it has begun; but not if it is spawned
    /// after that, or no thread can be started.
    pub(super) fn spawn_file_job<F, R>(
        &self,
        handle: &Handle,
        function: F,
        is_promised: bool,
        place: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (task, join) = self.task(handle, function, Spawn::at(place));
        if !is_promised && is_refused(handle) {
            cancel(task);
            return join;
        }
        match self.files.push(FileTask { task, is_promised }) {
            Ok(FileCall::Nobody) => {}
            Ok(FileCall::Taker) => self.call_taker(handle),
            Ok(FileCall::Watcher) => {
                if self.call(handle, Work::Watch).is_err() {
                    self.files.look_away();
                }
            }
            Err(job) => cancel(job.task),
        }
        join
    }

    /// A job as a task.
    fn task<F, R>(&self, handle: &Handle, function: F, spawn: Spawn<'_>) -> (Task, JoinHandle<R>)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        thread_local! {
            static IDS: IdBlock = const { IdBlock::new() };
        }
        handle.scheduler().timers().clock().begin_job();
        task::new(
            Call(Some(function)),
            Unscheduled {
                failures: self.failures.clone(),
            },
            IDS.with(IdBlock::take),
            spawn,
            Coarse::now(),
        )
    }

    /// Calls the function of a job, on a thread that may block.
    fn run(&self, task: Task) {
        let begun = self.running.begin(&task);
        let again = task.run();
        debug_assert!(again.is_none(), "a blocking job ends with its first poll");
        drop(begun);
        end();
    }

    /// Asks for a thread that does file operations.
    fn call_taker(&self, handle: &Handle) {
        if let Err(refusal) = self.call(handle, Work::Files) {
            let _guard = context::enter(handle.clone());
            self.let_go(&refusal);
        }
    }

    fn call(&self, handle: &Handle, work: Work) -> Result<(), RejectReason> {
        let handle = handle.clone();
        let submitted = self.pool.submit(PoolJob { work, handle });
        submitted.map_err(|rejected| rejected.into_parts().1)
    }

    /// A thread that was to do file operations doesn't come. If it was the last, nobody comes for those that wait: they are cancelled.
    fn let_go(&self, why: &dyn fmt::Display) {
        for job in self.files.withdraw() {
            let _ =
                context::with_current(|handle| report_refusal(handle, job.task.spawned_at(), why));
            cancel(job.task);
        }
    }

    pub(super) fn metrics(&self) -> heist_blocking_pool::Metrics {
        self.pool.metrics()
    }

    /// How many file operations wait.
    pub(super) fn files_depth(&self) -> usize {
        self.files.depth()
    }

    /// All jobs that wait or run.
    pub(super) fn list_jobs(&self, to: &mut Vec<TaskInfo>) {
        // In this order: one that begins meanwhile is found, be it twice.
        let mut queued = Vec::new();
        self.pool.for_each_queued(|job| {
            if let Work::Task(task) = &job.work {
                queued.extend(TaskInfo::of_queued(task));
            }
        });
        self.files
            .for_each_waiting(|job| queued.extend(TaskInfo::of_queued(&job.task)));
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

    /// Cancels what is queued; what clean-ups submit still runs. Not file operations: who waits for them cancels them, and nobody does for those that are promised.
    pub(super) fn cancel_queued(&self) {
        self.pool
            .cancel_queued(|job| matches!(job.work, Work::Task(_)));
    }

    /// Cancels what is queued, and waits for what runs and for what was promised.
    pub(super) fn shutdown(&self, handle: &Handle, timeout: Option<Duration>) -> bool {
        let unpromised = self.files.close(|job| job.is_promised);
        if !unpromised.is_empty() {
            let _guard = context::enter(handle.clone());
            unpromised.into_iter().for_each(|job| cancel(job.task));
        }
        self.cancel_queued();
        self.pool.shutdown(timeout)
    }
}

/// Whether the runtime is about to shut down, so that nobody else would wait for a job that this thread spawns.
fn is_refused(handle: &Handle) -> bool {
    handle.scheduler().is_leaving() && !task::is_cleaning_up()
}

fn report_refusal(handle: &Handle, place: &Location<'_>, reason: &dyn fmt::Display) {
    if !handle.scheduler().is_closed() {
        report(format_args!(
            "the blocking job spawned at {place} cannot run, and is cancelled: {reason}"
        ));
    }
}
