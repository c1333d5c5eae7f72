//! What happens to a failure that is nobody's to receive; and to a panic of somebody else's code: a future, an output's destructor, a waker, a hook.
//!
//! A panic is caught where it happens, becomes a value, and is handed to whoever asked for the work; if that is nobody, it is reported on standard
//! error. It never unwinds through the runtime's own state. Called from everywhere; knows nothing of the rest of the crate.

#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// What a panic carried.
pub(crate) struct Payload(Option<Box<dyn Any + Send>>);

/// Runs code that is not ours.
///
/// Unwind safety: whoever calls treats what the code could have left half done as gone, and never runs it again.
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Payload(Some(payload)))
}

/// Calls a waker, which may be anybody's: its panic must not be the loss of those that are to be woken after it.
#[inline]
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch(|| waker.wake()) {
        report_panic(format_args!("a waker"), &payload);
    }
}

/// Says on standard error that `what` panicked.
#[cold]
pub(crate) fn report_panic(what: fmt::Arguments<'_>, payload: &Payload) {
    report(format_args!("{what} panicked: {}", payload.message()));
}

/// Says on standard error what failed.
#[cold]
pub(crate) fn report(what: fmt::Arguments<'_>) {
    // In one write, which no other thread's tears; if that fails, there is nobody left to tell.
    let _ = io::stderr().write_all(format!("heist: {what}\n").as_bytes());
}

impl Payload {
    /// The message, if the panic carried one.
    pub(crate) fn message(&self) -> &str {
        let any = self.0.as_deref();
        any.and_then(|any| any.downcast_ref::<&'static str>().copied())
            .or_else(|| any.and_then(|any| any.downcast_ref::<String>().map(String::as_str)))
            .unwrap_or("(its payload is not a string)")
    }

    /// The payload, to be looked at.
    pub(crate) fn get(&self) -> &(dyn Any + Send + 'static) {
        self.0
            .as_deref()
            .expect("only `into_inner` takes the payload")
    }

    /// The payload itself, as `std::panic::resume_unwind` takes it.
    pub(crate) fn into_inner(mut self) -> Box<dyn Any + Send> {
        self.0.take().expect("only `into_inner` takes the payload")
    }
}

/// A payload's own destructor may panic, too; what that second panic carries is leaked, for its destructor may do likewise.
impl Drop for Payload {
    fn drop(&mut self) {
        if let Some(payload) = self.0.take()
            && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
        {
            std::mem::forget(again);
        }
    }
}
