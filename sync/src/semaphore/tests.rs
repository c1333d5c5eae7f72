//! What the docs of `Semaphore` say, case by case, and a stress of it with futures that give up.
#![forbid(unsafe_code)]

use super::{Semaphore, SemaphorePermit, TryAcquireError};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use crate::wait_list::BATCH;
use futures_lite::future::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

type Acquired<'a> = Result<SemaphorePermit<'a>, super::AcquireError>;

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

/// Futures that wait, in this order, each with its waker.
struct Waiting<'a> {
    futures: Vec<Option<Pin<Box<dyn Future<Output = Acquired<'a>> + 'a>>>>,
    wakers: Vec<Arc<CountingWaker>>,
}

impl<'a> Waiting<'a> {
    fn new(semaphore: &'a Semaphore, counts: &[u32]) -> Self {
        let mut waiting = Self {
            futures: Vec::new(),
            wakers: Vec::new(),
        };
        for (n, &count) in counts.iter().enumerate() {
            waiting
                .futures
                .push(Some(Box::pin(semaphore.acquire_many(count))));
            waiting.wakers.push(CountingWaker::new());
            assert!(waiting.poll(n).is_pending());
        }
        waiting
    }

    fn poll(&mut self, n: usize) -> Poll<Acquired<'a>> {
        let future = self.futures[n].as_mut().expect("it is not dropped");
        poll(future.as_mut(), &self.wakers[n])
    }

    fn drop(&mut self, n: usize) {
        self.futures[n] = None;
    }

    fn woken(&self) -> Vec<usize> {
        self.wakers.iter().map(|waker| waker.woken()).collect()
    }
}

#[test]
fn permits_are_counted() {
    let semaphore = Semaphore::new(3);
    let one = semaphore.try_acquire().unwrap();
    let two = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    one.forget();
    assert_eq!(semaphore.available_permits(), 2);
    assert_eq!(semaphore.forget_permits(5), 2);
    assert_eq!(semaphore.forget_permits(5), 0);
    semaphore.add_permits(1);
    assert_eq!(block_on(semaphore.acquire()).unwrap().num_permits(), 1);
}

#[test]
fn permits_go_to_the_first_and_nobody_overtakes() {
    let semaphore = Semaphore::new(1);
    let mut waiting = Waiting::new(&semaphore, &[3, 1, 1]);
    // The first has taken what there was.
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(1);
    assert_eq!(waiting.woken(), [0, 0, 0]);
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::NoPermits
    );
    semaphore.add_permits(2);
    assert_eq!(waiting.woken(), [1, 1, 0]);
    let Poll::Ready(Ok(first)) = waiting.poll(0) else {
        panic!("it has got its permits")
    };
    assert!(waiting.poll(2).is_pending());
    // The second gives its own back at once.
    assert!(waiting.poll(1).is_ready());
    assert_eq!(waiting.woken(), [1, 1, 1]);
    assert!(waiting.poll(2).is_ready());
    drop(first);
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn one_that_gives_up_gives_back_what_it_had() {
    let semaphore = Semaphore::new(2);
    let mut waiting = Waiting::new(&semaphore, &[3, 1, 2]);
    waiting.drop(0);
    assert_eq!(waiting.woken(), [0, 1, 0]);
    // One that was given all, and not told.
    waiting.drop(1);
    assert_eq!(waiting.woken(), [0, 1, 1]);
    waiting.drop(2);
    assert_eq!(semaphore.available_permits(), 2);
    assert!(waiting.wakers.iter().all(|waker| waker.is_released()));
}

