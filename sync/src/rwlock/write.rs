//! [`RwLockWriteGuard`]: the lock is held, alone, while it is there.
//!
//! In comes a lock that was acquired for writing; out goes what is in it, and at last the permits: all at once, or all but
//! the one of a reader. Called by the task that has it.

use super::{RwLock, RwLockMappedWriteGuard, RwLockReadGuard};
use crate::guarded::{Exclusive, Shared};
use crate::semaphore::held::Many;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// What is in a [`RwLock`]: it can be written as long as this is there, and nobody else has it.
///
/// # Examples
///
/// ```
/// use heist_sync::{RwLock, RwLockWriteGuard};
///
/// # futures_lite::future::block_on(async {
/// let lock = RwLock::new(1);
/// let mut guard: RwLockWriteGuard<'_, i32> = lock.write().await;
/// *guard += 1;
/// drop(guard);
/// assert_eq!(lock.into_inner(), 2);
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    held: Many<'a>,
    data: Exclusive<T>,
    /// It may go where this may: downgraded there, it shares the `T` with those who read it here.
    _lock: PhantomData<&'a RwLock<T>>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline]
    pub(super) fn new(held: Many<'a>, data: Exclusive<T>) -> Self {
        Self {
            held,
            data,
            _lock: PhantomData,
        }
    }

    /// A guard of a part of what is in the lock.
    ///
    /// It is an associated function, so that it hides no method of `T`. The closure runs while the lock is held.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new((1, "one"));
    /// let mut number = RwLockWriteGuard::map(lock.write().await, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(lock.into_inner(), (2, "one"));
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

    /// A guard of a part of what is in the lock, where the closure finds one.
    ///
    /// # Errors
    ///
    /// This guard, if the closure returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(vec![1]);
    /// let list = RwLockWriteGuard::try_map(lock.write().await, |list| list.get_mut(5)).unwrap_err();
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

    /// The guard as one of a part, which is the whole: where both are kept in one place.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// let guard: RwLockMappedWriteGuard<'_, i32> = RwLockWriteGuard::into_mapped(lock.write().await);
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard::new(this.held, this.data)
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
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// let mut guard = lock.write().await;
    /// *guard += 1;
    /// let guard = guard.downgrade();
    /// assert_eq!(*lock.read().await, 2);
    /// assert!(lock.try_write().is_err());
    /// # });
    /// ```
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let data = self.data.share();
        RwLockReadGuard::new(self.held.into_one(), data)
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
    /// use heist_sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new((1, "one"));
    /// let number = RwLockWriteGuard::downgrade_map(lock.write().await, |pair| &pair.0);
    /// assert_eq!((*number, lock.read().await.1), (1, "one"));
    /// # });
    /// ```
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data: *const U = f(&this);
        // SAFETY: it is a part of what the lock holds, one of whose permits goes over to the new guard.
        let data = unsafe { Shared::new(data) };
        RwLockReadGuard::new(this.held.into_one(), data)
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
    /// use heist_sync::{RwLock, RwLockWriteGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(vec![1]);
    /// let guard = lock.write().await;
    /// let mut guard = RwLockWriteGuard::try_downgrade_map(guard, |list| list.get(1)).unwrap_err();
    /// guard.push(2);
    /// let second = RwLockWriteGuard::try_downgrade_map(guard, |list| list.get(1)).unwrap();
    /// assert_eq!(*second, 2);
    /// # });
    /// ```
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&this).map(|data| data as *const U) else {
            return Err(this);
        };
        // SAFETY: as in `downgrade_map`.
        let data = unsafe { Shared::new(data) };
        Ok(RwLockReadGuard::new(this.held.into_one(), data))
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
