//! [`RwLock`]: many tasks read what is in it, or one writes. A semaphore with a permit for each reader, all of which a
//! writer takes, and the data beside it.
//!
//! In come tasks that ask for the lock; out go guards, which lend the data and give the lock to the next when they are
//! dropped. Called by users.

mod mapped;
#[cfg(test)]
mod models;
mod owned;
mod read;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod write;

pub use self::mapped::{OwnedRwLockMappedWriteGuard, RwLockMappedWriteGuard};
pub use self::owned::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use self::read::RwLockReadGuard;
pub use self::write::RwLockWriteGuard;

use self::owned::Held;
use crate::guarded::{Exclusive, Shared};
use crate::mutex::TryLockError;
use crate::semaphore::core::{Acquire, NEVER_CLOSED, Permits};
use crate::semaphore::held::{Many, One};
use crate::trace::Waiting;
use crate::{blocking, coop};
use std::cell::UnsafeCell;
use std::fmt;
use std::sync::Arc;

/// How many may read at a time, unless it is said otherwise.
const MAX_READERS: u32 = u32::MAX >> 3;

/// Lets many tasks read what is in it, or one write.
///
/// The guards may be kept across an `await`. Tasks get the lock in the order in which they first asked: readers that come
/// after a writer wait until it was there, so that no writer waits for ever. Who reads already and asks again, while a
/// writer waits, waits for himself, and for ever.
///
/// It is not poisoned when a task panics that holds it. asyncio has no such lock.
///
/// # Examples
///
/// ```
/// use heist_sync::RwLock;
///
/// # futures_lite::future::block_on(async {
/// let lock = RwLock::new(5);
/// {
///     let (one, other) = (lock.read().await, lock.read().await);
///     assert_eq!(*one + *other, 10);
/// }
/// *lock.write().await += 1;
/// assert_eq!(lock.into_inner(), 6);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    permits: Permits,
    /// How many permits there are: at least one.
    max_readers: u32,
    data: UnsafeCell<T>,
}

