//! [`MutexGuard`]: the lock is held while it is there.
//!
//! In comes a lock that was acquired; out goes what is in it, and at last the lock, to the next. Called by the task that
//! has it.

use super::{MappedMutexGuard, Mutex};
use crate::guarded::Exclusive;
use crate::semaphore::held::One;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};

/// What is in a [`Mutex`], which is locked as long as this is there.
///
/// # Examples
///
/// ```
/// use heist_sync::{Mutex, MutexGuard};
///
/// # futures_lite::future::block_on(async {
/// let mutex = Mutex::new(1);
/// let mut guard: MutexGuard<'_, i32> = mutex.lock().await;
/// *guard += 1;
/// drop(guard);
/// assert_eq!(mutex.into_inner(), 2);
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// What it may do is what this may: it is shared where a `&T` may be.
    _data: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The caller has acquired the permit, and gives it away.
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>) -> Self {
        Self {
            mutex,
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
    /// use heist_sync::{Mutex, MutexGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(mutex.lock().await, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(mutex.into_inner(), (2, "one"));
    /// # });
    /// ```
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let part: *mut U = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard.
        unsafe { this.into_mapped(part) }
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
    /// use heist_sync::{Mutex, MutexGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new(vec![1]);
    /// let guard = MutexGuard::try_map(mutex.lock().await, |list| list.get_mut(5));
    /// assert_eq!(guard.unwrap_err().len(), 1);
    /// let guard = MutexGuard::try_map(mutex.lock().await, |list| list.get_mut(0));
    /// assert_eq!(*guard.unwrap(), 1);
    /// # });
    /// ```
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(part) = f(&mut this).map(|part| part as *mut U) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(unsafe { this.into_mapped(part) })
    }

    /// The lock that it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Mutex, MutexGuard};
    ///
    /// async fn unlocked<'a>(guard: MutexGuard<'a, u32>) -> MutexGuard<'a, u32> {
    ///     let mutex = MutexGuard::mutex(&guard);
    ///     drop(guard);
    ///     // Here others may have it.
    ///     mutex.lock().await
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new(1);
    /// let guard = unlocked(mutex.lock().await).await;
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }

    /// # Safety
    ///
    /// `part` was made of a `&mut` to what the lock holds, and is used no more.
    unsafe fn into_mapped<U: ?Sized>(self, part: *mut U) -> MappedMutexGuard<'a, U> {
        let held = One(&self.mutex.permits);
        mem::forget(self);
        // SAFETY: nobody else gets a reference to what the lock holds before `held` is dropped, with the guard.
        MappedMutexGuard::new(held, unsafe { Exclusive::new(part) })
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.permits.release(1);
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the one permit is ours, and without it nobody refers to the data.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
