//! Every public future, dropped after each of its polls: nothing is lost by it, and nothing is left.
//!
//! A case makes a future and hands it to [`Probe::drop_after`], which cuts it short; the case itself asserts that nothing is lost (an item, a permit, a byte).
//! [`every_poll`] runs it for each number of polls, and asserts each time that nothing is left.
//!
//! All in one program: what each of them would be linked with is much the same. Cases come one at a time, since descriptors, children and threads are the process's.

use heist::runtime::Builder;
use heist::task::yield_now;
use heist::time::{Duration, sleep};
use heist_tests::{Probe, Token, every_poll};
use std::future::Future;

/// Makes a test of each case on each shape of runtime.
macro_rules! cases {
    ($($case:ident)+) => {
        mod current_thread {
            $(
                #[test]
                fn $case() {
                    crate::on_the_current_thread(super::$case);
                }
            )+
        }

        mod two_workers {
            $(
                #[test]
                fn $case() {
                    crate::on_two_workers(super::$case);
                }
            )+
        }
    };
}

mod datagrams;
mod files;
mod groups;
mod local;
mod macros;
mod polls;
mod process;
mod standard_streams;
mod streams;
mod sync_channels;
mod sync_locks;
mod sync_signals;
mod tasks;
mod tcp;
mod time;

/// Far off: nothing waits for it.
const HOUR: Duration = Duration::from_secs(3_600);
/// Soon.
const MOMENT: Duration = Duration::from_micros(200);

fn on_the_current_thread<F>(case: fn(Probe) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    every_poll(&mut Builder::new_current_thread(), case);
}

fn on_two_workers<F>(case: fn(Probe) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    every_poll(Builder::new_multi_thread().worker_threads(2), case);
}

/// Takes a few polls.
async fn work(token: Token) -> Token {
    for _ in 0..3 {
        yield_now().await;
    }
    sleep(MOMENT).await;
    token
}
