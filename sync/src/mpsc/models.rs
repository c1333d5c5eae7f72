//! The models of the channels: up to three threads, blocks of three slots, from each place in a block that matters.
#![forbid(unsafe_code)]

use super::error::TryRecvError;
use super::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{model, thread};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

/// A channel through which `passed` values have gone.
fn unbounded_at(passed: u32) -> (UnboundedSender<u32>, UnboundedReceiver<u32>) {
    let (tx, mut rx) = unbounded_channel();
    for n in 0..passed {
        tx.send(n).unwrap();
        assert_eq!(rx.try_recv(), Ok(n));
    }
    (tx, rx)
}

/// Counts its drops.
struct Value(Arc<AtomicUsize>);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll_recv<T>(rx: &mut UnboundedReceiver<T>, waker: &Arc<CountingWaker>) -> Poll<Option<T>> {
    waker.enter(|cx| rx.poll_recv(cx))
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

/// What two send arrives once, and then comes the end.
#[test]
fn mpsc_senders_against_recv() {
    model(|| {
        let (tx, mut rx) = unbounded_at(1);
        let senders = [10, 20].map(|value| {
            let tx = tx.clone();
            thread::spawn(move || tx.send(value).unwrap())
        });
        drop(tx);
        let first = block_on(rx.recv()).expect("two are sent");
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(rx.try_recv(), Ok(30 - first));
        assert_eq!(block_on(rx.recv()), None);
    });
}

/// Likewise over the edge of a block, which one appends, while the other waits for it.
#[test]
fn mpsc_senders_at_the_edge() {
    model(|| {
        let (tx, mut rx) = unbounded_at(2);
        let other = tx.clone();
        let sender = thread::spawn(move || (0..2).for_each(|n| other.send(n).unwrap()));
        (10..12).for_each(|n| tx.send(n).unwrap());
        sender.join().unwrap();
        assert_eq!(rx.len(), 4);
        let mut received = Vec::from_iter(std::iter::from_fn(|| rx.try_recv().ok()));
        received.sort_by_key(|n| n / 10);
        assert_eq!(received, [0, 1, 10, 11]);
    });
}

/// Blocks are appended, emptied and used again, while what is in them goes on.
#[test]
fn mpsc_blocks_are_reused() {
    model(|| {
        let (tx, mut rx) = unbounded_at(2);
        let sender = thread::spawn(move || {
            (0..5).for_each(|n| tx.send(n).unwrap());
            tx
        });
        let mut received: Vec<_> = (0..2).filter_map(|_| rx.try_recv().ok()).collect();
        let tx = sender.join().unwrap();
        (5..8).for_each(|n| tx.send(n).unwrap());
        received.extend(std::iter::from_fn(|| rx.try_recv().ok()));
        assert_eq!(received, Vec::from_iter(0..8));
    });
}

/// The waker of the last poll that was pending is the one that is woken.
#[test]
fn mpsc_send_against_change_of_task() {
    for passed in [0, 2] {
        model(move || {
            let (tx, mut rx) = unbounded_at(passed);
            let (first, second) = (CountingWaker::new(), CountingWaker::new());
            assert!(poll_recv(&mut rx, &first).is_pending());
            let sender = thread::spawn(move || {
                tx.send(1).unwrap();
                tx
            });
            let early = poll_recv(&mut rx, &second);
            let tx = sender.join().unwrap();
            if early.is_pending() {
                assert!(second.woken() > 0);
                assert_eq!(poll_recv(&mut rx, &second), Poll::Ready(Some(1)));
            } else {
                assert_eq!(early, Poll::Ready(Some(1)));
            }
            assert!(first.is_released() && second.is_released());
            // Nothing of it is left: the next wait is as the first.
            assert!(poll_recv(&mut rx, &first).is_pending());
            drop(tx);
            assert_eq!(poll_recv(&mut rx, &first), Poll::Ready(None));
            assert!(first.is_released());
        });
    }
}

/// A value is received, or comes back, and what is tried for after its send is there.
#[test]
fn mpsc_send_against_close() {
    for passed in [0, 1] {
        model(move || {
            let (tx, mut rx) = unbounded_at(passed);
            let waker = CountingWaker::new();
            assert!(poll_recv(&mut rx, &waker).is_pending());
            let sender = thread::spawn(move || (0..2).filter(|&n| tx.send(n).is_ok()).count());
            rx.close();
            let mut received = 0;
            while rx.try_recv().is_ok() {
                received += 1;
            }
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            assert_eq!(sender.join().unwrap(), received);
            assert_eq!(waker.woken(), 1);
            assert!(waker.is_released());
        });
    }
}

/// A send that is over is there for who knows of it, though another is in its midst.
#[test]
fn mpsc_send_against_try_recv() {
    model(|| {
        let (tx, mut rx) = unbounded_at(0);
        let other = tx.clone();
        let sender = thread::spawn(move || other.send(1).unwrap());
        tx.send(2).unwrap();
        assert!(!rx.is_empty());
        let mut received = vec![rx.try_recv().expect("one send is over")];
        sender.join().unwrap();
        assert_eq!(rx.len(), 1);
        received.push(rx.try_recv().expect("both are over"));
        received.sort_unstable();
        assert_eq!(received, [1, 2]);
    });
}

/// Each value is dropped once, and the memory is freed, whoever goes last.
#[test]
fn mpsc_send_against_receiver_drop() {
    for passed in [0, 2] {
        model(move || {
            let drops = Arc::new(AtomicUsize::new(0));
            let (tx, mut rx) = unbounded_channel();
            for _ in 0..passed {
                assert!(tx.send(Value(Arc::clone(&drops))).is_ok());
                assert!(rx.try_recv().is_ok());
            }
            let waker = CountingWaker::new();
            assert!(poll_recv(&mut rx, &waker).is_pending());
            let value = [(); 2].map(|()| Value(Arc::clone(&drops)));
            let sender = thread::spawn(move || {
                for value in value {
                    drop(tx.send(value));
                }
            });
            drop(rx);
            sender.join().unwrap();
            assert_eq!(drops.load(Relaxed), passed + 2);
            assert!(waker.is_released());
        });
    }
}

/// The last of two senders, whichever it is, ends the wait, and all that both sent comes before the end.
#[test]
fn mpsc_last_sender_against_recv() {
    model(|| {
        let (tx, mut rx) = unbounded_at(0);
        let other = tx.clone();
        let sender = thread::spawn(move || {
            other.send(1).unwrap();
        });
        let dropper = thread::spawn(move || drop(tx));
        assert_eq!(block_on(rx.recv()), Some(1));
        assert_eq!(block_on(rx.recv()), None);
        sender.join().unwrap();
        dropper.join().unwrap();
    });
}

/// A weak sender becomes one before the end, or not at all.
#[test]
fn mpsc_upgrade_against_last_sender() {
    model(|| {
        let (tx, mut rx) = unbounded_at(0);
        let weak = tx.downgrade();
        let upgrader =
            thread::spawn(move || weak.upgrade().map(|tx| tx.send(1).unwrap()).is_some());
        drop(tx);
        let received = block_on(rx.recv());
        assert_eq!(received.is_some(), upgrader.join().unwrap());
        assert_eq!(block_on(rx.recv()), None);
    });
}

/// A waker that panics costs neither the value nor the next wake.
#[test]
fn mpsc_send_to_waker_that_panics() {
    model(|| {
        let (tx, mut rx) = unbounded_at(0);
        let waker = CountingWaker::panicking();
        assert!(poll_recv(&mut rx, &waker).is_pending());
        let sender = thread::spawn(move || {
            assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
            tx.send(2).unwrap();
        });
        let mut received: Vec<_> = rx.try_recv().into_iter().collect();
        sender.join().unwrap();
        received.extend(std::iter::from_fn(|| rx.try_recv().ok()));
        assert_eq!(received, [1, 2]);
        assert_eq!(waker.woken(), 1);
        assert!(waker.is_released());
    });
}

/// Who waits for the end of the receiver sees it.
#[test]
fn mpsc_closed_against_receiver_drop() {
    model(|| {
        let (tx, rx) = unbounded_at(0);
        let receiver = thread::spawn(move || drop(rx));
        let waker = CountingWaker::new();
        let mut closed = pin!(tx.closed());
        let early = poll(closed.as_mut(), &waker).is_ready();
        receiver.join().unwrap();
        if !early {
            assert_eq!(waker.woken(), 1);
            assert!(poll(closed, &waker).is_ready());
        }
        assert!(tx.is_closed() && tx.send(1).is_err());
        assert!(waker.is_released());
    });
}

/// Two that send into room for one: each is let in, and nothing is lost.
#[test]
fn bounded_senders_against_recv() {
    model(|| {
        let (tx, mut rx) = channel(1);
        let other = tx.clone();
        let sender = thread::spawn(move || block_on(other.send(1)).unwrap());
        let receiver = thread::spawn(move || {
            let received = block_on(rx.recv()).expect("two are sent");
            (received, rx)
        });
        block_on(tx.send(2)).unwrap();
        sender.join().unwrap();
        let (first, mut rx) = receiver.join().unwrap();
        assert_eq!(rx.try_recv(), Ok(3 - first));
        assert_eq!(rx.capacity(), 1);
    });
}

/// A send that is dropped while it waits passes on what it was given.
#[test]
fn bounded_send_drop_against_recv() {
    model(|| {
        let (tx, mut rx) = channel(1);
        tx.try_send(0).unwrap();
        let waker = CountingWaker::new();
        let mut first = Box::pin(tx.send(1));
        let mut second = pin!(tx.send(2));
        assert!(poll(first.as_mut(), &waker).is_pending());
        assert!(poll(second.as_mut(), &waker).is_pending());
        let receiver = thread::spawn(move || {
            assert_eq!(rx.try_recv(), Ok(0));
            rx
        });
        let first_sent = poll(first.as_mut(), &waker).is_ready();
        drop(first);
        let mut rx = receiver.join().unwrap();
        if first_sent {
            assert_eq!(rx.try_recv(), Ok(1));
        }
        assert!(poll(second, &waker).is_ready());
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(rx.capacity(), 1);
        assert!(waker.is_released());
    });
}

/// After a close the end comes once the last permit was used, or dropped; not before, and not never.
#[test]
fn bounded_permits_against_close() {
    for used in [false, true] {
        model(move || {
            let (tx, mut rx) = channel(2);
            let permit = tx.clone().try_reserve_owned().unwrap();
            let permits = thread::spawn(move || match used {
                true => drop(permit.send(1)),
                false => drop(permit.release()),
            });
            rx.close();
            assert!(tx.try_send(2).is_err());
            assert_eq!(block_on(rx.recv()), used.then_some(1));
            assert_eq!(block_on(rx.recv()), None);
            permits.join().unwrap();
            drop(tx);
        });
    }
}

/// Likewise where a future that waits for more had some already.
#[test]
fn bounded_reserve_drop_against_close() {
    model(|| {
        let (tx, mut rx) = channel::<u32>(2);
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || {
            let first = block_on(rx.recv());
            rx.close();
            (first, block_on(rx.recv()))
        });
        {
            let waker = CountingWaker::new();
            let mut many = pin!(tx.reserve_many(2));
            let _ = poll(many.as_mut(), &waker).is_ready();
        }
        assert_eq!(receiver.join().unwrap(), (Some(1), None));
        drop(tx);
    });
}

/// A sender, waiting for room or not, learns that the receiver is gone and has its value back, or sent it before.
#[test]
fn bounded_send_against_receiver_drop() {
    for room in [1, 2] {
        model(move || {
            let drops = Arc::new(AtomicUsize::new(0));
            let (tx, rx): (_, Receiver<Value>) = channel(room);
            assert!(tx.try_send(Value(Arc::clone(&drops))).is_ok());
            let receiver = thread::spawn(move || drop(rx));
            let sent = block_on(tx.send(Value(Arc::clone(&drops))));
            receiver.join().unwrap();
            // What came in before the end went with it.
            assert_eq!(drops.load(Relaxed), 1 + usize::from(sent.is_ok()));
            drop(sent);
            assert_eq!(drops.load(Relaxed), 2);
        });
    }
}
