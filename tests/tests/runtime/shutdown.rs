//! How runtimes end, and what they leave. With a bound: `bounded_shutdown.rs`; from inside: `shutdown_inside.rs`; the destructors of their tasks:
//! `destructors.rs`; those of thread-locals: `thread_locals.rs`.

use heist::io::AsyncReadExt;
use heist::net::TcpStream;
use heist::runtime::{Handle, Runtime};
use heist::sync::oneshot;
use heist::task::{self, JoinHandle};
use heist::time::sleep;
use heist_tests::{
    OnDrop, PATIENCE, Shape, Tally, once_waiting, panic_message, receive, wait_until,
};
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// What a shutdown with something stuck may take.
pub(crate) const BOUND: Duration = Duration::from_millis(50);

pub(crate) fn wait<T>(handle: JoinHandle<T>) -> Result<T, task::JoinError> {
    futures_lite::future::block_on(handle)
}

#[track_caller]
pub(crate) fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    assert!(handle.is_finished());
    assert!(wait(handle).unwrap_err().is_cancelled());
}

/// Spawns a task that blocks in its poll until the sender is dropped; returns when it does.
#[track_caller]
pub(crate) fn stick(runtime: &Runtime, guard: OnDrop) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        begun.send(()).unwrap();
        let _ = released.recv_timeout(PATIENCE);
        pending::<()>().await;
    });
    receive(&begins);
    (release, handle)
}

/// Likewise, a blocking job.
#[track_caller]
pub(crate) fn stick_blocking(
    runtime: &Runtime,
    guard: OnDrop,
) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let handle = runtime.spawn_blocking(move || {
        let _guard = guard;
        begun.send(()).unwrap();
        let _ = released.recv_timeout(PATIENCE);
    });
    receive(&begins);
    (release, handle)
}

/// Whether the shutdown has begun.
fn refuses(runtime: &Handle) -> bool {
    let probe = runtime.spawn(pending::<()>());
    let refused = probe.is_finished();
    probe.abort();
    refused
}

pub(crate) fn drops_idle_and_queued_tasks(shape: Shape) {
    const TASKS: usize = 500;
    let runtime = shape.runtime();
    let dropped = Tally::new();
    let handles: Vec<_> = (0..TASKS)
        .map(|n| {
            let guard = dropped.on_drop();
            runtime.spawn(async move {
                let _guard = guard;
                for _ in 0..n % 5 {
                    task::yield_now().await;
                }
                pending::<()>().await;
            })
        })
        .collect();
    runtime.block_on(task::yield_now());
    drop(runtime);
    assert_eq!(dropped.count(), TASKS);
    handles.into_iter().for_each(assert_cancelled);
}

/// One that is polled when the shutdown begins is dropped when its poll returns; the drop of the runtime returns after that.
pub(crate) fn a_drop_waits_for_running_polls(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (release, handle) = stick(&runtime, dropped.on_drop());
    let (runtime, driver) = runtime.take();
    let other = runtime.handle().clone();
    let releasing = thread::spawn(move || {
        wait_until(|| refuses(&other));
        drop(release);
    });
    drop(runtime);
    assert_eq!(dropped.count(), 1);
    assert_cancelled(handle);
    releasing.join().unwrap();
    drop(driver);
}

pub(crate) fn a_drop_waits_for_running_blocking_jobs(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    let (release, handle) = stick_blocking(&runtime, dropped.on_drop());
    let other = runtime.handle().clone();
    let releasing = thread::spawn(move || {
        wait_until(|| refuses(&other));
        drop(release);
    });
    drop(runtime);
    assert_eq!(dropped.count(), 1);
    wait(handle).unwrap();
    releasing.join().unwrap();
}

