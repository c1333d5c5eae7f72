//! Time that stands still: where it is, when it jumps, and when it does not.

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use heist::sync::oneshot;
use heist::task::yield_now;
use heist::time::{
    self, Duration, Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout,
};
use heist_tests::{block_thread, guarded, receive};
use std::future::pending;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};

const HOUR: Duration = Duration::from_secs(3_600);

fn paused() -> Runtime {
    Builder::new_current_thread()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A test whose time would be hours, if it did not jump.
fn run(name: &'static str, test: impl AsyncFnOnce() + Send + 'static) {
    guarded(name, || paused().block_on(test()));
}

#[heist::test(start_paused = true)]
async fn the_attribute_pauses() {
    let start = Instant::now();
    sleep(HOUR).await;
    assert_eq!(start.elapsed(), HOUR);
}

/// To the nanosecond, and nothing adds up, whatever the tasks take (tokio 3179).
#[test]
fn it_jumps_to_the_deadline_and_no_further() {
    run("it_jumps_to_the_deadline_and_no_further", async || {
        let start = Instant::now();
        for round in 1..=1_000_u32 {
            sleep(Duration::from_nanos(1_000_001)).await;
            assert_eq!(start.elapsed(), round * Duration::from_nanos(1_000_001));
        }
        let mut ticks = interval(Duration::from_millis(3));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let first = ticks.tick().await;
        for tick in 1..=100 {
            assert_eq!(ticks.tick().await - first, tick * Duration::from_millis(3));
        }
        let years = Duration::from_secs(100 * 365 * 24 * 3_600);
        let before = Instant::now();
        sleep(years).await;
        assert_eq!(before.elapsed(), years);
    });
}

/// In the order of the deadlines, on whatever task, in the root future too.
#[test]
fn sleepers_wake_in_order() {
    run("sleepers_wake_in_order", async || {
        let start = Instant::now();
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = [5, 1, 4, 2, 3]
            .map(|hours| {
                let order = order.clone();
                heist::spawn(async move {
                    sleep(hours * HOUR).await;
                    assert_eq!(start.elapsed(), hours * HOUR);
                    order.lock().unwrap().push(hours);
                })
            })
            .into_iter()
            .collect();
        sleep(3 * HOUR + HOUR / 2).await;
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn it_stands_still_while_there_is_anything_to_do() {
    run(
        "it_stands_still_while_there_is_anything_to_do",
        async || {
            let start = Instant::now();
            let busy = heist::spawn(async move {
                for _ in 0..10_000 {
                    yield_now().await;
                }
                start.elapsed()
            });
            let sleeper = heist::spawn(sleep(Duration::from_nanos(1)));
            assert_eq!(busy.await.unwrap(), Duration::ZERO);
            sleeper.await.unwrap();
            let late = timeout(HOUR, pending::<()>()).await;
            assert!(late.is_err() && start.elapsed() == HOUR + Duration::from_nanos(1));
        },
    );
}

/// A blocking job takes real time: until it has ended, and who waits for it has gone on, the time stands still.
#[test]
fn it_waits_for_blocking_jobs() {
    run("it_waits_for_blocking_jobs", async || {
        let start = Instant::now();
        let (begin, begun) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let job = heist::spawn_blocking(move || {
            begin.send(()).unwrap();
            let _ = ends.recv();
            // On the pool's threads it is the same time.
            Instant::now()
        });
        let ender = std::thread::spawn(move || {
            receive::<()>(&begun);
            block_thread(Duration::from_millis(20));
            drop(end);
        });
        let sleeper = heist::spawn(async move {
            sleep(HOUR).await;
            start.elapsed()
        });
        assert_eq!(job.await.unwrap(), start);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(sleeper.await.unwrap(), HOUR);
        ender.join().unwrap();
        // One that nobody waits for holds it up no longer than it takes.
        drop(heist::spawn_blocking(|| {
            block_thread(Duration::from_millis(20))
        }));
        sleep(HOUR).await;
        // Nor does one that is cancelled, or panics.
        let job = heist::spawn_blocking(|| panic!("expected"));
        sleep(HOUR).await;
        assert!(job.await.unwrap_err().is_panic());
    });
}

/// What a socket has brought comes first.
#[test]
fn it_waits_for_sockets_that_are_ready() {
    run("it_waits_for_sockets_that_are_ready", async || {
        let start = Instant::now();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = heist::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut buffer = [0; 4];
            for _ in 0..100 {
                stream.write_all(b"ping").await.unwrap();
                stream.read_exact(&mut buffer).await.unwrap();
            }
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4];
        for _ in 0..100 {
            let read = timeout(HOUR, stream.read_exact(&mut buffer)).await;
            read.expect("it was there in time").unwrap();
            stream.write_all(&buffer).await.unwrap();
        }
        client.await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

/// Timers in between fire in order, each at its own time; and a task that never rests doesn't keep the time from moving.
#[test]
fn advance() {
    run("advance", async || {
        let start = Instant::now();
        let restless = heist::spawn(async {
            loop {
                yield_now().await;
            }
        });
        let order = Arc::new(Mutex::new(Vec::new()));
        for hours in [3, 1, 2, 9] {
            let order = order.clone();
            drop(heist::spawn(async move {
                sleep(hours * HOUR).await;
                order.lock().unwrap().push((hours, start.elapsed()));
            }));
        }
        yield_now().await;
        time::advance(5 * HOUR).await;
        assert_eq!(start.elapsed(), 5 * HOUR);
        let expected: Vec<_> = [1, 2, 3].map(|hours| (hours, hours * HOUR)).into();
        assert_eq!(*order.lock().unwrap(), expected);
        time::advance(Duration::ZERO).await;
        assert_eq!(start.elapsed(), 5 * HOUR);
        restless.abort();
    });
}

/// Who waits for its turn while the others have theirs, or while its thread is put aside, still finds the time that woke it: whatever the clock says, everybody has had a turn before it
/// moves on. (With an interval of one poll the worker looks whether it should after each, as if each had taken long.)
#[test]
fn advance_past_tasks_that_take_long() {
    const TASKS: usize = 300;
    guarded("advance_past_tasks_that_take_long", || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder
            .start_paused(true)
            .event_interval(1)
            .build()
            .unwrap();
        let advancing = runtime.spawn(async {
            let start = Instant::now();
            for rests in [true, false] {
                // More than the worker's queue holds.
                let tasks: Vec<_> = (0..TASKS)
                    .map(|_| {
                        heist::spawn(async move {
                            let start = Instant::now();
                            for hours in 1..=3 {
                                sleep(HOUR).await;
                                assert_eq!(start.elapsed(), hours * HOUR);
                            }
                        })
                    })
                    .collect();
                let restless = heist::spawn(async move {
                    if !rests {
                        loop {
                            yield_now().await;
                        }
                    }
                });
                // Behind all of them.
                yield_now().await;
                time::advance(4 * HOUR).await;
                for task in tasks {
                    task.await.expect("it finds each time");
                }
                restless.abort();
            }
            assert_eq!(start.elapsed(), 8 * HOUR);
        });
        runtime.block_on(advancing).expect("it ends");
    });
}

/// Nor does the future in `block_on` keep it from moving, which is no task.
#[test]
fn advance_past_a_root_that_never_rests() {
    run("advance_past_a_root_that_never_rests", async || {
        let start = Instant::now();
        let advancing = heist::spawn(time::advance(HOUR));
        while !advancing.is_finished() {
            yield_now().await;
        }
        assert_eq!(start.elapsed(), HOUR);
    });
}

/// In a task as well the time stays where it was moved to, until the task has had its turn.
#[test]
fn advance_in_a_task() {
    run("advance_in_a_task", async || {
        let advancing = heist::spawn(async {
            let start = Instant::now();
            let later = heist::spawn(sleep(2 * HOUR));
            yield_now().await;
            time::advance(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
            assert!(!later.is_finished());
            time::advance(HOUR).await;
            assert_eq!(start.elapsed(), 2 * HOUR);
            assert!(later.is_finished());
        });
        advancing.await.expect("it ends");
    });
}

/// Wakers are anybody's code: what they do as they are cloned and dropped may ask what time it is.
#[test]
fn a_waker_that_asks_for_the_time() {
    struct Asks;

    impl Wake for Asks {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = Instant::now();
        }
    }

    run("a_waker_that_asks_for_the_time", async || {
        let start = Instant::now();
        let mut advance = Box::pin(time::advance(HOUR));
        // Each poll's waker takes the place of the last one's, which is the last of it.
        for _ in 0..3 {
            let waker = Waker::from(Arc::new(Asks));
            let polled = advance.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        drop(advance);
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn resume_and_pause_again() {
    guarded("resume_and_pause_again", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            while Instant::now() == start {}
            time::pause();
            let paused = Instant::now();
            sleep(HOUR).await;
            assert_eq!(paused.elapsed(), HOUR);
            time::resume();
            let resumed = Instant::now();
            assert!(resumed - paused >= HOUR);
            sleep(Duration::from_millis(2)).await;
            assert!(resumed.elapsed() >= Duration::from_millis(2));
            assert!(resumed.elapsed() < HOUR);
            time::pause();
            let again = Instant::now();
            sleep_until(again + HOUR).await;
            assert_eq!(again.elapsed(), HOUR);
        });
    });
}

/// A time that stands still is its own runtime's, on the threads that are in it.
#[test]
fn others_have_their_own_time() {
    guarded("others_have_their_own_time", || {
        let outside = Instant::now();
        let (one, other) = (paused(), paused());
        let hour_of = |runtime: &Runtime| {
            runtime.block_on(async {
                let start = Instant::now();
                sleep(HOUR).await;
                start
            })
        };
        let start = hour_of(&one);
        assert!(Instant::now() < start + HOUR);
        assert!(outside.elapsed() < HOUR);
        other.block_on(async { assert!(Instant::now() < start + HOUR) });
        one.block_on(async { assert_eq!(Instant::now(), start + HOUR) });
        let _guard = one.enter();
        assert_eq!(Instant::now(), start + HOUR);
    });
}

/// It waits for what comes from other threads, if it has nothing else to wait for.
#[test]
fn without_timers_it_waits() {
    run("without_timers_it_waits", async || {
        let (send, receive) = oneshot::channel();
        let sender = std::thread::spawn(move || {
            block_thread(Duration::from_millis(10));
            send.send(7).unwrap();
        });
        assert_eq!(receive.await, Ok(7));
        sender.join().unwrap();
    });
}

#[track_caller]
fn message_of(misuse: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panicked = catch_unwind(misuse).unwrap_err();
    panicked
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panicked.downcast_ref::<String>().cloned())
        .unwrap()
}

#[test]
fn misuse() {
    let outside = message_of(time::pause);
    assert_eq!(
        outside,
        "`time::pause` was called outside of a runtime: call it in `block_on`, or in a task"
    );
    let workers = message_of(|| heist::run(async { time::pause() }));
    assert!(
        workers.starts_with("`time::pause` needs the current-thread flavour"),
        "{workers}"
    );
    let twice = message_of(|| paused().block_on(async { time::pause() }));
    assert_eq!(
        twice,
        "`time::pause` was called while the time stands still already"
    );
    let current_thread = || Builder::new_current_thread().build().unwrap();
    let resumed = message_of(|| current_thread().block_on(async { time::resume() }));
    assert!(
        resumed.starts_with("`time::resume` was called while the time does not stand still"),
        "{resumed}"
    );
    let advanced = message_of(|| current_thread().block_on(async { time::advance(HOUR).await }));
    assert!(
        advanced.starts_with("`time::advance` was called while the time does not stand still"),
        "{advanced}"
    );
    let error = Builder::new_multi_thread()
        .start_paused(true)
        .build()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`start_paused` needs the current-thread flavour"),
        "{error}"
    );
}

/// Its time is real: that of the runtime does not go on while a blocking job runs.
#[test]
fn a_shutdown_has_its_own_time() {
    guarded("a_shutdown_has_its_own_time", || {
        let runtime = paused();
        let sleeps = runtime.spawn(sleep(HOUR));
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let job = runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            let _ = released.recv();
        });
        receive(&begins);
        let report = runtime.shutdown(Duration::from_millis(20));
        let ids: Vec<_> = report.unended().iter().map(|job| job.id()).collect();
        assert_eq!(ids, [job.id()], "{report}");
        assert!(sleeps.is_finished());
        drop(release);
    });
}
