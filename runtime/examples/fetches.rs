//! Fetches one after another, and the same at once: three of a second each, then a hundred of them.
//!
//! asyncio: `await` in a loop against `gather`.

use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let second = Duration::from_secs(1);

    let start = Instant::now();
    let mut pages = Vec::new();
    for number in 1..=3 {
        pages.push(fetch(number, second).await);
    }
    print(format!(
        "sequential: {pages:?} in {} s",
        start.elapsed().as_secs()
    ));

    let start = Instant::now();
    let pages = heist::gather((1..=3).map(|number| fetch(number, second))).await;
    print(format!(
        "concurrent: {pages:?} in {} s",
        start.elapsed().as_secs()
    ));

    // A hundred, of 20 milliseconds each, so that one can wait for it.
    let moment = Duration::from_millis(20);

    let start = Instant::now();
    for number in 1..=100 {
        fetch(number, moment).await;
    }
    let sequential = start.elapsed();

    let start = Instant::now();
    let pages = heist::gather((1..=100).map(|number| fetch(number, moment))).await;
    let concurrent = start.elapsed();

    print(format!(
        "{} pages, one after another: {} s",
        pages.len(),
        sequential.as_secs()
    ));
    print(format!(
        "{} pages, at once: more than ten times faster: {}",
        pages.len(),
        concurrent * 10 < sequential
    ));
}

/// What stands for a request: it waits, and has a page.
async fn fetch(number: u32, delay: Duration) -> String {
    sleep(delay).await;
    format!("page {number}")
}
