//! The readiness word: what the kernel last said of a descriptor, and which descriptor that is.
//!
//! Events come in from the turn, and from the tasks what their operations found; what goes out is a [`Snapshot`], which a
//! task hands back when it says what it found. Every change of the word is a method here; the slot (`slot.rs`) calls them.
//!
//! ```text
//!  63         32 31     16    9         8      7      0
//! | generation  |  tick   | WATCHED | SHUTDOWN | Ready  |
//! ```
//!
//! | transition | who makes it | on which word | what it becomes |
//! | --- | --- | --- | --- |
//! | [`open`](Readiness::open) | who registers | a free one | of the same generation, ready as it starts |
//! | [`watch`](Readiness::watch) | who has told the kernel of the descriptor | one that is not WATCHED | WATCHED added |
//! | [`deliver`](Readiness::deliver) | the turn, for an event | one of the event's generation, else nothing | the event's bits added, tick + 1 |
//! | [`clear`](Readiness::clear) | a task whose operation would have blocked | one of the tick that it saw, else nothing | what it waited for taken away |
//! | [`drained`](Readiness::drained) | a task whose read or write came short | the same, WATCHED, and nothing was closed, urgent or in error | the same |
//! | [`forget`](Readiness::forget) | a user who says so | one of the tick that was seen, else nothing | what the user names taken away, but for what was closed |
//! | [`shut_down`](Readiness::shut_down) | the runtime's end | any | SHUTDOWN added |
//! | [`retire`](Readiness::retire) | who deregisters | any | empty, of the next generation |
//!
//! **Why the tick.** A task looks at the word, then reads. An event may be delivered in between or after; if it was, what the
//! read found may be older than the event, and must not undo it.
//!
//! **Why the generation.** A turn may hold an event of a descriptor that another thread deregisters, and whose slot is at once
//! registered anew. The event carries its generation, and falls on the comparison.
//!
//! **What is sticky.** The kernel reports the end of a stream once. So a short read, which proves that nothing is left *now*, clears
//! nothing once the end, an error or urgent data has been reported: these lie behind the data, and nobody would report them again. An
//! operation that would have blocked is different: it is the kernel's own word that neither data nor end is there, and clears both (the
//! reading end of a FIFO whose last writer went, and that another has opened since, would otherwise spin).
//!
//! **Orderings.** `deliver` releases and each look acquires, so that an operation tried because of an event is made after what the kernel
//! had done when it reported it. `watch` adds its bit by a read-modify-write, which hands on what others have released; that the kernel is told once is the slot's lock's
//! affair. `clear`, `drained` and `forget` release, so that they stay behind the operation that they report. That nobody waits
//! for an event that has come is the slot's lock's affair, not an ordering's.
#![forbid(unsafe_code)]

use super::interest::{Interest, Ready};
use super::slab::GENERATION_MASK;
use crate::loom::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

const SHUTDOWN: u64 = 1 << 8;
const WATCHED: u64 = 1 << 9;
const TICK_SHIFT: u32 = 16;
const TICK: u64 = 0xFFFF << TICK_SHIFT;
const GENERATION_SHIFT: u32 = 32;
/// What must be as a task saw it for what it found to count.
const TICK_AND_GENERATION: u64 = TICK | u64::MAX << GENERATION_SHIFT;
/// What a short read or write leaves alone.
const STICKY: Ready = Ready::from_bits(
    Ready::READ_CLOSED.bits()
        | Ready::WRITE_CLOSED.bits()
        | Ready::PRIORITY.bits()
        | Ready::ERROR.bits(),
);

/// The word. A new one is that of a free slot: generation 0, nothing ready.
#[derive(Debug)]
pub(super) struct Readiness(AtomicU64);

