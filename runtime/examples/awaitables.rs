//! The three things that can be awaited: a future, a task, and a value that somebody will set by hand.
//!
//! asyncio: a coroutine, a `Task`, a bare `Future` with `set_result`.

use heist::sync::oneshot;
use heist::time::{Duration, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    // A future does nothing until it is awaited.
    let future = nested();
    print(format!("future: {}", future.await));

    // A task runs at once, and beside others; its handle can be awaited, now or later.
    let task = heist::spawn(nested());
    print(format!("task: {}", task.await.expect("it does not panic")));

    // A value that is set by hand, once, from anywhere.
    let (sender, receiver) = oneshot::channel();
    heist::spawn(async {
        sleep(Duration::from_secs(1)).await;
        sender.send("set by hand").expect("it is awaited below");
    });
    let value = receiver.await.expect("the sender is not dropped unused");
    print(format!("one-shot: {value}"));
}

async fn nested() -> u32 {
    42
}
