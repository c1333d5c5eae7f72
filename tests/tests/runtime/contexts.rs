//! In which runtime the destructors of what is cancelled run: in its own, whoever drops it.

use heist::net::TcpListener;
use heist::sync::oneshot;
use heist::task::{JoinError, JoinHandle, block_in_place};
use heist::time::{Duration, sleep};
use heist_tests::{OnDrop, PATIENCE, Shape, block_thread, once_waiting, receive};
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread;

fn wait<T>(handle: JoinHandle<T>) -> Result<T, JoinError> {
    futures_lite::future::block_on(handle)
}

#[track_caller]
fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    let error = wait(handle).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
}

/// What a destructor has spawned.
type Spawned = (JoinHandle<()>, JoinHandle<()>);

/// A destructor that spawns, and hands on what.
fn spawns() -> (OnDrop, mpsc::Receiver<Spawned>) {
    let (spawned, spawns) = mpsc::channel();
    let guard = OnDrop::new(move || {
        let task = heist::spawn(async {});
        let job = heist::spawn_blocking(|| ());
        spawned.send((task, job)).unwrap();
    });
    (guard, spawns)
}

/// By the shutdown: the pool's one thread is busy.
pub(crate) fn a_queued_blocking_job(shape: Shape) {
    for bound in [None, Some(PATIENCE)] {
        let mut builder = shape.builder();
        let runtime = shape.build(builder.max_blocking_threads(1));
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let busy = runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            let _ = released.recv_timeout(PATIENCE);
        });
        receive(&begins);
        let (guard, spawns) = spawns();
        let queued = runtime.spawn_blocking(move || drop(guard));
        let releasing = thread::spawn(move || {
            let spawned = spawns.recv_timeout(PATIENCE);
            drop(release);
            spawned
        });
        match bound {
            None => drop(runtime),
            Some(bound) => runtime.shutdown_timeout(bound),
        }
        assert_cancelled(queued);
        wait(busy).unwrap();
        let (task, job) = releasing.join().unwrap().unwrap();
        assert_cancelled(task);
        assert_cancelled(job);
    }
}

/// By who spawns it, on a thread that is in no runtime: it is too late.
pub(crate) fn a_refused_blocking_job(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (guard, spawns) = spawns();
    assert_cancelled(handle.spawn_blocking(move || drop(guard)));
    let (task, job) = receive(&spawns);
    assert_cancelled(task);
    assert_cancelled(job);
}

/// By the worker in whose hands it was left; and the drivers are there still.
pub(crate) fn a_task_in_a_workers_hands(shape: Shape) {
    if shape == Shape::CurrentThread {
        // Whoever shuts it down drops them all.
        return;
    }
    let runtime = shape.runtime();
    // All workers are busy, until the senders are gone, with what they are sent.
    let (begun, begins) = mpsc::channel();
    let workers: Vec<_> = (0..shape.parallelism())
        .map(|_| {
            let (send, sent) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
            let begun = begun.clone();
            drop(runtime.spawn(async move {
                begun.send(()).unwrap();
                while let Ok(work) = sent.recv_timeout(PATIENCE) {
                    work();
                }
            }));
            send
        })
        .collect();
    for _ in &workers {
        receive(&begins);
    }

    let (dropped, drops) = mpsc::channel();
    let guard = OnDrop::new(move || {
        drop(heist::spawn(async {}));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(
            pin!(sleep(Duration::from_secs(3_600)))
                .poll(&mut cx)
                .is_pending()
        );
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        drop(TcpListener::from_std(listener).unwrap());
        dropped.send(thread::current().id()).unwrap();
    });
    let first = workers[0].clone();
    let drops = Mutex::new(drops);
    let (there, meanwhile) = mpsc::channel();
    // The shutdown comes to this one first. It lets the workers end, and the shutdown wait for the other to be gone.
    let holds = OnDrop::new(move || {
        drop(workers);
        there
            .send(drops.lock().unwrap().recv_timeout(PATIENCE))
            .unwrap();
    });
    let (give, given) = mpsc::channel();
    let spawn = move || {
        let holder = heist::spawn(async move {
            let _holds = holds;
            pending::<()>().await;
        });
        let left = heist::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        give.send((holder, left)).unwrap();
    };
    first.send(Box::new(spawn)).unwrap();
    drop(first);
    let (holder, left) = receive(&given);
    drop(runtime);
    assert_cancelled(left);
    assert_cancelled(holder);
    let dropped_on = receive(&meanwhile).unwrap();
    assert_ne!(dropped_on, thread::current().id(), "a worker dropped it");
}

/// A thread that waits in `block_on`, and within that once more, hears of what comes meanwhile for the first.
pub(crate) fn a_wait_within_a_wait_takes_no_wake(shape: Shape) {
    if shape == Shape::CurrentThread {
        // There `block_in_place` panics.
        return;
    }
    let runtime = shape.runtime();
    let handle = runtime.handle();
    // Another `block_on`.
    runtime.block_on(async {
        let (wake, woken) = oneshot::channel();
        let within = async {
            let (end, ended) = oneshot::channel();
            let wait = once_waiting(ended, || {
                wake.send(()).unwrap();
                end.send(()).unwrap();
            });
            block_in_place(|| handle.block_on(wait)).unwrap();
        };
        heist::join!(woken, within).0.unwrap();
    });
    // The shutdown of another runtime, which waits for a poll.
    let another = Shape::Workers(1).builder().build().unwrap();
    runtime.block_on(async {
        let (wake, woken) = oneshot::channel();
        let within = async {
            let (begun, begins) = mpsc::channel();
            drop(another.spawn(async move {
                begun.send(()).unwrap();
                block_thread(Duration::from_millis(20));
            }));
            receive(&begins);
            wake.send(()).unwrap();
            block_in_place(|| drop(another));
        };
        heist::join!(woken, within).0.unwrap();
    });
}
