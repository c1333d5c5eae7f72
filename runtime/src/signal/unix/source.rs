//! Where a runtime hears of one kind of signal, for all of its listeners.
//!
//! The kernel's signal comes in, to a handler that may do next to nothing; what goes out is a change of a `watch` channel, which each listener sees for itself.
//! `signal` is the only caller. A signal's way:
//!
//! 1. The handler (`signal-hook-registry`'s, which calls everybody's in turn) writes a byte to the bell of each runtime that listens.
//! 2. That is an event of the runtime's reactor. It wakes the errand, which takes the bytes and changes the channel.
//! 3. The listeners' tasks are woken. What came meanwhile is a byte in the bell, or a change of the channel that they have not seen.
//!
//! A source exists as long as anybody listens; then the handler is told to leave it alone, and the errand is stopped.

use super::SignalKind;
use crate::errand::Errand;
use crate::failure;
use crate::io::Interest;
use crate::reactor::{Kind, Reactor, Registered};
use heist_sync::watch;
use parking_lot::Mutex;
use signal_hook_registry::SigId;
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::{Arc, Weak};

/// Which reactor's, by its address, and which signal's.
type Key = (usize, c_int);

/// The sources that exist: one for each runtime and kind of signal.
static SOURCES: Mutex<BTreeMap<Key, Weak<Source>>> = Mutex::new(BTreeMap::new());

pub(super) struct Source {
    key: Key,
    /// Kept, so that its address is no other's.
    _reactor: Arc<Reactor>,
    signals: watch::Receiver<()>,
    action: SigId,
    errand: Arc<Errand>,
}

impl Source {
    /// That of this thread's runtime, which is made if there is none.
    ///
    /// # Errors
    ///
    /// Those of the system: there is no such signal; no descriptor is left.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub(super) fn of_this_runtime(signal: c_int) -> io::Result<Arc<Self>> {
        let reactor = Reactor::current();
        let key = (Arc::as_ptr(&reactor).addr(), signal);
        // Dropped after the lock.
        let former;
        let mut sources = SOURCES.lock();
        former = sources.get(&key).and_then(Weak::upgrade);
        // One whose errand has ended hears no more: the runtime is shut down, which is an error below.
        if let Some(source) = &former
            && source.signals.has_changed().is_ok()
        {
            return Ok(Arc::clone(source));
        }
        let source = Arc::new(Self::new(key, reactor)?);
        sources.insert(key, Arc::downgrade(&source));
        Ok(source)
    }

    fn new(key: Key, reactor: Arc<Reactor>) -> io::Result<Self> {
        let (bell, rope) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        rope.set_nonblocking(true)?;
        let bell = Registered::new(bell, Kind::Foreign(Interest::READABLE))?;
        let (sender, signals) = watch::channel(());
        let errand = Errand::start(async move {
            // Until the runtime ends.
            while bell.io(Interest::READABLE, hear).await.is_ok() {
                // A waker that panics must not be the end of all that come later.
                if let Err(payload) = failure::catch(|| sender.send_replace(())) {
                    failure::report_panic(format_args!("a waker"), &payload);
                }
            }
        });

        let process = process::id();
        let ring = move || {
            // A child between fork and exec has the same bell, but no business with it.
            if process::id() == process {
                // It fails only if the bell is full of what nobody has heard yet.
                let _ = (&rope).write(&[1]);
            }
        };
        // SAFETY: in a handler it asks for the process's number and writes to a descriptor that it owns: both are plain system calls. It takes no lock,
        // allocates nothing and cannot panic.
        let action = unsafe { signal_hook_registry::register(key.1, ring) };
        let action = action.inspect_err(|_| errand.stop())?;
        Ok(Self {
            key,
            _reactor: reactor,
            signals,
            action,
            errand,
        })
    }

    pub(super) fn kind(&self) -> SignalKind {
        SignalKind::from_raw(self.key.1)
    }

    /// A receiver of what comes from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        let mut signals = self.signals.clone();
        signals.mark_unchanged();
        signals
    }
}

/// Takes some of the bytes.
fn hear(mut bell: &UnixStream) -> io::Result<()> {
    match bell.read(&mut [0; 64])? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // No handler uses the rope any more when this returns: it is closed.
        signal_hook_registry::unregister(self.action);
        self.errand.stop();
        let mut sources = SOURCES.lock();
        // Another one may have come into its place.
        if sources
            .get(&self.key)
            .is_some_and(|source| source.strong_count() == 0)
        {
            sources.remove(&self.key);
        }
    }
}
