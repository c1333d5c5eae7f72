//! A descriptor that stands for one child, whatever becomes of its number.
//!
//! A child that was just spawned comes in; its end goes out, once, as an event and a status. What is done by it never meets another process, not even if somebody else
//! has taken the status, and the number is another's since.

#![forbid(unsafe_code)]

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
pub(super) use linux::PidFd;
#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
pub(super) use none::PidFd;

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
mod linux {
    use crate::io::Interest;
    use crate::reactor::{Kind, Registered};
    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
    use rustix::process::{pidfd_open, pidfd_send_signal, waitid};
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, ExitStatus};

    pub(in super::super) struct PidFd(Registered<OwnedFd>);

    impl PidFd {
        /// `None` where the system gives none: then there is another way, so why doesn't matter.
        #[track_caller]
        pub(in super::super) fn of(child: &Child) -> io::Result<Option<Self>> {
            let Ok(fd) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else {
                return Ok(None);
            };
            // It has just been spawned: a look before the first event would be in vain.
            let fd = Registered::new_unready(fd, Kind::Foreign(Interest::READABLE))?;
            Ok(Some(Self(fd)))
        }

        /// Kills it, if it is there still.
        pub(in super::super) fn kill(&self) -> io::Result<()> {
            match pidfd_send_signal(self.0.get_ref(), Signal::KILL) {
                // Somebody else has reaped it.
                Ok(()) | Err(Errno::SRCH) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }

        /// Its status, if it has ended.
        pub(in super::super) fn try_wait(
            &self,
            child: &mut Child,
        ) -> io::Result<Option<ExitStatus>> {
            reap(self.0.get_ref(), child)
        }

        pub(in super::super) async fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
            let reap = |fd: &OwnedFd| reap(fd, child)?.ok_or(io::ErrorKind::WouldBlock.into());
            self.0.io(Interest::READABLE, reap).await
        }
    }

    fn reap(fd: &OwnedFd, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let status = match waitid(WaitId::PidFd(fd.as_fd()), options) {
            // Before Linux 5.4 one can wait for the number only.
            Err(Errno::INVAL) => return child.try_wait(),
            status => status?,
        };
        // As `wait` has it: the code above the signal, and whether there is a core.
        let raw = status.and_then(|status| {
            let core = if status.dumped() { 0x80 } else { 0 };
            let code = status.exit_status().map(|code| (code & 0xff) << 8);
            code.or_else(|| status.terminating_signal().map(|signal| signal | core))
        });
        Ok(raw.map(ExitStatus::from_raw))
    }
}

#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
mod none {
    use std::io;
    use std::process::{Child, ExitStatus};

    /// There are none.
    pub(in super::super) enum PidFd {}

    impl PidFd {
        pub(in super::super) fn of(_: &Child) -> io::Result<Option<Self>> {
            Ok(None)
        }

        pub(in super::super) fn kill(&self) -> io::Result<()> {
            match *self {}
        }

        pub(in super::super) fn try_wait(&self, _: &mut Child) -> io::Result<Option<ExitStatus>> {
            match *self {}
        }

        pub(in super::super) async fn wait(&self, _: &mut Child) -> io::Result<ExitStatus> {
            match *self {}
        }
    }
}
