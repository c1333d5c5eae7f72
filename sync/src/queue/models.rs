//! The models of the queues: up to three threads.
#![forbid(unsafe_code)]

use super::Queue;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{Arc, model, thread};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

fn poll<F: Future>(future: Pin<&mut F>, waker: &std::sync::Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

/// Two items through room for one, to two that get: each gets one.
#[test]
fn queue_put_against_gets() {
    model(|| {
        let queue = Arc::new(Queue::new(1));
        let putter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                block_on(queue.put(1)).unwrap();
                block_on(queue.put(2)).unwrap();
            })
        };
        let getter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(queue.get()).unwrap())
        };
        let mine = block_on(queue.get()).unwrap();
        assert_eq!(mine + getter.join().unwrap(), 3);
        putter.join().unwrap();
        assert!(queue.is_empty());
    });
}

/// A get that is dropped while it waits passes on what it was given.
#[test]
fn queue_put_against_drop_of_get() {
    model(|| {
        let queue = Arc::new(Queue::unbounded());
        let (waker, next) = (CountingWaker::new(), CountingWaker::new());
        let mut first = Box::pin(queue.get());
        let mut second = pin!(queue.get());
        assert!(poll(first.as_mut(), &waker).is_pending());
        assert!(poll(second.as_mut(), &next).is_pending());
        let putter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_put(1).unwrap())
        };
        let got = poll(first.as_mut(), &waker).is_ready();
        drop(first);
        putter.join().unwrap();
        assert_eq!(next.woken(), usize::from(!got));
        assert_eq!(poll(second, &next).is_ready(), !got);
        assert!(waker.is_released());
    });
}

/// What is put before it is closed, for who waits already or not, is got; the others are told.
#[test]
fn queue_put_against_close() {
    for waits in [false, true] {
        model(move || {
            let queue = Arc::new(Queue::unbounded());
            let waker = CountingWaker::new();
            let mut get = pin!(queue.get());
            if waits {
                assert!(poll(get.as_mut(), &waker).is_pending());
            }
            let putter = {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.try_put(1).is_ok())
            };
            let closer = {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.close())
            };
            let got = block_on(get).is_ok();
            assert_eq!(got, putter.join().unwrap());
            closer.join().unwrap();
            assert!(queue.try_get().is_err() && queue.is_empty());
        });
    }
}

/// It is closed with an item in it, which is given to one who drops his get: the other gets it, and is told of no end before.
#[test]
fn queue_close_against_drop_of_get() {
    model(|| {
        let queue = Arc::new(Queue::unbounded());
        let waker = CountingWaker::new();
        let mut first = Box::pin(queue.get());
        let mut second = pin!(queue.get());
        assert!(poll(first.as_mut(), &waker).is_pending());
        assert!(poll(second.as_mut(), &waker).is_pending());
        queue.try_put(1).unwrap();
        let closer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.close())
        };
        drop(first);
        assert_eq!(block_on(second), Ok(1));
        closer.join().unwrap();
        assert!(block_on(queue.get()).is_err());
    });
}

/// All is done, one more is put, and joined for, while who has done the last is still about to tell those that waited: the new one is waited for.
#[test]
fn queue_task_done_against_later_join() {
    model(|| {
        let queue = Arc::new(Queue::unbounded());
        queue.try_put(1).unwrap();
        queue.try_get().unwrap();
        let done = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.task_done())
        };
        let waker = CountingWaker::new();
        if poll(pin!(queue.join()), &waker).is_ready() {
            queue.try_put(2).unwrap();
            let mut join = pin!(queue.join());
            assert!(poll(join.as_mut(), &waker).is_pending());
            done.join().unwrap();
            assert!(poll(join.as_mut(), &waker).is_pending());
            queue.task_done();
            assert!(poll(join, &waker).is_ready());
        } else {
            done.join().unwrap();
        }
    });
}

/// Who joins is told by the last that is done, and sees what was done.
#[test]
fn queue_task_done_against_join() {
    model(|| {
        let queue = Arc::new(Queue::unbounded());
        queue.try_put(1).unwrap();
        queue.try_put(2).unwrap();
        let done = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.try_get().unwrap();
                queue.task_done();
            })
        });
        block_on(queue.join());
        assert!(queue.is_empty());
        for done in done {
            done.join().unwrap();
        }
    });
}
