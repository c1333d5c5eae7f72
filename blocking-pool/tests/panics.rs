//! A panic in foreign code ends where it was called, and is told.

use heist_blocking_pool::{Job, JobPool, JoinHandle, Pool};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::{pin::pin, thread};

/// Panics when it is dropped.
struct Grenade;

impl Grenade {
    fn touch(&self) {}
}

impl Drop for Grenade {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("a drop");
        }
    }
}

/// Panics when it is dropped, with another one.
struct Chain(u32);

impl Drop for Chain {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Chain(self.0 - 1));
        }
    }
}

/// Panics whenever it is dropped, also by another panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {}
}

/// Runs this test alone in a process of its own, and gives what that writes to stderr. Inside, gives nothing.
fn stderr_of(test: &str) -> Option<String> {
    const INSIDE: &str = "HEIST_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    Some(stderr)
}

/// Waits until the job is done, and the thread through with it: what is left is the handle's.
fn wait_for<T>(pool: &Pool, handle: &JoinHandle<T>) {
    while !handle.is_finished() || pool.metrics().num_idle_threads() == 0 {
        thread::yield_now();
    }
}

/// Drops the value while a panic unwinds.
fn drop_by_a_panic<T>(value: T) {
    let unwound = catch_unwind::<_, ()>(AssertUnwindSafe(|| {
        let _value = value;
        panic!("past the value");
    }));
    let payload = unwound.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"past the value"));
}

#[test]
fn a_job_that_panics() {
    let pool = Pool::builder().max_threads(1).build();
    for n in [7; 3] {
        let error = pool.spawn(move || panic!("number {n}")).join().unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.to_string(), "the job panicked: number 7");
        assert_eq!(format!("{error:?}"), "Panic(\"number 7\")");
        assert_eq!(
            *error.into_panic().downcast::<String>().unwrap(),
            "number 7"
        );
    }
    let error = pool.spawn(|| panic_any(5_u8)).join().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the job panicked: (a value that is not a string)"
    );
    assert_eq!(
        *error.try_into_panic().unwrap().downcast::<u8>().unwrap(),
        5
    );
    assert_eq!(pool.spawn(|| 42).join().unwrap(), 42);
    assert_eq!(pool.metrics().num_threads(), 1);
}

#[test]
#[should_panic(expected = "`into_panic` is for a job that panicked: look at `is_panic` first")]
fn into_panic_of_what_did_not() {
    let pool = Pool::new();
    pool.shutdown(None);
    drop(pool.spawn(|| ()).join().unwrap_err().into_panic());
}

/// Every place of a closure's life in which it may panic leaves the pool whole.
#[test]
fn panics_in_drops() {
    let pool = Pool::builder().max_threads(1).build();

    // The closure, after it ran.
    let captured = Grenade;
    let error = pool.spawn(move || captured.touch()).join().unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: a drop");

    // The closure, unrun.
    let (release, released) = mpsc::channel::<()>();
    let busy = pool.spawn(move || released.recv());
    let captured = Grenade;
    let aborted = pool.spawn(move || captured.touch());
    aborted.abort();
    assert_eq!(
        aborted.join().unwrap_err().to_string(),
        "the job panicked: a drop"
    );
    drop(release);
    assert!(busy.join().unwrap().is_err());

    // The result, on a thread of the pool.
    let (release, released) = mpsc::channel::<()>();
    drop(pool.spawn(move || {
        let _ = released.recv();
        Grenade
    }));
    drop(release);

    // The result, where the handle is dropped.
    let finished = pool.spawn(|| Grenade);
    wait_for(&pool, &finished);
    drop(finished);

    // What a job panicked with, and what that panics with.
    let error = pool.spawn(|| panic_any(Chain(3))).join().unwrap_err();
    std::mem::forget(error);

    assert_eq!(pool.spawn(|| 42).join().unwrap(), 42);
    assert_eq!(pool.metrics().num_threads(), 1);
}

#[test]
fn panics_in_hooks_and_names() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let pool = Pool::builder()
        .max_threads(1)
        .thread_name_fn(|| panic!("no name"))
        .on_thread_start(|| panic!("no start"))
        .on_thread_stop({
            let stopped = stopped.clone();
            move || {
                stopped.fetch_add(1, Ordering::SeqCst);
                panic_any(Chain(3));
            }
        })
        .build();
    assert_eq!(pool.spawn(|| 42).join().unwrap(), 42);
    assert!(pool.shutdown(None));
    assert_eq!(stopped.load(Ordering::SeqCst), 1);
}

#[test]
fn a_waker_that_panics() {
    struct Bomb;

    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("no wake");
        }
    }

    let pool = Pool::builder().max_threads(1).build();
    let (release, released) = mpsc::channel::<()>();
    let mut handle = pin!(pool.spawn(move || released.recv().is_err()));
    let waker = Waker::from(Arc::new(Bomb));
    assert!(
        handle
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(release);
    assert!(futures_lite::future::block_on(handle).unwrap());
    assert_eq!(pool.spawn(|| 42).join().unwrap(), 42);
}

