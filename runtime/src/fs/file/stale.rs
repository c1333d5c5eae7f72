//! Whether a file has changed where it may have been read ahead.
//!
//! Said by what writes by `&File`, on any thread, when it has written; asked by the next read at the cursor, which then gives back what it read ahead.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Stale(AtomicBool);

impl Stale {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// After the change. Release, with the swap's Acquire: who finds this reads what is there now.
    pub(super) fn set(&self) {
        self.0.store(true, Release);
    }

    /// Whether it was said, and not asked for since.
    pub(super) fn take(&self) -> bool {
        self.0.load(Relaxed) && self.0.swap(false, Acquire)
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::atomic::AtomicUsize;
    use crate::loom::{Arc, model, thread};

    /// What is read is what was written, or the next read hears that it isn't.
    #[test]
    fn file_change_against_read_ahead() {
        model(|| {
            let file = Arc::new((AtomicUsize::new(0), Stale::new()));
            let writer = thread::spawn({
                let file = Arc::clone(&file);
                move || {
                    file.0.store(1, Relaxed);
                    file.1.set();
                }
            });
            let (content, stale) = &*file;
            let heard = stale.take();
            let read = content.load(Relaxed);
            assert!(read == 1 || !heard, "it was given back, and read as it was");
            writer.join().expect("it writes");
            assert!(read == 1 || stale.take(), "nobody hears of the change");
        });
    }
}
