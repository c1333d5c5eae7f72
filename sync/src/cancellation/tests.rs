//! What `CancellationToken` does, beyond its examples.
#![forbid(unsafe_code)]

use super::CancellationToken;
use crate::counting_waker::CountingWaker;
use futures_lite::future::{block_on, pending, poll_fn};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

const MANY: usize = if cfg!(miri) { 100 } else { 1_000_000 };

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

/// What tells whether all of a token's tree is gone.
fn tree(token: &CancellationToken) -> Weak<impl Sized + use<>> {
    Arc::downgrade(&token.node.tree)
}

/// How many places its tree has in use.
fn children(token: &CancellationToken) -> usize {
    token.node.tree.lock().children()
}

/// Each the child of the one before.
fn chain(root: &CancellationToken, depth: usize) -> Vec<CancellationToken> {
    let mut tokens = vec![root.clone()];
    for _ in 0..depth {
        tokens.push(tokens.last().unwrap().child_token());
    }
    tokens
}

#[test]
fn a_million_nested_children_are_cancelled() {
    let root = CancellationToken::new();
    let gone = tree(&root);
    let tokens = chain(&root, MANY);
    let waker = CountingWaker::new();
    let mut deepest = pin!(tokens[MANY].clone().cancelled_owned());
    assert!(poll(deepest.as_mut(), &waker).is_pending());
    root.cancel();
    assert_eq!(waker.woken(), 1);
    assert!(poll(deepest.as_mut(), &waker).is_ready());
    assert!(tokens.iter().all(CancellationToken::is_cancelled));
    assert_eq!(children(&root), 0);
    drop((tokens, root));
    deepest.set(CancellationToken::new().cancelled_owned());
    assert!(gone.upgrade().is_none());
}

#[test]
fn a_million_nested_children_are_dropped() {
    for order in 0..3 {
        let root = CancellationToken::new();
        let gone = tree(&root);
        let mut tokens = chain(&root, MANY / 4);
        drop(root);
        match order {
            0 => drop(tokens),
            1 => {
                tokens.reverse();
                drop(tokens);
            }
            _ => {
                // The ends of a chain whose middle is gone hang together.
                let (last, first) = (tokens.pop().unwrap(), tokens.swap_remove(0));
                drop(tokens);
                assert_eq!(children(&first), 1);
                first.cancel();
                assert!(last.is_cancelled());
            }
        }
        assert!(gone.upgrade().is_none());
    }
}

#[test]
fn a_million_children_side_by_side_are_cancelled_and_leave_room() {
    let root = CancellationToken::new();
    let tokens: Vec<_> = (0..MANY).map(|_| root.child_token()).collect();
    root.cancel();
    assert!(tokens.iter().all(CancellationToken::is_cancelled));
    assert_eq!(children(&root), 0);
}

#[test]
fn a_loop_of_children_of_children_leaves_nothing() {
    let root = CancellationToken::new();
    let mut token = root.child_token();
    for _ in 0..1_000 {
        token = token.child_token();
        assert_eq!(children(&root), 1);
    }
    root.cancel();
    assert!(token.is_cancelled());
}

/// Against a model that keeps the parents of each.
#[test]
fn any_order_of_births_deaths_and_cancellations() {
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    for _ in 0..200 {
        /// A token, what it was born below, and whether it is to be cancelled.
        struct Known {
            token: Option<CancellationToken>,
            parent: Option<usize>,
            cancelled: bool,
        }
        let root = CancellationToken::new();
        let gone = tree(&root);
        let mut known = vec![Known {
            token: Some(root),
            parent: None,
            cancelled: false,
        }];
        for _ in 0..60 {
            let at = random(known.len());
            let Some(token) = known[at].token.clone() else {
                continue;
            };
            match random(8) {
                0..=4 => known.push(Known {
                    token: Some(token.child_token()),
                    parent: Some(at),
                    cancelled: known[at].cancelled,
                }),
                5 | 6 => known[at].token = None,
                _ => {
                    token.cancel();
                    known[at].cancelled = true;
                    // Parents come before their children.
                    for child in at + 1..known.len() {
                        let parent = known[child].parent.unwrap();
                        known[child].cancelled |= known[parent].cancelled;
                    }
                }
            }
            drop(token);
            for one in &known {
                if let Some(token) = &one.token {
                    assert_eq!(token.is_cancelled(), one.cancelled);
                }
            }
        }
        drop(known);
        assert!(gone.upgrade().is_none());
    }
}

