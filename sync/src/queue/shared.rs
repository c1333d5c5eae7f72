//! What the three queues are: a store of items under a lock, with the room and the items counted, and those that wait for
//! either in the order in which they came.
//!
//! In come items, from those that put; out they go, to those that get. A permit of `items` stands for one item in the
//! store, a permit of `room` for one that can be put; whoever has acquired one finds what it stands for. The two are the
//! [core](crate::semaphore::core) of the semaphore, which does all the waiting.
//!
//! # The end
//!
//! To close sets the mark under the lock, after which nothing enters the store. `items` is closed when the store is empty: at
//! once, or by who takes the last item. Until then whoever gets waits: the permit of an item that is left may have been
//! given to one who never takes it, and passes it on.
//!
//! Comparisons of a [`PriorityQueue`](super::PriorityQueue)'s items are the one foreign code that runs under the lock; one
//! that panics leaves all in order.
#![forbid(unsafe_code)]

use super::error::{GetError, PutError, TryGetError, TryPutError};
use crate::Notify;
use crate::coop;
use crate::loom::Mutex;
use crate::semaphore::TryAcquireError;
use crate::semaphore::core::Permits;
use crate::trace::Waiting;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Poll, ready};

/// Where the items are, and in which order they go.
pub(super) trait Store: Default {
    type Item;

    fn push(&mut self, item: Self::Item);

    fn pop(&mut self) -> Option<Self::Item>;

    fn len(&self) -> usize;
}

/// The first in goes first.
impl<T> Store for VecDeque<T> {
    type Item = T;

