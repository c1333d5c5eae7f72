//! What races on a wheel: owners of entries, who arm, keep, reset and drop them, against those who turn the wheel and
//! close it.
//!
//! Each model goes through every interleaving with at most the number of preemptions that `LOOM_MAX_PREEMPTIONS` says
//! (3 in CI).

#![forbid(unsafe_code)]

use super::clock::{Clock, Instant};
use super::entry::{Entry, State};
use super::wheel::Wheel;
use crate::loom::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst, fence};
use crate::loom::{Arc, model, thread};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::task::{Wake, Waker};
use std::time::Duration;

/// Counts its wakes. On `std`'s atomics, so that it orders nothing for the model.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Wakes {
    fn new() -> (std::sync::Arc<Self>, Waker) {
        let wakes = std::sync::Arc::<Self>::default();
        (std::sync::Arc::clone(&wakes), wakes.into())
    }

    /// How many there were, once nobody holds a waker any more.
    fn in_all(self: std::sync::Arc<Self>) -> usize {
        let wakes = std::sync::Arc::into_inner(self).expect("a waker has leaked");
        wakes.0.into_inner()
    }
}

/// The wheels of two workers, and their time.
struct House {
    origin: Instant,
    wheel: Arc<Wheel>,
    other: Arc<Wheel>,
}

impl House {
    fn new() -> Self {
        let origin = Clock::default().now();
        let shared = Wheel::new_shared(origin, Clock::default(), Box::new(|| ()));
        Self {
            origin,
            wheel: Wheel::new_worker(&shared),
            other: Wheel::new_worker(&shared),
        }
    }

    fn at(&self, ticks: u64) -> Instant {
        self.origin + Duration::from_nanos(ticks)
    }

    /// An entry on the first wheel.
    fn armed(&self, ticks: u64, waker: Waker) -> Pin<Box<Entry>> {
        let mut entry = Box::pin(Entry::new());
        let state = entry
            .as_mut()
            .arm(Some(Arc::clone(&self.wheel)), self.at(ticks), waker);
        assert_eq!(state, State::Armed);
        entry
    }

    /// Has another thread turn the first wheel.
    fn turn(&self, ticks: u64) -> thread::JoinHandle<usize> {
        let (wheel, now) = (Arc::clone(&self.wheel), self.at(ticks));
        thread::spawn(move || wheel.turn(now))
    }
}

#[test]
fn timer_fire_against_drop() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let entry = house.armed(10, waker);
        let turner = house.turn(10);
        drop(entry);
        let fired = turner.join().unwrap();
        assert!(fired <= 1);
        assert_eq!(wakes.in_all(), fired);
        assert_eq!(house.wheel.next_deadline(), None);
    });
}

#[test]
fn timer_fire_against_reset() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let mut entry = house.armed(10, waker.clone());
        let turner = house.turn(10);
        let moved = entry.as_mut().reset(house.at(20), |_| None) == State::Armed;
        if !moved {
            // It has fired before, and is its owner's again.
            entry.as_mut().arm(None, house.at(20), waker.clone());
        }
        drop(waker);
        assert_eq!(turner.join().unwrap(), usize::from(!moved));
        assert_eq!(house.wheel.turn(house.at(19)), 0);
        assert_eq!(house.wheel.turn(house.at(20)), 1);
        assert_eq!(entry.state(), State::Fired);
        assert_eq!(wakes.in_all(), 1 + usize::from(!moved));
    });
}

#[test]
fn timer_fire_against_reset_on_another_worker() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let mut entry = house.armed(10, waker);
        let turner = house.turn(10);
        let other = Some(Arc::clone(&house.other));
        let moved = entry.as_mut().reset(house.at(5), |_| other) == State::Armed;
        assert_eq!(house.other.next_deadline(), moved.then(|| house.at(5)));
        assert_eq!(turner.join().unwrap(), usize::from(!moved));
        assert_eq!(house.other.turn(house.at(5)), usize::from(moved));
        assert_eq!(house.wheel.next_deadline(), None);
        assert_eq!(wakes.in_all(), 1);
    });
}

