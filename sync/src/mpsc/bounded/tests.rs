//! What the docs of the bounded channel say of its room, case by case; what both kinds have in common is in
//! `mpsc/tests.rs`.
#![forbid(unsafe_code)]

use super::{Receiver, channel};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use crate::mpsc::error::{SendError, TryRecvError, TrySendError};
use futures_lite::future::block_on;
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

fn poll_recv<T>(rx: &mut Receiver<T>, waker: &Arc<CountingWaker>) -> Poll<Option<T>> {
    waker.enter(|cx| rx.poll_recv(cx))
}

#[test]
fn a_full_channel_makes_senders_wait_in_their_order() {
    let (tx, mut rx) = channel(2);
    assert_eq!((tx.try_send(1), tx.try_send(2)), (Ok(()), Ok(())));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let (mut send_3, mut send_4) = (pin!(tx.send(3)), pin!(tx.send(4)));
    assert!(poll(send_3.as_mut(), &first).is_pending());
    assert!(poll(send_4.as_mut(), &second).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((first.woken(), second.woken()), (1, 0));
    // The room is the first's, though it was not polled yet.
    assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)));
    assert_eq!(tx.capacity(), 0);
    assert_eq!(poll(send_3, &first), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(poll(send_4, &second), Poll::Ready(Ok(())));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(3), Ok(4)));
    assert_eq!((rx.capacity(), rx.max_capacity()), (2, 2));
    assert!(first.is_released() && second.is_released());
}

#[test]
fn a_send_that_is_dropped_passes_its_room_on() {
    let (tx, mut rx) = channel(1);
    tx.try_send(1).unwrap();
    let waker = CountingWaker::new();
    let mut first = Box::pin(tx.send(2));
    let mut second = pin!(tx.send(3));
    assert!(poll(first.as_mut(), &waker).is_pending());
    assert!(poll(second.as_mut(), &waker).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    drop(first);
    assert_eq!(waker.woken(), 2);
    assert_eq!(poll(second, &waker), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(tx.capacity(), 1);
}

#[test]
fn permits_keep_room() {
    let (tx, mut rx) = channel(5);
    let one = tx.try_reserve().unwrap();
    let mut three = tx.try_reserve_many(3).unwrap();
    let own = tx.clone().try_reserve_owned().unwrap();
    assert!(own.same_channel_as_sender(&tx));
    assert_eq!(tx.capacity(), 0);
    assert_eq!(tx.try_reserve().unwrap_err(), TrySendError::Full(()));
    one.send(1);
    three.next().unwrap().send(2);
    assert_eq!(three.len(), 2);
    drop(three);
    assert_eq!(tx.capacity(), 2);
    drop(own.release());
    assert_eq!(tx.capacity(), 3);
    drop(tx.clone().try_reserve_owned().unwrap());
    assert_eq!(tx.capacity(), 3);
    assert_eq!(tx.try_reserve_many(6).unwrap_err(), TrySendError::Full(()));
    assert_eq!(block_on(tx.reserve_many(6)).unwrap_err(), SendError(()));
    assert_eq!(block_on(tx.reserve_many(0)).unwrap().count(), 0);
    let mut buffer = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut buffer, 9)), 2);
    assert_eq!((buffer, tx.capacity()), (vec![1, 2], 5));
}

#[test]
fn many_are_reserved_at_once_or_not() {
    let (tx, mut rx) = channel(3);
    tx.try_send(1).unwrap();
    let waker = CountingWaker::new();
    let mut three = pin!(tx.reserve_many(3));
    assert!(poll(three.as_mut(), &waker).is_pending());
    // Those that wait come first.
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(waker.woken(), 1);
    let Poll::Ready(Ok(permits)) = poll(three, &waker) else {
        panic!("there is room for all")
    };
    assert_eq!(permits.len(), 3);
}

