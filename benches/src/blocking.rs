//! The blocking pool, and the life of a runtime.

#![forbid(unsafe_code)]

use crate::peer::{Peer, WORKERS};
use crate::workload::{Sample, Workload};
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "blocking",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(
            "spawn_blocking",
            "a task submits 1,000 empty jobs, joins them, and again: per job",
            spawn_blocking,
        ),
        workload(
            "blocking_round_trip",
            "a task submits an empty job and waits for it, again and again: per job",
            round_trip,
        ),
        workload(
            "start_stop",
            "a runtime starts, runs one task and shuts down: per runtime",
            start_stop,
        ),
    ]
}

fn spawn_blocking<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const JOBS: usize = 50_000;
    const BATCH: usize = 1_000;
    runtime.run(async {
        let start = Instant::now();
        for _ in 0..JOBS / BATCH {
            let jobs: Vec<_> = (0..BATCH)
                .map(|job| P::spawn_blocking(move || black_box(job)))
                .collect();
            for job in jobs {
                P::join(job).await;
            }
        }
        Sample::throughput(JOBS, start.elapsed())
    })
}

fn round_trip<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const JOBS: usize = 5_000;
    runtime.run(async {
        let start = Instant::now();
        for job in 0..JOBS {
            P::join(P::spawn_blocking(move || black_box(job))).await;
        }
        Sample::throughput(JOBS, start.elapsed())
    })
}

/// Leaves the runtime that it is offered alone, so that it is never started.
fn start_stop<P: Peer>(_: &LazyLock<P>) -> Sample {
    const LIVES: usize = 500;
    let start = Instant::now();
    for _ in 0..LIVES {
        P::build(WORKERS).run(async {});
    }
    Sample::throughput(LIVES, start.elapsed())
}
