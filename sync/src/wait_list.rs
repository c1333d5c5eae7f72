//! Where futures wait: a list under a lock, whose nodes lie in the waiting futures themselves, so that waiting
//! allocates nothing.
//!
//! In comes a pinned [`Waiter`], a field of the future that waits; out goes its waker, to whoever ends the wait, who
//! calls it once the lock is released. The primitives call it, and share it. What a waiter waits for, or was given,
//! is its value `T`, which the holder of the lock can change.
//!
//! ```text
//!         push_back, by the future, under the lock
//!      ┌────────────────────────────────────────────┐
//!      │                                            ▼
//!    free                                        queued
//!      ▲                                            │
//!      └────────────────────────────────────────────┘
//!        pop_front, pop_back, by anyone; remove, by the future; under the lock
//! ```
//!
//! # The rules
//!
//! 1. A waiter is *queued* while its `list` is the address of a list, and *free* while it is null. Only the list's
//!    methods change that, and only under its lock.
//! 2. The `node` of a free waiter belongs to its future: to whoever holds the `Pin<&mut Waiter>`. The node of a
//!    queued one, with its links, belongs to whoever holds the lock of the list it is in.
//! 3. To store null with Release is the last thing that a list does with a waiter: its future may free it from then
//!    on. A future that finds null with Acquire has all that was done to the node before, without the lock.
//! 4. A queued waiter stays where it is: it was pinned when it was pushed, and its drop aborts the process if it is
//!    still queued. A primitive's future therefore removes it in its own drop, where it also passes on what it was
//!    given.
//!
//! No method of the list calls foreign code: wakers are cloned before, and woken or dropped after the lock is held.
//! Where there may be many, they are collected in a [`WakeList`], a bounded batch at a time.
//!
//! 5. Of a [`WakeList`]'s places, those from `woken` up to `len` hold a waker, and no others.

use crate::loom::atomic::AtomicPtr;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::loom::cell::UnsafeCell;
use crate::loom::{Mutex, MutexGuard};
use crate::waking::{self, Payload};
use cordyceps::{Linked, List, list::Links};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Waker;

/// A list of waiters, the first to come in front, with its lock.
pub(crate) struct WaitList<T> {
    list: Mutex<List<Waiter<T>>>,
}

/// A future's place in a [`WaitList`].
pub(crate) struct Waiter<T> {
    /// The list that it is queued in, for comparison only; null if it is free.
    list: AtomicPtr<List<Waiter<T>>>,
    node: UnsafeCell<Node<T>>,
}

struct Node<T> {
    links: Links<Waiter<T>>,
    /// Set while it is queued.
    waker: Option<Waker>,
    value: T,
}

/// A [`WaitList`] whose lock is held.
pub(crate) struct Locked<'a, T> {
    list: MutexGuard<'a, List<Waiter<T>>>,
}

// SAFETY: it owns a `T` and a waker, and refers to waiters that are Send as well; all access is under the rules,
// whatever the thread.
unsafe impl<T: Send> Send for Waiter<T> {}
// SAFETY: there is nothing that can be done with a `&Waiter`: all is by `Pin<&mut Waiter>` or the list's lock (rule 2).
unsafe impl<T: Send> Sync for Waiter<T> {}

// SAFETY: the links are a field of the pinned waiter, and `NonNull` is the pointer itself, so the waiter is not
// moved. A queued waiter is not dropped (rule 4).
unsafe impl<T> Linked<Links<Waiter<T>>> for Waiter<T> {
    type Handle = NonNull<Self>;

    fn into_ptr(waiter: NonNull<Self>) -> NonNull<Self> {
        waiter
    }

    unsafe fn from_ptr(waiter: NonNull<Self>) -> NonNull<Self> {
        waiter
    }

    unsafe fn links(waiter: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the list asks for waiters that are in it, or on their way in or out: they are alive (rule 4), and
        // the lock is held (rule 2).
        unsafe {
            waiter
                .as_ref()
                .node
                .with_mut(|node| NonNull::new_unchecked(&raw mut (*node).links))
        }
    }
}

impl<T> WaitList<T> {
    /// An empty list.
    #[cfg(not(heist_loom))]
    pub(crate) const fn new() -> Self {
        Self {
            list: Mutex::new(List::new()),
        }
    }

