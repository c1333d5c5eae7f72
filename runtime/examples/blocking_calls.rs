//! Synchronous code: a call that blocks for 3 seconds, through a pool of at most 3 threads, while other tasks go on; and the same call made by mistake on
//! a worker: nobody else notices, and the runtime says which task it was.
//!
//! asyncio: `run_in_executor` with a `ThreadPoolExecutor(max_workers=3)`; and what `time.sleep` in a coroutine does there.

use heist::blocking::Pool;
use heist::runtime::Builder;
use heist::time::{Duration, Instant, sleep};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::{io, thread};

fn main() -> io::Result<()> {
    program(Duration::from_secs(3), |line| println!("{line}"))
}

/// The program, whose calls block for this long; `print` takes its lines.
pub(crate) fn program(blocked: Duration, print: fn(String)) -> io::Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .on_slow_poll(move |slow| {
            print(format!(
                "a stuck task, spawned at line {}",
                slow.spawned_at().line()
            ))
        })
        .build()?;
    runtime.block_on(async {
        through_the_pool(blocked, print).await;
        by_mistake(blocked, print).await;
    });
    Ok(())
}

async fn through_the_pool(blocked: Duration, print: fn(String)) {
    let pool = Pool::builder().max_threads(3).build();
    let start = Instant::now();
    let calls = heist::gather((1..=3).map(|number| {
        pool.spawn(move || {
            call(blocked);
            number
        })
    }));
    let (calls, ticks) = heist::join!(calls, ticks_for(blocked / 2));
    let results: Vec<_> = calls.into_iter().filter_map(Result::ok).collect();
    print(format!("results of the pool: {results:?}"));
    print(format!(
        "they ran at the same time: {}",
        start.elapsed() < blocked * 2
    ));
    print(format!("others went on: {}", ticks > 5));
}

async fn by_mistake(blocked: Duration, print: fn(String)) {
    static RETURNED: AtomicBool = AtomicBool::new(false);
    // Both workers.
    let stuck = [(), ()].map(|()| {
        heist::spawn(async move {
            call(blocked);
            RETURNED.store(true, Relaxed);
        })
    });
    let ticks = heist::spawn(ticks_for(blocked / 2))
        .await
        .expect("it does not panic");
    print(format!(
        "others went on meanwhile: {}",
        ticks > 5 && !RETURNED.load(Relaxed)
    ));
    for task in stuck {
        task.await.expect("it does not panic");
    }
}

/// Ticks every hundredth of the time, and counts.
async fn ticks_for(time: Duration) -> u32 {
    let start = Instant::now();
    let mut ticks = 0;
    while start.elapsed() < time {
        sleep(time / 100).await;
        ticks += 1;
    }
    ticks
}

/// What knows nothing of tasks.
#[expect(
    clippy::disallowed_methods,
    reason = "it blocks: that is what this is about"
)]
fn call(time: Duration) {
    thread::sleep(time);
}
