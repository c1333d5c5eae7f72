//! The models of `Event`; what is below it has its own.
#![forbid(unsafe_code)]

use super::Event;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::Relaxed;
use crate::loom::{model, thread};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Who begins to wait at any time goes on once it is set, and sees what was done before; also beside one who gives up.
#[test]
fn set_against_wait_against_drop() {
    model(|| {
        let shared = Arc::new((Event::new(), AtomicBool::new(false)));
        let sets = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.set();
            }
        });
        let gives_up = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut wait = Box::pin(shared.0.wait());
                let polled = CountingWaker::new().enter(|cx| wait.as_mut().poll(cx));
                assert!(polled.is_pending() || shared.1.load(Relaxed));
            }
        });
        block_on(shared.0.wait());
        assert!(shared.1.load(Relaxed));
        sets.join().unwrap();
        gives_up.join().unwrap();
    });
}

/// It is found set, cleared and waited for anew, while who has set it is still about to wake those that waited: the new wait goes on.
#[test]
fn late_set_against_later_wait() {
    model(|| {
        let event = Arc::new(Event::new());
        let waits = thread::spawn({
            let event = Arc::clone(&event);
            move || {
                if !event.is_set() {
                    return None;
                }
                event.clear();
                let waker = CountingWaker::new();
                // Of a shared event, so that it outlives the thread.
                let wait = async move { event.wait().await };
                let mut wait: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(wait);
                assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
                Some((wait, waker))
            }
        });
        event.set();
        if let Some((mut wait, waker)) = waits.join().unwrap() {
            assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
        }
    });
}

/// Who waits when it is set goes on, though it is cleared before he looks.
#[test]
fn set_and_clear_against_wait() {
    model(|| {
        let event = Arc::new(Event::new());
        let waker = CountingWaker::new();
        let mut wait = Box::pin(event.wait());
        assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
        let sets = thread::spawn({
            let event = Arc::clone(&event);
            move || {
                event.set();
                event.clear();
            }
        });
        block_on(wait);
        sets.join().unwrap();
        assert!(!event.is_set());
    });
}
