//! What the docs of `Condition` say, case by case, and a stress of it as a queue of several consumers.
#![forbid(unsafe_code)]

use super::Condition;
use crate::counting_waker::CountingWaker;
use crate::mutex::{Mutex, MutexGuard};
use crate::wait_list::BATCH;
use futures_lite::future::block_on;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

type Wait<'a> = Pin<Box<dyn Future<Output = MutexGuard<'a, ()>> + 'a>>;

/// A task that has locked, waits, and has unlocked so.
fn wait<'a>(
    mutex: &'a Mutex<()>,
    condition: &'a Condition,
    waker: &Arc<CountingWaker>,
) -> Wait<'a> {
    let mut wait: Wait<'a> = Box::pin(condition.wait(mutex.try_lock().unwrap()));
    assert!(mutex.try_lock().is_err());
    assert!(poll(&mut wait, waker).is_pending());
    assert!(mutex.try_lock().is_ok());
    wait
}

fn poll<'a>(wait: &mut Wait<'a>, waker: &Arc<CountingWaker>) -> Poll<MutexGuard<'a, ()>> {
    waker.enter(|cx| wait.as_mut().poll(cx))
}

#[test]
fn notifications_go_to_those_who_have_waited_longest() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    // For which nobody waits, and nobody hears of it.
    condition.notify_one();
    condition.notify_all();
    let wakers = [(); 4].map(|()| CountingWaker::new());
    let mut waits: Vec<_> = wakers
        .iter()
        .map(|waker| wait(&mutex, &condition, waker))
        .collect();
    condition.notify(0);
    condition.notify(2);
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 1, 0, 0]);
    condition.notify_one();
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 1, 1, 0]);
    for (n, waker) in wakers.iter().enumerate() {
        let polled = poll(&mut waits[n], waker);
        assert_eq!(polled.is_ready(), n < 3);
        // One has the lock at a time.
        assert_eq!(mutex.try_lock().is_ok(), n == 3);
    }
}

#[test]
fn who_was_notified_waits_for_the_lock() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let waker = CountingWaker::new();
    let mut waits = wait(&mutex, &condition, &waker);
    let guard = mutex.try_lock().unwrap();
    condition.notify_one();
    assert!(poll(&mut waits, &waker).is_pending());
    drop(guard);
    assert_eq!(waker.woken(), 2);
    assert!(poll(&mut waits, &waker).is_ready());
    drop(waits);
    assert!(waker.is_released());
}

#[test]
fn a_notification_that_was_not_told_goes_to_the_next() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let wakers = [(); 3].map(|()| CountingWaker::new());
    let mut waits: Vec<_> = wakers
        .iter()
        .map(|waker| wait(&mutex, &condition, waker))
        .collect();
    condition.notify_one();
    drop(waits.remove(0));
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 1, 0]);
    // Also from one who waits for the lock.
    let guard = mutex.try_lock().unwrap();
    assert!(poll(&mut waits[0], &wakers[1]).is_pending());
    drop(waits.remove(0));
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 1, 1]);
    drop(guard);
    assert!(poll(&mut waits[0], &wakers[2]).is_ready());
    // And from nobody to nobody.
    drop(waits);
    let mut waits = wait(&mutex, &condition, &wakers[0]);
    condition.notify_one();
    drop(waits);
    waits = wait(&mutex, &condition, &wakers[0]);
    assert!(poll(&mut waits, &wakers[0]).is_pending());
}

#[test]
fn one_that_was_told_passes_nothing_on_nor_does_one_of_all() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let waker = CountingWaker::new();
    let mut first = wait(&mutex, &condition, &waker);
    let mut all = wait(&mutex, &condition, &waker);
    condition.notify_one();
    assert!(poll(&mut first, &waker).is_ready());
    drop(first);
    assert!(poll(&mut all, &waker).is_pending());
    condition.notify_all();
    let mut later = wait(&mutex, &condition, &waker);
    drop(all);
    assert!(poll(&mut later, &waker).is_pending());
}

#[test]
fn a_wait_that_is_dropped_has_no_lock() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let waker = CountingWaker::new();
    drop(condition.wait(mutex.try_lock().unwrap()));
    assert!(mutex.try_lock().is_ok());
    drop(wait(&mutex, &condition, &waker));
    assert!(mutex.try_lock().is_ok());
    assert!(waker.is_released());
    assert_eq!(format!("{condition:?}"), "Condition { waiting: 0, .. }");
}

#[test]
fn all_are_woken_in_batches_though_one_panics() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let mut waits = vec![wait(&mutex, &condition, &panics)];
    waits.extend((0..2 * BATCH).map(|_| wait(&mutex, &condition, &counts)));
    assert!(catch_unwind(AssertUnwindSafe(|| condition.notify_all())).is_err());
    assert_eq!(counts.woken(), 2 * BATCH);
    assert!(waits.iter_mut().all(|wait| poll(wait, &counts).is_ready()));
}

#[test]
fn the_predicate_is_asked_first_and_at_each_notification() {
    let (mutex, condition) = (Mutex::new(0), Condition::new());
    let waker = CountingWaker::new();
    assert_eq!(
        *block_on(condition.wait_for(mutex.try_lock().unwrap(), |_| true)),
        0
    );
    let mut wait = Box::pin(condition.wait_for(mutex.try_lock().unwrap(), |n| {
        *n += 1;
        *n == 3
    }));
    for asked in 1..3 {
        assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
        assert_eq!(*mutex.try_lock().unwrap(), asked);
        condition.notify_one();
    }
    assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_ready());
}

/// Producers and consumers of a queue, of whom some give up: each item comes out once.
#[test]
fn stress() {
    const ITEMS: usize = 4_000;
    let queue = Mutex::new(VecDeque::new());
    let pushed = Condition::new();
    let pop = async || {
        let guard = pushed.wait_for(queue.lock().await, |items| !items.is_empty());
        guard.await.pop_front().expect("it was waited for")
    };
    let mut items: Vec<usize> = thread::scope(|scope| {
        for part in 0..2 {
            let (queue, pushed) = (&queue, &pushed);
            scope.spawn(move || {
                for n in 0..ITEMS / 2 {
                    block_on(queue.lock()).push_back(2 * n + part);
                    pushed.notify_one();
                }
            });
        }
        let consumers = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut items = Vec::new();
                while items.len() < ITEMS / 2 {
                    let mut gives_up = Box::pin(pop());
                    let polled = CountingWaker::new().enter(|cx| gives_up.as_mut().poll(cx));
                    items.push(match polled {
                        Poll::Ready(item) => item,
                        Poll::Pending => {
                            drop(gives_up);
                            block_on(pop())
                        }
                    });
                }
                items
            })
        });
        consumers
            .into_iter()
            .flat_map(|consumer| consumer.join().unwrap())
            .collect()
    });
    items.sort_unstable();
    assert!(items.into_iter().eq(0..ITEMS));
}
