//! What a runtime has counted.

#![forbid(unsafe_code)]

use super::Handle;
use crate::scheduler::Counts;
use std::fmt;
use std::time::Duration;

/// What a runtime has done so far, and how much waits: from [`Runtime::metrics`](super::Runtime::metrics) and [`Handle::metrics`]. asyncio has `all_tasks()`, and no more.
///
/// The names are tokio's, those that are unstable there among them. To count costs a worker plain stores to memory of its own, and no clock is read for a poll; so it is always
/// on. Nothing is stopped to be read: numbers that are read while the runtime works may be of slightly different moments. Counters begin at zero, and only grow.
///
/// Workers are numbered from 0 on. Behind them come the relief workers, which stand in for workers that are blocked: numbers from
/// [`num_workers`](Self::num_workers) on, [`num_relief_workers`](Self::num_relief_workers) of them.
///
/// # Panics
///
/// What is asked of a worker panics if there is none of that number.
///
/// # Examples
///
/// ```
/// let runtime = heist::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// let tasks: Vec<_> = (0..10).map(|_| runtime.spawn(async {})).collect();
/// runtime.block_on(heist::gather(tasks));
///
/// let metrics = runtime.metrics();
/// let workers = 0..metrics.num_workers() + metrics.num_relief_workers();
/// let polls: u64 = workers.map(|worker| metrics.worker_poll_count(worker)).sum();
/// assert_eq!((metrics.spawned_tasks_count(), polls), (10, 10));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics {
    handle: Handle,
}

