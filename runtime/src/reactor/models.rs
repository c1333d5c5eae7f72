//! What races for a slot: events, reads, cancellation, deregistration, shutdown. Two or three threads each; every interleaving is searched.
//!
//! The kernel is a counter of bytes: an event is delivered after bytes are added, and a read takes all that there are. Nobody blocks: a task that
//! is left waiting must have been woken, which is asserted when the other threads have ended.

#![forbid(unsafe_code)]

use super::interest::{Interest, Ready};
use super::slab::Slab;
use super::slot::{Direction, Slot};
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use crate::loom::{Arc, Mutex, model, thread};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering::AcqRel;
use std::task::{Context, Poll, Wake, Waker, ready};

/// A task as its wakers see it: it remembers that it was woken.
struct Task(AtomicBool);

impl Task {
    fn new() -> (std::sync::Arc<Self>, Waker) {
        let task = std::sync::Arc::new(Self(AtomicBool::new(false)));
        (task.clone(), Waker::from(task))
    }

    /// Whether it was woken since the last call.
    fn was_woken(&self) -> bool {
        self.0.swap(false, AcqRel)
    }
}

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.swap(true, AcqRel);
    }
}

/// An open slot and the bytes that can be read from its descriptor.
struct Socket {
    slot: Slot,
    bytes: AtomicUsize,
}

impl Socket {
    /// One that the kernel reports on.
    fn open(ready: Ready) -> Self {
        let socket = Self::fresh(ready);
        socket.slot.readiness().watch();
        socket
    }

    fn fresh(ready: Ready) -> Self {
        let slot = Slot::new();
        slot.readiness().open(ready);
        let bytes = AtomicUsize::new(0);
        Self { slot, bytes }
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
        let socket = Arc::new(Socket::open(Ready::READABLE));
        let turn = thread::spawn({
            let socket = socket.clone();
            move || {
                socket.receive(1);
                socket.receive(1);
            }
        });
        let (task, waker) = Task::new();
        let mut cx = Context::from_waker(&waker);
        let mut read = 0;
        let mut run = || {
            while let Poll::Ready(bytes) = socket.poll_read(&mut cx) {
                read += bytes;
            }
        };
        run();
        turn.join().unwrap();
        while task.was_woken() {
            run();
        }
        assert_eq!(read, 2);
    });
}

/// A reader and a writer each find that they would block: neither's finding undoes the other's.
#[test]
fn clear_against_clear() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::READABLE | Ready::WRITABLE));
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

/// The holder of a guard takes all bytes that there are and says that nothing is left, while more come: whoever waits next is told of them.
#[test]
fn event_against_forget() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::READABLE));
        socket.bytes.fetch_add(1, AcqRel);
        let turn = thread::spawn({
            let socket = socket.clone();
            move || socket.receive(1)
        });
        let guard = socket.slot.readiness().load();
        let read = socket.bytes.swap(0, AcqRel);
        socket.slot.readiness().forget(guard, Ready::READABLE);
        let (task, waker) = Task::new();
        let mut wait = pin!(socket.slot.wait_for(Interest::READABLE));
        let is_ready = wait
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready();
        turn.join().unwrap();
        assert!(read == 2 || is_ready || task.was_woken());
    });
}

/// One of two guards of one wait says that nothing is left to read, and the other that there is no room to write: neither undoes the other's word.
#[test]
fn forget_against_clear() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::READABLE | Ready::WRITABLE));
        let seen = socket.slot.readiness().load();
        let writer = thread::spawn({
            let socket = socket.clone();
            move || socket.slot.readiness().clear(seen, Interest::WRITABLE)
        });
        socket.slot.readiness().forget(seen, Ready::READABLE);
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
        let socket = Arc::new(Socket::open(Ready::EMPTY));
        let (_cancelled, cancelled_waker) = Task::new();
        let (task, waker) = Task::new();
        let mut wait = pin!(socket.slot.wait_for(Interest::READABLE));
        let turn;
        {
            let mut cancelled = pin!(socket.slot.wait_for(Interest::READABLE));
            assert!(
                cancelled
                    .as_mut()
                    .poll(&mut Context::from_waker(&cancelled_waker))
                    .is_pending()
            );
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            turn = thread::spawn({
                let socket = socket.clone();
                move || socket.deliver(Ready::READABLE)
            });
        }
        turn.join().unwrap();
        assert!(task.was_woken());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        );
    });
}

