//! [`Semaphore`]: so many at a time. What [`core`] counts, with the permits as guards.
//!
//! In come tasks that ask for permits; out go guards, which give them back when they are dropped. The locks of this crate
//! and the bounded channels use `core` alone.
#![forbid(unsafe_code)]

pub(crate) mod core;
pub(crate) mod error;
pub(crate) mod held;
#[cfg(test)]
mod models;
mod permit;
#[cfg(all(test, not(heist_loom)))]
mod tests;

pub use self::error::{AcquireError, TryAcquireError};
pub use self::permit::{OwnedSemaphorePermit, SemaphorePermit};

use self::core::{Acquire, Permits, TOO_MANY};
use crate::trace::Waiting;
use crate::{blocking, coop};
use std::fmt;
use std::sync::Arc;

/// Lets so many through at a time.
///
/// It counts permits. [`acquire`](Self::acquire) takes one, or waits for it; the guard gives it back when it is dropped.
/// [`add_permits`](Self::add_permits) adds some, and [`SemaphorePermit::forget`] takes one away for ever.
///
/// Tasks get their permits in the order in which they first asked, also where one asks for many: nobody who comes later
/// overtakes it, though there may be enough for him.
///
/// asyncio's `Semaphore`; a `BoundedSemaphore` isn't needed, since a guard gives back what it took.
///
/// # Examples
///
/// At most three at a time:
///
/// ```
/// use heist_sync::Semaphore;
///
/// static LIMIT: Semaphore = Semaphore::const_new(3);
///
/// async fn fetch(n: u32) -> u32 {
///     let _permit = LIMIT.acquire().await.expect("it is never closed");
///     n * 2
/// }
///
/// # futures_lite::future::block_on(async {
/// assert_eq!(fetch(21).await, 42);
/// # });
/// ```
///
/// A permit that goes with a task:
///
/// ```
/// use heist_sync::Semaphore;
/// use std::sync::Arc;
/// use std::thread;
///
/// # futures_lite::future::block_on(async {
/// let semaphore = Arc::new(Semaphore::new(2));
/// let permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
/// thread::spawn(move || drop(permit)).join().unwrap();
/// assert_eq!(semaphore.available_permits(), 2);
/// # });
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    /// How many permits there may be.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// assert_eq!(Semaphore::MAX_PERMITS, usize::MAX >> 3);
    /// ```
    pub const MAX_PERMITS: usize = Permits::MAX;

    /// With this many permits.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    #[track_caller]
    #[must_use = "it does nothing until its permits are acquired"]
    #[cfg(not(heist_loom))]
    pub const fn new(permits: usize) -> Self {
        assert!(permits <= Self::MAX_PERMITS, "{}", TOO_MANY);
        Self {
            permits: Permits::new(permits),
        }
    }

    /// With this many permits; loom's types cannot be made in a `const`.
    #[must_use = "it does nothing until its permits are acquired"]
    #[cfg(heist_loom)]
    pub fn new(permits: usize) -> Self {
        assert!(permits <= Self::MAX_PERMITS, "{TOO_MANY}");
        Self {
            permits: Permits::new(permits),
        }
    }

    /// tokio's name for [`new`](Self::new) in a `const` or `static`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new), which in a `const` means that it doesn't compile.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// static LIMIT: Semaphore = Semaphore::const_new(8);
    /// assert_eq!(LIMIT.available_permits(), 8);
    /// ```
    #[track_caller]
    #[must_use = "it does nothing until its permits are acquired"]
    #[cfg(not(heist_loom))]
    pub const fn const_new(permits: usize) -> Self {
        Self::new(permits)
    }

    /// How many permits nobody holds; none while somebody waits for some.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2);
    /// let permit = semaphore.try_acquire();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// Adds permits, and wakes those that get them.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS); and if a waker that it calls does, unless the thread panics
    /// already. The permits are given by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(0);
    /// semaphore.add_permits(1);
    /// semaphore.acquire().await.unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// # });
    /// ```
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.permits.release(n);
    }

    /// Takes up to `n` permits away for ever, of those that are there, and says how many there were.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// assert_eq!(semaphore.forget_permits(2), 2);
    /// assert_eq!(semaphore.forget_permits(2), 1);
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget_permits(&self, n: usize) -> usize {
        self.permits.forget(n)
    }

    /// Waits for a permit.
    ///
    /// asyncio's `Semaphore.acquire`. It spends a unit of the [cooperative budget](crate::coop).
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order, and gives back what it had got.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.acquire().await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// # });
    /// ```
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.acquire_many(1).await
    }

    /// Waits for `n` permits at once. As long as it waits, those that come later do too.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order, and gives back what it had got.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(5);
    /// let permit = semaphore.acquire_many(3).await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// # });
    /// ```
    pub async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.wait(n).await?;
        Ok(SemaphorePermit::new(self, n))
    }

    /// Takes a permit if there is one and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if there is none; [`TryAcquireError::Closed`] if the semaphore is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if they are there and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if they are not; [`TryAcquireError::Closed`] if the semaphore is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(4);
    /// let permit = semaphore.try_acquire_many(3).unwrap();
    /// assert_eq!(semaphore.try_acquire_many(2).unwrap_err(), TryAcquireError::NoPermits);
    /// ```
    #[inline]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.permits.try_acquire(n as usize)?;
        Ok(SemaphorePermit::new(self, n))
    }

    /// Blocks the thread until there is a permit: for code that is not async.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::thread;
    ///
    /// static SEMAPHORE: Semaphore = Semaphore::new(0);
    ///
    /// let waiting = thread::spawn(|| SEMAPHORE.blocking_acquire().is_ok());
    /// SEMAPHORE.add_permits(1);
    /// assert!(waiting.join().unwrap());
    /// ```
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        coop::assert_may_block("Semaphore::blocking_acquire", "await `acquire`");
        blocking::block_on(self.acquire())
    }

    /// Blocks the thread until there are `n` permits: for code that is not async.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let permit = semaphore.blocking_acquire_many(2).unwrap();
    /// assert_eq!(permit.num_permits(), 2);
    /// ```
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        coop::assert_may_block("Semaphore::blocking_acquire_many", "await `acquire_many`");
        blocking::block_on(self.acquire_many(n))
    }

    /// Waits for a permit that borrows nothing: it can go to another task.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order, and gives back what it had got.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// # });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// Waits for `n` permits at once, in a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the future loses its place in the order, and gives back what it had got.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let permit = Arc::clone(&semaphore).acquire_many_owned(2).await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # });
    /// ```
    pub async fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.wait(n).await?;
        Ok(OwnedSemaphorePermit::new(self, n))
    }

    /// Takes a permit that borrows nothing, if there is one and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if there is none; [`TryAcquireError::Closed`] if the semaphore is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    /// assert!(semaphore.try_acquire().is_err());
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes `n` permits in a guard that borrows nothing, if they are there and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if they are not; [`TryAcquireError::Closed`] if the semaphore is [closed](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let permit = Arc::clone(&semaphore).try_acquire_many_owned(2).unwrap();
    /// assert_eq!(permit.num_permits(), 2);
    /// ```
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.permits.try_acquire(n as usize)?;
        Ok(OwnedSemaphorePermit::new(self, n))
    }

    /// Blocks the thread until there is a permit, which borrows nothing.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await [`acquire_owned`](Self::acquire_owned).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.blocking_acquire_owned().unwrap();
    /// assert_eq!(permit.num_permits(), 1);
    /// ```
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        coop::assert_may_block("Semaphore::blocking_acquire_owned", "await `acquire_owned`");
        blocking::block_on(self.acquire_owned())
    }

    /// Blocks the thread until there are `n` permits, in a guard that borrows nothing.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is [closed](Self::close), before or while it waits.
    ///
    /// # Panics
    ///
    /// On a thread that runs tasks, where it would stall them: there, await
    /// [`acquire_many_owned`](Self::acquire_many_owned).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let permit = semaphore.blocking_acquire_many_owned(2).unwrap();
    /// assert_eq!(permit.semaphore().available_permits(), 1);
    /// ```
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        coop::assert_may_block(
            "Semaphore::blocking_acquire_many_owned",
            "await `acquire_many_owned`",
        );
        blocking::block_on(self.acquire_many_owned(n))
    }

    /// Closes it: no permit is given from now on, and all that wait get an error.
    ///
    /// Permits that were acquired before stay so, also those that were given to a future which waits and has not been polled
    /// since: it is ready with them.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. All are told by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// # futures_lite::future::block_on(async {
    /// let semaphore = Semaphore::new(1);
    /// semaphore.close();
    /// assert!(semaphore.acquire().await.is_err());
    /// # });
    /// ```
    pub fn close(&self) {
        self.permits.close();
    }

    /// Whether it is [closed](Self::close). Once `true` it stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(1);
    /// assert!(!semaphore.is_closed());
    /// semaphore.close();
    /// assert!(semaphore.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    fn wait(&self, n: u32) -> Acquire<'_> {
        let waiting = Waiting::new("Semaphore", "Sync", "Semaphore::acquire");
        self.permits.acquire(n as usize, waiting)
    }

    fn release(&self, n: u32) {
        self.permits.release(n as usize);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("permits", &self.available_permits())
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
