//! The models of the channel: two threads, one a half; every operation of one against every one of the other that
//! changes the state. The search needs no bound.
#![forbid(unsafe_code)]

use super::error::TryRecvError;
use super::{Receiver, Sender, channel};
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{model, thread};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

/// A value that counts its drops, and the count.
struct Value(Arc<AtomicUsize>);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn value() -> (Value, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Value(Arc::clone(&drops)), drops)
}

fn poll<T>(rx: &mut Receiver<T>, waker: &Arc<CountingWaker>) -> Poll<Option<T>> {
    waker.enter(|cx| Future::poll(Pin::new(rx), cx).map(Result::ok))
}

fn poll_closed<T>(tx: &mut Sender<T>, waker: &Arc<CountingWaker>) -> Poll<()> {
    waker.enter(|cx| tx.poll_closed(cx))
}

/// A value that was sent is received.
#[test]
fn send_against_recv() {
    model(|| {
        let (tx, rx) = channel();
        let (value, drops) = value();
        let sender = thread::spawn(move || tx.send(value).is_ok());
        let received = block_on(rx);
        assert!(received.is_ok());
        assert!(sender.join().unwrap());
        drop(received);
        assert_eq!(drops.load(Relaxed), 1);
    });
}

/// RUSTSEC-2021-0124: the value goes to the receiver that closes, or back to the sender, and never to both.
#[test]
fn send_against_close() {
    model(|| {
        let (tx, mut rx) = channel();
        let (value, drops) = value();
        let sender = thread::spawn(move || tx.send(value));
        rx.close();
        let received = rx.try_recv();
        let sent = sender.join().unwrap();
        assert_eq!(sent.is_ok(), received.is_ok());
        assert_eq!(drops.load(Relaxed), 0);
        drop((sent, received));
        assert_eq!(drops.load(Relaxed), 1);
    });
}

/// The same with a receiver that waits: it takes its waker back, or the sender has it.
#[test]
fn send_against_close_of_waiting_receiver() {
    model(|| {
        let (tx, mut rx) = channel();
        let waker = CountingWaker::new();
        assert!(poll(&mut rx, &waker).is_pending());
        let sender = thread::spawn(move || tx.send(1).is_ok());
        rx.close();
        let received = poll(&mut rx, &waker);
        let sent = sender.join().unwrap();
        assert_eq!(received, Poll::Ready(sent.then_some(1)));
        assert!(rx.is_terminated());
        assert!(waker.is_released());
    });
}

/// The value is dropped once, by whichever half is the last to have it.
#[test]
fn send_against_receiver_drop() {
    model(|| {
        let (tx, mut rx) = channel();
        let (value, drops) = value();
        let waker = CountingWaker::new();
        assert!(poll(&mut rx, &waker).is_pending());
        let sender = thread::spawn(move || drop(tx.send(value)));
        drop(rx);
        sender.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
        assert!(waker.is_released());
    });
}

/// Nobody waits for a sender that is gone.
#[test]
fn sender_drop_against_recv() {
    model(|| {
        let (tx, rx) = channel::<()>();
        let sender = thread::spawn(move || drop(tx));
        assert!(block_on(rx).is_err());
        sender.join().unwrap();
    });
}

/// The last half frees the memory, once.
#[test]
fn sender_drop_against_receiver_drop() {
    model(|| {
        let (tx, rx) = channel::<()>();
        let sender = thread::spawn(move || drop(tx));
        drop(rx);
        sender.join().unwrap();
    });
}

/// Both halves wait, and go: each takes what is its own.
#[test]
fn send_against_receiver_drop_while_both_wait() {
    model(|| {
        let (mut tx, mut rx) = channel();
        let (value, drops) = value();
        let (sends, receives) = (CountingWaker::new(), CountingWaker::new());
        assert!(poll(&mut rx, &receives).is_pending());
        assert!(poll_closed(&mut tx, &sends).is_pending());
        let sender = thread::spawn(move || tx.send(value).is_ok());
        drop(rx);
        let sent = sender.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
        assert_eq!(
            (receives.woken(), sends.woken()),
            (sent.into(), (!sent).into())
        );
        assert!(sends.is_released() && receives.is_released());
    });
}

/// The waker of the last poll that was pending is the one that is woken.
#[test]
fn send_against_receiver_that_changes_task() {
    model(|| {
        let (tx, mut rx) = channel();
        let (first, second) = (CountingWaker::new(), CountingWaker::new());
        assert!(poll(&mut rx, &first).is_pending());
        let sender = thread::spawn(move || tx.send(1));
        let early = poll(&mut rx, &second);
        assert_eq!(sender.join().unwrap(), Ok(()));
        if early.is_pending() {
            assert_eq!(second.woken(), 1);
            assert_eq!(poll(&mut rx, &second), Poll::Ready(Some(1)));
        } else {
            assert_eq!(early, Poll::Ready(Some(1)));
        }
        assert!(first.is_released() && second.is_released());
    });
}

/// A value that is there when it is tried for is taken; else it is still there afterwards.
#[test]
fn send_against_try_recv() {
    model(|| {
        let (tx, mut rx) = channel();
        let (value, drops) = value();
        let sender = thread::spawn(move || tx.send(value).is_ok());
        let empty = rx.is_empty();
        let early = rx.try_recv().map(drop);
        assert!(empty || early.is_ok());
        assert!(sender.join().unwrap());
        let late = rx.try_recv().map(drop);
        assert_eq!(early == Err(TryRecvError::Empty), late.is_ok());
        assert_eq!(drops.load(Relaxed), 1);
    });
}

/// A sender that waits for the end of its receiver sees it.
#[test]
fn closed_against_receiver_drop() {
    model(|| {
        let (mut tx, rx) = channel::<()>();
        let receiver = thread::spawn(move || drop(rx));
        block_on(tx.closed());
        assert!(tx.is_closed());
        assert_eq!(tx.send(()), Err(()));
        receiver.join().unwrap();
    });
}

/// As `send_against_receiver_that_changes_task`, the other way round.
#[test]
fn close_against_sender_that_changes_task() {
    model(|| {
        let (mut tx, mut rx) = channel::<()>();
        let (first, second) = (CountingWaker::new(), CountingWaker::new());
        assert!(poll_closed(&mut tx, &first).is_pending());
        let receiver = thread::spawn(move || {
            rx.close();
            rx.try_recv()
        });
        let early = poll_closed(&mut tx, &second);
        assert_eq!(receiver.join().unwrap(), Err(TryRecvError::Closed));
        assert!(early.is_ready() || second.woken() == 1);
        assert!(poll_closed(&mut tx, &second).is_ready());
        drop(tx);
        assert!(first.is_released() && second.is_released());
    });
}

/// A thread that blocks is unparked.
#[test]
fn send_against_blocking_recv() {
    model(|| {
        let (tx, rx) = channel();
        let sender = thread::spawn(move || tx.send(1));
        assert_eq!(rx.blocking_recv(), Ok(1));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}
