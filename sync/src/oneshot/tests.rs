//! What the docs of the channel say, case by case, and a stress of its halves on two threads.
#![forbid(unsafe_code)]

use super::error::{RecvError, TryRecvError};
use super::{Receiver, Sender, channel};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

fn poll<T>(rx: &mut Receiver<T>, waker: &Arc<CountingWaker>) -> Poll<Result<T, RecvError>> {
    waker.enter(|cx| Pin::new(rx).poll(cx))
}

fn poll_closed<T>(tx: &mut Sender<T>, waker: &Arc<CountingWaker>) -> Poll<()> {
    waker.enter(|cx| tx.poll_closed(cx))
}

fn message(panic: Result<(), Box<dyn std::any::Any + Send>>) -> String {
    match panic {
        Ok(()) => "no panic".into(),
        Err(panic) => match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => panic
                .downcast_ref::<&str>()
                .copied()
                .unwrap_or("not a string")
                .into(),
        },
    }
}

#[test]
fn a_value_sent_before_is_there() {
    let (tx, mut rx) = channel();
    assert_eq!(tx.send(1), Ok(()));
    assert!(!rx.is_empty() && !rx.is_terminated());
    assert_eq!(poll(&mut rx, &CountingWaker::new()), Poll::Ready(Ok(1)));
    assert!(rx.is_empty() && rx.is_terminated());
}

#[test]
fn a_value_sent_later_wakes_once() {
    let (tx, mut rx) = channel();
    let waker = CountingWaker::new();
    assert!(poll(&mut rx, &waker).is_pending());
    assert!(poll(&mut rx, &waker).is_pending());
    assert!(!rx.is_terminated());
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(Ok(1)));
    assert!(waker.is_released());
}

#[test]
fn a_sender_that_is_dropped_wakes_with_an_error() {
    let (tx, mut rx) = channel::<()>();
    let waker = CountingWaker::new();
    assert!(poll(&mut rx, &waker).is_pending());
    drop(tx);
    assert_eq!(waker.woken(), 1);
    assert!(!rx.is_terminated());
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(Err(RecvError(()))));
    assert!(rx.is_terminated());
}

#[test]
fn a_receiver_that_is_dropped_wakes_the_sender_and_gives_the_value_back() {
    let (mut tx, rx) = channel();
    let waker = CountingWaker::new();
    assert!(poll_closed(&mut tx, &waker).is_pending());
    assert!(!tx.is_closed());
    drop(rx);
    assert_eq!(waker.woken(), 1);
    assert!(tx.is_closed());
    assert!(poll_closed(&mut tx, &waker).is_ready());
    block_on(tx.closed());
    assert_eq!(tx.send(1), Err(1));
    assert!(waker.is_released());
}

#[test]
fn closed_is_not_woken_by_the_send_that_ends_it() {
    let (mut tx, rx) = channel();
    let waker = CountingWaker::new();
    assert!(poll_closed(&mut tx, &waker).is_pending());
    assert_eq!(tx.send(1), Ok(()));
    assert!(waker.is_released());
    assert_eq!(block_on(rx), Ok(1));
    assert_eq!(waker.woken(), 0);
}

#[test]
fn close_wakes_the_sender_and_refuses_later_values() {
    let (mut tx, mut rx) = channel();
    let waker = CountingWaker::new();
    assert!(poll_closed(&mut tx, &waker).is_pending());
    rx.close();
    rx.close();
    assert_eq!(waker.woken(), 1);
    assert!(tx.is_closed() && rx.is_empty() && !rx.is_terminated());
    assert_eq!(tx.send(1), Err(1));
    assert_eq!(block_on(&mut rx), Err(RecvError(())));
    assert!(rx.is_terminated());
}

#[test]
fn close_leaves_earlier_values() {
    let (tx, mut rx) = channel();
    assert_eq!(tx.send(1), Ok(()));
    rx.close();
    assert!(!rx.is_empty());
    assert_eq!(rx.try_recv(), Ok(1));
    let (tx, mut rx) = channel();
    assert_eq!(tx.send(1), Ok(()));
    rx.close();
    assert_eq!(block_on(rx), Ok(1));
}

