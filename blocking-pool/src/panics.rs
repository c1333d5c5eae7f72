//! The panic policy: a panic in foreign code (a job, a hook, a waker, a drop) ends where it was called, and is told on
//! stderr unless somebody gets it as a value.
//!
//! In: closures from every other module. Out: their result, or the panic's payload.

use crate::loom;
use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::panic::AssertUnwindSafe;

/// What a panic carried.
pub(crate) struct Payload(Option<Box<dyn Any + Send>>);

/// Calls foreign code, and gives a panic back as its payload.
///
/// Asserting unwind safety is right because nothing that the code touched is used afterwards: it is consumed by the call.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    loom::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Payload(Some(payload)))
}

/// Calls foreign code, and reports a panic in it.
pub(crate) fn contain(what: impl fmt::Display, f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        report(format_args!("{what} panicked: {}", payload.message()));
    }
}

impl Payload {
    /// What the panic said.
    pub(crate) fn message(&self) -> &str {
        let any = self.0.as_deref();
        any.and_then(|any| any.downcast_ref::<&'static str>().copied())
            .or_else(|| any.and_then(|any| any.downcast_ref::<String>().map(String::as_str)))
            .unwrap_or("(a value that is not a string)")
    }

    /// The payload itself, for `std::panic::resume_unwind`.
    pub(crate) fn into_inner(mut self) -> Box<dyn Any + Send> {
        self.0.take().expect("only `into_inner` takes the payload")
    }
}

/// A payload's own destructor may panic, too, wherever it is dropped; what it panics with is leaked, so that this ends.
impl Drop for Payload {
    fn drop(&mut self) {
        let payload = self.0.take();
        if let Err(another) = catch(|| drop(payload)) {
            mem::forget(another);
        }
    }
}

/// Writes one line to stderr, in one write, which no other thread's tears; if stderr is gone, there is nobody left to tell.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("heist-blocking-pool: {what}\n").as_bytes());
}
