//! Misuse: what is said then, and that it harms nobody else. Bad luck with threads: `no_thread.rs`. What is said of failures that nobody receives: `reports.rs`.

use heist::fs;
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::process::Command;
use heist::runtime::{Builder, Handle};
use heist::signal::unix::{SignalKind, signal};
use heist::sync::oneshot;
use heist::task::{self, JoinSet, LocalSet, TaskGroup};
use heist::time::{self, Duration};
use heist_tests::{OnDrop, Panicked, Shape, Tally, guarded, in_child, panic_of};
use std::future::{Future, pending};
use std::task::{Context, Waker};

const SHAPES: [Shape; 2] = [Shape::CurrentThread, Shape::Workers(2)];

const BLOCKS: &str = "`block_on` was called on a thread that runs async code, which it would block: `.await` the future instead, or call it inside \
    `heist::spawn_blocking`";

const NO_RUNTIME: &str = "there is no heist runtime on this thread: call this inside `heist::run`, a `#[heist::main]` function, or `Runtime::block_on`, \
    or enter a runtime with `Handle::enter`";

/// The panic has this message, and blames this file: the caller, not the runtime.
#[track_caller]
fn assert_blamed(panicked: &Panicked, message: &str) {
    assert_eq!(panicked.message, message);
    assert!(
        panicked.file.ends_with("misuse.rs"),
        "it blames {}",
        panicked.file
    );
}

#[test]
fn block_on_inside_a_task() {
    guarded("block_on_inside_a_task", || {
        for shape in SHAPES {
            let runtime = shape.running();
            let handle = runtime.handle().clone();
            let task = runtime.spawn(async move {
                assert_blamed(&panic_of(|| handle.block_on(async {})), BLOCKS);
                assert_blamed(
                    &panic_of(|| Handle::current().block_on(pending::<()>())),
                    BLOCKS,
                );
                assert_blamed(&panic_of(|| heist::run(async {})), BLOCKS);
                let other = Builder::new_current_thread().build().unwrap();
                assert_blamed(&panic_of(|| other.block_on(async {})), BLOCKS);
                other.shutdown_background();
                // The task goes on, and so does its runtime.
                heist::spawn(async { 1 }).await.unwrap()
            });
            assert_eq!(runtime.block_on(task).unwrap(), 1);
        }
    });
}

#[test]
fn block_on_inside_block_on() {
    guarded("block_on_inside_block_on", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            runtime.block_on(async {
                assert_blamed(&panic_of(|| runtime.block_on(async {})), BLOCKS);
                assert_eq!(heist::spawn(async { 1 }).await.unwrap(), 1);
                // Where it is right.
                let handle = Handle::current();
                let job = heist::spawn_blocking(move || handle.block_on(async { 2 }));
                assert_eq!(job.await.unwrap(), 2);
            });
        }
    });
}

#[test]
fn block_on_in_a_destructor_on_a_worker() {
    guarded("block_on_in_a_destructor_on_a_worker", || {
        for shape in SHAPES {
            let runtime = shape.runtime();
            let handle = runtime.handle().clone();
            runtime.block_on(async {
                let guard = OnDrop::new(move || handle.block_on(async {}));
                let task = heist::spawn(async move { drop(guard) });
                let error = task.await.unwrap_err();
                assert!(error.to_string().ends_with(BLOCKS), "{error}");
            });
        }
    });
}

#[test]
fn waiting_for_a_channel_inside_a_task() {
    guarded("waiting_for_a_channel_inside_a_task", || {
        for shape in SHAPES {
            shape.block_on(async {
                let task = heist::spawn(async {
                    let (_send, receive) = oneshot::channel::<()>();
                    panic_of(|| receive.blocking_recv())
                });
                let message = "`oneshot::Receiver::blocking_recv` would block a thread that runs tasks, and stall them all: await the receiver, or call it \
                    inside `spawn_blocking`";
                assert_blamed(&task.await.unwrap(), message);
            });
        }
    });
}

#[test]
fn outside_of_any_runtime() {
    guarded("outside_of_any_runtime", || {
        assert_blamed(&panic_of(|| heist::spawn(async {})), NO_RUNTIME);
        assert_blamed(&panic_of(|| heist::spawn_blocking(|| ())), NO_RUNTIME);
        assert_blamed(&panic_of(|| Handle::current()), NO_RUNTIME);
        assert_eq!(Handle::try_current().unwrap_err().to_string(), NO_RUNTIME);
        let message =
            "`heist::task::id` was called outside of a task; `try_id` asks without a panic";
        assert_blamed(&panic_of(|| task::id()), message);
        let timer =
            panic_of(|| futures_lite::future::block_on(time::sleep(Duration::from_secs(1))));
        assert!(
            timer
                .message
                .starts_with("there is no heist runtime on this thread: ")
        );
        let bind = heist::net::TcpListener::bind("127.0.0.1:0");
        let socket = panic_of(|| futures_lite::future::block_on(bind));
        assert!(
            socket
                .message
                .starts_with("no heist runtime on this thread: ")
        );
        // When one has been left again, too.
        drop(Shape::CurrentThread.runtime().enter());
        assert_blamed(&panic_of(|| heist::spawn(async {})), NO_RUNTIME);
    });
}

