//! Wake latency: how long until a task runs on a worker that sleeps.

#![forbid(unsafe_code)]

use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use std::{hint, thread};

/// Long enough for a worker with nothing to do to fall asleep.
const DOZE: Duration = Duration::from_micros(100);

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "wake latency",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(
            "wake_other_worker",
            "a task wakes two others and keeps its worker busy, the other worker sleeps: from the wake to the first poll",
            wake_other_worker,
        ),
        workload(
            "spawn_to_poll",
            "a thread outside spawns a task, all workers sleep: from the spawn to the task's poll",
            spawn_to_poll,
        ),
    ]
}

fn wake_other_worker<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const WAKES: usize = 500;
    /// When to stop waiting for the other worker.
    const LATE: Duration = Duration::from_millis(10);

    /// Keeps the worker busy.
    fn spin(limit: Duration, until: impl Fn() -> bool) {
        let start = Instant::now();
        while !until() && start.elapsed() < limit {
            hint::spin_loop();
        }
    }

    runtime.run(async {
        let mut latencies = Vec::with_capacity(WAKES);
        for _ in 0..WAKES {
            let waiting = Arc::new(AtomicUsize::new(0));
            let polled = Arc::new(AtomicBool::new(false));
            let sleeper = || {
                let (wake, woken) = P::oneshot();
                let (waiting, polled) = (waiting.clone(), polled.clone());
                let task = P::spawn(async move {
                    waiting.fetch_add(1, Ordering::Relaxed);
                    P::receive(woken).await;
                    let at = Instant::now();
                    polled.store(true, Ordering::Relaxed);
                    at
                });
                (wake, task)
            };
            let ((wake_first, first), (wake_second, second)) = (sleeper(), sleeper());
            while waiting.load(Ordering::Relaxed) < 2 {
                P::yield_now().await;
            }
            spin(DOZE, || false);

            // Two, so that the first cannot wait in a slot that the runtime keeps for what this worker runs next.
            let start = Instant::now();
            P::send(wake_first);
            P::send(wake_second);
            spin(LATE, || polled.load(Ordering::Relaxed));
            let first = P::join(first).await;
            let second = P::join(second).await;
            latencies.push(first.min(second) - start);
        }
        Sample::latency(latencies)
    })
}

fn spawn_to_poll<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const SPAWNS: usize = 500;
    let spawn = |_| {
        thread::sleep(DOZE);
        let start = Instant::now();
        runtime.run(async { Instant::now() }) - start
    };
    Sample::latency((0..SPAWNS).map(spawn).collect())
}
