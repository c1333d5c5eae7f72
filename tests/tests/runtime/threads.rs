//! The threads of a runtime: how many there are, what they are called, and what is called on them.

use heist::runtime::{Handle, RuntimeFlavor};
use heist::task;
use heist_tests::{PATIENCE, Running, Shape, Tally, panic_of, receive};
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};
use std::thread::{self, ThreadId};

/// As many tasks block at the same time as there are workers, each on a thread of its own: those that the hook has seen start.
pub(crate) fn as_many_as_asked_for(shape: Shape) {
    let started = Arc::new(Mutex::new(HashSet::new()));
    let starts = started.clone();
    let mut builder = shape.builder();
    builder.on_thread_start(move || {
        starts.lock().unwrap().insert(thread::current().id());
    });
    let runtime = builder.build().unwrap();
    let count = shape.parallelism();
    let here = Arc::new((Mutex::new(HashSet::<ThreadId>::new()), Condvar::new()));
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let here = here.clone();
            runtime.spawn(async move {
                let (threads, changed) = &*here;
                let mut threads = threads.lock().unwrap();
                threads.insert(thread::current().id());
                changed.notify_all();
                let waited =
                    changed.wait_timeout_while(threads, PATIENCE, |threads| threads.len() < count);
                assert_eq!(waited.unwrap().0.len(), count);
            })
        })
        .collect();
    for outcome in runtime.block_on(heist::gather(tasks)) {
        outcome.unwrap();
    }
    drop(runtime);
    let seen = std::mem::take(&mut *here.0.lock().unwrap());
    let started = std::mem::take(&mut *started.lock().unwrap());
    match shape {
        Shape::CurrentThread => {
            assert!(started.is_empty());
            assert_eq!(seen, HashSet::from([thread::current().id()]));
        }
        Shape::Workers(count) => {
            assert_eq!(started.len(), count);
            assert_eq!(seen, started);
        }
    }
}

/// Tasks that go from hand to hand, and never to another.
pub(crate) fn no_task_leaves_them(shape: Shape) {
    let started = Arc::new(Mutex::new(HashSet::new()));
    let starts = started.clone();
    let mut builder = shape.builder();
    builder.on_thread_start(move || {
        starts.lock().unwrap().insert(thread::current().id());
    });
    let runtime = builder.build().unwrap();
    let task = || async {
        let mut seen = HashSet::new();
        for _ in 0..20 {
            task::yield_now().await;
            seen.insert(thread::current().id());
            seen.insert(
                heist::spawn(async { thread::current().id() })
                    .await
                    .unwrap(),
            );
        }
        seen
    };
    let seen: HashSet<_> = runtime.block_on(async {
        let outcomes = heist::gather((0..100).map(|_| heist::spawn(task()))).await;
        outcomes.into_iter().flat_map(Result::unwrap).collect()
    });
    let allowed = match shape {
        Shape::CurrentThread => HashSet::from([thread::current().id()]),
        Shape::Workers(_) => started.lock().unwrap().clone(),
    };
    assert!(seen.is_subset(&allowed));
}

/// What a task's thread, and a blocking job's, are called.
fn thread_names(runtime: heist::runtime::Runtime) -> (Option<String>, Option<String>) {
    let name = || thread::current().name().map(str::to_owned);
    runtime.block_on(async move {
        let task = heist::spawn(async move { name() });
        (
            task.await.unwrap(),
            heist::spawn_blocking(name).await.unwrap(),
        )
    })
}

pub(crate) fn names(shape: Shape) {
    let own = thread::current().name().map(str::to_owned);
    let expected = |name: &str| match shape {
        Shape::CurrentThread => own.clone(),
        Shape::Workers(_) => Some(name.to_owned()),
    };
    let (task, job) = thread_names(shape.runtime());
    assert_eq!(task, expected("heist-worker"));
    assert_eq!(job.as_deref(), Some("heist-worker"));
    let (task, job) = thread_names(shape.build(shape.builder().thread_name("mine")));
    assert_eq!(task, expected("mine"));
    assert_eq!(job.as_deref(), Some("mine"));
}

pub(crate) fn named_by_a_function(shape: Shape) {
    let calls = Tally::new();
    let call = calls.clone();
    let mut builder = shape.builder();
    builder.thread_name_fn(move || {
        call.hit();
        format!("thread {}", call.count())
    });
    let runtime = shape.build(&mut builder);
    assert_eq!(calls.count(), shape.worker_threads());
    let (task, job) = thread_names(runtime);
    if shape != Shape::CurrentThread {
        assert!(task.unwrap().starts_with("thread "));
    }
    assert_eq!(job, Some(format!("thread {}", shape.worker_threads() + 1)));
    assert_eq!(calls.count(), shape.worker_threads() + 1);
}