impl RuntimeMetrics {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// How many workers there are, relief workers left out: 1 with the current-thread flavour.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_multi_thread().worker_threads(3).build()?;
    /// assert_eq!(runtime.metrics().num_workers(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_workers(&self) -> usize {
        self.handle.scheduler().num_workers()
    }

    /// How many relief workers have been needed at the same time, so far. Those that are idle now are among them.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().num_relief_workers(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_relief_workers(&self) -> usize {
        self.handle.scheduler().num_standbys().0
    }

    /// How many of the relief workers are not needed now.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let metrics = runtime.metrics();
    /// println!("{} at work", metrics.num_relief_workers() - metrics.num_idle_relief_workers());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_idle_relief_workers(&self) -> usize {
        let (made, on_duty) = self.handle.scheduler().num_standbys();
        made.saturating_sub(on_duty)
    }

    /// How many tasks there are that have not ended: asyncio's `len(all_tasks())`. Blocking jobs, and the future in `block_on`, are no tasks here.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    ///
    /// task.abort();
    /// runtime.block_on(task).unwrap_err();
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.scheduler().num_tasks().1
    }

    /// How many tasks have been spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// drop(runtime.spawn(async {}));
    /// assert_eq!(runtime.metrics().spawned_tasks_count(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spawned_tasks_count(&self) -> u64 {
        self.handle.scheduler().num_tasks().0
    }

    /// How many tasks wait in the injector: those that came from other threads than the workers, and those that had no room in a worker's queue.
    ///
    /// They are counted when this is asked, some nanoseconds each, and are not handed out as long.
    ///
    /// # Examples
    ///
    /// ```
    /// // Nobody runs it yet.
    /// let runtime = heist::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(async {});
    /// assert_eq!(runtime.metrics().global_queue_depth(), 1);
    ///
    /// runtime.block_on(task).unwrap();
    /// assert_eq!(runtime.metrics().global_queue_depth(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn global_queue_depth(&self) -> usize {
        self.handle.scheduler().injected()
    }

    /// How many times a task was spawned or woken by a thread that is no worker of this runtime. They are counted as in
    /// [`global_queue_depth`](Self::global_queue_depth).
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// runtime.block_on(runtime.spawn(async {})).unwrap();
    /// assert_eq!(runtime.metrics().remote_schedule_count(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn remote_schedule_count(&self) -> u64 {
        self.handle.scheduler().scheduled_outside()
    }

    /// How long a worker has been awake: it polled, looked for work, or turned the timers and the reactor. It becomes known when the worker goes to sleep, and every 32 polls
    /// at most; so a worker that is blocked shows it afterwards only.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let busy = runtime.metrics().worker_total_busy_duration(0);
    /// println!("{} ms", busy.as_millis());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        Duration::from_nanos(self.counts(worker).busy.get())
    }

    /// How often a worker has gone to sleep. One that keeps watch over others at work gets up every millisecond to do so: that counts, too.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// println!("{}", runtime.metrics().worker_park_count(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.counts(worker).parks_and_unparks.get().div_ceil(2)
    }

    /// How often a worker has gone to sleep, and got up: so it sleeps if this is odd, and is awake (or, with the current-thread flavour, nobody runs it) if it is even.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let is_asleep = runtime.metrics().worker_park_unpark_count(0) % 2 == 1;
    /// # let _ = is_asleep;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.counts(worker).parks_and_unparks.get()
    }

    /// How many polls a worker has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(heist::task::yield_now());
    /// runtime.block_on(task).unwrap();
    /// assert_eq!(runtime.metrics().worker_poll_count(0), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.counts(worker).polls.get()
    }

    /// How many tasks a worker has taken from others. (If another takes them from it at that very moment, those may not be counted.)
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// println!("{}", runtime.metrics().worker_steal_count(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.counts(worker).stolen.get()
    }

    /// How often a worker has taken tasks from another, one or many at a time.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// println!("{}", runtime.metrics().worker_steal_operations(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.counts(worker).thefts.get()
    }

    /// How many tasks had no room in a worker's queue, and went to the injector.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// println!("{}", runtime.metrics().worker_overflow_count(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_overflow_count(&self, worker: usize) -> u64 {
        self.counts(worker).overflows.get()
    }

    /// How many tasks wait for a worker: in its queue, and the one that it runs next.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().worker_local_queue_depth(0), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        let _ = self.counts(worker);
        self.handle.scheduler().local_queue_depth(worker)
    }

    /// How many threads the blocking pool has.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    /// assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_blocking_threads(&self) -> usize {
        self.handle.blocking().metrics().num_threads()
    }

    /// How many of them wait for a job.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().num_idle_blocking_threads(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.handle.blocking().metrics().num_idle_threads()
    }

    /// How many jobs wait for a thread of the blocking pool.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().blocking_queue_depth(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_queue_depth(&self) -> usize {
        let blocking = self.handle.blocking();
        blocking.metrics().queue_depth() + blocking.files_depth()
    }

    /// How many sockets and other descriptors have been registered with the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let listener = runtime.block_on(heist::net::TcpListener::bind("127.0.0.1:0"))?;
    /// assert_eq!(runtime.metrics().io_driver_fd_registered_count(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn io_driver_fd_registered_count(&self) -> u64 {
        self.handle.scheduler().reactor().registrations().0
    }

    /// How many of them have been deregistered again.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// drop(runtime.block_on(heist::net::TcpListener::bind("127.0.0.1:0"))?);
    /// assert_eq!(runtime.metrics().io_driver_fd_deregistered_count(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn io_driver_fd_deregistered_count(&self) -> u64 {
        self.handle.scheduler().reactor().registrations().1
    }

    /// How many events the reactor has had from the kernel.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().io_driver_ready_count(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn io_driver_ready_count(&self) -> u64 {
        self.handle.scheduler().reactor().delivered()
    }

    #[track_caller]
    fn counts(&self, worker: usize) -> &Counts {
        match self.handle.scheduler().counts(worker) {
            Some(counts) => counts,
            None => panic!(
                "there is no worker {worker}: the runtime has {} workers and {} relief workers, numbered from 0 on",
                self.num_workers(),
                self.num_relief_workers()
            ),
        }
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("num_workers", &self.num_workers())
            .field("num_alive_tasks", &self.num_alive_tasks())
            .finish_non_exhaustive()
    }
}
