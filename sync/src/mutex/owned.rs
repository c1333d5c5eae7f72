//! [`OwnedMutexGuard`]: as `MutexGuard`, with a reference of its own to the lock.

use super::{Mutex, OwnedMappedMutexGuard};
use crate::guarded::Exclusive;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What is in a [`Mutex`], which is locked as long as this is there. It borrows nothing.
///
/// # Examples
///
/// ```
/// use heist_sync::{Mutex, OwnedMutexGuard};
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let mutex = Arc::new(Mutex::new(1));
/// let guard: OwnedMutexGuard<i32> = Arc::clone(&mutex).lock_owned().await;
/// assert!(mutex.try_lock().is_err());
/// drop(guard);
/// assert!(mutex.try_lock().is_ok());
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct OwnedMutexGuard<T: ?Sized> {
    held: Held<T>,
    /// What it may do is what this may: it is shared where a `&T` may be.
    _data: PhantomData<Exclusive<T>>,
}

/// The permit of a lock.
pub(super) struct Held<T: ?Sized>(Arc<Mutex<T>>);

impl<T: ?Sized> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.permits.release(1);
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// The caller has acquired the permit, and gives it away.
    #[inline]
    pub(super) fn new(mutex: Arc<Mutex<T>>) -> Self {
        Self {
            held: Held(mutex),
            _data: PhantomData,
        }
    }

    /// A guard of a part of what is in the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Arc::new(Mutex::new((1, "one")));
    /// let guard = Arc::clone(&mutex).lock_owned().await;
    /// let mut number = OwnedMutexGuard::map(guard, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(mutex.lock().await.0, 2);
    /// # });
    /// ```
    pub fn map<U, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let part: *mut U = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard: nobody else gets a
        // reference to it before.
        OwnedMappedMutexGuard::new(this.held, unsafe { Exclusive::new(part) })
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
    /// use heist_sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Arc::new(Mutex::new(vec![1]));
    /// let guard = OwnedMutexGuard::try_map(mutex.lock_owned().await, |list| list.get_mut(5));
    /// assert_eq!(guard.unwrap_err().len(), 1);
    /// # });
    /// ```
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(part) = f(&mut this).map(|part| part as *mut U) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(OwnedMappedMutexGuard::new(this.held, unsafe {
            Exclusive::new(part)
        }))
    }

    /// The lock that it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let guard = Arc::new(Mutex::new(1)).lock_owned().await;
    /// let mutex = Arc::clone(OwnedMutexGuard::mutex(&guard));
    /// assert!(mutex.try_lock().is_err());
    /// # });
    /// ```
    #[must_use = "it only asks"]
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.held.0
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the one permit is ours, and without it nobody refers to the data.
        unsafe { &*self.held.0.data.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.held.0.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