#[test]
fn close_after_the_outcome_does_nothing() {
    let (tx, mut rx) = channel();
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(rx.try_recv(), Ok(1));
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn closed_without_a_value_is_ready_at_once() {
    let (tx, mut rx) = channel::<()>();
    let waker = CountingWaker::new();
    assert!(poll(&mut rx, &waker).is_pending());
    rx.close();
    assert!(waker.is_released());
    assert_eq!(poll(&mut rx, &waker), Poll::Ready(Err(RecvError(()))));
    assert_eq!(waker.woken(), 0);
    drop(tx);
}

#[test]
fn try_recv_tells_empty_from_closed() {
    let (tx, mut rx) = channel::<()>();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(!rx.is_terminated());
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert!(rx.is_terminated());

    let (tx, mut rx) = channel::<()>();
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(tx.send(()), Err(()));
}

#[test]
fn a_receiver_polled_after_its_outcome_panics() {
    let (tx, mut rx) = channel();
    tx.send(1).unwrap();
    assert_eq!(block_on(&mut rx), Ok(1));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        drop(poll(&mut rx, &CountingWaker::new()))
    }));
    assert_eq!(
        message(panic),
        "a oneshot receiver was polled after it was ready"
    );
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_the_others_released() {
    let (mut tx, mut rx) = channel::<()>();
    let [first, second, third] = [(); 3].map(|()| CountingWaker::new());
    for waker in [&first, &second, &third, &second] {
        assert!(poll(&mut rx, waker).is_pending());
        assert!(poll_closed(&mut tx, waker).is_pending());
    }
    assert!(first.is_released() && third.is_released());
    drop(rx);
    assert_eq!((first.woken(), second.woken(), third.woken()), (0, 1, 0));
    drop(tx);
    assert!(second.is_released());
}

#[test]
fn halves_that_wait_release_their_wakers_whichever_goes_first() {
    for sender_first in [true, false] {
        let (mut tx, mut rx) = channel::<()>();
        let waker = CountingWaker::new();
        assert!(poll(&mut rx, &waker).is_pending());
        assert!(poll_closed(&mut tx, &waker).is_pending());
        match sender_first {
            true => drop((tx, rx)),
            false => drop((rx, tx)),
        }
        assert_eq!(waker.woken(), 1);
        assert!(waker.is_released());
    }
}

/// A value whose drop counts, and then panics if told so.
struct Value {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
        assert!(!self.panics, "a value that panics");
    }
}

#[test]
fn a_value_that_nobody_takes_is_dropped_with_the_receiver() {
    let drops = Arc::new(AtomicUsize::new(0));
    for panics in [false, true] {
        let (tx, rx) = channel();
        let value = Value {
            drops: Arc::clone(&drops),
            panics,
        };
        assert!(tx.send(value).is_ok());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(rx)));
        assert_eq!(dropped.is_err(), panics);
    }
    assert_eq!(drops.load(Relaxed), 2);
    assert_eq!(Arc::strong_count(&drops), 1);
}

#[test]
fn a_waker_that_panics_does_not_keep_the_value() {
    let (tx, mut rx) = channel();
    let waker = CountingWaker::panicking();
    assert!(poll(&mut rx, &waker).is_pending());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(tx.send(Box::new(1)))));
    assert_eq!(message(panic), "a waker that panics");
    assert_eq!(rx.try_recv(), Ok(Box::new(1)));
    assert!(waker.is_released());
}

#[test]
fn polls_that_are_ready_spend_the_budget() {
    let waker = CountingWaker::new();
    let (tx, mut rx) = channel();
    coop::with_budget(Budget::new(1), || {
        assert!(poll(&mut rx, &waker).is_pending());
        assert!(coop::has_budget_remaining());
        assert_eq!(tx.send(1), Ok(()));
        assert_eq!(waker.woken(), 1);
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Ok(1)));
        assert!(!coop::has_budget_remaining());

        let (mut tx, mut rx) = channel();
        assert_eq!(tx.send(2), Ok(()));
        assert!(poll(&mut rx, &waker).is_pending());
        assert_eq!(waker.woken(), 2);
        (tx, rx) = channel();
        rx.close();
        assert!(poll_closed(&mut tx, &waker).is_pending());
        assert_eq!(waker.woken(), 3);
    });
}

