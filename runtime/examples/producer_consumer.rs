//! Producer and consumer over a queue: first one of each, where the producer waits until all is worked off; then a short queue with two consumers, which
//! both end when the producer closes it. (A lone sentinel would end one of them and leave the other waiting for ever.)
//!
//! asyncio: `Queue`, `task_done`, `join`, `shutdown`.

use heist::sync::Queue;
use heist::time::{Duration, sleep};
use std::sync::Arc;

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    worked_off(print).await;
    both_end(print).await;
}

/// One producer, one consumer, and an unbounded queue.
async fn worked_off(print: fn(String)) {
    let queue = Arc::new(Queue::unbounded());
    let consumer = heist::spawn({
        let queue = queue.clone();
        async move {
            while let Ok(item) = queue.get().await {
                sleep(Duration::from_secs(1)).await;
                print(format!("consumed {item}"));
                queue.task_done();
            }
        }
    });
    for item in 1..=3 {
        queue.put(item).await.expect("the queue is open");
        print(format!("produced {item}"));
    }
    queue.join().await;
    print("all is worked off".into());
    queue.close();
    consumer.await.expect("it does not panic");
}

/// One producer, two consumers, and a queue of 5.
async fn both_end(print: fn(String)) {
    let queue = Arc::new(Queue::new(5));
    let consumers = ["a", "b"].map(|name| {
        let queue = queue.clone();
        heist::spawn(async move {
            let mut items: u32 = 0;
            while queue.get().await.is_ok() {
                sleep(Duration::from_millis(100)).await;
                items += 1;
            }
            print(format!("consumer {name} ends"));
            items
        })
    });
    for item in 1..=20 {
        queue.put(item).await.expect("the queue is open");
    }
    queue.close();
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.expect("it does not panic");
    }
    print(format!("{sum} items were consumed"));
}