impl Readiness {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One load: the whole cost of an operation on a descriptor that is ready.
    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Acquire))
    }

    /// Begins a life of the slot, and returns its generation. Nobody but the caller may change the word now: a plain store.
    pub(super) fn open(&self, ready: Ready) -> u32 {
        let generation = self.load().generation();
        self.0.store(pack(generation) | ready.bits(), Release);
        generation
    }

    /// The kernel has been told of the descriptor, and reports to this word from now on. Under the slot's lock, so that it is told once.
    pub(super) fn watch(&self) {
        self.0.fetch_or(WATCHED, AcqRel);
    }

    /// Adds what an event of this generation says; `false` if the slot has gone on to another.
    ///
    /// One compare-and-swap an event.
    #[must_use = "a stale event wakes nobody"]
    pub(super) fn deliver(&self, generation: u32, ready: Ready) -> bool {
        let add = |word: u64| {
            let tick = word.wrapping_add(1 << TICK_SHIFT) & TICK;
            (Snapshot(word).generation() == generation)
                .then_some(word & !TICK | tick | ready.bits())
        };
        self.0.fetch_update(AcqRel, Acquire, add).is_ok()
    }

    /// An operation that began with `seen` would have blocked: what `interest` waits for isn't there, nor is its end.
    pub(super) fn clear(&self, seen: Snapshot, interest: Interest) {
        let mut bits = interest.mask();
        if !interest.is_readable() {
            // Urgent data that isn't there says nothing of the end of the stream.
            bits = bits - Ready::READ_CLOSED;
        }
        self.take(seen, bits);
    }

    /// A read or write that began with `seen` came short: the stream is empty, or full, unless something sticky lies behind. (Of one that the kernel doesn't report on
    /// nothing would say that it is ready again.)
    #[inline]
    pub(super) fn drained(&self, seen: Snapshot, interest: Interest) {
        if seen.is_watched() && !seen.all().intersects(STICKY) {
            self.take(seen, interest.mask());
        }
    }

    /// A user who began with `seen` says that `ready` is over. Which need not be the kernel's word: what was closed stays, as it is reported once.
    pub(super) fn forget(&self, seen: Snapshot, ready: Ready) {
        self.take(seen, ready - Ready::READ_CLOSED - Ready::WRITE_CLOSED);
    }

    /// Takes `bits` away if no event came since `seen`. One compare-and-swap, more only if another task clears other bits meanwhile.
    fn take(&self, seen: Snapshot, bits: Ready) {
        let mut word = seen.0;
        while let Err(now) =
            self.0
                .compare_exchange_weak(word, word & !bits.bits(), AcqRel, Acquire)
        {
            if (now ^ seen.0) & TICK_AND_GENERATION != 0 {
                return;
            }
            word = now;
        }
    }

    /// From now on every look finds that the runtime is gone.
    pub(super) fn shut_down(&self) {
        self.0.fetch_or(SHUTDOWN, AcqRel);
    }

    /// Ends a life of the slot, and whatever is written of it meanwhile.
    pub(super) fn retire(&self) {
        let next = self.load().generation().wrapping_add(1) & GENERATION_MASK;
        self.0.swap(pack(next), AcqRel);
    }
}

/// What a task saw when it looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot(u64);

impl Snapshot {
    /// What of `interest` is ready.
    #[inline]
    pub(crate) fn ready(self, interest: Interest) -> Ready {
        self.all() & interest.mask()
    }

    #[inline]
    pub(crate) fn is_shut_down(self) -> bool {
        self.0 & SHUTDOWN != 0
    }

    /// Whether the kernel has been told of the descriptor.
    #[inline]
    pub(super) fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// Whether nothing goes either way any more.
    pub(super) fn has_hung_up(self) -> bool {
        ((Ready::READ_CLOSED | Ready::WRITE_CLOSED) - self.all()).is_empty()
    }

    /// Whether who waits for `interest` need wait no longer.
    #[inline]
    pub(super) fn answers(self, interest: Interest) -> bool {
        self.0 & (interest.mask().bits() | SHUTDOWN) != 0
    }

    #[inline]
    pub(super) fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    #[inline]
    fn all(self) -> Ready {
        Ready::from_bits(self.0)
    }
}

