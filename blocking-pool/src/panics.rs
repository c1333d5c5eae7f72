//! The panic policy: a panic in foreign code (a job, a hook, a waker, a drop) ends where it was called, and is told on
//! stderr unless somebody gets it as a value.
//!
//! In: closures from every other module. Out: their result, or the panic's payload.

use crate::loom;
use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;

pub(crate) type Payload = Box<dyn Any + Send>;

/// Calls foreign code, and gives a panic back as its payload.
///
/// Asserting unwind safety is right because nothing that the code touched is used afterwards: it is consumed by the call.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    loom::catch_unwind(AssertUnwindSafe(f))
}

/// Calls foreign code, and reports a panic in it.
pub(crate) fn contain(what: &str, f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        report(format_args!("{what} panicked: {}", take_message(payload)));
    }
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "(a value that is not a string)"
    }
}

/// What a panic said. The payload is dropped; should that panic, what it panics with is leaked, so that this ends.
pub(crate) fn take_message(payload: Payload) -> String {
    let said = message(&*payload).to_owned();
    if let Err(another) = catch(|| drop(payload)) {
        std::mem::forget(another);
    }
    said
}

/// Writes one line to stderr, in one write, which no other thread's tears; if stderr is gone, there is nobody left to tell.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("heist-blocking-pool: {what}\n").as_bytes());
}