    /// An empty list; loom's lock cannot be made in a `const`.
    #[cfg(heist_loom)]
    pub(crate) fn new() -> Self {
        Self {
            list: Mutex::new(List::new()),
        }
    }

    pub(crate) fn lock(&self) -> Locked<'_, T> {
        Locked {
            list: self.list.lock(),
        }
    }

    /// Sees to it that the end of a queued waiter's wait wakes this waker; `false` if it is free, by now.
    ///
    /// Panics if it is queued in another list.
    pub(crate) fn register(&self, mut waiter: Pin<&mut Waiter<T>>, waker: &Waker) -> bool {
        let mut fresh = None;
        loop {
            let mut waiters = self.lock();
            let Some((_, registered)) = waiters.as_queued(waiter.as_mut()) else {
                drop(waiters);
                return false;
            };
            if registered.will_wake(waker) {
                return true;
            }
            match fresh.take() {
                Some(fresh) => {
                    let former = std::mem::replace(registered, fresh);
                    drop(waiters);
                    drop(former);
                    return true;
                }
                // Foreign code, so not under the lock.
                None => {
                    drop(waiters);
                    fresh = Some(waker.clone());
                }
            }
        }
    }
}

impl<T> Waiter<T> {
    /// A free waiter.
    pub(crate) fn new(value: T) -> Self {
        Self {
            list: AtomicPtr::new(ptr::null_mut()),
            node: UnsafeCell::new(Node {
                links: Links::new(),
                waker: None,
                value,
            }),
        }
    }

    /// The value of a free waiter; `None` if it is queued. Takes no lock.
    pub(crate) fn as_free(self: Pin<&mut Self>) -> Option<&mut T> {
        let this = self.into_ref().get_ref();
        if !this.list.load(Acquire).is_null() {
            return None;
        }
        // SAFETY: it is free, so the node is ours for as long as the caller's `Pin<&mut Self>` is borrowed (rules 2
        // and 3).
        Some(unsafe { this.node.with_mut(|node| &mut (*node).value) })
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        // Acquire: whoever released it is done with it (rule 3).
        if !self.list.load(Acquire).is_null() {
            // Its memory is about to go while others refer to it (rule 4): a future of this crate has forgotten to
            // remove it.
            std::process::abort();
        }
    }
}

