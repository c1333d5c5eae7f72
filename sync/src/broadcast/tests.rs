//! What `broadcast` does, beyond its examples.
#![forbid(unsafe_code)]

use super::error::{Lagged, RecvError, SendError, TryRecvError};
use super::{Receiver, channel};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use futures_core::Stream;
use futures_lite::{StreamExt, future::block_on};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

/// Counts how many there are, and how many clones were made.
struct Value {
    living: Arc<AtomicUsize>,
    clones: Arc<AtomicUsize>,
}

impl Value {
    fn new() -> Self {
        Self {
            living: Arc::new(AtomicUsize::new(1)),
            clones: Arc::default(),
        }
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.living.fetch_add(1, Relaxed);
        self.clones.fetch_add(1, Relaxed);
        Self {
            living: self.living.clone(),
            clones: self.clones.clone(),
        }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Relaxed);
    }
}

#[test]
fn the_last_receiver_gets_the_value_itself() {
    let (tx, mut one) = channel(4);
    let mut two = tx.subscribe();
    let value = Value::new();
    let (living, clones) = (value.living.clone(), value.clones.clone());
    assert!(tx.send(value).is_ok());
    drop(one.try_recv());
    assert_eq!((living.load(Relaxed), clones.load(Relaxed)), (1, 1));
    let last = two.try_recv();
    assert_eq!((living.load(Relaxed), clones.load(Relaxed)), (1, 1));
    assert!(tx.is_empty());
    drop(last);
    assert_eq!(living.load(Relaxed), 0);
}

#[test]
fn a_receiver_that_goes_has_had_all() {
    let (tx, mut one) = channel(4);
    let two = tx.subscribe();
    let value = Value::new();
    let living = value.living.clone();
    for _ in 0..3 {
        assert!(tx.send(value.clone()).is_ok());
    }
    drop(value);
    drop(one.try_recv());
    assert_eq!((tx.len(), living.load(Relaxed)), (3, 3));
    drop(two);
    assert_eq!((tx.len(), living.load(Relaxed)), (2, 2));
    drop(one);
    assert_eq!((tx.len(), living.load(Relaxed)), (0, 0));
    assert!(tx.send(Value::new()).is_err());
}

#[test]
fn a_receiver_that_lags_can_go() {
    let (tx, one) = channel(2);
    let mut two = tx.subscribe();
    for n in 0..7 {
        tx.send(n).unwrap();
    }
    drop(one);
    assert_eq!(two.try_recv(), Err(TryRecvError::Lagged(5)));
    assert_eq!(two.try_recv(), Ok(5));
    assert_eq!(two.try_recv(), Ok(6));
    assert_eq!(two.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.len(), 0);
}

#[test]
fn capacities_are_rounded_up() {
    let (tx, mut rx) = channel(3);
    for n in 0..5 {
        tx.send(n).unwrap();
    }
    assert_eq!((rx.len(), tx.len()), (5, 4));
    assert_eq!(block_on(rx.recv()), Err(RecvError::Lagged(1)));
    for n in 1..5 {
        assert_eq!(block_on(rx.recv()), Ok(n));
    }
    for capacity in [0, usize::MAX / 2 + 1] {
        assert!(catch_unwind(|| channel::<()>(capacity)).is_err());
    }
}

#[test]
fn it_goes_round_and_round() {
    let (tx, mut one) = channel(2);
    for n in 0..1_000 {
        let mut two = one.resubscribe();
        tx.send(n).unwrap();
        assert_eq!((one.try_recv(), two.try_recv()), (Ok(n), Ok(n)));
        assert!(one.is_empty() && two.is_empty() && tx.is_empty());
    }
}

#[test]
fn all_that_wait_are_woken_and_those_that_went_are_not() {
    let (tx, rx) = channel(4);
    let waker = CountingWaker::new();
    let mut receivers: Vec<_> = (0..100).map(|_| rx.resubscribe()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.recv())).collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_pending());
    }
    waits.truncate(90);
    assert_eq!(tx.send(1), Ok(101));
    assert_eq!(waker.woken(), 90);
    for wait in &mut waits {
        assert_eq!(poll(wait.as_mut(), &waker), Poll::Ready(Ok(1)));
    }
    drop(waits);
    assert!(waker.is_released());
    // Nothing was lost by what was dropped.
    assert_eq!(receivers[99].try_recv(), Ok(1));
}

#[test]
fn the_end_comes_after_the_values() {
    let (tx, mut rx) = channel(4);
    let weak = tx.downgrade();
    let waker = CountingWaker::new();
    let mut wait = Box::pin(rx.recv());
    assert!(poll(wait.as_mut(), &waker).is_pending());
    let other = weak.upgrade().unwrap();
    assert_eq!((weak.strong_count(), weak.weak_count()), (2, 1));
    drop(tx);
    assert_eq!(waker.woken(), 0);
    other.send(1).unwrap();
    drop(other);
    assert!(weak.upgrade().is_none());
    assert_eq!(poll(wait.as_mut(), &waker), Poll::Ready(Ok(1)));
    drop(wait);
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(block_on(rx.resubscribe().recv()), Err(RecvError::Closed));
    assert_eq!(rx.len(), 0);
}

#[test]
fn senders_know_when_nobody_listens() {
    let (tx, rx) = channel::<()>(4);
    let waker = CountingWaker::new();
    let mut closed = pin!(tx.closed());
    assert!(poll(closed.as_mut(), &waker).is_pending());
    drop(rx);
    assert_eq!(waker.woken(), 1);
    assert!(poll(closed, &waker).is_ready());
    assert_eq!(tx.send(()), Err(SendError(())));
    let _rx = tx.subscribe();
    assert_eq!(tx.send(()), Ok(1));
}

