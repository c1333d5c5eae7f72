//! What the docs of the channels say, case by case, and a stress of many senders against one receiver.
#![forbid(unsafe_code)]

use super::error::{SendError, TryRecvError};
use super::{UnboundedReceiver, unbounded_channel};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

fn poll<T>(rx: &mut UnboundedReceiver<T>, waker: &Arc<CountingWaker>) -> Poll<Option<T>> {
    waker.enter(|cx| rx.poll_recv(cx))
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn values_come_in_order_through_many_blocks() {
    let (tx, mut rx) = unbounded_channel();
    // Each time from another place in a block, and each time over several.
    for round in 0..100 {
        for value in 0..round {
            tx.send((round, value)).unwrap();
            assert_eq!(rx.len(), value + 1);
        }
        for value in 0..round {
            assert_eq!(rx.len(), round - value);
            assert_eq!(rx.try_recv(), Ok((round, value)));
        }
        assert!(rx.is_empty());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_send_wakes_who_waits_once() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    for value in 0..100 {
        assert!(poll(&mut rx, &waker).is_pending());
        assert!(poll(&mut rx, &waker).is_pending());
        tx.send(value).unwrap();
        assert_eq!(waker.woken(), value + 1);
        tx.send(value).unwrap();
        assert_eq!(waker.woken(), value + 1);
        assert!(waker.is_released());
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(value)));
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(value)));
    }
}

#[test]
fn the_last_waker_is_woken() {
    let (tx, mut rx) = unbounded_channel();
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    assert!(poll(&mut rx, &first).is_pending());
    assert!(poll(&mut rx, &second).is_pending());
    assert!(first.is_released());
    tx.send(1).unwrap();
    assert_eq!((first.woken(), second.woken()), (0, 1));
    assert!(second.is_released());
}

#[test]
fn the_last_sender_ends_it() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    let other = tx.clone();
    drop(tx);
    assert!(poll(&mut rx, &waker).is_pending());
    assert!(!rx.is_closed());
    other.send(1).unwrap();
    drop(other);
    assert_eq!(waker.woken(), 1);
    assert!(rx.is_closed() && !rx.is_empty());
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(1)));
    for _ in 0..2 {
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(None));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }
    assert!(waker.is_released());
}

#[test]
fn the_end_wakes_who_waits() {
    let (tx, mut rx) = unbounded_channel::<()>();
    let waker = CountingWaker::new();
    assert!(poll(&mut rx, &waker).is_pending());
    drop(tx);
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(None));
    assert!(waker.is_released());
}

#[test]
fn close_leaves_what_was_sent_and_tells_the_senders() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    let mut closed = pin!(tx.closed());
    assert!(waker.enter(|cx| closed.as_mut().poll(cx)).is_pending());
    tx.send(1).unwrap();
    rx.close();
    rx.close();
    assert_eq!(waker.woken(), 1);
    assert!(waker.enter(|cx| closed.as_mut().poll(cx)).is_ready());
    assert!(tx.is_closed() && rx.is_closed());
    assert_eq!(tx.send(2), Err(SendError(2)));
    assert_eq!(block_on(rx.recv()), Some(1));
    assert_eq!(block_on(rx.recv()), None);
    block_on(tx.closed());
}

#[test]
fn close_wakes_the_task_that_waited() {
    let (_tx, mut rx) = unbounded_channel::<()>();
    let waker = CountingWaker::new();
    assert!(poll(&mut rx, &waker).is_pending());
    rx.close();
    assert_eq!(waker.woken(), 1);
    assert!(waker.is_released());
}

#[test]
fn a_receiver_that_goes_drops_what_is_left() {
    for count in [0, 1, 30, 31, 32, 100] {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, mut rx) = unbounded_channel();
        let waker = CountingWaker::new();
        assert!(poll(&mut rx, &waker).is_pending());
        for _ in 0..count {
            assert!(tx.send(Counted(Arc::clone(&drops))).is_ok());
        }
        drop(rx);
        assert_eq!(drops.load(Relaxed), count);
        assert!(waker.is_released());
        assert!(tx.is_closed());
        let SendError(value) = tx.send(Counted(Arc::clone(&drops))).unwrap_err();
        assert_eq!(drops.load(Relaxed), count);
        drop(value);
    }
}

