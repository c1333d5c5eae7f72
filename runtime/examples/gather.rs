//! Three futures gathered: the results come in the order of the arguments, not in that of their ends, and after the longest delay.
//!
//! asyncio: `await gather(a, b, c)`.

use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let start = Instant::now();
    let results = heist::gather([2, 1, 3].map(|seconds| task(seconds, print))).await;
    print(format!("results: {results:?}"));
    print(format!("took {} s", start.elapsed().as_secs()));
}

async fn task(seconds: u64, print: fn(String)) -> String {
    sleep(Duration::from_secs(seconds)).await;
    print(format!("task {seconds} is done"));
    format!("result {seconds}")
}
