//! A child that nobody has reaped yet, and how its end is heard of.
//!
//! The standard library's child comes in, just spawned; its exit status goes out, once. `Child` is the only caller. One that it drops becomes an *orphan*: it waits for
//! itself, as an errand in its runtime's reactor, until it can be reaped. If the runtime ends before, it is a *stray*, of which the next child to be spawned in any runtime makes an
//! orphan there.
//!
//! What is done to it goes by its pidfd, and never meets another process. Where there is none it goes by its number, which means this child as long as it is not reaped: so nobody but the standard
//! library's `try_wait` may do that.
#![forbid(unsafe_code)]

use super::pidfd::PidFd;
use crate::errand::Errand;
use crate::signal::unix::{Signal, SignalKind, signal};
use parking_lot::Mutex;
use std::io;
use std::mem;
use std::process::{Child, ExitStatus};

/// Children whose runtime has ended before them, and for whom nobody waits.
static STRAYS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// See the head of the module.
pub(super) struct Running {
    child: Child,
    end: End,
}

/// What tells of a child's end.
enum End {
    PidFd(PidFd),
    /// At each, any child may have ended.
    Signal(Signal),
}

impl End {
    /// A pidfd if there can be one, else the signal.
    #[track_caller]
    fn of(child: &Child) -> io::Result<Self> {
        match PidFd::of(child)? {
            Some(fd) => Ok(Self::PidFd(fd)),
            None => signal(SignalKind::child()).map(Self::Signal),
        }
    }
}

impl Running {
    /// Begins to listen for its end.
    ///
    /// # Errors
    ///
    /// Those of the system, and if the runtime is shut down. It is killed then, and a stray.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub(super) fn new(mut child: Child) -> io::Result<Self> {
        match End::of(&child) {
            Ok(end) => Ok(Self { child, end }),
            Err(error) => {
                // It fails only if it has ended already.
                let _ = child.kill();
                STRAYS.lock().push(child);
                Err(error)
            }
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn kill(&mut self) -> io::Result<()> {
        match &self.end {
            End::PidFd(fd) => fd.kill(),
            End::Signal(_) => self.child.kill(),
        }
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match &self.end {
            End::PidFd(fd) => fd.try_wait(&mut self.child),
            End::Signal(_) => self.child.try_wait(),
        }
    }

    /// Waits for its end. Dropped, it is as if it had never begun.
    ///
    /// # Errors
    ///
    /// If its status cannot be had, since somebody else has taken it; if the runtime is shut down.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let child = &mut self.child;
        match &mut self.end {
            End::PidFd(fd) => fd.wait(child).await,
            End::Signal(signal) => loop {
                // A signal that comes after this is still to be heard of.
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
                if signal.recv().await.is_none() {
                    return Err(io::Error::other(
                        "the heist runtime that this child process was spawned in has been shut down",
                    ));
                }
            },
        }
    }

    /// Lets it wait for itself, unless it has ended already.
    pub(super) fn orphan(mut self) {
        if !matches!(self.try_wait(), Ok(None)) {
            return;
        }
        Errand::start(async move {
            if self.wait().await.is_err()
                && let Ok(None) = self.try_wait()
            {
                STRAYS.lock().push(self.child);
            }
        });
    }
}

/// Makes strays orphans of this thread's runtime.
pub(super) fn adopt_strays() {
    let strays = mem::take(&mut *STRAYS.lock());
    for child in strays {
        match End::of(&child) {
            Ok(end) => Running { child, end }.orphan(),
            Err(_) => STRAYS.lock().push(child),
        }
    }
}

/// Where there are no pidfds: the same by the signal. (On the reactor's portable path all tests of processes go by it.)
#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use crate::task::yield_now;
    use crate::time::{Duration, timeout};
    use std::process::Command;

    fn by_signal(line: &str) -> Running {
        let child = Command::new("/bin/sh").args(["-c", line]).spawn();
        let end = signal(SignalKind::child()).map(End::Signal);
        Running {
            child: child.expect("it is spawned"),
            end: end.expect("it is listened for"),
        }
    }

    /// Whether the process is there, as a zombie or alive.
    fn exists(id: u32) -> bool {
        rustix::process::test_kill_process(pid(id)).is_ok()
    }

    async fn until_reaped(id: u32) {
        let gone = async {
            while exists(id) {
                yield_now().await;
            }
        };
        let gone = timeout(Duration::from_secs(30), gone).await;
        gone.expect("it is reaped");
    }

    fn pid(id: u32) -> rustix::process::Pid {
        rustix::process::Pid::from_raw(id as i32).expect("it is no zero")
    }

    #[test]
    fn many_that_end_at_once() {
        crate::run(async {
            let mut children: Vec<_> = (0..50)
                .map(|code| (code, by_signal(&format!("read _ </dev/null; exit {code}"))))
                .collect();
            for (code, child) in &mut children {
                let status = child.wait().await.expect("it ends");
                assert_eq!(status.code(), Some(*code));
            }
        });
    }

    #[test]
    fn an_orphan_is_reaped() {
        crate::run(async {
            let mut child = by_signal("exec sleep 60");
            let id = child.id();
            child.kill().expect("it is there");
            child.orphan();
            until_reaped(id).await;
        });
    }

    /// Its runtime ends before it does; the next child's runtime reaps it.
    #[test]
    fn a_stray_is_reaped() {
        let id = crate::run(async {
            let child = by_signal("exec sleep 60");
            let id = child.id();
            child.orphan();
            id
        });
        crate::run(async {
            let next = crate::process::Command::new("true").status();
            assert!(next.await.expect("it ends").success());
            assert!(exists(id));
            rustix::process::kill_process(pid(id), rustix::process::Signal::KILL)
                .expect("it is there");
            until_reaped(id).await;
        });
    }
}
