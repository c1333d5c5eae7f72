//! The timers by themselves: wheels that are turned by hand, at made-up times, and wakers that count.

use super::entry::{Entry, State};
use super::error::Elapsed;
use super::slots::NEVER;
use super::*;
use futures_core::Stream;
use heist_sync::coop::{self, Budget};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};

assert_impl_all!(Instant: Send, Sync, Unpin, Copy, std::hash::Hash, Ord);
assert_impl_all!(Sleep: Send, Sync, Future<Output = ()>);
assert_not_impl_any!(Sleep: Unpin);
assert_impl_all!(Interval: Send, Sync, Unpin);
assert_impl_all!(IntervalStream: Send, Sync, Unpin, Stream<Item = Instant>);
assert_impl_all!(MissedTickBehavior: Send, Sync, Unpin);
assert_impl_all!(Elapsed: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(Timeout<std::future::Ready<()>>: Send, Sync);
assert_impl_all!(Timeout<std::future::Ready<Cell<()>>>: Send);
assert_not_impl_any!(Timeout<std::future::Ready<Cell<()>>>: Sync, Unpin);
assert_not_impl_any!(Timeout<std::future::Ready<Rc<()>>>: Send, Sync);
assert_impl_all!(Timers: Send, Sync);
assert_impl_all!(Wheel: Send, Sync);
assert_not_impl_any!(Entered: Send, Sync);
// An armed timer is to cost 128 bytes at most.
#[cfg(not(feature = "tracing"))]
static_assertions::const_assert!(size_of::<Sleep>() <= 96);

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Wakes {
    fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::<Self>::default();
        (Arc::clone(&wakes), wakes.into())
    }

    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A waker that does something.
struct Act<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Act<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn on_wake(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Arc::new(Act(f)).into()
}

/// Timers for two workers.
fn timers() -> Timers {
    Timers::new(2, Clock::default(), Box::new(|| ()))
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls without caring for the wake.
fn poll_idly<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll(future, Waker::noop())
}

/// Polls every sleep once, which arms it.
fn arm(sleep: Sleep, waker: &Waker) -> Pin<Box<Sleep>> {
    let mut sleep = Box::pin(sleep);
    assert!(poll(sleep.as_mut(), waker).is_pending());
    sleep
}

fn message(outcome: std::thread::Result<impl Sized>) -> String {
    let panic = outcome.err().expect("it should have panicked");
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .expect("a panic with a sentence")
}

/// Marsaglia's xorshift, with a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Of any order of magnitude, up to so many bits.
    fn span(&mut self, bits: usize) -> u64 {
        let bits = self.below(bits + 1) as u32;
        self.next().checked_shr(u64::BITS - bits).unwrap_or(0)
    }
}

// Instants

#[test]
fn instants_convert_and_saturate() {
    let now = Instant::now();
    assert_eq!(Instant::from(std::time::Instant::from(now)), now);
    let mut later = now + MS;
    assert!(later > now);
    assert_eq!(later - now, MS);
    assert_eq!(now - later, Duration::ZERO);
    assert_eq!(now.checked_duration_since(later), None);
    later -= MS;
    assert_eq!(later, now);
    later += 2 * MS;
    assert_eq!(later - MS, now + MS);
    assert_eq!((now + HOUR).elapsed(), Duration::ZERO);
    assert!(now.saturating_add(Duration::MAX) > now + HOUR);
    let last = (0..u64::BITS).rev().fold(now, |last, bit| {
        last.checked_add(Duration::from_secs(1 << bit))
            .unwrap_or(last)
    });
    assert_eq!(last.saturating_add(Duration::MAX), last);
}

// The wheel

