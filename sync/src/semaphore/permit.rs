//! The guards of a [`Semaphore`]: what was acquired, until it is dropped.
//!
//! In come the permits that a task has got; out they go again, to those that wait. Called by their users.
#![forbid(unsafe_code)]

use super::Semaphore;
use std::fmt;
use std::ptr;
use std::sync::Arc;

/// Why [`SemaphorePermit::merge`] panics.
const OF_ANOTHER: &str = "permits of different semaphores cannot be merged";

/// Permits of a [`Semaphore`], which get them back when this is dropped.
///
/// # Examples
///
/// ```
/// use heist_sync::{Semaphore, SemaphorePermit};
///
/// let semaphore = Semaphore::new(1);
/// let permit: SemaphorePermit<'_> = semaphore.try_acquire().unwrap();
/// assert_eq!(semaphore.available_permits(), 0);
/// drop(permit);
/// assert_eq!(semaphore.available_permits(), 1);
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it gives its permits back: keep it as long as they are needed"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: u32,
}

impl<'a> SemaphorePermit<'a> {
    #[inline]
    pub(super) fn new(semaphore: &'a Semaphore, permits: u32) -> Self {
        Self { semaphore, permits }
    }

    /// Never gives the permits back: the semaphore has so many fewer for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes over the permits of another.
    ///
    /// # Panics
    ///
    /// If that is of another semaphore, or they would be more than fit into a `u32`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let mut permit = semaphore.try_acquire().unwrap();
    /// permit.merge(semaphore.try_acquire_many(2).unwrap());
    /// assert_eq!(permit.num_permits(), 3);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(ptr::eq(self.semaphore, other.semaphore), "{OF_ANOTHER}");
        self.permits = sum(self.permits, other.permits);
        other.permits = 0;
    }

    /// Gives `n` of the permits a guard of their own; `None` if they are not so many.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let mut permit = semaphore.try_acquire_many(3).unwrap();
    /// let two = permit.split(2).unwrap();
    /// assert_eq!((permit.num_permits(), two.num_permits()), (1, 2));
    /// assert!(permit.split(2).is_none());
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        Some(Self {
            semaphore: self.semaphore,
            permits: take(&mut self.permits, n)?,
        })
    }

    /// The semaphore whose permits they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(permit.semaphore().available_permits(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn semaphore(&self) -> &'a Semaphore {
        self.semaphore
    }

    /// How many permits it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// assert_eq!(semaphore.try_acquire_many(2).unwrap().num_permits(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn num_permits(&self) -> usize {
        self.permits as usize
    }
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        // One that holds nothing must not take the lock, nor write.
        if self.permits > 0 {
            self.semaphore.release(self.permits);
        }
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphorePermit")
            .field("semaphore", self.semaphore)
            .field("permits", &self.permits)
            .finish()
    }
}

/// Permits of a [`Semaphore`], which gets them back when this is dropped. It borrows nothing.
///
/// # Examples
///
/// ```
/// use heist_sync::{OwnedSemaphorePermit, Semaphore};
/// use std::sync::Arc;
///
/// let semaphore = Arc::new(Semaphore::new(1));
/// let permit: OwnedSemaphorePermit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
/// assert_eq!(semaphore.available_permits(), 0);
/// drop(permit);
/// assert_eq!(semaphore.available_permits(), 1);
/// ```
#[clippy::has_significant_drop]
#[must_use = "dropped at once, it gives its permits back: keep it as long as they are needed"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: u32,
}

impl OwnedSemaphorePermit {
    #[inline]
    pub(super) fn new(semaphore: Arc<Semaphore>, permits: u32) -> Self {
        Self { semaphore, permits }
    }

    /// Never gives the permits back: the semaphore has so many fewer for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(2));
    /// Arc::clone(&semaphore).try_acquire_owned().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes over the permits of another.
    ///
    /// # Panics
    ///
    /// If that is of another semaphore, or they would be more than fit into a `u32`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let mut permit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    /// permit.merge(semaphore.try_acquire_many_owned(2).unwrap());
    /// assert_eq!(permit.num_permits(), 3);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "{OF_ANOTHER}"
        );
        self.permits = sum(self.permits, other.permits);
        other.permits = 0;
    }

    /// Gives `n` of the permits a guard of their own; `None` if they are not so many.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let mut permit = semaphore.try_acquire_many_owned(3).unwrap();
    /// let two = permit.split(2).unwrap();
    /// assert_eq!((permit.num_permits(), two.num_permits()), (1, 2));
    /// assert!(permit.split(2).is_none());
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        Some(Self {
            permits: take(&mut self.permits, n)?,
            semaphore: Arc::clone(&self.semaphore),
        })
    }

    /// The semaphore whose permits they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let permit = semaphore.try_acquire_owned().unwrap();
    /// assert_eq!(permit.semaphore().available_permits(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many permits it holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// assert_eq!(semaphore.try_acquire_many_owned(2).unwrap().num_permits(), 2);
    /// ```
    #[must_use = "it only asks"]
    pub fn num_permits(&self) -> usize {
        self.permits as usize
    }
}

impl Drop for OwnedSemaphorePermit {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.release(self.permits);
        }
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedSemaphorePermit")
            .field("semaphore", &self.semaphore)
            .field("permits", &self.permits)
            .finish()
    }
}

#[track_caller]
fn sum(one: u32, other: u32) -> u32 {
    one.checked_add(other)
        .expect("more permits than fit into a `u32`")
}

/// Takes `n` of the permits, if there are so many.
fn take(permits: &mut u32, n: usize) -> Option<u32> {
    let n = u32::try_from(n).ok()?;
    *permits = permits.checked_sub(n)?;
    Some(n)
}
