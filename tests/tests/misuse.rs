//! Misuse: what is said then, and that it harms nobody else. Bad luck with threads: `no_thread.rs`. What is said of failures that nobody receives: `reports.rs`.

use heist::runtime::{Builder, Handle};
use heist::sync::oneshot;
use heist::task;
use heist::time::{self, Duration};
use heist_tests::{OnDrop, Panicked, Shape, Tally, guarded, in_child, panic_of};
use std::future::pending;

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
