//! The half of a [`watch`](super) channel that looks at the value.
//!
//! In comes the version that it has seen; out goes the value, under its lock for reading, once the version is another.
#![forbid(unsafe_code)]

use super::error::RecvError;
use super::{Shared, WatchStream};
use crate::changes::{Change, Version};
use crate::coop::cooperative;
use crate::loom::RwLockReadGuard;
use crate::loom::atomic::Ordering::{Relaxed, Release};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The half that receives. Its clone has seen what it has seen.
///
/// # Examples
///
/// ```
/// use heist_sync::watch;
///
/// # futures_lite::future::block_on(async {
/// let (tx, mut rx) = watch::channel(0);
/// let mut other = rx.clone();
/// tx.send(1).unwrap();
/// drop(tx);
/// for rx in [&mut rx, &mut other] {
///     assert!(rx.changed().await.is_ok());
///     assert_eq!(*rx.borrow(), 1);
///     assert!(rx.changed().await.is_err());
/// }
/// # });
/// ```
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// What it has seen.
    version: Version,
}

impl<T> Receiver<T> {
    /// One that is counted already.
    pub(super) fn of(shared: Arc<Shared<T>>, version: Version) -> Self {
        Self { shared, version }
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Looks at the value, under its lock, which the [`Ref`] holds. It doesn't count as seen.
    ///
    /// In a loop around [`changed`](Self::changed) take [`borrow_and_update`](Self::borrow_and_update): what is sent
    /// between the two would be seen twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.borrow(), 2);
    /// assert!(rx.has_changed().unwrap());
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref::of(&self.shared, &mut self.version.clone())
    }

    /// Looks at the value, under its lock, which the [`Ref`] holds. It counts as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, mut rx) = watch::channel(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.borrow_and_update(), 2);
    /// assert!(!rx.has_changed().unwrap());
    /// ```
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        Ref::of(&self.shared, &mut self.version)
    }

    /// Whether there is a value that it hasn't seen.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if all senders are gone, also where it hasn't seen the last value.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(1);
    /// assert_eq!(rx.has_changed(), Ok(false));
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.has_changed(), Ok(true));
    /// drop(tx);
    /// assert!(rx.has_changed().is_err());
    /// ```
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let now = self.shared.changes.now();
        if now.is_closed() {
            return Err(RecvError(()));
        }
        Ok(now.version() != self.version)
    }

    /// Has the present value count as not seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (_tx, mut rx) = watch::channel(1);
    /// rx.mark_changed();
    /// rx.changed().await.unwrap();
    /// # });
    /// ```
    pub fn mark_changed(&mut self) {
        self.version = self.shared.changes.now().version().back(1);
    }

    /// Has the present value count as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, mut rx) = watch::channel(1);
    /// tx.send(2).unwrap();
    /// rx.mark_unchanged();
    /// assert_eq!(rx.has_changed(), Ok(false));
    /// ```
    pub fn mark_unchanged(&mut self) {
        self.version = self.shared.changes.now().version();
    }

    /// Waits for a value that it hasn't seen, and has it count as seen. Look at it with
    /// [`borrow_and_update`](Self::borrow_and_update).
    ///
    /// It spends a unit of the [cooperative budget](crate::coop) when it is ready.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if it has seen the last value, and all senders are gone.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, nothing counts as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    /// use std::thread;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = watch::channel(0);
    /// thread::spawn(move || (1..=100).try_for_each(|progress| tx.send(progress)));
    /// let mut seen = 0;
    /// while rx.changed().await.is_ok() {
    ///     seen = *rx.borrow_and_update();
    /// }
    /// assert_eq!(seen, 100);
    /// # });
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        cooperative(async {
            loop {
                if let Some(outcome) = self.try_changed() {
                    return outcome;
                }
                Change::new(&self.shared.changes, self.version).await;
            }
        })
        .await
    }

    /// The outcome of [`changed`](Self::changed), if there is one.
    #[inline]
    pub(super) fn try_changed(&mut self) -> Option<Result<(), RecvError>> {
        let now = self.shared.changes.now();
        if now.version() != self.version {
            self.version = now.version();
            Some(Ok(()))
        } else if now.is_closed() {
            Some(Err(RecvError(())))
        } else {
            None
        }
    }

    /// Waits for a value of which `wanted` says yes; asks it first of the present one, seen or not. What it was asked of
    /// counts as seen.
    ///
    /// `wanted` runs under the value's lock: it must not send. It spends a unit of the [cooperative
    /// budget](crate::coop) when it is ready.
    ///
    /// asyncio's `Condition.wait_for`.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if it was asked of the last value in vain, and all senders are gone.
    ///
    /// # Panics
    ///
    /// If `wanted` does; the value counts as seen then.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect but that values which were not wanted count as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, mut rx) = watch::channel(1);
    /// assert_eq!(*rx.wait_for(|value| *value == 1).await.unwrap(), 1);
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert!(rx.wait_for(|value| *value == 3).await.is_err());
    /// # });
    /// ```
    pub async fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, RecvError> {
        let Self { shared, version } = self;
        let shared = &**shared;
        cooperative(async move {
            let mut asked = false;
            loop {
                // Before the value: where it is over, the value is the last one.
                let now = shared.changes.now();
                {
                    let value = Ref::of(shared, version);
                    if (value.has_changed || !asked) && wanted(&value) {
                        return Ok(value);
                    }
                }
                if now.is_closed() {
                    return Err(RecvError(()));
                }
                asked = true;
                Change::new(&shared.changes, *version).await;
            }
        })
        .await
    }

    /// Whether both are of one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, rx) = watch::channel(());
    /// assert!(rx.same_channel(&tx.subscribe()));
    /// assert!(!rx.same_channel(&watch::channel(()).1));
    /// ```
    #[must_use = "it only asks"]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A stream of clones: of the present value, seen or not, and then of each that it finds when it has changed. It
    /// ends when all senders are gone.
    ///
    /// It is made with one allocation, and waits without. asyncio's `async for`.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use heist_sync::watch;
    ///
    /// # futures_lite::future::block_on(async {
    /// let (tx, rx) = watch::channel(1);
    /// let mut values = rx.into_stream();
    /// assert_eq!(values.next().await, Some(1));
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(values.next().await, Some(2));
    /// assert_eq!(values.next().await, None);
    /// # });
    /// ```
    pub fn into_stream(self) -> WatchStream<T> {
        WatchStream::new(self)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        // Relaxed: the count hands nothing on.
        self.shared.receivers.fetch_add(1, Relaxed);
        Self::of(Arc::clone(&self.shared), self.version)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Release, with the notification: what the receivers did is seen by whoever waited until they were gone.
        if self.shared.receivers.fetch_sub(1, Release) == 1 {
            self.shared.unwatched.notify_waiters();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.shared.changes.now();
        f.debug_struct("Receiver")
            .field("version", &now.version().number())
            .field("has_changed", &(now.version() != self.version))
            .field("is_closed", &now.is_closed())
            .finish_non_exhaustive()
    }
}