/// An event is on its way while its descriptor is deregistered and the slot registered anew: the new one does not get it.
#[test]
fn event_against_recycling() {
    model(|| {
        let slab = Arc::new(Slab::new());
        let former = slab.open(Ready::EMPTY).unwrap();
        let (_, former_waker) = Task::new();
        let slot = slab.slot(former.index());
        assert!(
            slot.poll_ready(Direction::Read, &mut Context::from_waker(&former_waker))
                .is_pending()
        );
        let turn = thread::spawn({
            let slab = slab.clone();
            move || {
                let slot = slab.slot(former.index());
                slot.deliver(former.generation(), Ready::READABLE, Ready::READABLE);
            }
        });
        drop(slot.retire());
        slab.release(former.index());
        let new = slab.open(Ready::EMPTY).unwrap();
        assert_eq!(new.index(), former.index());
        turn.join().unwrap();
        assert!(slot.readiness().load().ready(Interest::READABLE).is_empty());
    });
}

/// Two tasks begin to wait on one descriptor, and one event comes: both are woken, or find it there.
#[test]
fn two_waiters_and_one_event() {
    model(|| {
        // Leaked, so that the other task's wait outlives its thread.
        let socket: &'static Socket = Box::leak(Box::new(Socket::open(Ready::EMPTY)));
        let wait = move || {
            let (task, waker) = Task::new();
            let mut wait = Box::pin(socket.slot.wait_for(Interest::READABLE));
            let is_ready = wait
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready();
            (wait, task, is_ready)
        };
        let turn = thread::spawn(move || socket.deliver(Ready::READABLE));
        let other = thread::spawn(wait);
        let tasks = [wait(), other.join().unwrap()];
        turn.join().unwrap();
        for (_, task, is_ready) in &tasks {
            assert!(*is_ready || task.was_woken());
        }
    });
}

/// What the kernel knows of one descriptor.
#[derive(Default)]
struct Kernel {
    is_told: bool,
    bytes: usize,
    /// An event that the turn has not taken yet.
    has_event: bool,
}

impl Kernel {
    fn receive(&mut self) {
        self.bytes += 1;
        self.has_event = self.is_told;
    }

    fn tell(&mut self) {
        assert!(!self.is_told, "nobody tells it twice");
        self.is_told = true;
        self.has_event = self.bytes > 0;
    }
}

/// Two tasks begin to wait for a stream of which the kernel knows nothing, and data comes. Who tells the kernel first is refused: the other tells it,
/// once, and is woken.
#[test]
fn watch_against_watch_against_event() {
    model(|| {
        // Leaked, so that the other task's wait outlives its thread.
        let socket: &'static Socket = Box::leak(Box::new(Socket::fresh(Ready::EMPTY)));
        let kernel = Arc::new(Mutex::new(Kernel::default()));
        let is_refused = Arc::new(AtomicBool::new(true));
        let wait = {
            let kernel = kernel.clone();
            move || {
                let (task, waker) = Task::new();
                let mut wait = Box::pin(socket.slot.wait_for(Interest::READABLE));
                let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending(), "no event is delivered yet");
                let watched = socket.slot.watch(|_| {
                    if is_refused.swap(false, AcqRel) {
                        return Err(());
                    }
                    kernel.lock().tell();
                    Ok(())
                });
                (wait, task, watched.is_err())
            }
        };
        let peer = thread::spawn({
            let kernel = kernel.clone();
            move || kernel.lock().receive()
        });
        let other = thread::spawn(wait.clone());
        let tasks = [wait(), other.join().unwrap()];
        peer.join().unwrap();
        if kernel.lock().has_event {
            socket.deliver(Ready::READABLE);
        }
        let refused = tasks.iter().filter(|(.., is_refused)| *is_refused).count();
        assert_eq!(refused, 1);
        for (_, task, is_refused) in &tasks {
            assert!(*is_refused || task.was_woken());
        }
    });
}

