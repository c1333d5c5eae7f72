//! The kernel's side: registering descriptors, waiting for their events, and being woken from that wait.
//!
//! Descriptors come in with a [`Key`]; what goes out are `(Key, Ready)` pairs. The reactor is the only caller. On Linux it waits by one system call;
//! everywhere else, and on Linux under `--cfg heist_portable_reactor`, `polling` does it all. This file hides the difference.

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
pub(super) use self::linux::{Events, Poller};
#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
pub(super) use self::portable::{Events, Poller};

use super::interest::Interest;
use super::slab::Key;

/// What is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A stream: a socket that is or will be connected. The kernel is told of it when an operation on it would first have blocked, or somebody asks whether it is ready: a connection whose data is there,
    /// and that is answered and closed, costs two system calls less. (That a read of it came short means that it is drained with some only: who reads knows.)
    Stream,
    /// A listener: it is only ever readable.
    Listener,
    /// A datagram socket. Its readiness is cleared by an operation that would have blocked, and by nothing else: there is no short read that
    /// says that nothing is left.
    Datagram,
    /// A descriptor of a user's: what it is, nobody knows here. It is only ever ready for this, and for errors.
    Foreign(Interest),
}

/// How many events a turn takes at most: as many as there is room for tasks in a worker's queue. The others come with the next turn, before those that are ready again by then.
const EVENTS: usize = 256;

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
mod linux {
    use super::super::interest::Ready;
    use super::{EVENTS, Interest, Key, Kind};
    use rustix::buffer::spare_capacity;
    use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
    use rustix::io::Errno;
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::time::Duration;

    /// The key of the descriptor that wakes a wait. (`polling` keeps `usize::MAX` for itself.)
    const NOTIFY: usize = usize::MAX - 1;

    /// An epoll instance of `polling`'s, filled and waited on directly: `Poller::wait` makes five system calls, this one; and `Poller::add`,
    /// which is this same call, cannot ask for all that a stream needs.
    pub(in super::super) struct Poller {
        polling: polling::Poller,
        /// Registered edge-triggered, so that each write is an event, and nothing need be read or armed again.
        notify: OwnedFd,
        /// Whether the kernel or its filter refuses `epoll_pwait2` (before Linux 5.11; sandboxes).
        is_coarse: AtomicBool,
    }

    impl Poller {
        /// Whether a short read or write means that a stream is drained: the end of a stream is an event of its own here.
        pub(in super::super) const SHOWS_END: bool = true;

        pub(in super::super) fn new() -> io::Result<Self> {
            let polling = polling::Poller::new()?;
            let notify = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            let data = epoll::EventData::new_u64(NOTIFY as u64);
            let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(&polling, &notify, data, flags)?;
            Ok(Self {
                polling,
                notify,
                is_coarse: AtomicBool::new(false),
            })
        }

        /// As on a kernel without `epoll_pwait2`.
        #[cfg(all(test, not(heist_loom)))]
        pub(in super::super) fn coarse() -> io::Result<Self> {
            let poller = Self::new()?;
            poller.is_coarse.store(true, Relaxed);
            Ok(poller)
        }

        #[cfg(all(test, not(heist_loom)))]
        pub(in super::super) fn is_coarse(&self) -> bool {
            self.is_coarse.load(Relaxed)
        }

        pub(in super::super) fn add(
            &self,
            fd: BorrowedFd<'_>,
            key: Key,
            kind: Kind,
        ) -> io::Result<()> {
            use epoll::EventFlags as Flags;
            // HUP and ERR are reported in any case.
            let flags = match kind {
                // Without RDHUP, which `polling` leaves out, the end of a stream that comes together with data would be no event of its own,
                // and a short read could not be taken for "drained".
                Kind::Stream | Kind::Datagram => {
                    Flags::IN | Flags::OUT | Flags::PRI | Flags::RDHUP | Flags::ET
                }
                Kind::Listener => Flags::IN | Flags::ET,
                Kind::Foreign(interest) => flags(interest) | Flags::ET,
            };
            // What epoll says of it after it was deleted falls on the key's generation.
            let data = epoll::EventData::new_u64(key.0 as u64);
            Ok(epoll::add(&self.polling, fd, data, flags)?)
        }

