//! [`PriorityQueue`]: what `shared.rs` does, with a `BinaryHeap` as its store. Called by users alone.
#![forbid(unsafe_code)]

use super::error::{GetError, PutError, TryGetError, TryPutError};
use super::shared::Shared;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

/// A queue for many that put and many that get, of which the smallest item goes first: asyncio's `PriorityQueue`.
///
/// In all else it is a [`Queue`](crate::Queue). Of equal items, which goes first is not said. Where the largest is to go
/// first, put [`Reverse`]s.
///
/// Items are compared while the queue is locked: a comparison that uses the same queue waits for ever. One that panics
/// costs nothing but the item for which `get` called it, and the order of the others.
///
/// # Examples
///
/// ```
/// use heist_sync::PriorityQueue;
///
/// # futures_lite::future::block_on(async {
/// let queue = PriorityQueue::unbounded();
/// queue.put((2, "later")).await.unwrap();
/// queue.put((1, "now")).await.unwrap();
/// assert_eq!(queue.get().await, Ok((1, "now")));
/// assert_eq!(queue.get().await, Ok((2, "later")));
/// # });
/// ```
pub struct PriorityQueue<T> {
    shared: Shared<BinaryHeap<Reverse<T>>>,
}

impl<T: Ord> PriorityQueue<T> {
    /// With room for this many items.
    ///
    /// # Panics
    ///
    /// If there is to be no room, or for more than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::new(1);
    /// queue.try_put(1).unwrap();
    /// assert!(queue.try_put(2).is_err());
    /// ```
    #[must_use = "a queue does nothing until it is used"]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self {
            shared: Shared::new(capacity),
        }
    }

    /// With room for as many items as there is memory: asyncio's `PriorityQueue()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::unbounded();
    /// (0..1_000).for_each(|n| queue.try_put(n).unwrap());
    /// assert_eq!(queue.len(), 1_000);
    /// ```
    #[must_use = "a queue does nothing until it is used"]
    pub fn unbounded() -> Self {
        Self {
            shared: Shared::unbounded(),
        }
    }

    /// Puts an item, once there is room for it, and wakes who has waited longest for one.
    ///
    /// Those that wait for room get it in the order in which they began. It spends a unit of the [cooperative
    /// budget](crate::coop) when it is ready.
    ///
    /// asyncio's `PriorityQueue.put`.
    ///
    /// # Errors
    ///
    /// [`PutError`], with the item, if the queue is [closed](Self::close), before or while it waited.
    ///
    /// # Panics
    ///
    /// If the waker of who waits does, unless the thread panics already. The item is there by then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has not put the item, which is dropped with it, and it loses its place.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// # futures_lite::future::block_on(async {
    /// let queue = PriorityQueue::new(5);
    /// queue.put(1).await.unwrap();
    /// assert_eq!(queue.get().await, Ok(1));
    /// # });
    /// ```
    pub async fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.shared.put(item).await
    }

    /// Puts an item if there is room for it. asyncio's `PriorityQueue.put_nowait`.
    ///
    /// # Errors
    ///
    /// [`TryPutError`], with the item: `Full` if there is no room, or others wait for it; `Closed` if the queue is
    /// [closed](Self::close).
    ///
    /// # Panics
    ///
    /// If the waker of who waits does, unless the thread panics already. The item is there by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{PriorityQueue, TryPutError};
    ///
    /// let queue = PriorityQueue::new(1);
    /// assert_eq!(queue.try_put(1), Ok(()));
    /// assert_eq!(queue.try_put(2), Err(TryPutError::Full(2)));
    /// ```
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        self.shared.try_put(item)
    }

    /// Gets the smallest item, or waits for one.
    ///
    /// Those that wait get theirs in the order in which they began. It spends a unit of the [cooperative
    /// budget](crate::coop) when it is ready.
    ///
    /// asyncio's `PriorityQueue.get`.
    ///
    /// # Errors
    ///
    /// [`GetError`] if the queue is [closed](Self::close) and empty, before or while it waited.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has got nothing: no item is lost, and an item that was on its way goes to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// # futures_lite::future::block_on(async {
    /// let queue = PriorityQueue::unbounded();
    /// queue.put("item").await.unwrap();
    /// queue.close();
    /// assert_eq!(queue.get().await, Ok("item"));
    /// assert!(queue.get().await.is_err());
    /// # });
    /// ```
    pub async fn get(&self) -> Result<T, GetError> {
        self.shared.get().await
    }

    /// Gets the smallest item if there is one. asyncio's `PriorityQueue.get_nowait`.
    ///
    /// # Errors
    ///
    /// [`TryGetError`]: `Empty` if there is none that is not on its way to somebody who waits; `Closed` if the queue is
    /// [closed](Self::close) and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{PriorityQueue, TryGetError};
    ///
    /// let queue = PriorityQueue::unbounded();
    /// queue.try_put(1).unwrap();
    /// assert_eq!(queue.try_get(), Ok(1));
    /// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    /// ```
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.shared.try_get()
    }

    /// Says that what was to be done with one item that was got is done: [`join`](Self::join) waits for all.
    ///
    /// asyncio's `PriorityQueue.task_done`.
    ///
    /// # Panics
    ///
    /// If it is called more often than items were put; and if the waker of who joins does, unless the thread panics
    /// already.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// # futures_lite::future::block_on(async {
    /// let queue = PriorityQueue::unbounded();
    /// queue.put("item").await.unwrap();
    /// let item = queue.get().await.unwrap();
    /// println!("done: {item}");
    /// queue.task_done();
    /// queue.join().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn task_done(&self) {
        self.shared.task_done();
    }

    /// Waits until [`task_done`](Self::task_done) was called for each item that was put.
    ///
    /// If nothing was put, or all is done, it is ready at once. asyncio's `PriorityQueue.join`.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::PriorityQueue;
    ///
    /// # future::block_on(async {
    /// let queue = PriorityQueue::unbounded();
    /// queue.put(1).await.unwrap();
    /// future::zip(queue.join(), async {
    ///     queue.get().await.unwrap();
    ///     queue.task_done();
    /// })
    /// .await;
    /// # });
    /// ```
    pub async fn join(&self) {
        self.shared.join().await;
    }

    /// Closes the queue: nothing is put any more. Those that get get what is left, and then an error; those that wait for
    /// room, or for an item where none is left, get it now.
    ///
    /// asyncio's `PriorityQueue.shutdown`.
    ///
    /// # Panics
    ///
    /// If one of the wakers that it calls does, unless the thread panics already. All are told by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::{PriorityQueue, TryPutError};
    ///
    /// # futures_lite::future::block_on(async {
    /// let queue = PriorityQueue::unbounded();
    /// queue.put(1).await.unwrap();
    /// queue.close();
    /// assert_eq!(queue.try_put(2), Err(TryPutError::Closed(2)));
    /// assert_eq!(queue.get().await, Ok(1));
    /// assert!(queue.get().await.is_err());
    /// # });
    /// ```
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether the queue is [closed](Self::close). Items may be left.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::<u32>::unbounded();
    /// assert!(!queue.is_closed());
    /// queue.close();
    /// assert!(queue.is_closed());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many items are in it. asyncio's `PriorityQueue.qsize`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::unbounded();
    /// queue.try_put(1).unwrap();
    /// assert_eq!(queue.len(), 1);
    /// ```
    #[must_use = "it only asks"]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether nothing is in it. asyncio's `PriorityQueue.empty`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::unbounded();
    /// assert!(queue.is_empty());
    /// queue.try_put(1).unwrap();
    /// assert!(!queue.is_empty());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it holds as many items as it may. asyncio's `PriorityQueue.full`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::new(1);
    /// assert!(!queue.is_full());
    /// queue.try_put(1).unwrap();
    /// assert!(queue.is_full());
    /// ```
    #[must_use = "it only asks"]
    pub fn is_full(&self) -> bool {
        self.shared.is_full()
    }

    /// How many items it may hold; `None` if there is no bound. asyncio's `PriorityQueue.maxsize`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::PriorityQueue;
    ///
    /// assert_eq!(PriorityQueue::<u32>::new(5).capacity(), Some(5));
    /// assert_eq!(PriorityQueue::<u32>::unbounded().capacity(), None);
    /// ```
    #[must_use = "it only asks"]
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }
}

impl<T: Ord> fmt::Debug for PriorityQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt("PriorityQueue", f)
    }
}
