//! What races for a slot: events, reads, cancellation, deregistration, shutdown. Two or three threads each, nothing bounded.
//!
//! The kernel is a counter of bytes: an event is delivered after bytes are added, and a read takes all that there are.

use super::interest::{Interest, Ready};
use super::slab::{Key, Slab};
use super::slot::{Direction, Slot};
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use crate::loom::{Arc, model, thread};
#[cfg(not(heist_loom))]
use futures_lite::future::block_on;
#[cfg(heist_loom)]
use loom::future::block_on;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::task::{Context, Poll, Wake, Waker, ready};

/// A task's waker, which remembers that it was called.
struct Woken(AtomicBool);

impl Woken {
    fn new() -> (std::sync::Arc<Self>, Waker) {
        let woken = std::sync::Arc::new(Self(AtomicBool::new(false)));
        (woken.clone(), Waker::from(woken))
    }

    fn is_set(&self) -> bool {
        self.0.load(Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Release);
    }
}

/// An open slot and the bytes that can be read from its descriptor.
struct Socket {
    slot: Slot,
    bytes: AtomicUsize,
}

impl Socket {
    fn open(ready: Ready) -> Arc<Self> {
        let slot = Slot::new();
        slot.readiness().open(ready);
        let bytes = AtomicUsize::new(0);
        Arc::new(Self { slot, bytes })
    }

    fn receive(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, AcqRel);
        self.deliver(Ready::READABLE);
    }

    fn deliver(&self, ready: Ready) {
        self.slot.deliver(0, ready, ready);
    }

    /// As `Registered::poll_stream_io`, with a buffer that is always larger than what there is.
    fn poll_read(&self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let seen = ready!(self.slot.poll_ready(Direction::Read, cx));
            match self.bytes.swap(0, AcqRel) {
                0 => self.slot.readiness().clear(seen, Interest::READABLE),
                bytes => {
                    self.slot.readiness().drained(seen, Interest::READABLE);
                    return Poll::Ready(bytes);
                }
            }
        }
    }
}

/// Bytes come while a task reads, finds less than it asked for, and finds nothing: it gets them all.
#[test]
fn event_against_read() {
    model(|| {
        let socket = Socket::open(Ready::READABLE);
        let turn = thread::spawn({
            let socket = socket.clone();
            move || {
                socket.receive(1);
                socket.receive(1);
            }
        });
        let mut read = 0;
        while read < 2 {
            read += block_on(poll_fn(|cx| socket.poll_read(cx)));
        }
        turn.join().unwrap();
    });
}

/// A reader and a writer each find that they would block: neither's finding undoes the other's, and no event is undone.
#[test]
fn clear_against_clear() {
    model(|| {
        let socket = Socket::open(Ready::READABLE | Ready::WRITABLE);
        let seen = socket.slot.readiness().load();
        let writer = thread::spawn({
            let socket = socket.clone();
            move || socket.slot.readiness().clear(seen, Interest::WRITABLE)
        });
        socket.slot.readiness().clear(seen, Interest::READABLE);
        writer.join().unwrap();
        let left = socket.slot.readiness().load();
        assert!(
            left.ready(Interest::READABLE | Interest::WRITABLE)
                .is_empty()
        );
    });
}

/// A task stops waiting while the event comes: nobody touches what it leaves, and the other one that waits is woken.
#[test]
fn event_against_cancel() {
    model(|| {
        let socket = Socket::open(Ready::EMPTY);
        let (cancelled, first_waker) = Woken::new();
        let (woken, second_waker) = Woken::new();
        let mut second = pin!(socket.slot.wait_for(Interest::READABLE));
        let turn;
        {
            let mut first = pin!(socket.slot.wait_for(Interest::READABLE));
            assert!(
                first
                    .as_mut()
                    .poll(&mut Context::from_waker(&first_waker))
                    .is_pending()
            );
            assert!(
                second
                    .as_mut()
                    .poll(&mut Context::from_waker(&second_waker))
                    .is_pending()
            );
            turn = thread::spawn({
                let socket = socket.clone();
                move || socket.deliver(Ready::READABLE)
            });
        }
        turn.join().unwrap();
        assert!(woken.is_set());
        assert!(
            second
                .as_mut()
                .poll(&mut Context::from_waker(&second_waker))
                .is_ready()
        );
        drop((cancelled, first_waker));
    });
}

/// An event is on its way while its descriptor is deregistered and the slot registered anew: the new one does not get it.
#[test]
fn event_against_recycling() {
    model(|| {
        let slab = Arc::new(Slab::new());
        let former = slab.open(Ready::EMPTY).unwrap();
        let (_, former_waker) = Woken::new();
        let slot = slab.slot(former.index());
        assert!(
            slot.poll_ready(Direction::Read, &mut Context::from_waker(&former_waker))
                .is_pending()
        );
        let turn = thread::spawn({
            let slab = slab.clone();
            move || {
                slab.slot(former.index()).deliver(
                    former.generation(),
                    Ready::READABLE,
                    Ready::READABLE,
                )
            }
        });
        let left = slot.retire();
        slab.release(former.index());
        drop(left);
        let new: Key = slab.open(Ready::EMPTY).unwrap();
        assert_eq!(new.index(), former.index());
        turn.join().unwrap();
        assert!(slot.readiness().load().ready(Interest::READABLE).is_empty());
    });
}

/// Two tasks wait on one descriptor, and one event comes: both are woken, or find it there.
#[test]
fn two_waiters_and_one_event() {
    model(|| {
        let socket = Socket::open(Ready::EMPTY);
        let wait = |socket: Arc<Socket>| {
            move || block_on(socket.slot.wait_for(Interest::READABLE)).ready(Interest::READABLE)
        };
        let waiters = [
            thread::spawn(wait(socket.clone())),
            thread::spawn(wait(socket.clone())),
        ];
        socket.deliver(Ready::READABLE);
        for waiter in waiters {
            assert!(waiter.join().unwrap().is_readable());
        }
    });
}

/// A connection moves from one task to another while the event comes: the one that polled last is woken.
#[test]
fn waker_change_against_event() {
    model(|| {
        let socket = Socket::open(Ready::EMPTY);
        let turn = thread::spawn({
            let socket = socket.clone();
            move || socket.deliver(Ready::READABLE)
        });
        let (_, former_waker) = Woken::new();
        let (woken, waker) = Woken::new();
        let _ = socket
            .slot
            .poll_ready(Direction::Read, &mut Context::from_waker(&former_waker));
        let polled = socket
            .slot
            .poll_ready(Direction::Read, &mut Context::from_waker(&waker));
        turn.join().unwrap();
        assert!(polled.is_ready() || woken.is_set());
    });
}

/// The runtime ends while a socket is made and waited for: it cannot be made, or the wait ends.
#[test]
fn shutdown_against_waiting() {
    model(|| {
        let slab = Arc::new(Slab::new());
        let shutdown = thread::spawn({
            let slab = slab.clone();
            move || slab.close().for_each(Slot::shut_down)
        });
        if let Ok(key) = slab.open(Ready::EMPTY) {
            let slot = slab.slot(key.index());
            assert!(block_on(poll_fn(|cx| slot.poll_ready(Direction::Write, cx))).is_shut_down());
        }
        shutdown.join().unwrap();
    });
}
