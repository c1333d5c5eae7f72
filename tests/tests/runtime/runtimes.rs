//! Several runtimes in one process.

use heist::sync::{Notify, oneshot};
use heist::task;
use heist_tests::{Shape, Tally, wait_until};
use std::future::pending;
use std::sync::Arc;
use std::thread;

pub(crate) fn wake_each_others_tasks(shape: Shape) {
    const ROUNDS: usize = 300;
    for other in [Shape::CurrentThread, Shape::Workers(2)] {
        let (one, two) = (shape.running(), other.running());
        let table = Arc::new([Notify::new(), Notify::new()]);
        let side = |side: usize| {
            let table = table.clone();
            async move {
                for _ in 0..ROUNDS {
                    table[side].notified().await;
                    table[1 - side].notify_one();
                }
            }
        };
        let (ping, pong) = (one.spawn(side(0)), two.spawn(side(1)));
        table[0].notify_one();
        // Each is awaited on the other's runtime.
        two.block_on(ping).unwrap();
        one.block_on(pong).unwrap();
    }
}

pub(crate) fn spawn_on_each_other(shape: Shape) {
    let (one, two) = (shape.running(), shape.running());
    let handle = two.handle().clone();
    let task = one.spawn(async move {
        let mut sum = 0;
        for n in 0..200 {
            let there = handle.spawn(async move { n });
            let here = heist::spawn(async move { n });
            sum += there.await.unwrap() + here.await.unwrap();
        }
        let job = handle.spawn_blocking(|| 1);
        sum + job.await.unwrap()
    });
    assert_eq!(futures_lite::future::block_on(task).unwrap(), 199 * 200 + 1);
}

/// Where blocking is allowed, a runtime can be built, used and dropped.
pub(crate) fn one_inside_the_other(shape: Shape) {
    shape.block_on(async move {
        let job = heist::spawn_blocking(move || {
            let inner = shape.runtime();
            let output = inner.block_on(async { heist::spawn(async { 1 }).await });
            drop(inner);
            // The outer one is the current one again.
            let outer = heist::spawn(async { 2 });
            output.unwrap() + heist::runtime::Handle::current().block_on(outer).unwrap()
        });
        assert_eq!(job.await.unwrap(), 3);
    });
}

pub(crate) fn one_ends_while_the_other_goes_on(shape: Shape) {
    let lasting = shape.running();
    for _ in 0..10 {
        let brief = shape.running();
        let dropped = Tally::new();
        let (send, received) = oneshot::channel::<()>();
        let guard = dropped.on_drop();
        // Its end wakes a task of the other runtime, in a destructor.
        drop(brief.spawn(async move {
            let _guard = (guard, send);
            pending::<()>().await;
        }));
        let waiting = lasting.spawn(async move { received.await.is_err() });
        let handle = brief.handle().clone();
        let spawning = lasting.spawn(async move {
            while handle.spawn(async {}).await.is_ok() {
                task::yield_now().await;
            }
        });
        drop(brief);
        assert!(lasting.block_on(waiting).unwrap());
        lasting.block_on(spawning).unwrap();
        assert_eq!(dropped.count(), 1);
    }
    assert_eq!(lasting.block_on(lasting.spawn(async { 1 })).unwrap(), 1);
}

pub(crate) fn many_come_and_go(shape: Shape) {
    let dropped = Tally::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..15 {
                    let guard = dropped.on_drop();
                    let output = shape.block_on(async move {
                        drop(heist::spawn(async move {
                            let _guard = guard;
                            pending::<()>().await;
                        }));
                        heist::spawn(async { 1 }).await
                    });
                    assert_eq!(output.unwrap(), 1);
                }
            });
        }
    });
    wait_until(|| dropped.count() == 45);
}
