//! What the docs of the queues say, case by case, and a stress of several that put and get.
#![forbid(unsafe_code)]

use super::{GetError, LifoQueue, PriorityQueue, PutError, Queue, TryGetError, TryPutError};
use crate::coop::{self, Budget};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::cmp::Ordering;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::thread;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<&str>() {
        Ok(message) => message.to_string(),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
}

#[test]
fn each_has_its_order() {
    let (first, last, smallest) = (
        Queue::unbounded(),
        LifoQueue::unbounded(),
        PriorityQueue::unbounded(),
    );
    for item in [2, 3, 1] {
        first.try_put(item).unwrap();
        last.try_put(item).unwrap();
        smallest.try_put(item).unwrap();
    }
    let three =
        |get: &dyn Fn() -> Result<i32, TryGetError>| [get(), get(), get()].map(Result::unwrap);
    assert_eq!(three(&|| first.try_get()), [2, 3, 1]);
    assert_eq!(three(&|| last.try_get()), [1, 3, 2]);
    assert_eq!(three(&|| smallest.try_get()), [1, 2, 3]);
    assert_eq!(first.try_get(), Err(TryGetError::Empty));
}

#[test]
fn those_that_get_are_served_in_their_order() {
    let queue = Queue::new(5);
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let (mut get_1, mut get_2) = (pin!(queue.get()), pin!(queue.get()));
    assert!(poll(get_1.as_mut(), &first).is_pending());
    assert!(poll(get_2.as_mut(), &second).is_pending());
    queue.try_put(1).unwrap();
    assert_eq!((first.woken(), second.woken()), (1, 0));
    // It is the first's, though it was not polled yet.
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    queue.try_put(2).unwrap();
    assert_eq!(poll(get_1, &first), Poll::Ready(Ok(1)));
    assert_eq!(poll(get_2, &second), Poll::Ready(Ok(2)));
    assert!(first.is_released() && second.is_released());
}

#[test]
fn those_that_put_are_let_in_in_their_order() {
    let queue = Queue::new(1);
    let waker = CountingWaker::new();
    queue.try_put(1).unwrap();
    assert!(queue.is_full());
    let (mut put_2, mut put_3) = (pin!(queue.put(2)), pin!(queue.put(3)));
    assert!(poll(put_2.as_mut(), &waker).is_pending());
    assert!(poll(put_3.as_mut(), &waker).is_pending());
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(waker.woken(), 1);
    assert_eq!(queue.try_put(4), Err(TryPutError::Full(4)));
    assert!(poll(put_3.as_mut(), &waker).is_pending());
    assert_eq!(poll(put_2, &waker), Poll::Ready(Ok(())));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(poll(put_3, &waker), Poll::Ready(Ok(())));
    assert_eq!(queue.try_get(), Ok(3));
}

/// CPython 86296 and its like.
#[test]
fn a_get_that_is_dropped_loses_no_item_and_no_wake() {
    let queue = Queue::unbounded();
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let mut get_1 = Box::pin(queue.get());
    let mut get_2 = pin!(queue.get());
    assert!(poll(get_1.as_mut(), &first).is_pending());
    assert!(poll(get_2.as_mut(), &second).is_pending());
    queue.try_put(1).unwrap();
    drop(get_1);
    assert_eq!(second.woken(), 1);
    assert_eq!(poll(get_2, &second), Poll::Ready(Ok(1)));
    assert!(first.is_released() && second.is_released());
}

#[test]
fn a_put_that_is_dropped_passes_its_room_on() {
    let queue = Queue::new(1);
    let waker = CountingWaker::new();
    queue.try_put(1).unwrap();
    let mut put = Box::pin(queue.put(2));
    assert!(poll(put.as_mut(), &waker).is_pending());
    assert_eq!(queue.try_get(), Ok(1));
    drop(put);
    assert_eq!(queue.try_put(3), Ok(()));
    assert_eq!(queue.try_get(), Ok(3));
}

