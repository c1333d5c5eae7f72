//! The model of `SetOnce`; what is below it has its own.
#![forbid(unsafe_code)]

use super::SetOnce;
use crate::blocking::block_on;
use crate::loom::{model, thread};
use std::sync::Arc;

/// One sets it, who waits is told, and who comes too late finds the value.
#[test]
fn set_against_set_against_wait() {
    model(|| {
        let cell = Arc::new(SetOnce::new());
        let others = [1, 2].map(|n| {
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                let set = cell.set(Box::new(n)).is_ok();
                assert_eq!(cell.get().map(|value| **value == n), Some(set));
                set
            })
        });
        let value = **block_on(cell.wait());
        let others = others.map(|other| other.join().unwrap());
        assert_eq!(others, [value == 1, value == 2]);
    });
}
