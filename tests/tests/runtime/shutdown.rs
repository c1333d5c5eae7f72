//! How runtimes end.

use heist::runtime::{Handle, Runtime};
use heist::sync::oneshot;
use heist::task::{self, JoinHandle};
use heist_tests::{
    OnDrop, PATIENCE, Running, Shape, Stopwatch, Tally, panic_of, receive, wait_until,
};
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// What a shutdown with something stuck may take.
const BOUND: Duration = Duration::from_millis(50);

fn wait<T>(handle: JoinHandle<T>) -> Result<T, task::JoinError> {
    futures_lite::future::block_on(handle)
}

#[track_caller]
fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    assert!(handle.is_finished());
    assert!(wait(handle).unwrap_err().is_cancelled());
}

/// Spawns a task that blocks in its poll until the sender is dropped; returns when it does.
#[track_caller]
fn stick(runtime: &Runtime, guard: OnDrop) -> (mpsc::Sender<()>, JoinHandle<()>) {
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

/// Whether the shutdown has begun.
fn refuses(runtime: &Handle) -> bool {
    let probe = runtime.spawn(pending::<()>());
    let refused = probe.is_finished();
    probe.abort();
    refused
}

/// Likewise, a blocking job.
#[track_caller]
fn stick_blocking(runtime: &Runtime, guard: OnDrop) -> (mpsc::Sender<()>, JoinHandle<()>) {
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

/// Nothing is released before the shutdown has returned: were it to wait, this would hang.
#[track_caller]
fn assert_bounded(runtime: Running, stuck: mpsc::Sender<()>, dropped: &Tally, guards: usize) {
    let (runtime, driver) = runtime.take();
    let begun = Stopwatch::start();
    runtime.shutdown_timeout(BOUND);
    let took = begun.elapsed();
    assert!(took >= BOUND, "it gave up after {took:?}");
    // What was stuck ends by itself some time, and is not leaked then.
    drop(stuck);
    wait_until(|| dropped.count() == guards);
    drop(driver);
}

pub(crate) fn a_poll_that_is_stuck(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let (stuck, _handle) = stick(&runtime, dropped.on_drop());
    let guard = dropped.on_drop();
    let _idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    assert_bounded(runtime, stuck, &dropped, 2);

    let runtime = shape.running();
    let dropped = Tally::new();
    let (stuck, handle) = stick(&runtime, dropped.on_drop());
    let (runtime, driver) = runtime.take();
    runtime.shutdown_background();
    assert!(!handle.is_finished());
    drop(stuck);
    assert!(wait(handle).unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 1);
    drop(driver);
}

pub(crate) fn a_blocking_job_that_is_stuck(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    let (stuck, handle) = stick_blocking(&runtime, dropped.on_drop());
    let begun = Stopwatch::start();
    runtime.shutdown_timeout(BOUND);
    assert!(begun.elapsed() >= BOUND);
    assert!(!handle.is_finished());
    drop(stuck);
    wait(handle).unwrap();
    assert_eq!(dropped.count(), 1);

    let runtime = shape.runtime();
    let (stuck, handle) = stick_blocking(&runtime, dropped.on_drop());
    runtime.shutdown_background();
    assert!(!handle.is_finished());
    drop(stuck);
    wait(handle).unwrap();
}

/// Of a task that nobody polls: it is the shutdown that calls it.
pub(crate) fn a_destructor_that_is_stuck(shape: Shape) {
    for bound in [BOUND, Duration::ZERO] {
        let runtime = shape.running();
        let occupied = runtime.occupy();
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let guard = OnDrop::new(move || {
            begun.send(()).unwrap();
            let _ = released.lock().unwrap().recv_timeout(PATIENCE);
        });
        let stuck = runtime.spawn(async move {
            let _guard = guard;
        });
        let dropped = Tally::new();
        let guard = dropped.on_drop();
        let other = runtime.spawn(async move {
            let _guard = guard;
        });
        let (runtime, driver) = runtime.take();
        if bound.is_zero() {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(bound);
        }
        receive(&begins);
        assert!(!stuck.is_finished());
        drop(release);
        assert!(wait(stuck).unwrap_err().is_cancelled());
        assert!(wait(other).unwrap_err().is_cancelled());
        assert_eq!(dropped.count(), 1);
        drop(occupied);
        drop(driver);
    }
}

pub(crate) fn the_destructor_of_a_queued_job_that_is_stuck(shape: Shape) {
    // Whether it hangs may be a matter of who is faster.
    for _ in 0..10 {
        let mut builder = shape.builder();
        let runtime = shape.build(builder.max_blocking_threads(1));
        let dropped = Tally::new();
        let (stuck, first) = stick_blocking(&runtime, dropped.on_drop());
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let guard = OnDrop::new(move || {
            let _ = released.lock().unwrap().recv_timeout(PATIENCE);
        });
        let queued = runtime.spawn_blocking(move || drop(guard));
        runtime.shutdown_timeout(Duration::from_millis(5));
        assert!(!queued.is_finished());
        drop(release);
        assert!(wait(queued).unwrap_err().is_cancelled());
        drop(stuck);
        wait(first).unwrap();
    }
}

pub(crate) fn with_nothing_stuck_it_is_quick(shape: Shape) {
    let dropped = Tally::new();
    for bound in [Duration::from_secs(3_600), Duration::MAX] {
        let runtime = shape.runtime();
        runtime
            .block_on(async { heist::join!(heist::spawn(async {}), heist::spawn_blocking(|| ())) })
            .0
            .unwrap();
        let guard = dropped.on_drop();
        let handle = runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        runtime.shutdown_timeout(bound);
        assert_cancelled(handle);
    }
    assert_eq!(dropped.count(), 2);
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

const INSIDE: &str = "a `Runtime` was dropped inside async code, where it may not wait for its tasks, and shuts down in the background: drop it outside, \
    or call `shutdown_background` here";

/// A task that owns its runtime, and drops it in this way.
fn owned_by_its_task(shape: Shape, end: impl FnOnce(Runtime) + Send + 'static) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let (give, given) = oneshot::channel::<Runtime>();
    let (after, guard) = (Tally::new(), dropped.on_drop());
    let hit_after = after.clone();
    let owner = runtime.spawn(async move {
        let _guard = guard;
        end(given.await.unwrap());
        // It is not interrupted in its poll, only dropped after it.
        hit_after.hit();
        task::yield_now().await;
        unreachable!("its runtime has ended");
    });
    let Ok(()) = give.send(runtime) else {
        unreachable!("the receiver waits")
    };
    // On the current-thread flavour this thread is the one that runs it.
    let outcome = handle.block_on(owner);
    assert!(outcome.unwrap_err().is_cancelled());
    assert_eq!(after.count(), 1);
    assert!(wait(idle).unwrap_err().is_cancelled());
    assert_eq!(dropped.count(), 2);
}

pub(crate) fn from_inside_a_task(shape: Shape) {
    owned_by_its_task(shape, |runtime| {
        assert_eq!(panic_of(|| drop(runtime)).message, INSIDE);
    });
}

pub(crate) fn in_the_background_from_inside_a_task(shape: Shape) {
    owned_by_its_task(shape, Runtime::shutdown_background);
    owned_by_its_task(shape, |runtime| {
        runtime.shutdown_timeout(Duration::from_millis(1))
    });
}

/// Where it may wait; only for itself it does not.
pub(crate) fn from_inside_a_blocking_job(shape: Shape) {
    let runtime = shape.runtime();
    let handle = runtime.handle().clone();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let idle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let count = dropped.clone();
    let job = handle.spawn_blocking(move || {
        drop(runtime);
        count.count()
    });
    assert_eq!(wait(job).unwrap(), 1);
    assert_cancelled(idle);
}

pub(crate) fn from_inside_another_runtime(shape: Shape) {
    for other in [Shape::CurrentThread, Shape::Workers(2)] {
        let runtime = shape.runtime();
        let dropped = Tally::new();
        let guard = dropped.on_drop();
        let idle = runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let other = other.runtime();
        let panicked = panic_of(|| other.block_on(async move { drop(runtime) }));
        assert_eq!(panicked.message, INSIDE);
        assert!(wait(idle).unwrap_err().is_cancelled());
        assert_eq!(dropped.count(), 1);
        // Where it may wait, it does.
        let runtime = shape.runtime();
        let idle = runtime.spawn(pending::<()>());
        other
            .block_on(other.spawn_blocking(move || drop(runtime)))
            .unwrap();
        assert_cancelled(idle);
    }
}

/// Queues a task that is dropped by the shutdown, on the thread that calls this; what its destructor returns is returned.
fn at_the_shutdown<T: Send + 'static>(
    shape: Shape,
    destructor: impl FnOnce(Handle) -> T + Send + Sync + 'static,
) -> T {
    let runtime = shape.running();
    let occupied = runtime.occupy();
    let (done, outcome) = mpsc::channel();
    let handle = runtime.handle().clone();
    let guard = OnDrop::new(move || {
        let _ = done.send(destructor(handle));
        // The occupied threads are given back here: the drop waits for them.
        drop(occupied);
    });
    let queued = runtime.spawn(async move {
        let _guard = guard;
    });
    let (runtime, driver) = runtime.take();
    drop(runtime);
    assert_cancelled(queued);
    drop(driver);
    receive(&outcome)
}

pub(crate) fn destructors_that_spawn(shape: Shape) {
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let spawned = at_the_shutdown(shape, |handle| {
        [
            heist::spawn(async move {
                let _guard = guard;
            }),
            handle.spawn(async {}),
        ]
    });
    spawned.into_iter().for_each(assert_cancelled);
    assert_eq!(dropped.count(), 1);
}

pub(crate) fn destructors_that_enter_and_block_on(shape: Shape) {
    let error = at_the_shutdown(shape, |handle| {
        let _guard = handle.enter();
        handle.block_on(async {
            task::yield_now().await;
            heist::spawn(async {}).await.unwrap_err()
        })
    });
    assert!(error.is_cancelled());
}

/// The blocking pool ends after the tasks; a job that comes from their destructors is run or cancelled.
pub(crate) fn destructors_that_spawn_blocking(shape: Shape) {
    let job = at_the_shutdown(shape, |_| heist::spawn_blocking(|| 5));
    assert!(job.is_finished());
    assert!(wait(job).map_or_else(|error| error.is_cancelled(), |output| output == 5));
}

/// Each holds the sender for which the next one waits.
pub(crate) fn destructors_that_wake(shape: Shape) {
    const TASKS: usize = 200;
    let runtime = shape.running();
    let dropped = Tally::new();
    let mut handles = Vec::new();
    let (_first, mut waits) = oneshot::channel::<()>();
    for _ in 0..TASKS {
        let (next, waits_next) = oneshot::channel::<()>();
        let (guard, own) = (dropped.on_drop(), std::mem::replace(&mut waits, waits_next));
        handles.push(runtime.spawn(async move {
            let _guard = (guard, next);
            let _ = own.await;
            pending::<()>().await;
        }));
    }
    drop(runtime);
    assert_eq!(dropped.count(), TASKS);
    handles.into_iter().for_each(assert_cancelled);
}

/// Handles in tasks, abort handles and outputs: they are dropped in each other's destructors.
pub(crate) fn tasks_that_own_each_other(shape: Shape) {
    const TASKS: usize = 200;
    for _ in 0..5 {
        let runtime = shape.running();
        let dropped = Tally::new();
        let mut previous: Option<JoinHandle<OnDrop>> = None;
        for n in 0..TASKS {
            let (guard, output) = (dropped.on_drop(), dropped.on_drop());
            let abort = previous.as_ref().map(|handle| handle.abort_handle());
            let abort = OnDrop::new(move || {
                if let Some(abort) = abort {
                    abort.abort();
                }
            });
            previous = Some(runtime.spawn(async move {
                let _guard = (guard, abort);
                match previous {
                    Some(previous) if n % 2 == 0 => drop(previous.await),
                    _ if n % 3 == 0 => return output,
                    _ => task::yield_now().await,
                }
                if n % 5 > 0 {
                    pending::<()>().await;
                }
                output
            }));
        }
        drop(runtime);
        drop(previous);
        assert_eq!(dropped.count(), 2 * TASKS);
    }
}

pub(crate) fn a_task_that_owns_its_own_handle(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    for keeps in [true, false] {
        let (give, given) = oneshot::channel::<JoinHandle<()>>();
        let guard = dropped.on_drop();
        let handle = runtime.spawn(async move {
            let _guard = guard;
            let own = given.await.unwrap();
            if keeps {
                pending::<()>().await;
            }
            // For itself it waits in vain.
            let _ = own.await;
        });
        give.send(handle).unwrap();
    }
    runtime.block_on(async {
        for _ in 0..10 {
            task::yield_now().await;
        }
    });
    drop(runtime);
    assert_eq!(dropped.count(), 2);
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

/// It was polled when the shutdown began, and has timers and sockets still: it ends as cancelled, not by a panic.
pub(crate) fn a_poll_that_goes_on_to_wait_is_cancelled(shape: Shape) {
    for round in 0..2 {
        let runtime = shape.running();
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            begun.send(()).unwrap();
            let _ = released.recv_timeout(PATIENCE);
            drop(released);
            heist::time::sleep(Duration::from_secs(3_600)).await;
        });
        receive(&begins);
        let (runtime, driver) = runtime.take();
        if round == 0 {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_millis(5));
        }
        release.send(()).unwrap();
        assert!(wait(task).unwrap_err().is_cancelled());
        drop(driver);
    }
}

/// A common pattern. Where the thread's other locals are gone already, the shutdown does without them.
pub(crate) fn of_a_runtime_in_a_thread_local(shape: Shape) {
    thread_local! {
        static RUNTIME: std::cell::RefCell<Option<Runtime>> = const { std::cell::RefCell::new(None) };
    }
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
}

/// Destructors of the locals of workers, of blocking threads and of others.
pub(crate) fn thread_locals_that_use_the_runtime(shape: Shape) {
    thread_local! {
        static LOCAL: std::cell::RefCell<Option<OnDrop>> = const { std::cell::RefCell::new(None) };
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