#[test]
fn close_refuses_and_drains() {
    let queue = Queue::new(2);
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let waker = CountingWaker::new();
    let mut put = pin!(queue.put(3));
    assert!(poll(put.as_mut(), &waker).is_pending());
    queue.close();
    queue.close();
    assert!(queue.is_closed());
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll(put, &waker), Poll::Ready(Err(PutError(3))));
    assert_eq!(queue.try_put(4), Err(TryPutError::Closed(4)));
    assert_eq!(block_on(queue.get()), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(block_on(queue.get()), Err(GetError(())));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

/// Who waits when it is closed is told of the end once nobody can pass an item on to him any more.
#[test]
fn close_ends_those_that_get_when_all_is_taken() {
    for is_taken in [true, false] {
        let queue = Queue::unbounded();
        let (waker, next) = (CountingWaker::new(), CountingWaker::new());
        let mut given = Box::pin(queue.get());
        let mut other = pin!(queue.get());
        assert!(poll(given.as_mut(), &waker).is_pending());
        assert!(poll(other.as_mut(), &next).is_pending());
        queue.try_put(1).unwrap();
        queue.close();
        assert_eq!((waker.woken(), next.woken()), (1, 0));
        assert_eq!(queue.try_get(), Err(TryGetError::Empty));
        if is_taken {
            assert_eq!(poll(given.as_mut(), &waker), Poll::Ready(Ok(1)));
            assert_eq!(next.woken(), 1);
            assert_eq!(poll(other, &next), Poll::Ready(Err(GetError(()))));
        } else {
            drop(given);
            assert_eq!(next.woken(), 1);
            assert_eq!(poll(other, &next), Poll::Ready(Ok(1)));
        }
        assert_eq!(queue.try_get(), Err(TryGetError::Closed));
        assert!(queue.is_empty());
    }
}

/// Nor does a panic of a waker that is told of the end cost who takes the last item.
#[test]
fn who_takes_the_last_of_a_closed_queue_gets_it_whoever_panics() {
    let queue = Queue::unbounded();
    let (waker, panics) = (CountingWaker::new(), CountingWaker::panicking());
    let mut given = pin!(queue.get());
    let mut other = pin!(queue.get());
    assert!(poll(given.as_mut(), &waker).is_pending());
    assert!(poll(other.as_mut(), &panics).is_pending());
    queue.try_put(1).unwrap();
    queue.close();
    assert_eq!(poll(given, &waker), Poll::Ready(Ok(1)));
    assert_eq!(poll(other, &waker), Poll::Ready(Err(GetError(()))));
}

#[test]
fn a_put_that_was_given_room_comes_too_late_for_close() {
    let queue = Queue::new(1);
    let waker = CountingWaker::new();
    queue.try_put(1).unwrap();
    let mut put = pin!(queue.put(2));
    assert!(poll(put.as_mut(), &waker).is_pending());
    assert_eq!(queue.try_get(), Ok(1));
    queue.close();
    assert_eq!(poll(put, &waker), Poll::Ready(Err(PutError(2))));
    assert!(queue.is_empty());
}

#[test]
fn join_waits_for_all_that_was_put() {
    let queue = Queue::unbounded();
    block_on(queue.join());
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let waker = CountingWaker::new();
    let mut join = pin!(queue.join());
    assert!(poll(join.as_mut(), &waker).is_pending());
    queue.try_get().unwrap();
    queue.task_done();
    queue.close();
    assert!(poll(join.as_mut(), &waker).is_pending());
    queue.try_get().unwrap();
    assert_eq!(waker.woken(), 0);
    queue.task_done();
    assert_eq!(waker.woken(), 1);
    assert!(poll(join, &waker).is_ready());
    block_on(queue.join());
}

#[test]
fn task_done_too_often_says_so() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.task_done();
    let panic = catch_unwind(AssertUnwindSafe(|| queue.task_done())).unwrap_err();
    assert!(message(panic).contains("once for each item"));
    block_on(queue.join());
}

#[test]
fn no_room_at_all_is_refused() {
    let panic = catch_unwind(|| drop(LifoQueue::<()>::new(0))).unwrap_err();
    assert!(message(panic).contains("at least one"));
}

#[test]
fn the_budget_is_spent() {
    let queue = Queue::unbounded();
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(2), || {
        assert!(poll(pin!(queue.put(1)), &waker).is_ready());
        assert!(poll(pin!(queue.get()), &waker).is_ready());
        assert!(poll(pin!(queue.put(2)), &waker).is_pending());
        assert!(poll(pin!(queue.get()), &waker).is_pending());
    });
    assert_eq!(waker.woken(), 2);
    assert!(queue.is_empty());
}

