//! Async tests, written with one attribute: `cargo test --example async_tests`.
//!
//! asyncio: `IsolatedAsyncioTestCase`, `pytest.mark.asyncio`.

use heist::time::{Duration, sleep};

#[heist::main]
async fn main() {
    println!("2 + 3 = {}", add(2, 3).await);
    println!("its tests: cargo test --example async_tests");
}

async fn add(a: u32, b: u32) -> u32 {
    sleep(Duration::from_millis(1)).await;
    a + b
}

#[cfg(test)]
mod tests {
    use super::add;
    use heist::time::{Duration, Instant, sleep};

    #[heist::test]
    async fn one_and_one() {
        assert_eq!(add(1, 1).await, 2);
    }

    #[heist::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_two_workers() {
        let sum = heist::spawn(add(2, 3));
        assert_eq!(sum.await.unwrap(), 5);
    }

    /// An hour that takes no time.
    #[heist::test(start_paused = true)]
    async fn time_that_jumps() {
        let start = Instant::now();
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3_600));
    }
}
