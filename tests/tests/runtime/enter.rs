//! Which runtime a thread is in.

use heist::runtime::{Handle, RuntimeFlavor};
use heist::time::{self, Duration};
use heist_tests::Shape;
use std::thread;

/// The other shape's flavour tells the two apart.
fn other(shape: Shape) -> Shape {
    match shape {
        Shape::CurrentThread => Shape::Workers(1),
        Shape::Workers(_) => Shape::CurrentThread,
    }
}

fn flavor(shape: Shape) -> RuntimeFlavor {
    match shape {
        Shape::CurrentThread => RuntimeFlavor::CurrentThread,
        Shape::Workers(_) => RuntimeFlavor::MultiThread,
    }
}

fn current() -> Option<RuntimeFlavor> {
    Handle::try_current()
        .ok()
        .map(|handle| handle.runtime_flavor())
}

pub(crate) fn spawns_go_to_the_innermost(shape: Shape) {
    let (outer, inner) = (shape.runtime(), other(shape).runtime());
    let _outer = outer.enter();
    let here = {
        let _inner = inner.enter();
        heist::spawn(async { Handle::current().runtime_flavor() })
    };
    let there = heist::spawn(async { Handle::current().runtime_flavor() });
    assert_eq!(inner.block_on(here).unwrap(), flavor(other(shape)));
    assert_eq!(outer.block_on(there).unwrap(), flavor(shape));
}

pub(crate) fn guards_come_and_go(shape: Shape) {
    let (one, two) = (shape.runtime(), other(shape).runtime());
    assert_eq!(current(), None);
    for _ in 0..3 {
        let first = one.enter();
        assert_eq!(current(), Some(flavor(shape)));
        let second = two.handle().enter();
        assert_eq!(current(), Some(flavor(other(shape))));
        let third = one.enter();
        assert_eq!(current(), Some(flavor(shape)));
        // A `block_on` is a guard as well.
        two.block_on(async { assert_eq!(current(), Some(flavor(other(shape)))) });
        assert_eq!(current(), Some(flavor(shape)));
        drop(third);
        drop(second);
        assert_eq!(current(), Some(flavor(shape)));
        drop(first);
        assert_eq!(current(), None);
    }
}

pub(crate) fn a_task_knows_its_runtime(shape: Shape) {
    let runtime = shape.running();
    let elsewhere = other(shape).runtime();
    // Wherever it was spawned from, and whatever the spawner has entered.
    let _guard = elsewhere.enter();
    let task = runtime.spawn(async move {
        assert_eq!(current(), Some(flavor(shape)));
        time::sleep(Duration::from_millis(1)).await;
        let job = heist::spawn_blocking(current);
        (current(), job.await.unwrap())
    });
    let seen = futures_lite::future::block_on(task).unwrap();
    assert_eq!(seen, (Some(flavor(shape)), Some(flavor(shape))));
}

pub(crate) fn on_many_threads(shape: Shape) {
    let runtime = shape.running();
    thread::scope(|scope| {
        for n in 0..4 {
            let handle = runtime.handle();
            scope.spawn(move || {
                let _guard = handle.enter();
                let outputs: Vec<_> = (0..50).map(|_| heist::spawn(async move { n })).collect();
                for output in outputs {
                    assert_eq!(futures_lite::future::block_on(output).unwrap(), n);
                }
            });
        }
    });
    assert_eq!(current(), None);
}
