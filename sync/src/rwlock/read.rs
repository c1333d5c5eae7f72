//! [`RwLockReadGuard`]: the lock is held, with others, while it is there.
//!
//! In comes a lock that was acquired for reading; out goes what is in it, and at last the permit. Called by the task that
//! has it.

use crate::guarded::Shared;
use crate::semaphore::held::One;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// What is in a [`RwLock`](super::RwLock), or a part of it: it can be read as long as this is there, and nobody writes.
///
/// # Examples
///
/// ```
/// use heist_sync::{RwLock, RwLockReadGuard};
///
/// # futures_lite::future::block_on(async {
/// let lock = RwLock::new(1);
/// let guard: RwLockReadGuard<'_, i32> = lock.read().await;
/// assert_eq!(*guard, 1);
/// assert!(lock.try_read().is_ok() && lock.try_write().is_err());
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    held: One<'a>,
    data: Shared<T>,
    _data: PhantomData<&'a T>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline]
    pub(super) fn new(held: One<'a>, data: Shared<T>) -> Self {
        Self {
            held,
            data,
            _data: PhantomData,
        }
    }

    /// A guard of a part of what is in the lock.
    ///
    /// It is an associated function, so that it hides no method of `T`. The closure runs while the lock is held.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockReadGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new((1, "one"));
    /// let number = RwLockReadGuard::map(lock.read().await, |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// # });
    /// ```
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data: *const U = f(&this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard.
        RwLockReadGuard::new(this.held, unsafe { Shared::new(data) })
    }

    /// A guard of a part of what is in the lock, where the closure finds one.
    ///
    /// # Errors
    ///
    /// This guard, if the closure returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockReadGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(vec![1]);
    /// let list = RwLockReadGuard::try_map(lock.read().await, |list| list.get(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&this).map(|data| data as *const U) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(RwLockReadGuard::new(this.held, unsafe {
            Shared::new(data)
        }))
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
