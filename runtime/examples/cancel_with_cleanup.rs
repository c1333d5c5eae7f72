//! A task cancelled after 3 seconds, which cleans up asynchronously, and ends as cancelled.
//!
//! asyncio: `task.cancel()`, `except CancelledError: await clean_up(); raise`.

use heist::task::on_cancel;
use heist::time::{Duration, Instant, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let start = Instant::now();
    let task = heist::spawn(work(print));
    sleep(Duration::from_secs(3)).await;
    print("cancelling the task".into());
    task.abort();
    match task.await {
        Ok(()) => print("the task has ended".into()),
        Err(error) if error.is_cancelled() => {
            let seconds = start.elapsed().as_secs();
            print(format!("the task was cancelled; {seconds} s in all"));
        }
        Err(error) => print(error.to_string()),
    }
}

async fn work(print: fn(String)) {
    // From here on, whatever ends this function.
    let _clean_up = on_cancel(async move {
        print("cleaning up …".into());
        sleep(Duration::from_secs(1)).await;
        print("cleaned up".into());
    });
    for step in 1.. {
        print(format!("working, step {step}"));
        sleep(Duration::from_millis(1_200)).await;
    }
}
