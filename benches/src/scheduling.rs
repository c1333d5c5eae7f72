//! Scheduling: what it costs to spawn, to wake, to yield.

#![forbid(unsafe_code)]

use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

/// Children that are alive at a time, per spawner.
const BATCH: usize = 10_000;

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "scheduling",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(
            "spawn_inside",
            "a task spawns 10,000 children, joins them, and again: per child",
            spawn_inside,
        ),
        workload(
            "spawn_outside",
            "a thread outside does the same: per child",
            spawn_outside::<P, 1>,
        ),
        workload(
            "spawn_outside_2",
            "two threads outside do the same at once: per child",
            spawn_outside::<P, 2>,
        ),
        workload(
            "chained_spawn",
            "each task spawns the next, 1,000 in a chain, and again: per task",
            chained_spawn,
        ),
        workload(
            "yield_now",
            "200 tasks that yield again and again: per yield",
            yield_now,
        ),
        workload(
            "ping_pong",
            "1,000 tasks at once each spawn a partner and exchange a message each way over one-shot channels: per pair",
            ping_pong,
        ),
        workload(
            "fork_join",
            "a task spawns two that spawn two each, 14 deep, and each joins its own: per task",
            fork_join,
        ),
    ]
}

fn spawn_inside<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const CHILDREN: usize = 200_000;
    runtime.run(async {
        let start = Instant::now();
        for _ in 0..CHILDREN / BATCH {
            let children: Vec<_> = (0..BATCH)
                .map(|child| P::spawn(async move { black_box(child) }))
                .collect();
            for child in children {
                P::join(child).await;
            }
        }
        Sample::throughput(CHILDREN, start.elapsed())
    })
}

fn spawn_outside<P: Peer, const THREADS: usize>(runtime: &LazyLock<P>) -> Sample {
    const CHILDREN: usize = 200_000;
    let runtime: &P = runtime;
    let spawn_and_join = || {
        for _ in 0..CHILDREN / THREADS / BATCH {
            let child = |child| runtime.spawn_outside(async move { black_box(child) });
            let children: Vec<_> = (0..BATCH).map(child).collect();
            runtime.block_on(async {
                for child in children {
                    P::join(child).await;
                }
            });
        }
    };
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(spawn_and_join);
        }
    });
    Sample::throughput(CHILDREN, start.elapsed())
}

fn chained_spawn<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const CHAINS: usize = 500;
    const DEPTH: usize = 1_000;

    fn link<P: Peer>(depth: usize, end: P::Sender) {
        P::detach(P::spawn(async move {
            match depth {
                1 => P::send(end),
                _ => link::<P>(depth - 1, end),
            }
        }));
    }

    runtime.run(async {
        let start = Instant::now();
        for _ in 0..CHAINS {
            let (end, ended) = P::oneshot();
            link::<P>(DEPTH, end);
            P::receive(ended).await;
        }
        Sample::throughput(CHAINS * DEPTH, start.elapsed())
    })
}

fn yield_now<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TASKS: usize = 200;
    const YIELDS: usize = 5_000;
    runtime.run(async {
        let start = Instant::now();
        let yielding = || async {
            for _ in 0..YIELDS {
                P::yield_now().await;
            }
        };
        let tasks: Vec<_> = (0..TASKS).map(|_| P::spawn(yielding())).collect();
        for task in tasks {
            P::join(task).await;
        }
        Sample::throughput(TASKS * YIELDS, start.elapsed())
    })
}

fn ping_pong<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const ROUNDS: usize = 100;
    const PAIRS: usize = 1_000;
    runtime.run(async {
        let start = Instant::now();
        let pair = || async {
            let (ping, pinged) = P::oneshot();
            let (pong, ponged) = P::oneshot();
            P::detach(P::spawn(async {
                P::receive(pinged).await;
                P::send(pong);
            }));
            P::send(ping);
            P::receive(ponged).await;
        };
        for _ in 0..ROUNDS {
            let pairs: Vec<_> = (0..PAIRS).map(|_| P::spawn(pair())).collect();
            for pair in pairs {
                P::join(pair).await;
            }
        }
        Sample::throughput(ROUNDS * PAIRS, start.elapsed())
    })
}

fn fork_join<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TREES: usize = 8;
    const DEPTH: u32 = 14;

    /// Returns the number of tasks in the tree.
    fn fork<P: Peer>(depth: u32) -> P::Handle<usize> {
        P::spawn(async move {
            if depth == 0 {
                return 1;
            }
            let (left, right) = (fork::<P>(depth - 1), fork::<P>(depth - 1));
            1 + P::join(left).await + P::join(right).await
        })
    }

    runtime.run(async {
        let start = Instant::now();
        let mut tasks = 0;
        for _ in 0..TREES {
            tasks += P::join(fork::<P>(DEPTH)).await;
        }
        Sample::throughput(tasks, start.elapsed())
    })
}
