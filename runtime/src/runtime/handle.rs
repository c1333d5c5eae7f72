//! A runtime's handle: what spawns, from anywhere.

#![forbid(unsafe_code)]

use super::blocking::BlockingPool;
use super::context::{self, EnterGuard, TryCurrentError};
use super::current_thread::Core;
use super::relief::ReliefThreads;
use super::unhandled_panic::{Blocked, Failed};
use super::{RuntimeMetrics, current_thread, multi_thread};
use crate::scheduler::{OnSlowPoll, Scheduler};
use crate::task::{self, JoinHandle, Spawn, TaskInfo};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};

/// A reference to a runtime: cheap to clone, `Send`, and usable on any thread. It doesn't keep the runtime from shutting down; what is spawned
/// afterwards is cancelled at once. What an asyncio program does with its event loop is done with this.
///
/// # Examples
///
/// ```
/// let runtime = heist::runtime::Runtime::new()?;
/// let handle = runtime.handle().clone();
/// std::thread::spawn(move || handle.block_on(async { /* … */ })).join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// What all handles of a runtime lead to.
pub(super) struct Shared {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) blocking: BlockingPool,
    /// The current-thread flavour's.
    pub(super) core: Option<Core>,
    /// The other's, unless it is turned off.
    pub(super) relief: Option<ReliefThreads>,
    /// If a task's panic is the runtime's end.
    pub(super) blocked: Option<Blocked>,
}

/// What doesn't keep the runtime.
pub(super) struct WeakHandle(Weak<Shared>);

impl WeakHandle {
    /// What the scheduler calls when it needs a standby.
    pub(super) fn standby_call(&self) -> impl Fn() + Send + Sync + 'static {
        let shared = self.0.clone();
        move || {
            if let Some(shared) = shared.upgrade() {
                let handle = Handle { shared };
                if let Some(relief) = handle.relief() {
                    relief.call_standby(&handle);
                }
            }
        }
    }

    /// The same hook, called in the runtime, on whatever thread that is.
    pub(super) fn within(&self, hook: OnSlowPoll) -> OnSlowPoll {
        let shared = self.0.clone();
        Arc::new(move |poll| {
            let handle = shared.upgrade().map(|shared| Handle { shared });
            let _guard = handle.as_ref().map(Handle::enter);
            hook(poll);
        })
    }
}

/// Which kind a runtime is: see [the module](super).
///
/// # Examples
///
/// ```
/// use heist::runtime::{Builder, RuntimeFlavor};
///
/// let runtime = Builder::new_current_thread().build()?;
/// assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::CurrentThread);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// All tasks run on the thread in `block_on`.
    CurrentThread,
    /// Tasks run on worker threads.
    MultiThread,
}

impl Handle {
    pub(super) fn new_cyclic(make: impl FnOnce(&WeakHandle) -> Shared) -> Self {
        Self {
            shared: Arc::new_cyclic(|shared| make(&WeakHandle(shared.clone()))),
        }
    }

    pub(super) fn relief(&self) -> Option<&ReliefThreads> {
        self.shared.relief.as_ref()
    }

