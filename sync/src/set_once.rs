//! [`SetOnce`]: a value that is set once, for which many wait.
//!
//! In comes the value, from whoever is first; out goes a reference to it, to those that wait in a `Notify`.
#![forbid(unsafe_code)]

use crate::notify::Notify;
use crate::write_once::WriteOnce;
use std::error::Error;
use std::fmt;

/// A value that is set once, by [`set`](Self::set), and for which any number of tasks [`wait`](Self::wait).
///
/// Where one of those who need it shall make it, there is [`OnceCell`](crate::OnceCell).
///
/// asyncio's `Future`, awaited by several tasks.
///
/// # Examples
///
/// ```
/// use heist_sync::SetOnce;
/// use std::thread;
///
/// static READY: SetOnce<u32> = SetOnce::const_new();
///
/// # futures_lite::future::block_on(async {
/// thread::spawn(|| READY.set(5));
/// assert_eq!(READY.wait().await, &5);
/// assert_eq!(READY.get(), Some(&5));
/// # });
/// ```
pub struct SetOnce<T> {
    value: WriteOnce<T>,
    set: Notify,
}

impl<T> SetOnce<T> {
    /// An empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// assert_eq!(SetOnce::<u32>::new().get(), None);
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until a value is set"]
    pub const fn new() -> Self {
        Self {
            value: WriteOnce::new(None),
            set: Notify::new(),
        }
    }

    /// An empty one; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until a value is set"]
    pub fn new() -> Self {
        Self::new_with(None)
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// static CELL: SetOnce<u32> = SetOnce::const_new();
    /// assert!(!CELL.initialized());
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until a value is set"]
    pub const fn const_new() -> Self {
        Self::new()
    }

    /// One with this value, or an empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// assert_eq!(SetOnce::new_with(Some(5)).get(), Some(&5));
    /// ```
    #[must_use = "it does nothing until it is asked"]
    pub fn new_with(value: Option<T>) -> Self {
        Self {
            value: WriteOnce::new(value),
            set: Notify::new(),
        }
    }

    /// One with this value, in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// static CELL: SetOnce<u32> = SetOnce::const_new_with(5);
    /// assert_eq!(CELL.get(), Some(&5));
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is asked"]
    pub const fn const_new_with(value: T) -> Self {
        Self {
            value: WriteOnce::new(Some(value)),
            set: Notify::new(),
        }
    }

    /// Whether there is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// let cell = SetOnce::new();
    /// assert!(!cell.initialized());
    /// cell.set(5).unwrap();
    /// assert!(cell.initialized());
    /// ```
    #[must_use = "it only asks"]
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// The value, if it is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// let cell = SetOnce::new();
    /// assert_eq!(cell.get(), None);
    /// cell.set(5).unwrap();
    /// assert_eq!(cell.get(), Some(&5));
    /// ```
    #[inline]
    #[must_use = "it only asks"]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Sets the value, if there is none, and wakes all that wait.
    ///
    /// # Errors
    ///
    /// [`SetOnceError`] with the value, if there is one. It can be [got](Self::get) by then.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. The value is set by then, and all are
    /// woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{SetOnce, SetOnceError};
    ///
    /// let cell = SetOnce::new();
    /// assert_eq!(cell.set(5), Ok(()));
    /// assert_eq!(cell.set(6), Err(SetOnceError(6)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.value.set(value).map_err(SetOnceError)?;
        self.set.notify_waiters();
        Ok(())
    }

    /// Waits until the value is set.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::SetOnce;
    ///
    /// # future::block_on(async {
    /// let cell = SetOnce::new();
    /// let (value, _) = future::zip(cell.wait(), async { cell.set(5) }).await;
    /// assert_eq!(value, &5);
    /// # });
    /// ```
    pub async fn wait(&self) -> &T {
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            // Made before the look: a `set` that is not seen by it is still to notify.
            let set = self.set.notified();
            if self.get().is_none() {
                set.await;
            }
        }
    }

    /// The value, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetOnce;
    ///
    /// assert_eq!(SetOnce::from(5).into_inner(), Some(5));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnce")
            .field("value", &self.get())
            .finish()
    }
}

/// A [`SetOnce`] has a value already; with the one that was not set.
///
/// # Examples
///
/// ```
/// use heist_sync::{SetOnce, SetOnceError};
///
/// let SetOnceError(value) = SetOnce::from(5).set(6).unwrap_err();
/// assert_eq!(value, 6);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOnceError<T>(pub T);

impl<T> fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is set already")
    }
}

impl<T: fmt::Debug> Error for SetOnceError<T> {}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
