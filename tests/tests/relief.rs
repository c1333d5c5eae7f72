//! Relief when every worker is held up: standby workers, their limit and their end; `block_in_place`; who is told of slow polls.

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Handle, Runtime};
use heist::sync::oneshot;
use heist::task::{block_in_place, yield_now};
use heist::time::{self, Duration, Instant};
use heist_tests::{OnDrop, Shape, block_thread, guarded, in_child, judge, receive, wait_until};
use std::collections::HashSet;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread;

/// Held by tests that have the machine for themselves, and shared by those that share it.
static MACHINE: RwLock<()> = RwLock::new(());

/// One at a time: they would make each other late.
fn alone<R>(name: &'static str, test: impl FnOnce() -> R + Send + 'static) {
    let _machine = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    guarded(name, || {
        test();
    });
}

/// Shapes whose workers can all be blocked.
const SHAPES: [Shape; 3] = [Shape::Workers(1), Shape::Workers(2), Shape::Workers(8)];

/// Blocks so many threads of the runtime, until what it returns is dropped: when this returns, all are.
fn block(runtime: &Runtime, threads: usize) -> Vec<mpsc::Sender<()>> {
    let (blocked, blocks) = mpsc::channel();
    (0..threads)
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let blocked = blocked.clone();
            drop(runtime.spawn(async move {
                blocked.send(()).unwrap();
                let _ = released.recv();
            }));
            receive(&blocks);
            release
        })
        .collect()
}

/// With every worker blocked: a task from outside, what it spawns, a timer and a socket.
#[test]
fn everything_goes_on_without_workers() {
    alone("everything_goes_on_without_workers", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let blocked = block(&runtime, shape.worker_threads());
            let task = runtime.spawn(async {
                let children: Vec<_> = (0..1_000)
                    .map(|child| heist::spawn(async move { child }))
                    .collect();
                let mut sum = 0;
                for child in children {
                    sum += child.await.unwrap();
                }
                time::sleep(Duration::from_millis(2)).await;
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let mut client = TcpStream::connect(listener.local_addr().unwrap())
                    .await
                    .unwrap();
                let (mut server, _) = listener.accept().await.unwrap();
                client.write_all(b"ping").await.unwrap();
                let mut buffer = [0; 4];
                server.read_exact(&mut buffer).await.unwrap();
                assert_eq!(&buffer, b"ping");
                sum
            });
            assert_eq!(runtime.block_on(task).unwrap(), 499_500);
            drop(blocked);
        }
    });
}

/// What waits with a worker when it blocks: in its slot, in its queue, on its wheel, for its turn of the reactor.
#[test]
fn nothing_waits_for_a_blocked_worker() {
    alone("nothing_waits_for_a_blocked_worker", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let mut blocked = block(&runtime, shape.worker_threads() - 1);
            let (fired, fires) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            drop(runtime.spawn(async move {
                for task in 0..10 {
                    let fired = fired.clone();
                    drop(heist::spawn(async move {
                        time::sleep(Duration::from_millis(1)).await;
                        fired.send(task).unwrap();
                    }));
                }
                // So that the timers are armed on this worker.
                yield_now().await;
                let _ = released.recv();
            }));
            let tasks: HashSet<_> = (0..10).map(|_| receive::<i32>(&fires)).collect();
            assert_eq!(tasks.len(), 10);
            blocked.push(release);
        }
    });
}