/// Whatever spawns says where it was called.
#[test]
fn spawning_outside_of_any_runtime() {
    guarded("spawning_outside_of_any_runtime", || {
        let group = TaskGroup::<()>::new();
        let handle = group.handle();
        assert_blamed(&panic_of(|| group.spawn(async { Ok(()) })), NO_RUNTIME);
        assert_blamed(&panic_of(|| handle.spawn(async { Ok(()) })), NO_RUNTIME);
        let with_time = || TaskGroup::<()>::with_timeout(Duration::from_secs(1));
        assert_blamed(&panic_of(with_time), NO_RUNTIME);
        let mut set = JoinSet::new();
        let spawned = panic_of(|| drop(set.spawn(async {})));
        assert_blamed(&spawned, NO_RUNTIME);
        let spawned = panic_of(|| drop(set.spawn_blocking(|| ())));
        assert_blamed(&spawned, NO_RUNTIME);
        assert_blamed(&panic_of(|| task::shield(async {})), NO_RUNTIME);
        let named = || task::Builder::new().name("named");
        assert_blamed(&panic_of(|| named().spawn(async {})), NO_RUNTIME);
        assert_blamed(&panic_of(|| named().spawn_blocking(|| ())), NO_RUNTIME);
        // Nothing was spawned, and the rest is as good as before.
        assert!(set.is_empty());
        Shape::CurrentThread.block_on(async {
            assert_eq!(group.spawn(async { Ok(1) }).await, Some(1));
            assert!(group.join().await.is_ok());
            set.spawn(async {});
            assert_eq!(set.join_all().await.len(), 1);
        });
    });
}

#[test]
fn files_outside_of_any_runtime() {
    guarded("files_outside_of_any_runtime", || {
        let read = panic_of(|| futures_lite::future::block_on(fs::read("Cargo.toml")));
        assert_eq!(read.message, NO_RUNTIME);
        let open = panic_of(|| futures_lite::future::block_on(fs::File::open("Cargo.toml")));
        assert_eq!(open.message, NO_RUNTIME);
        let listed = panic_of(|| futures_lite::future::block_on(fs::read_dir(".")));
        assert_eq!(listed.message, NO_RUNTIME);
        let std = std::fs::File::open("Cargo.toml").expect("it is opened");
        let mut file = fs::File::from_std(std);
        let synced = panic_of(|| futures_lite::future::block_on(file.sync_all()));
        assert_eq!(synced.message, NO_RUNTIME);
        let mut stderr = heist::io::stderr();
        let written = panic_of(|| futures_lite::future::block_on(stderr.write(b"said")));
        assert_eq!(written.message, NO_RUNTIME);
        // The file is as good as before.
        let read = Shape::CurrentThread.block_on(async { file.read(&mut [0]).await });
        assert_eq!(read.expect("it is read"), 1);
    });
}

#[test]
fn processes_and_signals_outside_of_any_runtime() {
    guarded("processes_and_signals_outside_of_any_runtime", || {
        let missing = "no heist runtime on this thread: sockets, child processes and signals are made inside `heist::run`, `Runtime::block_on` or a task, or under the \
            guard of `Runtime::enter`";
        let path = std::env::temp_dir().join(format!("heist-misuse-{}", std::process::id()));
        let mut touch = Command::new("touch");
        touch.arg(&path);
        assert_blamed(&panic_of(|| touch.spawn()), missing);
        let status = panic_of(|| futures_lite::future::block_on(touch.status()));
        assert_eq!(status.message, missing);
        let output = panic_of(|| futures_lite::future::block_on(touch.output()));
        assert_eq!(output.message, missing);
        let listened = panic_of(|| signal(SignalKind::user_defined2()));
        assert_blamed(&listened, missing);
        let awaited = panic_of(|| futures_lite::future::block_on(heist::signal::ctrl_c()));
        assert_eq!(awaited.message, missing);
        // Nothing was started.
        let status = Shape::CurrentThread.block_on(async { Command::new("true").status().await });
        assert!(status.expect("it runs").success());
        assert!(!path.exists());
    });
}

