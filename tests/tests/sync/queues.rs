//! asyncio's queues: several producers, several consumers.

use crate::crew::{Task, Work, stress};
use crate::payload::{Item, Ledger};
use futures_lite::future::poll_once;
use heist::sync::{LifoQueue, PriorityQueue, Queue};
use std::cmp::Ordering;
use std::sync::Arc;

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 2;
const CAPACITY: usize = 16;

/// Smaller where its identity is.
struct Ranked(Item);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.id().cmp(&other.0.id())
    }
}

/// Makes a test of a queue: all that is put is got, once, and `join` waits for all of it.
macro_rules! queue {
    ($name:ident, $queue:ident, $wrap:expr, $unwrap:expr) => {
        #[test]
        fn $name() {
            stress(stringify!($name), |operations| {
                let each = operations.div_ceil(PRODUCERS);
                let ledger = Ledger::new(PRODUCERS * each);
                let queue = Arc::new($queue::new(CAPACITY));
                let mut tasks: Vec<Task> = Vec::new();
                let putting = Arc::new(heist::sync::Barrier::new(PRODUCERS));
                for producer in 0..PRODUCERS {
                    let (ledger, queue) = (Arc::clone(&ledger), Arc::clone(&queue));
                    let putting = Arc::clone(&putting);
                    tasks.push(Box::pin(async move {
                        for n in 0..each {
                            let item = $wrap(ledger.item(producer * each + n));
                            assert!(queue.put(item).await.is_ok());
                        }
                        if putting.wait().await.is_leader() {
                            queue.join().await;
                            assert!(queue.is_empty());
                            queue.close();
                        }
                    }));
                }
                for _ in 0..CONSUMERS {
                    let queue = Arc::clone(&queue);
                    tasks.push(Box::pin(async move {
                        loop {
                            let got = match poll_once(queue.get()).await {
                                Some(got) => got,
                                None => queue.get().await,
                            };
                            let Ok(item) = got else {
                                break;
                            };
                            $unwrap(item).receive();
                            queue.task_done();
                        }
                    }));
                }
                drop(queue);
                Work {
                    tasks,
                    done: Box::new(move || ledger.assert_all()),
                }
            });
        }
    };
}

queue!(queue, Queue, |item| item, |item: Item| item);
queue!(lifo_queue, LifoQueue, |item| item, |item: Item| item);
queue!(priority_queue, PriorityQueue, Ranked, |ranked: Ranked| {
    ranked.0
});
