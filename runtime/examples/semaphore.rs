//! Ten tasks of a second each, of which a semaphore lets three run at a time: 4 seconds in all.
//!
//! asyncio: `async with Semaphore(3)`.

use heist::sync::Semaphore;
use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let start = Instant::now();
    let semaphore = Semaphore::new(3);
    heist::gather((0..10).map(async |number| {
        let _permit = semaphore.acquire().await.expect("nobody closes it");
        sleep(Duration::from_secs(1)).await;
        print(format!(
            "task {number} is done after {} s",
            start.elapsed().as_secs()
        ));
    }))
    .await;
    print(format!(
        "all are done after {} s",
        start.elapsed().as_secs()
    ));
}
