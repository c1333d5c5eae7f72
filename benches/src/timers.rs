//! Timers: registering and cancelling, beside few and beside many; firing; and how late a short sleep ends.

#![forbid(unsafe_code)]

use crate::peer::{Peer, WORKERS};
use crate::workload::{Sample, Workload};
use futures_lite::future::poll_once;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::time::{Duration, Instant};

/// The two groups: what timers cost, and how late they are.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let cost = |name, about, run| Workload {
        group: "timers",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        cost(
            "register_cancel",
            "`timeout(10 s, yield_now())` again and again, a task per worker: per time-out",
            register_cancel,
        ),
        cost(
            "fire",
            "100,000 tasks sleep until the same instant: from then until the last has run, per task",
            fire,
        ),
        cost(
            "register_cancel_over_100k",
            "with 100,000 timers armed, a task per worker arms and drops one again and again: per timer",
            register_cancel_over_100k,
        ),
        Workload {
            group: "timer lateness",
            name: "sleep_200us",
            about: "a task sleeps for 200 µs again and again: how late it goes on",
            fresh: false,
            run: sleep_200us,
        },
    ]
}

/// Runs a task per worker to its end.
fn on_each_worker<P: Peer, F>(runtime: &P, task: impl Fn() -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = (0..WORKERS)
        .map(|_| runtime.spawn_outside(task()))
        .collect();
    tasks
        .into_iter()
        .map(|task| runtime.block_on(P::join(task)))
        .collect()
}

fn register_cancel<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TIMEOUTS: usize = 200_000;
    let start = Instant::now();
    on_each_worker::<P, _>(runtime, || async {
        for _ in 0..TIMEOUTS / WORKERS {
            P::timeout(Duration::from_secs(10), P::yield_now()).await;
        }
    });
    Sample::throughput(TIMEOUTS, start.elapsed())
}

fn fire<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const TIMERS: usize = 100_000;

    struct Burst {
        deadline: Instant,
        late: AtomicBool,
        fired: AtomicUsize,
        last: mpsc::Sender<Instant>,
    }

    /// Fails if the deadline came before all were armed.
    fn burst<P: Peer>(runtime: &P, lead: Duration) -> Option<Duration> {
        let deadline = Instant::now() + lead;
        let (last, end) = mpsc::channel();
        let burst = Arc::new(Burst {
            deadline,
            late: AtomicBool::new(false),
            fired: AtomicUsize::new(0),
            last,
        });
        let timer = |burst: Arc<Burst>| async move {
            match burst.deadline.checked_duration_since(Instant::now()) {
                Some(left) => drop(P::sleep(left).await),
                None => burst.late.store(true, Ordering::Relaxed),
            }
            if burst.fired.fetch_add(1, Ordering::Relaxed) + 1 == TIMERS {
                burst
                    .last
                    .send(Instant::now())
                    .expect("the thread outside waits");
            }
        };
        let timers = burst.clone();
        runtime.run(async move {
            for _ in 0..TIMERS {
                P::detach(P::spawn(timer(timers.clone())));
            }
        });
        let end = end.recv().expect("the last one sends");
        (!burst.late.load(Ordering::Relaxed)).then(|| end - deadline)
    }

    let mut lead = Duration::from_millis(200);
    loop {
        match burst::<P>(runtime, lead) {
            Some(elapsed) => return Sample::throughput(TIMERS, elapsed),
            None => lead *= 2,
        }
    }
}

fn register_cancel_over_100k<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const OUTSTANDING: usize = 100_000;
    const TIMERS: usize = 400_000;
    /// Timers between two yields, so that no poll is long.
    const POLL: usize = 1_000;

    let outstanding = on_each_worker::<P, _>(runtime, || async {
        let mut armed = Vec::with_capacity(OUTSTANDING / WORKERS);
        for timer in 0..OUTSTANDING / WORKERS {
            let mut sleep = Box::pin(P::sleep(
                Duration::from_secs(3_600) + Duration::from_millis(timer as u64),
            ));
            poll_once(sleep.as_mut()).await;
            armed.push(sleep);
        }
        armed
    });
    let start = Instant::now();
    on_each_worker::<P, _>(runtime, || async {
        for _ in 0..TIMERS / WORKERS / POLL {
            for timer in 0..POLL {
                let sleep = pin!(P::sleep(
                    Duration::from_secs(60) + Duration::from_millis(timer as u64)
                ));
                poll_once(sleep).await;
            }
            P::yield_now().await;
        }
    });
    let elapsed = start.elapsed();
    drop(outstanding);
    Sample::throughput(TIMERS, elapsed)
}

fn sleep_200us<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const SLEEPS: usize = 200;
    const NAP: Duration = Duration::from_micros(200);
    runtime.run(async {
        let mut late = Vec::with_capacity(SLEEPS);
        for _ in 0..SLEEPS {
            let start = Instant::now();
            P::sleep(NAP).await;
            late.push(start.elapsed().saturating_sub(NAP));
        }
        Sample::latency(late)
    })
}
