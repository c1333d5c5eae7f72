//! How something panics.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// A panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    /// Its message.
    pub message: String,
    /// The file that it blames.
    pub file: String,
}

thread_local! {
    static BLAMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a function that panics on this thread.
///
/// # Panics
///
/// If it does not.
#[track_caller]
pub fn panic_of<R>(function: impl FnOnce() -> R) -> Panicked {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let file = info.location().map(|place| place.file().to_owned());
            // A thread whose locals are gone has nobody who asks.
            let _ = BLAMED.try_with(|blamed| blamed.replace(file));
            former(info);
        }));
    });
    let Err(payload) = catch_unwind(AssertUnwindSafe(function)) else {
        panic!("it did not panic")
    };
    Panicked {
        message: panic_message(&*payload).to_owned(),
        file: BLAMED.take().expect("the hook was called"),
    }
}

/// The message that a panic carried.
///
/// # Panics
///
/// If it carried something else.
#[track_caller]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    literal
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .expect("the panic has a message")
}