#[test]
fn timer_fire_against_poll_with_another_waker() {
    model(|| {
        let house = House::new();
        let (former, waker) = Wakes::new();
        let mut entry = house.armed(10, waker);
        let turner = house.turn(10);
        let (later, waker) = Wakes::new();
        let state = entry.as_mut().keep(&waker);
        drop(waker);
        assert_eq!(turner.join().unwrap(), 1);
        assert_eq!(entry.state(), State::Fired);
        let (former, later) = (former.in_all(), later.in_all());
        assert_eq!(former + later, 1);
        // Who was told to wait is the one who is woken.
        assert!(state == State::Fired || later == 1);
    });
}

#[test]
fn timer_fire_against_poll_with_the_same_waker() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let mut entry = house.armed(10, waker.clone());
        let turner = house.turn(10);
        // Without the lock, beside the one that reads the waker out.
        entry.as_mut().keep(&waker);
        drop(waker);
        assert_eq!(turner.join().unwrap(), 1);
        assert_eq!(entry.state(), State::Fired);
        assert_eq!(wakes.in_all(), 1);
    });
}

#[test]
fn timer_cancel_against_cancel_of_a_neighbour() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let near = house.armed(100, waker.clone());
        let far = house.armed(101, waker.clone());
        let other = thread::spawn(move || drop(near));
        drop(far);
        other.join().unwrap();
        assert_eq!(house.wheel.next_deadline(), None);

        let last = house.armed(102, waker);
        assert_eq!(house.wheel.next_deadline(), Some(house.at(102)));
        assert_eq!(house.wheel.turn(house.at(200)), 1);
        assert_eq!(last.state(), State::Fired);
        assert_eq!(wakes.in_all(), 1);
    });
}

#[test]
fn timer_turn_against_turn() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        // One slot, which one of them begins to empty, and the other, at a later time, may go on with.
        let start = 1 << 18;
        let entries =
            [start + 40, start + 50, start + 74].map(|ticks| house.armed(ticks, waker.clone()));
        drop(waker);
        let turner = house.turn(start + 40);
        let mine = house.wheel.turn(house.at(start + 69));
        assert_eq!(mine + turner.join().unwrap(), 2);
        assert_eq!(entries[1].state(), State::Fired);
        assert_eq!(entries[2].state(), State::Armed);
        assert_eq!(house.wheel.next_deadline(), Some(house.at(start + 74)));
        drop(entries);
        assert_eq!(house.wheel.next_deadline(), None);
        assert_eq!(wakes.in_all(), 2);
    });
}

#[test]
fn timer_arm_against_close() {
    model(|| {
        let house = House::new();
        let (wakes, waker) = Wakes::new();
        let wheel = Arc::clone(&house.wheel);
        let closer = thread::spawn(move || wheel.close());
        let mut entry = Box::pin(Entry::new());
        entry
            .as_mut()
            .arm(Some(Arc::clone(&house.wheel)), house.at(10), waker);
        closer.join().unwrap();
        assert_eq!(entry.state(), State::Closed);
        assert_eq!(wakes.in_all(), 1);
        assert_eq!(house.wheel.next_deadline(), None);
    });
}

#[test]
fn timer_arm_against_going_to_sleep() {
    model(|| {
        let origin = Clock::default().now();
        let asleep = Arc::new(AtomicBool::new(false));
        let roused = Arc::new(AtomicBool::new(false));
        let shared = {
            let (asleep, roused) = (Arc::clone(&asleep), Arc::clone(&roused));
            let rouse = move || roused.store(asleep.load(Relaxed), Relaxed);
            Wheel::new_shared(origin, Clock::default(), Box::new(rouse))
        };
        let sleeper = {
            let (asleep, shared) = (Arc::clone(&asleep), Arc::clone(&shared));
            thread::spawn(move || {
                asleep.store(true, Relaxed);
                fence(SeqCst);
                shared.next_deadline()
            })
        };
        let deadline = origin + Duration::from_nanos(10);
        let mut entry = Box::pin(Entry::new());
        entry
            .as_mut()
            .arm(Some(Arc::clone(&shared)), deadline, Waker::noop().clone());
        // It sleeps until the deadline, or has been told to look again.
        let until = sleeper.join().unwrap();
        assert!(until == Some(deadline) || roused.load(Relaxed));
        drop(entry);
        // `rouse` goes with its wheel.
        drop(shared);
    });
}
