//! How a runtime is configured.

#![forbid(unsafe_code)]

use super::blocking::BlockingPool;
use super::current_thread::Core;
use super::handle::Shared;
use super::multi_thread::{ThreadOptions, WorkerThreads};
use super::relief::ReliefThreads;
use super::unhandled_panic::Blocked;
use super::{Handle, Runtime, RuntimeFlavor, SlowPoll, UnhandledPanic};
use crate::scheduler::{Intervals, Options, ParkHooks, ReliefOptions, Scheduler};
use crate::task::{FailurePolicy, TaskFailure};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Configures a [`Runtime`]. asyncio has `Runner`'s arguments for it, and the event loop's `set_default_executor`.
///
/// # Examples
///
/// ```
/// let runtime = heist::runtime::Builder::new_multi_thread()
///     .worker_threads(2)
///     .thread_name("server")
///     .build()?;
/// runtime.block_on(async { /* … */ });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Builder {
    flavor: RuntimeFlavor,
    worker_threads: Option<usize>,
    max_blocking_threads: usize,
    keep_alive: Duration,
    shutdown_deadline: Duration,
    scheduler: Options,
    start_paused: bool,
    threads: ThreadOptions,
}

/// The environment variable that overrides the default number of workers.
const WORKER_THREADS: &str = "HEIST_WORKER_THREADS";

/// Where the workers' choice of victims begins. Any number does.
const SEED: u64 = 0x2545_F491_4F6C_DD1D;