        pub(in super::super) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
            self.polling.delete(fd)
        }

        /// Edge-triggered registrations need no arming.
        pub(in super::super) const fn is_one_shot(&self) -> bool {
            false
        }

        pub(in super::super) fn arm(
            &self,
            _: BorrowedFd<'_>,
            _: Key,
            _: Interest,
        ) -> io::Result<()> {
            Ok(())
        }

        /// Waits for events: one system call. A signal ends the wait without any.
        pub(in super::super) fn wait(
            &self,
            events: &mut Events,
            timeout: Option<Duration>,
        ) -> io::Result<()> {
            events.0.clear();
            if !self.is_coarse.load(Relaxed) {
                // A time-out that the kernel cannot count to is none.
                let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
                match epoll::wait(
                    &self.polling,
                    spare_capacity(&mut events.0),
                    timeout.as_ref(),
                ) {
                    Ok(_) | Err(Errno::INTR) => return Ok(()),
                    // Relaxed: whoever still reads `false` finds out by itself.
                    Err(Errno::NOSYS | Errno::PERM) => self.is_coarse.store(true, Relaxed),
                    Err(error) => return Err(error.into()),
                }
            }
            self.wait_coarse(events, timeout)
        }

        /// The same to the next millisecond, by `epoll_wait`. (With its feature `linux_5_11` rustix has only the other.)
        fn wait_coarse(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
            let timeout = timeout.map_or(-1, |timeout| {
                i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
            });
            let room = events.0.capacity();
            // SAFETY: there is room for that many events, which both crates declare as the kernel does.
            let count = unsafe {
                let list = events.0.as_mut_ptr().cast::<libc::epoll_event>();
                libc::epoll_wait(self.polling.as_fd().as_raw_fd(), list, room as i32, timeout)
            };
            match usize::try_from(count) {
                // SAFETY: the kernel has written that many.
                Ok(count) => unsafe { events.0.set_len(count) },
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error);
                    }
                }
            }
            Ok(())
        }

        /// Ends the wait that goes on, or the next one. One system call.
        pub(in super::super) fn notify(&self) {
            // It fails only if the counter is full, and then the event is there.
            let _ = rustix::io::write(&self.notify, &1_u64.to_ne_bytes());
        }
    }

    /// The events of one wait.
    pub(in super::super) struct Events(Vec<epoll::Event>);

    // SAFETY: an event's data could be a pointer; here it is a number, as every registration above is made with one.
    unsafe impl Send for Events {}

    impl Events {
        pub(in super::super) fn new() -> Self {
            Self(Vec::with_capacity(EVENTS))
        }

        pub(in super::super) fn iter(&self) -> impl Iterator<Item = (Key, Ready)> {
            let events = self
                .0
                .iter()
                .map(|event| (event.data.u64() as usize, event.flags));
            events
                .filter(|&(key, _)| key < Key::END)
                .map(|(key, flags)| (Key(key), ready(flags)))
        }
    }

    /// What the kernel is asked for. Of errors it tells in any case.
    fn flags(interest: Interest) -> epoll::EventFlags {
        use epoll::EventFlags as Flags;
        let mut flags = Flags::empty();
        if interest.is_readable() {
            flags |= Flags::IN | Flags::RDHUP;
        }
        if interest.is_writable() {
            flags |= Flags::OUT;
        }
        if interest.is_priority() {
            flags |= Flags::PRI;
        }
        flags
    }

    /// What the kernel's flags say.
    fn ready(flags: epoll::EventFlags) -> Ready {
        use epoll::EventFlags as Flags;
        let mut ready = Ready::EMPTY;
        let mut map = |flag: Flags, what: Ready| {
            if flags.contains(flag) {
                ready |= what;
            }
        };
        map(Flags::IN, Ready::READABLE);
        map(Flags::OUT, Ready::WRITABLE);
        map(Flags::PRI, Ready::PRIORITY);
        map(Flags::RDHUP, Ready::READ_CLOSED);
        map(Flags::HUP, Ready::READ_CLOSED | Ready::WRITE_CLOSED);
        // The next operation, of either kind, returns the error.
        map(Flags::ERR, Ready::ERROR | Ready::READABLE | Ready::WRITABLE);
        ready
    }
}