#[test]
fn wakers_that_panic_lose_nothing() {
    let queue = Queue::new(1);
    let (panics, waker) = (CountingWaker::panicking(), CountingWaker::new());
    let mut get = pin!(queue.get());
    assert!(poll(get.as_mut(), &panics).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| queue.try_put(1))).is_err());
    assert_eq!(poll(get, &waker), Poll::Ready(Ok(1)));

    queue.try_put(2).unwrap();
    let mut put = pin!(queue.put(3));
    assert!(poll(put.as_mut(), &panics).is_pending());
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(panics.woken(), 2);
    assert_eq!(poll(put, &waker), Poll::Ready(Ok(())));

    let (mut put, mut get) = (pin!(queue.put(4)), pin!(queue.get()));
    assert_eq!(poll(get.as_mut(), &waker), Poll::Ready(Ok(3)));
    get.set(queue.get());
    assert!(poll(get.as_mut(), &waker).is_pending());
    assert!(poll(put.as_mut(), &waker).is_ready());
    assert_eq!(poll(get, &waker), Poll::Ready(Ok(4)));

    // Each is told of the end, whichever panics.
    queue.try_put(5).unwrap();
    let mut put = pin!(queue.put(6));
    assert!(poll(put.as_mut(), &panics).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| queue.close())).is_err());
    assert_eq!(poll(put, &waker), Poll::Ready(Err(PutError(6))));
    assert_eq!(queue.try_get(), Ok(5));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

/// Compares, and panics on demand.
#[derive(Debug, PartialEq, Eq)]
struct Touchy(u32);

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Touchy {
    fn cmp(&self, other: &Self) -> Ordering {
        assert!(self.0 != 13 && other.0 != 13, "a comparison that panics");
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_comparison_that_panics_leaves_the_counts_right() {
    let queue = PriorityQueue::new(3);
    queue.try_put(Touchy(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| queue.try_put(Touchy(13)))).is_err());
    queue
        .try_put(Touchy(0))
        .unwrap_or_else(|_| panic!("there is room for three"));
    assert_eq!(queue.try_put(Touchy(9)), Err(TryPutError::Full(Touchy(9))));
    let mut got = 0;
    while !queue.is_empty() {
        got += usize::from(catch_unwind(AssertUnwindSafe(|| queue.try_get().unwrap())).is_ok());
    }
    assert!(got >= 1);
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    for n in 0..3 {
        queue.try_put(Touchy(n)).unwrap();
    }
    assert!(queue.is_full());
    // One for which somebody waits is handed over all the same.
    let queue = PriorityQueue::unbounded();
    let waker = CountingWaker::new();
    let mut get = pin!(queue.get());
    assert!(poll(get.as_mut(), &waker).is_pending());
    queue.try_put(Touchy(13)).unwrap();
    queue.close();
    assert_eq!(poll(get, &waker), Poll::Ready(Ok(Touchy(13))));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

/// All that is put is got, once, by those that get until the end; `join` waits for it.
#[test]
fn stress() {
    const EACH: usize = if cfg!(debug_assertions) {
        5_000
    } else {
        50_000
    };
    for capacity in [Some(1), Some(3), None] {
        let queue = Arc::new(capacity.map_or_else(Queue::unbounded, Queue::new));
        let spawn = |work: fn(&Queue<usize>, usize) -> usize| {
            [0, 1].map(|n| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || work(&queue, n))
            })
        };
        let getters = spawn(|queue, _| {
            let mut sum = 0;
            while let Ok(item) = block_on(queue.get()) {
                sum += item;
                queue.task_done();
            }
            sum
        });
        let putters = spawn(|queue, n| {
            for item in 0..EACH {
                block_on(queue.put(2 * item + n)).unwrap();
            }
            0
        });
        for putter in putters {
            putter.join().unwrap();
        }
        block_on(queue.join());
        queue.close();
        let sum: usize = getters
            .into_iter()
            .map(|getter| getter.join().unwrap())
            .sum();
        assert_eq!(sum, (0..2 * EACH).sum());
    }
}

/// What was put before or while it is closed is got by somebody.
#[test]
fn stress_of_close() {
    for _ in 0..if cfg!(debug_assertions) { 300 } else { 3_000 } {
        let queue = Arc::new(Queue::unbounded());
        let [one, two] = [0, 1].map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut got = 0;
                while block_on(queue.get()).is_ok() {
                    got += 1;
                }
                got
            })
        });
        let putter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (0..20).filter(|_| queue.try_put(()).is_ok()).count())
        };
        if queue.len() > 3 {
            thread::yield_now();
        }
        queue.close();
        let put = putter.join().unwrap();
        assert_eq!(one.join().unwrap() + two.join().unwrap(), put);
        assert!(queue.is_empty());
    }
}
