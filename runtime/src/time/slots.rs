//! The wheel's geometry: which entry is in which slot, and which are due. Pure bookkeeping, on the thread that holds
//! the wheel's lock.
//!
//! In come [`Armed`] entries, to be inserted and removed in constant time; out go the wakers of those that are due,
//! in bounded batches ([`Slots::expire`]). Called by `entry.rs` and `wheel.rs`, under the lock.
//!
//! # How it works
//!
//! Time is a 64-bit number of nanoseconds, read as eleven digits of six bits. The wheel has a level for each digit,
//! and a level has a slot for each value of it. An entry is on the level of the *highest digit in which its deadline
//! differs from `elapsed`*, the time up to which the wheel has been turned, and in the slot of that digit of its
//! deadline:
//!
//! ```text
//!   elapsed   … 03 17 52 09          level 3: slots of 2^18 ns (262 µs)
//!   deadline  … 03 20 11 44          level 2: slots of 2^12 ns
//!                  └─ differs first: level 2, slot 20
//! ```
//!
//! So all the entries of a level have the higher digits of `elapsed`; a level's first occupied slot holds its
//! earliest entries; and what is on a lower level is due before anything on a higher one. Nothing wraps around.
//!
//! `elapsed` moves only when the slot that is next in time has an entry that may be due: it moves into that slot,
//! whose entries then agree with it in that digit too, and so either are due or belong on a lower level. An entry
//! comes down at most ten times, and each stop divides its slot by 64: the lowest level's slots are single
//! nanoseconds, so nothing is rounded. An entry that is past when it comes in lands in a slot that has been passed,
//! before all others.
//!
//! Each slot knows the least deadline that came into it. So the wheel knows when it has next to be turned to the
//! nanosecond, and need not be turned merely to bring entries down. A bound outlives the entry that set it, if that
//! is cancelled and others stay: it then costs one turn in vain.
#![forbid(unsafe_code)]

use super::entry::{Armed, Place, Slot, State};
use super::wheel::Batch;

/// The bits of a digit.
const DIGIT: u32 = 6;
/// The slots of a level.
const SLOTS: usize = 1 << DIGIT;
/// The levels: the digits of a time.
const LEVELS: usize = u64::BITS.div_ceil(DIGIT) as usize;
/// The level from which on a slot's entries are due together, in the order in which they came: 2^18 ns, a quarter of
/// a millisecond. Slots above are always divided, so that entries whose deadlines are further apart fire in the order
/// of their deadlines.
const UNDIVIDED: u8 = 3;

/// The deadline that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// The slots of a wheel.
pub(super) struct Slots {
    /// The time up to which the wheel has been turned: no slot before it is occupied, save by what came too late.
    elapsed: u64,
    /// A bit for each level with an entry on it.
    occupied: u16,
    levels: [Level; LEVELS],
    closed: bool,
}

