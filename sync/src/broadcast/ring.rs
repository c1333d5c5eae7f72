//! The ring of slots that the halves of a [`broadcast`](super) channel share.
//!
//! In come values, from senders, one after the other under `receivers`' lock; out they go to the receivers, each under
//! its slot's lock. The version of the channel's [`Changes`] is the position of the next value: whoever has had all
//! sees that by one load, and waits for it to change.
//!
//! 1. A value's position and how many receivers have still to get it are written, under both locks, before it is
//!    counted. So a receiver whose position is counted finds its value in the slot, or a later one.
//! 2. A slot that holds a later one may not be counted yet; under `receivers`' lock it is.
//! 3. The last receiver of a value takes it out of its slot. What is taken or overwritten is dropped with no lock held.
#![forbid(unsafe_code)]

use super::error::{SendError, TryRecvError};
use crate::changes::{Changes, Changing, Version};
use crate::loom::atomic::AtomicUsize;
use crate::loom::{Mutex, MutexGuard};
use crate::notify::Notify;
use std::sync::Arc;

pub(super) struct Ring<T> {
    slots: Box<[Mutex<Slot<T>>]>,
    /// Closed when the last sender goes.
    pub(super) changes: Changes,
    /// How many there are.
    pub(super) receivers: Mutex<usize>,
    pub(super) senders: AtomicUsize,
    pub(super) weak_senders: AtomicUsize,
    /// Told when the last receiver goes.
    pub(super) unheard: Notify,
}

struct Slot<T> {
    /// Of the value that is or was here last.
    position: Version,
    /// How many receivers have still to get it. With none left there is no value.
    remaining: usize,
    value: Option<T>,
}

impl<T> Changing for Arc<Ring<T>> {
    fn changes(&self) -> &Changes {
        &self.changes
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
        let capacity = capacity.next_power_of_two();
        let slot = |n| {
            Mutex::new(Slot {
                position: Version::FIRST.back(capacity - n),
                remaining: 0,
                value: None,
            })
        };
        Self {
            slots: (0..capacity).map(slot).collect(),
            changes: Changes::new(),
            receivers: Mutex::new(0),
            senders: AtomicUsize::new(1),
            weak_senders: AtomicUsize::new(0),
            unheard: Notify::new(),
        }
    }

    fn slot(&self, position: Version) -> MutexGuard<'_, Slot<T>> {
        self.slots[position.number() & (self.slots.len() - 1)].lock()
    }

    /// Puts a value in, and wakes; how many receivers it is for.
    pub(super) fn push(&self, value: T) -> Result<usize, SendError<T>> {
        let receivers = self.receivers.lock();
        let count = *receivers;
        if count == 0 {
            return Err(SendError(value));
        }
        let position = self.changes.now().version();
        let mut slot = self.slot(position);
        slot.position = position;
        slot.remaining = count;
        let overwritten = slot.value.replace(value);
        drop(slot);
        let broadcast = self.changes.advance();
        drop(receivers);
        if let Some(broadcast) = broadcast {
            broadcast.wake();
        }
        drop(overwritten);
        Ok(count)
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
        let mut slot = self.slot(*next);
        if slot.position != *next {
            drop(slot);
            return Err(TryRecvError::Lagged(self.skip(next)));
        }
        *next = next.next();
        if let Some(value) = slot.pass() {
            return Ok(value);
        }
        // Foreign code under the slot's lock: no other way to let a value be that others have still to get.
        let value = slot.value.clone();
        Ok(value.expect("it stays until the last receiver has it"))
    }

    /// Has `next` be the oldest value that is left. Says how many are missed by that.
    #[cold]
    fn skip(&self, next: &mut Version) -> u64 {
        // Rule 2.
        let receivers = self.receivers.lock();
        let now = self.changes.now().version();
        drop(receivers);
        let oldest = now.back(self.slots.len());
        let missed = oldest.since(*next);
        *next = oldest;
        missed as u64
    }

    /// Adds a receiver, and says which value is its first.
    pub(super) fn add_receiver(&self) -> Version {
        let mut receivers = self.receivers.lock();
        *receivers += 1;
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
        let mut receivers = self.receivers.lock();
        *receivers -= 1;
        let _tell = Tell((*receivers == 0).then_some(&self.unheard));
        let end = self.changes.now().version();
        drop(receivers);
        while next != end {
            let mut slot = self.slot(next);
            if slot.position == next {
                let value = slot.pass();
                drop(slot);
                drop(value);
                next = next.next();
            } else {
                drop(slot);
                self.skip(&mut next);
                if end.since(next) > self.slots.len() {
                    // All that was for it is overwritten.
                    return;
                }
            }
        }
    }

    /// How many values there are that some receiver has still to get.
    pub(super) fn len(&self) -> usize {
        // So that nobody sends meanwhile.
        let receivers = self.receivers.lock();
        let now = self.changes.now().version();
        // Whoever has still to get a value has still to get the later ones, too.
        let (mut held, mut too_many) = (0, self.slots.len() + 1);
        while too_many - held > 1 {
            let middle = held + (too_many - held) / 2;
            if self.slot(now.back(middle)).remaining > 0 {
                held = middle;
            } else {
                too_many = middle;
            }
        }
        drop(receivers);
        held
    }
}