#[test]
fn close_waits_for_permits() {
    let (tx, mut rx) = channel(3);
    let waker = CountingWaker::new();
    let (one, two) = (tx.try_reserve().unwrap(), tx.try_reserve().unwrap());
    let own = tx.clone().try_reserve_owned().unwrap();
    rx.close();
    assert!(rx.is_closed() && tx.is_closed());
    assert_eq!(tx.try_send(1), Err(TrySendError::Closed(1)));
    assert_eq!(block_on(tx.send(1)), Err(SendError(1)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(poll_recv(&mut rx, &waker).is_pending());
    one.send(1);
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll_recv(&mut rx, &waker), Poll::Ready(Some(1)));
    assert!(poll_recv(&mut rx, &waker).is_pending());
    drop(two);
    assert_eq!(waker.woken(), 1);
    drop(own);
    assert_eq!(waker.woken(), 2);
    assert_eq!(poll_recv(&mut rx, &waker), Poll::Ready(None));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert!(waker.is_released());
}

#[test]
fn close_ends_what_waits_and_leaves_what_was_sent() {
    let (tx, mut rx) = channel(2);
    tx.try_send(1).unwrap();
    let waker = CountingWaker::new();
    // It has taken one part of what it wants.
    let mut two = Box::pin(tx.reserve_many(2));
    let mut closed = pin!(tx.closed());
    assert!(poll(two.as_mut(), &waker).is_pending());
    assert!(poll(closed.as_mut(), &waker).is_pending());
    rx.close();
    assert_eq!(waker.woken(), 2);
    assert!(poll(closed, &waker).is_ready());
    assert_eq!(block_on(rx.recv()), Some(1));
    // That part is still out.
    let receives = CountingWaker::new();
    assert!(poll_recv(&mut rx, &receives).is_pending());
    drop(two);
    assert_eq!(receives.woken(), 1);
    assert_eq!(poll_recv(&mut rx, &receives), Poll::Ready(None));
}

#[test]
fn close_is_seen_once_all_is_received() {
    let (tx, mut rx) = channel(3);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    rx.close();
    let mut buffer = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut buffer, 9)), 2);
    assert_eq!(block_on(rx.recv_many(&mut buffer, 9)), 0);
    assert_eq!(block_on(rx.recv()), None);
}

#[test]
fn a_granted_send_arrives_after_close() {
    let (tx, mut rx) = channel(1);
    let waker = CountingWaker::new();
    tx.try_send(1).unwrap();
    let mut send = pin!(tx.send(2));
    assert!(poll(send.as_mut(), &waker).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(poll(send, &waker), Poll::Ready(Ok(())));
    assert_eq!(block_on(rx.recv()), Some(2));
    assert_eq!(block_on(rx.recv()), None);
}

#[test]
fn a_receiver_that_goes_tells_all() {
    let (tx, rx) = channel(1);
    let waker = CountingWaker::new();
    let permit = tx.try_reserve().unwrap();
    let mut send = pin!(tx.send(2));
    assert!(poll(send.as_mut(), &waker).is_pending());
    drop(rx);
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll(send, &waker), Poll::Ready(Err(SendError(2))));
    permit.send(0);
    assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
    block_on(tx.closed());
}

#[test]
fn a_value_sent_with_a_permit_to_nobody_is_dropped() {
    let (tx, rx) = channel(1);
    let value = Arc::new(());
    let permit = tx.try_reserve().unwrap();
    drop(rx);
    permit.send(Arc::clone(&value));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_senders_waker_that_panics_costs_the_receiver_nothing() {
    let (tx, mut rx) = channel(2);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let (panics, waker) = (CountingWaker::panicking(), CountingWaker::new());
    let (mut first, mut second) = (pin!(tx.reserve()), pin!(tx.reserve()));
    assert!(poll(first.as_mut(), &panics).is_pending());
    assert!(poll(second.as_mut(), &waker).is_pending());
    let mut buffer = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut buffer, 2)), 2);
    assert_eq!(buffer, [1, 2]);
    assert_eq!((panics.woken(), waker.woken()), (1, 1));
    let Poll::Ready(Ok(one)) = poll(first, &waker) else {
        panic!("it was given room")
    };
    drop(one);
    assert!(poll(second, &waker).is_ready());
    assert_eq!(tx.capacity(), 2);
}

