//! Tasks with names.

#![forbid(unsafe_code)]

use crate::local_set;
use crate::runtime::{Handle, context};
use crate::task::{JoinHandle, LocalSet, Spawn};
use std::future::Future;
use std::panic::Location;

/// Spawns tasks and blocking jobs with a name, which stands beside the place of the spawn wherever that does: in reports of panics and of slow polls, in
/// [`Handle::tasks`], in the report of a shutdown, and in tokio-console. tokio's `task::Builder`; asyncio's `create_task(…, name=…)`.
///
/// A name costs the task two allocations more.
///
/// (tokio's methods return an `io::Result`. These cannot fail; what a runtime that has shut down refuses resolves as cancelled, as with [`heist::spawn`](fn@crate::spawn).)
///
/// # Examples
///
/// ```
/// use heist::task;
///
/// # heist::run(async {
/// let answer = task::Builder::new().name("answer").spawn(async { 42 });
/// assert_eq!(answer.await.unwrap(), 42);
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "it spawns nothing by itself"]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// Without a name yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// heist::task::Builder::new().spawn(async {}).await.unwrap();
    /// # });
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// What the task is called. Names need not differ.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let client = 7;
    /// let name = format!("client {client}");
    /// heist::task::Builder::new().name(&name).spawn(async {}).await.unwrap();
    /// # });
    /// ```
    pub fn name(self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    #[track_caller]
    fn here(self) -> Spawn<'a> {
        Spawn {
            place: Location::caller(),
            name: self.name,
        }
    }

    /// Starts a task on the runtime that this thread is in: see [`heist::spawn`](fn@crate::spawn).
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime: [`spawn_on`](Self::spawn_on) needs none.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::task::Builder::new().name("unlucky").spawn(async { panic!("out of cheese") });
    /// let error = task.await.unwrap_err();
    /// assert!(error.to_string().ends_with("\"unlucky\" panicked: out of cheese"));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawn = self.here();
        match context::with_current(|handle| handle.scheduler().spawn(future, spawn)) {
            Ok((handle, refused)) => {
                drop(refused);
                handle
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a task on this runtime: see [`Handle::spawn`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::Builder;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = Builder::new().name("answer").spawn_on(async { 42 }, runtime.handle());
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, runtime: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        runtime.spawn_as(future, self.here())
    }

    /// Runs a synchronous function on the blocking pool of the runtime that this thread is in: see [`heist::spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime: [`spawn_blocking_on`](Self::spawn_blocking_on) needs none.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::Builder;
    ///
    /// # heist::run(async {
    /// let job = Builder::new().name("manifest").spawn_blocking(|| std::fs::read_to_string("Cargo.toml"));
    /// # assert!(job.await.unwrap()?.contains("heist"));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let spawn = self.here();
        match Handle::try_current() {
            Ok(handle) => handle.spawn_blocking_as(function, spawn),
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs a synchronous function on this runtime's blocking pool: see [`Handle::spawn_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::Builder;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let job = Builder::new().name("answer").spawn_blocking_on(|| 42, runtime.handle());
    /// assert_eq!(runtime.block_on(job).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(self, function: F, runtime: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        runtime.spawn_blocking_as(function, self.here())
    }

    /// Starts a task on the [`LocalSet`] that this thread is in: see [`spawn_local`](fn@crate::spawn_local).
    ///
    /// # Panics
    ///
    /// If the thread is in no set: [`spawn_local_on`](Self::spawn_local_on) needs none.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::{Builder, LocalSet};
    ///
    /// # heist::run(async {
    /// let task = async { Builder::new().name("answer").spawn_local(async { 42 }).await };
    /// assert_eq!(LocalSet::new().run_until(task).await.unwrap(), 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        local_set::spawn_local_as(future, self.here())
    }

    /// Starts a task on this set: see [`LocalSet::spawn_local`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::{Builder, LocalSet};
    ///
    /// # heist::run(async {
    /// let set = LocalSet::new();
    /// let task = Builder::new().name("answer").spawn_local_on(async { 42 }, &set);
    /// assert_eq!(set.run_until(task).await.unwrap(), 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        set.spawn_local_as(future, self.here())
    }
}
