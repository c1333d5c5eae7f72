//! The models of `CancellationToken`: two threads or three, up to four tokens, batches of two.
#![forbid(unsafe_code)]

use super::CancellationToken;
use crate::blocking::block_on;
use crate::counting_waker::CountingWaker;
use crate::loom::atomic::{AtomicBool, Ordering::Relaxed};
use crate::loom::{model, thread};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> bool {
    waker.enter(|cx| future.poll(cx).is_ready())
}

/// Whoever waits is woken, and sees what came before.
#[test]
fn token_cancel_against_cancelled() {
    model(|| {
        let shared = Arc::new((CancellationToken::new(), AtomicBool::new(false)));
        let child = shared.0.child_token();
        let canceller = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.1.store(true, Relaxed);
                shared.0.cancel();
            }
        });
        block_on(child.cancelled_owned());
        assert!(shared.1.load(Relaxed));
        block_on(shared.0.cancelled());
        canceller.join().unwrap();
    });
}

/// A child that is born while its parent is cancelled is cancelled, too.
#[test]
fn token_cancel_against_child_token() {
    model(|| {
        let root = CancellationToken::new();
        let parent = root.child_token();
        let canceller = thread::spawn({
            let root = root.clone();
            move || root.cancel()
        });
        let child = parent.child_token();
        canceller.join().unwrap();
        assert!(parent.is_cancelled() && child.is_cancelled());
        assert!(child.child_token().is_cancelled());
    });
}

/// A token that goes while its parent is cancelled takes none of its children with it.
#[test]
fn token_cancel_against_drop() {
    model(|| {
        let root = CancellationToken::new();
        let gone = Arc::downgrade(&root.node.tree);
        let goes = root.child_token();
        let children = [goes.child_token(), goes.child_token()];
        let canceller = thread::spawn({
            let root = root.clone();
            move || root.cancel()
        });
        drop(goes);
        canceller.join().unwrap();
        assert!(children.iter().all(CancellationToken::is_cancelled));
        drop((root, children));
        assert!(gone.upgrade().is_none());
    });
}

/// Who cancels a token that another is about to cancel does it in his stead, with its children.
#[test]
fn token_cancel_against_cancel_of_child() {
    model(|| {
        let root = CancellationToken::new();
        let parent = root.child_token();
        let child = parent.child_token();
        let waker = CountingWaker::new();
        let mut wait = Box::pin(child.cancelled());
        assert!(!poll(wait.as_mut(), &waker));
        let canceller = thread::spawn({
            let root = root.clone();
            let (parent, child) = (parent.clone(), child.clone());
            move || {
                root.cancel();
                assert!(parent.is_cancelled() && child.is_cancelled());
            }
        });
        parent.cancel();
        assert!(parent.is_cancelled() && child.is_cancelled());
        canceller.join().unwrap();
        assert_eq!(waker.woken(), 1);
        assert!(poll(wait.as_mut(), &waker));
        assert!(waker.is_released());
        // The places are whole.
        assert!(root.child_token().is_cancelled());
    });
}

/// Of a token that is found cancelled all descendants are, and for each of two who cancel it when its call returns.
#[test]
fn token_cancel_against_cancel() {
    model(|| {
        let root = CancellationToken::new();
        let child = root.child_token();
        let last = child.child_token();
        let canceller = thread::spawn({
            let (root, child, last) = (root.clone(), child.clone(), last.clone());
            move || {
                root.cancel();
                assert!(child.is_cancelled() && last.is_cancelled());
            }
        });
        if root.is_cancelled() {
            assert!(child.is_cancelled());
        }
        if child.is_cancelled() {
            assert!(last.is_cancelled());
        }
        root.cancel();
        assert!(child.is_cancelled() && last.is_cancelled());
        canceller.join().unwrap();
    });
}

/// A token that goes leaves its children where they are cancelled, whoever makes or drops others beside it.
#[test]
fn token_drop_against_child_token() {
    model(|| {
        let root = CancellationToken::new();
        let goes = root.child_token();
        let child = goes.child_token();
        let maker = thread::spawn({
            let root = root.clone();
            move || root.child_token()
        });
        drop(goes);
        let other = maker.join().unwrap();
        root.cancel();
        assert!(child.is_cancelled() && other.is_cancelled());
    });
}

/// A waker that panics loses nobody else's wake-up, and leaves the lists whole, also while another waiter goes.
#[test]
fn token_cancel_against_drop_with_waker_that_panics() {
    model(|| {
        let root = CancellationToken::new();
        let child = root.child_token();
        let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
        let mut waits = vec![
            Box::pin(root.clone().cancelled_owned()),
            Box::pin(child.clone().cancelled_owned()),
            Box::pin(child.clone().cancelled_owned()),
        ];
        assert!(!poll(waits[0].as_mut(), &panics));
        for wait in &mut waits[1..] {
            assert!(!poll(wait.as_mut(), &counts));
        }
        let canceller = thread::spawn({
            let root = root.clone();
            move || catch_unwind(AssertUnwindSafe(|| root.cancel())).is_err()
        });
        drop(waits.pop());
        assert!(canceller.join().unwrap());
        assert_eq!(panics.woken(), 1);
        // The one that went may have been woken before.
        assert!(counts.woken() >= 1);
        assert!(child.is_cancelled());
        drop(waits);
        assert!(panics.is_released() && counts.is_released());
    });
}
