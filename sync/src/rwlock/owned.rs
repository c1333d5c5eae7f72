//! The guards of a [`RwLock`] with a reference of their own to it, and the permits that they hold.
//!
//! In comes a lock that was acquired; out goes what is in it, and at last the permits. Called by the task that has it.

use super::{OwnedRwLockMappedWriteGuard, RwLock};
use crate::guarded::{Exclusive, Shared};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// So many permits of a lock.
pub(super) struct Held<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    count: u32,
}

impl<T: ?Sized> Held<T> {
    #[inline]
    pub(super) fn one(lock: Arc<RwLock<T>>) -> Self {
        Self { lock, count: 1 }
    }

    #[inline]
    pub(super) fn all(lock: Arc<RwLock<T>>) -> Self {
        let count = lock.max_readers;
        Self { lock, count }
    }

    pub(super) fn lock(&self) -> &Arc<RwLock<T>> {
        &self.lock
    }

    /// Releases all but one.
    fn into_one(mut self) -> Self {
        let others = self.count - 1;
        // A waker may panic: the one is released all the same.
        self.count = 1;
        self.lock.permits.release(others as usize);
        self
    }
}

impl<T: ?Sized> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.release(self.count as usize);
    }
}

/// What is in a [`RwLock`], or a part of it: it can be read as long as this is there, and nobody writes. It borrows nothing.
///
/// # Examples
///
/// ```
/// use heist_sync::{OwnedRwLockReadGuard, RwLock};
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let lock = Arc::new(RwLock::new(1));
/// let guard: OwnedRwLockReadGuard<i32> = Arc::clone(&lock).read_owned().await;
/// assert_eq!(*guard, 1);
/// assert!(lock.try_read().is_ok() && lock.try_write().is_err());
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    held: Held<T>,
    data: Shared<U>,
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    #[inline]
    pub(super) fn new(held: Held<T>, data: Shared<U>) -> Self {
        Self { held, data }
    }

    /// A guard of a part of what is in the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new((1, "one")));
    /// let number = OwnedRwLockReadGuard::map(lock.read_owned().await, |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// # });
    /// ```
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        let data: *const V = f(&this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard.
        OwnedRwLockReadGuard::new(this.held, unsafe { Shared::new(data) })
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
    /// use heist_sync::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(vec![1])).read_owned().await;
    /// let list = OwnedRwLockReadGuard::try_map(guard, |list| list.get(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        let Some(data) = f(&this).map(|data| data as *const V) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(OwnedRwLockReadGuard::new(this.held, unsafe {
            Shared::new(data)
        }))
    }

    /// The lock that it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(1)).read_owned().await;
    /// assert!(OwnedRwLockReadGuard::rwlock(&guard).try_write().is_err());
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.lock()
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockReadGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        &self.data
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedRwLockReadGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What is in a [`RwLock`]: it can be written as long as this is there, and nobody else has it. It borrows nothing.
///
/// # Examples
///
/// ```
/// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let lock = Arc::new(RwLock::new(1));
/// let mut guard: OwnedRwLockWriteGuard<i32> = Arc::clone(&lock).write_owned().await;
/// *guard += 1;
/// drop(guard);
/// assert_eq!(*lock.read().await, 2);
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    held: Held<T>,
    data: Exclusive<T>,
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    #[inline]
    pub(super) fn new(held: Held<T>, data: Exclusive<T>) -> Self {
        Self { held, data }
    }

    /// A guard of a part of what is in the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new((1, "one")));
    /// let guard = Arc::clone(&lock).write_owned().await;
    /// *OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.0) = 2;
    /// assert_eq!(lock.read().await.0, 2);
    /// # });
    /// ```
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permits go over to the new guard: nobody else gets a
        // reference to it before.
        OwnedRwLockMappedWriteGuard::new(this.held, unsafe { Exclusive::new(data) })
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
    /// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(vec![1])).write_owned().await;
    /// let list = OwnedRwLockWriteGuard::try_map(guard, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut this).map(|data| data as *mut U) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(OwnedRwLockMappedWriteGuard::new(this.held, unsafe {
            Exclusive::new(data)
        }))
    }

    /// The guard as one of a part, which is the whole: where both are kept in one place.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(1)).write_owned().await;
    /// let guard: OwnedRwLockMappedWriteGuard<i32> = OwnedRwLockWriteGuard::into_mapped(guard);
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard::new(this.held, this.data)
    }

    /// Goes on as a reader, without letting a writer in between.
    ///
    /// Other readers may come from then on, those that wait first.
    ///
    /// # Panics
    ///
    /// If a waker that it calls does, unless the thread panics already. The lock is free then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let mut guard = Arc::clone(&lock).write_owned().await;
    /// *guard += 1;
    /// let guard = guard.downgrade();
    /// assert_eq!(*lock.read().await, 2);
    /// assert!(lock.try_write().is_err());
    /// # });
    /// ```
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        let data = self.data.share();
        OwnedRwLockReadGuard::new(self.held.into_one(), data)
    }

    /// [`downgrade`](Self::downgrade), and a guard of a part of what is in the lock.
    ///
    /// The closure runs before others may read.
    ///
    /// # Panics
    ///
    /// As [`downgrade`](Self::downgrade).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new((1, "one"))).write_owned().await;
    /// let number = OwnedRwLockWriteGuard::downgrade_map(guard, |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// # });
    /// ```
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data: *const U = f(&this);
        // SAFETY: it is a part of what the lock holds, one of whose permits goes over to the new guard.
        let data = unsafe { Shared::new(data) };
        OwnedRwLockReadGuard::new(this.held.into_one(), data)
    }

    /// [`downgrade`](Self::downgrade), and a guard of a part of what is in the lock, where the closure finds one.
    ///
    /// # Errors
    ///
    /// This guard, which still writes, if the closure returns `None`.
    ///
    /// # Panics
    ///
    /// As [`downgrade`](Self::downgrade).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(vec![1])).write_owned().await;
    /// let first = OwnedRwLockWriteGuard::try_downgrade_map(guard, |list| list.first());
    /// assert_eq!(*first.unwrap(), 1);
    /// # });
    /// ```
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&this).map(|data| data as *const U) else {
            return Err(this);
        };
        // SAFETY: as in `downgrade_map`.
        let data = unsafe { Shared::new(data) };
        Ok(OwnedRwLockReadGuard::new(this.held.into_one(), data))
    }

    /// The lock that it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(RwLock::new(1)).write_owned().await;
    /// assert!(OwnedRwLockWriteGuard::rwlock(&guard).try_read().is_err());
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.lock()
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
