//! What a socket holds: its descriptor, registered; and the operations on it that wait.
//!
//! The types of `net` come in, with the system calls that they make as closures; what goes out are the results, or `Pending` with the waker
//! left in the slot. Every I/O type goes through here, so the budget of `heist_sync::coop` is spent here.
//!
//! What a read costs that finds data: the budget (a thread-local without a destructor), three loads (the chunk, its state, the word), the system call, and
//! if it came short one compare-and-swap: some 50 instructions on x86-64 beside the call's own. One that finds none: after the system call a compare-and-swap, a clone of the waker, a lock and its release.
#![forbid(unsafe_code)]

use super::interest::{Interest, Ready};
use super::poller::{Kind, Poller};
use super::readiness::Snapshot;
use super::slot::{Direction, Slot};
use super::{Reactor, shut_down};
use heist_sync::coop::{self, RestoreOnPending};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What is to be tried before anybody waits.
const UNTRIED: Ready = Ready::from_bits(Ready::READABLE.bits() | Ready::WRITABLE.bits());

/// A descriptor that could not be registered, and why.
#[derive(Debug)]
pub(crate) struct Refused<T> {
    pub(crate) io: T,
    pub(crate) error: io::Error,
}

impl<T> From<Refused<T>> for io::Error {
    fn from(refused: Refused<T>) -> Self {
        refused.error
    }
}

/// A non-blocking descriptor that is registered with a reactor, until this is dropped.
pub(crate) struct Registered<T: AsFd> {
    reactor: Arc<Reactor>,
    pub(super) slot: u32,
    /// `None` only while it is taken apart.
    io: Option<T>,
}

impl<T: AsFd> Registered<T> {
    /// Registers `io`, which must not block, with this thread's reactor. It is tried at once, both ways: it counts as ready.
    ///
    /// # Errors
    ///
    /// If the kernel refuses (no descriptor left for the poller, no memory, too many watches), which it does for a stream at the first operation that would block;
    /// or the runtime is shut down.
    ///
    /// # Panics
    ///
    /// If the thread has no reactor.
    #[track_caller]
    pub(crate) fn new(io: T, kind: Kind) -> io::Result<Self> {
        Ok(Self::register(Reactor::current(), io, kind, UNTRIED)?)
    }

    /// As [`Registered::new`], with the reactor of this one, whatever the thread's is: what a listener accepts.
    ///
    /// # Errors
    ///
    /// As [`Registered::new`].
    pub(crate) fn new_beside<U: AsFd>(&self, io: U, kind: Kind) -> io::Result<Registered<U>> {
        let reactor = Arc::clone(&self.reactor);
        Ok(Registered::register(reactor, io, kind, UNTRIED)?)
    }

    /// Registers what becomes ready later, as the kernel will say: a stream that is being connected, a user's descriptor.
    ///
    /// # Errors
    ///
    /// As [`Registered::new`]; `io` comes back with it.
    ///
    /// # Panics
    ///
    /// As [`Registered::new`].
    #[track_caller]
    pub(crate) fn new_unready(io: T, kind: Kind) -> Result<Self, Refused<T>> {
        Self::register(Reactor::current(), io, kind, Ready::EMPTY)
    }

    /// As [`Registered::new_unready`], with the reactor of this one.
    ///
    /// # Errors
    ///
    /// As [`Registered::new_unready`].
    pub(crate) fn new_unready_beside<U: AsFd>(
        &self,
        io: U,
        kind: Kind,
    ) -> Result<Registered<U>, Refused<U>> {
        Registered::register(Arc::clone(&self.reactor), io, kind, Ready::EMPTY)
    }

    fn register(
        reactor: Arc<Reactor>,
        io: T,
        kind: Kind,
        ready: Ready,
    ) -> Result<Self, Refused<T>> {
        let slot = match reactor.open(ready) {
            Ok(slot) => slot,
            Err(error) => return Err(Refused { io, error }),
        };
        let registered = Self {
            reactor,
            slot,
            io: Some(io),
        };
        // Of a stream the kernel is told when an operation on it would have blocked.
        let told = match kind {
            Kind::Stream => Ok(()),
            Kind::Listener | Kind::Datagram | Kind::Foreign(_) => {
                let fd = registered.get_ref().as_fd();
                registered.reactor.watch(fd, slot, kind)
            }
        };
        match told {
            Ok(()) => Ok(registered),
            Err(error) => Err(Refused {
                io: registered.into_inner(),
                error,
            }),
        }
    }

