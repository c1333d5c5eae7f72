//! The models of the semaphore, on which the locks and bounded channels stand: up to three threads, with batches of two.
#![forbid(unsafe_code)]

use super::core::{Acquire, Permits};
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::Relaxed;
use crate::loom::{model, thread};
use crate::trace::Waiting;
use crate::wait_list::BATCH;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

fn acquire(permits: &Permits, count: usize) -> Acquire<'_> {
    permits.acquire(
        count,
        Waiting::new("Semaphore", "Sync", "Semaphore::acquire"),
    )
}

fn poll(future: Pin<&mut Acquire<'_>>, waker: &Arc<CountingWaker>) -> Poll<bool> {
    waker.enter(|cx| future.poll(cx).map(|outcome| outcome.is_ok()))
}

/// A permit lets one through at a time, and who has it sees what was done by the one before.
#[test]
fn acquire_against_release() {
    model(|| {
        let shared = Arc::new((Permits::new(1), AtomicUsize::new(0)));
        let add = |shared: &(Permits, AtomicUsize)| {
            block_on(acquire(&shared.0, 1)).unwrap();
            let value = shared.1.load(Relaxed);
            shared.1.store(value + 1, Relaxed);
            shared.0.release(1);
        };
        let others = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || add(&shared))
        });
        add(&shared);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(shared.1.load(Relaxed), 3);
        assert_eq!(shared.0.available(), 1);
    });
}

/// Many permits are put together from several releases, whose makers are all seen; nobody overtakes who waits for them.
#[test]
fn acquire_many_against_releases() {
    model(|| {
        let shared = Arc::new((Permits::new(0), AtomicUsize::new(0), AtomicUsize::new(0)));
        let mut future = pin!(acquire(&shared.0, 3));
        let others = [1, 2].map(|n| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                match n {
                    1 => shared.1.store(1, Relaxed),
                    _ => shared.2.store(1, Relaxed),
                }
                shared.0.release(n);
            })
        });
        let waker = CountingWaker::new();
        let waits = poll(future.as_mut(), &waker).is_pending();
        if waits {
            assert!(shared.0.try_acquire(1).is_err());
            block_on(future).unwrap();
        }
        assert_eq!(shared.1.load(Relaxed) + shared.2.load(Relaxed), 2);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(shared.0.available(), 0);
    });
}

/// A future that is dropped gives back what it got, whenever that was, to the next.
#[test]
fn release_against_drop() {
    model(|| {
        let permits = Arc::new(Permits::new(1));
        let waker = CountingWaker::new();
        let mut first = Box::pin(acquire(&permits, 2));
        let mut second = pin!(acquire(&permits, 2));
        assert!(poll(first.as_mut(), &waker).is_pending());
        assert!(poll(second.as_mut(), &waker).is_pending());
        let other = thread::spawn({
            let permits = Arc::clone(&permits);
            move || permits.release(1)
        });
        drop(first);
        other.join().unwrap();
        assert_eq!(poll(second, &waker), Poll::Ready(true));
        assert!(waker.is_released());
        assert_eq!(permits.available(), 0);
    });
}

/// As above, where the list is empty at times, and what is given back goes through the word.
#[test]
fn two_waiters_against_release_and_drop() {
    model(|| {
        let permits = Arc::new(Permits::new(0));
        let gives_up = thread::spawn({
            let permits = Arc::clone(&permits);
            move || {
                let mut future = Box::pin(acquire(&permits, 1));
                if poll(future.as_mut(), &CountingWaker::new()).is_ready() {
                    permits.release(1);
                }
            }
        });
        let other = thread::spawn({
            let permits = Arc::clone(&permits);
            move || permits.release(1)
        });
        block_on(acquire(&permits, 1)).unwrap();
        gives_up.join().unwrap();
        other.join().unwrap();
        assert_eq!(permits.available(), 0);
    });
}

/// Who waits is told of the end, whenever it comes; permits that come with it are lost to nobody.
#[test]
fn close_against_acquire_against_release() {
    model(|| {
        let shared = Arc::new((Permits::new(1), AtomicUsize::new(0)));
        let closer = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(1, Relaxed);
                shared.0.close();
            }
        });
        let releaser = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.0.release(1)
        });
        match block_on(acquire(&shared.0, 2)) {
            Ok(()) => shared.0.release(2),
            Err(_) => assert_eq!(shared.1.load(Relaxed), 1),
        }
        closer.join().unwrap();
        releaser.join().unwrap();
        assert!(shared.0.is_closed());
        assert_eq!(shared.0.available(), 2);
    });
}

/// The waker of the last poll that was pending is the one that is woken.
#[test]
fn release_against_change_of_task() {
    model(|| {
        let permits = Arc::new(Permits::new(0));
        let (first, second) = (CountingWaker::new(), CountingWaker::new());
        let mut future = pin!(acquire(&permits, 1));
        assert!(poll(future.as_mut(), &first).is_pending());
        let other = thread::spawn({
            let permits = Arc::clone(&permits);
            move || permits.release(1)
        });
        let early = poll(future.as_mut(), &second);
        other.join().unwrap();
        if early.is_pending() {
            assert_eq!(second.woken(), 1);
            assert_eq!(poll(future.as_mut(), &second), Poll::Ready(true));
        }
        assert!(first.is_released() && second.is_released());
    });
}

/// A waker that panics loses nobody's permit, while the list is woken in batches and a waiter in it goes.
#[test]
fn release_against_drop_with_waker_that_panics() {
    model(|| {
        let permits = Arc::new(Permits::new(0));
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waiters: Vec<_> = (0..BATCH + 2)
            .map(|_| Box::pin(acquire(&permits, 1)))
            .collect();
        assert!(poll(waiters[0].as_mut(), &panics).is_pending());
        for waiter in &mut waiters[1..] {
            assert!(poll(waiter.as_mut(), &counts).is_pending());
        }
        let releaser = thread::spawn({
            let permits = Arc::clone(&permits);
            move || catch_unwind(AssertUnwindSafe(|| permits.release(BATCH + 2))).is_err()
        });
        drop(waiters.pop());
        assert!(releaser.join().unwrap());
        assert!(counts.woken() >= BATCH);
        for waiter in &mut waiters {
            assert_eq!(poll(waiter.as_mut(), &counts), Poll::Ready(true));
        }
        assert!(panics.is_released() && counts.is_released());
        assert_eq!(permits.available(), 1);
    });
}
