//! The settings of a pool.
//!
//! In: what the user asks for. Out: a [`Pool`] or a [`JobPool`], which keeps the builder as its settings.

use crate::panics;
use crate::{Job, JobPool, Pool};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Settings for a [`Pool`] or a [`JobPool`], from [`Pool::builder`].
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::Pool;
/// use std::time::Duration;
///
/// let pool = Pool::builder()
///     .max_threads(3)
///     .keep_alive(Duration::from_secs(60))
///     .thread_name("resizer")
///     .build();
/// let name = pool.spawn(|| std::thread::current().name().map(str::to_owned));
/// assert_eq!(name.join()?.as_deref(), Some("resizer"));
/// # Ok::<(), heist_blocking_pool::JoinError>(())
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until `build` makes a pool of them"]
pub struct Builder {
    pub(crate) max_threads: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) queue_limit: usize,
    pub(crate) stack_size: Option<usize>,
    thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    on_thread_start: Option<Hook>,
    on_thread_stop: Option<Hook>,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            max_threads: 512,
            keep_alive: Duration::from_secs(10),
            queue_limit: usize::MAX,
            stack_size: None,
            thread_name: Arc::new(|| "heist-blocking".to_owned()),
            on_thread_start: None,
            on_thread_stop: None,
        }
    }

    /// How many threads there may be at once: 512 unless told. They are started as they are needed. (`ThreadPoolExecutor`: `max_workers`)
    ///
    /// One that leaves counts no more, so that no job waits for it: where [`on_thread_stop`](Self::on_thread_stop) takes long, more threads exist, any
    /// number of them if the keep-alive is short. Never do more run jobs.
    ///
    /// # Panics
    ///
    /// If it is zero, since no job would ever run.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::builder().max_threads(3).build();
    /// let jobs: Vec<_> = (0..10).map(|n| pool.spawn(move || n)).collect();
    /// assert!(pool.metrics().num_threads() <= 3);
    /// # drop(jobs);
    /// ```
    #[track_caller]
    pub fn max_threads(mut self, max_threads: usize) -> Self {
        assert!(
            max_threads > 0,
            "a pool needs at least one thread to run anything: give `max_threads` 1 or more, or leave it out for 512"
        );
        self.max_threads = max_threads;
        self
    }

    /// How long a thread stays that has nothing to do: 10 seconds unless told.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().keep_alive(Duration::ZERO).build();
    /// pool.spawn(|| ()).join()?;
    /// // Its thread leaves at once.
    /// while pool.metrics().num_threads() > 0 {
    ///     std::thread::yield_now();
    /// }
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn keep_alive(mut self, keep_alive: Duration) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// How many jobs may wait for a busy thread: any number unless told. Jobs for which a thread is on its way do not
    /// count, so that with 0 the pool accepts just what it can begin at once. A job that was aborted while it waited
    /// counts until a thread comes to its place. [`Pool::try_spawn`] gives back what is too much.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::{Pool, RejectReason};
    /// use std::sync::mpsc;
    ///
    /// let pool = Pool::builder().max_threads(1).queue_limit(0).build();
    /// let (release, released) = mpsc::channel::<()>();
    /// let busy = pool.spawn(move || released.recv());
    /// let rejected = pool.try_spawn(|| 42).unwrap_err();
    /// assert!(matches!(rejected.reason(), RejectReason::Full));
    /// # drop((release, busy));
    /// ```
    pub fn queue_limit(mut self, queue_limit: usize) -> Self {
        self.queue_limit = queue_limit;
        self
    }

    /// The name of every thread: `heist-blocking` unless told. Linux shows its first 15 bytes. (`ThreadPoolExecutor`:
    /// `thread_name_prefix`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::builder().thread_name("resizer").build();
    /// let name = pool.spawn(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.join()?.as_deref(), Some("resizer"));
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn thread_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Gives each thread its own name. It is called on the thread that starts the new one: one that submits a job, or one of the
    /// pool's. A name may go unused, if another thread is there first.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let next = AtomicUsize::new(0);
    /// let pool = Pool::builder()
    ///     .thread_name_fn(move || format!("resizer-{}", next.fetch_add(1, Ordering::Relaxed)))
    ///     .build();
    /// let name = pool.spawn(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.join()?.as_deref(), Some("resizer-0"));
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn thread_name_fn(mut self, name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.thread_name = Arc::new(name);
        self
    }

    /// The size of each thread's stack in bytes: the standard library's default unless told. (`threading.stack_size`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::builder().thread_stack_size(4 << 20).build();
    /// assert_eq!(pool.spawn(|| 42).join()?, 42);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn thread_stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Is called by each thread before its first job. A panic in it is reported on stderr, and the thread goes on.
    /// (`ThreadPoolExecutor`: `initializer`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::cell::Cell;
    ///
    /// thread_local! {
    ///     static CONNECTION: Cell<u32> = const { Cell::new(0) };
    /// }
    ///
    /// let pool = Pool::builder().on_thread_start(|| CONNECTION.set(42)).build();
    /// assert_eq!(pool.spawn(|| CONNECTION.get()).join()?, 42);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Is called by each thread after its last job. A panic in it is reported on stderr. [`Pool::shutdown`] waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::sync::mpsc;
    ///
    /// let (stop, stopped) = mpsc::channel();
    /// let pool = Pool::builder().on_thread_stop(move || stop.send(()).unwrap()).build();
    /// pool.spawn(|| ()).join()?;
    /// pool.shutdown(None);
    /// assert_eq!(stopped.try_iter().count(), 1);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Makes the pool. It has no thread until it needs one.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::builder().build();
    /// assert_eq!(pool.metrics().num_threads(), 0);
    /// ```
    pub fn build(self) -> Pool {
        Pool::from_jobs(self.build_job_pool())
    }

    /// Makes a pool for jobs of the caller's own type: see [`JobPool`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::{Job, JobPool, Pool};
    ///
    /// struct Greet;
    ///
    /// impl Job for Greet {
    ///     fn run(self) {
    ///         println!("hello");
    ///     }
    ///
    ///     fn cancel(self) {}
    /// }
    ///
    /// let pool: JobPool<Greet> = Pool::builder().build_job_pool();
    /// pool.submit(Greet)?;
    /// pool.shutdown(None);
    /// # Ok::<(), heist_blocking_pool::Rejected<Greet>>(())
    /// ```
    pub fn build_job_pool<J: Job>(self) -> JobPool<J> {
        JobPool::from_settings(self)
    }

    /// The name for a new thread, as `std` accepts it.
    pub(crate) fn next_thread_name(&self) -> String {
        let mut name = String::new();
        panics::contain("a thread name function", || name = (self.thread_name)());
        name.retain(|c| c != '\0');
        name
    }

    pub(crate) fn thread_starts(&self) {
        if let Some(hook) = &self.on_thread_start {
            panics::contain("an `on_thread_start` hook", || hook());
        }
    }

    pub(crate) fn thread_stops(&self) {
        if let Some(hook) = &self.on_thread_stop {
            panics::contain("an `on_thread_stop` hook", || hook());
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_threads", &self.max_threads)
            .field("keep_alive", &self.keep_alive)
            .field("queue_limit", &self.queue_limit)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
