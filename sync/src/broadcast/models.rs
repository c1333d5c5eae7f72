//! The models of `broadcast`: two threads or three, up to three values, a ring of one or two, batches of two.
#![forbid(unsafe_code)]

use super::error::{RecvError, TryRecvError};
use super::{Receiver, channel};
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{model, thread};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> bool {
    waker.enter(|cx| future.poll(cx).is_ready())
}

/// A value that counts how many of it there are.
struct Value(Arc<AtomicUsize>);

impl Value {
    fn new(living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Relaxed);
        Self(Arc::clone(living))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// What a receiver gets until the end, and how many it missed.
fn rest(mut rx: Receiver<u32>) -> (Vec<u32>, u64) {
    let (mut values, mut missed) = (Vec::new(), 0);
    loop {
        match block_on(rx.recv()) {
            Ok(value) => values.push(value),
            Err(RecvError::Lagged(count)) => {
                assert!(count > 0, "it lags, and has missed none");
                missed += count;
            }
            Err(RecvError::Closed) => return (values, missed),
        }
    }
}

/// A receiver gets each value, or is told that it missed it, also while its place is overwritten.
#[test]
fn broadcast_send_against_recv() {
    model(|| {
        let (tx, rx) = channel(1);
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
        });
        let (values, missed) = rest(rx);
        assert!(match missed {
            0 => values == [1, 2],
            _ => missed == 1 && values == [2],
        });
        sender.join().unwrap();
    });
}

/// Each value has a place of its own.
#[test]
fn broadcast_send_against_send() {
    model(|| {
        let (tx, rx) = channel(2);
        let senders = [(tx.clone(), 1), (tx, 2)].map(|(tx, value)| {
            thread::spawn(move || {
                tx.send(value).unwrap();
            })
        });
        let (values, missed) = rest(rx);
        assert!(values == [1, 2] || values == [2, 1]);
        assert_eq!(missed, 0);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// Each receiver gets the value, and the last one takes it out.
#[test]
fn broadcast_recv_against_recv() {
    model(|| {
        let living = Arc::new(AtomicUsize::new(0));
        let (tx, mut one) = channel(1);
        let mut two = tx.subscribe();
        assert!(tx.send(Value::new(&living)).is_ok());
        let receiver = thread::spawn(move || two.try_recv().is_ok());
        assert!(one.try_recv().is_ok());
        assert!(receiver.join().unwrap());
        assert!(tx.is_empty());
        assert_eq!(living.load(Relaxed), 0);
    });
}

/// A receiver that goes leaves no value behind, neither one that it had still to get nor one that is just sent.
#[test]
fn broadcast_send_against_receiver_drop() {
    model(|| {
        let living = Arc::new(AtomicUsize::new(0));
        let (tx, goes) = channel(1);
        let mut stays = tx.subscribe();
        assert!(tx.send(Value::new(&living)).is_ok());
        assert!(stays.try_recv().is_ok());
        let receiver = thread::spawn(move || drop(goes));
        assert!(tx.send(Value::new(&living)).is_ok());
        receiver.join().unwrap();
        assert_eq!((tx.receiver_count(), tx.len()), (1, 1));
        assert!(stays.try_recv().is_ok());
        assert_eq!((tx.len(), living.load(Relaxed)), (0, 0));
    });
}

/// Who subscribes gets what is sent after that, and nothing before.
#[test]
fn broadcast_send_against_subscribe() {
    model(|| {
        let (tx, mut rx) = channel(2);
        let sender = thread::spawn({
            let tx = tx.clone();
            move || {
                tx.send(1).unwrap();
            }
        });
        let mut late = tx.subscribe();
        let received = late.try_recv();
        sender.join().unwrap();
        match received {
            Ok(value) => assert_eq!(value, 1),
            Err(ref error) => assert_eq!(*error, TryRecvError::Empty),
        }
        tx.send(2).unwrap();
        let rest: Vec<_> = std::iter::from_fn(|| late.try_recv().ok()).collect();
        assert!(rest == [2] || (rest == [1, 2] && received.is_err()));
        // It has taken nothing from the other.
        assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
        assert!(tx.is_empty());
    });
}

/// The channel is closed by the last sender, unless a weak one has become another in time.
#[test]
fn broadcast_upgrade_against_sender_drop() {
    model(|| {
        let (tx, mut rx) = channel(1);
        let weak = tx.downgrade();
        let sender = thread::spawn(move || drop(tx));
        let upgraded = thread::spawn(move || match weak.upgrade() {
            Some(tx) => tx.send(1).is_ok(),
            None => false,
        });
        let received = block_on(rx.recv());
        assert_eq!(received.is_ok(), upgraded.join().unwrap());
        sender.join().unwrap();
        assert_eq!(block_on(rx.recv()), Err(RecvError::Closed));
    });
}

/// A sender that waits until nobody listens is woken by the receiver that goes last.
#[test]
fn broadcast_receivers_drop_against_closed() {
    model(|| {
        let (tx, rx) = channel::<()>(1);
        let receivers = [rx.resubscribe(), rx];
        let receivers = thread::spawn(move || drop(receivers));
        block_on(tx.closed());
        assert_eq!(tx.receiver_count(), 0);
        receivers.join().unwrap();
    });
}

/// A waker that panics loses nobody else's wake-up, and leaves the list whole, also while another waiter goes.
#[test]
fn broadcast_send_against_drop_with_waker_that_panics() {
    model(|| {
        let (tx, rx) = channel(1);
        let mut receivers = [rx.resubscribe(), rx.resubscribe(), rx];
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waits: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.recv())).collect();
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
        assert_eq!(receivers[2].try_recv(), Ok(1));
        assert!(tx.is_empty());
    });
}
