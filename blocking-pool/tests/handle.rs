//! The handle: a future on any executor, joinable from threads, abortable while its job waits.

use futures_lite::future::{self, block_on, poll_once};
use heist_blocking_pool::{JoinHandle, Pool};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// A pool of one thread that is kept busy until the sender is dropped.
fn busy_pool() -> (Pool, mpsc::Sender<()>) {
    let pool = Pool::builder().max_threads(1).build();
    let (release, released) = mpsc::channel::<()>();
    drop(pool.spawn(move || released.recv()));
    (pool, release)
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll<T>(
    handle: &mut JoinHandle<T>,
    waker: &Waker,
) -> Poll<Result<T, heist_blocking_pool::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

#[test]
fn results_for_tasks_and_for_threads() {
    let pool = Pool::new();
    assert_eq!(
        pool.spawn(|| String::from("thread")).join().unwrap(),
        "thread"
    );
    assert_eq!(
        block_on(pool.spawn(|| String::from("task"))).unwrap(),
        "task"
    );
    let both = block_on(future::zip(pool.spawn(|| 1), pool.spawn(|| 2)));
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (1, 2));
}

#[test]
fn a_job_may_join_another() {
    fn sum(pool: Arc<Pool>, from: u32, to: u32) -> u32 {
        if to - from <= 1 {
            return from;
        }
        let middle = from.midpoint(to);
        let left = pool.spawn({
            let pool = pool.clone();
            move || sum(pool, from, middle)
        });
        sum(pool, middle, to) + left.join().unwrap()
    }

    let pool = Arc::new(Pool::new());
    assert_eq!(sum(pool.clone(), 0, 50), 49 * 25);
    assert!(pool.shutdown(None));
}

#[test]
fn only_the_last_waker_is_woken() {
    let (pool, release) = busy_pool();
    let mut handle = pool.spawn(|| 42);
    let counters: [Arc<Counter>; 2] = Default::default();
    let wakers = counters.clone().map(Waker::from);
    for waker in [&wakers[0], &wakers[0], &wakers[1], &wakers[1]] {
        assert!(poll(&mut handle, waker).is_pending());
    }
    assert_eq!(Arc::strong_count(&counters[0]), 2, "the first is let go");
    assert!(!handle.is_finished());
    drop(release);
    while !handle.is_finished() {
        thread::yield_now();
    }
    assert!(pool.shutdown(None));
    assert_eq!(counters[0].0.load(Ordering::SeqCst), 0);
    assert_eq!(counters[1].0.load(Ordering::SeqCst), 1);
    assert!(matches!(poll(&mut handle, &wakers[0]), Poll::Ready(Ok(42))));
    assert!(handle.is_finished());
}

#[test]
fn waiting_can_be_given_up_and_taken_up_again() {
    let (pool, release) = busy_pool();
    let mut handle = pool.spawn(|| 42);
    assert!(block_on(poll_once(&mut handle)).is_none());
    drop(release);
    assert_eq!(handle.join().unwrap(), 42);
}

#[test]
#[should_panic(expected = "a `JoinHandle` was polled again after it gave its result")]
fn a_result_is_given_once() {
    let pool = Pool::new();
    let mut handle = pool.spawn(|| 42);
    assert_eq!(block_on(&mut handle).unwrap(), 42);
    let _ = handle.join();
}

#[test]
fn an_aborted_job_never_begins() {
    let (pool, release) = busy_pool();
    let captured = Arc::new(());
    let counter = Arc::new(Counter::default());
    let mut handle = pool.spawn({
        let captured = captured.clone();
        move || drop(captured)
    });
    assert!(poll(&mut handle, &Waker::from(counter.clone())).is_pending());
    handle.abort();
    assert_eq!(
        Arc::strong_count(&captured),
        1,
        "the closure is gone at once"
    );
    assert_eq!(counter.0.load(Ordering::SeqCst), 1);
    assert!(handle.is_finished());
    handle.abort();
    let error = handle.join().unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert_eq!(error.to_string(), "the job was cancelled: it was aborted");
    assert!(error.try_into_panic().is_err());
    drop(release);
}

#[test]
fn a_job_that_was_begun_is_not_aborted() {
    let pool = Pool::new();
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let handle = pool.spawn(move || {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    begun.recv().unwrap();
    handle.abort();
    assert!(!handle.is_finished());
    drop(release);
    assert!(handle.join().unwrap());
}

#[test]
fn a_dropped_handle_detaches_and_lets_its_task_go() {
    let (pool, release) = busy_pool();
    let counter = Arc::new(Counter::default());
    let (done, is_done) = mpsc::channel();
    let mut handle = pool.spawn(move || done.send(()));
    let waker = Waker::from(counter.clone());
    assert!(poll(&mut handle, &waker).is_pending());
    drop((handle, waker));
    assert_eq!(Arc::strong_count(&counter), 1);
    drop(release);
    is_done.recv().unwrap();
    assert!(pool.shutdown(None));
    assert_eq!(counter.0.load(Ordering::SeqCst), 0);
}

/// An executor may poll inside `wake`.
#[test]
fn a_waker_that_polls_inline() {
    struct Inline(std::sync::Mutex<Option<JoinHandle<u32>>>, mpsc::Sender<u32>);

    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let mut handle = self.0.lock().unwrap().take().unwrap();
            if let Poll::Ready(outcome) = poll(&mut handle, Waker::noop()) {
                self.1.send(outcome.unwrap()).unwrap();
            }
        }
    }

    let (pool, release) = busy_pool();
    let (sender, receiver) = mpsc::channel();
    let task = Arc::new(Inline(std::sync::Mutex::new(None), sender));
    let mut handle = pool.spawn(|| 42);
    assert!(poll(&mut handle, &Waker::from(task.clone())).is_pending());
    *task.0.lock().unwrap() = Some(handle);
    drop(release);
    assert_eq!(receiver.recv().unwrap(), 42);
}