/// The slots for one digit.
#[derive(Default)]
struct Level {
    /// A bit for each slot with an entry in it.
    occupied: u64,
    /// None until the wheel is first used: an idle wheel has no memory.
    slots: Box<[Slot]>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            elapsed: 0,
            occupied: 0,
            levels: Default::default(),
            closed: false,
        }
    }

    /// Whether nothing may be inserted any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// No entry is due before this; exact, unless the entry that set it was cancelled. [`NEVER`] if nothing ever is.
    #[inline]
    pub(super) fn earliest(&self) -> u64 {
        self.first().map_or(NEVER, |(least, _)| least)
    }

    /// Takes in an entry that is in no slot.
    #[inline]
    pub(super) fn insert(&mut self, entry: Armed) {
        let place = self.place(entry.deadline());
        if self.levels[place.level as usize].slots.is_empty() {
            self.allocate();
        }
        let level = &mut self.levels[place.level as usize];
        level.slots[place.index as usize].push(entry, place);
        level.occupied |= 1 << place.index;
        self.occupied |= 1 << place.level;
    }

    /// For the first entry: all levels at once, 17 KiB, so that from then on no timer allocates, wherever it comes to lie and comes down to.
    #[cold]
    fn allocate(&mut self) {
        for level in &mut self.levels {
            level.slots = (0..SLOTS).map(|_| Slot::new()).collect();
        }
    }

    /// Takes out this entry.
    #[inline]
    pub(super) fn remove(&mut self, entry: &Armed) {
        let place = entry.place();
        self.slot(place).remove(entry);
        self.settle(place);
    }

    /// Moves the wakers of entries that are due at `now` into `batch`, and says whether it stopped before all were: it
    /// handles no more entries than a batch holds, so that the lock is never held for long.
    pub(super) fn expire(&mut self, now: u64, batch: &mut Batch) -> bool {
        let mut left = Batch::SIZE;
        while let Some((least, place)) = self.first()
            && least <= now
        {
            self.advance(place, now);
            while let Some(entry) = self.pop(place) {
                if entry.deadline() <= self.elapsed {
                    batch.push(entry.fire(State::Fired));
                } else {
                    self.insert(entry);
                }
                left -= 1;
                if left == 0 {
                    return true;
                }
            }
        }
        false
    }

    /// Lets nothing in any more, moves the wakers of what is in it into `batch`, and says whether it stopped before
    /// all were.
    pub(super) fn close(&mut self, batch: &mut Batch) -> bool {
        self.closed = true;
        for _ in 0..Batch::SIZE {
            let Some((_, place)) = self.first() else {
                self.levels = Default::default();
                return false;
            };
            if let Some(entry) = self.pop(place) {
                batch.push(entry.fire(State::Closed));
            }
        }
        true
    }

    /// Moves the time into the slot at `place`, the next one: as far as it goes, up to `now`, if its entries are due
    /// together, else to its start only.
    ///
    /// If the time is in there already then the slot is being emptied, in several batches, and the time stays:
    /// entries that have come down from it are on lower levels, and must not be passed. It stays, too, if it is past
    /// the slot, whose entries were late when they came.
    fn advance(&mut self, place: Place, now: u64) {
        let shift = DIGIT * u32::from(place.level);
        let above = u64::MAX.checked_shl(shift + DIGIT).unwrap_or(0);
        let start = self.elapsed & above | u64::from(place.index) << shift;
        if start <= self.elapsed {
            return;
        }
        debug_assert_eq!(
            self.occupied & ((1 << place.level) - 1),
            0,
            "passed an entry"
        );
        self.elapsed = if place.level <= UNDIVIDED {
            now.min(start | ((1 << shift) - 1))
        } else {
            start
        };
    }

    /// The slot with the earliest entries, and its bound.
    #[inline]
    fn first(&self) -> Option<(u64, Place)> {
        let mut levels = self.occupied;
        let mut first: Option<(u64, Place)> = None;
        while levels != 0 {
            let level = levels.trailing_zeros() as u8;
            levels &= levels - 1;
            let slots = &self.levels[level as usize];
            let index = slots.occupied.trailing_zeros() as u8;
            let least = slots.slots[index as usize].least();
            // That of the lowest level; except that a slot that is being emptied comes before those that its entries
            // come down to.
            if first.is_none_or(|(before, _)| least <= before) {
                first = Some((least, Place { level, index }));
            }
        }
        first
    }

    /// Where an entry belongs that is due at `deadline`. If that has passed then this is a slot that has been passed,
    /// and the first to be looked at.
    #[inline]
    fn place(&self, deadline: u64) -> Place {
        let level = (deadline ^ self.elapsed).checked_ilog2().unwrap_or(0) / DIGIT;
        Place {
            level: level as u8,
            index: (deadline >> (level * DIGIT)) as u8 % SLOTS as u8,
        }
    }

    #[inline]
    fn slot(&mut self, place: Place) -> &mut Slot {
        &mut self.levels[place.level as usize].slots[place.index as usize]
    }

    #[inline]
    fn pop(&mut self, place: Place) -> Option<Armed> {
        let entry = self.slot(place).pop();
        self.settle(place);
        entry
    }

    /// Notes that a slot is empty, if it is.
    #[inline]
    fn settle(&mut self, place: Place) {
        if self.slot(place).is_empty() {
            let level = &mut self.levels[place.level as usize];
            level.occupied &= !(1 << place.index);
            if level.occupied == 0 {
                self.occupied &= !(1 << place.level);
            }
        }
    }
}