/// Nothing else would end them: the drivers end with the last worker, and who waits for one learns of it.
pub(crate) fn blocking_jobs_that_wait_for_drivers(shape: Shape) {
    const HOUR: Duration = Duration::from_secs(3_600);
    for round in 0..4 {
        // On the current-thread flavour one of the jobs may be what runs the worker.
        let (runtime, driver) = if round % 2 == 0 {
            let (runtime, driver) = shape.running().take();
            (runtime, Some(driver))
        } else {
            (shape.runtime(), None)
        };
        let (waits, waiting) = mpsc::channel();
        let (handle, begun) = (runtime.handle().clone(), waits.clone());
        let sleeps = runtime.spawn_blocking(move || {
            handle.block_on(once_waiting(sleep(HOUR), || begun.send(()).unwrap()));
        });
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let handle = runtime.handle().clone();
        let reads = runtime.spawn_blocking(move || {
            handle.block_on(async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let mut buffer = [0];
                let read = stream.read(&mut buffer);
                once_waiting(read, || waits.send(()).unwrap()).await
            })
        });
        receive(&waiting);
        receive(&waiting);
        let (done, ends) = mpsc::channel();
        let ending = thread::spawn(move || {
            if round < 2 {
                drop(runtime);
            } else {
                runtime.shutdown_background();
            }
            done.send(()).unwrap();
        });
        receive(&ends);
        ending.join().unwrap();
        let payload = wait(sleeps).unwrap_err().into_panic();
        assert_eq!(
            panic_message(&*payload),
            "this timer can't fire any more: the heist runtime that it was to wait on has been shut down"
        );
        assert_eq!(
            wait(reads).unwrap().unwrap_err().to_string(),
            "the heist runtime that this socket or file descriptor belongs to has been shut down"
        );
        drop(driver);
    }
}

pub(crate) fn queued_blocking_jobs_are_cancelled(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = shape.build(builder.max_blocking_threads(1));
    let (ran, dropped) = (Tally::new(), Tally::new());
    let (release, first) = stick_blocking(&runtime, dropped.on_drop());
    let queued: Vec<_> = (0..50)
        .map(|_| {
            let (run, guard) = (ran.clone(), dropped.on_drop());
            runtime.spawn_blocking(move || {
                let _guard = guard;
                run.hit();
            })
        })
        .collect();
    // Released when the queued ones are gone: those that are cancelled never run.
    let gone = dropped.clone();
    let releasing = thread::spawn(move || {
        wait_until(|| gone.count() == 50);
        drop(release);
    });
    drop(runtime);
    queued.into_iter().for_each(assert_cancelled);
    wait(first).unwrap();
    assert_eq!((ran.count(), dropped.count()), (0, 51));
    releasing.join().unwrap();
}

pub(crate) fn spawns_afterwards_are_cancelled(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (ran, dropped) = (Tally::new(), Tally::new());
    let _guard = handle.enter();
    for way in 0..4 {
        let (run, guard) = (ran.clone(), dropped.on_drop());
        let task = {
            let run = run.clone();
            async move {
                let _guard = guard;
                run.hit();
            }
        };
        match way {
            0 => assert_cancelled(handle.spawn(task)),
            1 => assert_cancelled(heist::spawn(task)),
            2 => assert_cancelled(handle.spawn_blocking(move || drop((task, run.hit())))),
            _ => assert_cancelled(heist::spawn_blocking(move || drop((task, run.hit())))),
        }
        assert_eq!(dropped.count(), way + 1);
    }
    assert_eq!(ran.count(), 0);
}

pub(crate) fn handles_outlive_the_runtime(shape: Shape) {
    let runtime = shape.runtime();
    let finished = runtime.spawn(async { 1 });
    let idle = runtime.spawn(pending::<u32>());
    let job = runtime.spawn_blocking(|| 2);
    runtime.block_on(async {
        while !finished.is_finished() || !job.is_finished() {
            task::yield_now().await;
        }
    });
    let ids = [finished.id(), idle.id(), job.id()];
    drop(runtime);
    assert_eq!([finished.id(), idle.id(), job.id()], ids);
    idle.abort();
    assert_eq!(wait(finished).unwrap(), 1);
    assert_eq!(wait(job).unwrap(), 2);
    assert_cancelled(idle);
}

pub(crate) fn who_awaits_learns_of_it(shape: Shape) {
    let runtime = shape.running();
    let handles: Vec<_> = (0..4).map(|_| runtime.spawn(pending::<()>())).collect();
    let waiting: Vec<_> = handles
        .into_iter()
        .map(|handle| thread::spawn(move || wait(handle).unwrap_err().is_cancelled()))
        .collect();
    drop(runtime);
    for thread in waiting {
        assert!(thread.join().unwrap());
    }
}