#[test]
fn a_waker_that_panics_as_it_closes_keeps_nobody_waiting() {
    let (tx, mut rx) = channel(1);
    let panics = CountingWaker::panicking();
    let told = CountingWaker::new();
    tx.try_send(1).unwrap();
    let mut send = pin!(tx.send(2));
    let mut closed = pin!(tx.closed());
    assert!(poll(send.as_mut(), &panics).is_pending());
    assert!(poll(closed.as_mut(), &told).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| rx.close())).is_err());
    assert_eq!(told.woken(), 1);
    assert_eq!(poll(send, &told), Poll::Ready(Err(SendError(2))));
    assert_eq!((block_on(rx.recv()), block_on(rx.recv())), (Some(1), None));
}

#[test]
fn the_budget_is_spent() {
    let (tx, mut rx) = channel(9);
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(2), || {
        assert!(poll(pin!(tx.send(1)), &waker).is_ready());
        assert!(poll(pin!(tx.send(2)), &waker).is_ready());
        assert!(poll(pin!(tx.send(3)), &waker).is_pending());
        assert_eq!(waker.woken(), 1);
        tx.try_send(3).unwrap();
        assert!(poll_recv(&mut rx, &waker).is_pending());
    });
    assert_eq!(poll_recv(&mut rx, &waker), Poll::Ready(Some(1)));
}

#[test]
fn a_worker_must_not_block() {
    let (tx, _rx) = channel(1);
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    let panic = coop::enter(worker, || {
        catch_unwind(AssertUnwindSafe(|| tx.blocking_send(1))).unwrap_err()
    });
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("await `send`"), "{message}");
}

#[test]
fn no_room_at_all_is_refused() {
    let panic = catch_unwind(|| channel::<()>(0)).unwrap_err();
    let message = panic.downcast::<&str>().unwrap();
    assert!(message.contains("at least one"), "{message}");
}

#[test]
fn weak_senders_keep_nothing_open() {
    let (tx, mut rx) = channel::<()>(1);
    let weak = tx.downgrade();
    assert!(weak.upgrade().unwrap().same_channel(&tx));
    let permit = tx.try_reserve_owned().unwrap();
    assert!(weak.upgrade().is_some());
    drop(permit);
    assert!(weak.upgrade().is_none());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

/// There is never more in the channel than it has room for, and all that is sent arrives once and in order.
#[test]
fn stress() {
    const SENDERS: usize = 3;
    const ROOM: usize = 4;
    const EACH: usize = if cfg!(debug_assertions) {
        10_000
    } else {
        100_000
    };
    let (tx, mut rx) = channel(ROOM);
    let inside = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (tx, inside) = (tx.clone(), Arc::clone(&inside));
            thread::spawn(move || {
                for n in 0..EACH {
                    let permit = block_on(tx.reserve()).unwrap();
                    if n % 7 == 0 {
                        // One that is not used.
                        drop(permit);
                        tx.blocking_send((sender, n)).unwrap();
                    } else {
                        assert!(inside.fetch_add(1, Relaxed) < ROOM);
                        inside.fetch_sub(1, Relaxed);
                        permit.send((sender, n));
                    }
                }
            })
        })
        .collect();
    drop(tx);
    let mut next = [0; SENDERS];
    while let Some((sender, n)) = rx.blocking_recv() {
        assert_eq!(n, next[sender]);
        next[sender] += 1;
        assert!(rx.len() <= ROOM);
    }
    assert_eq!(next, [EACH; SENDERS]);
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
}