/// Arms, resets, cancels and turns at random, over times of all magnitudes, and compares with a sorted map.
fn against_a_model(seed: u64) {
    let mut random = Random(seed);
    // How far the time jumps.
    let stride = random.below(60);
    let origin = Instant::now();
    let wheel = Wheel::new_worker(&Wheel::new_shared(
        origin,
        Clock::default(),
        Box::new(|| ()),
    ));
    let at = |ticks| origin + Duration::from_nanos(ticks);
    let woken = Arc::new(Mutex::new(Vec::new()));

    let mut entries: Vec<Pin<Box<Entry>>> = (0..100).map(|_| Box::pin(Entry::new())).collect();
    let mut deadlines = vec![None; entries.len()];
    let mut model = BTreeMap::new();
    let mut now = 0;
    let (mut cancelled, mut vain) = (0, 0);
    for _ in 0..5_000 {
        let i = random.below(entries.len());
        match random.below(8) {
            0..=3 => {
                // Now and then in the past.
                let deadline = match random.below(8) {
                    0 => u64::saturating_sub(now, random.span(stride)),
                    _ => u64::saturating_add(now, random.span(64)),
                };
                let state = if let Some(former) = deadlines[i].replace(deadline) {
                    model.remove(&(former, i));
                    cancelled += 1;
                    entries[i].as_mut().reset(at(deadline), |_| None)
                } else {
                    let woken = Arc::clone(&woken);
                    let waker = on_wake(move || woken.lock().unwrap().push(i));
                    entries[i].as_mut().disarm();
                    let here = Arc::clone(&wheel);
                    entries[i].as_mut().arm(Some(here), at(deadline), waker)
                };
                assert_eq!(state, State::Armed);
                model.insert((deadline, i), ());
            }
            4 => {
                if let Some(former) = deadlines[i].take() {
                    model.remove(&(former, i));
                    cancelled += 1;
                }
                if random.below(2) == 0 {
                    entries[i] = Box::pin(Entry::new());
                } else {
                    entries[i].as_mut().disarm();
                }
            }
            turn => {
                let earliest = model.keys().next().map_or(NEVER, |&(deadline, _)| deadline);
                let promised = wheel.next_deadline().map_or(NEVER, |at| wheel.ticks(at));
                assert!(promised <= earliest, "it would be late");
                let former = now;
                now = match turn {
                    5 => now.saturating_add(random.span(stride)),
                    _ if promised == NEVER => now,
                    6 => now.max(promised.saturating_sub(1)),
                    _ => now.max(promised),
                };
                now = now.min(NEVER - 1);

                let later = model.split_off(&(now + 1, 0));
                let due = std::mem::replace(&mut model, later);
                assert_eq!(wheel.turn(at(now)), due.len());
                vain += usize::from(due.is_empty() && promised == now);

                let mut woken = std::mem::take(&mut *woken.lock().unwrap());
                let mut latest = 0;
                for &i in &woken {
                    assert_eq!(entries[i].state(), State::Fired);
                    let deadline = deadlines[i]
                        .take()
                        .expect("it fired twice, or never was armed");
                    // One that was past when it was armed comes first.
                    let deadline = former.max(deadline);
                    assert!(latest < deadline.saturating_add(1 << 18), "out of order");
                    latest = latest.max(deadline);
                }
                woken.sort_unstable();
                let mut expected: Vec<_> = due.into_keys().map(|(_, i)| i).collect();
                expected.sort_unstable();
                assert_eq!(woken, expected);
            }
        }
    }
    assert!(
        vain <= cancelled,
        "only a cancelled timer may cost a turn in vain"
    );
    // At the end of time all fire but those that never do.
    let due = model.keys().filter(|&&(deadline, _)| deadline < NEVER);
    assert_eq!(wheel.turn(at(NEVER)), due.count());
    assert_eq!(wheel.next_deadline(), None);
    let armed = entries.iter().filter(|entry| entry.state() == State::Armed);
    let never = model.keys().filter(|&&(deadline, _)| deadline == NEVER);
    assert_eq!(armed.count(), never.count());
}

