//! What the kernel knows of the threads of this process: on which processor one runs; of another, whether it runs, sleeps, or waits for a processor.
//!
//! Comes in: a thread's number. Goes out: its [`Usage`]. A worker that does not move may be stuck in a poll, or may be in the middle of a short one, put aside
//! by the kernel for somebody else's sake: another thread would then have to wait likewise, and make it worse. Asked only of workers that have not moved for long.
//!
//! On Linux by `/proc`, which is two small files; where there is none, nothing is known, and who doesn't move is taken to be stuck.

#![deny(unsafe_code)]

use std::time::Duration;

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Usage {
    /// It sleeps, in a system call, or for a page.
    pub(super) sleeps: bool,
    /// How long it has run on a processor since it began.
    pub(super) ran: Duration,
}

/// The kernel's number of the calling thread.
#[cfg(all(target_os = "linux", not(heist_loom)))]
pub(super) fn this_thread() -> u32 {
    rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .unsigned_abs()
}

/// The kernel's number of the calling thread: not needed here.
#[cfg(not(all(target_os = "linux", not(heist_loom))))]
pub(super) fn this_thread() -> u32 {
    0
}

/// The number of the processor that the calling thread runs on, at this moment. No system call on most machines. `None`: it is not known.
///
/// By libc, which finds the kernel's shared code under every tool: rustix looks for it itself, in a way that valgrind doesn't survive.
#[cfg(all(target_os = "linux", not(heist_loom)))]
pub(super) fn this_processor() -> Option<u32> {
    #[expect(unsafe_code, reason = "a call of libc's")]
    // SAFETY: it takes nothing, and gives a number.
    let processor = unsafe { libc::sched_getcpu() };
    u32::try_from(processor).ok()
}

/// `None`: it is not known.
#[cfg(not(all(target_os = "linux", not(heist_loom))))]
pub(super) fn this_processor() -> Option<u32> {
    None
}

/// `None`: nothing is known.
#[cfg(all(target_os = "linux", not(heist_loom)))]
pub(super) fn usage(thread: u32) -> Option<Usage> {
    let read = |file| std::fs::read_to_string(format!("/proc/self/task/{thread}/{file}")).ok();
    let (stat, schedstat) = (read("stat")?, read("schedstat")?);
    // The state follows the name, which is in brackets, and may have some in it.
    let state = stat.rsplit_once(')')?.1.trim_start().chars().next()?;
    let nanoseconds = schedstat.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Usage {
        sleeps: state != 'R',
        ran: Duration::from_nanos(nanoseconds),
    })
}

/// `None`: nothing is known.
#[cfg(not(all(target_os = "linux", not(heist_loom))))]
pub(super) fn usage(_: u32) -> Option<Usage> {
    None
}

#[cfg(all(test, target_os = "linux", not(heist_loom)))]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn of_one_that_runs() {
        let before = usage(this_thread()).expect("the kernel keeps account");
        assert!(!before.sleeps);
        while usage(this_thread()).expect("it still does").ran == before.ran {}
    }

    #[test]
    fn of_one_that_sleeps() {
        let (number, numbers) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("a) R (b".into());
        let thread = thread
            .spawn(move || {
                number.send(this_thread()).expect("it is waited for");
                let _ = ends.recv();
            })
            .expect("a thread");
        let number = numbers.recv().expect("it says who it is");
        while !usage(number).expect("the kernel keeps account").sleeps {}
        drop(end);
        thread.join().expect("it ends");
        // Its number is nobody's now, or another's.
        let _ = usage(number);
    }

    #[test]
    fn of_none() {
        assert_eq!(usage(0), None);
    }
}
