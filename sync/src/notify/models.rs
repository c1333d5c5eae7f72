//! The models of `Notify`: up to three threads, with batches of two. The search needs no bound.
#![forbid(unsafe_code)]

use super::{Notified, Notify};
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::atomic::Ordering::Relaxed;
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use crate::loom::{model, thread};
use crate::wait_list::BATCH;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;

fn poll(notified: Pin<&mut Notified<'_>>, waker: &Arc<CountingWaker>) -> bool {
    waker.enter(|cx| notified.poll(cx).is_ready())
}

/// A notification is never lost, and what came before it is seen.
#[test]
fn notify_one_against_notified() {
    model(|| {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        let notifier = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.notify_one();
            }
        });
        block_on(shared.0.notified());
        assert!(shared.1.load(Relaxed));
        notifier.join().unwrap();
    });
}

/// A call that finds a permit there stores none: who takes that one sees what came before the call all the same.
#[test]
fn notify_one_against_taken_permit() {
    model(|| {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        shared.0.notify_one();
        let notifier = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.notify_one();
            }
        });
        while !shared.1.load(Relaxed) {
            block_on(shared.0.notified());
        }
        notifier.join().unwrap();
    });
}

/// Two who begin to wait, and then look, miss neither of two items, though nobody polled before they came.
#[test]
fn notify_one_against_enable() {
    model(|| {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let waker = CountingWaker::new();
        let mut first = Box::pin(shared.0.notified());
        let mut second = pin!(shared.0.notified());
        let notifier = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for _ in 0..2 {
                    shared.1.fetch_add(1, Relaxed);
                    shared.0.notify_one();
                }
            }
        });
        let ready = first.as_mut().enable() | second.as_mut().enable();
        let found = shared.1.load(Relaxed);
        assert!(!ready || found > 0);
        notifier.join().unwrap();
        if found == 0 {
            assert!(poll(first.as_mut(), &waker));
        }
        // It has found its item, and passes on what else it got.
        drop(first);
        if found < 2 {
            assert!(poll(second, &waker));
        }
    });
}

/// A future that is dropped while it is notified passes the notification on.
#[test]
fn notify_one_against_drop() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let waker = CountingWaker::new();
        let mut first = Box::pin(notify.notified());
        let mut second = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        assert!(!poll(second.as_mut(), &waker));
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_one()
        });
        drop(first);
        notifier.join().unwrap();
        assert_eq!(waker.woken(), 1);
        assert!(poll(second, &waker));
    });
}

/// As above, where the list is empty at times, and the permit finds its way through the word.
#[test]
fn two_waiters_against_one_notify_and_drop() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let gives_up = thread::spawn({
            let notify = Arc::clone(&notify);
            move || {
                let mut notified = Box::pin(notify.notified());
                if notified.as_mut().enable() {
                    notify.notify_one();
                }
            }
        });
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_one()
        });
        block_on(notify.notified());
        gives_up.join().unwrap();
        notifier.join().unwrap();
    });
}

/// The waker of the last poll that was pending is the one that is woken.
#[test]
fn notify_one_against_change_of_task() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let (first, second) = (CountingWaker::new(), CountingWaker::new());
        let mut notified = pin!(notify.notified());
        assert!(!poll(notified.as_mut(), &first));
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_one()
        });
        let early = poll(notified.as_mut(), &second);
        notifier.join().unwrap();
        assert!(early || second.woken() == 1);
        assert!(poll(notified.as_mut(), &second));
        assert!(first.is_released() && second.is_released());
    });
}

/// A broadcast reaches a future that was made before it, whenever that is polled, and what came before it is seen.
#[test]
fn notify_waiters_against_first_poll() {
    model(|| {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        let waker = CountingWaker::new();
        let mut notified = pin!(shared.0.notified());
        let notifier = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.notify_waiters();
            }
        });
        let early = poll(notified.as_mut(), &waker);
        if early {
            assert!(shared.1.load(Relaxed));
        }
        notifier.join().unwrap();
        assert!(early || waker.woken() == 1);
        assert!(poll(notified, &waker));
    });
}