impl<T> Locked<'_, T> {
    /// The list's address: the lock keeps it in place, and every waiter in it is borrowed from beside it.
    fn id(&self) -> *mut List<Waiter<T>> {
        (&raw const *self.list).cast_mut()
    }

    /// Queues a free waiter behind the others, with the waker that ends its wait.
    ///
    /// Panics if it is queued already.
    pub(crate) fn push_back(&mut self, waiter: Pin<&mut Waiter<T>>, waker: Waker) {
        let waiter = waiter.into_ref().get_ref();
        assert!(
            waiter.list.load(Acquire).is_null(),
            "a waiter can wait once at a time"
        );
        // SAFETY: it is free and the caller has it to himself (rule 2). There was no waker, so none is dropped here.
        waiter
            .node
            .with_mut(|node| unsafe { (*node).waker = Some(waker) });
        // Relaxed: only its own future reads it without the lock.
        waiter.list.store(self.id(), Relaxed);
        self.list.push_back(NonNull::from(waiter));
    }

    /// The value and the waker of a waiter that is queued here; `None` if it is free.
    ///
    /// Panics if it is queued in another list.
    pub(crate) fn as_queued(
        &mut self,
        waiter: Pin<&mut Waiter<T>>,
    ) -> Option<(&mut T, &mut Waker)> {
        let waiter = waiter.into_ref().get_ref();
        if !self.holds(waiter) {
            return None;
        }
        // SAFETY: it is queued here and we hold the lock (rule 2), for as long as `self` is borrowed.
        let (value, waker) = unsafe {
            waiter
                .node
                .with_mut(|node| (&mut (*node).value, &mut (*node).waker))
        };
        Some((value, waker.as_mut()?))
    }

    /// The value of the waiter in front.
    pub(crate) fn front_mut(&mut self) -> Option<&mut T> {
        let waiter = self.list.front()?.get_ref();
        // SAFETY: it is queued here and we hold the lock (rule 2), for as long as `self` is borrowed.
        Some(unsafe { waiter.node.with_mut(|node| &mut (*node).value) })
    }

    /// The value of the waiter behind all others.
    pub(crate) fn back_mut(&mut self) -> Option<&mut T> {
        let waiter = self.list.back()?.get_ref();
        // SAFETY: as in `front_mut`.
        Some(unsafe { waiter.node.with_mut(|node| &mut (*node).value) })
    }

    /// Ends the wait of the waiter in front. It has its value from then on; its waker is to be called once the lock
    /// is released.
    pub(crate) fn pop_front(&mut self) -> Option<Waker> {
        let waiter = self.list.pop_front()?;
        // SAFETY: it was in this list, is no more, and we hold the lock.
        unsafe { Self::release(waiter) }
    }

    /// Ends the wait of the waiter behind all others, as [`pop_front`](Self::pop_front) does.
    pub(crate) fn pop_back(&mut self) -> Option<Waker> {
        let waiter = self.list.pop_back()?;
        // SAFETY: as in `pop_front`.
        unsafe { Self::release(waiter) }
    }

    /// Takes a waiter out, whose future waits no more; its waker is to be dropped once the lock is released. `None`
    /// if it is free: its wait was ended before.
    ///
    /// Panics if it is queued in another list.
    pub(crate) fn remove(&mut self, waiter: Pin<&mut Waiter<T>>) -> Option<Waker> {
        let waiter = waiter.into_ref().get_ref();
        if !self.holds(waiter) {
            return None;
        }
        let waiter = NonNull::from(waiter);
        // SAFETY: it is in this list, and we hold the lock (rule 2).
        unsafe {
            self.list.remove(waiter)?;
            Self::release(waiter)
        }
    }

    /// Whether the waiter is queued here, and not free.
    fn holds(&self, waiter: &Waiter<T>) -> bool {
        let list = waiter.list.load(Acquire);
        assert!(
            list.is_null() || ptr::eq(list, self.id()),
            "a waiter was looked for in a list that it does not wait in"
        );
        !list.is_null()
    }

    /// Makes a waiter free that was just taken out of this list.
    ///
    /// # Safety
    ///
    /// It is marked as queued here, is in no list, and the lock is held.
    unsafe fn release(waiter: NonNull<Waiter<T>>) -> Option<Waker> {
        // SAFETY: until the store below it is queued, so it is alive (rule 4) and its node ours (rule 2). After it,
        // it is not used (rule 3).
        unsafe {
            let waiter = waiter.as_ref();
            let waker = waiter.node.with_mut(|node| (*node).waker.take());
            waiter.list.store(ptr::null_mut(), Release);
            waker
        }
    }
}

/// How many wakers are collected before the lock is given up to call them. Models have few waiters, and must reach
/// the edge.
pub(crate) const BATCH: usize = if cfg!(heist_loom) { 2 } else { 32 };

/// Up to [`BATCH`] wakers at a time.
///
/// A waker is foreign code and may panic: the others are woken all the same, and [`finish`](Self::finish) lets the
/// first panic go on.
pub(crate) struct WakeList {
    wakers: [MaybeUninit<Waker>; BATCH],
    woken: usize,
    len: usize,
    panic: Option<Payload>,
}

impl WakeList {
    pub(crate) fn new() -> Self {
        Self {
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            woken: 0,
            len: 0,
            panic: None,
        }
    }

    /// Whether it has to be woken before the next push.
    pub(crate) fn is_full(&self) -> bool {
        self.len == BATCH
    }

