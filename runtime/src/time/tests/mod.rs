//! The timers by themselves: wheels that are turned by hand, at made-up times, and wakers that count.

mod limits;
mod sleep;
mod wheel;

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