/// A broadcast that came before the future doesn't end its wait: whoever looks before he waits sees what came before it.
#[test]
fn notify_waiters_against_notified() {
    model(|| {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        let notifier = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.notify_waiters();
            }
        });
        let notified = shared.0.notified();
        if !shared.1.load(Relaxed) {
            block_on(notified);
        }
        notifier.join().unwrap();
    });
}

/// All are notified at once: where one is, so is the other.
#[test]
fn notify_waiters_against_polls() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let waker = CountingWaker::new();
        let mut waiters: Vec<_> = (0..BATCH + 1)
            .map(|_| Box::pin(notify.notified()))
            .collect();
        for waiter in &mut waiters {
            assert!(!poll(waiter.as_mut(), &waker));
        }
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_waiters()
        });
        let first = poll(waiters[0].as_mut(), &waker);
        let last = poll(waiters[BATCH].as_mut(), &waker);
        assert!(!first || last);
        notifier.join().unwrap();
        for waiter in &mut waiters {
            assert!(poll(waiter.as_mut(), &waker));
        }
        assert!(waker.is_released());
    });
}

/// A waiter that comes back while a broadcast is in the middle is not notified by it.
#[test]
fn notify_waiters_against_new_waiter() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let mut waiters: Vec<_> = (0..BATCH + 1)
            .map(|_| Box::pin(notify.notified()))
            .collect();
        for waiter in &mut waiters {
            assert!(!waiter.as_mut().enable());
        }
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_waiters()
        });
        block_on(waiters[0].as_mut());
        let mut again = pin!(notify.notified());
        assert!(!again.as_mut().enable());
        notifier.join().unwrap();
        assert!(!again.as_mut().enable());
    });
}

/// A `notify_one` in the middle of a broadcast is for a waiter that came after it.
#[test]
fn notify_waiters_against_notify_one() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let mut waiters: Vec<_> = (0..BATCH + 1)
            .map(|_| Box::pin(notify.notified()))
            .collect();
        for waiter in &mut waiters {
            assert!(!waiter.as_mut().enable());
        }
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_waiters()
        });
        block_on(waiters[0].as_mut());
        let mut again = pin!(notify.notified());
        assert!(!again.as_mut().enable());
        notify.notify_one();
        assert!(again.as_mut().enable());
        notifier.join().unwrap();
    });
}

/// A broadcast that finds its only waiter gone overwrites nothing.
#[test]
fn notify_waiters_against_permit() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let mut gives_up = Box::pin(notify.notified());
        assert!(!gives_up.as_mut().enable());
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || notify.notify_waiters()
        });
        drop(gives_up);
        notify.notify_one();
        notifier.join().unwrap();
        assert!(pin!(notify.notified()).enable());
    });
}

/// A waker that panics loses nobody else's wake-up, and leaves the list whole, also while another waiter goes.
#[test]
fn notify_waiters_against_drop_with_waker_that_panics() {
    model(|| {
        let notify = Arc::new(Notify::new());
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waiters: Vec<_> = (0..BATCH + 2)
            .map(|_| Box::pin(notify.notified()))
            .collect();
        assert!(!poll(waiters[0].as_mut(), &panics));
        for waiter in &mut waiters[1..] {
            assert!(!poll(waiter.as_mut(), &counts));
        }
        let notifier = thread::spawn({
            let notify = Arc::clone(&notify);
            move || catch_unwind(AssertUnwindSafe(|| notify.notify_waiters())).is_err()
        });
        drop(waiters.pop());
        assert!(notifier.join().unwrap());
        assert_eq!(panics.woken(), 1);
        // The one that went may have been woken before.
        assert!(counts.woken() >= BATCH);
        for waiter in &mut waiters {
            assert!(waiter.as_mut().enable());
        }
        assert!(panics.is_released() && counts.is_released());
        assert!(!pin!(notify.notified()).enable());
    });
}
