//! What this thread runs of a task just now: a poll, or a destructor.
//!
//! Comes in: a [`Frame`], from whoever polls or drops a future, for as long as that takes; from within, what happens to it: a yield, the drop of a guard. Goes out: to
//! code inside, which task it is in; to the runner, whether the task has yielded, and the clean-ups that it is left with. Called by the cell, the clean-ups and the wakers.
//!
//! A frame lies on the runner's stack, and a thread-local points at the innermost: so it costs a poll one store there and one back, and what is seldom in it a few on the
//! stack.

use super::Id;
use super::clean_up::{Batch, Dropped};
use std::cell::Cell;
use std::ptr;

/// See the module.
pub(super) struct Frame {
    id: Option<Id>,
    /// The data of the waker that the task is polled with, if it may yield: null otherwise.
    waker: *const (),
    yielded: Cell<bool>,
    /// Whether there is somebody to run clean-ups afterwards.
    keeps: bool,
    cleans_up: bool,
    /// What was dropped: mostly nothing.
    dropped: Cell<Option<Box<Batch>>>,
}

#[cfg(not(heist_loom))]
thread_local! {
    /// Null, or a frame that [`Frame::run`] has borrowed.
    static INNERMOST: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

// To `std` a model's threads are one.
#[cfg(heist_loom)]
crate::loom::thread_local! {
    static INNERMOST: Cell<*const Frame> = Cell::new(ptr::null());
}

/// Puts the former one back, also when the code inside panics.
struct Restore(*const Frame);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.with(|innermost| innermost.set(self.0));
    }
}

impl Frame {
    /// Of a task that is polled with a waker of this data, or dropped, without one. If it keeps clean-ups, its runner runs them afterwards.
    #[inline]
    pub(super) fn of_task(id: Id, waker: *const (), keeps: bool) -> Self {
        Self {
            id: Some(id),
            waker,
            yielded: Cell::new(false),
            keeps,
            cleans_up: false,
            dropped: Cell::new(None),
        }
    }

    /// Of a clean-up of whichever task this is; or of none, on a thread in `block_on`.
    #[inline]
    pub(super) fn of_clean_up(id: Option<Id>, waker: *const ()) -> Self {
        Self {
            id,
            waker,
            yielded: Cell::new(false),
            keeps: true,
            cleans_up: true,
            dropped: Cell::new(None),
        }
    }

    /// Of the future in `block_on`, which is no task, or of a part of what another frame is for. It is in the same task as this thread is, and keeps clean-ups.
    #[inline]
    pub(super) fn within() -> Self {
        let (id, cleans_up) = innermost(|frame| match frame {
            Some(frame) => (frame.id, frame.cleans_up),
            None => (None, false),
        });
        Self {
            cleans_up,
            ..Self::of_clean_up(id, ptr::null())
        }
    }

    /// Runs something in it.
    #[inline]
    pub(super) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(INNERMOST.with(|innermost| innermost.replace(self)));
        f()
    }

    /// Whether what ran in it has yielded.
    #[inline]
    pub(super) fn has_yielded(&self) -> bool {
        self.yielded.get()
    }

    /// What was dropped in it, if anything was.
    #[inline]
    pub(super) fn take_dropped(&self) -> Option<Box<Batch>> {
        self.dropped.take()
    }

    /// Leaves the runner a clean-up.
    fn push(&self, dropped: Dropped) {
        let mut batch = self.dropped.take().unwrap_or_default();
        batch.push(dropped);
        self.dropped.set(Some(batch));
    }
}

#[inline]
fn innermost<R>(f: impl FnOnce(Option<&Frame>) -> R) -> R {
    // SAFETY: whoever put the pointer there is in `run`, further up this thread's stack, and borrows the frame until the pointer is gone again. `f` keeps no
    // reference: it is given one of any lifetime.
    f(unsafe { INNERMOST.with(Cell::get).as_ref() })
}

/// Notes that the task which this thread polls yields, if its waker has this data.
#[inline]
pub(super) fn yields(waker: *const ()) -> bool {
    innermost(|frame| {
        let frame = frame.filter(|frame| frame.waker == waker);
        if let Some(frame) = frame {
            frame.yielded.set(true);
        }
        frame.is_some()
    })
}

/// The task that this thread runs.
#[inline]
pub(super) fn id() -> Option<Id> {
    innermost(|frame| frame?.id)
}

/// Whether this thread polls a clean-up.
pub(crate) fn is_cleaning_up() -> bool {
    innermost(|frame| frame.is_some_and(|frame| frame.cleans_up))
}

/// Whether anybody runs what is left here.
pub(super) fn keeps() -> bool {
    innermost(|frame| frame.is_some_and(|frame| frame.keeps))
}

/// Leaves something to whoever runs this frame. False: nobody does, and it was not made.
pub(super) fn leave(dropped: impl FnOnce() -> Dropped) -> bool {
    innermost(|frame| {
        let frame = frame.filter(|frame| frame.keeps);
        if let Some(frame) = frame {
            frame.push(dropped());
        }
        frame.is_some()
    })
}
