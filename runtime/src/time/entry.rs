//! A timer's place on a wheel: the part of a [`Sleep`](super::Sleep) that the wheel knows. All the `unsafe` of this
//! module is here.
//!
//! In comes the future that owns the entry ([`Entry::arm`], [`Entry::keep`], [`Entry::reset`], [`Entry::disarm`]) on
//! one side, and whoever holds the lock of the wheel, by way of [`Armed`] and [`Slot`], on the other. Out goes the
//! waker, to whoever turns the wheel.
//!
//! # The states
//!
//! | | from | to | made by |
//! | --- | --- | --- | --- |
//! | 1 | `Idle` | `Armed` | the owner, and then linked under the wheel's lock: [`Entry::arm`] |
//! | 2 | `Armed` | `Armed`, with another deadline or waker | the owner under the lock: [`Entry::reset`], [`Entry::keep`] |
//! | 3 | `Armed` | `Fired` | whoever turns the wheel, under the lock: [`Armed::fire`] |
//! | 4 | `Armed` | `Closed` | whoever closes the wheel, under the lock: [`Armed::fire`] |
//! | 5 | `Idle` | `Closed` | the owner, where it finds the wheel closed: [`Entry::arm`] |
//! | 6 | any | `Idle` | the owner, and unlinked before under the lock if it is `Armed`: [`Entry::disarm`] |
//! | 7 | `Idle` | `Fired` | the owner, where the deadline has come already: [`Entry::finish`] |
//!
//! # The contract
//!
//! 1. The *owner* is whoever has the `Pin<&mut Entry>`. Only it changes `wheel`, and only it makes an entry `Armed` or
//!    `Idle`.
//! 2. While `Armed`, the entry is in one slot of `wheel` (or in the hands of whoever holds that wheel's lock), and
//!    `links` and `timer` are touched under the wheel's lock only. In all other states they are the owner's.
//! 3. `waker` is initialised while `Armed`, and its value belongs to the entry. While `Armed` it is written under the
//!    lock only, and by the owner only; it may be read under the lock, or by the owner. Whoever fires the entry reads
//!    the value out, which leaves the bytes as they are: so the owner may compare them at any time without the lock.
//! 4. The store of `Fired` or `Closed` (release) is the last touch of the entry by the wheel. An owner that reads it
//!    (acquire, or under the lock) has everything for itself again, and may free it.
//! 5. An armed entry is pinned, and its drop disarms it first, so a linked pointer never dangles. (It is `!Unpin`,
//!    which is what lets the wheel keep a pointer beside the owner's `&mut`.)
//! 6. An [`Armed`] exists only under the lock of the entry's wheel, while the entry is `Armed`. It is made by the
//!    owner under the lock ([`Entry::armed`]), at arming, or by [`Slot::pop`]; `slots.rs` and `wheel.rs`, which alone
//!    use it, let none out of a critical section.
//! 7. An owner that has read `Armed` without the lock knows only that it was: it reads again under the lock before it
//!    relies on rule 2.
//! 8. `slots.rs` calls [`Slot::remove`] on the slot that [`Armed::place`] names: [`Slot::push`] wrote it there.

use super::clock::Instant;
use super::wheel::{Slots, Wheel};
use crate::loom::Arc;
use crate::loom::atomic::{
    AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::loom::cell::UnsafeCell;
use cordyceps::{Linked, List, list::Links};
use std::marker::PhantomPinned;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Waker;

/// What has become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// On no wheel: never polled, or disarmed.
    Idle,
    /// On its wheel.
    Armed,
    /// Its deadline has come.
    Fired,
    /// Its wheel was closed before its deadline came.
    Closed,
}

/// The slot that an entry is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) level: u8,
    pub(super) index: u8,
}

/// When an entry is due, in ticks of its wheel, and where it is.
struct Timer {
    deadline: u64,
    place: Place,
}