#[test]
fn the_wheel_agrees_with_a_sorted_map() {
    for seed in 1..=40_u64 {
        against_a_model(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}

#[test]
fn nothing_fires_early_and_all_that_is_due_fires_in_one_turn() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let wheel = timers.wheel(0);
    let (wakes, waker) = Wakes::new();
    let start = Instant::now() + HOUR;
    let sleeps: Vec<_> = (0..1_000)
        .map(|i| arm(sleep_until(start + i * Duration::from_micros(100)), &waker))
        .collect();
    for sleeps in sleeps.chunks(100) {
        let (first, last) = (&sleeps[0], &sleeps[99]);
        assert_eq!(wheel.next_deadline(), Some(first.deadline()));
        assert_eq!(wheel.turn(first.deadline() - Duration::from_nanos(1)), 0);
        assert_eq!(wheel.turn(first.deadline()), 1);
        assert_eq!(wheel.turn(last.deadline()), 99);
        assert!(sleeps.iter().all(|sleep| sleep.is_elapsed()));
    }
    assert_eq!(wakes.count(), 1_000);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn a_million_armed_and_cancelled_leave_nothing() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut random = Random(7);
    let start = Instant::now() + HOUR;
    for _ in 0..10 {
        let sleeps: Vec<_> = (0..100_000)
            .map(|_| {
                let ahead = Duration::from_nanos(random.next() >> 8);
                arm(sleep_until(start + ahead), &waker)
            })
            .collect();
        assert!(timers.wheel(0).next_deadline() >= Some(start));
        assert_eq!(Arc::strong_count(&wakes), 2 + sleeps.len());
        drop(sleeps);
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert_eq!(Arc::strong_count(&wakes), 2);
    }
    assert_eq!(timers.wheel(0).turn(start + 1_000_000 * HOUR), 0);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_waker_that_panics_is_not_the_loss_of_the_others() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    // What it panics with panics too, when it is dropped.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a payload's drop, on purpose");
        }
    }
    let panics = on_wake(|| std::panic::panic_any(Bomb));
    let deadline = Instant::now() + HOUR;
    let sleeps: Vec<_> = (0..100)
        .map(|i| {
            arm(
                sleep_until(deadline),
                if i % 10 == 0 { &panics } else { &waker },
            )
        })
        .collect();
    assert_eq!(timers.wheel(0).turn(deadline), 100);
    assert_eq!(wakes.count(), 90);
    assert!(sleeps.iter().all(|sleep| sleep.is_elapsed()));
}

/// No lock is held while a waker is called (tokio's `drop_from_wake`).
#[test]
fn a_waker_may_drop_arm_and_turn() {
    let timers = Arc::new(timers());
    let _entered = timers.enter(Some(0));
    let deadline = Instant::now() + HOUR;
    let sleeps = Arc::new(Mutex::new(Vec::new()));
    let waker = {
        let (timers, sleeps) = (Arc::clone(&timers), Arc::clone(&sleeps));
        on_wake(move || {
            let former = std::mem::take(&mut *sleeps.lock().unwrap());
            drop(former);
            timers.wheel(0).turn(deadline);
            let next = arm(sleep_until(deadline + HOUR), Waker::noop());
            sleeps.lock().unwrap().push(next);
        })
    };
    let armed = (0..100).map(|_| arm(sleep_until(deadline), &waker));
    *sleeps.lock().unwrap() = armed.collect();
    let fired = timers.wheel(0).turn(deadline);
    // Those that were not in the first batch, the first waker has dropped.
    assert!((1..100).contains(&fired));
    assert_eq!(timers.wheel(0).next_deadline(), Some(deadline + HOUR));
    sleeps.lock().unwrap().clear();
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

/// No lock is held while a waker is dropped (tokio's `drop_from_waker_drop`).
#[test]
fn a_waker_may_own_a_sleep_of_the_same_wheel() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let owned = Mutex::new(Some(arm(sleep(HOUR), Waker::noop())));
    let waker = on_wake(move || drop(owned.lock().unwrap().take()));
    let mut sleep = arm(sleep(2 * HOUR), &waker);
    drop(waker);
    // The waker goes, replaced by another, and its sleep with it.
    assert!(poll(sleep.as_mut(), &Wakes::new().1).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(sleep.deadline()));
}

