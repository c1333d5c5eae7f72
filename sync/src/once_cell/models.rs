//! The model of `OnceCell`; what is below it has its own.
#![forbid(unsafe_code)]

use super::OnceCell;
use crate::blocking::block_on;
use crate::loom::{model, thread};
use std::sync::Arc;

/// There is one value, though somebody sets it and somebody fails to make it, and all see it whole.
#[test]
fn get_or_init_against_set_against_failure() {
    model(|| {
        let cell = Arc::new(OnceCell::new());
        let sets = thread::spawn({
            let cell = Arc::clone(&cell);
            move || cell.set(Box::new(1)).is_ok()
        });
        let fails = thread::spawn({
            let cell = Arc::clone(&cell);
            move || block_on(cell.get_or_try_init(|| async { Err(()) })).map(|value| **value)
        });
        let made = **block_on(cell.get_or_init(|| async { Box::new(2) }));
        assert_eq!(made == 1, sets.join().unwrap());
        assert!([Ok(made), Err(())].contains(&fails.join().unwrap()));
        assert_eq!(cell.get().map(|value| **value), Some(made));
    });
}