// SAFETY: it owns a `T`.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: it lends the `T` to one or, shared, to many, who may be on any thread.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked one.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// static COUNT: RwLock<u32> = RwLock::new(0);
    /// *COUNT.try_write().unwrap() += 1;
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is locked"]
    pub const fn new(value: T) -> Self {
        Self::with_max_readers(value, MAX_READERS)
    }

    /// An unlocked one; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until it is locked"]
    pub fn new(value: T) -> Self {
        Self::with_max_readers(value, MAX_READERS)
    }

    /// An unlocked one that so many may read at a time.
    ///
    /// # Panics
    ///
    /// If they are none, or more than `u32::MAX >> 3`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let lock = RwLock::with_max_readers(5, 1);
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_err());
    /// ```
    #[cfg(not(heist_loom))]
    #[track_caller]
    #[must_use = "it does nothing until it is locked"]
    pub const fn with_max_readers(value: T, max_reads: u32) -> Self {
        assert!(
            0 < max_reads && max_reads <= MAX_READERS,
            "a `RwLock` has one reader at least, and `u32::MAX >> 3` at most"
        );
        Self {
            permits: Permits::new(max_reads as usize),
            max_readers: max_reads,
            data: UnsafeCell::new(value),
        }
    }

    /// An unlocked one that so many may read at a time; loom's types cannot be made in a `const`.
    #[cfg(heist_loom)]
    #[must_use = "it does nothing until it is locked"]
    pub fn with_max_readers(value: T, max_reads: u32) -> Self {
        Self {
            permits: Permits::new(max_reads as usize),
            max_readers: max_reads,
            data: UnsafeCell::new(value),
        }
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// static COUNT: RwLock<u32> = RwLock::const_new(0);
    /// assert_eq!(*COUNT.try_read().unwrap(), 0);
    /// ```
    #[cfg(not(heist_loom))]
    #[must_use = "it does nothing until it is locked"]
    pub const fn const_new(value: T) -> Self {
        Self::new(value)
    }

    /// tokio's name for [`with_max_readers`](Self::with_max_readers) in a `const` or `static`.
    ///
    /// # Panics
    ///
    /// As [`with_max_readers`](Self::with_max_readers), which in a `const` means that it doesn't compile.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// static COUNT: RwLock<u32> = RwLock::const_with_max_readers(0, 8);
    /// assert_eq!(*COUNT.try_read().unwrap(), 0);
    /// ```
    #[cfg(not(heist_loom))]
    #[track_caller]
    #[must_use = "it does nothing until it is locked"]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> Self {
        Self::with_max_readers(value, max_reads)
    }

    /// What is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(5).into_inner(), 5);
    /// ```
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until it can read.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; what it was given already goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// let guard = lock.read().await;
    /// assert_eq!(*guard + *lock.read().await, 2);
    /// # });
    /// ```
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        self.wait(1).await.expect(NEVER_CLOSED);
        self.read_guard()
    }

    /// Waits until it can read, with a guard that borrows nothing: it can go to another task.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; what it was given already goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).read_owned().await;
    /// assert_eq!(thread::spawn(move || *guard).join().unwrap(), 1);
    /// # });
    /// ```
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        self.wait(1).await.expect(NEVER_CLOSED);
        self.owned_read_guard()
    }

    /// Reads if nobody writes, nor waits.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_ok());
    /// ```
    #[inline]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.try_acquire(1)?;
        Ok(self.read_guard())
    }

    /// Reads if nobody writes, nor waits, with a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).try_read_owned().unwrap();
    /// assert!(lock.try_write().is_err());
    /// ```
    #[inline]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.try_acquire(1)?;
        Ok(self.owned_read_guard())
    }

    /// Blocks the thread until it can read: for code that is not async.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// assert_eq!(*lock.blocking_read(), 1);
    /// ```
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        coop::assert_may_block("RwLock::blocking_read", "await `read`");
        match self.try_read() {
            Ok(guard) => guard,
            Err(_) => blocking::block_on(self.read()),
        }
    }

    /// Waits until it can write.
    ///
    /// It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; what it was given already goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = RwLock::new(1);
    /// *lock.write().await += 1;
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.wait(self.max_readers).await.expect(NEVER_CLOSED);
        self.write_guard()
    }

    /// Waits until it can write, with a guard that borrows nothing: it can go to another task.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order; what it was given already goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let mut guard = Arc::clone(&lock).write_owned().await;
    /// thread::spawn(move || *guard += 1).join().unwrap();
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        self.wait(self.max_readers).await.expect(NEVER_CLOSED);
        self.owned_write_guard()
    }

    /// Writes if nobody has the lock, nor waits for it.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// *lock.try_write().unwrap() += 1;
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_write().is_err());
    /// ```
    #[inline]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.try_acquire(self.max_readers)?;
        Ok(self.write_guard())
    }

    /// Writes if nobody has the lock, nor waits for it, with a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).try_write_owned().unwrap();
    /// assert!(lock.try_read().is_err());
    /// ```
    #[inline]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.try_acquire(self.max_readers)?;
        Ok(self.owned_write_guard())
    }

    /// Blocks the thread until it can write: for code that is not async.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let lock = RwLock::new(1);
    /// *lock.blocking_write() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        coop::assert_may_block("RwLock::blocking_write", "await `write`");
        match self.try_write() {
            Ok(guard) => guard,
            Err(_) => blocking::block_on(self.write()),
        }
    }

    /// What is in it, without locking: who has it to himself needs no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::RwLock;
    ///
    /// let mut lock = RwLock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    fn wait(&self, count: u32) -> Acquire<'_> {
        let waiting = Waiting::new("RwLock", "Sync", "RwLock::acquire");
        self.permits.acquire(count as usize, waiting)
    }

    #[inline]
    fn try_acquire(&self, count: u32) -> Result<(), TryLockError> {
        let acquired = self.permits.try_acquire(count as usize);
        acquired.map_err(|_| TryLockError::new())
    }

    /// A guard of the one permit that the caller has acquired; as those below, of all.
    #[inline]
    fn read_guard(&self) -> RwLockReadGuard<'_, T> {
        // SAFETY: nobody writes as long as the permit is held, which goes with it.
        RwLockReadGuard::new(One(&self.permits), unsafe { Shared::new(self.data.get()) })
    }

    #[inline]
    fn owned_read_guard(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        // SAFETY: as above; and the lock is there as long as the permit.
        let data = unsafe { Shared::new(self.data.get()) };
        OwnedRwLockReadGuard::new(Held::one(self), data)
    }

    #[inline]
    fn write_guard(&self) -> RwLockWriteGuard<'_, T> {
        let held = Many {
            permits: &self.permits,
            count: self.max_readers,
        };
        // SAFETY: nobody else has a permit, without which nobody refers to the data, as long as all are held, which go
        // with it.
        RwLockWriteGuard::new(held, unsafe { Exclusive::new(self.data.get()) })
    }

    #[inline]
    fn owned_write_guard(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        // SAFETY: as above; and the lock is there as long as the permits.
        let data = unsafe { Exclusive::new(self.data.get()) };
        OwnedRwLockWriteGuard::new(Held::all(self), data)
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => debug.field("data", &&*guard),
            Err(_) => debug.field("data", &format_args!("<locked>")),
        };
        debug.finish()
    }
}
