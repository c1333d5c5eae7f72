//! What `watch` does, beyond its examples.
#![forbid(unsafe_code)]

use super::error::{RecvError, SendError};
use super::{Sender, channel};
use crate::coop::{self, Budget};
use crate::counting_waker::CountingWaker;
use futures_core::Stream;
use futures_lite::{StreamExt, future::block_on};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::thread;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

#[test]
fn a_change_wakes_all_that_wait_once() {
    let (tx, rx) = channel(0);
    let waker = CountingWaker::new();
    // More than a batch.
    let mut receivers: Vec<_> = (0..100).map(|_| rx.clone()).collect();
    let mut waits: Vec<_> = receivers
        .iter_mut()
        .map(|rx| Box::pin(rx.changed()))
        .collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_pending());
    }
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(waker.woken(), 100);
    for wait in &mut waits {
        assert_eq!(poll(wait.as_mut(), &waker), Poll::Ready(Ok(())));
    }
    drop(waits);
    assert!(waker.is_released());
    assert!(receivers.iter().all(|rx| !rx.has_changed().unwrap()));
}

#[test]
fn what_is_sent_last_is_seen_before_the_end() {
    let (tx, mut rx) = channel(0);
    let waker = CountingWaker::new();
    {
        let mut wait = pin!(rx.changed());
        assert!(poll(wait.as_mut(), &waker).is_pending());
        tx.send(1).unwrap();
        drop(tx);
        assert_eq!(poll(wait, &waker), Poll::Ready(Ok(())));
    }
    assert_eq!(block_on(rx.changed()), Err(RecvError(())));
    assert_eq!(rx.has_changed(), Err(RecvError(())));
    assert_eq!(*rx.borrow(), 1);
    // What counts as not seen is seen once more.
    rx.mark_changed();
    assert_eq!(block_on(rx.changed()), Ok(()));
    assert_eq!(block_on(rx.changed()), Err(RecvError(())));
}

#[test]
fn the_end_wakes_and_is_no_change() {
    let (tx, mut rx) = channel(0);
    let other = tx.clone();
    let waker = CountingWaker::new();
    {
        let mut wait = pin!(rx.changed());
        assert!(poll(wait.as_mut(), &waker).is_pending());
        drop(tx);
        assert_eq!(waker.woken(), 0);
        drop(other);
        assert_eq!(waker.woken(), 1);
        assert_eq!(poll(wait, &waker), Poll::Ready(Err(RecvError(()))));
    }
    assert!(!rx.borrow().has_changed());
}

#[test]
fn a_wait_that_is_dropped_leaves_nothing() {
    let (tx, mut rx) = channel(0);
    let waker = CountingWaker::new();
    {
        let mut wait = Box::pin(rx.changed());
        assert!(poll(wait.as_mut(), &waker).is_pending());
        assert!(!waker.is_released());
    }
    assert!(waker.is_released());
    tx.send(1).unwrap();
    assert_eq!(waker.woken(), 0);
    assert!(rx.has_changed().unwrap());
    // One that is ready, and dropped before it says so, has seen nothing.
    rx.mark_unchanged();
    {
        let mut wait = Box::pin(rx.changed());
        assert!(poll(wait.as_mut(), &waker).is_pending());
        tx.send(2).unwrap();
    }
    assert!(rx.has_changed().unwrap());
}

#[test]
fn wait_for_asks_of_each_value_once() {
    let (tx, mut rx) = channel(0);
    let waker = CountingWaker::new();
    let mut asked = Vec::new();
    {
        let mut wait = pin!(rx.wait_for(|value| {
            asked.push(*value);
            *value == 3
        }));
        for value in 1..=2 {
            assert!(poll(wait.as_mut(), &waker).is_pending());
            assert!(poll(wait.as_mut(), &waker).is_pending());
            tx.send(value).unwrap();
        }
        assert!(poll(wait.as_mut(), &waker).is_pending());
        tx.send(3).unwrap();
        let Poll::Ready(Ok(value)) = poll(wait, &waker) else {
            panic!("it is what it waits for");
        };
        assert!(*value == 3 && value.has_changed());
    }
    assert_eq!(asked, [0, 1, 2, 3]);
    drop(tx);
    let mut asked = 0;
    let outcome = block_on(rx.wait_for(|_| {
        asked += 1;
        false
    }))
    .is_ok();
    assert!(!outcome);
    assert_eq!(asked, 1);
    assert!(block_on(rx.wait_for(|value| *value == 3)).is_ok());
}

