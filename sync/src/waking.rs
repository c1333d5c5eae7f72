//! Calling wakers, which are foreign code and may panic.
//!
//! In come wakers, from the primitives, with no lock held and all state as it shall be. Out goes a panic of theirs, to
//! whoever sent or notified; unless that is a destructor in the middle of another panic: a second one out of it would
//! abort the process, and the hook has reported it.
#![forbid(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// What a panic carried.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Wakes.
#[inline]
pub(crate) fn wake(waker: Waker) {
    if thread::panicking() {
        wake_in_panic(waker);
    } else {
        waker.wake();
    }
}

#[cold]
fn wake_in_panic(waker: Waker) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        discard(panic);
    }
}

/// Lets a waker's panic, which was caught, go on.
#[cold]
pub(crate) fn go_on(panic: Payload) {
    if thread::panicking() {
        discard(panic);
    } else {
        resume_unwind(panic);
    }
}

/// Drops what a panic carried.
#[cold]
pub(crate) fn discard(panic: Payload) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // What panics when it is dropped is better not dropped.
        std::mem::forget(again);
    }
}
