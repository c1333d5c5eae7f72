//! Signals that a test sends to its own process.

use rustix::process::{Signal, getpid, kill_process};
use std::env;

/// Sends it to this process; under ThreadSanitizer to this thread, since the sanitizer puts a handler off until the thread that got the signal calls libc, which
/// of all threads the one that the kernel chooses, the harness's, may never do again. What a thread sends to itself is handled at once.
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
