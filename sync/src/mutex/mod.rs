//! [`Mutex`]: one task at a time has what is in it. A semaphore of one permit, and the data beside it.
//!
//! In come tasks that ask for the lock; out go guards, which lend the data and give the lock to the next when they are
//! dropped. Called by users, and by `Condition`.

mod error;
mod guard;
mod mapped;
#[cfg(test)]
mod models;
mod owned;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use self::error::TryLockError;
pub use self::guard::MutexGuard;
pub use self::mapped::{MappedMutexGuard, OwnedMappedMutexGuard};
pub use self::owned::OwnedMutexGuard;

use crate::semaphore::core::{Acquire, NEVER_CLOSED, Permits};
use crate::trace::Waiting;
use crate::{blocking, coop};
use std::cell::UnsafeCell;
use std::fmt;
use std::sync::Arc;

/// Gives what is in it to one task at a time.
///
/// The guard of [`lock`](Self::lock) may be kept across an `await`. Tasks get the lock in the order in which they first
/// asked, and nobody overtakes them. It is not poisoned when a task panics that holds it; and a task that asks for a lock
/// which it holds waits for ever.
///
/// Where nothing is awaited while it is held, `std::sync::Mutex` is the cheaper choice, also in async code.
///
/// asyncio's `Lock`, with what it guards inside.
///
/// # Examples
///
/// ```
/// use futures_lite::future;
/// use heist_sync::Mutex;
///
/// # future::block_on(async {
/// let log = Mutex::new(Vec::new());
/// let write = async |name| {
///     let mut log = log.lock().await;
///     log.push(format!("{name} begins"));
///     future::yield_now().await;
///     log.push(format!("{name} ends"));
/// };
/// future::zip(write("one"), write("two")).await;
/// assert_eq!(log.into_inner(), ["one begins", "one ends", "two begins", "two ends"]);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    permits: Permits,
    data: UnsafeCell<T>,
}

// SAFETY: it owns a `T`.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: it lends the `T` to one at a time, who may be on any thread.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// static COUNT: Mutex<u32> = Mutex::new(0);
    /// *COUNT.try_lock().unwrap() += 1;
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is locked"]
    pub const fn new(value: T) -> Self {
        Self {
            permits: Permits::new(1),
            data: UnsafeCell::new(value),
        }
    }

    /// An unlocked one; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until it is locked"]
    pub fn new(value: T) -> Self {
        Self {
            permits: Permits::new(1),
            data: UnsafeCell::new(value),
        }
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// static COUNT: Mutex<u32> = Mutex::const_new(0);
    /// assert_eq!(*COUNT.try_lock().unwrap(), 0);
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is locked"]
    pub const fn const_new(value: T) -> Self {
        Self::new(value)
    }

    /// What is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// assert_eq!(Mutex::new(5).into_inner(), 5);
    /// ```
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// asyncio's `Lock.acquire`. It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; if it was given the lock already, that goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Mutex::new(1);
    /// *mutex.lock().await += 1;
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.wait().await.expect(NEVER_CLOSED);
        MutexGuard::new(self)
    }

    /// Waits for the lock, with a guard that borrows nothing: it can go to another task.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; if it was given the lock already, that goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let mutex = Arc::new(Mutex::new(1));
    /// let mut guard = Arc::clone(&mutex).lock_owned().await;
    /// thread::spawn(move || *guard += 1).join().unwrap();
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.wait().await.expect(NEVER_CLOSED);
        OwnedMutexGuard::new(self)
    }

    /// Takes the lock if nobody has it, nor waits for it.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// let mutex = Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        match self.permits.try_acquire(1) {
            Ok(()) => Ok(MutexGuard::new(self)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// Takes the lock if nobody has it, nor waits for it, with a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// ```
    #[inline]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        match self.permits.try_acquire(1) {
            Ok(()) => Ok(OwnedMutexGuard::new(self)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// Blocks the thread until it has the lock: for code that is not async.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`lock`](Self::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// static COUNT: Mutex<u32> = Mutex::new(0);
    /// std::thread::spawn(|| *COUNT.blocking_lock() += 1).join().unwrap();
    /// assert_eq!(*COUNT.blocking_lock(), 1);
    /// ```
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        coop::assert_may_block("Mutex::blocking_lock", "await `lock`");
        match self.try_lock() {
            Ok(guard) => guard,
            Err(_) => blocking::block_on(self.lock()),
        }
    }

    /// Blocks the thread until it has the lock, with a guard that borrows nothing.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`lock_owned`](Self::lock_owned).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// *Arc::clone(&mutex).blocking_lock_owned() += 1;
    /// assert_eq!(*mutex.blocking_lock(), 2);
    /// ```
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        coop::assert_may_block("Mutex::blocking_lock_owned", "await `lock_owned`");
        blocking::block_on(self.lock_owned())
    }

    /// What is in it, without locking: who has it to himself needs no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Mutex;
    ///
    /// let mut mutex = Mutex::new(1);
    /// *mutex.get_mut() += 1;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    fn wait(&self) -> Acquire<'_> {
        let waiting = Waiting::new("Mutex", "Sync", "Mutex::lock");
        self.permits.acquire(1, waiting)
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => debug.field("data", &&*guard),
            Err(_) => debug.field("data", &format_args!("<locked>")),
        };
        debug.finish()
    }
}
