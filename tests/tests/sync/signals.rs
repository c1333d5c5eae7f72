//! Notifications, broadcast and watch channels, tokens, events.

use crate::crew::{Task, Work, stress};
use futures_lite::future::{poll_once, yield_now};
use heist::sync::{CancellationToken, Event, Notify, broadcast, watch};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A permit for each item that is taken; who gives up passes his on.
#[test]
fn notify() {
    const PAIRS: usize = 4;
    stress("notify", |operations| {
        let each = operations.div_ceil(PAIRS);
        let taken = Arc::new(AtomicUsize::new(0));
        let mut tasks: Vec<Task> = Vec::new();
        for _ in 0..PAIRS {
            let shared = Arc::new((Notify::new(), Notify::new()));
            tasks.push(Box::pin({
                let shared = Arc::clone(&shared);
                async move {
                    for _ in 0..each {
                        shared.0.notify_one();
                        shared.1.notified().await;
                    }
                }
            }));
            let taken = Arc::clone(&taken);
            tasks.push(Box::pin(async move {
                for n in 0..each {
                    if n % 8 != 0 || poll_once(shared.0.notified()).await.is_none() {
                        shared.0.notified().await;
                    }
                    taken.fetch_add(1, SeqCst);
                    shared.1.notify_one();
                }
            }));
        }
        Work {
            tasks,
            done: Box::new(move || {
                assert_eq!(taken.load(SeqCst), PAIRS * each);
                PAIRS * each
            }),
        }
    });
}

/// A value that counts how many of it there are.
struct Counted(Arc<AtomicUsize>, usize);