#[test]
fn a_value_that_panics_when_dropped_costs_the_others_nothing() {
    struct Panics(bool, Arc<AtomicUsize>);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.1.fetch_add(1, Relaxed);
            assert!(!self.0, "a drop that panics");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = unbounded_channel();
    for n in 0..50 {
        assert!(tx.send(Panics(n == 20, Arc::clone(&drops))).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert_eq!(drops.load(Relaxed), 50);
}

#[test]
fn recv_many_takes_what_is_there() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    let mut buffer = vec![0];
    let poll_many = |rx: &mut UnboundedReceiver<_>, buffer: &mut Vec<_>, limit| {
        waker.enter(|cx| rx.poll_recv_many(cx, buffer, limit))
    };
    assert_eq!(poll_many(&mut rx, &mut buffer, 0), Poll::Ready(0));
    assert!(poll_many(&mut rx, &mut buffer, 10).is_pending());
    for value in 1..=100 {
        tx.send(value).unwrap();
    }
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll_many(&mut rx, &mut buffer, 70), Poll::Ready(70));
    assert_eq!(poll_many(&mut rx, &mut buffer, 70), Poll::Ready(30));
    assert_eq!(buffer, Vec::from_iter(0..=100));
    drop(tx);
    assert_eq!(poll_many(&mut rx, &mut buffer, 70), Poll::Ready(0));
}

#[test]
fn a_receive_that_is_dropped_loses_nothing() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    assert!(waker.enter(|cx| pin!(rx.recv()).poll(cx)).is_pending());
    tx.send(1).unwrap();
    drop(rx.recv());
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn the_budget_is_spent() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::new();
    for value in 0..4 {
        tx.send(value).unwrap();
    }
    coop::with_budget(Budget::new(2), || {
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(0)));
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(1)));
        assert!(poll(&mut rx, &waker).is_pending());
        assert_eq!(waker.woken(), 1);
        assert_eq!(rx.try_recv(), Ok(2));
    });
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(Some(3)));
    coop::with_budget(Budget::new(1), || {
        assert!(poll(&mut rx, &waker).is_pending());
        assert!(coop::has_budget_remaining());
    });
}

#[test]
fn a_worker_must_not_block() {
    let (_tx, mut rx) = unbounded_channel::<()>();
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    let panic = coop::enter(worker, || {
        catch_unwind(AssertUnwindSafe(|| rx.blocking_recv())).unwrap_err()
    });
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("await `recv`"), "{message}");
}

#[test]
fn weak_senders_keep_nothing_open() {
    let (tx, mut rx) = unbounded_channel();
    let weak = tx.downgrade();
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (1, 1));
    let other = weak.upgrade().unwrap();
    assert!(other.same_channel(&tx));
    assert_eq!((weak.strong_count(), weak.weak_count()), (2, 1));
    drop((tx, other));
    assert_eq!(rx.try_recv(), Err::<(), _>(TryRecvError::Disconnected));
    assert!(weak.upgrade().is_none());
    drop(weak);
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (0, 0));
}

#[test]
fn a_waker_that_panics_loses_nothing() {
    let (tx, mut rx) = unbounded_channel();
    let waker = CountingWaker::panicking();
    assert!(poll(&mut rx, &waker).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(poll(&mut rx, &waker).is_pending());
    let told = CountingWaker::new();
    let mut closed = pin!(tx.closed());
    assert!(told.enter(|cx| closed.as_mut().poll(cx)).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| rx.close())).is_err());
    assert_eq!(told.woken(), 1);
    assert!(waker.is_released());
}

#[test]
fn values_may_be_large_or_nothing() {
    let (tx, mut rx) = unbounded_channel();
    for n in 0..100 {
        assert!(tx.send([n; 1 << 13]).is_ok());
    }
    for n in 0..100 {
        assert!(rx.try_recv().unwrap().iter().all(|&m| m == n));
    }
    let (tx, mut rx) = unbounded_channel();
    (0..100).for_each(|_| tx.send(()).unwrap());
    assert_eq!(rx.len(), 100);
    (0..100).for_each(|_| rx.try_recv().unwrap());
    assert!(rx.try_recv().is_err());
}

/// All that several threads send arrives once, that of each in its order, however it is received.
#[test]
fn stress() {
    const SENDERS: usize = 4;
    const EACH: usize = if cfg!(debug_assertions) {
        20_000
    } else {
        200_000
    };
    let (tx, mut rx) = unbounded_channel();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let tx = tx.clone();
            thread::spawn(move || (0..EACH).for_each(|n| tx.send((sender, n)).unwrap()))
        })
        .collect();
    drop(tx);
    let mut next = [0; SENDERS];
    let mut take = |(sender, n): (usize, usize)| {
        assert_eq!(n, next[sender]);
        next[sender] += 1;
    };
    let mut buffer = Vec::new();
    loop {
        if let Ok(value) = rx.try_recv() {
            take(value);
        }
        match rx.blocking_recv() {
            Some(value) => take(value),
            None => break,
        }
        rx.blocking_recv_many(&mut buffer, 5);
        buffer.drain(..).for_each(&mut take);
    }
    assert_eq!(next, [EACH; SENDERS]);
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
}
