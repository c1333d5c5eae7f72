//! The slots of a reactor: found by index without a lock, used again and again, freed only with the reactor.
//!
//! Registrations come in ([`Slab::open`], [`Slab::release`]); events come in with a [`Key`], and [`Slab::slot`] gives the slot. Because slots stay, an
//! event that a turn still holds for a descriptor that another thread has deregistered finds memory that is alive, and a generation that
//! has moved on.
//!
//! Slots lie in chunks: four of 32 slots, four of 64, and so on, each made when it is first needed. A fifth of
//! them at most lie idle when it grows, and an index leads to its chunk by shifts.
#![forbid(unsafe_code)]

use super::interest::Ready;
use super::slot::Slot;
use crate::count::Count;
use crate::loom::Mutex;
use std::sync::OnceLock;

/// How many bits of a key are the slot's index; the others are its generation.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
/// The bits that a generation has.
pub(super) const GENERATION_MASK: u32 = (usize::MAX >> INDEX_BITS) as u32;

/// How many slots the first chunks have, as a power of two.
const FIRST_BITS: u32 = if cfg!(heist_loom) { 0 } else { 5 };
/// How many chunks there are of each size, as a power of two.
const SAME_SIZE_BITS: u32 = 2;
const CHUNKS: usize = ((INDEX_BITS - FIRST_BITS - SAME_SIZE_BITS) << SAME_SIZE_BITS) as usize;
/// How many slots all chunks have together.
const SLOTS: u32 = (INDEX_MASK - (1 << (FIRST_BITS + SAME_SIZE_BITS)) + 1) as u32;

/// What an event carries: which slot, in which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    /// Keys from here on belong to no slot: pollers have two for themselves.
    pub(super) const END: usize = (GENERATION_MASK as usize) << INDEX_BITS | SLOTS as usize;

    pub(super) fn new(index: u32, generation: u32) -> Self {
        Self((generation as usize) << INDEX_BITS | index as usize)
    }

    #[inline]
    pub(super) fn index(self) -> u32 {
        (self.0 & INDEX_MASK) as u32
    }

    #[inline]
    pub(super) fn generation(self) -> u32 {
        (self.0 >> INDEX_BITS) as u32
    }
}

const _: () = assert!(Key::END < usize::MAX - 1);

/// All slots of a reactor.
pub(super) struct Slab {
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    places: Mutex<Places>,
    /// How many were taken, and how many of them were given back: counted under the lock.
    opened: Count,
    released: Count,
}

/// Which slots are to be had.
#[derive(Default)]
struct Places {
    /// Slots that were used and are free: the last one, whose lines are in a cache, goes first.
    free: Vec<u32>,
    /// How many slots have ever been used.
    used: u32,
    is_closed: bool,
}

/// Why a slot cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoSlot {
    Closed,
    Full,
}

impl Slab {
    pub(super) fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            places: Mutex::default(),
            opened: Count::default(),
            released: Count::default(),
        }
    }

    /// Takes a slot, which is `ready` to begin with, and gives the key that its events will carry.
    pub(super) fn open(&self, ready: Ready) -> Result<Key, NoSlot> {
        let mut places = self.places.lock();
        if places.is_closed {
            return Err(NoSlot::Closed);
        }
        let index = match places.free.pop() {
            Some(index) => index,
            None if places.used == SLOTS => return Err(NoSlot::Full),
            None => {
                let (chunk, _, size) = locate(places.used);
                self.chunks[chunk].get_or_init(|| (0..size).map(|_| Slot::new()).collect());
                places.used += 1;
                places.used - 1
            }
        };
        // Under the lock, so that `close` comes either before, and is seen above, or after, and finds the slot opened.
        let generation = self.slot(index).readiness().open(ready);
        self.opened.add(1);
        Ok(Key::new(index, generation))
    }

    /// Gives a slot back, which must have been retired.
    pub(super) fn release(&self, index: u32) {
        let mut places = self.places.lock();
        places.free.push(index);
        self.released.add(1);
    }

    /// How many slots have been taken, and how many of them given back.
    pub(super) fn opened_and_released(&self) -> (u64, u64) {
        let released = self.released.get();
        (self.opened.get(), released)
    }

    /// No slot can be had from now on. Returns those that have ever been used.
    pub(super) fn close(&self) -> impl Iterator<Item = &Slot> {
        let mut places = self.places.lock();
        places.is_closed = true;
        (0..places.used).map(|index| self.slot(index))
    }

    /// The slot of an index that [`Slab::open`] gave. Two loads and some shifts.
    #[inline]
    pub(super) fn slot(&self, index: u32) -> &Slot {
        let (chunk, offset, _) = locate(index);
        let chunk = self.chunks[chunk].get().expect("an index that `open` gave");
        &chunk[offset]
    }
}

/// Where a slot is: its chunk, its place in it, and how many slots that chunk has.
///
/// Counted from where the first group would begin if smaller ones came before it, an index has the size of its group as its
/// highest bit, the chunk within the group as the bits below, and the place as the rest.
#[inline]
fn locate(index: u32) -> (usize, usize, usize) {
    let shifted = index + (1 << (FIRST_BITS + SAME_SIZE_BITS));
    let size_bits = shifted.ilog2() - SAME_SIZE_BITS;
    let group = size_bits - FIRST_BITS;
    // The highest bit of `shifted`, now 1 << SAME_SIZE_BITS, is carried into the group's number: the groups begin at -1.
    let chunk =
        ((group << SAME_SIZE_BITS) + (shifted >> size_bits)) as usize - (1 << SAME_SIZE_BITS);
    let size = 1 << size_bits;
    (chunk, shifted as usize & (size - 1), size)
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;

    #[test]
    fn indices_fill_one_chunk_after_the_other() {
        let mut expected = (0, 0);
        for index in 0..100_000 {
            let (chunk, offset, size) = locate(index);
            assert_eq!((chunk, offset), expected);
            assert_eq!(size, 1 << (FIRST_BITS as usize + chunk / 4));
            expected = if offset + 1 == size {
                (chunk + 1, 0)
            } else {
                (chunk, offset + 1)
            };
        }
        let (chunk, offset, size) = locate(SLOTS - 1);
        assert_eq!((chunk, offset), (CHUNKS - 1, size - 1));
    }

    #[test]
    fn a_slot_is_used_again_in_another_life() {
        let slab = Slab::new();
        let first = slab.open(Ready::ALL).unwrap();
        drop(slab.slot(first.index()).retire());
        slab.release(first.index());
        let second = slab.open(Ready::ALL).unwrap();
        assert_eq!(first.index(), second.index());
        assert_ne!(first.generation(), second.generation());
    }

    #[test]
    fn ten_thousand_need_no_more_slots_the_second_time() {
        let slab = Slab::new();
        for _ in 0..2 {
            let keys: Vec<Key> = (0..10_000)
                .map(|_| slab.open(Ready::ALL).unwrap())
                .collect();
            let mut indices: Vec<u32> = keys.iter().map(|key| key.index()).collect();
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..10_000));
            for key in keys {
                drop(slab.slot(key.index()).retire());
                slab.release(key.index());
            }
        }
        assert_eq!(slab.close().count(), 10_000);
    }

    #[test]
    fn a_closed_slab_gives_nothing() {
        let slab = Slab::new();
        assert_eq!(slab.close().count(), 0);
        assert_eq!(slab.open(Ready::ALL), Err(NoSlot::Closed));
    }

    #[test]
    fn a_slot_takes_two_cache_lines() {
        assert_eq!(size_of::<Slot>(), 128);
    }
}