/// Timers are armed, moved between two wheels and dropped by three threads, all of which turn both wheels: each that
/// is waited for wakes, and none more often than it was armed.
#[test]
fn stress() {
    let timers = timers();
    let origin = Instant::now() + HOUR;
    let at = move |ticks| origin + Duration::from_nanos(ticks);
    let time = AtomicU64::new(0);
    let turn = || {
        let now = at(time.fetch_add(50_000, SeqCst));
        timers.wheel(0).turn(now);
        timers.wheel(1).turn(now);
    };
    let work = |seed| {
        let mut random = Random(seed);
        for _ in 0..10_000 {
            let (wakes, waker) = Wakes::new();
            let ahead = |random: &mut Random| at(time.load(SeqCst) + random.next() % 2_000_000);
            let here = timers.enter(Some(random.below(2)));
            let mut sleep = arm(sleep_until(ahead(&mut random)), &waker);
            let moves = random.below(3);
            for _ in 0..moves {
                let there = timers.enter(Some(random.below(2)));
                sleep.as_mut().reset(ahead(&mut random));
                let _ = poll(sleep.as_mut(), &waker);
                drop(there);
            }
            if random.below(4) > 0 {
                while wakes.count() == 0 || !sleep.is_elapsed() {
                    turn();
                }
            }
            drop((sleep, here, waker));
            while Arc::strong_count(&wakes) > 1 {
                // Its wake is under way.
                std::thread::yield_now();
            }
            assert!(wakes.count() <= 1 + moves);
        }
    };
    std::thread::scope(|scope| {
        for seed in 1..=3 {
            let work = &work;
            scope.spawn(move || work(seed));
        }
    });
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(1).next_deadline(), None);
}

// Sleep

