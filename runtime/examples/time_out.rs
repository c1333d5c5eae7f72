//! A time-out of 2 seconds over an operation of 5: the error comes after 2 seconds, and the operation is gone by then.
//!
//! asyncio: `async with timeout(2)`, `wait_for`.

use heist::time::{Duration, Instant, sleep, timeout};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let start = Instant::now();
    match timeout(Duration::from_secs(2), operation(print)).await {
        Ok(result) => print(result.into()),
        Err(elapsed) => print(format!("{elapsed}, after {} s", start.elapsed().as_secs())),
    }
}

async fn operation(print: fn(String)) -> &'static str {
    let _gone = PrintWhenGone(print);
    sleep(Duration::from_secs(5)).await;
    "the operation is done"
}

struct PrintWhenGone(fn(String));

impl Drop for PrintWhenGone {
    fn drop(&mut self) {
        (self.0)("the operation is gone".into());
    }
}