#[test]
fn a_job_type_that_panics() {
    struct Faulty(mpsc::Sender<&'static str>, mpsc::Receiver<()>);

    impl Job for Faulty {
        fn run(self) {
            self.0.send("run").unwrap();
            let _ = self.1.recv();
            panic_any(Chain(3));
        }

        fn cancel(self) {
            self.0.send("cancel").unwrap();
            panic!("no cancel");
        }
    }

    let pool: JobPool<Faulty> = Pool::builder().max_threads(1).build_job_pool();
    let (sender, receiver) = mpsc::channel();
    let mut releases = Vec::new();
    for _ in 0..3 {
        let (release, released) = mpsc::channel();
        releases.push(release);
        pool.submit(Faulty(sender.clone(), released)).unwrap();
    }
    drop(sender);
    assert_eq!(receiver.recv(), Ok("run"));
    releases.remove(0);
    assert_eq!(receiver.recv(), Ok("run"));
    assert!(!pool.shutdown_now(Some(std::time::Duration::ZERO)));
    assert_eq!(receiver.recv(), Ok("cancel"));
    releases.clear();
    assert!(pool.shutdown_now(None));
    assert!(receiver.recv().is_err());
}

/// A panic that nobody gets is reported with the place of the spawn, once; one that somebody gets is not.
#[test]
fn a_panic_that_nobody_awaits_is_reported() {
    let Some(stderr) = stderr_of("a_panic_that_nobody_awaits_is_reported") else {
        let pool = Pool::builder().max_threads(1).build();
        let (release, released) = mpsc::channel::<()>();
        drop(pool.spawn(move || {
            let _ = released.recv();
            panic!("after the handle's drop")
        }));
        drop(release);
        let unread = pool.spawn(|| panic!("before the handle's drop"));
        while !unread.is_finished() {
            thread::yield_now();
        }
        drop(unread);
        assert!(pool.spawn(|| panic!("taken")).join().is_err());
        return;
    };
    let reports: Vec<_> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("heist-blocking-pool: "))
        .collect();
    assert_eq!(reports.len(), 2, "{stderr}");
    for (report, told) in reports.iter().zip(["after", "before"]) {
        assert!(
            report.starts_with(concat!("nobody awaited the job spawned at ", file!(), ":")),
            "{report}"
        );
        assert!(
            report.ends_with(&format!(": the job panicked: {told} the handle's drop")),
            "{report}"
        );
    }
}

/// Whatever else panics is reported too.
#[test]
fn panics_of_hooks_are_reported() {
    let Some(stderr) = stderr_of("panics_of_hooks_are_reported") else {
        let pool = Pool::builder()
            .thread_name_fn(|| panic!("no name"))
            .on_thread_start(|| panic!("no start"))
            .on_thread_stop(|| panic!("no stop"))
            .build();
        pool.spawn(|| ()).join().unwrap();
        return;
    };
    for report in [
        "heist-blocking-pool: a thread name function panicked: no name\n",
        "heist-blocking-pool: an `on_thread_start` hook panicked: no start\n",
        "heist-blocking-pool: an `on_thread_stop` hook panicked: no stop\n",
    ] {
        assert_eq!(stderr.matches(report).count(), 1, "{stderr}");
    }
}

/// Were two panics to meet, the process would abort: so none comes out of a handle or an error that another panic drops.
#[test]
fn panics_in_drops_by_a_panic() {
    let Some(stderr) = stderr_of("panics_in_drops_by_a_panic") else {
        let pool = Pool::builder().max_threads(1).build();

        // The last clone of a waker.
        let (release, released) = mpsc::channel::<()>();
        let mut waiting = pool.spawn(move || released.recv().is_err());
        let waker = Waker::from(Arc::new(Bomb));
        let polled = pin!(&mut waiting).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        drop_by_a_panic(waiting);
        drop(release);

        // What a job panicked with: left to its handle, and to the error.
        let unread = pool.spawn(|| panic_any(Bomb));
        wait_for(&pool, &unread);
        drop_by_a_panic(unread);
        drop_by_a_panic(pool.spawn(|| panic_any(Bomb)).join().unwrap_err());

        // A result.
        let unread = pool.spawn(|| Bomb);
        wait_for(&pool, &unread);
        drop_by_a_panic(unread);

        assert_eq!(pool.spawn(|| 42).join().unwrap(), 42);
        assert_eq!(pool.metrics().num_threads(), 1);
        return;
    };
    for report in [
        "heist-blocking-pool: the destructor of a waker panicked: a bomb\n",
        "heist-blocking-pool: nobody awaited the job spawned at ",
        "heist-blocking-pool: the destructor of the result of the job spawned at ",
    ] {
        assert_eq!(stderr.matches(report).count(), 1, "{report}: {stderr}");
    }
}