    #[inline]
    pub(crate) fn get_ref(&self) -> &T {
        self.io
            .as_ref()
            .expect("it is there until it is taken apart")
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.io
            .as_mut()
            .expect("it is there until it is taken apart")
    }

    /// Takes the descriptor back. It stays non-blocking.
    pub(crate) fn into_inner(mut self) -> T {
        let io = self.io.take().expect("it is there until it is taken apart");
        self.reactor.deregister(io.as_fd(), self.slot);
        io
    }

    #[inline]
    fn slot(&self) -> &Slot {
        self.reactor.slab.slot(self.slot)
    }

    /// Runs `op`, a system call of ours, now, and once more after each time that it would have blocked and the descriptor has
    /// become ready in `direction` since. Of several tasks that wait like this, in one direction, the last is woken.
    #[inline]
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let coop = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_seen(cx, direction, &coop))?;
            let result = uninterrupted(|| op(self.get_ref()));
            if let Some(result) = self.unless_blocked(seen, direction.interest(), result) {
                coop.made_progress();
                return Poll::Ready(result);
            }
        }
    }

    /// The same for a read or write of `len` bytes on a [`Kind::Stream`] of bytes alone, where one that comes short says as much as the next
    /// one, which would block, could: that one is saved. (Not for a Unix stream: a read of one stops short at a message that carries descriptors.)
    #[inline]
    pub(crate) fn poll_stream_io(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        len: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let coop = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_seen(cx, direction, &coop))?;
            let result = uninterrupted(|| op(self.get_ref()));
            if let Some(result) = self.unless_blocked(seen, direction.interest(), result) {
                coop.made_progress();
                // Nothing at all is the end of the stream, which stays.
                if Poller::SHOWS_END && matches!(result, Ok(done) if 0 < done && done < len) {
                    self.slot().readiness().drained(seen, direction.interest());
                }
                return Poll::Ready(result);
            }
        }
    }

    /// The same for any number of tasks, all of which are woken: each runs `op` until it doesn't block.
    pub(crate) async fn io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.user_io(interest, |io| uninterrupted(|| op(io))).await
    }

    /// The same with what a user calls: whatever it returns but `WouldBlock` is the result.
    pub(crate) async fn user_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let seen = self.look(interest).await?;
            let result = op(self.get_ref());
            if let Some(result) = self.unless_blocked(seen, interest, result) {
                return result;
            }
        }
    }

    /// Runs `op`, a system call of ours, if the descriptor is ready for `interest` as far as is known; else it would block.
    ///
    /// # Errors
    ///
    /// Those of `op`; `WouldBlock` if it isn't ready.
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.try_user_io(interest, |io| uninterrupted(|| op(io)))
    }

    /// The same with what a user calls: whatever it returns is the result.
    ///
    /// # Errors
    ///
    /// As [`Registered::try_io`].
    pub(crate) fn try_user_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let seen = self.glance(interest)?;
        let result = self.unless_blocked(seen, interest, op(self.get_ref()));
        result.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// The same with what changes it.
    ///
    /// # Errors
    ///
    /// As [`Registered::try_io`].
    pub(crate) fn try_user_io_mut<R>(
        &mut self,
        interest: Interest,
        op: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let seen = self.glance(interest)?;
        let result = op(self.get_mut());
        let result = self.unless_blocked(seen, interest, result);
        result.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// What is known now, if it is ready for `interest`.
    fn glance(&self, interest: Interest) -> io::Result<Snapshot> {
        let seen = self.slot().readiness().load();
        if seen.is_shut_down() {
            return Err(shut_down());
        }
        if seen.ready(interest).is_empty() {
            // A stream isn't taken to have urgent data at first: who tries for these has not had it watched yet.
            self.watch()?;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(seen)
    }

    /// Waits until it is ready for `interest`. It may be so no longer when an operation is tried: then wait again.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        // Who asks again, and tries nothing, is to see what has changed: that the peer is gone, say.
        self.watch()?;
        Ok(self.look(interest).await?.ready(interest))
    }

    /// The same for `poll_` methods: of several tasks in one direction, the last is woken.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<()>> {
        self.watch()?;
        self.poll_look(cx, direction).map_ok(drop)
    }

    /// The same, for those who clear the readiness themselves: what was seen when it was ready.
    pub(crate) fn poll_look(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<Snapshot>> {
        let coop = ready!(coop::poll_proceed(cx));
        let seen = ready!(self.poll_seen(cx, direction, &coop))?;
        coop.made_progress();
        Poll::Ready(Ok(seen))
    }

    /// Wakes who still waits, and finds nothing new: for who is about to drop what others may wait by.
    pub(crate) fn wake(&self) {
        self.slot().wake(Ready::ALL);
    }

    /// A user's operation that began with `seen` would have blocked: none of `interest` is there.
    pub(crate) fn clear(&self, seen: Snapshot, interest: Interest) {
        self.slot().readiness().clear(seen, interest);
    }

    /// A user who began with `seen` says that it isn't `ready` any more.
    pub(crate) fn forget(&self, seen: Snapshot, ready: Ready) {
        self.slot().readiness().forget(seen, ready);
    }

    /// The result of an operation that began with `seen`; `None` if it would have blocked, which is then known. Of a stream the kernel is told: what is known to be over only an
    /// event brings back, also for who doesn't wait but tries again.
    #[inline]
    fn unless_blocked<R>(
        &self,
        seen: Snapshot,
        interest: Interest,
        result: io::Result<R>,
    ) -> Option<io::Result<R>> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let readiness = self.slot().readiness();
                readiness.clear(seen, interest);
                // Only now: what has come in the meantime the kernel reports when it is told.
                if let Err(error) = self.watch() {
                    // Nothing would bring it back.
                    let _ = readiness.deliver(seen.generation(), UNTRIED);
                    return Some(Err(error));
                }
                None
            }
            result => Some(result),
        }
    }

    /// Tells the kernel of a stream that it hasn't been told of.
    #[inline]
    fn watch(&self) -> io::Result<()> {
        let fd = self.get_ref().as_fd();
        self.reactor.watch(fd, self.slot, Kind::Stream)
    }

    #[inline]
    fn poll_seen(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        coop: &RestoreOnPending,
    ) -> Poll<io::Result<Snapshot>> {
        let polled = self.slot().poll_ready(direction, cx);
        self.checked(polled, coop)
    }

    /// Waits until it is ready for `interest`, and gives what was seen then.
    pub(crate) async fn look(&self, interest: Interest) -> io::Result<Snapshot> {
        let mut wait = pin!(self.slot().wait_for(interest));
        poll_fn(|cx| {
            let coop = ready!(coop::poll_proceed(cx));
            let seen = ready!(self.checked(wait.as_mut().poll(cx), &coop))?;
            coop.made_progress();
            Poll::Ready(Ok(seen))
        })
        .await
    }

    /// What a wait has come to. An error spends the budget: who tries again at each must give way as well.
    #[inline]
    fn checked(
        &self,
        polled: Poll<Snapshot>,
        coop: &RestoreOnPending,
    ) -> Poll<io::Result<Snapshot>> {
        let failed = match polled {
            Poll::Ready(seen) if !seen.is_shut_down() => return Poll::Ready(Ok(seen)),
            Poll::Ready(_) => shut_down(),
            Poll::Pending => match self.reactor.arm(self.get_ref().as_fd(), self.slot) {
                Ok(()) => return Poll::Pending,
                Err(error) => error,
            },
        };
        coop.made_progress();
        Poll::Ready(Err(failed))
    }
}

/// Makes a system call again as long as a signal interrupts it: `futures_io` wants that.
#[inline]
fn uninterrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

// The closures that run in the middle of an operation hold no lock, and leave nothing half done.
impl<T: AsFd + UnwindSafe> UnwindSafe for Registered<T> {}
impl<T: AsFd + RefUnwindSafe> RefUnwindSafe for Registered<T> {}

impl<T: AsFd> Drop for Registered<T> {
    fn drop(&mut self) {
        // Before the descriptor is closed, as the poller wants it.
        if let Some(io) = &self.io {
            self.reactor.deregister(io.as_fd(), self.slot);
        }
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Registered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get_ref().fmt(f)
    }
}
