//! What poll methods wait for that another thread does under a lock.
//!
//! In: a look at what the lock guards, and a place in it for a waker. Out: what the look has found; or else the waker is in its place, for whoever makes the look find
//! something: he takes it out under the lock, and calls it without. Called by `write_behind.rs`, `stdin.rs` and `duplex.rs`.

#![forbid(unsafe_code)]

use crate::loom::Mutex;
use std::mem;
use std::task::{Poll, Waker};

/// Looks, under the lock; and where that finds nothing leaves the waker, instead of the one that was there.
///
/// To clone a waker, or to drop it, may be anybody's code, which may come back here: so that is done without the lock, and after a clone there is another look.
pub(super) fn poll_locked<S, T>(
    lock: &Mutex<S>,
    waker: &Waker,
    mut look: impl FnMut(&mut S) -> Poll<T>,
    place: impl Fn(&mut S) -> &mut Option<Waker>,
) -> Poll<T> {
    // Dropped behind the guard, which is made later.
    let mut fresh = None;
    loop {
        let mut state = lock.lock();
        let looked = look(&mut state);
        if looked.is_ready() {
            return looked;
        }
        let left = place(&mut state);
        if left.as_ref().is_some_and(|left| left.will_wake(waker)) {
            return Poll::Pending;
        }
        if fresh.is_some() {
            mem::swap(left, &mut fresh);
            return Poll::Pending;
        }
        drop(state);
        fresh = Some(waker.clone());
    }
}
