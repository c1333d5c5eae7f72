//! The models of `Barrier`; what is below it has its own.
#![forbid(unsafe_code)]

use super::Barrier;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::Relaxed;
use crate::loom::{model, thread};
use std::pin::Pin;
use std::sync::Arc;

/// Each round ends for both, with one leader, and each sees what the other did before; also where the leader of the round
/// before is slow to tell.
#[test]
fn round_against_round() {
    model(|| {
        let shared = Arc::new((Barrier::new(2), [(); 2].map(|()| AtomicUsize::new(0))));
        let work = |shared: &(Barrier, [AtomicUsize; 2]), me: usize| {
            [1, 2].map(|round| {
                shared.1[me].store(round, Relaxed);
                let result = block_on(shared.0.wait());
                assert!(shared.1[1 - me].load(Relaxed) >= round);
                result.is_leader()
            })
        };
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared, 1)
        });
        let leads = work(&shared, 0);
        let others = other.join().unwrap();
        assert!(leads[0] != others[0] && leads[1] != others[1]);
    });
}

/// One who gives up is counted no more, or was in a round that is over: never both, nor neither.
#[test]
fn arrival_against_drop() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let gives_up = thread::spawn({
            let barrier = Arc::clone(&barrier);
            move || {
                let mut wait = Box::pin(barrier.wait());
                drop(CountingWaker::new().enter(|cx| wait.as_mut().poll(cx)));
            }
        });
        let waker = CountingWaker::new();
        let [mut first, mut second, mut third] = [(); 3].map(|()| Box::pin(barrier.wait()));
        let arrives = |wait: Pin<&mut _>| waker.enter(|cx| Future::poll(wait, cx)).is_ready();
        // Alone in the next round, while the other may still be on its way out of the first.
        let early = arrives(first.as_mut());
        assert!(!early || !arrives(second.as_mut()));
        gives_up.join().unwrap();
        if early || arrives(first.as_mut()) {
            assert!(early || !arrives(second.as_mut()));
            assert!(arrives(third.as_mut()) && arrives(second.as_mut()));
        } else {
            assert!(arrives(second.as_mut()) && arrives(first.as_mut()));
        }
    });
}