/// The watcher looks on less often while processes are started: what waits with a blocked worker is taken over all the same.
#[test]
fn nothing_waits_for_a_blocked_worker_while_processes_are_started() {
    alone("nothing_waits_while_processes_are_started", || {
        let runtime = Shape::Workers(3).runtime();
        let done = Arc::new(AtomicBool::new(false));
        let (begun, begins) = mpsc::channel();
        let starts = runtime.spawn({
            let done = done.clone();
            async move {
                while !done.load(SeqCst) {
                    let status = heist::process::Command::new("true").status();
                    assert!(status.await.unwrap().success());
                    let _ = begun.send(());
                }
            }
        });
        receive(&begins);
        for _ in 0..20 {
            let blocked = runtime.spawn(async {
                let (started, starts) = mpsc::channel();
                // In the next-slot of the worker, which waits for it.
                drop(heist::spawn(async move { started.send(()).unwrap() }));
                receive(&starts);
            });
            runtime.block_on(blocked).unwrap();
        }
        done.store(true, SeqCst);
        runtime.block_on(starts).unwrap();
    });
}

/// More tasks block than there are workers: standby after standby.
#[test]
fn standbys_are_relieved_as_well() {
    alone("standbys_are_relieved_as_well", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let blocked = block(&runtime, shape.worker_threads() + 8);
            assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
            drop(blocked);
        }
    });
}

/// What a standby has armed and spawned outlives its duty: a timer fires, a task that never ends is dropped by the shutdown, and another is found by its waker.
#[test]
fn what_a_standby_leaves_behind() {
    alone("what_a_standby_leaves_behind", || {
        for shape in SHAPES {
            let (started, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let count = |counter: &Arc<AtomicUsize>| {
                let counter = counter.clone();
                move || {
                    counter.fetch_add(1, SeqCst);
                }
            };
            let runtime = shape
                .builder()
                .thread_keep_alive(Duration::from_millis(1))
                .on_thread_start(count(&started))
                .on_thread_stop(count(&stopped))
                .build()
                .unwrap();
            let threads = shape.worker_threads();
            let blocked = block(&runtime, threads);
            let (wake, woken) = oneshot::channel();
            let dropped = Arc::new(AtomicBool::new(false));
            let (armed, arms) = mpsc::channel();
            let left = {
                let dropped = dropped.clone();
                runtime.spawn(async move {
                    let timer = heist::spawn(async {
                        time::sleep(Duration::from_millis(50)).await;
                    });
                    let waiting = heist::spawn(woken);
                    drop(heist::spawn(async move {
                        let _guard = OnDrop::new(move || dropped.store(true, SeqCst));
                        pending::<()>().await;
                    }));
                    yield_now().await;
                    armed.send(()).unwrap();
                    (timer, waiting)
                })
            };
            receive::<()>(&arms);
            drop(blocked);
            // The workers are back: the standby goes home, and with the sentinel that has nothing to do any more its thread ends.
            wait_until(|| {
                let (started, stopped) = (started.load(SeqCst), stopped.load(SeqCst));
                started > threads && started - stopped == threads
            });
            let (timer, waiting) = runtime.block_on(left).unwrap();
            runtime.block_on(timer).unwrap();
            wake.send(7).unwrap();
            assert_eq!(runtime.block_on(waiting).unwrap(), Ok(7));
            assert!(!dropped.load(SeqCst));
            drop(runtime);
            assert!(dropped.load(SeqCst));
            assert_eq!(started.load(SeqCst), stopped.load(SeqCst));
        }
    });
}

/// A runtime shuts down with workers and standbys blocked.
#[test]
fn shutdown_while_standbys_are_blocked() {
    alone("shutdown_while_standbys_are_blocked", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let blocked = block(&runtime, shape.worker_threads() + 2);
            let dropped = Arc::new(AtomicBool::new(false));
            let guard = OnDrop::new({
                let dropped = dropped.clone();
                move || dropped.store(true, SeqCst)
            });
            drop(runtime.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
            let releaser = thread::spawn(move || {
                wait_until(|| dropped.load(SeqCst));
                drop(blocked);
            });
            drop(runtime);
            releaser.join().unwrap();
        }
    });
}

