//! Tasks whose futures are not `Send`.

use crate::shutdown::wait;
use futures_lite::future::poll_once;
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::sync::oneshot;
use heist::task::{self, JoinHandle, LocalSet};
use heist::time::sleep;
use heist::{join, spawn_local};
use heist_tests::{Shape, panic_message, panic_of};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::Duration;

const MOMENT: Duration = Duration::from_micros(200);

/// Must be dropped on the thread that has made it. Counts how many there are.
struct Particular {
    thread: ThreadId,
    alive: Arc<AtomicUsize>,
    _marker: PhantomData<Rc<()>>,
}

impl Particular {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Self {
            thread: thread::current().id(),
            alive: alive.clone(),
            _marker: PhantomData,
        }
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(thread::current().id(), self.thread, "not on its thread");
    }
}

impl Drop for Particular {
    fn drop(&mut self) {
        if thread::current().id() != self.thread {
            eprintln!("dropped on a foreign thread");
            std::process::abort();
        }
        self.alive.fetch_sub(1, SeqCst);
    }
}

fn nobody() -> Arc<AtomicUsize> {
    Arc::default()
}

pub(crate) fn tasks_stay_on_their_thread(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let alive = nobody();
    let done = set.block_on(&runtime, async {
        let done = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let (done, particular) = (done.clone(), Particular::new(&alive));
                spawn_local(async move {
                    for _ in 0..n % 4 {
                        task::yield_now().await;
                        particular.check();
                        sleep(MOMENT).await;
                        particular.check();
                        // Wakes it from a worker, where there is one.
                        heist::spawn(async {}).await.unwrap();
                        particular.check();
                    }
                    done.set(done.get() + 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        done.get()
    });
    assert_eq!(done, 50);
    assert_eq!(alive.load(SeqCst), 0);
}

/// In a blocking job, whose thread goes on to do others.
pub(crate) fn dropped_where_it_was_made(shape: Shape) {
    let runtime = shape.runtime();
    let alive = nobody();
    let counted = alive.clone();
    let handle = runtime.handle().clone();
    let job = runtime.spawn_blocking(move || {
        let set = LocalSet::new();
        let particular = Particular::new(&counted);
        let task = set.spawn_local(async move {
            particular.check();
            pending::<()>().await;
            drop(particular);
        });
        handle.block_on(set.run_until(sleep(MOMENT)));
        task
    });
    let task = runtime.block_on(job).unwrap();
    assert!(wait(task).unwrap_err().is_cancelled());
    assert_eq!(alive.load(SeqCst), 0);
}

pub(crate) fn outputs_stay_on_their_thread(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let alive = nobody();
    let spawn = || {
        let particular = Particular::new(&alive);
        set.spawn_local(async move {
            task::yield_now().await;
            particular
        })
    };
    let (taken, detached, left, aborted) = (spawn(), spawn(), spawn(), spawn());
    // Others have the last word on the cells.
    let aborts: Vec<_> = [&taken, &detached, &left, &aborted]
        .map(JoinHandle::abort_handle)
        .into();
    aborted.abort();
    drop(detached);
    set.block_on(&runtime, async {
        taken.await.unwrap().check();
        while !left.is_finished() {
            task::yield_now().await;
        }
    });
    assert_eq!(alive.load(SeqCst), 1, "what is left in its handle");
    drop(left);
    assert_eq!(alive.load(SeqCst), 0);
    thread::spawn(move || drop(aborts)).join().unwrap();
    assert!(wait(aborted).is_err());
}

/// Of a future that isn't `Send` the output may be.
pub(crate) fn handles_go_elsewhere(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let alive = nobody();
    let (release, released) = oneshot::channel();
    let particular = Particular::new(&alive);
    let task = set.spawn_local(async move {
        let number = released.await.unwrap();
        particular.check();
        number
    });
    let dropped = set.spawn_local(async { String::from("nobody wants it") });
    let elsewhere = thread::spawn(move || {
        drop(dropped);
        release.send(42).unwrap();
        wait(task)
    });
    runtime.block_on(set);
    assert_eq!(elsewhere.join().unwrap().unwrap(), 42);
    assert_eq!(alive.load(SeqCst), 0);
}

/// Also as the set is dropped.
pub(crate) fn foreign_wakes_and_aborts(shape: Shape) {
    const ROUNDS: usize = 30;
    let runtime = shape.runtime();
    let alive = nobody();
    for round in 0..ROUNDS {
        let set = LocalSet::new();
        let (handles, senders): (Vec<_>, Vec<_>) = (0..20)
            .map(|_| {
                let (send, mut receive) = heist::sync::mpsc::unbounded_channel::<()>();
                let particular = Particular::new(&alive);
                let handle = set.spawn_local(async move {
                    while receive.recv().await.is_some() {
                        particular.check();
                    }
                });
                (handle, send)
            })
            .unzip();
        let aborts: Vec<_> = handles.iter().map(JoinHandle::abort_handle).collect();
        let waking = thread::spawn(move || {
            for _ in 0..20 {
                for send in &senders {
                    let _ = send.send(());
                }
            }
        });
        let aborting = thread::spawn(move || {
            for (n, handle) in aborts.iter().enumerate() {
                if n % 2 == 0 {
                    handle.abort();
                }
            }
            drop(handles);
        });
        if round % 3 == 0 {
            // They end: by the abort, or with their senders.
            runtime.block_on(set);
        } else {
            runtime.block_on(set.run_until(async {
                for _ in 0..round {
                    task::yield_now().await;
                }
            }));
            drop(set);
        }
        assert_eq!(alive.load(SeqCst), 0);
        waking.join().unwrap();
        aborting.join().unwrap();
    }
}

pub(crate) fn the_set_ends_with_its_last_task(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    for n in [3, 1, 2] {
        let order = order.clone();
        set.spawn_local(async move {
            sleep(MOMENT * 10 * n).await;
            let child = spawn_local(async {
                task::yield_now().await;
            });
            child.await.unwrap();
            order.borrow_mut().push(n);
        });
    }
    runtime.block_on(set);
    let mut order = order.take();
    order.sort_unstable();
    assert_eq!(order, [1, 2, 3]);
}

pub(crate) fn dropped_with_its_tasks(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let alive = nobody();
    let tasks: Vec<_> = (0..30)
        .map(|n| {
            let particular = Particular::new(&alive);
            set.spawn_local(async move {
                let _particular = particular;
                for _ in 0..n % 3 {
                    task::yield_now().await;
                }
                if n % 2 == 0 {
                    loop {
                        task::yield_now().await;
                    }
                }
                pending::<()>().await;
            })
        })
        .collect();
    set.block_on(&runtime, task::yield_now());
    drop(set);
    assert_eq!(alive.load(SeqCst), 0);
    for task in tasks {
        assert!(wait(task).unwrap_err().is_cancelled());
    }
}

pub(crate) fn tasks_that_spawn(shape: Shape) {
    fn tree(depth: u32) -> Pin<Box<dyn Future<Output = usize>>> {
        Box::pin(async move {
            if depth == 0 {
                return 1;
            }
            let (left, right) = (spawn_local(tree(depth - 1)), spawn_local(tree(depth - 1)));
            left.await.unwrap() + right.await.unwrap()
        })
    }
    let set = LocalSet::new();
    assert_eq!(shape.block_on(set.run_until(tree(9))), 512);
}

pub(crate) fn destructors_that_spawn(shape: Shape) {
    struct Spawns(Rc<RefCell<Option<JoinHandle<()>>>>);

    impl Drop for Spawns {
        fn drop(&mut self) {
            *self.0.borrow_mut() = Some(spawn_local(async {}));
        }
    }

    let runtime = shape.runtime();
    let set = LocalSet::new();
    let spawned = Rc::new(RefCell::new(None));
    let spawns = Spawns(spawned.clone());
    set.spawn_local(async move {
        let _spawns = spawns;
        pending::<()>().await;
    });
    set.block_on(&runtime, task::yield_now());
    drop(set);
    let spawned = spawned.take().expect("it was dropped");
    assert!(wait(spawned).unwrap_err().is_cancelled());
}

/// Whoever is polled, the tasks run.
pub(crate) fn two_at_once(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    runtime.block_on(async {
        let (done, is_done) = oneshot::channel();
        let first = set.run_until(async { is_done.await.unwrap() });
        let second = set.run_until(async {
            spawn_local(async move { done.send(5).unwrap() });
        });
        let (five, ()) = join!(first, second);
        assert_eq!(five, 5);
        // One that is dropped leaves it to the other.
        let (send, receive) = oneshot::channel();
        let waits = set.spawn_local(async { receive.await.unwrap() });
        let mut given_up = Box::pin(set.run_until(pending::<()>()));
        let goes_on = set.run_until(waits);
        let mut goes_on = pin!(goes_on);
        assert!(poll_once(goes_on.as_mut()).await.is_none());
        assert!(poll_once(given_up.as_mut()).await.is_none());
        drop(given_up);
        send.send(7).unwrap();
        assert_eq!(goes_on.await.unwrap(), 7);
    });
}

pub(crate) fn tasks_that_never_rest(shape: Shape) {
    let set = LocalSet::new();
    let turns = Rc::new(Cell::new(0));
    for _ in 0..200 {
        let turns = turns.clone();
        set.spawn_local(async move {
            loop {
                turns.set(turns.get() + 1);
                task::yield_now().await;
            }
        });
    }
    shape.block_on(set.run_until(async {
        sleep(MOMENT).await;
        heist::spawn(async {}).await.unwrap();
        for _ in 0..100 {
            task::yield_now().await;
        }
    }));
    assert!(turns.get() >= 200, "each had its turn");
}

pub(crate) fn beside_timers_and_sockets(shape: Shape) {
    let set = LocalSet::new();
    let text = shape.block_on(set.run_until(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn_local(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            sleep(MOMENT).await;
            stream.write_all(b"hello").await.unwrap();
        });
        let client = spawn_local(async move {
            let mut text = String::new();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.read_to_string(&mut text).await.unwrap();
            text
        });
        server.await.unwrap();
        client.await.unwrap()
    }));
    assert_eq!(text, "hello");
}

pub(crate) fn entered(shape: Shape) {
    let runtime = shape.runtime();
    let (outer, inner) = (LocalSet::new(), LocalSet::new());
    let guard = outer.enter();
    let of_outer = spawn_local(async { "outer" });
    {
        let _guard = inner.enter();
        drop(spawn_local(pending::<()>()));
    }
    let again = spawn_local(async { "again" });
    // While it is entered, a wake on this thread is still seen by who polls it.
    let outputs = outer.block_on(&runtime, async { (of_outer.await, again.await) });
    assert_eq!(outputs.0.unwrap(), "outer");
    assert_eq!(outputs.1.unwrap(), "again");
    drop(guard);
    assert!(format!("{inner:?}").contains("tasks: 1"), "{inner:?}");
}

pub(crate) fn outside_it_panics(shape: Shape) {
    let runtime = shape.runtime();
    let panicked = panic_of(|| {
        runtime.block_on(async { drop(spawn_local(async {})) });
    });
    assert!(panicked.file.ends_with("local_set.rs"));
    let message = panicked.message;
    assert!(
        message.starts_with("`spawn_local` was called outside of a `LocalSet`: call it inside"),
        "{message}"
    );
}

pub(crate) fn polled_by_its_own_task(shape: Shape) {
    let runtime = shape.runtime();
    let set = Rc::new(LocalSet::new());
    let inner = set.clone();
    let task = set.spawn_local(async move { inner.run_until(pending::<()>()).await });
    let error = set.block_on(&runtime, task).unwrap_err();
    let payload = error.into_panic();
    let message = panic_message(&*payload);
    assert!(message.starts_with("a `LocalSet` was polled by one of its own tasks"));
    // It goes on.
    let task = set.spawn_local(async { 1 });
    assert_eq!(set.block_on(&runtime, task).unwrap(), 1);
}

pub(crate) fn panics_are_outcomes(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let fails = set.spawn_local(async { panic!("out of cheese") });
    let goes_on = set.spawn_local(async {
        task::yield_now().await;
        1
    });
    set.block_on(&runtime, async {
        assert!(fails.await.unwrap_err().is_panic());
        assert_eq!(goes_on.await.unwrap(), 1);
    });
}

pub(crate) fn names(shape: Shape) {
    let runtime = shape.runtime();
    let set = LocalSet::new();
    let builder = task::Builder::new().name("local");
    let fails = builder.spawn_local_on(async { panic!("out of cheese") }, &set);
    let error = set.block_on(&runtime, fails).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(" \"local\" panicked: out of cheese")
    );
    let id = set.block_on(&runtime, async {
        let task = task::Builder::new().spawn_local(async { task::id() });
        (task.id(), task.await.unwrap())
    });
    assert_eq!(id.0, id.1);
    // A poll by hand needs no runtime at all.
    let ready = AtomicBool::new(false);
    let mut run = pin!(set.run_until(async { ready.store(true, SeqCst) }));
    let polled = run
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert_eq!(polled, Poll::Ready(()));
    assert!(ready.load(SeqCst));
}