#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
mod portable {
    use super::super::interest::Ready;
    use super::{EVENTS, Interest, Key, Kind};
    use polling::{Event, PollMode};
    use std::io;
    use std::num::NonZeroUsize;
    use std::os::fd::{AsRawFd, BorrowedFd};
    use std::time::Duration;

    pub(in super::super) struct Poller {
        polling: polling::Poller,
        mode: PollMode,
    }

    impl Poller {
        /// `polling` doesn't tell the end of a stream from data, unless both of its ways have ended.
        pub(in super::super) const SHOWS_END: bool = false;

        pub(in super::super) fn new() -> io::Result<Self> {
            let polling = polling::Poller::new()?;
            let mode = if polling.supports_edge() {
                PollMode::Edge
            } else {
                PollMode::Oneshot
            };
            Ok(Self { polling, mode })
        }

        /// As on a platform without edge triggering.
        #[cfg(all(test, not(heist_loom)))]
        pub(in super::super) fn one_shot() -> io::Result<Self> {
            let polling = polling::Poller::new()?;
            let mode = PollMode::Oneshot;
            Ok(Self { polling, mode })
        }

        pub(in super::super) fn add(
            &self,
            fd: BorrowedFd<'_>,
            key: Key,
            kind: Kind,
        ) -> io::Result<()> {
            let event = match kind {
                _ if self.is_one_shot() => Event::none(key.0),
                Kind::Stream | Kind::Datagram => Event::all(key.0),
                Kind::Listener => Event::readable(key.0),
                Kind::Foreign(interest) => event(key, interest),
            };
            // SAFETY: `Registered` deletes it before it closes it.
            unsafe { self.polling.add_with_mode(fd.as_raw_fd(), event, self.mode) }
        }

        pub(in super::super) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
            self.polling.delete(fd)
        }

        /// Whether an event disarms its registration, both ways, so that who begins to wait has to [`arm`](Self::arm) it.
        pub(in super::super) fn is_one_shot(&self) -> bool {
            self.mode == PollMode::Oneshot
        }

        pub(in super::super) fn arm(
            &self,
            fd: BorrowedFd<'_>,
            key: Key,
            interest: Interest,
        ) -> io::Result<()> {
            let event = event(key, interest);
            self.polling.modify_with_mode(fd, event, self.mode)
        }

        pub(in super::super) fn wait(
            &self,
            events: &mut Events,
            timeout: Option<Duration>,
        ) -> io::Result<()> {
            events.0.clear();
            self.polling.wait(&mut events.0, timeout)?;
            Ok(())
        }

        /// Ends the wait that goes on, or the next one.
        pub(in super::super) fn notify(&self) {
            // It fails only for want of memory in the kernel; the next turn comes by itself then.
            let _ = self.polling.notify();
        }
    }

    /// What the poller is asked for. Of errors and hang-ups it tells in any case.
    fn event(key: Key, interest: Interest) -> Event {
        let mut event = Event::new(key.0, interest.is_readable(), interest.is_writable());
        event.set_priority(interest.is_priority());
        event
    }

    pub(in super::super) struct Events(polling::Events);

    impl Events {
        pub(in super::super) fn new() -> Self {
            Self(polling::Events::with_capacity(
                NonZeroUsize::new(EVENTS).expect("not zero"),
            ))
        }

        pub(in super::super) fn iter(&self) -> impl Iterator<Item = (Key, Ready)> {
            self.0.iter().map(|event| {
                let mut ready = Ready::EMPTY;
                if event.readable {
                    ready |= Ready::READABLE;
                }
                if event.writable {
                    ready |= Ready::WRITABLE;
                }
                if event.is_priority() {
                    ready |= Ready::PRIORITY;
                }
                if event.is_interrupt() {
                    ready |= Ready::READ_CLOSED | Ready::WRITE_CLOSED;
                }
                if event.is_err() == Some(true) {
                    ready |= Ready::ERROR;
                }
                (Key(event.key), ready)
            })
        }
    }
}
