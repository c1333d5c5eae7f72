//! The multi-threaded flavour: worker threads, and `block_on` beside them.

#![forbid(unsafe_code)]

use super::unhandled_panic::Failed;
use super::{Handle, context};
use crate::failure::{catch, report_panic};
use crate::scheduler::{Parker, Scheduler, Worker, sleep_punctually};
use heist_sync::coop::{self, Budget};
use parking_lot::{Condvar, Mutex};
use std::cell::OnceCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

/// A function of the builder's that runs on a thread of the runtime.
pub(super) type Hook = Arc<dyn Fn() + Send + Sync>;

/// How threads are made.
#[derive(Clone)]
pub(super) struct ThreadOptions {
    pub(super) name: Arc<dyn Fn() -> String + Send + Sync>,
    pub(super) stack_size: Option<usize>,
    pub(super) on_start: Option<Hook>,
    pub(super) on_stop: Option<Hook>,
}

impl ThreadOptions {
    /// A pool whose threads are made like this.
    pub(super) fn pool_builder(&self) -> heist_blocking_pool::Builder {
        let Self {
            name,
            stack_size,
            on_start,
            on_stop,
        } = self.clone();
        let mut builder = heist_blocking_pool::Pool::builder().thread_name_fn(move || name());
        if let Some(bytes) = stack_size {
            builder = builder.thread_stack_size(bytes);
        }
        let call = |hook: Hook| move || hook();
        if let Some(hook) = on_start {
            builder = builder.on_thread_start(call(hook));
        }
        if let Some(hook) = on_stop {
            builder = builder.on_thread_stop(call(hook));
        }
        builder
    }
}

/// The worker threads of one runtime.
pub(super) struct WorkerThreads {
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    running: Arc<Running>,
}

/// How many worker threads have not ended.
struct Running {
    count: Mutex<usize>,
    ended: Condvar,
}

/// What the workers of a runtime hold together. The last one to end closes the drivers, which nobody turns any more: whoever waits for them still, on another
/// thread, learns of it.
pub(super) struct Drivers(Arc<Scheduler>);

impl Drop for Drivers {
    fn drop(&mut self) {
        self.0.close_drivers();
    }
}

/// A worker thread's part of the count.
struct Ending(Arc<Running>);

impl Drop for Ending {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.ended.notify_all();
    }
}

impl WorkerThreads {
    pub(super) fn none() -> Self {
        let running = Arc::new(Running {
            count: Mutex::new(0),
            ended: Condvar::new(),
        });
        Self {
            threads: Mutex::new(Vec::new()),
            running,
        }
    }

    /// Starts one thread a worker.
    ///
    /// # Errors
    ///
    /// The first that cannot be started; those before it go on, and are to be shut down.
    pub(super) fn start(
        &self,
        handle: &Handle,
        workers: Vec<Worker>,
        options: &ThreadOptions,
    ) -> io::Result<()> {
        let count = workers.len();
        if count == 0 {
            // The current-thread flavour's worker, and its drivers, are in its core.
            return Ok(());
        }
        let drivers = Arc::new(Drivers(handle.scheduler().clone()));
        if let Some(relief) = handle.relief() {
            relief.share_drivers(&drivers);
        }
        for (number, worker) in workers.into_iter().enumerate() {
            let mut builder = thread::Builder::new().name((options.name)());
            if let Some(bytes) = options.stack_size {
                builder = builder.stack_size(bytes);
            }
            *self.running.count.lock() += 1;
            let ending = Ending(self.running.clone());
            let (handle, options) = (handle.clone(), options.clone());
            let drivers = drivers.clone();
            let run = move || {
                let _ending = ending;
                work(&handle, worker, drivers, &options);
            };
            // std panics at some names and stack sizes.
            let thread = catch(|| builder.spawn(run))
                .unwrap_or_else(|payload| Err(io::Error::other(payload.message().to_owned())));
            let thread = thread.map_err(|error| {
                let number = number + 1;
                io::Error::new(
                    error.kind(),
                    format!(
                        "worker thread {number} of {count} could not be started ({error}): ask for fewer by `Builder::worker_threads` or \
                         HEIST_WORKER_THREADS, or raise the limit of threads or memory"
                    ),
                )
            })?;
            self.threads.lock().push(thread);
        }
        Ok(())
    }

