//! A runtime's handle: what spawns, from anywhere.

#![forbid(unsafe_code)]

use super::blocking::BlockingPool;
use super::context::{self, EnterGuard, TryCurrentError};
use super::current_thread::Core;
use super::{current_thread, multi_thread};
use crate::scheduler::Scheduler;
use crate::task::JoinHandle;
use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// A reference to a runtime: cheap to clone, `Send`, and usable on any thread. It doesn't keep the runtime from shutting down; what is spawned
/// afterwards is cancelled at once.
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
struct Shared {
    scheduler: Arc<Scheduler>,
    blocking: BlockingPool,
    /// Of the current-thread flavour: the worker that whoever is in `block_on` runs.
    core: Option<Core>,
}

/// Which kind a runtime is: see [the module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// All tasks run on the thread in `block_on`.
    CurrentThread,
    /// Tasks run on worker threads.
    MultiThread,
}

impl Handle {
    pub(super) fn new(
        scheduler: Arc<Scheduler>,
        blocking: BlockingPool,
        core: Option<Core>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                scheduler,
                blocking,
                core,
            }),
        }
    }

    /// The handle of the runtime that this thread is in.
    ///
    /// # Panics
    ///
    /// If it is in none: see [`try_current`](Self::try_current).
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
    pub fn try_current() -> Result<Self, TryCurrentError> {
        context::with_current(Self::clone)
    }

    /// Makes this the runtime that the thread is in, until the guard is dropped.
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

    /// Spawns a task on this runtime: see [`heist::spawn`](fn@crate::spawn).
    ///
    /// If the runtime has shut down, the handle resolves as cancelled.
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, refused) = self.shared.scheduler.spawn(future, Location::caller());
        drop(refused);
        handle
    }

    /// Runs a synchronous function on the runtime's blocking pool: see [`heist::spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_at(function, Location::caller())
    }

    pub(crate) fn spawn_blocking_at<F, R>(
        &self,
        function: F,
        place: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.shared.blocking.spawn(self, function, place)
    }

    /// Runs a future to its end on this thread, in this runtime: see [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Panics
    ///
    /// If this thread runs async code already, or the future panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        context::forbid_blocking("`block_on`", || match &self.shared.core {
            Some(core) => current_thread::block_on(self, core, future),
            None => multi_thread::block_on(self, future),
        })
    }

    /// Which kind of runtime this is.
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