#[test]
fn a_past_deadline_is_ready_and_never_registered() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let now = Instant::now();
    for past in [now, now - MS, now.checked_sub(HOUR).unwrap_or(now)] {
        let mut sleep = pin!(sleep_until(past));
        assert!(!sleep.is_elapsed());
        assert!(poll_idly(sleep.as_mut()).is_ready());
        assert!(sleep.is_elapsed());
        // Also when it is asked again.
        assert!(poll_idly(sleep.as_mut()).is_ready());
    }
    assert!(poll_idly(pin!(sleep(Duration::ZERO))).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

/// Also one that was to come when it was made.
#[test]
fn a_deadline_that_has_come_before_the_first_poll() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut sleep = pin!(sleep(Duration::from_nanos(1)));
    let mut timeout = pin!(timeout(Duration::from_nanos(1), pending::<()>()));
    let deadline = Instant::now() + Duration::from_nanos(1);
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    assert!(poll_idly(sleep.as_mut()).is_ready());
    assert!(poll_idly(timeout.as_mut()).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

#[test]
fn it_is_armed_by_its_first_poll_where_that_happens() {
    let timers = timers();
    let mut sleep = pin!(sleep(HOUR));
    let deadline = sleep.deadline();
    assert!(deadline > Instant::now() && !sleep.is_elapsed());
    assert_eq!(timers.wheel(1).next_deadline(), None);
    {
        let _entered = timers.enter(Some(1));
        assert!(poll_idly(sleep.as_mut()).is_pending());
    }
    assert_eq!(timers.wheel(1).next_deadline(), Some(deadline));
    // From then on it needs nothing of the thread.
    let (wakes, waker) = Wakes::new();
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert_eq!(timers.wheel(1).turn(deadline), 1);
    assert_eq!(wakes.count(), 1);
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn the_last_waker_is_woken_and_the_former_dropped() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let ((first, first_waker), (second, second_waker)) = (Wakes::new(), Wakes::new());
    let mut sleep = arm(sleep(HOUR), &first_waker);
    assert!(poll(sleep.as_mut(), &first_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 3);
    assert!(poll(sleep.as_mut(), &second_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 2);
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(Arc::strong_count(&second), 2);
}

#[test]
fn the_longest_durations_never_end() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let years = |n: u64| Duration::from_secs(n * 365 * 24 * 3_600);
    let sleeps = [Duration::MAX, years(1_000), Duration::from_secs(u64::MAX)];
    let sleeps = sleeps.map(|duration| arm(sleep(duration), &waker));
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(0).turn(Instant::now() + years(2_000)), 0);
    // The wheel goes on.
    let soon = arm(sleep_until(Instant::now() + years(3)), &waker);
    assert_eq!(timers.wheel(0).turn(soon.deadline()), 1);
    assert!(!sleeps.iter().any(|sleep| sleep.is_elapsed()));
    drop(sleeps);
    assert_eq!(Arc::strong_count(&wakes), 2);
}

#[test]
fn reset_moves_the_deadline_both_ways() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let wheel = timers.wheel(0);
    let (wakes, waker) = Wakes::new();
    let mut sleep = arm(sleep(2 * HOUR), &waker);
    for deadline in [HOUR, 3 * HOUR].map(|duration| Instant::now() + duration) {
        sleep.as_mut().reset(deadline);
        assert_eq!(sleep.deadline(), deadline);
        assert_eq!(wheel.next_deadline(), Some(deadline));
    }
    assert_eq!(wheel.turn(sleep.deadline() - MS), 0);
    // The task is woken though it has not polled since.
    assert_eq!(wheel.turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn reset_to_the_past_is_ready_at_the_next_poll() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut sleep = arm(sleep(HOUR), Waker::noop());
    sleep.as_mut().reset(Instant::now() - MS);
    assert!(poll_idly(sleep.as_mut()).is_ready());
    assert_eq!(timers.wheel(0).next_deadline(), None);
    // And if it isn't polled, the wheel wakes it.
    let (wakes, waker) = Wakes::new();
    let mut sleep = arm(super::sleep(HOUR), &waker);
    sleep.as_mut().reset(Instant::now() - MS);
    assert_eq!(timers.wheel(0).turn(Instant::now()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn reset_begins_anew_in_any_state() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut sleep = Box::pin(sleep(HOUR));
    for n in 1..=3 {
        // Never polled, or fired.
        sleep.as_mut().reset(Instant::now() + n * HOUR);
        assert!(!sleep.is_elapsed());
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
        assert_eq!(wakes.count(), n as usize);
    }
}

#[test]
fn once_fired_it_is_armed_again_wherever_it_is_polled() {
    let timers = timers();
    let mut sleep = Box::pin(sleep(HOUR));
    let (wakes, waker) = Wakes::new();
    for (n, worker) in [Some(0), Some(0), Some(1), None, None]
        .into_iter()
        .enumerate()
    {
        let _entered = timers.enter(worker);
        let wheel = worker.map_or(timers.shared(), |worker| timers.wheel(worker));
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        assert_eq!(wheel.turn(sleep.deadline()), 1);
        assert_eq!(wakes.count(), n + 1);
        let deadline = sleep.deadline() + HOUR;
        sleep.as_mut().reset(deadline);
    }
}

#[test]
fn reset_elsewhere_moves_it_to_the_wheel_of_that_thread() {
    let rouses = Arc::new(AtomicUsize::new(0));
    let roused = Arc::clone(&rouses);
    let rouse = move || _ = roused.fetch_add(1, Relaxed);
    let timers = Timers::new(2, Clock::default(), Box::new(rouse));
    let (wakes, waker) = Wakes::new();
    let mut sleep = {
        let _entered = timers.enter(Some(0));
        arm(sleep(2 * HOUR), &waker)
    };
    {
        let _entered = timers.enter(Some(1));
        sleep.as_mut().reset(Instant::now() + HOUR);
    }
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(1).next_deadline(), Some(sleep.deadline()));
    assert_eq!(rouses.load(Relaxed), 0);
    // A thread without a wheel: whoever sleeps must hear of it.
    sleep.as_mut().reset(Instant::now() + 3 * HOUR);
    assert_eq!(timers.wheel(1).next_deadline(), None);
    assert_eq!(timers.shared().next_deadline(), Some(sleep.deadline()));
    assert_eq!(rouses.load(Relaxed), 1);
    assert_eq!(timers.shared().turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn only_an_earlier_deadline_on_the_shared_wheel_rouses() {
    let rouses = Arc::new(AtomicUsize::new(0));
    let roused = Arc::clone(&rouses);
    let rouse = move || _ = roused.fetch_add(1, Relaxed);
    let timers = Timers::new(1, Clock::default(), Box::new(rouse));
    let _entered = timers.enter(None);
    let count = || rouses.load(Relaxed);

    let first = arm(sleep(2 * HOUR), Waker::noop());
    assert_eq!(count(), 1);
    let later = arm(sleep(3 * HOUR), Waker::noop());
    let never = arm(sleep(Duration::MAX), Waker::noop());
    assert_eq!(count(), 1);
    let earlier = arm(sleep(HOUR), Waker::noop());
    assert_eq!(count(), 2);
    drop((earlier, first, never));
    assert_eq!(timers.shared().turn(later.deadline()), 1);
    assert_eq!(count(), 2);

    let _inner = timers.enter(Some(0));
    let worker = arm(sleep(HOUR), Waker::noop());
    assert_eq!(timers.wheel(0).next_deadline(), Some(worker.deadline()));
    assert_eq!(count(), 2);
}

#[test]
fn dropped_in_any_state_it_leaves_nothing() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let gone = || {
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert_eq!(Arc::strong_count(&wakes), 2);
    };
    drop(Box::pin(sleep(HOUR)));
    gone();
    drop(arm(sleep(HOUR), &waker));
    gone();
    let fired = arm(sleep(HOUR), &waker);
    assert_eq!(timers.wheel(0).turn(fired.deadline()), 1);
    drop(fired);
    gone();
    // On another thread than it was armed on.
    let armed = arm(sleep(HOUR), &waker);
    std::thread::scope(|scope| scope.spawn(|| drop(armed)).join().unwrap());
    gone();
    let closed = arm(sleep(HOUR), &waker);
    timers.shutdown();
    drop(closed);
    gone();
    assert_eq!(wakes.count(), 2);
}

#[test]
fn a_panic_in_a_wakers_clone_leaves_the_timer_sound() {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| panic!("a waker's clone, on purpose"),
        |_| (),
        |_| (),
        |_| (),
    );
    // SAFETY: its functions use no data.
    let panics = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut sleep = Box::pin(sleep(HOUR));

    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &panics))).is_err());
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &panics))).is_err());
    // The former stays.
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn a_panic_in_a_wakers_drop_leaves_the_timer_sound() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a waker's drop, on purpose");
        }
    }
    let timers = timers();
    let _entered = timers.enter(Some(0));
    // Armed with the last reference to its waker.
    let armed = || {
        let waker = Waker::from(Arc::new(Bomb));
        arm(sleep(HOUR), &waker)
    };
    let sleep = armed();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(sleep))).is_err());
    assert_eq!(timers.wheel(0).next_deadline(), None);

    let (wakes, waker) = Wakes::new();
    let mut sleep = armed();
    assert!(catch_unwind(AssertUnwindSafe(|| poll(sleep.as_mut(), &waker))).is_err());
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
    assert_eq!(wakes.count(), 1);

    let mut sleep = armed();
    sleep.as_mut().reset(Instant::now());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut()))).is_err());
    assert!(sleep.is_elapsed());
    assert_eq!(timers.wheel(0).next_deadline(), None);

    let sleep = armed();
    assert_eq!(timers.wheel(0).turn(sleep.deadline()), 1);
}