impl Builder {
    /// A runtime with worker threads that steal tasks from each other.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().build()?;
    /// runtime.block_on(async { heist::spawn(async {}).await }).unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_multi_thread() -> Self {
        Self::new(RuntimeFlavor::MultiThread)
    }

    /// A runtime whose tasks run on the thread in `block_on`, as asyncio's event loop does it: they and the future in `block_on` take turns, in the order in which they were
    /// spawned or woken on that thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(async { std::thread::current().id() });
    /// assert_eq!(runtime.block_on(task).unwrap(), std::thread::current().id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_current_thread() -> Self {
        Self::new(RuntimeFlavor::CurrentThread)
    }

    fn new(flavor: RuntimeFlavor) -> Self {
        Self {
            flavor,
            worker_threads: None,
            max_blocking_threads: 512,
            keep_alive: Duration::from_secs(10),
            shutdown_deadline: Duration::from_secs(30),
            scheduler: Options {
                relief: ReliefOptions {
                    after: Duration::from_millis(5),
                    standbys: 64,
                    is_alone: flavor == RuntimeFlavor::CurrentThread,
                    on_slow_poll: None,
                },
                park_hooks: ParkHooks::default(),
                intervals: Intervals::default(),
                failures: FailurePolicy::DEFAULT,
            },
            start_paused: false,
            threads: ThreadOptions {
                name: Arc::new(|| "heist-worker".into()),
                stack_size: None,
                on_start: None,
                on_stop: None,
            },
        }
    }

    /// How many worker threads the multi-threaded flavour has. Without this call, as many as `HEIST_WORKER_THREADS` in the environment says, or else
    /// [`available_parallelism`](std::thread::available_parallelism), so that affinity and cgroup quotas count.
    ///
    /// The current-thread flavour has none, whatever this says.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "a runtime needs at least one worker thread: leave `worker_threads` out for one a core, or build a `new_current_thread` runtime for none"
        );
        self.worker_threads = Some(count);
        self
    }

    /// How long a runtime waits when it ends for its tasks, which it cancels then: for as long as their clean-ups take, and no longer than this, in real time. 30 seconds by default.
    ///
    /// It counts for [`heist::run`](crate::run), `#[heist::main]` and [`Runtime::run`], which wait for blocking jobs as well, report what has not ended by then, and return; and when
    /// a `Runtime` is dropped, which reports the tasks that have not ended by then, and waits for polls and blocking jobs that run, however long they take.
    /// [`Runtime::shutdown`] is told a time of its own. If it is zero, tasks are not asked to cancel, but dropped at once where they wait, by the thread that drops the `Runtime`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .shutdown_deadline(Duration::from_secs(5))
    ///     .build()?;
    /// runtime.run(async { /* … */ });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_deadline(&mut self, deadline: Duration) -> &mut Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// How many threads the blocking pool may have; they are started when they are needed. 512 by default. One that leaves, and may still be in
    /// [`on_thread_stop`](Self::on_thread_stop), counts no more. asyncio's `loop.set_default_executor(ThreadPoolExecutor(max_workers=…))`.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().max_blocking_threads(3).build()?;
    /// assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 42)).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "`max_blocking_threads` needs to be at least 1: with no thread, no blocking job would ever run"
        );
        self.max_blocking_threads = count;
        self
    }

    /// How long an idle thread of the blocking pool is kept. 10 s by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut builder = heist::runtime::Builder::new_multi_thread();
    /// let runtime = builder.thread_keep_alive(Duration::from_secs(60)).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.keep_alive = duration;
        self
    }

    /// The name of the runtime's threads, the blocking ones as well: `heist-worker` by default. `ThreadPoolExecutor`'s `thread_name_prefix`.
    ///
    /// If it holds a NUL, which no thread's name may, the multi-threaded flavour cannot be [built](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().thread_name("server").build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("server"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// A function that names each thread. It is called by who starts the thread: for a worker by [`build`](Self::build), whose panic its own panic is; for a
    /// blocking thread by who spawns a job or by another of its kind, and there a panic is reported, and the thread goes without a name.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let next = AtomicUsize::new(0);
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .thread_name_fn(move || format!("server-{}", next.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("server-0"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_name_fn(
        &mut self,
        name: impl Fn() -> String + Send + Sync + 'static,
    ) -> &mut Self {
        self.threads.name = Arc::new(name);
        self
    }

    /// The stack size of the runtime's threads, in bytes. By default the standard library's. Python's `threading.stack_size`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().thread_stack_size(4 << 20).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// A function that each worker and blocking thread calls before it begins. If it panics, that is reported, and the thread goes on. `ThreadPoolExecutor`'s
    /// `initializer`.
    ///
    /// A worker is not to be blocked there any more than in a task: `block_on`, or the drop of a runtime, panics.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_thread_start(|| println!("{:?} begins", std::thread::current().id()))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.threads.on_start = Some(Arc::new(hook));
        self
    }

    /// A function that each worker and blocking thread calls when it ends. If it panics, that is reported. A worker is not to be blocked there, either.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let stopped = Arc::new(AtomicUsize::new(0));
    /// let count = stopped.clone();
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .worker_threads(2)
    ///     .on_thread_stop(move || {
    ///         count.fetch_add(1, Ordering::Relaxed);
    ///     })
    ///     .build()?;
    /// drop(runtime);
    /// assert_eq!(stopped.load(Ordering::Relaxed), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.threads.on_stop = Some(Arc::new(hook));
        self
    }

    /// A function that a worker calls when it has found nothing to do and goes to sleep: on a worker thread, or with the current-thread flavour on the thread in `block_on`. If it panics,
    /// that is reported, and the worker goes on.
    ///
    /// It may spawn and wake tasks, which then run before the worker sleeps. It should not block: on the thread in question nothing else happens meanwhile. A worker that keeps watch
    /// over others, and gets up for that every millisecond only to go back to sleep, calls neither this nor [`on_thread_unpark`](Self::on_thread_unpark) for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let idle = Arc::new(AtomicUsize::new(0));
    /// let (parks, unparks) = (idle.clone(), idle.clone());
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_thread_park(move || {
    ///         parks.fetch_add(1, Ordering::Relaxed);
    ///     })
    ///     .on_thread_unpark(move || {
    ///         unparks.fetch_sub(1, Ordering::Relaxed);
    ///     })
    ///     .build()?;
    /// println!("{} workers are idle", idle.load(Ordering::Relaxed));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_park(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.scheduler.park_hooks.on_park = Some(Arc::new(hook));
        self
    }

    /// A function that a worker calls when it has got up, and before it looks for work; as often as that of [`on_thread_park`](Self::on_thread_park), which see.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_thread_unpark(|| println!("{:?} gets up", std::thread::current().id()))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_thread_unpark(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.scheduler.park_hooks.on_unpark = Some(Arc::new(hook));
        self
    }

    /// After how many polls at most a worker looks at the timers and the reactor, and at what has come from other threads.
    ///
    /// In heist, time says when: a busy worker looks every 100 µs or so, whatever its polls cost. This makes it look at the latest after so many polls besides: a small number means earlier
    /// events and more system calls; a large one, as tokio's default of 61, changes little, and none makes the looks rarer.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().event_interval(8).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn event_interval(&mut self, polls: u32) -> &mut Self {
        let Some(polls) = NonZeroU32::new(polls) else {
            panic!(
                "`event_interval` needs to be at least 1 poll: leave it out, and the clock says when to look"
            )
        };
        self.scheduler.intervals.events = Some(polls);
        self
    }

    /// After how many polls at most a worker takes a task that has come from another thread, though it has tasks of its own.
    ///
    /// As with [`event_interval`](Self::event_interval), it does so every 100 µs or so in any case.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().global_queue_interval(8).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        let Some(polls) = NonZeroU32::new(polls) else {
            panic!(
                "`global_queue_interval` needs to be at least 1 poll: leave it out, and the clock says when to look"
            )
        };
        self.scheduler.intervals.injector = Some(polls);
        self
    }

    /// What becomes of the runtime when one of its tasks panics. By default it goes on, and a panic that nobody can receive is reported:
    /// [`UnhandledPanic::Report`].
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use heist::runtime::{Builder, UnhandledPanic};
    ///
    /// let runtime = Builder::new_multi_thread()
    ///     .unhandled_panic(UnhandledPanic::ShutdownRuntime)
    ///     .build()
    ///     .unwrap();
    /// runtime.spawn(async { panic!("out of cheese") });
    /// // It panics: "task 1 (spawned at …) has panicked, and its runtime has shut down for that, …".
    /// runtime.block_on(std::future::pending::<()>());
    /// ```
    pub fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
        let failures = &mut self.scheduler.failures;
        failures.is_reported = behavior != UnhandledPanic::Ignore;
        failures.shuts_down = behavior == UnhandledPanic::ShutdownRuntime;
        self
    }

    /// Calls a function, instead of writing to standard error, when a task or a blocking job has failed and nobody can receive that: see [`TaskFailure`]. asyncio's
    /// `loop.set_exception_handler`.
    ///
    /// It is called by whoever lets go of the failure: the thread that runs the task, if nobody holds its handle, or who drops the handle. It should not block. A panic in it is
    /// reported. It is called whatever [`unhandled_panic`](Self::unhandled_panic) says.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_task_failure(|failure| eprintln!("error: {failure}"))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_task_failure(
        &mut self,
        hook: impl Fn(TaskFailure) + Send + Sync + 'static,
    ) -> &mut Self {
        self.scheduler.failures.hook = Some(Arc::new(hook));
        self
    }

    /// How long a poll may block its worker before the worker counts as held up: 5 ms if this is not called. The poll is then reported on standard error, once for each task, and of tasks that were
    /// spawned in the same place one a second at most; and if
    /// too few other workers are left, a standby worker takes the place of the one that is held up, until it moves again.
    ///
    /// This time is always that of the real clock, and a worker that merely waits for a processor is not held up. It is looked at four times in this bound, but at
    /// most once in a millisecond.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Builder;
    /// use std::time::Duration;
    ///
    /// let runtime = Builder::new_multi_thread().relief_after(Duration::from_millis(20)).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn relief_after(&mut self, bound: Duration) -> &mut Self {
        assert!(
            !bound.is_zero(),
            "`relief_after` needs a bound above zero: each poll takes some time; `disable_relief` turns it off"
        );
        self.scheduler.relief.after = bound;
        self
    }

    /// How many standby workers there may be at the same time: 64 if this is not called. Each has a thread, which is started when it is first needed, and ends some time after it
    /// was ([`thread_keep_alive`](Self::thread_keep_alive)). Zero is [`disable_relief`](Self::disable_relief).
    ///
    /// That they are not enough is reported, once.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().max_relief_workers(8).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn max_relief_workers(&mut self, count: usize) -> &mut Self {
        self.scheduler.relief.standbys = count;
        self
    }

    /// Starts no standby workers: if all workers are blocked, everything waits. What waits for one that is blocked is still taken over by the others, and its poll reported, as
    /// long as there are others.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().disable_relief().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn disable_relief(&mut self) -> &mut Self {
        self.max_relief_workers(0)
    }

    /// Calls a function, instead of writing to standard error, when a poll has blocked its worker for longer than [`relief_after`](Self::relief_after): once for each task. It is
    /// called in the runtime while the poll goes on, on another thread, and should not block; on the current-thread flavour by the same thread, afterwards. It may spawn and wake
    /// tasks. A panic in it is reported.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_slow_poll(|poll| eprintln!("warning: {poll}"))
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_slow_poll(&mut self, hook: impl Fn(&SlowPoll) + Send + Sync + 'static) -> &mut Self {
        self.scheduler.relief.on_slow_poll = Some(Arc::new(hook));
        self
    }

    /// Whether the runtime's time stands still when it starts, as after [`time::pause`](crate::time::pause()): for tests. Only the current-thread flavour can do that.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Builder;
    /// use heist::time::{Duration, sleep};
    ///
    /// let runtime = Builder::new_current_thread().start_paused(true).build()?;
    /// // It is over at once.
    /// runtime.block_on(sleep(Duration::from_secs(3_600)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        self.start_paused = paused;
        self
    }

    /// Does nothing: every driver is always there. For code that comes from tokio.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().enable_all().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// Does nothing: see [`enable_all`](Self::enable_all).
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().enable_io().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_io(&mut self) -> &mut Self {
        self
    }

    /// Does nothing: see [`enable_all`](Self::enable_all).
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().enable_time().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enable_time(&mut self) -> &mut Self {
        self
    }

    /// Builds the runtime and starts its workers.
    ///
    /// # Errors
    ///
    /// If a worker thread cannot be started (those that were are ended); if `HEIST_WORKER_THREADS` is asked and isn't a number of at least 1; if a multi-threaded runtime is to
    /// [start paused](Self::start_paused).
    ///
    /// # Panics
    ///
    /// If [`thread_name_fn`](Self::thread_name_fn)'s function does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::runtime::Builder;
    ///
    /// // No machine has room for such a stack.
    /// let error = Builder::new_multi_thread().thread_stack_size(1 << 46).build().unwrap_err();
    /// println!("{error}");
    ///
    /// let runtime = Builder::new_multi_thread().build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(&mut self) -> io::Result<Runtime> {
        let workers = match self.flavor {
            RuntimeFlavor::CurrentThread => 1,
            RuntimeFlavor::MultiThread => match self.worker_threads {
                Some(count) => count,
                None => default_worker_threads()?,
            },
        };
        if self.start_paused && self.flavor != RuntimeFlavor::CurrentThread {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`start_paused` needs the current-thread flavour, where it is known when nothing is left to do: build the runtime by `Builder::new_current_thread`",
            ));
        }
        let relief_threads = self.relief_threads();
        let failures = &self.scheduler.failures;
        let mut threads = Vec::new();
        let handle = Handle::new_cyclic(|handle| {
            let call_standby = relief_threads
                .as_ref()
                .map(|_| Box::new(handle.standby_call()) as Box<dyn Fn() + Send + Sync>);
            let mut options = self.scheduler.clone();
            let on_slow_poll = options.relief.on_slow_poll.take();
            options.relief.on_slow_poll = on_slow_poll.map(|hook| handle.within(hook));
            let (scheduler, mut workers) = Scheduler::new(workers, SEED, options, call_standby);
            if self.start_paused {
                scheduler.timers().clock().start_paused();
            }
            let core = match self.flavor {
                RuntimeFlavor::CurrentThread => {
                    let worker = workers.pop();
                    worker.map(|worker| Core::new(scheduler.clone(), worker))
                }
                RuntimeFlavor::MultiThread => None,
            };
            threads = workers;
            Shared {
                scheduler,
                blocking: self.blocking_pool(),
                core,
                relief: relief_threads,
                blocked: failures.shuts_down.then(Blocked::default),
            }
        });
        let runtime = Runtime::assemble(handle, WorkerThreads::none(), self.shutdown_deadline);
        let started = runtime
            .threads()
            .start(runtime.handle(), threads, &self.threads);
        if let Err(error) = started {
            runtime.end_unused();
            return Err(error);
        }
        Ok(runtime)
    }

    fn blocking_pool(&self) -> BlockingPool {
        let builder = self.threads.pool_builder();
        let builder = builder
            .max_threads(self.max_blocking_threads)
            .keep_alive(self.keep_alive);
        let failures = &self.scheduler.failures;
        let has_wish = failures.hook.is_some() || !failures.is_reported;
        BlockingPool::new(
            builder,
            self.max_blocking_threads,
            has_wish.then(|| Arc::new(failures.clone())),
        )
    }

    /// The threads of relief, if there are any workers to relieve.
    fn relief_threads(&self) -> Option<ReliefThreads> {
        let is_wanted =
            self.flavor == RuntimeFlavor::MultiThread && self.scheduler.relief.standbys > 0;
        is_wanted.then(|| {
            ReliefThreads::new(
                self.scheduler.relief.standbys,
                self.keep_alive,
                &self.threads,
            )
        })
    }
}

fn default_worker_threads() -> io::Result<usize> {
    let Some(value) = std::env::var_os(WORKER_THREADS) else {
        return Ok(thread::available_parallelism().map_or(1, usize::from));
    };
    let count = value
        .to_str()
        .and_then(|value| value.trim().parse().ok())
        .filter(|&count| count > 0);
    count.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{WORKER_THREADS} is {value:?}: set it to the number of worker threads, 1 or more, or leave it unset"),
        )
    })
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}
