//! The models of `Condition`; what is below it has its own.
#![forbid(unsafe_code)]

use super::Condition;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::{model, thread};
use crate::mutex::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// No notification is lost: neither where it comes while a task unlocks, nor to one who gives up.
#[test]
fn wait_for_against_notify_one_against_drop() {
    model(|| {
        let shared = Arc::new((Mutex::new(0), Condition::new()));
        let pushes = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                *block_on(shared.0.lock()) += 1;
                shared.1.notify_one();
            }
        });
        let gives_up = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut wait = Box::pin(shared.1.wait(block_on(shared.0.lock())));
                for _ in 0..2 {
                    if CountingWaker::new()
                        .enter(|cx| wait.as_mut().poll(cx))
                        .is_ready()
                    {
                        // It was told, and so has to see to it that the item is taken.
                        shared.1.notify_one();
                        return;
                    }
                }
            }
        });
        let items = block_on(async {
            let items = shared.0.lock().await;
            shared.1.wait_for(items, |&mut items| items > 0).await
        });
        assert_eq!(*items, 1);
        drop(items);
        pushes.join().unwrap();
        gives_up.join().unwrap();
        assert!(shared.0.try_lock().is_ok());
    });
}

/// All that wait are notified, in batches, one of them with a waker that panics, while one more gives up.
#[test]
fn notify_all_against_drop_with_waker_that_panics() {
    model(|| {
        let shared = Arc::new((Mutex::new(()), Condition::new()));
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waits = Vec::new();
        for waker in [&panics, &counts, &counts, &counts] {
            let mut wait = Box::pin(shared.1.wait(shared.0.try_lock().unwrap()));
            assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
            waits.push(wait);
        }
        let notifies = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let notify_all = AssertUnwindSafe(|| shared.1.notify_all());
                catch_unwind(notify_all).is_err()
            }
        });
        drop(waits.pop());
        assert!(notifies.join().unwrap());
        assert!(counts.woken() >= 2);
        for wait in waits {
            drop(block_on(wait));
        }
        assert!(panics.is_released() && counts.is_released());
    });
}