#[test]
fn blocking_recv_waits_for_another_thread() {
    let (tx, rx) = channel();
    let (ready_tx, ready_rx) = channel();
    let receiver = thread::spawn(move || {
        ready_tx.send(()).unwrap();
        rx.blocking_recv()
    });
    assert_eq!(ready_rx.blocking_recv(), Ok(()));
    tx.send(1).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(1));

    let (tx, rx) = channel::<()>();
    drop(tx);
    assert_eq!(rx.blocking_recv(), Err(RecvError(())));
}

#[test]
fn blocking_recv_needs_no_budget() {
    let (tx, rx) = channel();
    tx.send(1).unwrap();
    coop::with_budget(Budget::new(0), || assert_eq!(rx.blocking_recv(), Ok(1)));
}

#[test]
fn blocking_recv_panics_on_a_thread_that_runs_tasks() {
    let (tx, rx) = channel();
    tx.send(1).unwrap();
    let worker = coop::Context::new(Budget::DEFAULT, Blocking::Forbidden);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        coop::enter(worker, || drop(rx.blocking_recv()))
    }));
    assert_eq!(
        message(panic),
        "`oneshot::Receiver::blocking_recv` would block a thread that runs tasks, and stall them all: await the receiver, or call it \
         inside `spawn_blocking`"
    );
}

#[test]
fn it_says_how_it_is() {
    let (tx, rx) = channel::<Value>();
    assert_eq!(format!("{tx:?}"), "Sender { is_closed: false, .. }");
    assert_eq!(
        format!("{rx:?}"),
        "Receiver { is_empty: true, is_terminated: false, .. }"
    );
    assert_eq!(RecvError(()).to_string(), "channel closed");
    assert_eq!(TryRecvError::Empty.to_string(), "channel empty");
    assert_eq!(TryRecvError::Closed.to_string(), "channel closed");
}

/// How the receiver of a round ends.
#[derive(Clone, Copy)]
enum End {
    Block,
    Close,
    Drop,
    PollAndDrop,
}

/// 120,000 channels, whose halves end against each other on two threads in every combination: each value is dropped
/// once, and is either received or given back, and every waker is released.
#[test]
fn halves_end_against_each_other() {
    const CHUNKS: usize = 120;
    const ROUNDS: usize = 1_000;
    const ENDS: [End; 4] = [End::Block, End::Close, End::Drop, End::PollAndDrop];
    let drops = Arc::new(AtomicUsize::new(0));
    let waker = CountingWaker::new();
    let (mut made, mut received, mut returned) = (0, 0, 0);
    for _ in 0..CHUNKS {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| channel()).unzip();
        let drops = &drops;
        let waker = &waker;
        let send = move || {
            let mut sent = (0, 0);
            for (round, mut tx) in senders.into_iter().enumerate() {
                if round % 5 == 0 {
                    let _ = poll_closed(&mut tx, waker);
                }
                if round % 7 != 0 {
                    sent.0 += 1;
                    let value = Value {
                        drops: Arc::clone(drops),
                        panics: false,
                    };
                    sent.1 += usize::from(tx.send(value).is_err());
                }
            }
            sent
        };
        let receive = move || {
            let mut values = 0;
            for (round, mut rx) in receivers.into_iter().enumerate() {
                let value = match ENDS[round % ENDS.len()] {
                    End::Block => rx.blocking_recv().ok(),
                    End::Close => {
                        rx.close();
                        rx.try_recv().ok()
                    }
                    End::Drop => None,
                    End::PollAndDrop => match poll(&mut rx, waker) {
                        Poll::Ready(value) => value.ok(),
                        Poll::Pending => None,
                    },
                };
                values += usize::from(value.is_some());
            }
            values
        };
        thread::scope(|scope| {
            let receiver = scope.spawn(receive);
            let (sent, back) = send();
            made += sent;
            returned += back;
            received += receiver.join().unwrap();
        });
    }
    assert_eq!(made, CHUNKS * (ROUNDS - ROUNDS.div_ceil(7)));
    assert_eq!(drops.load(Relaxed), made);
    assert!(received > 0 && received + returned <= made);
    assert_eq!(Arc::strong_count(&drops), 1);
    assert!(waker.is_released());
}
