//! What a worker shows the others of itself: whether it moves, whose poll it is in, on which thread, and on which processor.
//!
//! Comes in: the beginning of each poll, and the ends of sleeps, from the worker. Goes out: a [`Tick`], to whoever watches (`relief.rs`): one that stays the
//! same is a poll that lasts. Nobody reads a clock for a poll. The processor, to a worker that asks whether it shares its own (`giving_way.rs`).

#![deny(unsafe_code)]

use crate::loom::Mutex;
use crate::loom::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::task::{Id, Identity, Task};
use crate::time::Instant;
use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

/// How many low bits count the polls; those above are the task's id, or 0 between polls.
const COUNT_BITS: u32 = 16;

/// What a worker does, and how often it has done so, as far as that goes: two ticks of different polls differ, unless just 65,532 of one task lie between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tick(u64);

impl Tick {
    /// While it sleeps.
    pub(super) const ASLEEP: Self = Self(0);
    /// Before its thread has come to its loop: a slow hook of the user's is no better than a long poll.
    pub(super) const BEGINNING: Self = Self(1);
    /// In `block_in_place`: it has said itself that it is going to be stuck.
    pub(super) const BLOCKING: Self = Self(2);
    /// The counts begin behind these. (Even, as the number after the last one is: so odd and even take turns.)
    const FIRST: u16 = 4;

    fn task(self) -> Option<u64> {
        Some(self.0 >> COUNT_BITS).filter(|&id| id != 0)
    }
}

/// See the module. Written by the worker, read by all.
pub(super) struct Shown {
    tick: AtomicU64,
    /// Where the polled task was spawned, `&'static Location`s or null: of the polls with an even count, and of those with an odd one. So when one is overwritten, the tick has
    /// moved before.
    places: [AtomicPtr<Location<'static>>; 2],
    /// The last task that it polled which has a name, and that.
    named: Mutex<Option<(Id, Arc<str>)>>,
    /// A poll that is known to be long, and since when it has lasted at least.
    long: Mutex<Option<(Tick, Instant)>>,
    /// The kernel's number of the thread; 0: not known.
    thread: AtomicU32,
    /// The number of the processor that it ran on when it looked last, plus one; 0: not known.
    processor: AtomicU32,
}

/// The worker's own part.
pub(super) struct Shows {
    count: Cell<u16>,
    /// Whose name is shown.
    named: Cell<Option<Id>>,
}

impl Shows {
    pub(super) fn new() -> Self {
        Self {
            count: Cell::new(Tick::FIRST),
            named: Cell::new(None),
        }
    }

    #[inline]
    fn next(&self) -> u64 {
        let count = self.count.get().wrapping_add(1).max(Tick::FIRST);
        self.count.set(count);
        count.into()
    }
}

impl Shown {
    pub(super) fn new() -> Self {
        Self {
            tick: AtomicU64::new(Tick::BEGINNING.0),
            places: [
                AtomicPtr::new(ptr::null_mut()),
                AtomicPtr::new(ptr::null_mut()),
            ],
            named: Mutex::new(None),
            long: Mutex::new(None),
            thread: AtomicU32::new(0),
            processor: AtomicU32::new(0),
        }
    }

    /// A poll begins. Two plain stores; and a lock if the task has a name, and another with one was polled since it was last.
    #[inline]
    pub(super) fn poll(&self, shows: &Shows, task: &Task) {
        let count = shows.next();
        let (place, name) = task.header().place_and_name();
        if let Some(name) = name
            && shows.named.get() != Some(task.id())
        {
            self.names(shows, task.id(), name);
        }
        let place: *const Location<'static> = place;
        // Release, both: who reads this tick reads this place or a later one; who reads this place, the tick before or a later one.
        self.places[count as usize % 2].store(place.cast_mut(), Release);
        let tick = task.id().as_u64() << COUNT_BITS | count;
        self.tick.store(tick, Release);
    }

    #[cold]
    fn names(&self, shows: &Shows, task: Id, name: &Arc<str>) {
        shows.named.set(Some(task));
        let before = self.named.lock().replace((task, name.clone()));
        drop(before);
    }

    /// It moves, and is in no poll.
    #[inline]
    pub(super) fn moves(&self, shows: &Shows) {
        self.tick.store(shows.next(), Release);
    }

    pub(super) fn sleeps(&self) {
        self.tick.store(Tick::ASLEEP.0, Relaxed);
    }

    pub(super) fn blocks(&self) {
        self.tick.store(Tick::BLOCKING.0, Release);
    }

    #[inline]
    pub(super) fn tick(&self) -> Tick {
        Tick(self.tick.load(Acquire))
    }

    /// The calling thread is the worker's.
    pub(super) fn adopt(&self) {
        self.thread.store(super::usage::this_thread(), Relaxed);
    }

    pub(super) fn thread(&self) -> u32 {
        self.thread.load(Relaxed)
    }

    /// The calling thread, which is the worker's, runs on this processor.
    pub(super) fn runs_on(&self, processor: Option<u32>) {
        let processor = processor.map_or(0, |number| number.wrapping_add(1));
        // Unchanged, it is only read, so that its cache line stays where it is.
        if processor != self.processor.load(Relaxed) {
            self.processor.store(processor, Relaxed);
        }
    }

    /// Which processor it ran on when it looked last.
    pub(super) fn processor(&self) -> Option<u32> {
        self.processor.load(Relaxed).checked_sub(1)
    }

    /// Whose poll a tick is of. `None` if it is over, or the tick is of none.
    pub(super) fn polled(&self, tick: Tick) -> Option<Identity> {
        let id = Id::from_u64(tick.task()?)?;
        let place = self.places[tick.0 as usize % 2].load(Acquire);
        let name = self.name_of(id);
        // Were the place of a later poll, or had another's name taken this one's place, we would see that the tick has moved.
        if self.tick() != tick {
            return None;
        }
        #[expect(unsafe_code, reason = "an atomic holds pointers only")]
        // SAFETY: null, or from a `&'static` in `poll`.
        let spawned_at = unsafe { place.as_ref() }?;
        Some(Identity {
            id,
            name,
            spawned_at,
        })
    }

    /// Whoever watches has found that this poll has lasted since then at least.
    pub(super) fn lasts(&self, tick: Tick, since: Instant) {
        let mut long = self.long.lock();
        let known = long.filter(|(known, _)| *known == tick);
        *long = Some((tick, known.map_or(since, |(_, then)| then.min(since))));
    }

    /// Since when a poll is known to last.
    pub(super) fn lasts_since(&self, tick: Tick) -> Option<Instant> {
        let long = *self.long.lock();
        long.filter(|(known, _)| *known == tick)
            .map(|(_, since)| since)
    }

    fn name_of(&self, task: Id) -> Option<Arc<str>> {
        let named = self.named.lock();
        named
            .as_ref()
            .filter(|(named, _)| *named == task)
            .map(|(_, name)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_without_a_task_are_none_of_the_special_ones_and_take_turns() {
        let (shown, shows) = (Shown::new(), Shows::new());
        let mut parity = 0;
        for _ in 0..=u16::MAX {
            shown.moves(&shows);
            let tick = shown.tick();
            assert!(![Tick::ASLEEP, Tick::BEGINNING, Tick::BLOCKING].contains(&tick));
            assert_ne!(tick.0 % 2, std::mem::replace(&mut parity, tick.0 % 2));
            assert!(shown.polled(tick).is_none());
        }
    }
}