    /// The handle of the runtime that this thread is in: asyncio's `get_running_loop`.
    ///
    /// # Panics
    ///
    /// If it is in none: see [`try_current`](Self::try_current).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Handle;
    ///
    /// heist::run(async {
    ///     let handle = Handle::current();
    ///     assert_eq!(handle.spawn(async { 42 }).await.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            // Not in a closure, which would be blamed instead of the caller.
            Err(error) => panic!("{error}"),
        }
    }

    /// The handle of the runtime that this thread is in.
    ///
    /// # Errors
    ///
    /// If it is in none.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Handle;
    ///
    /// assert!(Handle::try_current().is_err());
    /// heist::run(async { assert!(Handle::try_current().is_ok()) });
    /// ```
    pub fn try_current() -> Result<Self, TryCurrentError> {
        context::with_current(Self::clone)
    }

    /// Makes this the runtime that the thread is in, until the guard is dropped. asyncio's `set_event_loop`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let _guard = runtime.handle().enter();
    /// let task = heist::spawn(async { 1 + 1 });
    /// # runtime.block_on(task).unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        context::enter(self.clone())
    }

    /// Spawns a task on this runtime, from any thread: see [`heist::spawn`](fn@crate::spawn). asyncio's `loop.create_task`, `run_coroutine_threadsafe`.
    ///
    /// If the runtime has shut down, the handle resolves as cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let task = handle.spawn(async { 42 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    ///
    /// drop(runtime);
    /// let task = handle.spawn(async { 42 });
    /// assert!(task.is_finished(), "it is cancelled");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_as(future, Spawn::at(Location::caller()))
    }

    #[inline]
    pub(crate) fn spawn_as<F>(&self, future: F, spawn: Spawn<'_>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, refused) = self.shared.scheduler.spawn(future, spawn);
        drop(refused);
        handle
    }

    /// Runs a synchronous function on the runtime's blocking pool: see [`heist::spawn_blocking`](crate::spawn_blocking). asyncio's `loop.run_in_executor`.
    ///
    /// If the runtime has shut down, the handle resolves as cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let job = handle.spawn_blocking(|| 42);
    /// assert_eq!(runtime.block_on(job).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_as(function, Spawn::at(Location::caller()))
    }

    pub(crate) fn spawn_blocking_as<F, R>(&self, function: F, spawn: Spawn<'_>) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.shared.blocking.spawn(self, function, spawn)
    }

    pub(crate) fn spawn_file_job<F, R>(
        &self,
        function: F,
        is_promised: bool,
        place: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let blocking = &self.shared.blocking;
        blocking.spawn_file_job(self, function, is_promised, place)
    }

    /// Runs a future to its end on this thread, in this runtime: see [`Runtime::block_on`](super::Runtime::block_on). asyncio's
    /// `run_coroutine_threadsafe(…).result()`.
    ///
    /// The clean-ups of [`on_cancel`](crate::task::on_cancel) that the future leaves are run, too, before it returns.
    ///
    /// After the runtime has shut down it polls the future still, but all that this waits for in the runtime is over: tasks are cancelled, operations on sockets fail,
    /// timers panic.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Examples
    ///
    /// Async code inside synchronous code inside async code:
    ///
    /// ```
    /// heist::run(async {
    ///     let handle = heist::runtime::Handle::current();
    ///     let job = heist::spawn_blocking(move || handle.block_on(async { 42 }));
    ///     assert_eq!(job.await.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let place = Location::caller();
        let mut output = None;
        let driven = context::forbid_blocking("`block_on`", || {
            let _guard = self.enter();
            // If the runtime fails it is dropped in here, too.
            let mut root = pin!(task::Root::new(task::traced_root(future, place)));
            self.drive(pin!(poll_fn(|cx| {
                root.as_mut().poll(cx).map(|done| output = Some(done))
            })))
        });
        // If both came at once, the output may well be what the failed task left.
        if let Some(failed) = driven.err().or_else(|| self.failed()) {
            panic!("{failed}");
        }
        output.expect("it was driven to its end")
    }

    /// The part of [`block_on`](Self::block_on) that doesn't depend on the future's type.
    fn drive(&self, root: Pin<&mut dyn Future<Output = ()>>) -> Result<(), Failed> {
        let _listed = self.blocked().map(Blocked::list);
        match &self.shared.core {
            Some(core) => current_thread::block_on(self, core, root),
            None => multi_thread::block_on(self, root),
        }
    }

    /// All tasks and blocking jobs that live, in no particular order: asyncio's `all_tasks`. The future in `block_on` is none, nor are the tasks of a `LocalSet`.
    ///
    /// It is a snapshot, which keeps none of them alive; while it is taken, spawns and ends of other tasks wait a little, some 100 ns for each task that there is.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Handle;
    ///
    /// # heist::run(async {
    /// let task = heist::spawn(std::future::pending::<()>());
    /// let tasks = Handle::current().tasks();
    /// assert_eq!(tasks.len(), 1);
    /// assert_eq!(tasks[0].id(), task.id());
    /// assert_eq!(tasks[0].spawned_at().file(), file!());
    /// # task.abort();
    /// # });
    /// ```
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let mut tasks = self.scheduler().tasks();
        self.blocking().list_jobs(&mut tasks);
        tasks
    }

    /// What the runtime has done so far, and how much waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Handle;
    ///
    /// heist::run(async {
    ///     let task = heist::spawn(std::future::pending::<()>());
    ///     assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    /// #   drop(task);
    /// });
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.clone())
    }

    /// Which kind of runtime this is.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::{Handle, RuntimeFlavor};
    ///
    /// let flavor = heist::run(async { Handle::current().runtime_flavor() });
    /// assert_eq!(flavor, RuntimeFlavor::MultiThread);
    /// ```
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match self.shared.core {
            Some(_) => RuntimeFlavor::CurrentThread,
            None => RuntimeFlavor::MultiThread,
        }
    }

    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.shared.scheduler
    }

    pub(super) fn blocking(&self) -> &BlockingPool {
        &self.shared.blocking
    }

    pub(super) fn blocked(&self) -> Option<&Blocked> {
        self.shared.blocked.as_ref()
    }

    pub(super) fn core(&self) -> Option<&Core> {
        self.shared.core.as_ref()
    }
}

// As `Runtime`.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("flavor", &self.runtime_flavor())
            .finish_non_exhaustive()
    }
}