/// A timer's place on a wheel.
pub(super) struct Entry {
    links: Links<Entry>,
    timer: UnsafeCell<Timer>,
    waker: UnsafeCell<MaybeUninit<Waker>>,
    /// A [`State`].
    state: AtomicU8,
    /// The wheel that it is on, or was last.
    wheel: Option<Arc<Wheel>>,
    _pinned: PhantomPinned,
}

// SAFETY: whoever shares or receives an entry is bound by rules 1 to 3, which leave each field to one thread at a
// time; what is in them (wakers, the wheel) may be sent and shared.
unsafe impl Send for Entry {}
// SAFETY: as above; a `&Entry` gives its state, and its wheel, which changes through a `Pin<&mut Entry>` only (rule 1).
unsafe impl Sync for Entry {}

impl Entry {
    pub(super) fn new() -> Self {
        Self {
            links: Links::new(),
            timer: UnsafeCell::new(Timer {
                deadline: 0,
                place: Place::default(),
            }),
            waker: UnsafeCell::new(MaybeUninit::uninit()),
            state: AtomicU8::new(State::Idle as u8),
            wheel: None,
            _pinned: PhantomPinned,
        }
    }

    /// What has become of it.
    #[inline]
    pub(super) fn state(&self) -> State {
        // Acquire: after `Fired` and `Closed` everything is the owner's (rule 4).
        match self.state.load(Acquire) {
            0 => State::Idle,
            1 => State::Armed,
            2 => State::Fired,
            _ => State::Closed,
        }
    }

    /// For the owner's own transitions. Relaxed: what the wheel must see of them goes through its lock.
    fn set_state(&self, state: State) {
        self.state.store(state as u8, Relaxed);
    }

    /// The wheel that it is on, or was last, if it ever was on one.
    pub(super) fn last_wheel(&self) -> Option<&Arc<Wheel>> {
        self.wheel.as_ref()
    }

    /// The wheel of an entry that is armed.
    fn wheel(&self) -> &Arc<Wheel> {
        self.wheel.as_ref().expect("an armed timer has a wheel")
    }

    /// Puts an idle entry on the wheel `elsewhere`, or back on its last one if that is `None`, to wake `waker` at
    /// `deadline`, and says what has become of it: one lock.
    pub(super) fn arm(
        mut self: Pin<&mut Self>,
        elsewhere: Option<Arc<Wheel>>,
        deadline: Instant,
        waker: Waker,
    ) -> State {
        debug_assert_eq!(self.state(), State::Idle);
        if elsewhere.is_some() {
            // SAFETY: nothing is moved out; and the entry is idle, so that nobody else looks at it (rule 1).
            unsafe { self.as_mut().get_unchecked_mut() }.wheel = elsewhere;
        }
        let this = self.as_ref().get_ref();
        let deadline = this.wheel().ticks(deadline);
        // SAFETY: an idle entry's timer is its owner's (rule 2).
        this.timer
            .with_mut(|timer| unsafe { (*timer).deadline = deadline });
        // SAFETY: so is its waker, which holds no value (rule 3).
        this.waker.with_mut(|slot| unsafe { (*slot).write(waker) });
        this.set_state(State::Armed);
        let armed = this.wheel().update(|slots| {
            if slots.is_closed() {
                return false;
            }
            slots.insert(Armed(NonNull::from(this)));
            true
        });
        if armed {
            return State::Armed;
        }
        // As if the wheel had been closed just after; but it was never on it, and is still the owner's alone.
        this.set_state(State::Closed);
        // SAFETY: the value was written above, and this is the only time that it is read out (rule 3).
        unsafe { this.take_waker() }.wake();
        State::Closed
    }

