//! A runtime, from its building to its end.

#![forbid(unsafe_code)]

use super::context::EnterGuard;
use super::multi_thread::WorkerThreads;
use super::shutdown::Leave;
use super::{Builder, Handle, RuntimeMetrics, ShutdownReport};
use crate::failure::{self, report};
use crate::task::JoinHandle;
use heist_sync::coop;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// A runtime: workers, drivers and a blocking pool. Dropping it shuts it down. asyncio's `Runner`, with the event loop in it.
///
/// It is `Sync`: several threads may be in [`block_on`](Self::block_on) at once.
///
/// # Shutdown
///
/// Dropping a runtime asks all its tasks to cancel, as by [`abort`](JoinHandle::abort), and waits until they have ended, while workers, timers and sockets go on; what is spawned from then
/// on is cancelled; queued blocking jobs are cancelled. They have [`Builder::shutdown_deadline`] for it. Those that have not ended by then are reported on standard error, and
/// what waits of them is dropped. Then the drop waits for the polls and blocking jobs that run, however long they take.
///
/// | | asks tasks to end | waits for what runs | says what has not ended |
/// | --- | --- | --- | --- |
/// | [`run`](Self::run), [`heist::run`](crate::run), `#[heist::main]` | up to the deadline | up to the deadline | on standard error |
/// | [`shutdown`](Self::shutdown) | for as long as it is told | likewise | in its report |
/// | drop | up to the deadline | however long it takes | on standard error |
/// | [`shutdown_timeout`](Self::shutdown_timeout) | no: drops them at once | for as long as it is told | |
/// | [`shutdown_background`](Self::shutdown_background) | no: drops them at once | no | |
///
/// (On the current-thread flavour somebody has to poll the tasks meanwhile: a thread of the shutdown's does, unless another is in [`block_on`](Self::block_on).)
///
/// When the last worker has ended, so have the drivers. A blocking job, or a future in `block_on` elsewhere, that waits for one is not left waiting: its sockets'
/// operations fail, its timers panic.
///
/// # Panics
///
/// Dropped inside async code, where it may not wait, it shuts down in the background, and panics (unless the thread already does).
///
/// # Examples
///
/// ```
/// let runtime = heist::runtime::Runtime::new()?;
/// let sum = runtime.block_on(async {
///     let tasks: Vec<_> = (0..10).map(|n| heist::spawn(async move { n })).collect();
///     let mut sum = 0;
///     for task in tasks {
///         sum += task.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 45);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    threads: WorkerThreads,
    /// How long its tasks have to end, when it is dropped or has run its future.
    deadline: Duration,
    /// It has been shut down by a method; the drop has nothing left to do.
    ended: bool,
}