/// At the limit everything waits, which is said once, and goes on when a worker is back.
#[test]
fn the_limit_is_reported_once() {
    let ended = in_child("the_limit_is_reported_once", &[], || {
        let runtime = Shape::Workers(2)
            .builder()
            .max_relief_workers(1)
            .on_slow_poll(|_| ())
            .build()
            .unwrap();
        for _ in 0..2 {
            let blocked = block(&runtime, 3);
            let task = runtime.spawn(async {});
            // The sentinel looks on; that it has said so by then is not certain, hence twice.
            block_thread(Duration::from_millis(50));
            assert!(!task.is_finished());
            drop(blocked);
            runtime.block_on(task).unwrap();
        }
    });
    ended.assert_success();
    let reports: Vec<_> = ended.reports().into_iter().collect();
    assert_eq!(
        reports,
        [
            "heist: all workers of a runtime are blocked, and all standby workers: its tasks wait until a poll ends. Move what blocks to `heist::spawn_blocking`, \
             or allow more standbys by `Builder::max_relief_workers`"
        ]
    );
}

#[test]
fn without_relief_everything_waits() {
    alone("without_relief_everything_waits", || {
        let runtime = Shape::Workers(2)
            .builder()
            .disable_relief()
            .build()
            .unwrap();
        let blocked = block(&runtime, 2);
        let task = runtime.spawn(async {});
        block_thread(Duration::from_millis(50));
        assert!(!task.is_finished());
        drop(blocked);
        runtime.block_on(task).unwrap();
    });
}

/// Where polls are short, however busy the machine: whoever polls is one of the workers.
#[test]
fn a_busy_machine_is_no_reason_for_a_standby() {
    alone("a_busy_machine_is_no_reason_for_a_standby", || {
        let runtime = Shape::Workers(2).builder().build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let burners: Vec<_> = (0..8)
            .map(|_| {
                let stop = stop.clone();
                thread::spawn(move || while !stop.load(SeqCst) {})
            })
            .collect();
        let end = Instant::now() + Duration::from_secs(2);
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                runtime.spawn(async move {
                    let mut threads = HashSet::new();
                    while Instant::now() < end {
                        threads.insert(thread::current().id());
                        yield_now().await;
                    }
                    threads
                })
            })
            .collect();
        let mut threads = HashSet::new();
        for task in tasks {
            threads.extend(runtime.block_on(task).unwrap());
        }
        stop.store(true, SeqCst);
        for burner in burners {
            burner.join().unwrap();
        }
        assert!(threads.len() <= 2, "{threads:?}");
    });
}

/// While every worker is blocked for 200 ms at a time, again and again: by how much tasks that sleep for 5 ms are late, at the 99th percentile.
fn lateness_of_sleepers(runtime: &Runtime, workers: usize) -> Duration {
    const SLEEPERS: usize = 8;
    let end = Instant::now() + Duration::from_secs(1);
    for _ in 0..workers {
        runtime.spawn(async move {
            while Instant::now() < end {
                block_thread(Duration::from_millis(200));
                yield_now().await;
            }
        });
    }
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| {
            runtime.spawn(async move {
                let mut late = Vec::new();
                while Instant::now() < end {
                    let deadline = Instant::now() + Duration::from_millis(5);
                    time::sleep_until(deadline).await;
                    late.push(deadline.elapsed());
                }
                late
            })
        })
        .collect();
    let mut late: Vec<Duration> = Vec::new();
    for sleeper in sleepers {
        late.extend(runtime.block_on(sleeper).unwrap());
    }
    late.sort();
    late[late.len() * 99 / 100]
}

fn sleepers_gate(name: &'static str, workers: usize) {
    // All sleep, those who block included: they are in nobody's way.
    let _machine = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    guarded(name, move || {
        let runtime = Shape::Workers(workers).runtime();
        judge(Duration::from_millis(15), || {
            lateness_of_sleepers(&runtime, workers)
        });
    });
}

#[test]
fn sleepers_are_15_ms_late_at_most_while_the_one_worker_blocks() {
    sleepers_gate(
        "sleepers_are_15_ms_late_at_most_while_the_one_worker_blocks",
        1,
    );
}

