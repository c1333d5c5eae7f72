//! No test hangs.

use crate::Stopwatch;
use std::env;
use std::fs;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a test waits for something that takes no time, before it calls it a hang. No test takes a part of it on purpose.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test on a thread of its own, and fails with the test's name if it hangs.
///
/// # Panics
///
/// If the test does, or hangs.
#[track_caller]
pub fn guarded<R: Send + 'static>(name: &str, test: impl FnOnce() -> R + Send + 'static) -> R {
    run(name, Box::new(test))
}

/// Compiled once for all tests that return the same, of which there are more than a thousand.
#[track_caller]
fn run<R: Send + 'static>(name: &str, test: Box<dyn FnOnce() -> R + Send>) -> R {
    let (done, ended) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name(name.into()).spawn(move || {
        // Dropped when the test has ended, by a panic too.
        let _done = done;
        test()
    });
    let thread = thread.expect("a thread for the test");
    // Twice: what hangs inside shall have the first word, which says more. Under ThreadSanitizer what computes takes some twenty times as long.
    let times = match env::var_os("TSAN_OPTIONS") {
        Some(_) => 10,
        None => 2,
    };
    match ended.recv_timeout(times * PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("{name} hangs; {}", whereabouts()),
        _ => thread
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// What the process's threads are in, on Linux: for each its name, its state, and the number and arguments of its system call; and which children there are. (Where a hang is rare,
/// the failure is all that there is to learn from.)
fn whereabouts() -> String {
    let mut text = String::from("the threads, and the system calls that they are in:");
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let read = |file| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let (stat, children) = (read("stat"), read("children"));
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        let [name, call] = ["comm", "syscall"].map(|file| read(file).trim_end().to_owned());
        text += &format!("\n  {name}, {}: {call}", state.unwrap_or('?'));
        if !children.is_empty() {
            text += &format!("; its children: {children}");
        }
    }
    text
}

/// The next message, which is sure to come.
///
/// # Panics
///
/// If it does not: all senders are gone, or it takes longer than [`PATIENCE`].
#[track_caller]
pub fn receive<T>(receiver: &Receiver<T>) -> T {
    match receiver.recv_timeout(PATIENCE) {
        Ok(message) => message,
        Err(RecvTimeoutError::Timeout) => panic!("nothing came: somebody hangs"),
        Err(RecvTimeoutError::Disconnected) => panic!("nothing can come any more"),
    }
}

/// Waits, with the thread yielded in between, for something of which nobody sends word: a count that another thread's destructor changes, say.
///
/// # Panics
///
/// If it does not come true within [`PATIENCE`].
#[track_caller]
pub fn wait_until(mut is_true: impl FnMut() -> bool) {
    let begun = Stopwatch::start();
    while !is_true() {
        assert!(begun.elapsed() < PATIENCE, "it does not come true");
        thread::yield_now();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_hang_tells_where_the_threads_are() {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("waits".into());
        let thread = thread.spawn(move || stopped.recv()).unwrap();
        wait_until(|| whereabouts().contains("\n  waits, S: "));
        drop(stop);
        thread.join().unwrap().unwrap_err();
    }
}