#[test]
fn one_that_gives_up_in_the_middle_leaves_the_others_their_order() {
    let semaphore = Semaphore::new(0);
    let mut waiting = Waiting::new(&semaphore, &[1, 1, 1]);
    waiting.drop(1);
    semaphore.add_permits(2);
    assert_eq!(waiting.woken(), [1, 0, 1]);
    assert!(waiting.poll(0).is_ready() && waiting.poll(2).is_ready());
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn many_are_woken_in_batches() {
    for count in [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 1] {
        let semaphore = Semaphore::new(0);
        let mut waiting = Waiting::new(&semaphore, &vec![1; count]);
        semaphore.add_permits(count + 1);
        assert!(waiting.woken().iter().all(|&woken| woken == 1));
        assert_eq!(semaphore.available_permits(), 1);
        assert!((0..count).all(|n| waiting.poll(n).is_ready()));
        assert_eq!(semaphore.available_permits(), count + 1);
    }
}

#[test]
fn closing_tells_all_and_takes_nothing_away() {
    for count in [1, BATCH, 2 * BATCH + 1] {
        let semaphore = Semaphore::new(3);
        let held = semaphore.try_acquire().unwrap();
        let mut waiting = Waiting::new(&semaphore, &vec![3; count]);
        semaphore.close();
        assert!(semaphore.is_closed());
        assert!(waiting.woken().iter().all(|&woken| woken == 1));
        assert!((0..count).all(|n| matches!(waiting.poll(n), Poll::Ready(Err(_)))));
        assert_eq!(
            semaphore.try_acquire().unwrap_err(),
            TryAcquireError::Closed
        );
        assert!(block_on(semaphore.acquire_many(0)).is_err());
        drop((held, waiting));
        assert_eq!(semaphore.available_permits(), 3);
        semaphore.close();
    }
}

#[test]
fn what_was_given_before_the_closing_stays() {
    let semaphore = Semaphore::new(0);
    let mut waiting = Waiting::new(&semaphore, &[1, 1]);
    semaphore.add_permits(1);
    semaphore.close();
    assert!(matches!(waiting.poll(0), Poll::Ready(Ok(_))));
    assert!(matches!(waiting.poll(1), Poll::Ready(Err(_))));
}

#[test]
fn no_permits_are_always_there() {
    let semaphore = Semaphore::new(0);
    let mut waiting = Waiting::new(&semaphore, &[1]);
    assert_eq!(
        block_on(semaphore.acquire_many(0)).unwrap().num_permits(),
        0
    );
    semaphore.add_permits(0);
    assert!(waiting.poll(0).is_pending());
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let semaphore = Semaphore::new(0);
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let mut future = pin!(semaphore.acquire());
    assert!(poll(future.as_mut(), &first).is_pending());
    assert!(poll(future.as_mut(), &second).is_pending());
    assert!(first.is_released());
    semaphore.add_permits(1);
    assert_eq!((first.woken(), second.woken()), (0, 1));
    assert!(poll(future, &second).is_ready());
    assert!(second.is_released());
}

#[test]
fn a_waker_that_panics_costs_nobody_a_permit() {
    let semaphore = Semaphore::new(0);
    let panics = CountingWaker::panicking();
    let mut first = Box::pin(semaphore.acquire());
    assert!(poll(first.as_mut(), &panics).is_pending());
    let mut waiting = Waiting::new(&semaphore, &[1; BATCH + 1]);
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(BATCH + 3))).is_err());
    assert!(waiting.woken().iter().all(|&woken| woken == 1));
    assert_eq!(semaphore.available_permits(), 1);
    assert!((0..=BATCH).all(|n| waiting.poll(n).is_ready()));
    assert!(poll(first.as_mut(), &panics).is_ready());
    drop(first);
    assert!(panics.is_released());
    assert_eq!(semaphore.available_permits(), BATCH + 3);
}

#[test]
fn guards_merge_and_split() {
    let (semaphore, other) = (Semaphore::new(4), Semaphore::new(1));
    let mut permit = semaphore.try_acquire_many(3).unwrap();
    let two = permit.split(2).unwrap();
    assert!(permit.split(usize::MAX).is_none());
    permit.merge(two);
    assert_eq!(permit.split(0).unwrap().num_permits(), 0);
    let foreign = other.try_acquire().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| permit.merge(foreign))).is_err());
    assert_eq!((permit.num_permits(), other.available_permits()), (3, 1));
    drop(permit);
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn too_many_permits_panic_and_change_nothing() {
    assert!(catch_unwind(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).is_err());
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS - 1);
    semaphore.add_permits(1);
    assert!(catch_unwind(|| semaphore.add_permits(1)).is_err());
    assert!(catch_unwind(|| semaphore.add_permits(usize::MAX)).is_err());
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    let empty = Semaphore::new(0);
    let mut waiting = Waiting::new(&empty, &[1]);
    assert!(catch_unwind(|| empty.add_permits(usize::MAX)).is_err());
    assert!(waiting.poll(0).is_pending());
}

#[test]
fn it_spends_the_budget_when_it_is_ready() {
    let semaphore = Semaphore::new(5);
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(1), || {
        assert!(poll(pin!(semaphore.acquire()), &waker).is_ready());
        assert!(poll(pin!(semaphore.acquire()), &waker).is_pending());
    });
    assert_eq!(waker.woken(), 1);
    assert_eq!(semaphore.available_permits(), 5);
    coop::with_budget(Budget::new(1), || {
        assert!(poll(pin!(semaphore.acquire_many(6)), &waker).is_pending());
        assert!(coop::has_budget_remaining());
    });
}

#[test]
fn blocking_on_a_worker_panics_and_says_what_to_do() {
    let semaphore = Semaphore::new(1);
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    let panic = coop::enter(worker, || {
        catch_unwind(|| semaphore.blocking_acquire().is_ok()).unwrap_err()
    });
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("await `acquire`"), "{message}");
}

/// Threads that acquire, give up at random and hold what they get: there are never more holders than permits, and all
/// permits come back.
#[test]
fn stress() {
    const PERMITS: usize = 3;
    let rounds = if cfg!(miri) { 50 } else { 5_000 };
    let semaphore = Semaphore::new(PERMITS);
    let held = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let (semaphore, held) = (&semaphore, &held);
            scope.spawn(move || {
                for round in 0..rounds {
                    let count = 1 + (thread + round) % 3;
                    let mut future = Box::pin(semaphore.acquire_many(count));
                    let gives_up = (round * 7 + thread) % 5 == 0;
                    let permit = match poll(future.as_mut(), &CountingWaker::new()) {
                        Poll::Ready(permit) => permit,
                        Poll::Pending if gives_up => continue,
                        Poll::Pending => block_on(future),
                    };
                    let permit = permit.unwrap();
                    let count = permit.num_permits();
                    assert!(held.fetch_add(count, Relaxed) + count <= PERMITS);
                    held.fetch_sub(count, Relaxed);
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), PERMITS);
}