    fn push(&mut self, item: T) {
        self.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// The last in goes first.
impl<T> Store for Vec<T> {
    type Item = T;

    fn push(&mut self, item: T) {
        self.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop()
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// The smallest goes first.
impl<T: Ord> Store for BinaryHeap<Reverse<T>> {
    type Item = T;

    fn push(&mut self, item: T) {
        self.push(Reverse(item));
    }

    fn pop(&mut self) -> Option<T> {
        self.pop().map(|Reverse(item)| item)
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// What is under the lock.
struct State<S> {
    store: S,
    closed: bool,
    /// How many were put, and not yet said to be done; and how often there came to be none. (That count wraps: who joins would have to sleep through it all.)
    unfinished: usize,
    finishes: usize,
}

/// A queue.
pub(super) struct Shared<S> {
    /// How many may be put; `None` if there is no bound.
    room: Option<Permits>,
    capacity: Option<usize>,
    /// How many can be got.
    items: Permits,
    state: Mutex<State<S>>,
    /// Told when none is unfinished any more.
    finished: Notify,
}

// A panic leaves it as it was: no foreign code runs under its lock but a comparison, after which the heap is whole.
impl<S> UnwindSafe for Shared<S> {}
impl<S> RefUnwindSafe for Shared<S> {}

impl<S: Store> Shared<S> {
    #[track_caller]
    pub(super) fn new(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a queue without room could never be put into: give it room for at least one item, or make it `unbounded`"
        );
        assert!(
            capacity <= Permits::MAX,
            "a queue may not have room for more than `Semaphore::MAX_PERMITS` items"
        );
        Self {
            room: Some(Permits::new(capacity)),
            capacity: Some(capacity),
            ..Self::unbounded()
        }
    }

    pub(super) fn unbounded() -> Self {
        Self {
            room: None,
            capacity: None,
            items: Permits::new(0),
            state: Mutex::new(State {
                store: S::default(),
                closed: false,
                unfinished: 0,
                finishes: 0,
            }),
            finished: Notify::new(),
        }
    }

    pub(super) async fn put(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        let room = match &self.room {
            Some(room) => {
                let waiting = Waiting::new("Semaphore", "Sync", "Queue::put");
                room.acquire(1, waiting).await.is_ok()
            }
            None => {
                // It is always ready, and must give way at times.
                poll_fn(|cx| {
                    ready!(coop::poll_proceed(cx)).made_progress();
                    Poll::Ready(true)
                })
                .await
            }
        };
        match room {
            true => self.push(item).map_err(PutError),
            false => Err(PutError(item)),
        }
    }

    pub(super) fn try_put(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        match self
            .room
            .as_ref()
            .map_or(Ok(()), |room| room.try_acquire(1))
        {
            Ok(()) => self.push(item).map_err(TryPutError::Closed),
            Err(TryAcquireError::NoPermits) => Err(TryPutError::Full(item)),
            Err(TryAcquireError::Closed) => Err(TryPutError::Closed(item)),
        }
    }

    /// Puts an item for which there is room, and counts it; gives it back if the queue is closed.
    fn push(&self, item: S::Item) -> Result<(), S::Item> {
        // Also where a comparison panics: the item is in the store then.
        let _hand_over;
        let mut state = self.state.lock();
        if state.closed {
            return Err(item);
        }
        state.unfinished += 1;
        if !self.items.add(1) {
            _hand_over = Then(&self.items, |items| items.release(1));
        }
        state.store.push(item);
        Ok(())
    }

    pub(super) async fn get(&self) -> Result<S::Item, GetError> {
        let waiting = Waiting::new("Semaphore", "Sync", "Queue::get");
        match self.items.acquire(1, waiting).await {
            Ok(()) => Ok(self.pop()),
            Err(_) => Err(GetError(())),
        }
    }

    pub(super) fn try_get(&self) -> Result<S::Item, TryGetError> {
        match self.items.try_acquire(1) {
            Ok(()) => Ok(self.pop()),
            Err(TryAcquireError::NoPermits) => Err(TryGetError::Empty),
            Err(TryAcquireError::Closed) => Err(TryGetError::Closed),
        }
    }

    /// Takes the next item, of which the caller has the permit.
    fn pop(&self) -> S::Item {
        // Also where a comparison panics: the item is gone then. A panic of a waker would cost the item, and goes no further.
        let give_room = |room| Then(room, |room| room.release_quietly(1));
        let _room = self.room.as_ref().map(give_room);
        let _end;
        let mut state = self.state.lock();
        if state.closed && state.store.len() == 1 {
            _end = Then(&self.items, Permits::close_quietly);
        }
        let item = state.store.pop();
        item.expect("a permit stands for an item")
    }

    #[track_caller]
    pub(super) fn task_done(&self) {
        let mut state = self.state.lock();
        let Some(unfinished) = state.unfinished.checked_sub(1) else {
            drop(state);
            panic!(
                "`task_done` was called more often than items were put: call it once for each item that `get` gave"
            );
        };
        state.unfinished = unfinished;
        if unfinished == 0 {
            state.finishes = state.finishes.wrapping_add(1);
            drop(state);
            self.finished.notify_waiters();
        }
    }

    pub(super) async fn join(&self) {
        let finishes = {
            let state = self.state.lock();
            if state.unfinished == 0 {
                return;
            }
            state.finishes
        };
        loop {
            // Made before the look: what is finished after it is still to be told.
            let finished = self.finished.notified();
            // Else it was told by who had finished something before, and was slow to say so.
            if self.state.lock().finishes != finishes {
                return;
            }
            finished.await;
        }
    }

    pub(super) fn close(&self) {
        // Last, and also when a waker of the others panics.
        let _end;
        let mut state = self.state.lock();
        state.closed = true;
        if state.store.len() == 0 {
            _end = Then(&self.items, Permits::close);
        }
        drop(state);
        if let Some(room) = &self.room {
            room.close();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().store.len()
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.capacity
    }

    pub(super) fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.len() >= capacity)
    }

    pub(super) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// What is done with a count as this is dropped: after the lock is released, since it wakes, and also if something panics.
struct Then<'a>(&'a Permits, fn(&Permits));

impl Drop for Then<'_> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}
