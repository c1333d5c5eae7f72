//! What tells one task or many: notifications, broadcast and watch channels.

#![forbid(unsafe_code)]

use super::primitives::Watch;
use super::{Described, Primitives};
use crate::workload::Sample;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Who listens to a broadcast or a watch channel.
const RECEIVERS: usize = 8;

pub(super) fn workloads<P: Primitives>() -> Vec<Described<P>> {
    let mut workloads: Vec<Described<P>> = vec![
        (
            "notify_alone",
            "a task notifies itself, and waits for it: per notification",
            notify_alone,
        ),
        (
            "notify_round_trip",
            "two tasks notify each other in turn: per round trip",
            notify_round_trip,
        ),
        (
            "broadcast_1_1",
            "a task sends 64 messages to another, waits until it has them, and again: per message",
            broadcast::<P, 1>,
        ),
        (
            "broadcast_1_8",
            "the same to eight tasks at once: per message",
            broadcast::<P, RECEIVERS>,
        ),
    ];
    if let Some(watch) = P::WATCH {
        workloads.push((
            "watch_1_8",
            "a task changes a watched value, waits until eight tasks have seen it, and again: per change",
            watch,
        ));
    }
    workloads
}

fn notify_alone<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    const NOTIFICATIONS: usize = 2_000_000;
    runtime.run(async {
        let notify = P::notify();
        let start = Instant::now();
        for _ in 0..NOTIFICATIONS {
            P::notify_one(black_box(&notify));
            P::notified(&notify).await;
        }
        Sample::throughput(NOTIFICATIONS, start.elapsed())
    })
}

fn notify_round_trip<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    const ROUND_TRIPS: usize = 50_000;
    runtime.run(async {
        let shared = Arc::new((P::notify(), P::notify()));
        let start = Instant::now();
        let partner = P::spawn({
            let shared = Arc::clone(&shared);
            async move {
                for _ in 0..ROUND_TRIPS {
                    P::notified(&shared.0).await;
                    P::notify_one(&shared.1);
                }
            }
        });
        for _ in 0..ROUND_TRIPS {
            P::notify_one(&shared.0);
            P::notified(&shared.1).await;
        }
        P::join(partner).await;
        Sample::throughput(ROUND_TRIPS, start.elapsed())
    })
}

fn broadcast<P: Primitives, const RECEIVERS: usize>(runtime: &LazyLock<P>) -> Sample {
    const BATCH: usize = 64;
    const BATCHES: usize = 1_000;
    runtime.run(async {
        let (sender, receivers) = P::broadcast(2 * BATCH, RECEIVERS);
        let (done, mut all_done) = P::unbounded();
        let start = Instant::now();
        for mut receiver in receivers {
            let done = done.clone();
            P::detach(P::spawn(async move {
                for n in 1..=BATCH * BATCHES {
                    black_box(P::receive_broadcast(&mut receiver).await);
                    if n % BATCH == 0 {
                        P::send_unbounded(&done, ());
                    }
                }
            }));
        }
        let value = Arc::new(0);
        for _ in 0..BATCHES {
            for _ in 0..BATCH {
                P::send_broadcast(&sender, Arc::clone(&value));
            }
            for _ in 0..RECEIVERS {
                P::receive_unbounded(&mut all_done).await;
            }
        }
        Sample::throughput(BATCH * BATCHES, start.elapsed())
    })
}

/// A peer's [`WATCH`](Primitives::WATCH).
pub(super) fn watch<P: Watch>(runtime: &LazyLock<P>) -> Sample {
    const CHANGES: usize = 10_000;
    runtime.run(async {
        let (sender, receiver) = P::watch();
        let (seen, mut all_seen) = P::unbounded();
        let start = Instant::now();
        for _ in 0..RECEIVERS {
            let (mut receiver, seen) = (receiver.clone(), seen.clone());
            P::detach(P::spawn(async move {
                for _ in 0..CHANGES {
                    black_box(P::watch_changed(&mut receiver).await);
                    P::send_unbounded(&seen, ());
                }
            }));
        }
        for n in 1..=CHANGES as u64 {
            P::send_watch(&sender, n);
            for _ in 0..RECEIVERS {
                P::receive_unbounded(&mut all_seen).await;
            }
        }
        Sample::throughput(CHANGES, start.elapsed())
    })
}
