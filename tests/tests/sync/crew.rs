//! Who runs the tasks of a case: heist, tokio, or threads that know nothing of a runtime.
//!
//! In comes a case, from the tests; it is run once for each crew, with tasks that the crew spreads over its threads.

use futures_lite::future::block_on;
use futures_util::future::join_all;
use heist_tests::guarded;
use std::future::Future;
use std::pin::Pin;
use std::thread;

/// What a case does in all, over all crews.
const OPERATIONS: usize = 1_000_000;

pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of a case, and how many operations they have done once they have ended.
pub(crate) struct Work {
    pub(crate) tasks: Vec<Task>,
    pub(crate) done: Box<dyn FnOnce() -> usize + Send>,
}

#[derive(Clone, Copy)]
enum Crew {
    Heist,
    Tokio,
    Threads,
}

/// Runs a case on each crew of 1, 2 and 8 threads, and sees that it does [`OPERATIONS`] in all, or more.
///
/// `case` is given the number of operations that it is to do, at least.
#[track_caller]
pub(crate) fn stress(name: &'static str, case: fn(usize) -> Work) {
    let mut done = 0;
    // Threads that sleep between operations take longer than tasks that do.
    let crews = [(Crew::Heist, 50), (Crew::Tokio, 40), (Crew::Threads, 10)];
    for (crew, percent) in crews {
        for (threads, tenths) in [(1, 4), (2, 3), (8, 3)] {
            let operations = OPERATIONS / 100 * percent / 10 * tenths;
            done += guarded(name, move || {
                let Work { tasks, done } = case(operations);
                run(crew, threads, tasks);
                done()
            });
        }
    }
    assert!(done >= OPERATIONS, "only {done} operations");
}

fn run(crew: Crew, threads: usize, tasks: Vec<Task>) {
    match crew {
        Crew::Heist => {
            let runtime = heist::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .build()
                .expect("it starts");
            let handles: Vec<_> = tasks.into_iter().map(|task| runtime.spawn(task)).collect();
            runtime.block_on(async {
                for handle in handles {
                    handle.await.expect("the task ends");
                }
            });
        }
        Crew::Tokio => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .build()
                .expect("it starts");
            let handles: Vec<_> = tasks.into_iter().map(|task| runtime.spawn(task)).collect();
            runtime.block_on(async {
                for handle in handles {
                    handle.await.expect("the task ends");
                }
            });
        }
        Crew::Threads => {
            let mut shares: Vec<Vec<Task>> = (0..threads).map(|_| Vec::new()).collect();
            for (n, task) in tasks.into_iter().enumerate() {
                shares[n % threads].push(task);
            }
            thread::scope(|scope| {
                for share in shares {
                    scope.spawn(|| block_on(join_all(share)));
                }
            });
        }
    }
}