impl Runtime {
    /// A multi-threaded runtime with the defaults of [`Builder`]. asyncio's `Runner()`, `new_event_loop`.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().build()
    }

    pub(super) fn assemble(handle: Handle, threads: WorkerThreads, deadline: Duration) -> Self {
        Self {
            handle,
            threads,
            deadline,
            ended: false,
        }
    }

    pub(super) fn threads(&self) -> &WorkerThreads {
        &self.threads
    }

    /// Runs a future to its end, on this thread, and gives its output. The tasks that it spawns run meanwhile (on this thread too, with the current-thread
    /// flavour), and go on running afterwards with the multi-threaded one. asyncio's `Runner.run`, `loop.run_until_complete`.
    ///
    /// The future itself is not a task: it cannot be stolen from this thread, and need not be `Send` or `'static`.
    ///
    /// # Panics
    ///
    /// If this thread runs async code already, or the future panics; and if a task has panicked, where [`UnhandledPanic::ShutdownRuntime`](super::UnhandledPanic) was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let words = vec!["it", "may", "borrow"];
    /// let length = runtime.block_on(async { words.len() });
    /// assert_eq!(length, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Runs a future to its end, as [`block_on`](Self::block_on) does, and ends the runtime: its tasks are cancelled, and it waits for them and for blocking jobs that run, up
    /// to [`Builder::shutdown_deadline`]. If something would not end by then, it is [reported](ShutdownReport) on standard error, and this returns nevertheless. That is what
    /// [`heist::run`](crate::run) and `#[heist::main]` do. asyncio's `run`.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Self::block_on).
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_current_thread().build()?;
    /// let answer = runtime.run(async { heist::spawn(async { 42 }).await.unwrap() });
    /// assert_eq!(answer, 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run<F: Future>(self, future: F) -> F::Output {
        let output = self.block_on(future);
        let deadline = self.deadline;
        let report = self.shutdown(deadline);
        if !report.is_clean() {
            failure::report(format_args!("{report}"));
        }
        output
    }

    /// Spawns a task: see [`heist::spawn`](fn@crate::spawn). asyncio's `loop.create_task`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn(async { 6 * 7 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a synchronous function on the blocking pool: see [`heist::spawn_blocking`](crate::spawn_blocking). asyncio's `loop.run_in_executor`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let job = runtime.spawn_blocking(|| std::fs::read("Cargo.toml"));
    /// let text = runtime.block_on(job).unwrap()?;
    /// # assert!(!text.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(function)
    }

    /// The runtime's handle, to spawn from elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let task = std::thread::spawn(move || handle.spawn(async { 42 })).join().unwrap();
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this the runtime that the thread is in, until the guard is dropped. asyncio's `set_event_loop`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let guard = runtime.enter();
    /// let task = heist::spawn(async { 42 });
    /// drop(guard);
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// What the runtime has done so far, and how much waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Ends the runtime in good order, within `timeout`, and says what would not end. asyncio's `Runner.close`, with a time-out.
    ///
    /// 1. No work is taken any more: what is spawned is cancelled at once. Blocking jobs that wait are cancelled.
    /// 2. All tasks are asked to cancel, as by [`abort`](crate::task::JoinHandle::abort), and waited for. Workers, timers and sockets go on meanwhile. (On the current-thread flavour the
    ///    tasks are polled by a thread of the shutdown's, or by another that is in `block_on`.)
    /// 3. When the last task is gone the workers and the drivers end; blocking jobs that run are waited for.
    /// 4. When the time is up, what waits still is dropped, as by [`shutdown_timeout`](Self::shutdown_timeout), and this returns: what is stuck ends with the process, or when it returns.
    ///
    /// The time is real time, also where it [is paused](crate::time::pause()).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// let report = runtime.shutdown(Duration::from_secs(10));
    /// assert!(report.is_clean(), "{report}");
    /// assert!(task.is_finished());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(mut self, timeout: Duration) -> ShutdownReport {
        self.ended = true;
        let leave = Leave::begin(&self.handle, timeout);
        let mut unended = leave.cancel_tasks(true);
        // Without time left, nothing is waited for.
        let left = if unended.is_empty() {
            leave.left()
        } else {
            Duration::ZERO
        };
        self.shut_down_within(left);
        unended.extend(self.handle.blocking().running_jobs());
        ShutdownReport::new(unended, leave.waited())
    }

    /// Shuts down, and waits so long at most for polls and blocking jobs that run. Those that are then left end with the process, or
    /// when they return. asyncio's `Runner.close`, with the time-out of `loop.shutdown_default_executor`.
    ///
    /// A destructor that is stuck holds up nothing: what waits is dropped on a thread of its own (on this one only if the system starts none, which is reported on
    /// standard error), and thread-locals of the runtime's threads, for which the drop waits, may outlive it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// runtime.spawn_blocking(|| std::thread::sleep(Duration::from_secs(3600)));
    /// runtime.shutdown_timeout(Duration::from_millis(10));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.ended = true;
        self.shut_down_within(timeout);
    }

    /// Shuts down and waits for nothing. It may be called inside async code.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::run(async {
    ///     let another = heist::runtime::Runtime::new()?;
    ///     let task = another.spawn(std::future::pending::<()>());
    ///     another.shutdown_background();
    ///     assert!(task.await.unwrap_err().is_cancelled());
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Ends a runtime that nobody has used. Its workers have nothing to do, so that async code may wait for them, too.
    pub(super) fn end_unused(mut self) {
        self.ended = true;
        self.shut_down();
    }

    /// Waits for all that runs.
    fn shut_down(&self) {
        let leave = Leave::begin(&self.handle, self.deadline);
        let unended = leave.cancel_tasks(false);
        if !unended.is_empty() && !self.deadline.is_zero() {
            let report = ShutdownReport::new(unended, leave.waited());
            failure::report(format_args!(
                "{report}
  (it is waited for)"
            ));
        }
        self.handle.scheduler().close();
        {
            let _guard = self.handle.enter();
            self.handle.scheduler().drop_tasks();
        }
        self.join(|| None);
        // The last worker has closed the drivers: a job that waited for them goes on, and ends.
        self.handle.blocking().shutdown(&self.handle, None);
    }

    /// Futures and queued jobs are dropped on another thread, since a destructor may take for ever.
    fn shut_down_within(&self, timeout: Duration) {
        let now = || self.handle.scheduler().timers().clock().now();
        let begun = now();
        self.handle.scheduler().close();
        let handle = self.handle.clone();
        let (done, dropped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("heist-shutdown".into())
            .spawn(move || {
                let _done = done;
                drop_what_waits(&handle);
            });
        if let Err(error) = thread {
            report(format_args!(
                "no thread for the shutdown of a runtime ({error}): its tasks are dropped on this one"
            ));
            drop_what_waits(&self.handle);
        }
        // It ends by the sender's drop, or by the time-out.
        if dropped.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            return;
        }
        let left = || timeout.saturating_sub(now().saturating_duration_since(begun));
        if self.join(|| Some(left())) {
            self.handle.blocking().shutdown(&self.handle, Some(left()));
        }
    }

    /// Waits for the workers to end, which they do after the polls that run, for as long at most as there is `left`. True: they have.
    fn join(&self, left: impl Fn() -> Option<Duration>) -> bool {
        let _guard = self.handle.enter();
        let (core, relief) = (self.handle.core(), self.handle.relief());
        self.threads.join(left())
            && relief.is_none_or(|relief| relief.shutdown(left()))
            && core.is_none_or(|core| core.retire(left()))
    }
}

/// Once the scheduler is closed: drops the tasks and the blocking jobs that wait, and ends the worker that nobody uses. It waits for nothing but their destructors.
pub(super) fn drop_what_waits(handle: &Handle) {
    let _guard = handle.enter();
    handle.scheduler().drop_tasks();
    handle.blocking().shutdown(handle, Some(Duration::ZERO));
    if let Some(core) = handle.core() {
        core.retire(Some(Duration::ZERO));
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if coop::may_block() {
            self.shut_down();
            return;
        }
        self.shut_down_within(Duration::ZERO);
        if !std::thread::panicking() {
            panic!(
                "a `Runtime` was dropped inside async code, where it may not wait for its tasks, and shuts down in the background: drop it outside, or \
                 call `shutdown_background` here"
            );
        }
    }
}

// A panic leaves a runtime as it was: it is caught where it happens, and no lock is held there.
impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
