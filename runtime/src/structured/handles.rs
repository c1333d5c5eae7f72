//! Any number of handles, of tasks that are awaited in whichever order they end.
//!
//! Comes in: a handle, when its task is spawned. Goes out: the outcome of each, as it ends. Called by [`JoinSet`](super::JoinSet) and
//! [`TaskGroup`](super::TaskGroup).
//!
//! Each handle has a place with a number, and in its task a waker that puts this number in a line ([`Woken`]). So it costs the same whatever the number
//! of tasks, to come as to go; and a place is used again with its waker, so that in the long run a task needs no allocation beside its own.

use crate::future::Woken;
use crate::task::{Id, JoinError, JoinHandle};
use heist_sync::coop;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// See the module.
pub(super) struct Handles<T> {
    places: Vec<Place<T>>,
    free: Vec<usize>,
    woken: Arc<Woken>,
}

struct Place<T> {
    handle: Option<JoinHandle<T>>,
    waker: Waker,
}

/// What has ended.
pub(super) struct Ended<T> {
    pub(super) id: Id,
    pub(super) outcome: Result<T, JoinError>,
}

impl<T> Handles<T> {
    pub(super) fn new() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            woken: Woken::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `Some`: it has ended already, and this is to be woken for it, under no lock.
    #[must_use]
    pub(super) fn insert(&mut self, mut handle: JoinHandle<T>) -> Option<Waker> {
        let number = self.free.pop().unwrap_or_else(|| {
            let number = self.woken.add();
            let waker = self.woken.waker(number);
            let handle = None;
            self.places.push(Place { handle, waker });
            number
        });
        let place = &mut self.places[number];
        let has_ended = handle.wake_when_ended(&place.waker);
        place.handle = Some(handle);
        has_ended.then(|| place.waker.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &JoinHandle<T>> {
        self.places.iter().filter_map(|place| place.handle.as_ref())
    }

    /// Takes all out. Nobody is told of their end any more.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = JoinHandle<T>> {
        let mut all = mem::replace(self, Self::new());
        mem::take(&mut all.places)
            .into_iter()
            .filter_map(|place| place.handle)
    }

    /// The next that has ended. `Ready(None)`: there is none at all.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended<T>>> {
        loop {
            if self.is_empty() {
                return Poll::Ready(None);
            }
            ready!(coop::poll_budget_available(cx));
            match self.woken.next() {
                Some(number) => {
                    if let Some(ended) = self.take(number) {
                        return Poll::Ready(Some(ended));
                    }
                }
                // Only then does the task leave its waker, which costs.
                None if self.woken.await_next(cx.waker()) == 0 => return Poll::Pending,
                None => {}
            }
        }
    }

    /// One that has ended, if there is one.
    pub(super) fn try_next(&mut self) -> Option<Ended<T>> {
        // Who only looks has no turn that could end.
        coop::with_budget(coop::Budget::unlimited(), || {
            while let Some(number) = self.woken.next() {
                let ended = self.take(number);
                if ended.is_some() {
                    return ended;
                }
            }
            None
        })
    }

    /// The handle of one that has ended, if there is one: awaited, it is ready.
    pub(super) fn take_ended(&mut self) -> Option<JoinHandle<T>> {
        while let Some(number) = self.woken.next() {
            let place = &mut self.places[number];
            // One that had the place before may be woken still.
            if let Some(handle) = &mut place.handle
                && handle.wake_when_ended(&place.waker)
            {
                self.free.push(number);
                return place.handle.take();
            }
        }
        None
    }

    /// Who is woken, when one has ended.
    pub(super) fn woken(&self) -> Arc<Woken> {
        self.woken.clone()
    }

    /// Takes this one out, if it has ended: one that had the place before may be woken still.
    fn take(&mut self, number: usize) -> Option<Ended<T>> {
        let place = &mut self.places[number];
        let handle = place.handle.as_mut()?;
        let id = handle.id();
        let polled = Pin::new(handle).poll(&mut Context::from_waker(&place.waker));
        let Poll::Ready(outcome) = polled else {
            return None;
        };
        place.handle = None;
        self.free.push(number);
        Some(Ended { id, outcome })
    }
}

/// A task's waker may be kept by others, for longer than the set.
impl<T> Drop for Handles<T> {
    fn drop(&mut self) {
        self.woken.forget_task();
    }
}
