//! Which runtime a thread is in.

#![forbid(unsafe_code)]

use super::Handle;
use crate::reactor;
use crate::time;
use heist_sync::coop::{self, Blocking, Budget, Context};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::{error, fmt};

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// What [`Handle::enter`] returns: while it lives, this thread is in the runtime, so that `heist::spawn`, timers and sockets find it.
///
/// Guards end in the reverse order of their beginning.
///
/// # Panics
///
/// On drop, if a guard that began later still lives.
///
/// # Examples
///
/// ```
/// let runtime = heist::runtime::Runtime::new()?;
/// {
///     let _guard = runtime.enter();
///     heist::spawn(async {});
/// }
/// assert!(heist::runtime::Handle::try_current().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the runtime is entered only while the guard lives; bind it to a name"]
pub struct EnterGuard<'a> {
    previous: Option<Handle>,
    depth: usize,
    _timers: time::Entered,
    _reactor: reactor::Entered,
    /// Of this thread; and tied to the handle, as tokio's is.
    _marker: PhantomData<(&'a Handle, *mut ())>,
}

thread_local! {
    static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Enters a runtime, its timers and its reactor. (A worker that runs has a wheel of its own: see `Worker::run`.)
pub(super) fn enter<'a>(handle: Handle) -> EnterGuard<'a> {
    let scheduler = handle.scheduler();
    let _timers = scheduler.timers().enter(None);
    let _reactor = scheduler.reactor().enter();
    // A thread whose locals are being destroyed, one of which may be a runtime, is in none from now on.
    let previous = CURRENT.try_with(|current| current.replace(Some(handle)));
    let previous = previous.ok().flatten();
    let depth = DEPTH.get() + 1;
    DEPTH.set(depth);
    EnterGuard {
        previous,
        depth,
        _timers,
        _reactor,
        _marker: PhantomData,
    }
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        if DEPTH.get() != self.depth && !std::thread::panicking() {
            panic!(
                "an `EnterGuard` was dropped before one that was made after it: drop them in the reverse order"
            );
        }
        DEPTH.set(self.depth - 1);
        let previous = self.previous.take();
        drop(CURRENT.try_with(|current| current.replace(previous)));
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// Uses the current runtime's handle without counting a reference.
pub(crate) fn with_current<R>(f: impl FnOnce(&Handle) -> R) -> Result<R, TryCurrentError> {
    // A thread whose locals are being destroyed is in no runtime.
    let found = CURRENT.try_with(|current| match &*current.borrow() {
        Some(handle) => Ok(f(handle)),
        None => Err(TryCurrentError(Reason::NoRuntime)),
    });
    found.unwrap_or(Err(TryCurrentError(Reason::ThreadEnds)))
}

/// Why [`Handle::try_current`] has none: the thread is in no runtime. asyncio's `RuntimeError: no running event loop`.
///
/// # Examples
///
/// ```
/// let error = heist::runtime::Handle::try_current().unwrap_err();
/// assert!(error.to_string().starts_with("there is no heist runtime on this thread"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryCurrentError(Reason);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    NoRuntime,
    /// The thread-local that says it is gone.
    ThreadEnds,
}

impl TryCurrentError {
    /// Whether the thread has just not entered a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = heist::runtime::Handle::try_current().unwrap_err();
    /// assert!(error.is_missing_context());
    /// ```
    pub fn is_missing_context(&self) -> bool {
        self.0 == Reason::NoRuntime
    }

    /// Whether the thread is about to end, its thread-local values being destroyed: it is in no runtime any more.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = heist::runtime::Handle::try_current().unwrap_err();
    /// assert!(!error.is_thread_local_destroyed());
    /// ```
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.0 == Reason::ThreadEnds
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reason::NoRuntime => {
                "there is no heist runtime on this thread: call this inside `heist::run`, a `#[heist::main]` function, or `Runtime::block_on`, \
                 or enter a runtime with `Handle::enter`"
            }
            Reason::ThreadEnds => {
                "there is no heist runtime on this thread any more, since it ends and its thread-local values are being destroyed: keep a `Handle` for what \
                 is to be done in a destructor there"
            }
        })
    }
}

impl error::Error for TryCurrentError {}

/// Runs async code on this thread: it may not block from now on.
///
/// # Panics
///
/// If the thread runs async code already.
#[track_caller]
pub(super) fn forbid_blocking<R>(what: &str, f: impl FnOnce() -> R) -> R {
    assert!(
        coop::may_block(),
        "{what} was called on a thread that runs async code, which it would block: `.await` the future instead, or call it inside \
         `heist::spawn_blocking`"
    );
    coop::enter(Context::new(Budget::unlimited(), Blocking::Forbidden), f)
}

/// Runs synchronous code, which may block, on a thread of the blocking pool.
pub(crate) fn allow_blocking<R>(f: impl FnOnce() -> R) -> R {
    coop::enter(Context::new(Budget::unlimited(), Blocking::Allowed), f)
}
