//! Signals that a test sends to its own process.

use rustix::process::{Signal, getpid, kill_process};
use std::env;

/// Sends it to this process; under ThreadSanitizer to this thread. For the sanitizer puts a handler off until the thread that got the signal comes by it, which one that the kernel has
/// chosen, and that is about to sleep, may not do for long. What a thread sends to itself is handled at once.
///
/// # Panics
///
/// If the system refuses it.
pub fn send_to_this_process(signal: Signal) {
    if env::var_os("TSAN_OPTIONS").is_none() {
        return kill_process(getpid(), signal).expect("it is sent");
    }
    // SAFETY: it takes a number, and touches no memory of ours.
    assert_eq!(unsafe { libc::raise(signal.as_raw()) }, 0);
}
