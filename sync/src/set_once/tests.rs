//! What the docs of `SetOnce` say, case by case.
#![forbid(unsafe_code)]

use super::{SetOnce, SetOnceError};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

#[test]
fn all_that_wait_are_told() {
    let cell = SetOnce::new();
    let waker = CountingWaker::new();
    let (mut first, mut second) = (pin!(cell.wait()), pin!(cell.wait()));
    let mut gives_up = Box::pin(cell.wait());
    waker.enter(|cx| {
        assert!(first.as_mut().poll(cx).is_pending());
        assert!(second.as_mut().poll(cx).is_pending());
        assert!(gives_up.as_mut().poll(cx).is_pending());
        drop(gives_up);
        assert_eq!(cell.set(5), Ok(()));
        assert_eq!(waker.woken(), 2);
        assert_eq!(first.poll(cx), Poll::Ready(&5));
        assert_eq!(second.poll(cx), Poll::Ready(&5));
    });
    assert_eq!(cell.set(6), Err(SetOnceError(6)));
    assert_eq!(block_on(cell.wait()), &5);
}

#[test]
fn a_waker_that_panics_costs_no_value() {
    let cell = SetOnce::new();
    let panics = CountingWaker::panicking();
    let mut waits = pin!(cell.wait());
    panics.enter(|cx| {
        assert!(waits.as_mut().poll(cx).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| cell.set(1))).is_err());
        assert_eq!(waits.poll(cx), Poll::Ready(&1));
    });
}

#[test]
fn values_are_dropped_once() {
    let value = Arc::new(());
    let cell = SetOnce::from(Arc::clone(&value));
    assert!(cell.set(Arc::clone(&value)).is_err());
    assert!(cell.initialized() && cell == cell.clone());
    assert_eq!(Arc::strong_count(&value), 2);
    assert!(cell.into_inner().is_some());
    assert_eq!(Arc::strong_count(&value), 1);
    assert_eq!(SetOnce::<u8>::default().into_inner(), None);
}

#[test]
fn stress() {
    for _ in 0..500 {
        let cell = SetOnce::new();
        let set = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert_eq!(Some(block_on(cell.wait())), cell.get()));
            }
            let others = [1, 2].map(|n| {
                let cell = &cell;
                scope.spawn(move || cell.set(n).is_ok())
            });
            others.map(|other| other.join().unwrap())
        });
        assert!(set == [true, false] || set == [false, true]);
    }
}
