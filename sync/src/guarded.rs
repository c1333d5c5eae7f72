//! What a guard that was mapped points to: a part of what its lock holds.
//!
//! In comes a reference, from a guard's user; out it goes again, as often as he asks, while the guard is there. The
//! guards of `Mutex` and `RwLock` call it.
//!
//! It is a pointer, since a reference would promise that it is good until the function ends to which the guard was
//! passed. But the guard is dropped in there, and another task has the lock.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// What is shared with other guards.
pub(crate) struct Shared<U: ?Sized>(NonNull<U>);

// SAFETY: it is a `&U`.
unsafe impl<U: ?Sized + Sync> Send for Shared<U> {}
// SAFETY: it is a `&U`.
unsafe impl<U: ?Sized + Sync> Sync for Shared<U> {}

impl<U: ?Sized> Shared<U> {
    /// # Safety
    ///
    /// As long as this is used, what it points to is there, and nobody has a `&mut` to it.
    #[inline]
    pub(crate) unsafe fn new(data: *const U) -> Self {
        // SAFETY: what it points to is there, so it isn't null.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut()) })
    }
}

impl<U: ?Sized> Deref for Shared<U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: promised to `new`.
        unsafe { self.0.as_ref() }
    }
}

/// What is the guard's alone.
pub(crate) struct Exclusive<U: ?Sized>(NonNull<U>, PhantomData<*mut U>);

// SAFETY: it is a `&mut U`.
unsafe impl<U: ?Sized + Send> Send for Exclusive<U> {}
// SAFETY: it is a `&mut U`.
unsafe impl<U: ?Sized + Sync> Sync for Exclusive<U> {}

impl<U: ?Sized> Exclusive<U> {
    /// # Safety
    ///
    /// As long as this is used, what it points to is there, and nobody else has a reference to it; as long as what
    /// [`share`](Self::share) makes of it is used, nobody has a `&mut`.
    #[inline]
    pub(crate) unsafe fn new(data: *mut U) -> Self {
        // SAFETY: what it points to is there, so it isn't null.
        Self(unsafe { NonNull::new_unchecked(data) }, PhantomData)
    }

    /// From now on it may be shared.
    #[inline]
    pub(crate) fn share(self) -> Shared<U> {
        Shared(self.0)
    }
}

impl<U: ?Sized> Deref for Exclusive<U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: promised to `new`.
        unsafe { self.0.as_ref() }
    }
}

impl<U: ?Sized> DerefMut for Exclusive<U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: promised to `new`.
        unsafe { self.0.as_mut() }
    }
}
