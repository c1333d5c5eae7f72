//! Two tasks that sleep 1 and 2 seconds run beside each other: both are done after 2 seconds, not after 3.
//!
//! asyncio: `create_task`, then `await` of both.

use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let start = Instant::now();
    print("started".into());
    let hello = heist::spawn(say_after(Duration::from_secs(1), "hello", print));
    let world = heist::spawn(say_after(Duration::from_secs(2), "world", print));
    hello
        .await
        .expect("it does not panic, and nobody aborts it");
    world.await.expect("nor this one");
    print(format!("finished after {} s", start.elapsed().as_secs()));
}

async fn say_after(delay: Duration, what: &str, print: fn(String)) {
    sleep(delay).await;
    print(what.into());
}
