//! What becomes of a runtime one of whose tasks panics; and its end, if the builder has it so.
//!
//! Comes in: a worker whose scheduler has closed for that reason; threads in `block_on`. Goes out: the runtime's tasks are dropped, and these threads panic.

#![forbid(unsafe_code)]

use super::Handle;
use super::multi_thread::ThreadWaker;
use super::runtime::drop_what_waits;
use crate::task::Identity;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::task::Wake;

/// What becomes of a runtime one of whose tasks panics: see [`Builder::unhandled_panic`](super::Builder::unhandled_panic).
///
/// Whichever it is, who awaits the task's handle gets the panic as a [`JoinError`](crate::task::JoinError).
///
/// # Examples
///
/// ```
/// use heist::runtime::{Builder, UnhandledPanic};
///
/// let runtime = Builder::new_multi_thread().unhandled_panic(UnhandledPanic::Ignore).build()?;
/// drop(runtime.spawn(async { panic!("nobody hears of it") }));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnhandledPanic {
    /// The runtime goes on. A panic that nobody can receive, since the task's handle was dropped, is reported on standard error. The default.
    #[default]
    Report,
    /// The runtime goes on, and nothing is reported.
    Ignore,
    /// The runtime shuts down as soon as a task panics, though its handle may still be there: all other tasks are cancelled, and `block_on` panics, on whatever thread it is
    /// and from then on. (A blocking job that panics changes nothing; a panic that nobody can receive is reported.)
    ShutdownRuntime,
}

/// Why `block_on` cannot go on: its runtime has ended with a task's panic.
pub(super) struct Failed(Identity);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (task, spawned_at) = (&self.0, self.0.spawned_at);
        write!(
            f,
            "{task} (spawned at {spawned_at}) has panicked, and its runtime has shut down for that, as `Builder::unhandled_panic` was told \
             (`UnhandledPanic::ShutdownRuntime`)"
        )
    }
}

/// The threads in `block_on`, if a task's panic is to wake them.
#[derive(Default)]
pub(super) struct Blocked(Mutex<Vec<Arc<ThreadWaker>>>);

/// As long as it lives, the thread is woken when its runtime fails.
pub(super) struct Listed<'a> {
    blocked: &'a Blocked,
    thread: Arc<ThreadWaker>,
}

impl Blocked {
    /// Lists the calling thread. If the runtime has failed before that, nobody wakes it: it looks afterwards.
    pub(super) fn list(&self) -> Listed<'_> {
        let thread = ThreadWaker::current();
        self.0.lock().push(thread.clone());
        Listed {
            blocked: self,
            thread,
        }
    }

    fn wake_all(&self) {
        let threads = self.0.lock().clone();
        threads.into_iter().for_each(Wake::wake);
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut threads = self.blocked.0.lock();
        let place = threads
            .iter()
            .position(|thread| Arc::ptr_eq(thread, &self.thread));
        threads.swap_remove(place.expect("it was listed"));
    }
}

impl Handle {
    /// Whether the runtime has failed.
    pub(super) fn failed(&self) -> Option<Failed> {
        self.scheduler().failed_task().cloned().map(Failed)
    }

    /// If the runtime has failed: ends it, as far as that can be done from a thread of its own, which may wait for nothing.
    pub(super) fn end_if_failed(&self) {
        if self.failed().is_some() {
            drop_what_waits(self);
            if let Some(blocked) = self.blocked() {
                blocked.wake_all();
            }
        }
    }
}