/// That is the caller's affair; the threads that were started end.
pub(crate) fn a_name_function_that_panics(shape: Shape) {
    let (calls, starts, stops) = (Tally::new(), Tally::new(), Tally::new());
    let (call, start, stop) = (calls.clone(), starts.clone(), stops.clone());
    let last = shape.parallelism();
    let mut builder = shape.builder();
    builder
        .thread_name_fn(move || {
            call.hit();
            assert!(call.count() < last, "no name");
            "named".into()
        })
        .on_thread_start(move || start.hit())
        .on_thread_stop(move || stop.hit());
    if shape == Shape::CurrentThread {
        // Its first thread is one of the blocking pool, which goes without a name.
        let runtime = builder.build().unwrap();
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
        assert_eq!(calls.count(), 1);
    } else {
        assert_eq!(panic_of(|| builder.build()).message, "no name");
        assert_eq!(starts.count(), last - 1);
        assert_eq!(stops.count(), last - 1);
    }
}

pub(crate) fn hooks_are_called_once_a_thread(shape: Shape) {
    let (events, seen) = mpsc::channel();
    let (starts, stops) = (events.clone(), events);
    let mut builder = shape.builder();
    builder
        .on_thread_start(move || starts.send((true, thread::current().id())).unwrap())
        .on_thread_stop(move || stops.send((false, thread::current().id())).unwrap());
    let runtime = builder.build().unwrap();
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    drop(runtime);
    drop(builder);
    let events: Vec<_> = seen.into_iter().collect();
    let threads: HashSet<_> = events.iter().map(|event| event.1).collect();
    assert_eq!(
        threads.len(),
        shape.worker_threads() + 1,
        "the workers, and one for the job"
    );
    for thread in threads {
        let mine: Vec<_> = events
            .iter()
            .filter(|event| event.1 == thread)
            .map(|event| event.0)
            .collect();
        assert_eq!(mine, [true, false]);
    }
}

pub(crate) fn hooks_that_panic(shape: Shape) {
    let calls = Tally::new();
    let (start, stop) = (calls.clone(), calls.clone());
    let mut builder = shape.builder();
    // A standby worker, for those that are occupied, would call them as well.
    builder
        .disable_relief()
        .on_thread_start(move || {
            start.hit();
            panic!("in a hook")
        })
        .on_thread_stop(move || {
            stop.hit();
            panic!("in a hook")
        });
    let runtime = Running::new(shape, builder.build().unwrap());
    drop(runtime.occupy());
    assert_eq!(
        runtime
            .block_on(async { heist::spawn_blocking(|| 1).await })
            .unwrap(),
        1
    );
    drop(runtime);
    assert_eq!(calls.count(), 2 * (shape.worker_threads() + 1));
}

/// Work that a worker's own hook schedules, before the worker looks for any, is not missed.
pub(crate) fn a_hook_that_spawns(shape: Shape) {
    let own: Arc<OnceLock<Handle>> = Arc::default();
    let (ran, runs) = mpsc::channel();
    let in_hook = own.clone();
    let mut builder = shape.builder();
    builder.on_thread_start(move || {
        let ran = ran.clone();
        drop(in_hook.wait().spawn(async move { ran.send(()).unwrap() }));
    });
    let runtime = Running::new(shape, builder.build().unwrap());
    assert!(own.set(runtime.handle().clone()).is_ok());
    for _ in 0..shape.worker_threads() {
        receive(&runs);
    }
    // Of the blocking pool, too.
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    receive(&runs);
}

/// The slack that Linux gives to the sleeps of this thread, in nanoseconds.
#[cfg(target_os = "linux")]
fn timer_slack() -> u64 {
    rustix::thread::current_timer_slack().unwrap()
}

/// That of workers is the smallest there is. The thread in `block_on` is somebody's own, and keeps what it has.
#[cfg(target_os = "linux")]
pub(crate) fn sleep_punctually(shape: Shape) {
    use std::num::NonZeroU64;

    let own = timer_slack();
    let runtime = shape.runtime();
    let (root, task) = runtime.block_on(async {
        (
            timer_slack(),
            heist::spawn(async { timer_slack() }).await.unwrap(),
        )
    });
    assert_eq!(root, own);
    let expected = match shape {
        Shape::CurrentThread => own,
        Shape::Workers(_) => 1,
    };
    assert_eq!(task, expected);
    assert_eq!(timer_slack(), own);

    // The hook has the last word.
    const OWN: u64 = 7_000;
    let mut builder = shape.builder();
    builder.on_thread_start(|| {
        rustix::thread::set_current_timer_slack(NonZeroU64::new(OWN)).unwrap();
    });
    if shape != Shape::CurrentThread {
        let runtime = builder.build().unwrap();
        let task = runtime.spawn(async { timer_slack() });
        assert_eq!(runtime.block_on(task).unwrap(), OWN);
    }
}

/// There is no such slack.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sleep_punctually(_: Shape) {}

pub(crate) fn the_flavor(shape: Shape) {
    let runtime = shape.runtime();
    let expected = match shape {
        Shape::CurrentThread => RuntimeFlavor::CurrentThread,
        Shape::Workers(_) => RuntimeFlavor::MultiThread,
    };
    assert_eq!(runtime.handle().runtime_flavor(), expected);
    let inside = runtime.block_on(async { Handle::current().runtime_flavor() });
    assert_eq!(inside, expected);
}