/// A task whose waker goes into the list.
fn lend_waker(runtime: &Runtime, wakers: &Arc<Mutex<Vec<Waker>>>, guard: OnDrop) -> JoinHandle<()> {
    let wakers = wakers.clone();
    runtime.spawn(async move {
        let _guard = guard;
        poll_fn(|cx| {
            wakers.lock().unwrap().push(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    })
}

pub(crate) fn wakers_that_are_kept(shape: Shape) {
    const TASKS: usize = 40;
    let runtime = shape.running();
    let dropped = Tally::new();
    let wakers = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..TASKS {
        drop(lend_waker(&runtime, &wakers, dropped.on_drop()));
    }
    wait_until(|| wakers.lock().unwrap().len() == TASKS);
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_eq!(dropped.count(), TASKS);
    let wakers = std::mem::take(&mut *wakers.lock().unwrap());
    // The handle keeps the scheduler alive, at first.
    let mut handle = Some(handle);
    for (n, waker) in wakers.into_iter().enumerate() {
        if n == TASKS / 2 {
            handle = None;
        }
        match n % 4 {
            0 => waker.wake(),
            1 => waker.wake_by_ref(),
            2 => [waker.clone(), waker].into_iter().for_each(Waker::wake),
            _ => thread::spawn(move || drop(waker)).join().unwrap(),
        }
    }
    drop(handle);
}

pub(crate) fn wakers_that_are_used_meanwhile(shape: Shape) {
    const TASKS: usize = 20;
    for _ in 0..10 {
        let runtime = shape.running();
        let dropped = Tally::new();
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let handles: Vec<_> = (0..TASKS)
            .map(|_| lend_waker(&runtime, &wakers, dropped.on_drop()))
            .collect();
        wait_until(|| wakers.lock().unwrap().len() >= TASKS);
        let stop = Arc::new(AtomicBool::new(false));
        let waking: Vec<_> = (0..2)
            .map(|_| {
                let (wakers, stop) = (wakers.lock().unwrap().clone(), stop.clone());
                thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        wakers.iter().for_each(Waker::wake_by_ref);
                        // Each wake makes the task lend another waker.
                        thread::yield_now();
                    }
                })
            })
            .collect();
        drop(runtime);
        assert_eq!(dropped.count(), TASKS);
        stop.store(true, SeqCst);
        waking.into_iter().for_each(|thread| thread.join().unwrap());
        handles.into_iter().for_each(assert_cancelled);
    }
}

/// Each task either runs or is cancelled; its future is dropped once.
pub(crate) fn spawns_meanwhile(shape: Shape) {
    for round in 0..10 {
        let runtime = shape.running();
        let dropped = Tally::new();
        let stop = Arc::new(AtomicBool::new(false));
        let spawning: Vec<_> = (0..3)
            .map(|_| {
                let (handle, stop) = (runtime.handle().clone(), stop.clone());
                let dropped = dropped.clone();
                thread::spawn(move || {
                    let mut handles = Vec::new();
                    while !stop.load(SeqCst) && handles.len() < 2_000 {
                        let guard = dropped.on_drop();
                        handles.push(handle.spawn(async move {
                            let _guard = guard;
                            let inner = heist::spawn(task::yield_now());
                            let _ = inner.await;
                        }));
                    }
                    handles
                })
            })
            .collect();
        wait_until(|| dropped.count() > 50 * round);
        let (runtime, driver) = runtime.take();
        match round % 3 {
            0 => drop(runtime),
            1 => runtime.shutdown_background(),
            _ => runtime.shutdown_timeout(BOUND),
        }
        stop.store(true, SeqCst);
        let mut spawned = 0;
        for thread in spawning {
            for handle in thread.join().unwrap() {
                spawned += 1;
                if let Err(error) = wait(handle) {
                    assert!(error.is_cancelled());
                }
            }
        }
        assert_eq!(dropped.count(), spawned);
        drop(driver);
    }
}