/// A task polls its wait again, with the waker that it left there, after an event whose data another task took: the next event wakes it.
#[test]
fn wait_again_against_event() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::EMPTY));
        let turn = thread::spawn({
            let socket = socket.clone();
            move || socket.deliver(Ready::READABLE)
        });
        let (task, waker) = Task::new();
        let mut cx = Context::from_waker(&waker);
        let mut wait = pin!(socket.slot.wait_for(Interest::READABLE));
        let mut is_ready = wait.as_mut().poll(&mut cx).is_ready();
        if !is_ready {
            if task.was_woken() {
                let readiness = socket.slot.readiness();
                readiness.clear(readiness.load(), Interest::READABLE);
            }
            is_ready = wait.as_mut().poll(&mut cx).is_ready();
        }
        turn.join().unwrap();
        socket.deliver(Ready::READABLE);
        assert!(is_ready || task.was_woken());
    });
}

/// A connection moves from one task to another while the event comes: the one that polled last is woken.
#[test]
fn waker_change_against_event() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::EMPTY));
        let turn = thread::spawn({
            let socket = socket.clone();
            move || socket.deliver(Ready::READABLE)
        });
        let (_, former_waker) = Task::new();
        let (task, waker) = Task::new();
        let _ = socket
            .slot
            .poll_ready(Direction::Read, &mut Context::from_waker(&former_waker));
        let polled = socket
            .slot
            .poll_ready(Direction::Read, &mut Context::from_waker(&waker));
        turn.join().unwrap();
        assert!(polled.is_ready() || task.was_woken());
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
        let (task, waker) = Task::new();
        let mut cx = Context::from_waker(&waker);
        let opened = slab.open(Ready::EMPTY).ok();
        let mut poll =
            || opened.map(|key| slab.slot(key.index()).poll_ready(Direction::Write, &mut cx));
        let polled = poll();
        shutdown.join().unwrap();
        if let Some(Poll::Pending) = polled {
            assert!(task.was_woken());
        }
        if let Some(polled) = poll() {
            assert!(matches!(polled, Poll::Ready(seen) if seen.is_shut_down()));
        }
    });
}

/// An event comes for both directions, the runtime ends, and one task stops waiting, all at once: whoever waits for the slot, be it by a `poll_` method or in the list, is woken
/// and finds it ready.
#[test]
fn event_against_shutdown_in_every_list() {
    model(|| {
        let socket = Arc::new(Socket::open(Ready::EMPTY));
        let mut tasks = Vec::new();
        let mut task = || {
            let (task, waker) = Task::new();
            tasks.push(task);
            waker
        };
        let directions = [Direction::Read, Direction::Write];
        for direction in directions {
            let polled = socket
                .slot
                .poll_ready(direction, &mut Context::from_waker(&task()));
            assert!(polled.is_pending());
        }
        let mut waits = [Interest::READABLE, Interest::WRITABLE]
            .map(|interest| Box::pin(socket.slot.wait_for(interest)));
        let turn;
        let shutdown;
        {
            let mut cancelled = pin!(socket.slot.wait_for(Interest::READABLE));
            let (_cancelled, cancelled_waker) = Task::new();
            let cx = &mut Context::from_waker(&cancelled_waker);
            assert!(cancelled.as_mut().poll(cx).is_pending());
            for wait in &mut waits {
                let waker = task();
                let cx = &mut Context::from_waker(&waker);
                assert!(wait.as_mut().poll(cx).is_pending());
            }
            turn = thread::spawn({
                let socket = socket.clone();
                move || socket.deliver(Ready::READABLE | Ready::WRITABLE)
            });
            shutdown = thread::spawn({
                let socket = socket.clone();
                move || socket.slot.shut_down()
            });
        }
        turn.join().unwrap();
        shutdown.join().unwrap();
        assert!(tasks.iter().all(|task| task.was_woken()));
        let cx = &mut Context::from_waker(Waker::noop());
        for direction in directions {
            let polled = socket.slot.poll_ready(direction, cx);
            assert!(matches!(polled, Poll::Ready(seen) if seen.is_shut_down()));
        }
        for wait in &mut waits {
            let polled = wait.as_mut().poll(cx);
            assert!(matches!(polled, Poll::Ready(seen) if seen.is_shut_down()));
        }
    });
}
