//! What the docs of `Event` say, case by case.
#![forbid(unsafe_code)]

use super::Event;
use crate::coop::{self, Budget};
use crate::counting_waker::CountingWaker;
use crate::wait_list::BATCH;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

#[test]
fn all_that_wait_go_on_and_those_that_come_later() {
    let event = Event::new();
    let waker = CountingWaker::new();
    let mut waits: Vec<_> = (0..2 * BATCH).map(|_| Box::pin(event.wait())).collect();
    waker.enter(|cx| {
        assert!(
            waits
                .iter_mut()
                .all(|wait| wait.as_mut().poll(cx).is_pending())
        );
        event.set();
        event.set();
        assert_eq!(waker.woken(), 2 * BATCH);
        assert!(
            waits
                .iter_mut()
                .all(|wait| wait.as_mut().poll(cx).is_ready())
        );
        assert!(pin!(event.wait()).poll(cx).is_ready());
    });
}

#[test]
fn cleared_it_lets_those_go_who_waited_and_nobody_else() {
    let event = Event::new();
    let waker = CountingWaker::new();
    let mut wait = pin!(event.wait());
    waker.enter(|cx| {
        assert!(wait.as_mut().poll(cx).is_pending());
        event.set();
        event.clear();
        event.clear();
        assert!(!event.is_set());
        let mut later = pin!(event.wait());
        assert!(later.as_mut().poll(cx).is_pending());
        assert!(wait.poll(cx).is_ready());
        assert!(later.as_mut().poll(cx).is_pending());
        event.set();
        assert!(later.poll(cx).is_ready());
    });
    assert!(waker.is_released());
}

#[test]
fn a_waker_that_panics_stops_nobody() {
    let event = Event::new();
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let (mut first, mut second) = (pin!(event.wait()), pin!(event.wait()));
    assert!(panics.enter(|cx| first.as_mut().poll(cx)).is_pending());
    assert!(counts.enter(|cx| second.as_mut().poll(cx)).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| event.set())).is_err());
    assert!(event.is_set() && counts.woken() == 1);
    assert!(panics.enter(|cx| first.poll(cx)).is_ready());
}

#[test]
fn it_spends_the_budget() {
    let event = Event::new();
    event.set();
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(1), || {
        waker.enter(|cx| {
            assert!(pin!(event.wait()).poll(cx).is_ready());
            assert!(pin!(event.wait()).poll(cx).is_pending());
        });
    });
    assert_eq!(waker.woken(), 1);
}

/// Also who has none left is among those that wait when it is set.
#[test]
fn it_waits_without_a_budget() {
    let event = Event::new();
    let waker = CountingWaker::new();
    let mut wait = pin!(event.wait());
    coop::with_budget(Budget::new(1), || {
        waker.enter(|cx| {
            assert!(pin!(coop::consume_budget()).poll(cx).is_ready());
            assert!(wait.as_mut().poll(cx).is_pending());
        });
    });
    event.set();
    event.clear();
    assert!(waker.enter(|cx| wait.poll(cx)).is_ready());
}

/// Who has set it is slow to wake those that waited: it has been cleared since, and they wait anew.
#[test]
fn a_late_wake_ends_no_wait() {
    let event = Event::new();
    let waker = CountingWaker::new();
    let mut wait = pin!(event.wait());
    assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
    event.set.notify_waiters();
    assert_eq!(waker.woken(), 1);
    assert!(waker.enter(|cx| wait.as_mut().poll(cx)).is_pending());
    event.set();
    event.clear();
    assert_eq!(waker.woken(), 2);
    assert!(waker.enter(|cx| wait.poll(cx)).is_ready());
}
