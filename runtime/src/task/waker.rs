//! The task's waker: the pointer to its cell, and one reference.
//!
//! Comes in: a wake, from the reactor, the wheel, a primitive or another task. Goes out: the task, to its scheduler, if it was idle. The calls are
//! [`std::task::Waker`]'s.

use super::cell::{Header, drop_reference, free, submit};
use super::frame;
use super::state::Wake;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::task::{RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker for the length of a poll, which counts no reference.
///
/// # Safety
///
/// The caller's own reference outlives it.
#[inline]
pub(super) unsafe fn borrowed(header: NonNull<Header>) -> ManuallyDrop<Waker> {
    let raw = RawWaker::new(header.as_ptr().cast_const().cast(), &VTABLE);
    // SAFETY: the functions of the vtable keep `RawWaker`'s contract; it is never dropped, so no reference is missing.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
}

/// Has the task that this thread polls queued again after the poll, if `waker` is its own. False: it is another's, and is to be woken.
///
/// It is a wake by the runner, to whom a wake publishes nothing: so it costs no read-modify-write.
#[inline]
pub(super) fn yields(waker: &Waker) -> bool {
    // If the vtable should have several addresses the waker is woken, which does as well.
    let own = ptr::eq(waker.vtable(), &VTABLE) && frame::yields(waker.data());
    if own {
        // SAFETY: the task's own reference outlives its poll, in which we are.
        let (_, header) = unsafe { header(waker.data()) };
        header.trace.woken_by_ref();
    }
    own
}

/// # Safety
///
/// `data` is that of a living waker of ours, which has a reference (rule 1).
#[inline]
unsafe fn header<'a>(data: *const ()) -> (NonNull<Header>, &'a Header) {
    // SAFETY: wakers are made from non-null headers only.
    let pointer = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: by its reference.
    (pointer, unsafe { pointer.as_ref() })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: as `RawWakerVTable` demands.
    let (_, header) = unsafe { header(data) };
    header.trace.waker_cloned();
    header.state.ref_inc();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: as above.
    let (pointer, header) = unsafe { header(data) };
    header.trace.woken();
    match header.state.wake_by_value() {
        Wake::Done => {}
        // SAFETY: the transition gave us the task.
        Wake::Submit => unsafe { submit(pointer) },
        // SAFETY: it was the last reference.
        Wake::Free => unsafe { free(pointer) },
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as above.
    let (pointer, header) = unsafe { header(data) };
    header.trace.woken_by_ref();
    if header.state.wake_by_ref() == Wake::Submit {
        // SAFETY: the transition gave us the task.
        unsafe { submit(pointer) };
    }
}

unsafe fn drop(data: *const ()) {
    // SAFETY: as above.
    let (pointer, header) = unsafe { header(data) };
    header.trace.waker_dropped();
    // SAFETY: the waker's reference ends here.
    unsafe { drop_reference(pointer) };
}
