//! Channels from one or more tasks to one.

#![forbid(unsafe_code)]

use super::{Described, Primitives};
use crate::peer::Peer;
use crate::workload::Sample;
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

/// Of the bounded channel.
const CAPACITY: usize = 64;
const MESSAGES: usize = 400_000;

/// Name and description of what Go does, too.
pub(crate) const MPSC_BOUNDED_1_1: (&str, &str) = (
    "mpsc_bounded_1_1",
    "a task sends to another through a channel of 64 places: per message",
);
/// Likewise.
pub(crate) const MPSC_BOUNDED_4_1: (&str, &str) =
    ("mpsc_bounded_4_1", "four tasks do: per message");
/// Likewise.
pub(crate) const MPSC_ALONE: (&str, &str) = (
    "mpsc_alone",
    "a task sends to itself and receives, through a channel of 64 places: per message",
);

pub(super) fn workloads<P: Primitives>() -> Vec<Described<P>> {
    vec![
        (MPSC_BOUNDED_1_1.0, MPSC_BOUNDED_1_1.1, bounded::<P, 1>),
        (MPSC_BOUNDED_4_1.0, MPSC_BOUNDED_4_1.1, bounded::<P, 4>),
        (
            "mpsc_unbounded_1_1",
            "a task sends to another through an unbounded channel, and yields every 64 messages: per message",
            unbounded::<P, 1>,
        ),
        (
            "mpsc_unbounded_4_1",
            "four tasks do: per message",
            unbounded::<P, 4>,
        ),
        (MPSC_ALONE.0, MPSC_ALONE.1, alone),
        (
            "oneshot",
            "a task makes a one-shot channel, sends and receives: per channel",
            oneshot,
        ),
        (
            "oneshot_round_trip",
            "a task asks another through an unbounded channel, which answers through a one-shot channel: per answer",
            oneshot_round_trip,
        ),
    ]
}

fn bounded<P: Primitives, const SENDERS: usize>(runtime: &LazyLock<P>) -> Sample {
    runtime.run(async {
        let start = Instant::now();
        let (sender, mut receiver) = P::bounded(CAPACITY);
        for _ in 0..SENDERS {
            let sender = sender.clone();
            P::detach(P::spawn(async move {
                for n in 0..MESSAGES / SENDERS {
                    P::send_bounded(&sender, n).await;
                }
            }));
        }
        drop(sender);
        let mut received = 0;
        while let Some(n) = P::receive_bounded(&mut receiver).await {
            black_box(n);
            received += 1;
        }
        assert_eq!(received, MESSAGES);
        Sample::throughput(MESSAGES, start.elapsed())
    })
}

fn unbounded<P: Primitives, const SENDERS: usize>(runtime: &LazyLock<P>) -> Sample {
    runtime.run(async {
        let start = Instant::now();
        let (sender, mut receiver) = P::unbounded();
        for _ in 0..SENDERS {
            let sender = sender.clone();
            P::detach(P::spawn(async move {
                for n in 0..MESSAGES / SENDERS {
                    P::send_unbounded(&sender, n);
                    if n % CAPACITY == 0 {
                        P::yield_now().await;
                    }
                }
            }));
        }
        drop(sender);
        let mut received = 0;
        while let Some(n) = P::receive_unbounded(&mut receiver).await {
            black_box(n);
            received += 1;
        }
        assert_eq!(received, MESSAGES);
        Sample::throughput(MESSAGES, start.elapsed())
    })
}

fn alone<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    const MESSAGES: usize = 1_000_000;
    runtime.run(async {
        let (sender, mut receiver) = P::bounded(CAPACITY);
        let start = Instant::now();
        for n in 0..MESSAGES {
            P::send_bounded(&sender, n).await;
            black_box(P::receive_bounded(&mut receiver).await);
        }
        Sample::throughput(MESSAGES, start.elapsed())
    })
}

fn oneshot<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    const CHANNELS: usize = 500_000;
    runtime.run(async {
        let start = Instant::now();
        for _ in 0..CHANNELS {
            let (sender, receiver) = P::oneshot();
            <P as Peer>::send(sender);
            P::receive(receiver).await;
        }
        Sample::throughput(CHANNELS, start.elapsed())
    })
}

fn oneshot_round_trip<P: Primitives>(runtime: &LazyLock<P>) -> Sample {
    const ANSWERS: usize = 50_000;
    runtime.run(async {
        let (asks, mut asked) = P::unbounded::<<P as Peer>::Sender>();
        P::detach(P::spawn(async move {
            while let Some(answer) = P::receive_unbounded(&mut asked).await {
                <P as Peer>::send(answer);
            }
        }));
        let start = Instant::now();
        for _ in 0..ANSWERS {
            let (sender, receiver) = P::oneshot();
            P::send_unbounded(&asks, sender);
            P::receive(receiver).await;
        }
        Sample::throughput(ANSWERS, start.elapsed())
    })
}
