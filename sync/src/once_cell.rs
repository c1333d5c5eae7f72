//! [`OnceCell`]: a value that an async function makes once.
//!
//! In come functions that would make it; out goes a reference to what one of them made. A semaphore of one permit lets one
//! try at a time, and is closed once the value is there.
#![forbid(unsafe_code)]

use crate::semaphore::core::Permits;
use crate::semaphore::error::TryAcquireError;
use crate::semaphore::held::One;
use crate::trace::Waiting;
use crate::write_once::WriteOnce;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::mem;

/// A cell whose value is made once, by an async function, when it is first needed.
///
/// One task at a time runs its function; the others wait for the value. If it fails, panics or is dropped, the next one
/// tries with its own. To set a value for which tasks wait, without one of them making it, there is
/// [`SetOnce`](crate::SetOnce).
///
/// asyncio has no such cell.
///
/// # Examples
///
/// ```
/// use heist_sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::const_new();
///
/// async fn load() -> String {
///     String::from("loaded once")
/// }
///
/// # futures_lite::future::block_on(async {
/// let config = CONFIG.get_or_init(load).await;
/// assert_eq!(config, "loaded once");
/// assert_eq!(CONFIG.get(), Some(config));
/// # });
/// ```
pub struct OnceCell<T> {
    value: WriteOnce<T>,
    permits: Permits,
}

impl<T> OnceCell<T> {
    /// An empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// assert_eq!(OnceCell::<u32>::new().get(), None);
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until a value is made"]
    pub const fn new() -> Self {
        Self {
            value: WriteOnce::new(None),
            permits: Permits::new(1),
        }
    }

    /// An empty one; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until a value is made"]
    pub fn new() -> Self {
        Self::new_with(None)
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// static CELL: OnceCell<u32> = OnceCell::const_new();
    /// assert!(!CELL.initialized());
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until a value is made"]
    pub const fn const_new() -> Self {
        Self::new()
    }

    /// One with this value, or an empty one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// assert_eq!(OnceCell::new_with(Some(5)).get(), Some(&5));
    /// ```
    #[must_use = "it does nothing until it is asked"]
    pub fn new_with(value: Option<T>) -> Self {
        Self {
            value: WriteOnce::new(value),
            permits: Permits::new(1),
        }
    }

    /// One with this value, in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// static CELL: OnceCell<u32> = OnceCell::const_new_with(5);
    /// assert_eq!(CELL.get(), Some(&5));
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is asked"]
    pub const fn const_new_with(value: T) -> Self {
        Self {
            value: WriteOnce::new(Some(value)),
            permits: Permits::new(1),
        }
    }

    /// Whether there is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// let cell = OnceCell::new();
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
    /// use heist_sync::OnceCell;
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.get(), None);
    /// cell.set(5).unwrap();
    /// assert_eq!(cell.get(), Some(&5));
    /// ```
    #[inline]
    #[must_use = "it only asks"]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, if it is there, to change it: who has the cell to himself may.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// let mut cell = OnceCell::from(5);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.get(), Some(&6));
    /// ```
    #[must_use = "it only asks"]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Sets the value, if there is none and nobody is making one.
    ///
    /// # Errors
    ///
    /// [`SetError`] with the value otherwise.
    ///
    /// # Panics
    ///
    /// If the waker of a task that waits does, unless the thread panics already. The value is set by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{OnceCell, SetError};
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set(5), Ok(()));
    /// assert_eq!(cell.set(6), Err(SetError::AlreadyInitializedError(6)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        if self.initialized() {
            return Err(SetError::AlreadyInitializedError(value));
        }
        match self.permits.try_acquire(1) {
            Ok(()) => {
                let permit = One(&self.permits);
                self.finish(value, permit)
                    .map_err(SetError::AlreadyInitializedError)
            }
            Err(TryAcquireError::NoPermits) => Err(SetError::InitializingError(value)),
            Err(TryAcquireError::Closed) => Err(SetError::AlreadyInitializedError(value)),
        }
    }

    /// The value; if there is none, what `f` makes, or another task's function before it.
    ///
    /// The functions run one at a time, and none once there is a value. One that asks for the value of its own cell waits
    /// for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the future of `f`, if that is running, and the next task runs its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// # futures_lite::future::block_on(async {
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.get_or_init(|| async { 5 }).await, &5);
    /// assert_eq!(cell.get_or_init(|| async { 6 }).await, &5);
    /// # });
    /// ```
    pub async fn get_or_init<F, Fut>(&self, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        if let Some(value) = self.get() {
            return value;
        }
        let made = self.get_or_try_init(|| async { Ok::<T, Infallible>(f().await) });
        let Ok(value) = made.await;
        value
    }

    /// The value; if there is none, what `f` makes, or another task's function before it.
    ///
    /// The functions run one at a time, and none once there is a value. One that asks for the value of its own cell waits
    /// for ever.
    ///
    /// # Errors
    ///
    /// That of `f`. The cell stays empty then, and the next task runs its own.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the future of `f`, if that is running, and the next task runs its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// # futures_lite::future::block_on(async {
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.get_or_try_init(|| async { Err("not yet") }).await, Err("not yet"));
    /// assert_eq!(cell.get_or_try_init(|| async { Ok::<_, &str>(5) }).await, Ok(&5));
    /// # });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let waiting = Waiting::new("OnceCell", "Sync", "OnceCell::get_or_init");
        if self.permits.acquire(1, waiting).await.is_ok() {
            let permit = One(&self.permits);
            let value = f().await?;
            // Nobody else can have set it: he would have needed the permit.
            drop(self.finish(value, permit));
        }
        Ok(self.get().expect("it is closed once the value is there"))
    }

    /// Sets the value, and tells those who wait. The caller has the permit, which lets nobody else in any more.
    fn finish(&self, value: T, permit: One<'_>) -> Result<(), T> {
        self.value.set(value)?;
        self.permits.close();
        drop(permit);
        Ok(())
    }

    /// The value, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// assert_eq!(OnceCell::from(5).into_inner(), Some(5));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// The value, if there is one; the cell is empty then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::OnceCell;
    ///
    /// let mut cell = OnceCell::from(5);
    /// assert_eq!(cell.take(), Some(5));
    /// assert_eq!(cell.take(), None);
    /// ```
    pub fn take(&mut self) -> Option<T> {
        mem::take(self).into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell")
            .field("value", &self.get())
            .finish()
    }
}

/// Why [`OnceCell::set`] didn't set the value, with the value.
///
/// # Examples
///
/// ```
/// use heist_sync::{OnceCell, SetError};
///
/// let cell = OnceCell::from(5);
/// let error: SetError<u32> = cell.set(6).unwrap_err();
/// assert!(error.is_already_init_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There is a value.
    AlreadyInitializedError(T),
    /// A task is making one.
    InitializingError(T),
}

impl<T> SetError<T> {
    /// Whether there is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetError;
    ///
    /// assert!(SetError::AlreadyInitializedError(5).is_already_init_err());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether a task is making one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::SetError;
    ///
    /// assert!(SetError::InitializingError(5).is_initializing_err());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the cell has a value already",
            Self::InitializingError(_) => "a task is making the cell's value",
        })
    }
}

impl<T: fmt::Debug> Error for SetError<T> {}

#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