#[test]
fn sleepers_are_15_ms_late_at_most_while_2_workers_block() {
    sleepers_gate("sleepers_are_15_ms_late_at_most_while_2_workers_block", 2);
}

#[test]
fn sleepers_are_15_ms_late_at_most_while_8_workers_block() {
    sleepers_gate("sleepers_are_15_ms_late_at_most_while_8_workers_block", 8);
}

/// A slow poll is told of while it goes on, once for each task.
#[test]
fn a_slow_poll_is_told_of() {
    alone("a_slow_poll_is_told_of", || {
        for shape in SHAPES {
            let (tell, told) = mpsc::channel();
            let runtime = shape
                .builder()
                .on_slow_poll(move |poll| tell.send(poll.clone()).unwrap())
                .build()
                .unwrap();
            for _ in 0..2 {
                let (release, released) = mpsc::channel::<()>();
                let line = line!() + 1;
                let task = runtime.spawn(async move {
                    let _ = released.recv();
                    yield_now().await;
                    // The same task a second time.
                    block_thread(Duration::from_millis(50));
                });
                let poll = receive::<heist::runtime::SlowPoll>(&told);
                assert_eq!(poll.task(), task.id());
                assert_eq!(poll.spawned_at().file(), file!());
                assert_eq!(poll.spawned_at().line(), line);
                assert!(poll.lasted() >= Duration::from_millis(5) && poll.is_certain());
                drop(release);
                runtime.block_on(task).unwrap();
            }
            drop(runtime);
            assert!(told.try_recv().is_err());
        }
    });
}

/// On the current-thread flavour, afterwards.
#[test]
fn a_slow_poll_on_the_current_thread() {
    alone("a_slow_poll_on_the_current_thread", || {
        let (tell, told) = mpsc::channel();
        let runtime = Builder::new_current_thread()
            .on_slow_poll(move |poll| tell.send(poll.clone()).unwrap())
            .build()
            .unwrap();
        let task = runtime.spawn(async { block_thread(Duration::from_millis(20)) });
        let id = task.id();
        runtime.block_on(task).unwrap();
        let poll = told.try_recv().unwrap();
        assert!(poll.task() == id && poll.lasted() >= Duration::from_millis(20));
        // Neither the root future nor what happens between two `block_on` is a task's poll.
        runtime.block_on(async {
            heist::spawn(async {}).await.unwrap();
            block_thread(Duration::from_millis(20));
            heist::spawn(yield_now()).await.unwrap();
        });
        block_thread(Duration::from_millis(20));
        runtime.block_on(runtime.spawn(async {})).unwrap();
        let blamed: Vec<_> = told.try_iter().filter(|poll| poll.is_certain()).collect();
        assert!(blamed.is_empty(), "{blamed:?}");
    });
}

/// A shutdown's bound is one for the workers and for those who stand in for them.
#[test]
fn a_shutdown_waits_no_longer_for_standbys() {
    alone("a_shutdown_waits_no_longer_for_standbys", || {
        let runtime = Shape::Workers(1).builder().build().unwrap();
        let mut blocked = block(&runtime, 2);
        let worker = blocked.remove(0);
        let bound = Duration::from_secs(2);
        let begun = Instant::now();
        let late = thread::spawn(move || {
            block_thread(bound / 2);
            drop(worker);
        });
        runtime.shutdown_timeout(bound);
        let took = begun.elapsed();
        assert!(took >= bound && took < bound * 5 / 4, "{took:?}");
        late.join().unwrap();
        drop(blocked);
    });
}

