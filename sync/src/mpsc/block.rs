//! A block of a channel's queue: some slots, with what leads to the next block, in one allocation.
//!
//! In come values and out they go, in `queue.rs`, whose rules say who may touch what. How many slots there are depends on the values' size: a block of large ones
//! would be large whether they come or not.

use crate::loom::Tracked;
use crate::loom::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};
use crate::loom::cell::UnsafeCell;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::{MaybeUninit, forget};
use std::ptr::{self, NonNull};

/// The most positions of a block. Models have few values, and must reach its end.
const LAP: usize = if cfg!(heist_loom) { 4 } else { 32 };
/// What the slots may come to, in bytes, unless one alone is larger.
const SIZE: usize = 8 << 10;

pub(super) struct Slot<T> {
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
    pub(super) ready: AtomicBool,
}

/// See the module. The slots follow it.
#[repr(C)]
pub(super) struct Block<T> {
    pub(super) next: AtomicPtr<Block<T>>,
    _tracked: Tracked,
    /// Where they begin.
    slots: [Slot<T>; 0],
}

impl<T> Block<T> {
    /// The positions of a block: a power of two, since they wrap. The last has no slot.
    pub(super) const LAP: usize = {
        let mut lap = LAP;
        while lap > 2 && (lap - 1) * size_of::<Slot<T>>() > SIZE {
            lap /= 2;
        }
        lap
    };
    pub(super) const SLOTS: usize = Self::LAP - 1;

    /// # Panics
    ///
    /// If a value is so large that no address space has room for a block.
    fn layout() -> Layout {
        let slots = Layout::array::<Slot<T>>(Self::SLOTS);
        let layout = slots.and_then(|slots| Layout::new::<Self>().extend(slots));
        layout.expect("a block that fits into the address space").0
    }

    /// One of its slots.
    ///
    /// # Safety
    ///
    /// The pointer leads to a block, as [`Owned::into_raw`] has given it, and `n` is less than [`SLOTS`](Self::SLOTS).
    #[inline]
    pub(super) unsafe fn slot<'a>(block: *mut Self, n: usize) -> &'a Slot<T> {
        debug_assert!(n < Self::SLOTS);
        // SAFETY: the slots are in the same allocation, and were written when it was made.
        unsafe { &*(&raw mut (*block).slots).cast::<Slot<T>>().add(n) }
    }
}

/// A block that is in nobody else's hands. Dropped, it is freed; values that are in it are not dropped.
pub(super) struct Owned<T>(NonNull<Block<T>>);

impl<T> Owned<T> {
    pub(super) fn new() -> Self {
        let layout = Block::<T>::layout();
        // SAFETY: its size isn't zero.
        let block = unsafe { alloc(layout) }.cast::<Block<T>>();
        let Some(owned) = NonNull::new(block) else {
            handle_alloc_error(layout);
        };
        // SAFETY: there is room for all of it. Each field is written in its place, since a slot may be too large for the stack.
        unsafe {
            (&raw mut (*block).next).write(AtomicPtr::new(ptr::null_mut()));
            (&raw mut (*block)._tracked).write(Tracked::new());
            let slots = (&raw mut (*block).slots).cast::<Slot<T>>();
            for n in 0..Block::<T>::SLOTS {
                let slot = slots.add(n);
                (&raw mut (*slot).value).write(UnsafeCell::new(MaybeUninit::uninit()));
                (&raw mut (*slot).ready).write(AtomicBool::new(false));
            }
        }
        Self(owned)
    }

    /// Makes it as new. Its slots are empty; to hand it on is what publishes it.
    pub(super) fn reset(&mut self) {
        let block = self.0.as_ptr();
        // SAFETY: it is ours.
        unsafe { &(*block).next }.store(ptr::null_mut(), Relaxed);
        for n in 0..Block::<T>::SLOTS {
            // SAFETY: it is a block, with so many slots.
            unsafe { Block::slot(block, n) }.ready.store(false, Relaxed);
        }
    }

    pub(super) fn into_raw(self) -> NonNull<Block<T>> {
        let block = self.0;
        forget(self);
        block
    }

    /// # Safety
    ///
    /// It came out of [`into_raw`](Self::into_raw), and is in nobody else's hands any more.
    pub(super) unsafe fn from_raw(block: NonNull<Block<T>>) -> Self {
        Self(block)
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        let block = self.0.as_ptr();
        // SAFETY: it is ours, was made in `new`, and is not used again.
        unsafe {
            let slots = (&raw mut (*block).slots).cast::<Slot<T>>();
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(slots, Block::<T>::SLOTS));
            ptr::drop_in_place(block);
            dealloc(block.cast(), Block::<T>::layout());
        }
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_small_unless_a_value_is_large() {
        assert_eq!(Block::<()>::LAP, 32);
        assert_eq!(Block::<[u64; 16]>::LAP, 32);
        assert_eq!(Block::<[u64; 64]>::LAP, 16);
        assert_eq!(Block::<[u8; 2_048]>::LAP, 4);
        assert_eq!(Block::<[u8; 1 << 20]>::LAP, 2);
        assert!(Block::<[u64; 64]>::layout().size() <= SIZE + size_of::<Block<()>>());
    }
}