#[test]
fn without_a_runtime_a_poll_says_what_to_do() {
    for sleep in [sleep(HOUR), sleep(Duration::ZERO)] {
        let mut sleep = Box::pin(sleep);
        let outcome = catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut())));
        let message = message(outcome);
        assert!(
            message.starts_with("there is no heist runtime on this thread"),
            "{message}"
        );
        assert!(message.contains("heist::run"), "{message}");
        // In one, it works then.
        let timers = timers();
        let _entered = timers.enter(None);
        let _ = poll_idly(sleep.as_mut());
    }
}

#[test]
fn entering_nests() {
    let (outer, inner) = (timers(), timers());
    let _outer = outer.enter(Some(0));
    {
        let _inner = inner.enter(None);
        let sleep = arm(sleep(HOUR), Waker::noop());
        assert_eq!(inner.shared().next_deadline(), Some(sleep.deadline()));
    }
    let sleep = arm(sleep(HOUR), Waker::noop());
    assert_eq!(outer.wheel(0).next_deadline(), Some(sleep.deadline()));
}

#[test]
fn shutdown_wakes_all_and_a_poll_says_why() {
    let timers = timers();
    let (wakes, waker) = Wakes::new();
    let on_worker = timers.enter(Some(0));
    let mut sleeps: Vec<_> = (0..100).map(|_| arm(sleep(HOUR), &waker)).collect();
    let mut fired = arm(sleep(MS), &waker);
    assert_eq!(timers.wheel(0).turn(fired.deadline()), 1);
    drop(on_worker);
    let _entered = timers.enter(None);
    sleeps.push(arm(sleep(Duration::MAX), &waker));

    timers.shutdown();
    assert_eq!(wakes.count(), 102);
    assert_eq!(timers.wheel(0).next_deadline(), None);
    sleeps.push(Box::pin(sleep(HOUR)));
    for mut sleep in sleeps {
        let message = message(catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut()))));
        assert!(message.contains("has been shut down"), "{message}");
        assert!(!sleep.is_elapsed());
    }
    // What was over stays over.
    assert!(poll_idly(fired.as_mut()).is_ready());
    // Reset, it can wait on another runtime.
    let other = self::timers();
    let _other = other.enter(Some(1));
    let mut sleep = fired;
    sleep.as_mut().reset(Instant::now() + HOUR);
    assert!(poll_idly(sleep.as_mut()).is_pending());
    assert_eq!(other.wheel(1).turn(sleep.deadline()), 1);
}

