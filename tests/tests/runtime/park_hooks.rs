//! What workers call when they go to sleep and get up; and after how many polls they look around, if they are told to.

use heist::runtime::{Builder, Handle};
use heist::sync::oneshot;
use heist::task::yield_now;
use heist::time::{Duration, Instant, sleep_until};
use heist_tests::{Running, Shape, Tally, once_waiting, receive, wait_until};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

pub(crate) fn are_called_in_pairs_by_workers(shape: Shape) {
    let events: Arc<Mutex<Vec<_>>> = Arc::default();
    let started: Arc<Mutex<HashSet<_>>> = Arc::default();
    let mut builder = shape.builder();
    let (parks, unparks, starts) = (events.clone(), events.clone(), started.clone());
    builder
        .on_thread_park(move || parks.lock().unwrap().push((thread::current().id(), true)))
        .on_thread_unpark(move || {
            unparks
                .lock()
                .unwrap()
                .push((thread::current().id(), false))
        })
        .on_thread_start(move || {
            starts.lock().unwrap().insert(thread::current().id());
        });
    let runtime = builder.build().unwrap();
    for _ in 0..10 {
        runtime.block_on(async {
            let (sender, receiver) = oneshot::channel();
            let events = events.clone();
            thread::spawn(move || {
                // Nobody has anything to do before.
                wait_until(|| !events.lock().unwrap().is_empty());
                sender.send(1)
            });
            assert_eq!(receiver.await, Ok(1));
            heist::spawn(yield_now()).await.unwrap();
        });
    }
    drop(runtime);
    let workers = match shape {
        Shape::CurrentThread => HashSet::from([thread::current().id()]),
        Shape::Workers(_) => std::mem::take(&mut *started.lock().unwrap()),
    };
    let events = std::mem::take(&mut *events.lock().unwrap());
    let threads: HashSet<_> = events.iter().map(|event| event.0).collect();
    assert!(!threads.is_empty());
    assert!(threads.is_subset(&workers));
    for thread in threads {
        let of_thread = events.iter().filter(|event| event.0 == thread);
        let is_park: Vec<_> = of_thread.map(|event| event.1).collect();
        assert!(is_park.len().is_multiple_of(2));
        for pair in is_park.chunks(2) {
            assert_eq!(pair, [true, false]);
        }
    }
}

pub(crate) fn that_panic(shape: Shape) {
    let calls = Tally::new();
    let (park, unpark) = (calls.clone(), calls.clone());
    let mut builder = shape.builder();
    builder
        .on_thread_park(move || {
            park.hit();
            panic!("in a hook")
        })
        .on_thread_unpark(move || {
            unpark.hit();
            panic!("in a hook")
        });
    let runtime = Running::new(shape, builder.build().unwrap());
    wait_until(|| calls.count() > 0);
    drop(runtime.occupy());
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

/// What a hook spawns runs, though nothing else happens.
pub(crate) fn that_spawn(shape: Shape) {
    type Hook = Box<dyn Fn() + Send + Sync>;
    let set: [fn(&mut Builder, Hook); 2] = [
        |builder, hook| {
            builder.on_thread_park(hook);
        },
        |builder, hook| {
            builder.on_thread_unpark(hook);
        },
    ];
    for set in set {
        let (ran, runs) = mpsc::channel();
        let own: Arc<OnceLock<Handle>> = Arc::default();
        let (in_hook, done) = (own.clone(), AtomicBool::new(false));
        let hook = move || {
            if let Some(handle) = in_hook.get()
                && !done.swap(true, SeqCst)
            {
                let ran = ran.clone();
                drop(handle.spawn(async move { ran.send(()).unwrap() }));
            }
        };
        let mut builder = shape.builder();
        set(&mut builder, Box::new(hook));
        let runtime = Running::new(shape, builder.build().unwrap());
        let metrics = runtime.metrics();
        wait_until(|| {
            let mut workers = 0..metrics.num_workers();
            workers.all(|worker| metrics.worker_park_count(worker) > 0)
        });
        own.set(runtime.handle().clone()).unwrap();
        // All get up once more, and go to sleep.
        drop(runtime.occupy());
        receive(&runs);
    }
}

/// One worker looks at its timers after so many polls, however short they are.
pub(crate) fn events_come_each_so_many_polls(shape: Shape) {
    for interval in [1, 4, 61] {
        let runtime = shape.build(shape.builder().event_interval(interval).disable_relief());
        let polls = runtime.block_on(runtime.spawn(async {
            let deadline = Instant::now() + Duration::from_millis(1);
            let fired = Arc::new(AtomicBool::new(false));
            let fires = fired.clone();
            let (waiting, waits) = oneshot::channel();
            let sleeper = heist::spawn(async move {
                let sleep = once_waiting(sleep_until(deadline), || {
                    let _ = waiting.send(());
                });
                sleep.await;
                fires.store(true, SeqCst);
            });
            // If it came too late for that, it has fired.
            let _ = waits.await;
            while Instant::now() < deadline {
                std::hint::spin_loop();
            }
            let mut polls = 0;
            while !fired.load(SeqCst) {
                yield_now().await;
                polls += 1;
            }
            sleeper.await.unwrap();
            polls
        }));
        let polls = polls.unwrap();
        if shape.parallelism() == 1 {
            // The sleeper has one of its own before it is seen.
            assert!(polls <= interval + 2, "{polls} polls, not {interval}");
        }
    }
}

/// Likewise for tasks that other threads spawn.
pub(crate) fn tasks_from_elsewhere_come_each_so_many_polls(shape: Shape) {
    for interval in [1, 4, 61] {
        let runtime = shape.build(
            shape
                .builder()
                .global_queue_interval(interval)
                .disable_relief(),
        );
        let handle = runtime.handle().clone();
        let polls = runtime.block_on(runtime.spawn(async move {
            let ran = Arc::new(AtomicBool::new(false));
            let runs = ran.clone();
            let spawns = move || drop(handle.spawn(async move { runs.store(true, SeqCst) }));
            thread::spawn(spawns).join().unwrap();
            let mut polls = 0;
            while !ran.load(SeqCst) {
                yield_now().await;
                polls += 1;
            }
            polls
        }));
        let polls = polls.unwrap();
        if shape.parallelism() == 1 {
            assert!(polls <= interval + 2, "{polls} polls, not {interval}");
        }
    }
}