    /// Sees to it that an armed entry wakes `waker`, and says what has become of the entry. No lock if it holds that
    /// waker already, else one.
    pub(super) fn keep(self: Pin<&mut Self>, waker: &Waker) -> State {
        let this = self.into_ref().get_ref();
        // SAFETY: the owner may look at the bytes at any time after the first arming (rule 3). The value itself may
        // have been read out and dropped meanwhile: `will_wake` compares two pointers and follows neither. If they
        // are the same, then whoever fires this entry wakes just the waker that we were asked to keep. (Not one that
        // was freed and whose address this one got: it would have been made after the firing, and its poll would have
        // read `Fired`.)
        let same = this
            .waker
            .with(|slot| unsafe { (*slot).assume_init_ref() }.will_wake(waker));
        if same {
            return State::Armed;
        }
        let mut waker = waker.clone();
        this.wheel().update(|slots| {
            if let Some(entry) = this.armed(slots) {
                entry.swap_waker(&mut waker);
            }
        });
        // What was not needed, or the former one, is dropped here, outside the lock.
        drop(waker);
        this.state()
    }

    /// Moves the deadline of an armed entry, whose waker stays: onto the wheel that `elsewhere` gives for the one that
    /// it is on, as if it were armed anew; if that gives none, on its own. Any other becomes idle. Says what has become
    /// of it. No lock if it is not armed, one if it stays on its wheel, else two.
    ///
    /// It can't stay on another worker's wheel: that worker may be asleep until its earliest deadline, and this may
    /// be earlier.
    pub(super) fn reset(
        mut self: Pin<&mut Self>,
        deadline: Instant,
        elsewhere: impl FnOnce(&Arc<Wheel>) -> Option<Arc<Wheel>>,
    ) -> State {
        let this = self.as_ref().get_ref();
        if this.state() == State::Armed {
            let wheel = this.wheel();
            if let Some(elsewhere) = elsewhere(wheel) {
                return match self.as_mut().disarm() {
                    Some(waker) => self.arm(Some(elsewhere), deadline, waker),
                    None => State::Idle,
                };
            }
            let deadline = wheel.ticks(deadline);
            let moved = wheel.update(|slots| {
                let entry = this.armed(slots)?;
                slots.remove(&entry);
                entry.set_deadline(deadline);
                slots.insert(entry);
                Some(State::Armed)
            });
            if let Some(state) = moved {
                return state;
            }
        }
        // It has fired.
        self.disarm();
        State::Idle
    }

    /// Takes it off its wheel, and gives back the waker that it had there: one lock if it is armed, else none. It is
    /// idle then.
    pub(super) fn disarm(self: Pin<&mut Self>) -> Option<Waker> {
        let this = self.into_ref().get_ref();
        let removed = this.state() == State::Armed
            && this.wheel().update(|slots| {
                let entry = this.armed(slots);
                entry.inspect(|entry| slots.remove(entry)).is_some()
            });
        this.set_state(State::Idle);
        // SAFETY: an entry that was armed until it was removed here has its waker still, and is its owner's (rules 2
        // and 3).
        removed.then(|| unsafe { this.take_waker() })
    }

    /// Takes its deadline as come, whatever the wheel thinks, and says so: one lock if it is armed, else none.
    pub(super) fn finish(mut self: Pin<&mut Self>) -> State {
        let waker = self.as_mut().disarm();
        self.set_state(State::Fired);
        drop(waker);
        State::Fired
    }

    /// The entry, for the holder of its wheel's lock, if it is still armed (rule 7).
    fn armed(&self, _lock: &mut Slots) -> Option<Armed> {
        (self.state() == State::Armed).then(|| Armed(NonNull::from(self)))
    }

    /// Reads the waker out.
    ///
    /// # Safety
    ///
    /// `waker` holds a value, the caller may read it, and nobody reads it out again.
    unsafe fn take_waker(&self) -> Waker {
        // SAFETY: the caller's promise.
        self.waker
            .with(|slot| unsafe { (*slot).assume_init_read() })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: if it was ever armed then it is pinned (rule 5), and it isn't moved here.
        let waker = unsafe { Pin::new_unchecked(&mut *self) }.disarm();
        // Rule 4, shown to loom: from here on nobody but the owner touches it.
        self.waker.with_mut(|_| ());
        drop(waker);
    }
}

/// An entry that is armed, as the holder of its wheel's lock sees it (rule 6).
pub(super) struct Armed(NonNull<Entry>);