/// On a thread that is in no set.
fn assert_in_no_set() {
    let message = "`spawn_local` was called outside of a `LocalSet`: call it inside `LocalSet::run_until` or one of the set's tasks, or on the set itself, \
        `LocalSet::spawn_local`; a future that is `Send` is for `heist::spawn`";
    assert_blamed(&panic_of(|| heist::spawn_local(async {})), message);
    let named = task::Builder::new().name("named");
    assert_blamed(&panic_of(|| named.spawn_local(async {})), message);
    let mut joined = JoinSet::new();
    let spawned = panic_of(|| drop(joined.spawn_local(async {})));
    assert_blamed(&spawned, message);
}

#[test]
fn spawning_outside_of_a_local_set() {
    guarded("spawning_outside_of_a_local_set", || {
        assert_in_no_set();
        let set = LocalSet::new();
        for shape in SHAPES {
            shape.block_on(async {
                assert_in_no_set();
                let task = heist::spawn(async { assert_in_no_set() });
                task.await.unwrap();
                // Nor is a task of the runtime in the set that its spawner is in.
                set.run_until(async {
                    heist::spawn_local(async {}).await.unwrap();
                    let task = heist::spawn(async { assert_in_no_set() });
                    task.await.unwrap();
                })
                .await;
            });
        }
    });
}

#[test]
fn handles_that_are_polled_again() {
    guarded("handles_that_are_polled_again", || {
        Shape::CurrentThread.block_on(async {
            let mut task = heist::spawn(async { 1 });
            assert_eq!((&mut task).await.unwrap(), 1);
            let mut again = std::pin::pin!(task);
            let message =
                "a `JoinHandle` was polled again after it had returned the task's outcome";
            let panicked =
                panic_of(|| again.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            assert_eq!(panicked.message, message);

            let group = TaskGroup::<()>::new();
            let mut member = group.spawn(async { Ok(1) });
            assert_eq!((&mut member).await, Some(1));
            let mut again = std::pin::pin!(member);
            let message = "a `Member` was polled again after it had returned the value";
            let panicked =
                panic_of(|| again.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            assert_eq!(panicked.message, message);
            group.join().await.expect("nothing fails");
        });
    });
}

/// `join_all` has only outputs to give.
#[test]
fn a_set_that_is_joined_whole_though_one_is_cancelled() {
    guarded("a_set_that_is_joined_whole_though_one_is_cancelled", || {
        Shape::CurrentThread.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>()).abort();
            let error = heist::spawn(async move { drop(set.join_all().await) }).await;
            let payload = error.unwrap_err().into_panic();
            let said = payload.downcast_ref::<String>().expect("it is a message");
            let beginning = "`JoinSet::join_all` has no output to give: task ";
            assert!(
                said.starts_with(beginning) && said.ends_with(" was cancelled"),
                "{said}"
            );
        });
    });
}

#[test]
fn buffers_of_no_size() {
    guarded("buffers_of_no_size", || {
        let message =
            "a stream in memory needs room for at least one byte: give `duplex` 1 or more";
        assert_blamed(&panic_of(|| heist::io::duplex(0)), message);
        let mut file = fs::File::from_std(std::fs::File::open("Cargo.toml").expect("it is opened"));
        let message = "a file needs a buffer of at least one byte to be read or written: give `set_max_buf_size` 1 or more";
        assert_blamed(&panic_of(|| file.set_max_buf_size(0)), message);
        let (mut one, _other) = heist::io::duplex(1);
        let (mut two, _another) = heist::io::duplex(1);
        let copied = panic_of(|| {
            let copy = heist::io::copy_bidirectional_with_sizes(&mut one, &mut two, 1, 0);
            futures_lite::future::block_on(copy)
        });
        let message = "nothing can be copied through a buffer of no size: give `copy_bidirectional_with_sizes` 1 or more";
        assert_eq!(copied.message, message);
    });
}

#[test]
fn zero_threads() {
    let panicked = panic_of(|| Builder::new_multi_thread().worker_threads(0).build());
    let message = "a runtime needs at least one worker thread: leave `worker_threads` out for one a core, or build a `new_current_thread` runtime for none";
    assert_blamed(&panicked, message);
    let panicked = panic_of(|| {
        Builder::new_current_thread()
            .max_blocking_threads(0)
            .build()
    });
    let message = "`max_blocking_threads` needs to be at least 1: with no thread, no blocking job would ever run";
    assert_blamed(&panicked, message);
}

#[test]
fn intervals_of_no_polls() {
    let message = "`event_interval` needs to be at least 1 poll: leave it out, and the clock says when to look";
    let built = panic_of(|| drop(Builder::new_current_thread().event_interval(0).build()));
    assert_blamed(&built, message);
    let message = "`global_queue_interval` needs to be at least 1 poll: leave it out, and the clock says when to look";
    let built = panic_of(|| drop(Builder::new_multi_thread().global_queue_interval(0).build()));
    assert_blamed(&built, message);
}