#[test]
fn a_closure_that_panics_tells_nobody_and_leaves_the_channel_whole() {
    let (tx, mut rx) = channel(0);
    let panics = || tx.send_modify(|_| panic!("as it should"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert!(!rx.has_changed().unwrap());
    let panics = || block_on(rx.wait_for(|_| panic!("as it should"))).is_ok();
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    tx.send(1).unwrap();
    assert_eq!(*rx.borrow_and_update(), 1);
}

#[test]
fn a_waker_that_panics_costs_nobody_else_anything() {
    let (tx, rx) = channel(0);
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let mut receivers: Vec<_> = (0..70).map(|_| rx.clone()).collect();
    let mut waits: Vec<_> = receivers
        .iter_mut()
        .map(|rx| Box::pin(rx.changed()))
        .collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        let waker = if n % 7 == 0 { &panics } else { &counts };
        assert!(poll(wait.as_mut(), waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!((panics.woken(), counts.woken()), (10, 60));
    assert_eq!(*rx.borrow(), 1);
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &counts).is_ready());
    }
    assert!(panics.is_released() && counts.is_released());
}

/// A value that looks at the channel when it is dropped: it would wait for ever under the lock.
struct Looks(Option<Sender<Looks>>);

impl Drop for Looks {
    fn drop(&mut self) {
        if let Some(tx) = &self.0 {
            assert!(tx.borrow().0.is_none());
        }
    }
}

#[test]
fn a_value_is_dropped_with_no_lock_held() {
    let (tx, _rx) = channel(Looks(None));
    tx.send_modify(|value| value.0 = Some(tx.clone()));
    assert!(tx.send(Looks(None)).is_ok());
    assert_eq!(tx.sender_count(), 1);
}

#[test]
fn senders_know_when_nobody_looks() {
    let (tx, rx) = channel(0);
    let waker = CountingWaker::new();
    let other = rx.clone();
    let mut closed = pin!(tx.closed());
    assert!(poll(closed.as_mut(), &waker).is_pending());
    drop(rx);
    assert_eq!(waker.woken(), 0);
    drop(other);
    assert_eq!(waker.woken(), 1);
    // Somebody comes back before it looks.
    let rx = tx.subscribe();
    assert!(poll(closed.as_mut(), &waker).is_pending());
    drop(rx);
    assert!(poll(closed, &waker).is_ready());
    assert_eq!(tx.send(1), Err(SendError(1)));
    assert_eq!(*tx.borrow(), 0);
    assert_eq!(tx.send_replace(2), 0);
    assert_eq!(*tx.subscribe().borrow(), 2);
}

#[test]
fn the_budget_is_spent_by_what_is_ready_and_given_back_by_what_is_not() {
    let (tx, mut rx) = channel(0);
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(2), || {
        assert!(poll(pin!(rx.changed()), &waker).is_pending());
        assert!(coop::has_budget_remaining());
        for _ in 0..2 {
            tx.send(1).unwrap();
            assert!(poll(pin!(rx.changed()), &waker).is_ready());
        }
        assert!(!coop::has_budget_remaining());
        tx.send(1).unwrap();
        assert_eq!(waker.woken(), 0);
        assert!(poll(pin!(rx.changed()), &waker).is_pending());
        assert!(poll(pin!(rx.wait_for(|_| true)), &waker).is_pending());
        assert_eq!(waker.woken(), 2);
        assert!(rx.has_changed().unwrap());
    });
}

#[test]
fn a_stream_waits_and_can_be_moved() {
    let (tx, rx) = channel(0);
    let waker = CountingWaker::new();
    let mut values = rx.into_stream();
    assert_eq!(block_on(values.next()), Some(0));
    let mut next = || waker.enter(|cx| Pin::new(&mut values).poll_next(cx));
    assert!(next().is_pending());
    assert!(next().is_pending());
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(waker.woken(), 1);
    assert_eq!(next(), Poll::Ready(Some(2)));
    assert!(next().is_pending());
    let mut moved = values;
    drop(tx);
    assert_eq!(waker.woken(), 2);
    assert_eq!(block_on(moved.next()), None);
    drop(moved);
    assert!(waker.is_released());
}

/// Each receiver sees values in order and the last one, whatever comes between.
#[test]
fn all_see_the_last() {
    const LAST: u32 = if cfg!(miri) { 100 } else { 50_000 };
    let (tx, rx) = channel(0);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let mut rx = rx.clone();
            thread::spawn(move || {
                block_on(async {
                    let mut seen = 0;
                    while rx.changed().await.is_ok() {
                        let value = *rx.borrow_and_update();
                        assert!(value > seen || value == LAST);
                        seen = value;
                    }
                    seen
                })
            })
        })
        .collect();
    (1..=LAST).for_each(|value| tx.send(value).unwrap());
    drop(tx);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), LAST);
    }
}