/// A look at the value, under its lock for reading: nothing is sent as long as it is there.
///
/// Drop it soon. A thread that holds one and sends on the same channel waits for itself; and it is not to look a second
/// time, which would wait for a sender that waits for the first look's end.
///
/// # Examples
///
/// ```
/// use heist_sync::watch;
///
/// let (_tx, rx) = watch::channel(vec![1, 2]);
/// let look: watch::Ref<'_, Vec<u32>> = rx.borrow();
/// assert_eq!(look.len(), 2);
/// ```
#[must_use = "it holds the value's lock to be looked at"]
pub struct Ref<'a, T> {
    pub(super) value: RwLockReadGuard<'a, T>,
    pub(super) has_changed: bool,
}

impl<'a, T> Ref<'a, T> {
    /// A look of somebody who has seen `seen`, where the new version goes.
    fn of(shared: &'a Shared<T>, seen: &mut Version) -> Self {
        let value = shared.value.read();
        // The value's own: the version goes on under the lock for writing.
        let version = shared.changes.now().version();
        let has_changed = version != *seen;
        *seen = version;
        Self { value, has_changed }
    }

    /// Whether the receiver hadn't seen this value before.
    ///
    /// What [`Sender::borrow`](super::Sender::borrow) gives has not.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::watch;
    ///
    /// let (tx, mut rx) = watch::channel(1);
    /// tx.send(2).unwrap();
    /// assert!(rx.borrow_and_update().has_changed());
    /// assert!(!rx.borrow_and_update().has_changed());
    /// ```
    #[must_use = "it only asks"]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref")
            .field("value", &**self)
            .field("has_changed", &self.has_changed)
            .finish()
    }
}
