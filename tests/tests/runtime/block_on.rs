//! `block_on`: from one thread and from many.

use heist::runtime::Handle;
use heist::sync::{Notify, oneshot};
use heist::task;
use heist::time::{self, Duration};
use heist_tests::{Countdown, Shape, Tally, panic_of, receive};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

pub(crate) fn borrows_and_need_not_be_send(shape: Shape) {
    let runtime = shape.runtime();
    let local = Rc::new(RefCell::new(vec![1]));
    let on_stack = Cell::new(0);
    let borrowed: &Vec<i32> = runtime.block_on(async {
        task::yield_now().await;
        let output = heist::spawn(async { 2 }).await.unwrap();
        local.borrow_mut().push(output);
        on_stack.set(5);
        // What it returns may borrow, too.
        Box::leak(Box::new(local.borrow().clone()))
    });
    assert_eq!(
        (borrowed.as_slice(), on_stack.get()),
        ([1, 2].as_slice(), 5)
    );
    assert_eq!(Rc::strong_count(&local), 1);
}

pub(crate) fn twice_in_a_row(shape: Shape) {
    let runtime = shape.runtime();
    for n in 0..50 {
        let output = runtime.block_on(async { heist::spawn(async move { n }).await });
        assert_eq!(output.unwrap(), n);
        assert_eq!(runtime.block_on(async move { n }), n);
    }
    assert!(Handle::try_current().is_err());
}

pub(crate) fn from_several_threads_at_once(shape: Shape) {
    const THREADS: usize = 4;
    let runtime = shape.runtime();
    let notifies: Arc<Vec<Notify>> = Arc::new((0..THREADS).map(|_| Notify::new()).collect());
    // Each needs the others to go on.
    notifies[0].notify_one();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (runtime, notifies) = (&runtime, notifies.clone());
            scope.spawn(move || {
                runtime.block_on(async move {
                    for round in 0..100 {
                        notifies[thread].notified().await;
                        let notifies = notifies.clone();
                        let next = (thread + 1) % THREADS;
                        if round % 2 == 0 {
                            notifies[next].notify_one();
                        } else {
                            heist::spawn(async move { notifies[next].notify_one() })
                                .await
                                .unwrap();
                        }
                    }
                });
            });
        }
    });
}

/// Of several threads in `block_on` of a current-thread runtime one runs the tasks; when it leaves, another does.
pub(crate) fn the_worker_is_handed_over(shape: Shape) {
    const THREADS: usize = 4;
    for round in 0..30 {
        let runtime = shape.runtime();
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (runtime, barrier) = (&runtime, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    // They leave one after the other; those that stay need tasks to be run.
                    let turns = (thread + round) % THREADS * 5;
                    for _ in 0..3 {
                        runtime.block_on(async {
                            for _ in 0..turns {
                                heist::spawn(task::yield_now()).await.unwrap();
                            }
                        });
                    }
                });
            }
        });
    }
}

pub(crate) fn the_worker_is_handed_over_after_a_panic(shape: Shape) {
    let runtime = shape.runtime();
    let (waiting, is_waiting) = mpsc::channel();
    thread::scope(|scope| {
        let (runtime, waiting) = (&runtime, &waiting);
        let first = scope.spawn(move || {
            panic_of(|| {
                runtime.block_on(async {
                    // Here the worker is surely this thread's, or nobody's.
                    heist::spawn(async {}).await.unwrap();
                    receive(&is_waiting);
                    panic!("it leaves");
                })
            })
        });
        let second = scope.spawn(|| {
            runtime.block_on(async {
                let task = heist::spawn(async { 1 });
                waiting.send(()).unwrap();
                task.await.unwrap()
            })
        });
        assert_eq!(first.join().unwrap().message, "it leaves");
        assert_eq!(second.join().unwrap(), 1);
    });
}

/// Its future is polled on its own thread, by whatever wakes it.
pub(crate) fn one_that_needs_no_worker_leaves_by_itself(shape: Shape) {
    let runtime = shape.running();
    let occupied = runtime.occupy();
    let (send, received) = oneshot::channel();
    let here = thread::current().id();
    let foreign = thread::spawn(move || send.send(3).unwrap());
    let (output, there) = runtime.block_on(async {
        let output = received.await.unwrap();
        (output, thread::current().id())
    });
    assert_eq!((output, there), (3, here));
    foreign.join().unwrap();
    drop(occupied);
}

pub(crate) fn timers_of_all_threads_fire(shape: Shape) {
    let runtime = shape.runtime();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let runtime = &runtime;
            scope.spawn(move || {
                for round in 0..5 {
                    let nap = Duration::from_millis((thread * 3 + round) % 5);
                    runtime.block_on(async move {
                        time::sleep(nap).await;
                        heist::spawn(time::sleep(nap)).await.unwrap();
                    });
                }
            });
        }
    });
}

pub(crate) fn by_a_handle_elsewhere(shape: Shape) {
    let runtime = shape.running();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let handle = runtime.handle().clone();
            thread::spawn(move || handle.block_on(async { heist::spawn(async move { n }).await }))
        })
        .collect();
    let outputs = threads
        .into_iter()
        .map(|thread| thread.join().unwrap().unwrap());
    assert!(outputs.eq(0..4));
}

pub(crate) fn in_a_blocking_job(shape: Shape) {
    shape.block_on(async {
        let job = heist::spawn_blocking(|| {
            let handle = Handle::current();
            handle.block_on(async { heist::spawn(async { 1 }).await.unwrap() + 1 })
        });
        assert_eq!(job.await.unwrap(), 2);
    });
}

pub(crate) fn tasks_left_behind_go_on(shape: Shape) {
    let runtime = shape.runtime();
    let countdown = Countdown::new(100);
    let ran = Tally::new();
    for n in 0..100 {
        let (countdown, ran) = (countdown.clone(), ran.clone());
        // Some are queued when this returns, some idle.
        runtime.block_on(async {
            drop(heist::spawn(async move {
                for _ in 0..n % 4 {
                    task::yield_now().await;
                }
                ran.hit();
                countdown.hit();
            }));
        });
    }
    runtime.block_on(countdown.wait());
    assert_eq!(ran.count(), 100);
}

/// The runtime is gone, the handle still polls what needs nothing of it.
pub(crate) fn after_the_shutdown(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (send, received) = oneshot::channel();
    let foreign = thread::spawn(move || send.send(1).unwrap());
    let output = handle.block_on(async {
        task::yield_now().await;
        assert!(
            heist::spawn(pending::<()>())
                .await
                .unwrap_err()
                .is_cancelled()
        );
        received.await.unwrap()
    });
    assert_eq!(output, 1);
    foreign.join().unwrap();
}

pub(crate) fn run_gives_the_output(shape: Shape) {
    // Of no shape: it builds what the machine has.
    let text = String::from("text");
    let borrowed = heist::run(async {
        heist::spawn(async {}).await.unwrap();
        text.as_str()
    });
    assert_eq!(borrowed, "text");
    assert_eq!(shape.block_on(async { &text }), "text");
}