impl Armed {
    fn with_timer<R>(&self, f: impl FnOnce(*mut Timer) -> R) -> R {
        // SAFETY: an armed entry is alive (rule 5), and its timer is the lock holder's (rules 2 and 6).
        unsafe { self.0.as_ref() }.timer.with_mut(f)
    }

    /// When it is due, in ticks of its wheel.
    #[inline]
    pub(super) fn deadline(&self) -> u64 {
        // SAFETY: `with_timer` gives a pointer that is valid and nobody else's.
        self.with_timer(|timer| unsafe { (*timer).deadline })
    }

    /// Sets when it is due; it must be in no slot.
    fn set_deadline(&self, deadline: u64) {
        // SAFETY: as in `deadline`.
        self.with_timer(|timer| unsafe { (*timer).deadline = deadline });
    }

    /// The slot that it is in.
    #[inline]
    pub(super) fn place(&self) -> Place {
        // SAFETY: as in `deadline`.
        self.with_timer(|timer| unsafe { (*timer).place })
    }

    fn swap_waker(&self, waker: &mut Waker) {
        // SAFETY: the entry is alive (rule 5) and holds a waker, which its owner exchanges under the lock (rule 3).
        unsafe { self.0.as_ref() }
            .waker
            .with_mut(|slot| mem::swap(unsafe { (*slot).assume_init_mut() }, waker));
    }

    /// Gives the entry, which is in no slot, back to its owner as `Fired` or `Closed`, and its waker to the caller,
    /// to be woken outside the lock.
    #[inline]
    pub(super) fn fire(self, state: State) -> Waker {
        debug_assert!(matches!(state, State::Fired | State::Closed));
        // SAFETY: the entry is alive until the store below (rules 4 and 5).
        let entry = unsafe { self.0.as_ref() };
        // SAFETY: an armed entry holds a waker; it is read out once, as the entry ceases to be armed (rule 3).
        let waker = unsafe { entry.take_waker() };
        // Release: the owner may free the entry once it reads this. The last touch (rule 4).
        entry.state.store(state as u8, Release);
        waker
    }
}

// SAFETY: entries are pinned while linked (rule 5), and `links` gives the same field each time.
unsafe impl Linked<Links<Entry>> for Entry {
    type Handle = Armed;

    fn into_ptr(armed: Armed) -> NonNull<Self> {
        armed.0
    }

    unsafe fn from_ptr(entry: NonNull<Self>) -> Armed {
        Armed(entry)
    }

    unsafe fn links(entry: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's pointer is valid, and so is the one to its field.
        unsafe { NonNull::new_unchecked(ptr::addr_of_mut!((*entry.as_ptr()).links)) }
    }
}

/// A slot of a wheel: entries in the order of their arrival, and a lower bound of their deadlines.
pub(super) struct Slot {
    entries: List<Entry>,
    /// The least deadline that came in since the slot was empty: exact, unless that entry has left.
    least: u64,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            entries: List::new(),
            least: u64::MAX,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// No entry in it is due before this.
    pub(super) fn least(&self) -> u64 {
        self.least
    }

    /// Takes in an entry that is in no slot; this one is `place`.
    #[inline]
    pub(super) fn push(&mut self, entry: Armed, place: Place) {
        // SAFETY: as in `Armed::deadline`.
        let deadline = entry.with_timer(|timer| unsafe {
            (*timer).place = place;
            (*timer).deadline
        });
        self.least = self.least.min(deadline);
        self.entries.push_back(entry);
    }

    /// Takes out the entry that has been here the longest.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Armed> {
        let entry = self.entries.pop_front();
        self.settle();
        entry
    }

    /// Takes out this entry, which must be here.
    #[inline]
    pub(super) fn remove(&mut self, entry: &Armed) {
        // SAFETY: an armed entry is alive (rule 5), and is in the slot that its place names (rule 8), which is this
        // one.
        let removed = unsafe { self.entries.remove(entry.0) };
        debug_assert!(removed.is_some());
        self.settle();
    }

    /// An empty slot bounds nothing.
    fn settle(&mut self) {
        if self.entries.is_empty() {
            self.least = u64::MAX;
        }
    }
}