#[test]
fn reset_onto_a_closed_wheel_wakes() {
    let (closed, open) = (timers(), timers());
    closed.shutdown();
    let (wakes, waker) = Wakes::new();
    let mut sleep = {
        let _entered = open.enter(Some(0));
        arm(sleep(HOUR), &waker)
    };
    let _entered = closed.enter(Some(0));
    sleep.as_mut().reset(Instant::now() + HOUR);
    assert_eq!(wakes.count(), 1);
    let outcome = catch_unwind(AssertUnwindSafe(|| poll_idly(sleep.as_mut())));
    assert!(message(outcome).contains("has been shut down"));
}

#[test]
fn a_sleep_that_ends_spends_budget() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    coop::with_budget(Budget::new(1), || {
        assert!(poll_idly(pin!(sleep(HOUR))).is_pending());
        assert!(coop::has_budget_remaining());
        assert!(poll_idly(pin!(sleep(Duration::ZERO))).is_ready());
        assert!(!coop::has_budget_remaining());
        let (wakes, waker) = Wakes::new();
        assert!(poll(pin!(sleep(Duration::ZERO)), &waker).is_pending());
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn it_says_what_it_is() {
    let text = format!("{:?}", sleep(HOUR));
    assert!(text.starts_with("Sleep { deadline: ") && text.ends_with("is_elapsed: false }"));
}

// Timeout

#[test]
fn a_future_that_is_ready_never_times_out() {
    // Not even here, where there is no runtime.
    assert_eq!(
        poll_idly(pin!(timeout(Duration::ZERO, ready(1)))),
        Poll::Ready(Ok(1))
    );
    let past = Instant::now() - MS;
    assert_eq!(
        poll_idly(pin!(timeout_at(past, ready(1)))),
        Poll::Ready(Ok(1))
    );
}

#[test]
fn a_future_that_is_not_times_out() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let outcome = poll_idly(pin!(timeout(Duration::ZERO, pending::<()>())));
    let Poll::Ready(Err(error)) = outcome else {
        panic!("it should be over")
    };
    assert_eq!(error.to_string(), "deadline has elapsed");
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::TimedOut
    );

    let (wakes, waker) = Wakes::new();
    let deadline = Instant::now() + HOUR;
    let mut timeout = pin!(timeout_at(deadline, pending::<()>()));
    assert!(poll(timeout.as_mut(), &waker).is_pending());
    assert_eq!(timers.wheel(0).turn(deadline), 1);
    assert_eq!(wakes.count(), 1);
    assert_eq!(
        poll(timeout.as_mut(), &waker),
        Poll::Ready(Err(Elapsed::new()))
    );
}

#[test]
fn a_time_limit_without_end_is_none() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    assert!(poll_idly(pin!(timeout(Duration::MAX, pending::<()>()))).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

#[test]
fn a_future_that_uses_up_the_budget_times_out_all_the_same() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let greedy = async {
        loop {
            coop::consume_budget().await;
        }
    };
    let mut timeout = pin!(timeout(Duration::ZERO, greedy));
    let outcome = coop::with_budget(Budget::new(8), || poll_idly(timeout.as_mut()));
    assert_eq!(outcome, Poll::Ready(Err(Elapsed::new())));
}

#[test]
fn a_timeout_gives_its_future_back() {
    let mut timeout = timeout(HOUR, ready(1));
    *timeout.get_mut() = ready(2);
    assert_eq!(format!("{:?}", timeout.get_ref()), "Ready(Some(2))");
    assert_eq!(timeout.into_inner().into_inner(), 2);
}

// Interval

