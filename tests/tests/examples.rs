//! The example programs: what each prints, in which order, and how much time passes, which stands still and jumps where a program sleeps for seconds.

use heist::runtime::Builder;
use heist::time::{Duration, Instant};
use heist_tests::guarded;
use std::sync::{Mutex, MutexGuard};

#[path = "../../runtime/examples/async_tests.rs"]
mod async_tests;
#[path = "../../runtime/examples/awaitables.rs"]
mod awaitables;
#[path = "../../runtime/examples/blocking_calls.rs"]
#[expect(dead_code, reason = "its `main` is for the terminal")]
mod blocking_calls;
#[path = "../../runtime/examples/cancel_with_cleanup.rs"]
mod cancel_with_cleanup;
#[path = "../../runtime/examples/fetches.rs"]
mod fetches;
#[path = "../../runtime/examples/files.rs"]
mod files;
#[path = "../../runtime/examples/gather.rs"]
mod gather;
#[path = "../../runtime/examples/producer_consumer.rs"]
mod producer_consumer;
#[path = "../../runtime/examples/semaphore.rs"]
mod semaphore;
#[path = "../../runtime/examples/sync_and_async.rs"]
#[expect(dead_code, reason = "its `main` is for the terminal")]
mod sync_and_async;
#[path = "../../runtime/examples/task_group.rs"]
mod task_group;
#[path = "../../runtime/examples/time_out.rs"]
mod time_out;
#[path = "../../runtime/examples/two_tasks.rs"]
mod two_tasks;

/// What the running program has printed.
static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn print(line: String) {
    lock(&PRINTED).push(line);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs a program, alone: what it printed.
fn printed(name: &'static str, program: impl FnOnce() + Send + 'static) -> Vec<String> {
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = lock(&ONE);
    lock(&PRINTED).clear();
    guarded(name, program);
    std::mem::take(&mut *lock(&PRINTED))
}

/// Runs an async program whose time jumps: what it printed, and how long it took by its own clock.
fn paused<F: Future<Output = ()> + 'static>(
    name: &'static str,
    program: fn(fn(String)) -> F,
) -> (Vec<String>, Duration) {
    let (sender, taken) = std::sync::mpsc::channel();
    let lines = printed(name, move || {
        let runtime = Builder::new_current_thread().start_paused(true).build();
        let time = runtime.expect("a runtime can be built").block_on(async {
            let start = Instant::now();
            program(print).await;
            start.elapsed()
        });
        sender.send(time).expect("it is received below");
    });
    (lines, taken.recv().expect("the program has ended"))
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_tasks() {
    let (lines, time) = paused("two_tasks", two_tasks::program);
    assert_eq!(lines, ["started", "hello", "world", "finished after 2 s"]);
    assert_eq!(time, 2 * SECOND);
}

/// The same by the clock on the wall, on a runtime as `main` has.
#[test]
fn two_tasks_in_real_time() {
    let start = Instant::now();
    let lines = printed("two_tasks_in_real_time", || {
        heist::run(two_tasks::program(print))
    });
    let time = start.elapsed();
    assert_eq!(lines, ["started", "hello", "world", "finished after 2 s"]);
    assert!((2 * SECOND..3 * SECOND).contains(&time), "{time:?}");
}

#[test]
fn gather() {
    let (lines, time) = paused("gather", gather::program);
    assert_eq!(
        lines,
        [
            "task 1 is done",
            "task 2 is done",
            "task 3 is done",
            r#"results: ["result 2", "result 1", "result 3"]"#,
            "took 3 s",
        ]
    );
    assert_eq!(time, 3 * SECOND);
}

#[test]
fn awaitables() {
    let (lines, time) = paused("awaitables", awaitables::program);
    assert_eq!(lines, ["future: 42", "task: 42", "one-shot: set by hand"]);
    assert_eq!(time, SECOND);
}

#[test]
fn fetches() {
    let (lines, time) = paused("fetches", fetches::program);
    assert_eq!(
        lines,
        [
            r#"sequential: ["page 1", "page 2", "page 3"] in 3 s"#,
            r#"concurrent: ["page 1", "page 2", "page 3"] in 1 s"#,
            "100 pages, one after another: 2 s",
            "100 pages, at once: more than ten times faster: true",
        ]
    );
    assert_eq!(time, 6 * SECOND + Duration::from_millis(20));
}

#[test]
fn producer_consumer() {
    let (lines, time) = paused("producer_consumer", producer_consumer::program);
    assert_eq!(
        lines[..7],
        [
            "produced 1",
            "produced 2",
            "produced 3",
            "consumed 1",
            "consumed 2",
            "consumed 3",
            "all is worked off",
        ]
    );
    let mut ends = lines[7..9].to_vec();
    ends.sort();
    assert_eq!(ends, ["consumer a ends", "consumer b ends"]);
    assert_eq!(lines[9..], ["20 items were consumed"]);
    assert_eq!(time, 4 * SECOND);
}

#[test]
fn semaphore() {
    let (lines, time) = paused("semaphore", semaphore::program);
    let expected: Vec<String> = (0..10)
        .map(|number| format!("task {number} is done after {} s", number / 3 + 1))
        .chain(["all are done after 4 s".into()])
        .collect();
    assert_eq!(lines, expected);
    assert_eq!(time, 4 * SECOND);
}

#[test]
fn time_out() {
    let (lines, time) = paused("time_out", time_out::program);
    assert_eq!(
        lines,
        ["the operation is gone", "deadline has elapsed, after 2 s"]
    );
    assert_eq!(time, 2 * SECOND);
}

#[test]
fn blocking_calls() {
    let lines = printed("blocking_calls", || {
        blocking_calls::program(Duration::from_millis(600), print).unwrap();
    });
    let (reports, lines): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.starts_with("a stuck task"));
    assert_eq!(
        lines,
        [
            "results of the pool: [1, 2, 3]",
            "they ran at the same time: true",
            "others went on: true",
            "others went on meanwhile: true",
        ]
    );
    assert!(!reports.is_empty());
}

#[test]
fn files() {
    let lines = printed("files", || heist::run(files::program(print)).unwrap());
    assert_eq!(
        lines,
        [
            "100 files are written",
            "300 lines are read",
            "1400 bytes are in the folder",
        ]
    );
}

#[test]
fn sync_and_async() {
    let lines = printed("sync_and_async", || sync_and_async::program(print).unwrap());
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "run: 42");
    assert_eq!(lines[1], "block_on: 8");
    assert!(lines[2].contains("block"), "{}", lines[2]);
    assert_eq!(lines[3], "in a blocking job: 10");
}

#[test]
fn cancel_with_cleanup() {
    let (lines, time) = paused("cancel_with_cleanup", cancel_with_cleanup::program);
    assert_eq!(
        lines,
        [
            "working, step 1",
            "working, step 2",
            "working, step 3",
            "cancelling the task",
            "cleaning up …",
            "cleaned up",
            "the task was cancelled; 4 s in all",
        ]
    );
    assert_eq!(time, 4 * SECOND);
}

#[test]
fn task_group() {
    let (lines, time) = paused("task_group", task_group::program);
    assert_eq!(
        lines,
        [
            "part 1 is there",
            "part 2 is there",
            "part 3 is there",
            "the sum: 14",
            "part 5 is given up",
            "a group one of which fails: a member of the group failed: there is no part 0",
            "part 5 is given up",
            "a group with 2 s: the group's time was up",
        ]
    );
    assert_eq!(time, 6 * SECOND + Duration::from_millis(200));
}
