//! The model of `RwLock`; what is below it has its own.

use super::RwLock;
use crate::blocking::block_on;
use crate::loom::cell::UnsafeCell;
use crate::loom::{model, thread};
use std::sync::Arc;

/// loom sees an access to it that another doesn't know of.
struct Watched(UnsafeCell<u32>);

// SAFETY: all access is under the lock.
unsafe impl Sync for Watched {}

/// Who writes is alone, who reads sees what was written, and a writer that goes on as a reader lets none in between.
#[test]
fn read_against_write_against_downgrade() {
    model(|| {
        let lock = Arc::new(RwLock::with_max_readers(Watched(UnsafeCell::new(0)), 2));
        let add = |cell: &Watched| {
            // SAFETY: the lock is held for writing; that it is enough is what is modelled.
            cell.0.with_mut(|value| unsafe { *value += 1 });
        };
        let get = |cell: &Watched| {
            // SAFETY: likewise, for reading.
            cell.0.with(|value| unsafe { *value })
        };
        let writer = thread::spawn({
            let lock = Arc::clone(&lock);
            move || {
                let guard = block_on(lock.write());
                add(&guard);
                let before = get(&guard);
                assert_eq!(get(&guard.downgrade()), before);
            }
        });
        let reader = thread::spawn({
            let lock = Arc::clone(&lock);
            move || get(&block_on(lock.read_owned()))
        });
        add(&block_on(lock.write()));
        writer.join().unwrap();
        assert!(reader.join().unwrap() <= 2);
        assert_eq!(get(&lock.try_read().unwrap()), 2);
    });
}
