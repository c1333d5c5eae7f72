//! Task ids.

#![forbid(unsafe_code)]

use super::frame;
use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A task's identity, unique in the process for as long as it runs.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let handle = heist::spawn(async { heist::task::id() });
/// let id = handle.id();
/// assert_eq!(handle.await.unwrap(), id);
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

impl Id {
    /// The number itself.
    #[inline]
    pub(crate) fn as_u64(self) -> u64 {
        self.0.get()
    }

    /// The id of this number, which was one's.
    pub(crate) fn from_u64(id: u64) -> Option<Self> {
        NonZeroU64::new(id).map(Self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

/// Ids that a thread has taken in advance, so that spawning meets no other thread.
pub(crate) struct IdBlock {
    next: Cell<u64>,
    end: Cell<u64>,
}

impl IdBlock {
    const SIZE: u64 = 1024;

    pub(crate) const fn new() -> Self {
        Self {
            next: Cell::new(0),
            end: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn take(&self) -> Id {
        if self.next.get() == self.end.get() {
            self.refill();
        }
        let id = self.next.get();
        self.next.set(id + 1);
        Id(NonZeroU64::new(id).expect("ids begin at 1"))
    }

    #[cold]
    fn refill(&self) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: an id is a number, nothing is published with it.
        let first = NEXT.fetch_add(Self::SIZE, Relaxed);
        self.next.set(first);
        self.end.set(first + Self::SIZE);
    }
}

/// The id of the task that is being polled, which is asyncio's `current_task()`.
///
/// # Panics
///
/// If the caller is not in a task (the future in `block_on` is none): see [`try_id`].
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let task = heist::spawn(async { heist::task::id() });
/// assert_eq!(task.id(), task.await.unwrap());
/// # });
/// ```
#[track_caller]
pub fn id() -> Id {
    try_id().expect("`heist::task::id` was called outside of a task; `try_id` asks without a panic")
}

/// The id of the task that is being polled, if there is one: asyncio's `current_task()`.
///
/// # Examples
///
/// ```
/// assert_eq!(heist::task::try_id(), None);
/// # heist::run(async {
/// let task = heist::spawn(async { heist::task::try_id() });
/// assert!(task.await.unwrap().is_some());
/// # });
/// ```
pub fn try_id() -> Option<Id> {
    frame::id()
}