/// The word of a generation, with nothing else in it.
fn pack(generation: u32) -> u64 {
    u64::from(generation) << GENERATION_SHIFT
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;

    const READ: Interest = Interest::READABLE;

    fn open(ready: Ready) -> Readiness {
        let word = Readiness::new();
        assert_eq!(word.open(ready), 0);
        word
    }

    #[test]
    fn an_event_since_the_look_survives_what_the_look_led_to() {
        let word = open(Ready::ALL);
        let seen = word.load();
        assert!(word.deliver(0, Ready::READABLE));
        word.clear(seen, READ);
        word.drained(seen, READ);
        assert!(word.load().answers(READ));
    }

    #[test]
    fn clearing_one_direction_leaves_the_other() {
        let word = open(Ready::READABLE | Ready::WRITABLE);
        let seen = word.load();
        word.clear(seen, Interest::WRITABLE);
        // The word has changed since `seen`, but no event came.
        word.clear(seen, READ);
        assert_eq!(word.load().all(), Ready::EMPTY);
    }

    #[test]
    fn what_lies_behind_the_data_outlives_a_short_read() {
        for sticky in [
            Ready::READ_CLOSED,
            Ready::WRITE_CLOSED,
            Ready::PRIORITY,
            Ready::ERROR,
        ] {
            let word = open(Ready::EMPTY);
            assert!(word.deliver(0, Ready::READABLE | sticky));
            word.watch();
            word.drained(word.load(), READ);
            assert!(word.load().answers(READ), "{sticky:?}");
        }
        let word = open(Ready::READABLE);
        word.drained(word.load(), READ);
        assert!(word.load().answers(READ), "no event would ever come");
        word.watch();
        word.drained(word.load(), READ);
        assert!(!word.load().answers(READ));
    }

    #[test]
    fn an_operation_that_would_block_disproves_the_end() {
        let word = open(Ready::READABLE | Ready::READ_CLOSED);
        word.clear(word.load(), READ);
        assert!(!word.load().answers(READ));
    }

    #[test]
    fn urgent_data_that_is_not_there_does_not_disprove_the_end() {
        let word = open(Ready::PRIORITY | Ready::READ_CLOSED);
        word.clear(word.load(), Interest::PRIORITY);
        assert_eq!(word.load().all(), Ready::READ_CLOSED);
    }

    #[test]
    fn a_user_forgets_what_he_names_but_not_what_was_closed() {
        let word = open(Ready::ALL);
        let seen = word.load();
        word.forget(seen, Ready::WRITABLE);
        assert_eq!(word.load().all(), Ready::ALL - Ready::WRITABLE);
        word.forget(seen, Ready::ALL);
        assert_eq!(word.load().all(), Ready::READ_CLOSED | Ready::WRITE_CLOSED);
    }

    #[test]
    fn an_event_since_the_look_survives_a_user() {
        let word = open(Ready::EMPTY);
        let seen = word.load();
        assert!(word.deliver(0, Ready::READABLE));
        word.forget(seen, Ready::ALL);
        assert!(word.load().answers(READ));
    }

    #[test]
    fn an_event_of_a_former_life_is_ignored() {
        let word = open(Ready::EMPTY);
        word.retire();
        assert_eq!(word.open(Ready::EMPTY), 1);
        assert!(!word.deliver(0, Ready::ALL));
        assert!(!word.load().answers(READ));
        assert!(word.deliver(1, Ready::READABLE));
    }

    #[test]
    fn the_generation_comes_round() {
        let word = Readiness(AtomicU64::new(pack(GENERATION_MASK)));
        word.retire();
        assert_eq!(word.load().generation(), 0);
    }

    #[test]
    fn the_tick_comes_round_within_its_bits() {
        let word = open(Ready::EMPTY);
        let seen = word.load();
        for _ in 0..=0xFFFF {
            assert!(word.deliver(0, Ready::EMPTY));
        }
        assert_eq!(word.load().0, seen.0);
    }

    #[test]
    fn shutdown_answers_everybody_and_stays() {
        let word = open(Ready::ALL);
        word.shut_down();
        word.clear(word.load(), READ);
        assert!(word.load().answers(READ) && word.load().is_shut_down());
    }
}
