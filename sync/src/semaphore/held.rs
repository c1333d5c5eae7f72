//! Permits that a lock's guard holds: acquired they come in, and are released when it is dropped.
//!
//! A guard has one as a field, and no destructor of its own, so that it can be taken apart and put together anew.
#![forbid(unsafe_code)]

use super::core::Permits;
use std::mem;

/// One permit.
pub(crate) struct One<'a>(pub(crate) &'a Permits);

impl Drop for One<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.release(1);
    }
}

/// So many permits.
pub(crate) struct Many<'a> {
    pub(crate) permits: &'a Permits,
    pub(crate) count: u32,
}

impl<'a> Many<'a> {
    /// Releases all but one.
    pub(crate) fn into_one(mut self) -> One<'a> {
        let others = self.count - 1;
        // A waker may panic: the one is released all the same.
        self.count = 1;
        self.permits.release(others as usize);
        let one = One(self.permits);
        mem::forget(self);
        one
    }
}

impl Drop for Many<'_> {
    #[inline]
    fn drop(&mut self) {
        self.permits.release(self.count as usize);
    }
}
