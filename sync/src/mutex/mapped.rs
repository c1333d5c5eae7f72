//! The guards of a part of what a [`Mutex`](super::Mutex) holds.
//!
//! In come a permit and the part; out goes the part, and at last the permit. Made by the guards of the whole.

use super::owned::Held;
use crate::guarded::Exclusive;
use crate::semaphore::held::One;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// A part of what is in a [`Mutex`](super::Mutex), which is locked as long as this is there.
///
/// [`MutexGuard::map`](super::MutexGuard::map) makes it.
///
/// # Examples
///
/// ```
/// use heist_sync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// # futures_lite::future::block_on(async {
/// let mutex = Mutex::new((1, "one"));
/// let number: MappedMutexGuard<'_, i32> =
///     MutexGuard::map(mutex.lock().await, |pair| &mut pair.0);
/// assert_eq!(*number, 1);
/// assert!(mutex.try_lock().is_err());
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    held: One<'a>,
    part: Exclusive<T>,
    _part: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    #[inline]
    pub(super) fn new(held: One<'a>, part: Exclusive<T>) -> Self {
        Self {
            held,
            part,
            _part: PhantomData,
        }
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{MappedMutexGuard, Mutex, MutexGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new(((1, 2), 3));
    /// let pair = MutexGuard::map(mutex.lock().await, |all| &mut all.0);
    /// let second = MappedMutexGuard::map(pair, |pair| &mut pair.1);
    /// assert_eq!(*second, 2);
    /// # });
    /// ```
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let part: *mut U = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard: nobody else gets a
        // reference to it before.
        MappedMutexGuard::new(this.held, unsafe { Exclusive::new(part) })
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
    /// use heist_sync::{MappedMutexGuard, Mutex, MutexGuard};
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new((vec![1], 2));
    /// let list = MutexGuard::map(mutex.lock().await, |all| &mut all.0);
    /// let list = MappedMutexGuard::try_map(list, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
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
        Ok(MappedMutexGuard::new(this.held, unsafe {
            Exclusive::new(part)
        }))
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.part
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.part
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A part of what is in a [`Mutex`](super::Mutex), which is locked as long as this is there. It borrows nothing.
///
/// [`OwnedMutexGuard::map`](super::OwnedMutexGuard::map) makes it.
///
/// # Examples
///
/// ```
/// use heist_sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
/// use std::sync::Arc;
///
/// # futures_lite::future::block_on(async {
/// let mutex = Arc::new(Mutex::new((1, "one")));
/// let guard = Arc::clone(&mutex).lock_owned().await;
/// let number: OwnedMappedMutexGuard<(i32, &str), i32> =
///     OwnedMutexGuard::map(guard, |pair| &mut pair.0);
/// assert_eq!(*number, 1);
/// # });
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it unlocks: keep it as long as the lock is needed"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    held: Held<T>,
    part: Exclusive<U>,
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    #[inline]
    pub(super) fn new(held: Held<T>, part: Exclusive<U>) -> Self {
        Self { held, part }
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Arc::new(Mutex::new(((1, 2), 3)));
    /// let pair = OwnedMutexGuard::map(mutex.lock_owned().await, |all| &mut all.0);
    /// let second = OwnedMappedMutexGuard::map(pair, |pair| &mut pair.1);
    /// assert_eq!(*second, 2);
    /// # });
    /// ```
    pub fn map<S, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> &mut S,
    {
        let part: *mut S = f(&mut this);
        // SAFETY: it is a part of what the lock holds, whose permit goes over to the new guard: nobody else gets a
        // reference to it before.
        OwnedMappedMutexGuard::new(this.held, unsafe { Exclusive::new(part) })
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
    /// use heist_sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Arc::new(Mutex::new((vec![1], 2)));
    /// let list = OwnedMutexGuard::map(mutex.lock_owned().await, |all| &mut all.0);
    /// let list = OwnedMappedMutexGuard::try_map(list, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(list.len(), 1);
    /// # });
    /// ```
    pub fn try_map<S, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        let Some(part) = f(&mut this).map(|part| part as *mut S) else {
            return Err(this);
        };
        // SAFETY: as in `map`.
        Ok(OwnedMappedMutexGuard::new(this.held, unsafe {
            Exclusive::new(part)
        }))
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        &self.part
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        &mut self.part
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