#[test]
fn a_waker_that_panics_costs_nobody_else_anything() {
    let (tx, rx) = channel(4);
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let mut receivers: Vec<_> = (0..70).map(|_| rx.resubscribe()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.recv())).collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        let waker = if n % 7 == 0 { &panics } else { &counts };
        assert!(poll(wait.as_mut(), waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!((panics.woken(), counts.woken()), (10, 60));
    for wait in &mut waits {
        assert_eq!(poll(wait.as_mut(), &counts), Poll::Ready(Ok(1)));
    }
    drop(waits);
    assert!(panics.is_released() && counts.is_released());
    assert_eq!(tx.len(), 1);
    drop(rx);
    assert_eq!(tx.len(), 0);
}

/// Panics when it is cloned.
#[derive(PartialEq, Debug)]
struct Unclonable(u32);

impl Clone for Unclonable {
    fn clone(&self) -> Self {
        panic!("as it should");
    }
}

#[test]
fn a_clone_that_panics_loses_the_value_for_its_receiver_alone() {
    let (tx, mut one) = channel(4);
    let mut two = tx.subscribe();
    tx.send(Unclonable(1)).unwrap();
    tx.send(Unclonable(2)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| one.try_recv())).is_err());
    assert_eq!(two.try_recv(), Ok(Unclonable(1)));
    assert!(catch_unwind(AssertUnwindSafe(|| one.try_recv())).is_err());
    assert_eq!(two.try_recv(), Ok(Unclonable(2)));
    assert_eq!(one.try_recv(), Err(TryRecvError::Empty));
}

/// Asks its channel when it is dropped: it would wait for ever under a lock.
#[derive(Clone)]
struct Asks(super::Sender<Asks>);

impl Drop for Asks {
    fn drop(&mut self) {
        let _ = (self.0.receiver_count(), self.0.len());
    }
}

#[test]
fn values_are_dropped_with_no_lock_held() {
    let (tx, mut one) = channel(1);
    let two = tx.subscribe();
    for _ in 0..3 {
        assert!(tx.send(Asks(tx.clone())).is_ok());
    }
    assert!(matches!(one.try_recv(), Err(TryRecvError::Lagged(2))));
    assert!(one.try_recv().is_ok());
    drop(two);
    drop(one);
    assert_eq!((tx.strong_count(), tx.len()), (1, 0));
}

#[test]
fn a_thread_of_tasks_must_not_block() {
    let (_tx, mut rx) = channel::<()>(1);
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    let blocks = || coop::enter(worker, || rx.blocking_recv());
    let panic = catch_unwind(AssertUnwindSafe(blocks)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("await `recv`"), "{message}");
}

#[test]
fn the_budget_is_spent_by_values() {
    let (tx, mut rx) = channel(4);
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(1), || {
        assert!(poll(pin!(rx.recv()), &waker).is_pending());
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        assert_eq!(poll(pin!(rx.recv()), &waker), Poll::Ready(Ok(1)));
        assert_eq!(waker.woken(), 0);
        assert!(poll(pin!(rx.recv()), &waker).is_pending());
        assert_eq!(waker.woken(), 1);
    });
    assert_eq!(block_on(rx.recv()), Ok(2));
}

#[test]
fn a_stream_waits_and_says_what_it_missed() {
    let (tx, rx) = channel(2);
    let waker = CountingWaker::new();
    let mut values = rx.into_stream();
    let mut next = || waker.enter(|cx| Pin::new(&mut values).poll_next(cx));
    assert!(next().is_pending());
    tx.send(1).unwrap();
    assert_eq!(waker.woken(), 1);
    assert_eq!(next(), Poll::Ready(Some(Ok(1))));
    assert!(next().is_pending());
    for n in 2..5 {
        tx.send(n).unwrap();
    }
    drop(tx);
    assert_eq!(waker.woken(), 2);
    let rest: Vec<_> = block_on(values.collect());
    assert_eq!(rest, [Err(Lagged(1)), Ok(3), Ok(4)]);
    assert!(waker.is_released());
}

/// Each receiver gets what each sender sends, in order; or is told how many it missed.
#[test]
fn nothing_is_lost_but_what_lags() {
    const EACH: usize = if cfg!(miri) { 50 } else { 20_000 };
    const SENDERS: usize = 2;
    fn listen(mut rx: Receiver<(usize, usize)>) {
        let (mut got, mut missed) = (0, 0);
        let mut next = [0; SENDERS];
        loop {
            match block_on(rx.recv()) {
                Ok((sender, n)) => {
                    assert!(n >= next[sender]);
                    next[sender] = n + 1;
                    got += 1;
                }
                Err(RecvError::Lagged(count)) => missed += count as usize,
                Err(RecvError::Closed) => break,
            }
        }
        assert_eq!(got + missed, SENDERS * EACH);
    }
    let (tx, rx) = channel(16);
    let mut threads = vec![thread::spawn({
        let rx = rx.resubscribe();
        move || listen(rx)
    })];
    threads.push(thread::spawn(move || listen(rx)));
    for sender in 0..SENDERS {
        let tx = tx.clone();
        threads.push(thread::spawn(move || {
            for n in 0..EACH {
                tx.send((sender, n)).unwrap();
            }
        }));
    }
    drop(tx);
    for thread in threads {
        thread.join().unwrap();
    }
}