#[test]
fn all_that_wait_are_woken_once() {
    let root = CancellationToken::new();
    let child = root.child_token().child_token();
    let waker = CountingWaker::new();
    let mut waits: Vec<_> = (0..100)
        .map(|n| Box::pin(if n % 2 == 0 { &root } else { &child }.cancelled()))
        .collect();
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_pending());
    }
    waits.truncate(90);
    root.cancel();
    root.cancel();
    assert_eq!(waker.woken(), 90);
    for wait in &mut waits {
        assert!(poll(wait.as_mut(), &waker).is_ready());
        assert!(poll(wait.as_mut(), &waker).is_ready());
    }
    assert!(waker.is_released());
    block_on(child.child_token().cancelled());
}

/// Whoever is woken finds that all is cancelled, and may cancel again, also what was above it.
#[test]
fn descendants_are_cancelled_before_anybody_is_woken() {
    struct Look(Vec<CancellationToken>, AtomicUsize);
    impl Wake for Look {
        fn wake(self: Arc<Self>) {
            self.0[0].cancel();
            assert!(self.0.iter().all(CancellationToken::is_cancelled));
            self.1.fetch_add(1, Relaxed);
        }
    }
    let root = CancellationToken::new();
    let mut tokens = chain(&root, 3);
    tokens.push(root.child_token());
    let look = Arc::new(Look(tokens.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&look));
    let mut cx = Context::from_waker(&waker);
    let mut waits: Vec<_> = tokens
        .iter()
        .map(|token| Box::pin(token.cancelled()))
        .collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
    }
    root.cancel();
    assert_eq!(look.1.load(Relaxed), tokens.len());
}

/// Whoever of several threads comes first: for each of them all is cancelled when its call returns, and for one that only looks, below what it finds cancelled.
#[test]
fn threads_that_cancel_the_same_tree() {
    for round in 0..if cfg!(miri) { 2 } else { 500 } {
        let root = CancellationToken::new();
        let middle = root.child_token();
        let below: Vec<_> = (0..200).map(|_| middle.child_token()).collect();
        let all_are = || below.iter().all(CancellationToken::is_cancelled);
        thread::scope(|scope| {
            scope.spawn(|| {
                if round % 2 == 0 { &root } else { &middle }.cancel();
                assert!(all_are());
            });
            scope.spawn(|| {
                while !root.is_cancelled() {
                    thread::yield_now();
                }
                assert!(middle.is_cancelled() && all_are());
            });
            root.cancel();
            assert!(middle.is_cancelled() && all_are());
        });
    }
}

#[test]
fn a_waker_that_panics_costs_nobody_else_anything() {
    let root = CancellationToken::new();
    let tokens: Vec<_> = (0..10).map(|_| root.child_token().child_token()).collect();
    let (panics, counts) = (CountingWaker::panicking(), CountingWaker::new());
    let mut waits: Vec<_> = tokens
        .iter()
        .map(|token| Box::pin(token.cancelled()))
        .collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        let waker = if n % 2 == 0 { &panics } else { &counts };
        assert!(poll(wait.as_mut(), waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| root.cancel())).is_err());
    assert_eq!((panics.woken(), counts.woken()), (5, 5));
    assert!(tokens.iter().all(CancellationToken::is_cancelled));
    drop(waits);
    assert!(panics.is_released() && counts.is_released());
}

#[test]
fn what_runs_until_it_is_cancelled() {
    let token = CancellationToken::new();
    let waker = CountingWaker::new();
    let held = Arc::new(());
    let mut run = Box::pin(token.run_until_cancelled({
        let held = held.clone();
        async move {
            pending::<()>().await;
            drop(held);
        }
    }));
    assert!(poll(run.as_mut(), &waker).is_pending());
    token.cancel();
    assert_eq!(waker.woken(), 1);
    assert_eq!(poll(run.as_mut(), &waker), Poll::Ready(None));
    drop(run);
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(waker.is_released());

    // Both at once: the output counts. Cancelled before: it is not even polled.
    let token = CancellationToken::new();
    let run = token.clone().run_until_cancelled_owned(async {
        token.cancel();
        1
    });
    assert_eq!(block_on(run), Some(1));
    let never = poll_fn(|_| -> Poll<()> { panic!("it is polled") });
    assert_eq!(block_on(token.run_until_cancelled(never)), None);
}

#[test]
fn threads_that_make_drop_and_cancel_at_once() {
    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
        let root = CancellationToken::new();
        let gone = tree(&root);
        let threads: Vec<_> = (0..3)
            .map(|n| {
                let token = root.child_token();
                thread::spawn(move || {
                    let mut tokens = vec![token];
                    for k in 0..50 {
                        let child = tokens[k / 3].child_token();
                        tokens.push(child);
                    }
                    if n == 0 {
                        tokens[10].cancel();
                    }
                    tokens.drain(5..20);
                    for token in &tokens {
                        block_on(token.cancelled());
                    }
                })
            })
            .collect();
        root.cancel();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(children(&root), 0);
        drop(root);
        assert!(gone.upgrade().is_none());
    }
}