/// What a hook blocks is not the fault of the task that was polled before it.
#[test]
fn a_slow_hook_is_no_tasks_poll() {
    alone("a_slow_hook_is_no_tasks_poll", || {
        let (tell, told) = mpsc::channel();
        let (parked, parks) = mpsc::channel();
        let is_slow = Arc::new(AtomicBool::new(false));
        let slow = is_slow.clone();
        let runtime = Shape::Workers(1)
            .builder()
            .on_slow_poll(move |poll| tell.send(poll.clone()).unwrap())
            .on_thread_park(move || {
                if slow.swap(false, SeqCst) {
                    block_thread(Duration::from_millis(100));
                    parked.send(()).unwrap();
                }
            })
            .build()
            .unwrap();
        let task = runtime.spawn(async move { is_slow.store(true, SeqCst) });
        runtime.block_on(task).unwrap();
        receive::<()>(&parks);
        drop(runtime);
        let blamed: Vec<_> = told.try_iter().collect();
        assert!(blamed.is_empty(), "{blamed:?}");
    });
}

#[test]
fn the_hook_may_panic() {
    let ended = in_child("the_hook_may_panic", &[], || {
        let runtime = Shape::Workers(2)
            .builder()
            .on_slow_poll(|_| panic!("out of cheese"))
            .build()
            .unwrap();
        let blocked = block(&runtime, 2);
        runtime.block_on(runtime.spawn(async {})).unwrap();
        drop(blocked);
    });
    ended.assert_success();
    let reports = ended.reports();
    assert!(!reports.is_empty());
    for report in reports {
        assert_eq!(
            report,
            "heist: the hook `on_slow_poll` panicked: out of cheese"
        );
    }
}

/// What the hook spawns or wakes runs while the poll goes on, whoever calls it: the watcher, or with one worker the sentinel.
#[test]
fn the_hook_may_spawn_or_wake() {
    alone("the_hook_may_spawn_or_wake", || {
        for shape in SHAPES {
            for spawns in [true, false] {
                let (wake, woken) = oneshot::channel();
                let wake = Mutex::new(Some(wake));
                let (ran, runs) = mpsc::channel();
                let spawned = ran.clone();
                let runtime = shape
                    .builder()
                    .on_slow_poll(move |_| {
                        let spawned = spawned.clone();
                        if spawns {
                            drop(heist::spawn(async move { spawned.send(()).unwrap() }));
                        } else if let Some(wake) = wake.lock().unwrap().take() {
                            wake.send(()).unwrap();
                        }
                    })
                    .build()
                    .unwrap();
                if !spawns {
                    drop(runtime.spawn(async move {
                        woken.await.unwrap();
                        ran.send(()).unwrap();
                    }));
                }
                let blocked = block(&runtime, 1);
                receive::<()>(&runs);
                drop(blocked);
            }
        }
    });
}

/// Nor is one lost that the hook's panic wakes, by the process' panic hook.
#[test]
fn the_hooks_panic_may_wake() {
    let ended = in_child("the_hooks_panic_may_wake", &[], || {
        let (wake, woken) = oneshot::channel();
        let wake = Mutex::new(Some(wake));
        std::panic::set_hook(Box::new(move |_| {
            if let Some(wake) = wake.lock().unwrap().take() {
                wake.send(()).unwrap();
            }
        }));
        let runtime = Shape::Workers(2)
            .builder()
            .on_slow_poll(|_| panic!("out of cheese"))
            .build()
            .unwrap();
        let woken = runtime.spawn(woken);
        let blocked = block(&runtime, 1);
        runtime.block_on(woken).unwrap().unwrap();
        drop(blocked);
    });
    ended.assert_success();
}

/// Without a hook it is said on standard error.
#[test]
fn a_slow_poll_is_reported() {
    let ended = in_child("a_slow_poll_is_reported", &[], || {
        let runtime = Shape::Workers(1).builder().build().unwrap();
        let blocked = block(&runtime, 1);
        runtime.block_on(runtime.spawn(async {})).unwrap();
        drop(blocked);
    });
    ended.assert_success();
    let reports = ended.slow_polls();
    let [report] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    let rest = report.split_once(" has blocked its thread for ").unwrap();
    assert!(
        rest.0.starts_with("heist: task ") && rest.0.contains("(spawned at tests/tests/relief.rs:")
    );
    assert!(rest.1.ends_with(
        " ms: move what blocks to `heist::spawn_blocking`, or `.await` something in between"
    ));
}

