//! The models of the pool's threads and of the handle: run once as plain tests, and through their interleavings under loom, with at
//! most three preemptions (`LOOM_MAX_PREEMPTIONS=3`). What makes each of them fail is in `faults/`.
//!
//! loom's clock stands still: a keep-alive runs out when the model says so, at any point.

use crate::error::Cause;
use crate::join::{Call, JoinHandle, QueuedCall};
use crate::loom::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::loom::{Arc, Condvar, Mutex, model, thread};
use crate::{Job, JobPool, Pool};
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// What happened to the jobs. All loads and stores are relaxed: what a model reads must be ordered by the pool.
#[derive(Default)]
struct Tally {
    run: AtomicUsize,
    cancelled: AtomicUsize,
    threads_started: AtomicUsize,
    threads_stopped: AtomicUsize,
}

/// A job that counts itself, after it has done something.
struct Counted<F> {
    work: F,
    tally: Arc<Tally>,
}

impl<F: FnOnce() + Send + 'static> Job for Counted<F> {
    fn run(self) {
        (self.work)();
        self.tally.run.fetch_add(1, Relaxed);
    }

    fn cancel(self) {
        self.tally.cancelled.fetch_add(1, Relaxed);
    }
}

type Plain = Counted<fn()>;

fn plain(tally: &Arc<Tally>) -> Plain {
    Counted {
        work: || (),
        tally: tally.clone(),
    }
}

fn pool<J: Job>(max_threads: usize, tally: &Arc<Tally>) -> Arc<JobPool<J>> {
    let (started, stopped) = (tally.clone(), tally.clone());
    Arc::new(
        Pool::builder()
            .max_threads(max_threads)
            .keep_alive(Duration::from_millis(1))
            .on_thread_start(move || {
                started.threads_started.fetch_add(1, Relaxed);
            })
            .on_thread_stop(move || {
                stopped.threads_stopped.fetch_add(1, Relaxed);
            })
            .build_job_pool(),
    )
}

/// Threads: this one, one that times out, and one of the pool or two in turn.
#[test]
fn submit_against_idle_exit() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        pool.submit(plain(&tally)).unwrap();
        let clock = thread::spawn({
            let pool = pool.clone();
            move || pool.time_out_idle_threads()
        });
        pool.submit(plain(&tally)).unwrap();
        clock.join().unwrap();
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed), 2);
    });
}

/// A bell that rings for a sleep that is over wakes nobody. Threads: as above.
#[test]
fn late_bell() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        pool.submit(plain(&tally)).unwrap();
        let submitter = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || pool.submit(plain(&tally)).unwrap()
        });
        pool.time_out_idle_threads();
        submitter.join().unwrap();
        assert!(pool.metrics().num_idle_threads() <= 1, "idle twice");
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed), 2);
    });
}

/// Two submitters find no thread, and start no more than there may be. Threads: these two, one of the pool.
#[test]
fn submit_against_submit() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        let other = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || pool.submit(plain(&tally)).unwrap()
        });
        pool.submit(plain(&tally)).unwrap();
        assert!(pool.metrics().num_threads() <= 1);
        other.join().unwrap();
        assert!(pool.metrics().num_threads() <= 1);
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed), 2);
    });
}

/// The first thread is started while the pool is shut down. Threads: this one, a submitter, one of the pool.
#[test]
fn submit_against_shutdown() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        let submitter = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || usize::from(pool.submit(plain(&tally)).is_err())
        });
        assert!(pool.shutdown_now(None));
        // Whatever was begun is over, and nothing begins any more.
        let run = tally.run.load(Relaxed);
        let started = tally.threads_started.load(Relaxed);
        assert_eq!(tally.threads_stopped.load(Relaxed), started);
        let rejected = submitter.join().unwrap();
        assert_eq!(tally.threads_started.load(Relaxed), started);
        assert_eq!(tally.run.load(Relaxed), run);
        assert_eq!(run + tally.cancelled.load(Relaxed) + rejected, 1);
    });
}

/// A job is submitted to an idle thread, whose keep-alive runs out, while the pool is shut down. Threads: this one, a submitter, one of the
/// pool or two in turn.
#[test]
fn submit_against_idle_exit_against_shutdown() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        pool.submit(plain(&tally)).unwrap();
        let submitter = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || usize::from(pool.submit(plain(&tally)).is_err())
        });
        pool.time_out_idle_threads();
        assert!(pool.shutdown(None));
        let rejected = submitter.join().unwrap();
        assert_eq!(tally.run.load(Relaxed) + rejected, 2);
        assert_eq!(
            tally.threads_stopped.load(Relaxed),
            tally.threads_started.load(Relaxed)
        );
    });
}

/// Of two submitters, the one who first starts a thread is refused it. Threads: these two, one of the pool.
#[test]
fn submit_against_failed_start() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let refusals = AtomicUsize::new(1);
        let pool: Arc<JobPool<Plain>> = Arc::new(
            Pool::builder()
                .max_threads(1)
                .thread_name_fn(move || match refusals.swap(0, Relaxed) {
                    0 => String::new(),
                    _ => "refused".to_owned(),
                })
                .build_job_pool(),
        );
        let other = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || usize::from(pool.submit(plain(&tally)).is_err())
        });
        let rejected = usize::from(pool.submit(plain(&tally)).is_err());
        let rejected = rejected + other.join().unwrap();
        assert!(rejected <= 1);
        assert!(pool.metrics().num_threads() <= 1);
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed) + rejected, 2);
    });
}

