//! The ring of slots that the halves of a [`broadcast`](super) channel share.
//!
//! In come values, from senders; out they go to the receivers. All is under one lock, which is held to put, clone or take
//! one value. The version of the channel's [`Changes`] is the position of the next value, and goes on under the lock:
//! whoever has had all sees that by one load, and waits for it to change.
//!
//! The last receiver of a value takes it out of its slot. What is taken or overwritten is dropped with no lock held.
//!
//! One lock, and not one a slot: receivers that run side by side through the same values would meet at each of them.
#![forbid(unsafe_code)]

use super::error::{SendError, TryRecvError};
use crate::changes::{Changes, Changing, Version};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicUsize;
use crate::notify::Notify;
use std::sync::Arc;

pub(super) struct Ring<T> {
    slots: Mutex<Slots<T>>,
    /// Closed when the last sender goes.
    pub(super) changes: Changes,
    pub(super) senders: AtomicUsize,
    pub(super) weak_senders: AtomicUsize,
    /// Told when the last receiver goes.
    pub(super) unheard: Notify,
}

struct Slots<T> {
    /// As many as a power of two.
    slots: Box<[Slot<T>]>,
    receivers: usize,
}

struct Slot<T> {
    /// How many receivers have still to get it. With none left there is no value.
    remaining: usize,
    value: Option<T>,
}

impl<T> Changing for Arc<Ring<T>> {
    fn changes(&self) -> &Changes {
        &self.changes
    }
}

impl<T> Slots<T> {
    fn slot(&mut self, position: Version) -> &mut Slot<T> {
        let index = position.number() & (self.slots.len() - 1);
        &mut self.slots[index]
    }
}

impl<T> Slot<T> {
    /// One receiver has it: the value, if it was the last.
    fn pass(&mut self) -> Option<T> {
        self.remaining -= 1;
        if self.remaining == 0 {
            self.value.take()
        } else {
            None
        }
    }
}

impl<T> Ring<T> {
    /// With one sender.
    #[track_caller]
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a broadcast channel needs a capacity above 0");
        assert!(
            capacity <= usize::MAX / 2,
            "a broadcast channel's capacity is at most `usize::MAX / 2`"
        );
        let slot = |_| Slot {
            remaining: 0,
            value: None,
        };
        Self {
            slots: Mutex::new(Slots {
                slots: (0..capacity.next_power_of_two()).map(slot).collect(),
                receivers: 0,
            }),
            changes: Changes::new(),
            senders: AtomicUsize::new(1),
            weak_senders: AtomicUsize::new(0),
            unheard: Notify::new(),
        }
    }

    /// Puts a value in, and wakes; how many receivers it is for.
    pub(super) fn push(&self, value: T) -> Result<usize, SendError<T>> {
        let mut slots = self.slots.lock();
        let receivers = slots.receivers;
        if receivers == 0 {
            return Err(SendError(value));
        }
        let slot = slots.slot(self.changes.now().version());
        slot.remaining = receivers;
        let overwritten = slot.value.replace(value);
        let broadcast = self.changes.advance();
        drop(slots);
        if let Some(broadcast) = broadcast {
            broadcast.wake();
        }
        drop(overwritten);
        Ok(receivers)
    }

    /// The value at `next`, which goes on; or, where that is lost, `next` becomes the oldest that is left.
    #[inline]
    pub(super) fn get(&self, next: &mut Version) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        let now = self.changes.now();
        if now.version() == *next {
            return Err(if now.is_closed() {
                TryRecvError::Closed
            } else {
                TryRecvError::Empty
            });
        }
        let mut slots = self.slots.lock();
        if let Some(missed) = self.skip(&slots, next) {
            return Err(TryRecvError::Lagged(missed));
        }
        let slot = slots.slot(*next);
        *next = next.next();
        if let Some(value) = slot.pass() {
            return Ok(value);
        }
        // Foreign code under the lock: no other way to let a value be that others have still to get.
        let value = slot.value.clone();
        Ok(value.expect("it stays until the last receiver has it"))
    }

    /// Has `next` be the oldest value that is left, where it is overwritten. Says how many are missed by that.
    #[inline]
    fn skip(&self, slots: &Slots<T>, next: &mut Version) -> Option<u64> {
        let now = self.changes.now().version();
        let missed = now.since(*next).checked_sub(slots.slots.len())?;
        if missed == 0 {
            return None;
        }
        *next = now.back(slots.slots.len());
        Some(missed as u64)
    }

    pub(super) fn receivers(&self) -> usize {
        self.slots.lock().receivers
    }

    /// Adds a receiver, and says which value is its first.
    pub(super) fn add_receiver(&self) -> Version {
        let mut slots = self.slots.lock();
        slots.receivers += 1;
        self.changes.now().version()
    }

    /// Takes a receiver out, with what it has still to get.
    pub(super) fn remove_receiver(&self, mut next: Version) {
        /// Tells those that wait for it that the last receiver is gone, also where a value panics.
        struct Tell<'a>(Option<&'a Notify>);
        impl Drop for Tell<'_> {
            fn drop(&mut self) {
                if let Some(unheard) = self.0 {
                    unheard.notify_waiters();
                }
            }
        }
        // Dropped after the lock is released.
        let mut tell = Tell(None);
        let mut slots = self.slots.lock();
        slots.receivers -= 1;
        if slots.receivers == 0 {
            tell.0 = Some(&self.unheard);
        }
        let end = self.changes.now().version();
        loop {
            self.skip(&slots, &mut next);
            // What is left for it may have been overwritten while a value was dropped.
            if end.since(next) == 0 || end.since(next) > slots.slots.len() {
                return;
            }
            let value = slots.slot(next).pass();
            next = next.next();
            if value.is_some() {
                drop(slots);
                drop(value);
                slots = self.slots.lock();
            }
        }
    }

    /// How many values there are that some receiver has still to get.
    pub(super) fn len(&self) -> usize {
        let mut slots = self.slots.lock();
        let now = self.changes.now().version();
        // Whoever has still to get a value has still to get the later ones, too.
        let (mut held, mut too_many) = (0, slots.slots.len() + 1);
        while too_many - held > 1 {
            let middle = held + (too_many - held) / 2;
            if slots.slot(now.back(middle)).remaining > 0 {
                held = middle;
            } else {
                too_many = middle;
            }
        }
        held
    }
}