fn tick(interval: &mut Interval) -> Poll<Instant> {
    interval.poll_tick(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn an_interval_ticks_at_once_and_then_in_periods() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut interval = interval(HOUR);
    assert_eq!(interval.period(), HOUR);
    let Poll::Ready(first) = tick(&mut interval) else {
        panic!("the first tick is immediate")
    };
    assert!(tick(&mut interval).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(first + HOUR));
    assert_eq!(timers.wheel(0).turn(first + HOUR), 1);
    assert_eq!(tick(&mut interval), Poll::Ready(first + HOUR));
    assert!(tick(&mut interval).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(first + 2 * HOUR));
}

#[test]
fn missed_ticks_are_caught_up_delayed_or_skipped() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let period = Duration::from_secs(10);
    // Two and a half periods ago.
    let start = Instant::now() - 25 * Duration::from_secs(1);
    let ticks = |behavior| {
        let mut interval = interval_at(start, period);
        assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
        interval.set_missed_tick_behavior(behavior);
        let mut ticks = Vec::new();
        while let Poll::Ready(due) = tick(&mut interval) {
            ticks.push(due);
        }
        (ticks, timers.wheel(0).next_deadline().unwrap())
    };
    let before = Instant::now();
    let (caught_up, next) = ticks(MissedTickBehavior::Burst);
    assert_eq!(caught_up, [0, 1, 2].map(|n| start + n * period));
    assert_eq!(next, start + 3 * period);
    let (delayed, next) = ticks(MissedTickBehavior::Delay);
    assert_eq!(delayed, [start]);
    assert!(next >= before + period);
    let (skipped, next) = ticks(MissedTickBehavior::Skip);
    assert_eq!(skipped, [start]);
    assert_eq!(next, start + 3 * period);
}

#[test]
fn an_interval_can_be_reset() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let mut interval = interval(HOUR);
    assert!(tick(&mut interval).is_ready());
    let at = |interval: &mut Interval| {
        assert!(tick(interval).is_pending());
        timers.wheel(0).next_deadline().unwrap()
    };
    let now = Instant::now();
    interval.reset();
    assert!(at(&mut interval) >= now + HOUR);
    interval.reset_after(2 * HOUR);
    assert!(at(&mut interval) >= now + 2 * HOUR);
    interval.reset_at(now + 4 * HOUR);
    assert_eq!(at(&mut interval), now + 4 * HOUR);
    interval.reset_after(Duration::MAX);
    assert!(tick(&mut interval).is_pending());
    interval.reset_immediately();
    assert!(tick(&mut interval).is_ready());
}

#[test]
fn an_interval_as_a_stream_ticks_as_it_does() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let start = Instant::now();
    let period = Duration::from_secs(1);
    let mut ticks = interval_at(start, period).into_stream();
    let next = |ticks: &mut IntervalStream| {
        let cx = &mut Context::from_waker(Waker::noop());
        Pin::new(ticks).poll_next(cx)
    };
    assert_eq!(next(&mut ticks), Poll::Ready(Some(start)));
    assert!(next(&mut ticks).is_pending());
    assert_eq!(ticks.size_hint(), (usize::MAX, None));

    // What is done to the interval in it, it does.
    let past = start - period / 1_000;
    ticks.as_mut().reset_at(past);
    assert_eq!(next(&mut ticks), Poll::Ready(Some(past)));
    assert!(next(&mut ticks).is_pending());
    assert_eq!(ticks.as_ref().period(), period);

    // And given back, it goes on from there.
    let mut interval = ticks.into_inner();
    assert!(tick(&mut interval).is_pending());
    assert_eq!(interval.period(), period);
}

#[test]
fn the_longest_period_never_comes_round() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        let mut interval = interval_at(Instant::now() - HOUR, Duration::MAX);
        interval.set_missed_tick_behavior(behavior);
        assert!(tick(&mut interval).is_ready());
        assert!(tick(&mut interval).is_pending());
        interval.reset();
        assert!(tick(&mut interval).is_pending());
        assert_eq!(timers.wheel(0).next_deadline(), None);
    }
}

#[test]
fn a_period_of_zero_is_refused() {
    let outcome = catch_unwind(|| interval(Duration::ZERO));
    assert!(message(outcome).contains("must not be zero"));
}
