//! The guards of a part of what a [`RwLock`] holds, for writing.
//!
//! In come the permits and the part; out goes the part, and at last the permits. Made by the guards of the whole.

use super::RwLock;
use super::owned::Held;
use crate::guarded::Exclusive;
use crate::semaphore::held::Many;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A part of what is in a [`RwLock`]: it can be written as long as this is there, and nobody else has the lock.
///
/// [`RwLockWriteGuard::map`](super::RwLockWriteGuard::map) makes it.
///
/// # Examples
///
/// ```
/// use heist_sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
///
/// # futures_lite::future::block_on(async {
/// let lock = RwLock::new((1, "one"));
/// let number: RwLockMappedWriteGuard<'_, i32> =
///     RwLockWriteGuard::map(lock.write().await, |pair| &mut pair.0);
/// assert_eq!(*number, 1);
/// assert!(lock.try_read().is_err());
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    held: Many<'a>,
    data: Exclusive<T>,
    _data: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    #[inline]
    pub(super) fn new(held: Many<'a>, data: Exclusive<T>) -> Self {
        Self {
            held,
            data,
            _data: PhantomData,
        }
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(((1, 2), 3));
    /// let pair = RwLockWriteGuard::map(lock.write().await, |all| &mut all.0);
    /// let second = RwLockMappedWriteGuard::map(pair, |pair| &mut pair.1);
    /// assert_eq!(*second, 2);
    /// # });
    /// ```
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permits go over to the new guard: nobody else gets a
        // reference to it before.
        RwLockMappedWriteGuard::new(this.held, unsafe { Exclusive::new(data) })
    }

    /// A guard of a part of the part, where the closure finds one.
    ///
    /// # Errors
    ///
    /// This guard, if the closure returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new((vec![1], 2));
    /// let list = RwLockWriteGuard::map(lock.write().await, |all| &mut all.0);
    /// let list = RwLockMappedWriteGuard::try_map(list, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut this).map(|data| data as *mut U) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(RwLockMappedWriteGuard::new(this.held, unsafe {
            Exclusive::new(data)
        }))
    }
}

impl<T: ?Sized> Deref for RwLockMappedWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for RwLockMappedWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockMappedWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockMappedWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A part of what is in a [`RwLock`]: it can be written as long as this is there, and nobody else has the lock. It borrows
/// nothing.
///
/// [`OwnedRwLockWriteGuard::map`](super::OwnedRwLockWriteGuard::map) makes it.
///
/// # Examples
///
/// ```
/// use heist_sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let lock = Arc::new(RwLock::new((1, "one")));
/// let number: OwnedRwLockMappedWriteGuard<(i32, &str), i32> =
///     OwnedRwLockWriteGuard::map(lock.write_owned().await, |pair| &mut pair.0);
/// assert_eq!(*number, 1);
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    held: Held<T>,
    data: Exclusive<U>,
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    #[inline]
    pub(super) fn new(held: Held<T>, data: Exclusive<U>) -> Self {
        Self { held, data }
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(((1, 2), 3)));
    /// let pair = OwnedRwLockWriteGuard::map(lock.write_owned().await, |all| &mut all.0);
    /// let second = OwnedRwLockMappedWriteGuard::map(pair, |pair| &mut pair.1);
    /// assert_eq!(*second, 2);
    /// # });
    /// ```
    pub fn map<F, V: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        let data: *mut V = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permits go over to the new guard: nobody else gets a
        // reference to it before.
        OwnedRwLockMappedWriteGuard::new(this.held, unsafe { Exclusive::new(data) })
    }

    /// A guard of a part of the part, where the closure finds one.
    ///
    /// # Errors
    ///
    /// This guard, if the closure returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new((vec![1], 2)));
    /// let list = OwnedRwLockWriteGuard::map(lock.write_owned().await, |all| &mut all.0);
    /// let list = OwnedRwLockMappedWriteGuard::try_map(list, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<F, V: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        let Some(data) = f(&mut this).map(|data| data as *mut V) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(OwnedRwLockMappedWriteGuard::new(this.held, unsafe {
            Exclusive::new(data)
        }))
    }

    /// The lock that it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(1)).write_owned().await;
    /// let guard = OwnedRwLockWriteGuard::into_mapped(guard);
    /// assert!(OwnedRwLockMappedWriteGuard::rwlock(&guard).try_read().is_err());
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.lock()
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockMappedWriteGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        &self.data
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedRwLockMappedWriteGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        &mut self.data
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockMappedWriteGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedRwLockMappedWriteGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
