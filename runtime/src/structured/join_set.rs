//! [`JoinSet`]: tasks of one type of output, awaited in whichever order they end.
//!
//! In come futures and functions to spawn; out go their outcomes. Called by users. The tasks' handles are in [`handles`](super::handles).

use super::handles::{Ended, Handles};
use crate::failure::wake;
use crate::runtime::Handle;
use crate::task::{AbortHandle, Id, JoinError, JoinHandle, LocalSet};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic;
use std::task::{Context, Poll};

/// Any number of tasks that have one type of output: they are awaited in the order in which they end, and aborted when the set is dropped. asyncio's `wait` with
/// `FIRST_COMPLETED`, and what is done there with a `set` of tasks; concurrent.futures' `as_completed`.
///
/// It costs the same to spawn and to await a task, however many there are; a task needs one allocation, as ever, and the set a few words for as many as it has had at
/// once.
///
/// An outcome stays in the set until it is asked for: a set that only ever grows wants a [`TaskGroup`](super::TaskGroup) instead, or
/// [`try_join_next`](Self::try_join_next) now and then.
///
/// # Examples
///
/// ```
/// use heist::task::JoinSet;
///
/// # heist::run(async {
/// let mut set: JoinSet<u64> = (1..=10).map(|n| async move { n * n }).collect();
/// let mut sum = 0;
/// while let Some(square) = set.join_next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 385);
/// # Ok::<(), heist::task::JoinError>(())
/// # }).unwrap();
/// ```
pub struct JoinSet<T> {
    handles: Handles<T>,
}

impl<T> JoinSet<T> {
    /// A set without tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// let set = heist::task::JoinSet::<()>::new();
    /// assert!(set.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            handles: Handles::new(),
        }
    }

    /// How many tasks are in it: those that run, and those that have ended and were not asked for their outcome.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(async {});
    /// assert_eq!(set.len(), 1);
    /// # });
    /// ```
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether no task is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(async {});
    /// set.join_next().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        if let Some(waker) = self.handles.insert(handle) {
            wake(waker);
        }
        abort
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the runtime that this thread is in. What is returned can abort it.
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime: see [`spawn_on`](Self::spawn_on).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// let slow = set.spawn(std::future::pending::<()>());
    /// slow.abort();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(crate::spawn(future))
    }

    /// Spawns a task on a runtime. What is returned can abort it.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn_on(async { 42 }, runtime.handle());
    /// assert_eq!(runtime.block_on(set.join_all()), [42]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(future))
    }

    /// Spawns a task on the [`LocalSet`] that this thread is in: see [`spawn_local`](fn@crate::spawn_local).
    ///
    /// # Panics
    ///
    /// If the thread is in none: see [`spawn_local_on`](Self::spawn_local_on).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let local = heist::task::LocalSet::new();
    /// let outputs = local.run_until(async {
    ///     let mut set = heist::task::JoinSet::new();
    ///     set.spawn_local(async { Rc::new(42) });
    ///     set.join_all().await
    /// });
    /// assert_eq!(outputs.await, [Rc::new(42)]);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(crate::spawn_local(future))
    }

    /// Spawns a task on a [`LocalSet`].
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let local = heist::task::LocalSet::new();
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn_local_on(async { std::rc::Rc::new(42) }, &local);
    /// let outputs = local.block_on(&runtime, set.join_all());
    /// assert_eq!(*outputs[0], 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, future: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set.spawn_local(future))
    }

    /// Runs a synchronous function on the blocking pool of the runtime that this thread is in: see [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime: see [`spawn_blocking_on`](Self::spawn_blocking_on).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// for path in ["Cargo.toml", "no such file"] {
    ///     set.spawn_blocking(move || std::fs::read(path).is_ok());
    /// }
    /// assert_eq!(set.join_all().await.into_iter().filter(|&found| found).count(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, function: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(crate::spawn_blocking(function))
    }

    /// Runs a synchronous function on the blocking pool of a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn_blocking_on(|| 42, runtime.handle());
    /// assert_eq!(runtime.block_on(set.join_all()), [42]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, function: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(function))
    }

    /// The outcome of the next task that ends, which leaves the set with it. `None`: the set is empty.
    ///
    /// # Errors
    ///
    /// As awaiting its [`JoinHandle`] would: if it panicked, or was aborted.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has taken no task out of the set.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(async { 42 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// assert!(set.join_next().await.is_none());
    /// # });
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// The same, and the task's id with its output. (An error has the id.)
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Cancel safety
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// let id = set.spawn(async { 42 }).id();
    /// assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (id, 42));
    /// # });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// The outcome of a task that has ended, which leaves the set with it. `None`: none has.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// assert!(set.try_join_next().is_none());
    /// # });
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.handles.try_next().map(|ended| ended.outcome)
    }

    /// The same, and the task's id with its output.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// assert!(set.try_join_next_with_id().is_none());
    /// # });
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.handles.try_next().map(with_id)
    }

    /// What [`join_next`](Self::join_next) awaits. If it is `Pending`, the task of the last poll is woken when a task of the set has ended.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::Poll;
    ///
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(async { 42 });
    /// let joined = std::future::poll_fn(|cx| set.poll_join_next(cx)).await;
    /// assert_eq!(joined.unwrap().unwrap(), 42);
    /// # });
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.handles
            .poll_next(cx)
            .map(|ended| ended.map(|ended| ended.outcome))
    }

    /// What [`join_next_with_id`](Self::join_next_with_id) awaits.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// let id = set.spawn(async { 42 }).id();
    /// let joined = std::future::poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    /// assert_eq!(joined.unwrap().unwrap(), (id, 42));
    /// # });
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.handles.poll_next(cx).map(|ended| ended.map(with_id))
    }

    /// Awaits all tasks, and gives their outputs in the order in which they ended. asyncio's `gather` over tasks, less the order.
    ///
    /// # Panics
    ///
    /// With a task's panic, if one panicked; and if one was aborted. The others are aborted then.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the set: all its tasks are aborted, and the outputs that are there are lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let set: heist::task::JoinSet<_> = (0..3).map(|n| async move { n }).collect();
    /// let mut outputs = set.join_all().await;
    /// outputs.sort();
    /// assert_eq!(outputs, [0, 1, 2]);
    /// # });
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(outcome) = self.join_next().await {
            match outcome {
                Ok(output) => outputs.push(output),
                Err(error) => match error.try_into_panic() {
                    Ok(payload) => panic::resume_unwind(payload),
                    Err(cancelled) => {
                        panic!("`JoinSet::join_all` has no output to give: {cancelled}")
                    }
                },
            }
        }
        outputs
    }

    /// Aborts all tasks, and waits until they are gone. What they end with is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves those that are not gone in the set, aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.shutdown().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Asks for all tasks to be cancelled: see [`JoinHandle::abort`]. They stay in the set, to be awaited.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.abort_all();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_all(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }

    /// Takes all tasks out of the set without aborting them: they run on.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let (sender, receiver) = heist::sync::oneshot::channel();
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn(async { sender.send(42) });
    /// set.detach_all();
    /// assert_eq!(receiver.await, Ok(42));
    /// # });
    /// ```
    pub fn detach_all(&mut self) {
        self.handles.take_all().for_each(drop);
    }
}

fn with_id<T>(ended: Ended<T>) -> Result<(Id, T), JoinError> {
    ended.outcome.map(|output| (ended.id, output))
}

/// All tasks are aborted, and nobody waits for them.
impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spawns each future, as [`JoinSet::spawn`] does.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns each future, as [`JoinSet::spawn`] does.
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