/// A clean-up that nobody can run is no silent loss.
#[test]
fn clean_ups_without_a_runtime() {
    let ended = in_child("clean_ups_without_a_runtime", &[], || {
        let ran = Tally::new();
        let clean_up = || {
            let ran = ran.clone();
            async move { ran.hit() }
        };
        drop(task::on_cancel(clean_up()));
        // What was registered in a runtime that is gone.
        let runtime = Shape::CurrentThread.runtime();
        let guard = runtime.block_on(async { task::on_cancel(clean_up()) });
        drop(runtime);
        drop(guard);
        // What is disarmed has nothing to say.
        drop(task::on_cancel(clean_up()).disarm());
        assert_eq!(ran.count(), 0);
    });
    ended.assert_success();
    let reports = ended.reports();
    assert_eq!(reports.len(), 2, "{reports:?}");
    for report in reports {
        let (place, why) = report
            .split_once(" did not run to its end: ")
            .expect(report);
        assert!(place.starts_with("heist: the clean-up registered at "));
        assert!(place.contains("misuse.rs:"), "{place}");
        assert_eq!(
            why,
            "the runtime that it was to run on has shut down, or there was none"
        );
    }
}

#[test]
fn a_cancelled_tasks_payload() {
    guarded("a_cancelled_tasks_payload", || {
        let error = Shape::CurrentThread.block_on(async {
            let task = heist::spawn(pending::<()>());
            task.abort();
            task.await.unwrap_err()
        });
        let id = error.id();
        let message = format!(
            "`JoinError::into_panic` was called, but task {id} was cancelled; ask `is_panic` first"
        );
        assert_blamed(&panic_of(|| error.into_panic()), &message);
    });
}

#[test]
fn guards_in_the_wrong_order() {
    guarded("guards_in_the_wrong_order", || {
        let (one, two) = (Shape::CurrentThread.runtime(), Shape::Workers(1).runtime());
        let (first, second) = (one.enter(), two.enter());
        let message = "an `EnterGuard` was dropped before one that was made after it: drop them in the reverse order";
        assert_eq!(panic_of(|| drop(first)).message, message);
        drop(second);

        // While the thread panics for another reason, that one is told, and the process goes on.
        let panicked = panic_of(|| {
            let first = one.enter();
            let _second = two.enter();
            let _first = first;
            panic!("another reason");
        });
        assert_eq!(panicked.message, "another reason");
    });
}

/// What `HEIST_WORKER_THREADS` says is taken, or refused; never guessed.
#[test]
fn a_number_of_workers_from_the_environment() {
    for (value, expected) in [
        ("3", Ok(3)),
        (" 2\n", Ok(2)),
        ("0", Err("\"0\"")),
        ("-1", Err("\"-1\"")),
        ("1.5", Err("\"1.5\"")),
        ("", Err("\"\"")),
        ("many", Err("\"many\"")),
        (
            "99999999999999999999999",
            Err("\"99999999999999999999999\""),
        ),
    ] {
        let test = "a_number_of_workers_from_the_environment";
        let ended = in_child(test, &[("HEIST_WORKER_THREADS", value)], || {
            let starts = Tally::new();
            let start = starts.clone();
            match Builder::new_multi_thread()
                .on_thread_start(move || start.hit())
                .build()
            {
                Ok(runtime) => {
                    drop(runtime);
                    eprintln!("said: {} workers", starts.count());
                }
                Err(error) => eprintln!("said: {:?}, {error}", error.kind()),
            }
            // Whoever says how many is not asked for the environment; nor is who has none.
            drop(
                Builder::new_multi_thread()
                    .worker_threads(1)
                    .build()
                    .unwrap(),
            );
            drop(Builder::new_current_thread().build().unwrap());
        });
        ended.assert_success();
        let said = ended
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("said: "));
        let expected = match expected {
            Ok(count) => format!("{count} workers"),
            Err(quoted) => format!(
                "InvalidInput, HEIST_WORKER_THREADS is {quoted}: set it to the number of worker threads, 1 or more, or leave it unset"
            ),
        };
        assert_eq!(said, Some(expected.as_str()), "{value:?}: {}", ended.stderr);
    }
}

/// `run` has nobody to give an error to.
#[test]
fn run_with_a_bad_environment() {
    let ended = in_child(
        "run_with_a_bad_environment",
        &[("HEIST_WORKER_THREADS", "none")],
        || {
            let panicked = panic_of(|| heist::run(async {}));
            let message = "heist::run could not build its runtime: HEIST_WORKER_THREADS is \"none\": set it to the number of worker threads, 1 or more, \
            or leave it unset";
            assert_blamed(&panicked, message);
        },
    );
    ended.assert_success();
}
