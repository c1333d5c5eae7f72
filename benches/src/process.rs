//! Child processes: most of it is the kernel's, and the same for all.

#![forbid(unsafe_code)]

use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use std::sync::LazyLock;
use std::time::Instant;

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "processes",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(
            "process_spawn",
            "a task runs `true` and waits for it, again and again: per process",
            spawn,
        ),
        workload(
            "process_output",
            "a task runs `echo` and reads what it says, again and again: per process",
            output,
        ),
    ]
}

const PROCESSES: usize = 100;

fn spawn<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    runtime.run(async {
        let start = Instant::now();
        for _ in 0..PROCESSES {
            assert!(P::status("/bin/true").await);
        }
        Sample::throughput(PROCESSES, start.elapsed())
    })
}

fn output<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    runtime.run(async {
        let start = Instant::now();
        for _ in 0..PROCESSES {
            assert_eq!(P::output("/bin/echo").await, b"\n");
        }
        Sample::throughput(PROCESSES, start.elapsed())
    })
}
