//! The models of `watch`: two threads or three, up to three values, batches of two. The search needs no bound.
#![forbid(unsafe_code)]

use super::channel;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{model, thread};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> bool {
    waker.enter(|cx| future.poll(cx).is_ready())
}

/// What counts as seen was seen: no change shows the same value again, and the last one is not missed.
#[test]
fn watch_send_against_look() {
    model(|| {
        let (tx, mut rx) = channel(0);
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
            tx
        });
        let mut seen = *rx.borrow_and_update();
        while seen < 2 {
            block_on(rx.changed()).unwrap();
            let value = *rx.borrow_and_update();
            assert!(value > seen || (value == 2 && !rx.has_changed().unwrap()));
            assert!(value != seen, "a change that is none");
            seen = value;
        }
        drop(sender.join().unwrap());
        assert!(block_on(rx.changed()).is_err());
    });
}

/// The last value is told before the end, and the end ends every wait.
#[test]
fn watch_close_against_changed() {
    model(|| {
        let (tx, mut rx) = channel(0);
        let other = tx.clone();
        let senders = [(tx, 1), (other, 2)].map(|(tx, value)| {
            thread::spawn(move || {
                if value == 1 {
                    tx.send(value).unwrap();
                }
            })
        });
        let mut changes = 0;
        while block_on(rx.changed()).is_ok() {
            changes += 1;
        }
        assert_eq!((changes, *rx.borrow()), (1, 1));
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// Where the end comes, the value that is asked of is the last one.
#[test]
fn watch_close_against_wait_for() {
    model(|| {
        let (tx, mut rx) = channel(0);
        let sender = thread::spawn(move || tx.send(1).unwrap());
        assert!(block_on(rx.wait_for(|value| *value == 1)).is_ok());
        sender.join().unwrap();
    });
}

/// A sender that waits until nobody looks is woken by the one that goes last.
#[test]
fn watch_receivers_drop_against_closed() {
    model(|| {
        let (tx, rx) = channel(0);
        let receivers = [rx.clone(), rx].map(|rx| thread::spawn(move || drop(rx)));
        block_on(tx.closed());
        assert!(tx.is_closed());
        for receiver in receivers {
            receiver.join().unwrap();
        }
    });
}

/// A waker that panics loses nobody else's wake-up, and leaves the list whole, also while another waiter goes.
#[test]
fn watch_send_against_drop_with_waker_that_panics() {
    model(|| {
        let (tx, rx) = channel(0);
        let mut receivers = [rx.clone(), rx.clone(), rx];
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waits: Vec<_> = receivers
            .iter_mut()
            .map(|rx| Box::pin(rx.changed()))
            .collect();
        assert!(!poll(waits[0].as_mut(), &panics));
        for wait in &mut waits[1..] {
            assert!(!poll(wait.as_mut(), &counts));
        }
        let sender = thread::spawn(move || {
            assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
            tx
        });
        drop(waits.pop());
        let tx = sender.join().unwrap();
        assert_eq!(panics.woken(), 1);
        // The one that went may have been woken before.
        assert!(counts.woken() >= 1);
        for wait in &mut waits {
            assert!(poll(wait.as_mut(), &counts));
        }
        drop(waits);
        assert!(panics.is_released() && counts.is_released());
        assert!(receivers[2].has_changed().unwrap());
        drop(tx);
    });
}
