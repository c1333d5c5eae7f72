//! What the docs of `Barrier` say, case by case.
#![forbid(unsafe_code)]

use super::Barrier;
use crate::coop::{self, Budget};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

#[test]
fn all_go_on_together_with_one_leader_and_again() {
    let barrier = Barrier::new(3);
    let waker = CountingWaker::new();
    for _ in 0..3 {
        let (mut first, mut second) = (pin!(barrier.wait()), pin!(barrier.wait()));
        waker.enter(|cx| {
            for _ in 0..2 {
                assert!(first.as_mut().poll(cx).is_pending());
                assert!(second.as_mut().poll(cx).is_pending());
            }
            let leads =
                |poll: Poll<super::BarrierWaitResult>| poll.map(|result| result.is_leader());
            assert_eq!(leads(pin!(barrier.wait()).poll(cx)), Poll::Ready(true));
            assert_eq!(leads(first.poll(cx)), Poll::Ready(false));
            assert_eq!(leads(second.poll(cx)), Poll::Ready(false));
        });
    }
    assert_eq!(waker.woken(), 6);
    assert!(waker.is_released());
}

#[test]
fn one_that_gives_up_is_counted_no_more() {
    let barrier = Barrier::new(2);
    let waker = CountingWaker::new();
    let mut gives_up = Box::pin(barrier.wait());
    let mut stays = pin!(barrier.wait());
    waker.enter(|cx| {
        assert!(gives_up.as_mut().poll(cx).is_pending());
        drop(gives_up);
        assert!(stays.as_mut().poll(cx).is_pending());
        // One that is not told yet that the round is over was in it.
        let mut told_late = Box::pin(barrier.wait());
        assert!(told_late.as_mut().poll(cx).is_ready());
        drop(told_late);
        assert!(stays.poll(cx).is_ready());
        assert!(pin!(barrier.wait()).poll(cx).is_pending());
    });
}

#[test]
fn one_that_was_in_a_round_and_was_not_told_is_not_counted_out_of_the_next() {
    let barrier = Barrier::new(2);
    let waker = CountingWaker::new();
    waker.enter(|cx| {
        let mut not_told = Box::pin(barrier.wait());
        assert!(not_told.as_mut().poll(cx).is_pending());
        assert!(pin!(barrier.wait()).poll(cx).is_ready());
        let mut next = pin!(barrier.wait());
        assert!(next.as_mut().poll(cx).is_pending());
        drop(not_told);
        assert!(pin!(barrier.wait()).poll(cx).is_ready());
        assert!(next.poll(cx).is_ready());
    });
}

#[test]
fn nobody_waits_for_none() {
    assert!(block_on(Barrier::new(0).wait()).is_leader());
}

#[test]
fn a_waker_that_panics_ends_the_round_all_the_same() {
    let barrier = Barrier::new(3);
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let (mut first, mut second) = (pin!(barrier.wait()), pin!(barrier.wait()));
    assert!(panics.enter(|cx| first.as_mut().poll(cx)).is_pending());
    assert!(counts.enter(|cx| second.as_mut().poll(cx)).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(barrier.wait()))).is_err());
    assert_eq!(counts.woken(), 1);
    assert!(panics.enter(|cx| first.poll(cx)).is_ready());
    assert!(counts.enter(|cx| second.poll(cx)).is_ready());
}

#[test]
fn it_spends_the_budget() {
    let barrier = Barrier::new(1);
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(1), || {
        waker.enter(|cx| {
            assert!(pin!(barrier.wait()).poll(cx).is_ready());
            assert!(pin!(barrier.wait()).poll(cx).is_pending());
        });
    });
}

#[test]
fn stress() {
    const ROUNDS: usize = 2_000;
    let (barrier, leaders) = (Barrier::new(4), AtomicUsize::new(0));
    let rounds = [(); 4].map(|()| AtomicUsize::new(0));
    thread::scope(|scope| {
        for me in 0..4 {
            let (barrier, leaders, rounds) = (&barrier, &leaders, &rounds);
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    rounds[me].store(round, Relaxed);
                    if block_on(barrier.wait()).is_leader() {
                        leaders.fetch_add(1, Relaxed);
                    }
                    for other in rounds {
                        let other = other.load(Relaxed);
                        assert!(other == round || other == round + 1);
                    }
                }
            });
        }
    });
    assert_eq!(leaders.load(Relaxed), ROUNDS);
}