pub(crate) fn aborts_meanwhile(shape: Shape) {
    const TASKS: usize = 300;
    for _ in 0..10 {
        let runtime = shape.running();
        let dropped = Tally::new();
        let handles: Vec<_> = (0..TASKS)
            .map(|n| {
                let guard = dropped.on_drop();
                runtime.spawn(async move {
                    let _guard = guard;
                    if n % 2 == 0 {
                        pending::<()>().await;
                    }
                    loop {
                        task::yield_now().await;
                    }
                })
            })
            .collect();
        let aborts: Vec<_> = handles.iter().map(|handle| handle.abort_handle()).collect();
        let aborting = thread::spawn(move || aborts.iter().for_each(|abort| abort.abort()));
        drop(runtime);
        assert_eq!(dropped.count(), TASKS);
        handles.into_iter().for_each(assert_cancelled);
        aborting.join().unwrap();
    }
}

pub(crate) fn of_a_runtime_that_was_never_used(shape: Shape) {
    for _ in 0..20 {
        drop(shape.builder().build().unwrap());
        shape.builder().build().unwrap().shutdown_background();
        shape.builder().build().unwrap().shutdown_timeout(PATIENCE);
    }
}

/// Those that it started have ended when the drop returns.
pub(crate) fn threads_are_gone_afterwards(shape: Shape) {
    let (starts, stops) = (Tally::new(), Tally::new());
    let (start, stop) = (starts.clone(), stops.clone());
    let mut builder = shape.builder();
    builder
        .on_thread_start(move || start.hit())
        .on_thread_stop(move || stop.hit());
    for _ in 0..10 {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let jobs: Vec<_> = (0..5).map(|_| heist::spawn_blocking(|| ())).collect();
            heist::gather(jobs).await
        });
        drop(runtime);
        assert_eq!(stops.count(), starts.count());
    }
    assert!(starts.count() >= 10 * (shape.worker_threads() + 1));
}

/// Its tasks are cancelled; its own future goes on.
pub(crate) fn another_thread_in_block_on_goes_on(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    let (begun, begins) = mpsc::channel();
    let other = thread::spawn(move || {
        handle.block_on(async {
            let task = heist::spawn(pending::<()>());
            begun.send(()).unwrap();
            let error = task.await.unwrap_err();
            task::yield_now().await;
            assert!(heist::spawn(async {}).await.is_err());
            error.is_cancelled()
        })
    });
    receive(&begins);
    drop(runtime);
    assert!(other.join().unwrap());
}

/// Safe code may do that: the thread stays in a runtime that ends.
pub(crate) fn with_a_guard_that_was_leaked(shape: Shape) {
    thread::spawn(move || {
        let runtime = shape.runtime();
        let dropped = Tally::new();
        std::mem::forget(runtime.enter());
        let guard = dropped.on_drop();
        drop(heist::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        drop(runtime);
        assert_eq!(dropped.count(), 1);
        assert_cancelled(heist::spawn(async {}));
        // Another takes its place as long as it is entered.
        let other = shape.runtime();
        let output = other.block_on(async { heist::spawn(async { 1 }).await });
        assert_eq!(output.unwrap(), 1);
        assert_cancelled(heist::spawn(async {}));
    })
    .join()
    .unwrap();
}

/// It comes at every moment of the polls of the future in `block_on`, and of the looks between them whether that was woken.
pub(crate) fn as_the_future_in_block_on_is_woken(shape: Shape) {
    for round in 0..1_000 {
        let runtime = shape.runtime();
        let handle = runtime.handle().clone();
        let begun = Arc::new(AtomicBool::new(false));
        let (end, ends) = oneshot::channel::<()>();
        let begins = begun.clone();
        let thread = thread::spawn(move || {
            handle.block_on(async move {
                begins.store(true, SeqCst);
                for _ in 0..round % 31 {
                    task::yield_now().await;
                }
                assert!(ends.await.is_err());
            });
        });
        // Not asleep, to be as quick as the polls are.
        wait_until(|| begun.load(SeqCst));
        drop(runtime);
        drop(end);
        thread.join().unwrap();
    }
}
