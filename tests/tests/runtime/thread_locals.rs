//! Thread-locals whose destructors use a runtime, or end one.

use crate::shutdown::wait;
use heist::runtime::Runtime;
use heist::task;
use heist_tests::{OnDrop, Shape, Tally, in_child, receive};
use std::cell::RefCell;
use std::future::pending;
use std::sync::mpsc;
use std::thread;

/// Runs a case in a process of its own: a panic in such a destructor aborts it.
#[track_caller]
fn alone(shape: Shape, case: &str, body: impl FnOnce()) {
    let test = format!("{}::thread_locals::{case}", shape.suite());
    in_child(&test, &[], body).assert_success();
}

/// A common pattern. Where the thread's other locals are gone already, the shutdown does without them.
pub(crate) fn a_runtime(shape: Shape) {
    thread_local! {
        static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    }
    alone(shape, "a_runtime", move || {
        let dropped = Tally::new();
        for _ in 0..5 {
            let guard = dropped.on_drop();
            thread::spawn(move || {
                RUNTIME.with_borrow_mut(|runtime| {
                    let runtime = runtime.insert(shape.runtime());
                    drop(runtime.spawn(async move {
                        let _guard = guard;
                        pending::<()>().await;
                    }));
                    // So that the runtime's own locals come to be after it, and go before it.
                    let output = runtime.block_on(async { heist::spawn(async { 1 }).await });
                    assert_eq!(output.unwrap(), 1);
                    let _guard = runtime.enter();
                });
            })
            .join()
            .unwrap();
        }
        assert_eq!(dropped.count(), 5);
    });
}

/// While heist's own locals are there still, and when they are gone.
pub(crate) fn block_on_in_a_destructor(shape: Shape) {
    thread_local! {
        static LOCAL: RefCell<Option<OnDrop>> = const { RefCell::new(None) };
    }
    alone(shape, "block_on_in_a_destructor", move || {
        let runtime = shape.running();
        for gone in [false, true] {
            let handle = runtime.handle().clone();
            let (ran, runs) = mpsc::channel();
            let on_thread = move || {
                let block_on = || {
                    let output = handle.block_on(async {
                        task::yield_now().await;
                        heist::spawn(async { 1 }).await
                    });
                    output.unwrap()
                };
                // What came to be last goes first.
                if !gone {
                    assert_eq!(block_on(), 1);
                }
                let in_destructor = handle.clone();
                LOCAL.set(Some(OnDrop::new(move || {
                    // Where the thread is in no runtime any more, though it is in `block_on`.
                    let task = in_destructor.spawn(async { 2 });
                    ran.send(in_destructor.block_on(task).unwrap()).unwrap();
                })));
                assert_eq!(block_on(), 1);
            };
            thread::spawn(on_thread).join().unwrap();
            assert_eq!(receive(&runs), 2);
        }
    });
}

/// Destructors of the locals of workers, of blocking threads and of others.
pub(crate) fn that_use_the_runtime(shape: Shape) {
    thread_local! {
        static LOCAL: RefCell<Option<OnDrop>> = const { RefCell::new(None) };
    }
    let runtime = shape.running();
    let (ran, runs) = mpsc::channel();
    let set = {
        let handle = runtime.handle().clone();
        move || {
            let (handle, ran) = (handle.clone(), ran.clone());
            let on_drop = OnDrop::new(move || {
                let task = handle.spawn(async { 1 });
                let job = handle.spawn_blocking(|| 1);
                drop(handle.enter());
                ran.send((task, job)).unwrap();
            });
            LOCAL.set(Some(on_drop));
        }
    };
    // While the runtime runs …
    let on_thread = set.clone();
    thread::spawn(on_thread).join().unwrap();
    let (task, job) = receive(&runs);
    assert_eq!(wait(task).unwrap(), 1);
    assert_eq!(wait(job).unwrap(), 1);
    // … and as it ends.
    runtime
        .block_on(runtime.spawn_blocking(set.clone()))
        .unwrap();
    let on_worker = set.clone();
    runtime
        .block_on(runtime.spawn(async move { on_worker() }))
        .unwrap();
    drop(runtime);
    for _ in 0..2 {
        let (task, job) = receive(&runs);
        assert!(wait(task).unwrap_err().is_cancelled());
        // The blocking pool ends last.
        assert!(wait(job).map_or_else(|error| error.is_cancelled(), |output| output == 1));
    }
}