/// Two shut the pool down, and both find its job done. Threads: these two, one of the pool.
#[test]
fn shutdown_against_running_job() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Plain>(1, &tally);
        pool.submit(plain(&tally)).unwrap();
        let other = thread::spawn({
            let (pool, tally) = (pool.clone(), tally.clone());
            move || {
                assert!(pool.shutdown(None));
                assert_eq!(tally.run.load(Relaxed), 1);
            }
        });
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed), 1);
        assert_eq!(tally.threads_stopped.load(Relaxed), 1);
        other.join().unwrap();
    });
}

/// Two jobs that wait for each other have a thread each, whoever is idle, coming or busy when they are submitted (tokio 8056).
/// Threads: this one, two of the pool.
#[test]
fn jobs_that_meet() {
    model(|| {
        let tally = Arc::new(Tally::default());
        let pool = pool::<Counted<Box<dyn FnOnce() + Send>>>(2, &tally);
        let meeting = StdArc::new((Mutex::new(0), Condvar::default()));
        let submit = |work: Box<dyn FnOnce() + Send>| {
            let tally = tally.clone();
            pool.submit(Counted { work, tally }).unwrap();
        };
        submit(Box::new(|| ()));
        for _ in 0..2 {
            let meeting = meeting.clone();
            submit(Box::new(move || {
                let (present, all_present) = &*meeting;
                let mut present = present.lock();
                *present += 1;
                while *present < 2 {
                    present = all_present.wait(present);
                }
                drop(present);
                all_present.notify_one();
            }));
        }
        assert!(pool.shutdown(None));
        assert_eq!(tally.run.load(Relaxed), 3);
    });
}

/// Threads: this one, which aborts, and one that runs the job.
#[test]
fn abort_against_start() {
    model(|| {
        let run = Arc::new(AtomicUsize::new(0));
        let call = Call::new(
            {
                let run = run.clone();
                move || run.fetch_add(1, Relaxed)
            },
            Location::caller(),
        );
        let queued = QueuedCall::new(call.clone());
        let runner = thread::spawn(move || queued.run());
        let handle = JoinHandle::new(call);
        handle.abort();
        let finished = usize::from(handle.join().is_ok());
        assert_eq!(run.load(Relaxed), finished);
        runner.join().unwrap();
        assert_eq!(run.load(Relaxed), finished);
    });
}

/// Threads: this one, which joins, and one that runs the job.
#[test]
fn join_against_completion() {
    model(|| {
        let call = Call::new(|| 42, Location::caller());
        let queued = QueuedCall::new(call.clone());
        let runner = thread::spawn(move || queued.run());
        assert_eq!(JoinHandle::new(call).join().unwrap(), 42);
        runner.join().unwrap();
    });
}

/// A waker that can be waited for.
#[derive(Default)]
struct Signal {
    woken: Mutex<usize>,
    changed: Condvar,
}

impl Signal {
    fn wait(&self) {
        let mut woken = self.woken.lock();
        while *woken == 0 {
            woken = self.changed.wait(woken);
        }
    }
}

impl Wake for Signal {
    fn wake(self: StdArc<Self>) {
        *self.woken.lock() += 1;
        self.changed.notify_one();
    }
}

/// The last waker that polled is woken. Threads: this one, which polls, and one that runs the job.
#[test]
fn poll_against_completion() {
    model(|| {
        let call = Call::new(|| 42, Location::caller());
        let queued = QueuedCall::new(call.clone());
        let runner = thread::spawn(move || queued.run());
        let mut handle = pin!(JoinHandle::new(call));
        let outcome = loop {
            let signal = StdArc::new(Signal::default());
            let waker = Waker::from(signal.clone());
            match handle.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending => signal.wait(),
            }
        };
        assert_eq!(outcome.unwrap(), 42);
        runner.join().unwrap();
    });
}

/// A handle that is dropped keeps no waker, and so no task, until the job is done; the result is dropped once.
/// Threads: this one, which drops the handle, and one that runs the job.
#[test]
fn drop_against_completion() {
    struct Output(Arc<AtomicUsize>);

    impl Drop for Output {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    model(|| {
        let run = Arc::new(AtomicUsize::new(0));
        let drops = Arc::new(AtomicUsize::new(0));
        let call = Call::new(
            {
                let (run, drops) = (run.clone(), drops.clone());
                move || {
                    run.store(1, Relaxed);
                    Output(drops)
                }
            },
            Location::caller(),
        );
        let queued = QueuedCall::new(call.clone());
        let runner = thread::spawn(move || queued.run());
        let signal = StdArc::new(Signal::default());
        let waker = Waker::from(signal.clone());
        let mut handle = JoinHandle::new(call);
        let polled = pin!(&mut handle).poll(&mut Context::from_waker(&waker));
        drop(waker);
        drop(handle);
        let kept = StdArc::strong_count(&signal) > 1;
        assert!(
            !kept || run.load(Relaxed) == 1,
            "only who completes it has it"
        );
        drop(polled);
        runner.join().unwrap();
        assert_eq!(StdArc::strong_count(&signal), 1);
        assert_eq!(drops.load(Relaxed), 1);
    });
}

/// A job is cancelled by a shutdown and aborted by its handle at once: it resolves once. Threads: this one and one that shuts down.
#[test]
fn abort_against_cancel() {
    model(|| {
        let call = Call::new(|| 42, Location::caller());
        let queued = QueuedCall::new(call.clone());
        let canceller = thread::spawn(move || queued.cancel());
        call.cancel(Cause::Abort);
        let handle = JoinHandle::new(call);
        assert!(handle.join().unwrap_err().is_cancelled());
        canceller.join().unwrap();
    });
}