    /// Adds a waker; panics if it is full.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers[self.len].write(waker);
        self.len += 1;
    }

    /// Wakes all, and is empty again. Not to be called under a lock.
    pub(crate) fn wake_all(&mut self) {
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
            while let Some(waker) = self.take() {
                waker.wake();
            }
        })) {
            if self.panic.is_none() {
                self.panic = Some(panic);
            } else {
                // Only one can be passed on.
                waking::discard(panic);
            }
        }
    }

    fn take(&mut self) -> Option<Waker> {
        if self.woken == self.len {
            (self.woken, self.len) = (0, 0);
            return None;
        }
        let waker = &self.wakers[self.woken];
        self.woken += 1;
        // SAFETY: the place holds a waker, and is no longer counted as one that does (rule 5).
        Some(unsafe { waker.assume_init_read() })
    }

    /// Lets the first panic of all go on, once all are woken.
    pub(crate) fn finish(&mut self) {
        self.wake_all();
        if let Some(panic) = self.panic.take() {
            waking::go_on(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting_waker::CountingWaker;
    use std::sync::Arc;

    fn fill(list: &mut WakeList, panics: impl Fn(usize) -> bool) -> Vec<Arc<CountingWaker>> {
        let wakers = (0..BATCH).map(|n| match panics(n) {
            true => CountingWaker::panicking(),
            false => CountingWaker::new(),
        });
        let wakers: Vec<_> = wakers.collect();
        for waker in &wakers {
            assert!(!list.is_full());
            list.push(Waker::from(Arc::clone(waker)));
        }
        assert!(list.is_full());
        wakers
    }

    #[test]
    fn each_waker_is_woken_once_and_dropped() {
        let mut list = WakeList::new();
        for _ in 0..2 {
            let wakers = fill(&mut list, |_| false);
            list.wake_all();
            assert!(!list.is_full());
            assert!(
                wakers
                    .iter()
                    .all(|waker| waker.woken() == 1 && waker.is_released())
            );
        }
        list.finish();
    }

    #[test]
    fn wakers_that_panic_lose_nobody_and_the_first_goes_on() {
        let mut list = WakeList::new();
        let wakers = fill(&mut list, |n| n % 2 == 0);
        let panic = catch_unwind(AssertUnwindSafe(|| list.finish())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a waker that panics"));
        assert!(
            wakers
                .iter()
                .all(|waker| waker.woken() == 1 && waker.is_released())
        );
    }

    #[test]
    fn a_waker_that_panics_in_the_middle_of_another_panic_does_not_abort() {
        struct WakeOnDrop(WakeList);
        impl Drop for WakeOnDrop {
            fn drop(&mut self) {
                self.0.finish();
            }
        }
        let mut list = WakeList::new();
        let wakers = fill(&mut list, |_| true);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _wake = WakeOnDrop(list);
            panic!("the outer one");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the outer one"));
        assert!(wakers.iter().all(|waker| waker.woken() == 1));
    }

    #[cfg(not(heist_loom))]
    #[test]
    fn waiters_leave_from_either_end_and_from_the_middle() {
        let list = WaitList::new();
        let mut waiters = [1, 2, 3, 4].map(|n| Box::pin(Waiter::new(n)));
        let waker = CountingWaker::new();
        let mut locked = list.lock();
        for waiter in &mut waiters {
            locked.push_back(waiter.as_mut(), Waker::from(Arc::clone(&waker)));
            assert!(waiter.as_mut().as_free().is_none());
        }
        assert!(locked.remove(waiters[2].as_mut()).is_some());
        assert!(locked.remove(waiters[2].as_mut()).is_none());
        assert!(locked.as_queued(waiters[2].as_mut()).is_none());
        assert_eq!(locked.front_mut(), Some(&mut 1));
        assert_eq!(locked.back_mut(), Some(&mut 4));
        if let Some((value, _waker)) = locked.as_queued(waiters[1].as_mut()) {
            *value = 20;
        }
        assert!(locked.pop_front().is_some());
        assert!(locked.pop_back().is_some());
        assert_eq!(waiters[0].as_mut().as_free(), Some(&mut 1));
        assert!(waiters[1].as_mut().as_free().is_none());
        assert!(locked.pop_front().is_some());
        assert_eq!(waiters[1].as_mut().as_free(), Some(&mut 20));
        assert!(locked.pop_front().is_none() && locked.pop_back().is_none());
        assert!(locked.front_mut().is_none() && locked.back_mut().is_none());
        assert!(waker.is_released());
    }

    #[cfg(not(heist_loom))]
    #[test]
    fn a_waiter_is_in_one_list_at_a_time() {
        let (list, other) = (WaitList::new(), WaitList::new());
        let mut waiter = Box::pin(Waiter::new(()));
        list.lock()
            .push_back(waiter.as_mut(), Waker::noop().clone());
        let mut again = || {
            other
                .lock()
                .push_back(waiter.as_mut(), Waker::noop().clone())
        };
        assert!(catch_unwind(AssertUnwindSafe(&mut again)).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| other.lock().remove(waiter.as_mut()))).is_err());
        assert!(list.lock().remove(waiter.as_mut()).is_some());
        other
            .lock()
            .push_back(waiter.as_mut(), Waker::noop().clone());
        assert!(other.lock().remove(waiter.as_mut()).is_some());
    }
}