    /// Waits for all to end, so long at most. True: they have.
    ///
    /// Without a bound the threads are joined, so that their thread-local values are gone as well. With one they are not: a destructor of these may take for
    /// ever.
    pub(super) fn join(&self, timeout: Option<Duration>) -> bool {
        let Some(timeout) = timeout else {
            for thread in self.threads.lock().drain(..) {
                // A worker catches what it runs; were it to panic itself, that is said on standard error already.
                let _ = thread.join();
            }
            return true;
        };
        let mut count = self.running.count.lock();
        let ended = &self.running.ended;
        let waited = ended.wait_while_for(&mut count, |count| *count > 0, timeout);
        !waited.timed_out()
    }
}

fn work(handle: &Handle, worker: Worker, drivers: Arc<Drivers>, options: &ThreadOptions) {
    // Before the hook, which may wish otherwise.
    sleep_punctually();
    // The hooks, too: who waited there for the runtime would wait for this thread.
    context::forbid_blocking("a worker", || {
        call(options.on_start.as_ref(), "on_thread_start");
        {
            let _guard = context::enter(handle.clone());
            worker.run(|| handle.scheduler().is_closed());
            handle.end_if_failed();
            // Cancels what is left in its hands, in the runtime's context still, with its drivers.
            drop(worker);
            drop(drivers);
        }
        call(options.on_stop.as_ref(), "on_thread_stop");
    });
}

fn call(hook: Option<&Hook>, name: &str) {
    if let Some(hook) = hook
        && let Err(payload) = catch(|| hook())
    {
        report_panic(format_args!("the hook `{name}`"), &payload);
    }
}

/// What wakes a thread in `block_on`.
pub(super) struct ThreadWaker {
    parker: Parker,
    /// How often the thread waits: within a wait there may be another, by `block_in_place`.
    waits: AtomicUsize,
}

/// A wait of this thread. One that is within another may take a wake that is meant for that, and so ends with one.
pub(super) struct Waiting(Arc<ThreadWaker>);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It never sleeps in the reactor.
        let _ = self.parker.unpark();
    }
}

impl ThreadWaker {
    /// This thread's.
    pub(super) fn current() -> Arc<Self> {
        thread_local! {
            static WAKER: OnceCell<Arc<ThreadWaker>> = const { OnceCell::new() };
        }
        let new = || {
            let parker = Parker::new();
            parker.adopt();
            Arc::new(Self {
                parker,
                waits: AtomicUsize::new(0),
            })
        };
        // While the thread's locals are being destroyed, one for this time.
        WAKER
            .try_with(|waker| waker.get_or_init(new).clone())
            .unwrap_or_else(|_| new())
    }

    /// This thread is about to wait.
    pub(super) fn wait() -> Waiting {
        let thread = Self::current();
        // Relaxed, as below: this thread alone counts.
        thread.waits.fetch_add(1, Relaxed);
        Waiting(thread)
    }
}

impl Waiting {
    pub(super) fn thread(&self) -> &Arc<ThreadWaker> {
        &self.0
    }

    pub(super) fn waker(&self) -> Waker {
        self.0.clone().into()
    }

    pub(super) fn park(&self) {
        self.0.parker.park(None);
    }

    pub(super) fn park_for(&self, bound: Duration) {
        self.0.parker.park(Some(bound));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.0.waits.fetch_sub(1, Relaxed) > 1 {
            self.0.wake_by_ref();
        }
    }
}

/// Polls the future on this thread, which sleeps in between. Its tasks run on the workers.
pub(super) fn block_on(
    handle: &Handle,
    mut future: Pin<&mut dyn Future<Output = ()>>,
) -> Result<(), Failed> {
    let thread = ThreadWaker::wait();
    let waker = thread.waker();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Some(failed) = handle.failed() {
            return Err(failed);
        }
        let poll = || future.as_mut().poll(&mut context);
        if coop::with_budget(Budget::DEFAULT, poll).is_ready() {
            return Ok(());
        }
        thread.park();
    }
}
