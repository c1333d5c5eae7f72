//! The model of `Mutex`; what is below it has its own.

use super::Mutex;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::cell::UnsafeCell;
use crate::loom::{model, thread};
use std::sync::Arc;

/// The lock is one's at a time, though somebody tries and somebody gives up, and each sees what the one before did.
#[test]
fn lock_against_try_lock_against_drop() {
    model(|| {
        // loom sees an access that another doesn't know of.
        let mutex = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let add = |cell: &UnsafeCell<u32>| {
            // SAFETY: the lock is held; that it is enough is what is modelled.
            cell.with_mut(|value| unsafe { *value += 1 });
        };
        let tries = thread::spawn({
            let mutex = Arc::clone(&mutex);
            move || mutex.try_lock().map(|guard| add(&guard)).is_ok()
        });
        let gives_up = thread::spawn({
            let mutex = Arc::clone(&mutex);
            move || {
                let mut lock = Box::pin(mutex.lock());
                match CountingWaker::new().enter(|cx| lock.as_mut().poll(cx)) {
                    std::task::Poll::Ready(guard) => {
                        add(&guard);
                        true
                    }
                    std::task::Poll::Pending => false,
                }
            }
        });
        add(&block_on(Arc::clone(&mutex).lock_owned()));
        let others = [tries, gives_up].map(|other| u32::from(other.join().unwrap()));
        let value = block_on(mutex.lock()).with(|value| {
            // SAFETY: as above.
            unsafe { *value }
        });
        assert_eq!(value, 1 + others[0] + others[1]);
    });
}