impl Counted {
    fn new(living: &Arc<AtomicUsize>, value: usize) -> Self {
        living.fetch_add(1, SeqCst);
        Self(Arc::clone(living), value)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.0, self.1)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Each receiver gets what each sender sends, in order, or is told how many it missed; nothing is left.
#[test]
fn broadcast() {
    const SENDERS: usize = 2;
    const RECEIVERS: usize = 3;
    stress("broadcast", |operations| {
        let each = operations.div_ceil(SENDERS * RECEIVERS);
        let living = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = broadcast::channel::<Counted>(64);
        let mut tasks: Vec<Task> = Vec::new();
        let told = Arc::new(AtomicUsize::new(0));
        for _ in 0..RECEIVERS {
            let (mut rx, told) = (rx.resubscribe(), Arc::clone(&told));
            tasks.push(Box::pin(async move {
                let mut next = [0; SENDERS];
                loop {
                    let received = match poll_once(rx.recv()).await {
                        Some(received) => received,
                        None => rx.recv().await,
                    };
                    match received {
                        Ok(value) => {
                            let (sender, n) = (value.1 % SENDERS, value.1 / SENDERS);
                            assert!(n >= next[sender]);
                            next[sender] = n + 1;
                            told.fetch_add(1, SeqCst);
                        }
                        Err(broadcast::error::RecvError::Lagged(missed)) => {
                            told.fetch_add(missed as usize, SeqCst);
                        }
                        Err(broadcast::error::RecvError::Closed) => break,
                    }
                }
            }));
        }
        for sender in 0..SENDERS {
            let (tx, living) = (tx.clone(), Arc::clone(&living));
            tasks.push(Box::pin(async move {
                for n in 0..each {
                    assert!(tx.send(Counted::new(&living, n * SENDERS + sender)).is_ok());
                    if n % 32 == 0 {
                        // One who comes, looks, and goes.
                        drop(tx.subscribe());
                        yield_now().await;
                    }
                }
            }));
        }
        drop((tx, rx));
        Work {
            tasks,
            done: Box::new(move || {
                assert_eq!(living.load(SeqCst), 0, "values are left");
                assert_eq!(told.load(SeqCst), SENDERS * RECEIVERS * each);
                SENDERS * RECEIVERS * each
            }),
        }
    });
}

/// All see values in order, and the last one.
#[test]
fn watch() {
    const RECEIVERS: usize = 4;
    stress("watch", |operations| {
        let living = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = watch::channel(Counted::new(&living, 0));
        let mut tasks: Vec<Task> = Vec::new();
        for receiver in 0..RECEIVERS {
            let mut rx = rx.clone();
            tasks.push(Box::pin(async move {
                let mut seen = 0;
                loop {
                    if receiver % 2 == 0 {
                        let Ok(value) = rx.wait_for(|value| value.1 > seen).await else {
                            break;
                        };
                        seen = value.1;
                    } else if poll_once(rx.changed()).await.is_some() || rx.changed().await.is_ok()
                    {
                        let value = rx.borrow_and_update().1;
                        assert!(value >= seen);
                        if rx.has_changed().is_err() && value == seen {
                            break;
                        }
                        seen = value;
                    } else {
                        break;
                    }
                }
                assert_eq!(seen, operations);
            }));
        }
        drop(rx);
        tasks.push(Box::pin({
            let living = Arc::clone(&living);
            async move {
                for n in 1..=operations {
                    assert!(tx.send(Counted::new(&living, n)).is_ok());
                    if n % 16 == 0 {
                        yield_now().await;
                    }
                }
            }
        }));
        Work {
            tasks,
            done: Box::new(move || {
                assert_eq!(living.load(SeqCst), 0, "values are left");
                operations
            }),
        }
    });
}

/// Trees that grow, lose tokens and are cancelled while others wait for their leaves.
#[test]
fn cancellation_token() {
    const TOKENS: usize = 32;
    stress("cancellation_token", |operations| {
        let cancelled = Arc::new(AtomicUsize::new(0));
        let mut tasks: Vec<Task> = Vec::new();
        let trees = operations.div_ceil(TOKENS);
        for tree in 0..trees {
            let root = CancellationToken::new();
            let (trunk, cancelled) = (root.child_token(), Arc::clone(&cancelled));
            tasks.push(Box::pin(async move {
                let mut tokens = vec![trunk];
                while tokens.len() < TOKENS {
                    let child = tokens[tokens.len() * 2 / 3].child_token();
                    tokens.push(child);
                }
                tokens[tree % TOKENS / 2 + TOKENS / 2].cancel();
                // Leaves and boughs go; what is below hangs on.
                for n in [3, 9, 12, 20] {
                    tokens[n] = tokens[n].child_token();
                }
                let _ = poll_once(tokens[TOKENS / 2].cancelled()).await;
                for token in tokens {
                    token.cancelled_owned().await;
                    cancelled.fetch_add(1, SeqCst);
                }
            }));
            tasks.push(Box::pin(async move { root.cancel() }));
        }
        Work {
            tasks,
            done: Box::new(move || {
                assert_eq!(cancelled.load(SeqCst), trees * TOKENS);
                trees * TOKENS
            }),
        }
    });
}

/// Flags that are set for each other in turn.
#[test]
fn event() {
    const PAIRS: usize = 4;
    stress("event", |operations| {
        let each = operations.div_ceil(2 * PAIRS);
        let mut tasks: Vec<Task> = Vec::new();
        let turns = Arc::new(AtomicUsize::new(0));
        for _ in 0..PAIRS {
            let events = Arc::new([Event::new(), Event::new()]);
            for side in 0..2 {
                let (events, turns) = (Arc::clone(&events), Arc::clone(&turns));
                tasks.push(Box::pin(async move {
                    for _ in 0..each {
                        if side == 1 {
                            events[1].wait().await;
                            events[1].clear();
                        }
                        turns.fetch_add(1, SeqCst);
                        events[1 - side].set();
                        if side == 0 {
                            events[0].wait().await;
                            events[0].clear();
                        }
                    }
                }));
            }
        }
        Work {
            tasks,
            done: Box::new(move || turns.load(SeqCst)),
        }
    });
}
