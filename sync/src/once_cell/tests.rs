//! What the docs of `OnceCell` say, case by case.
#![forbid(unsafe_code)]

use super::{OnceCell, SetError};
use crate::counting_waker::CountingWaker;
use futures_lite::future::{block_on, pending};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;

#[test]
fn one_makes_the_value_and_the_others_wait_for_it() {
    let cell = OnceCell::new();
    let waker = CountingWaker::new();
    let go = Cell::new(false);
    let make = || {
        std::future::poll_fn(|_| {
            if go.get() {
                Poll::Ready(5)
            } else {
                Poll::Pending
            }
        })
    };
    let mut first = pin!(cell.get_or_init(make));
    let mut second = pin!(cell.get_or_init(|| async { panic!("nobody asked") }));
    waker.enter(|cx| {
        assert!(first.as_mut().poll(cx).is_pending());
        assert!(second.as_mut().poll(cx).is_pending());
        assert_eq!(cell.set(6), Err(SetError::InitializingError(6)));
        go.set(true);
        assert_eq!(first.as_mut().poll(cx), Poll::Ready(&5));
        assert_eq!(waker.woken(), 1);
        assert_eq!(second.as_mut().poll(cx), Poll::Ready(&5));
    });
    assert_eq!(cell.set(6), Err(SetError::AlreadyInitializedError(6)));
}

#[test]
fn who_fails_panics_or_gives_up_lets_the_next_try() {
    let cell = OnceCell::new();
    assert_eq!(block_on(cell.get_or_try_init(|| async { Err(1) })), Err(1));
    let panics = || block_on(cell.get_or_init(|| async { panic!("in the middle") }));
    assert!(catch_unwind(AssertUnwindSafe(|| _ = panics())).is_err());
    let waker = CountingWaker::new();
    let mut gives_up = Box::pin(cell.get_or_init(pending));
    let mut next = pin!(cell.get_or_init(|| async { 7 }));
    waker.enter(|cx| {
        assert!(gives_up.as_mut().poll(cx).is_pending());
        assert!(next.as_mut().poll(cx).is_pending());
        drop(gives_up);
        assert_eq!(waker.woken(), 1);
        assert_eq!(next.poll(cx), Poll::Ready(&7));
    });
}

#[test]
fn a_waker_that_panics_costs_no_value() {
    let cell = OnceCell::new();
    let panics = CountingWaker::panicking();
    let mut make = Box::pin(cell.get_or_init(pending));
    let mut waits = pin!(cell.get_or_init(|| async { 2 }));
    panics.enter(|cx| {
        assert!(make.as_mut().poll(cx).is_pending());
        assert!(waits.as_mut().poll(cx).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(make))).is_err());
        assert_eq!(waits.poll(cx), Poll::Ready(&2));
    });
    assert!(panics.is_released());
}

#[test]
fn values_are_dropped_once() {
    let value = Arc::new(());
    let mut cell = OnceCell::from(Arc::clone(&value));
    assert!(cell.set(Arc::clone(&value)).is_err());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(cell.clone());
    assert!(cell.take().is_some() && cell.take().is_none());
    assert!(cell.set(Arc::clone(&value)).is_ok());
    assert!(cell.get_mut().is_some() && cell == cell.clone());
    assert!(cell.into_inner().is_some());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn stress() {
    for _ in 0..500 {
        let (cell, made) = (OnceCell::new(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for n in 0..4 {
                let (cell, made) = (&cell, &made);
                scope.spawn(move || {
                    let value = block_on(cell.get_or_init(|| async {
                        made.fetch_add(1, Relaxed);
                        n
                    }));
                    assert_eq!(Some(value), cell.get());
                });
            }
        });
        assert_eq!(made.load(Relaxed), 1);
    }
}
