//! The pool for closures.
//!
//! In: closures, from any thread or task. Out: a [`JoinHandle`] for each.

use crate::builder::Builder;
use crate::error::{Cause, Rejected};
use crate::job_pool::{JobPool, Metrics};
use crate::join::{Call, JoinHandle, QueuedCall};
use crate::map::Map;
use std::panic::Location;
use std::time::Duration;

/// Threads on demand for closures that block or compute. (asyncio: `ThreadPoolExecutor`)
///
/// A pool that is dropped runs what waits to its end, and waits for it: as the `with` block of a `ThreadPoolExecutor` does.
/// Dropped on one of its own threads, which cannot wait for itself, or after a [`shutdown`](Self::shutdown), it waits for nothing.
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::Pool;
///
/// let pool = Pool::builder().max_threads(3).build();
/// let squares: Vec<_> = (1..=10).map(|n: u32| pool.spawn(move || n * n)).collect();
/// let sum: u32 = squares.into_iter().map(|square| square.join().unwrap()).sum();
/// assert_eq!(sum, 385);
/// ```
#[derive(Debug)]
pub struct Pool {
    jobs: JobPool<QueuedCall>,
}

impl Pool {
    /// A pool with the settings that [`Builder`] describes: at most 512 threads, which stay for 10 idle seconds. (asyncio: `ThreadPoolExecutor()`)
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::new();
    /// assert_eq!(pool.spawn(|| 42).join()?, 42);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The settings for a pool. (asyncio: `ThreadPoolExecutor(max_workers=3)`)
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::builder().max_threads(3).build();
    /// # drop(pool);
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_jobs(jobs: JobPool<QueuedCall>) -> Self {
        Self { jobs }
    }

    /// Runs a closure on a thread of the pool. It makes one allocation. (asyncio: `Executor.submit`, `loop.run_in_executor`)
    ///
    /// It never fails and never waits for room: the handle of a closure that the pool does not accept, for a reason that
    /// [`RejectReason`](crate::RejectReason) lists, resolves as cancelled. [`try_spawn`](Self::try_spawn) gives such a closure back.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// let digest = pool.spawn(|| "a long computation".len());
    /// assert_eq!(digest.join()?, 18);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_at(closure, Location::caller())
    }

    pub(crate) fn spawn_at<F, T>(
        &self,
        closure: F,
        place: &'static Location<'static>,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let call = Call::new(closure, place);
        if let Err(rejected) = self.jobs.submit(QueuedCall::new(call.clone())) {
            let (_, reason) = rejected.into_parts();
            call.cancel(Cause::Rejected(reason));
        }
        JoinHandle::new(call)
    }

    /// Runs a closure on a thread of the pool, as [`spawn`](Self::spawn) does, if the pool accepts it.
    ///
    /// # Errors
    ///
    /// The closure comes back, for a reason that [`RejectReason`](crate::RejectReason) lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::{Pool, RejectReason};
    /// use std::sync::mpsc;
    ///
    /// let pool = Pool::builder().max_threads(1).queue_limit(0).build();
    /// let (release, released) = mpsc::channel::<()>();
    /// let busy = pool.try_spawn(move || released.recv())?;
    ///
    /// let rejected = pool.try_spawn(|| 42).unwrap_err();
    /// assert!(matches!(rejected.reason(), RejectReason::Full));
    /// assert_eq!(rejected.into_job()(), 42, "the closure is the caller's again");
    /// # drop((release, busy));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, closure: F) -> Result<JoinHandle<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_spawn_at(closure, Location::caller())
    }

    pub(crate) fn try_spawn_at<F, T>(
        &self,
        closure: F,
        place: &'static Location<'static>,
    ) -> Result<JoinHandle<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let call = Call::new(closure, place);
        match self.jobs.submit(QueuedCall::new(call.clone())) {
            Ok(()) => Ok(JoinHandle::new(call)),
            Err(rejected) => {
                let (_, reason) = rejected.into_parts();
                let closure = call.take_closure();
                Err(Rejected::new(
                    closure.expect("a call that was rejected has its closure"),
                    reason,
                ))
            }
        }
    }

    /// Runs a closure on each of many inputs, some at a time, and gives the results in the order of the inputs. (asyncio: `Executor.map`)
    ///
    /// The inputs are taken as results are: there is never more than [`Map::buffer`] at the pool, however many there are. A [`Map`] is a `Stream`, for
    /// tasks; a thread takes its [`into_iter`](IntoIterator::into_iter).
    ///
    /// A closure that panics gives an error in its input's place, and the others go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::builder().max_threads(3).build();
    /// let words = ["three", "short", "words"];
    ///
    /// // In a task:
    /// # futures_lite::future::block_on(async {
    /// let lengths: Vec<usize> = pool.map(words, str::len).try_collect().await?;
    /// assert_eq!(lengths, [5, 5, 5]);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// # })?;
    ///
    /// // On a thread:
    /// let lengths: Vec<usize> = pool.map(words, str::len).into_iter().collect::<Result<_, _>>()?;
    /// assert_eq!(lengths, [5, 5, 5]);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, inputs: I, closure: F) -> Map<'_, I::IntoIter, F, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let buffer = self.jobs.max_threads().saturating_mul(2);
        Map::new(self, inputs.into_iter(), closure, buffer)
    }

    /// Ends the pool: accepts nothing more, runs what waits to its end, and waits for all of it on the calling thread, at most
    /// as long as told. Returns whether every thread has ended. (asyncio: `Executor.shutdown(wait=True)`)
    ///
    /// With [`Duration::ZERO`] it does not wait (`wait=False`): the threads end when they are done. Without a bound the threads
    /// are joined: their thread-local values are gone as well. It may be called again, and from several threads. On one of the
    /// pool's own threads, which cannot wait for itself, it does not wait, and returns false.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// let job = pool.spawn(|| 42);
    /// assert!(pool.shutdown(None));
    /// assert_eq!(job.join()?, 42);
    /// assert!(pool.spawn(|| 43).join().unwrap_err().is_cancelled());
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn shutdown(&self, timeout: Option<Duration>) -> bool {
        self.jobs.shutdown(timeout)
    }

    /// Ends the pool as [`shutdown`](Self::shutdown) does, but what has not begun is cancelled; what has is waited for, since
    /// nothing can stop it. It may follow a `shutdown` that takes too long. (asyncio: `Executor.shutdown(cancel_futures=True)`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().max_threads(1).build();
    /// let (release, released) = mpsc::channel::<()>();
    /// let begun = pool.spawn(move || released.recv());
    /// let waiting = pool.spawn(|| unreachable!("it waits behind the first"));
    /// # while pool.metrics().queue_depth() > 1 { std::thread::yield_now() }
    ///
    /// assert!(!pool.shutdown_now(Some(Duration::from_millis(1))), "the first is stuck");
    /// assert!(waiting.join().unwrap_err().is_cancelled());
    /// drop(release);
    /// assert!(pool.shutdown_now(None));
    /// assert!(begun.join().is_ok());
    /// ```
    pub fn shutdown_now(&self, timeout: Option<Duration>) -> bool {
        self.jobs.shutdown_now(timeout)
    }

    /// How the pool stands: one consistent picture, which may be old by the time it is looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// assert_eq!(pool.metrics().num_threads(), 0, "threads are started on demand");
    /// pool.spawn(|| ()).join()?;
    /// assert_eq!(pool.metrics().num_threads(), 1);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.jobs.metrics()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if !self.jobs.is_closed() {
            self.jobs.shutdown(None);
        }
    }
}