/// What is said with `block_in_place` waits for nobody: tasks of the one worker run while it blocks, and it may itself wait for them.
#[test]
fn block_in_place_gives_the_worker_up() {
    alone("block_in_place_gives_the_worker_up", || {
        for shape in SHAPES {
            let runtime = shape
                .builder()
                // By itself nobody would come for a long time.
                .relief_after(Duration::from_secs(3_600))
                .build()
                .unwrap();
            let tasks: Vec<_> = (0..shape.worker_threads())
                .map(|_| {
                    runtime.spawn(async {
                        let local = String::from("borrowed");
                        let next = heist::spawn(async { 1 });
                        let length = block_in_place(|| {
                            let other = heist::spawn(async {
                                time::sleep(Duration::from_millis(1)).await;
                                2
                            });
                            let sum = Handle::current()
                                .block_on(async { next.await.unwrap() + other.await.unwrap() });
                            assert_eq!(sum, 3);
                            local.len()
                        });
                        yield_now().await;
                        length
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(runtime.block_on(task).unwrap(), 8);
            }
        }
    });
}

#[test]
fn block_in_place_where_nothing_is_given_up() {
    alone("block_in_place_where_nothing_is_given_up", || {
        assert_eq!(block_in_place(|| 1), 1);
        let runtime = Shape::Workers(1).runtime();
        // On the thread in `block_on`, on one of the blocking pool, and within itself.
        assert_eq!(runtime.block_on(async { block_in_place(|| 2) }), 2);
        let job = runtime.spawn_blocking(|| block_in_place(|| 3));
        assert_eq!(runtime.block_on(job).unwrap(), 3);
        let task = runtime.spawn(async { block_in_place(|| block_in_place(|| 4)) });
        assert_eq!(runtime.block_on(task).unwrap(), 4);
    });
}

#[test]
fn a_panic_in_block_in_place() {
    alone("a_panic_in_block_in_place", || {
        let runtime = Shape::Workers(1).runtime();
        let task = runtime.spawn(async {
            let panicked = catch_unwind(AssertUnwindSafe(|| block_in_place(|| panic!("expected"))));
            assert!(panicked.is_err());
            heist::spawn(async { 1 }).await.unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 1);
    });
}

#[test]
#[should_panic(expected = "`block_in_place` was called on a current-thread runtime")]
fn block_in_place_on_the_current_thread() {
    Shape::CurrentThread
        .runtime()
        .block_on(async { block_in_place(|| ()) });
}

#[test]
#[should_panic(expected = "`relief_after` needs a bound above zero")]
fn relief_after_no_time() {
    Shape::Workers(1).builder().relief_after(Duration::ZERO);
}

/// Where all workers have one processor, who is free gives way to who is not; but not to one that is blocked.
#[cfg(target_os = "linux")]
#[test]
fn who_shares_a_processor_gives_way_only_to_who_moves() {
    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

    let body = || {
        let mut here = CpuSet::new();
        here.set(sched_getcpu());
        // The threads that this one starts inherit it.
        sched_setaffinity(None, &here).expect("a thread may stay where it is");
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .disable_relief()
            .build()
            .unwrap();
        for _ in 0..20 {
            // From outside.
            let mut blocked = block(&runtime, 1);
            let release = blocked.pop().unwrap();
            let released = runtime.spawn(async move { drop(release) });
            runtime.block_on(released).unwrap();
            // From the one that is blocked.
            let blocks = runtime.spawn(async {
                let (run, runs) = mpsc::channel();
                drop(heist::spawn(async move { run.send(()).unwrap() }));
                receive(&runs);
            });
            runtime.block_on(blocks).unwrap();
        }
    };
    in_child(
        "who_shares_a_processor_gives_way_only_to_who_moves",
        &[],
        body,
    )
    .assert_success();
}
