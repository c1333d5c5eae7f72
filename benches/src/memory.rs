//! Memory: what a task, a timer and a connection hold while they wait. Measured once, in a process that did nothing before.

#![forbid(unsafe_code)]

use crate::allocator;
use crate::client::{self, Protocol};
use crate::io::listen;
use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use futures_lite::future::poll_once;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, future, thread};

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "memory",
        name,
        about,
        fresh: true,
        run,
    };
    vec![
        workload(
            "idle_task",
            "100,000 tasks that were polled and wait, in all: per task",
            idle_task,
        ),
        workload(
            "armed_timer",
            "a task has polled 100,000 boxed sleeps, box included: per timer",
            armed_timer,
        ),
        workload(
            "idle_connection",
            "5,000 accepted connections, each with a task that waits in a read, in all: per connection",
            idle_connection,
        ),
    ]
}

/// The tasks that were polled.
static POLLED: AtomicUsize = AtomicUsize::new(0);

/// Blocks this thread until that many tasks were polled, and the workers are idle again.
fn wait_until_polled(tasks: usize) {
    while POLLED.load(Ordering::Relaxed) < tasks {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(1));
}

/// What is allocated, and what is resident, in bytes.
#[derive(Clone, Copy)]
struct Footprint {
    allocated: usize,
    resident: usize,
}

impl Footprint {
    /// Starts the runtime with all that it starts late, and begins to count.
    fn before<P: Peer>(runtime: &LazyLock<P>) -> Self {
        allocator::count();
        runtime.run(async {
            P::sleep(Duration::from_millis(1)).await;
        });
        Self::now()
    }

    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("the kernel says");
        let kibibytes: usize = resident
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number");
        Self {
            allocated: allocator::allocated(),
            resident: kibibytes * 1_024,
        }
    }

    fn sample(self, before: Self, things: usize) -> Sample {
        let resident = self.resident.saturating_sub(before.resident);
        Sample::memory(
            things,
            resident,
            self.allocated.wrapping_sub(before.allocated),
        )
    }
}

fn idle_task<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TASKS: usize = 100_000;
    /// Spawned at a time, so that no queue grows.
    const BATCH: usize = 1_000;
    let before = Footprint::before(runtime);
    for batch in 1..=TASKS / BATCH {
        for _ in 0..BATCH {
            P::detach(runtime.spawn_outside(async {
                POLLED.fetch_add(1, Ordering::Relaxed);
                future::pending::<()>().await;
            }));
        }
        wait_until_polled(batch * BATCH);
    }
    Footprint::now().sample(before, TASKS)
}

fn armed_timer<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TIMERS: usize = 100_000;
    let mut timers = Vec::with_capacity(TIMERS);
    timers.resize_with(TIMERS, || None);
    let before = Footprint::before(runtime);
    let (timers, after) = runtime.run(async move {
        for (number, place) in timers.iter_mut().enumerate() {
            let mut sleep = Box::pin(P::sleep(
                Duration::from_secs(3_600) + Duration::from_millis(number as u64),
            ));
            poll_once(sleep.as_mut()).await;
            *place = Some(sleep);
        }
        (timers, Footprint::now())
    });
    drop(timers);
    after.sample(before, TIMERS)
}

fn idle_connection<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const CONNECTIONS: usize = 5_000;

    async fn wait<P: Peer>(mut stream: P::Stream) {
        POLLED.fetch_add(1, Ordering::Relaxed);
        let read = P::read(&mut stream, &mut [0]).await;
        assert_eq!(
            read.expect("the client is well"),
            0,
            "the client says nothing"
        );
    }

    let before = Footprint::before(runtime);
    let listener = listen();
    let client = client::start(&listener, Protocol::Hold, CONNECTIONS);
    let acceptor = runtime.spawn_outside(async {
        let listener = P::listener(listener);
        for _ in 0..CONNECTIONS {
            let stream = P::accept(&listener).await.expect("the client connects");
            P::detach(P::spawn(wait::<P>(stream)));
        }
    });
    runtime.block_on(P::join(acceptor));
    wait_until_polled(CONNECTIONS);
    let after = Footprint::now();
    client.end();
    after.sample(before, CONNECTIONS)
}
