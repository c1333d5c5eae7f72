//! What is allocated, counted: one allocation a spawn, none to wait, to be woken or to sleep; and how many bytes what waits takes.
//!
//! The count is the process's, since it is the runtime's threads that would allocate; but for the main thread, which is the test harness's, and notes a test that it has started when it
//! gets a processor. So this is one test, alone in its process, on a thread of its own. All that it counts is
//! the steady state: each case has run once before, so that queues that keep their capacity have it, and each thread has what it makes once (see
//! `thread_locals`).

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use heist::sync::{Notify, oneshot};
use heist::time::{Duration, Instant, Sleep, interval, sleep, timeout};
use heist::{JoinHandle, spawn, spawn_blocking, task};
use std::alloc::{GlobalAlloc, Layout, System};
use std::future::{Future, pending, poll_fn};
use std::ops::Sub;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;

/// Far off: nothing waits for it.
const HOUR: Duration = Duration::from_secs(3_600);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator. It counts what is asked for; a reallocation is one more, of what it grows by.
struct Counting;

fn add(bytes: usize) {
    #[cfg(target_os = "linux")]
    if rustix::thread::gettid() == rustix::process::getpid() {
        return;
    }
    ALLOCATIONS.fetch_add(1, SeqCst);
    BYTES.fetch_add(bytes, SeqCst);
}

// SAFETY: every method passes its arguments on to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        add(new_size.saturating_sub(layout.size()));
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// What was asked for so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    allocations: usize,
    bytes: usize,
}

impl Count {
    fn now() -> Self {
        Self {
            allocations: ALLOCATIONS.load(SeqCst),
            bytes: BYTES.load(SeqCst),
        }
    }

    fn since(before: Self) -> Self {
        Self::now() - before
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// Polls a future once, within a task.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Runs a round of something to warm up, and a few that allocate exactly so often each.
#[track_caller]
fn assert_allocations(shape: Shape, what: &str, expected: usize, mut round: impl FnMut()) {
    round();
    for number in 1..=2 {
        let before = Count::now();
        round();
        let Count { allocations, .. } = Count::since(before);
        assert_eq!(
            allocations, expected,
            "{what}, {shape:?}: allocations in round {number}"
        );
    }
}

/// The same within a task.
async fn assert_none(shape: Shape, what: &str, mut round: impl AsyncFnMut()) {
    round().await;
    for number in 1..=2 {
        let before = Count::now();
        round().await;
        let Count { allocations, .. } = Count::since(before);
        assert_eq!(
            allocations, 0,
            "{what}, {shape:?}: allocations in round {number}"
        );
    }
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    CurrentThread,
    Workers(usize),
}

const SHAPES: [Shape; 3] = [Shape::CurrentThread, Shape::Workers(1), Shape::Workers(3)];

/// How many threads the blocking pools have.
const BLOCKING: usize = 2;

impl Shape {
    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::Workers(_) => Builder::new_multi_thread(),
        };
        let workers = match self {
            Self::CurrentThread => 0,
            Self::Workers(count) => count,
        };
        builder
            .worker_threads(workers.max(1))
            .max_blocking_threads(BLOCKING)
            .thread_keep_alive(Duration::from_secs(3_600))
            // The report of a slow poll allocates; and what keeps watch over workers that are all busy does, when it begins.
            .relief_after(Duration::from_secs(3_600))
            .disable_relief();
        // All workers are up before anything is counted.
        let started = Arc::new(Barrier::new(workers + 1));
        let arrivals = AtomicUsize::new(0);
        builder.on_thread_start({
            let started = started.clone();
            move || {
                thread_locals();
                if arrivals.fetch_add(1, SeqCst) < workers {
                    started.wait();
                }
            }
        });
        let runtime = builder.build().expect("the runtime is built");
        started.wait();
        self.start_blocking_threads(&runtime);
        self.use_wheels(&runtime);
        runtime
    }

    /// A first timer that waits on each thread that polls tasks: it makes the wheel.
    fn use_wheels(self, runtime: &Runtime) {
        let workers = match self {
            Self::CurrentThread => 1,
            Self::Workers(count) => count,
        };
        let all = Arc::new(Barrier::new(workers));
        let mut tasks: Vec<_> = (0..workers)
            .map(|_| {
                let all = all.clone();
                runtime.spawn(async move {
                    // No worker gets a second one.
                    all.wait();
                    assert!(poll_once(pin!(sleep(HOUR))).await.is_pending());
                })
            })
            .collect();
        runtime.block_on(async {
            join_all(&mut tasks).await;
            assert!(poll_once(pin!(sleep(HOUR))).await.is_pending());
        });
    }

    /// As many blocking threads as there may be.
    fn start_blocking_threads(self, runtime: &Runtime) {
        let all = Arc::new(Barrier::new(BLOCKING + 1));
        let jobs = [(); BLOCKING].map(|()| {
            let all = all.clone();
            runtime.spawn_blocking(move || {
                all.wait();
            })
        });
        all.wait();
        runtime.block_on(async {
            for job in jobs {
                job.await.expect("it ends");
            }
        });
    }
}

/// Makes what crates below heist keep for each thread, which they make when a thread first waits for a lock, or first steals: at moments of chance.
fn thread_locals() {
    let lock = parking_lot::Mutex::new(());
    parking_lot::Condvar::new().wait_for(&mut lock.lock(), Duration::from_nanos(1));
    let queue = crossbeam_deque::Worker::new_fifo();
    queue.push(());
    assert!(queue.stealer().steal().is_success());
}

/// Tasks that all wait at a gate, so that all are there at once.
struct Crowd {
    gate: Notify,
    arrived: AtomicUsize,
}

impl Crowd {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Notify::new(),
            arrived: AtomicUsize::new(0),
        })
    }

    async fn wait(self: Arc<Self>) {
        let mut opened = pin!(self.gate.notified());
        opened.as_mut().enable();
        self.arrived.fetch_add(1, SeqCst);
        opened.await;
    }

    /// Lets all go at once, when so many have come.
    async fn open(&self, size: usize) {
        while self.arrived.load(SeqCst) < size {
            task::yield_now().await;
        }
        self.arrived.store(0, SeqCst);
        self.gate.notify_waiters();
    }
}

async fn join_all(handles: &mut Vec<JoinHandle<()>>) {
    for handle in handles.drain(..) {
        handle.await.expect("it ends");
    }
}

#[test]
fn allocations() {
    let counted = thread::spawn(|| {
        thread_locals();
        for shape in SHAPES {
            one_a_spawn(shape);
            one_a_blocking_job(shape);
            none_to_wait(shape);
            of_tasks_that_belong_together(shape);
        }
        bytes();
    });
    counted
        .join()
        .unwrap_or_else(|failure| resume_unwind(failure));
}

fn one_a_spawn(shape: Shape) {
    let runtime = shape.runtime();
    for tasks in [1, 1_000, 10_000] {
        let crowd = Crowd::new();
        let mut handles = Vec::with_capacity(tasks);

        // From inside a worker. (The current-thread flavour is its own worker in `block_on`.)
        let inside = async |handles: &mut Vec<JoinHandle<()>>| {
            handles.extend((0..tasks).map(|_| spawn(crowd.clone().wait())));
            crowd.open(tasks).await;
            join_all(handles).await;
        };
        match shape {
            Shape::CurrentThread => runtime.block_on(async {
                inside(&mut handles).await;
                for _ in 0..2 {
                    let before = Count::now();
                    inside(&mut handles).await;
                    assert_eq!(Count::since(before).allocations, tasks, "{shape:?}, inside");
                }
            }),
            Shape::Workers(_) => {
                let crowd = crowd.clone();
                let mut handles = std::mem::take(&mut handles);
                let spawner = runtime.spawn(async move {
                    for round in 0..3 {
                        let before = Count::now();
                        handles.extend((0..tasks).map(|_| spawn(crowd.clone().wait())));
                        crowd.open(tasks).await;
                        join_all(&mut handles).await;
                        let Count { allocations, .. } = Count::since(before);
                        // The first warms up.
                        assert!(
                            round == 0 || allocations == tasks,
                            "{allocations} allocations for {tasks} tasks, {shape:?}, from a worker"
                        );
                    }
                });
                runtime.block_on(spawner).expect("the counts are right");
            }
        }

        // From outside. To wait for them allocates nothing.
        handles.reserve(tasks);
        assert_allocations(shape, &format!("{tasks} tasks from outside"), tasks, || {
            handles.extend((0..tasks).map(|_| runtime.spawn(crowd.clone().wait())));
            runtime.block_on(async {
                crowd.open(tasks).await;
                join_all(&mut handles).await;
            });
        });

        // Detached, and awaited by nobody.
        assert_allocations(shape, &format!("{tasks} detached tasks"), tasks, || {
            for _ in 0..tasks {
                drop(runtime.spawn(crowd.clone().wait()));
            }
            runtime.block_on(crowd.open(tasks));
        });
    }
}

/// A task in a set is one, as ever, when the set has had as many; a member of a group has a oneshot besides. A guard is none, until it is dropped.
fn of_tasks_that_belong_together(shape: Shape) {
    const TASKS: usize = 1_000;
    let runtime = shape.runtime();
    runtime.block_on(async {
        let mut set = task::JoinSet::new();
        for round in 0..3 {
            let before = Count::now();
            for _ in 0..TASKS {
                set.spawn(async {});
            }
            while set.join_next().await.is_some() {}
            let count = Count::since(before).allocations;
            assert!(round == 0 || count == TASKS, "{shape:?}, in a set: {count}");
        }

        let group = task::TaskGroup::<()>::new();
        for round in 0..3 {
            let before = Count::now();
            for _ in 0..TASKS {
                group.spawn(async { Ok(()) }).await;
            }
            let count = Count::since(before).allocations;
            // Places are used again; there are as many as members ever were there at once, and one whose value has come may be there for a moment.
            let places = count - 2 * TASKS;
            assert!(round == 0 || places <= 64, "{shape:?}, in a group: {count}");
        }
        assert!(group.join().await.is_ok());

        let before = Count::now();
        for _ in 0..TASKS {
            let guard = task::on_cancel(async {});
            task::yield_now().await;
            drop(guard.disarm());
        }
        assert_eq!(Count::since(before).allocations, 0, "{shape:?}, a guard");
    });
}

fn one_a_blocking_job(shape: Shape) {
    let runtime = shape.runtime();
    let gate = Arc::new(Barrier::new(BLOCKING + 1));
    for jobs in [BLOCKING, 1_000, 10_000] {
        let mut handles = Vec::with_capacity(jobs);
        // The first ones hold all threads up, so that the others queue.
        let job = |number: usize| {
            let gate = (number < BLOCKING).then(|| gate.clone());
            move || {
                if let Some(gate) = gate {
                    gate.wait();
                }
            }
        };
        runtime.block_on(async {
            for round in 0..3 {
                let before = Count::now();
                handles.extend((0..jobs).map(|number| spawn_blocking(job(number))));
                gate.wait();
                join_all(&mut handles).await;
                let Count { allocations, .. } = Count::since(before);
                assert!(
                    round == 0 || allocations == jobs,
                    "{allocations} allocations for {jobs} blocking jobs, {shape:?}"
                );
            }
        });
    }
}

fn none_to_wait(shape: Shape) {
    const ROUNDS: usize = 200;
    let runtime = shape.runtime();

    // In a task, and in what `block_on` polls, which on the multi-threaded flavour is another thread than the workers.
    let waits = async move {
        assert_none(shape, "yield_now", async || {
            for _ in 0..ROUNDS {
                task::yield_now().await;
            }
        })
        .await;
        assert_none(shape, "sleep", async || {
            for _ in 0..ROUNDS / 10 {
                sleep(Duration::from_micros(10)).await;
            }
        })
        .await;
        assert_none(shape, "timeout", async || {
            for _ in 0..ROUNDS {
                let kept = timeout(HOUR, task::yield_now()).await;
                kept.expect("an hour is enough");
            }
            let passed = timeout(Duration::from_micros(10), pending::<()>()).await;
            passed.expect_err("it never ends");
        })
        .await;
        let mut sleeper = pin!(sleep(HOUR));
        assert_none(shape, "reset", async || {
            for second in 0..ROUNDS as u64 {
                let deadline = Instant::now() + HOUR + Duration::from_secs(second);
                sleeper.as_mut().reset(deadline);
                assert!(poll_once(sleeper.as_mut()).await.is_pending());
            }
        })
        .await;
        let mut ticks = interval(Duration::from_micros(10));
        assert_none(shape, "interval", async || {
            for _ in 0..ROUNDS / 10 {
                ticks.tick().await;
            }
        })
        .await;
    };
    runtime.block_on(waits);

    // Two that wake each other.
    runtime.block_on(async {
        let courts = Arc::new([Notify::new(), Notify::new()]);
        let partner = spawn({
            let courts = courts.clone();
            async move {
                loop {
                    courts[0].notified().await;
                    courts[1].notify_one();
                }
            }
        });
        assert_none(shape, "Notify, and wakes", async || {
            for _ in 0..ROUNDS {
                courts[0].notify_one();
                courts[1].notified().await;
            }
        })
        .await;
        partner.abort();
        assert!(
            partner
                .await
                .expect_err("it went on for ever")
                .is_cancelled()
        );
    });

    // What a oneshot needs is its channel; to hand it over, a task is woken.
    runtime.block_on(async {
        let mut senders = Vec::with_capacity(ROUNDS);
        let mut receivers = Vec::with_capacity(ROUNDS);
        for round in 0..3 {
            for _ in 0..ROUNDS {
                let (sender, receiver) = oneshot::channel();
                senders.push(sender);
                receivers.push(receiver);
            }
            let mut batch = std::mem::replace(&mut senders, Vec::with_capacity(ROUNDS));
            let before = Count::now();
            let sender = spawn(async move {
                for (number, sender) in batch.drain(..).enumerate() {
                    task::yield_now().await;
                    sender.send(number).expect("it waits");
                }
            });
            for (number, receiver) in receivers.drain(..).enumerate() {
                assert_eq!(receiver.await, Ok(number));
            }
            sender.await.expect("it has sent all");
            let Count { allocations, .. } = Count::since(before);
            assert!(
                round == 0 || allocations == 1,
                "{allocations} allocations for one task that sends {ROUNDS} values, {shape:?}"
            );
        }
    });

    // Two ends of a connection.
    runtime.block_on(async {
        let (mut client, mut server) = connection().await;
        let echo = spawn(async move {
            let mut buffer = [0; 16];
            while let Ok(read @ 1..) = server.read(&mut buffer).await {
                server.write_all(&buffer[..read]).await.expect("it writes");
            }
        });
        assert_none(shape, "TcpStream", async || {
            let mut buffer = [0; 5];
            for _ in 0..ROUNDS {
                client.write_all(b"hello").await.expect("it writes");
                let read = timeout(HOUR, client.read_exact(&mut buffer)).await;
                read.expect("an hour is enough").expect("it reads");
            }
            for _ in 0..ROUNDS {
                client.write_all(b"h").await.expect("it writes");
                client.readable().await.expect("it waits");
                client.peek(&mut buffer).await.expect("it peeks");
                client.read_exact(&mut buffer[..1]).await.expect("it reads");
            }
        })
        .await;
        drop(client);
        echo.await.expect("it ends with the connection");
    });
}

async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    let client = TcpStream::connect(address).await.expect("it connects");
    let (server, _) = listener.accept().await.expect("it accepts");
    (client, server)
}

/// What waits may take, in bytes that are asked for: the design's figures.
fn bytes() {
    const TASK: usize = 128;
    const TIMER: usize = 128;
    const CONNECTION: usize = 487;

    let runtime = Shape::CurrentThread.runtime();
    runtime.block_on(async {
        // A task that waits, with the channel that it waits for left out.
        let (sender, receiver) = oneshot::channel::<u32>();
        let before = Count::now();
        let waiting = spawn(async move {
            receiver.await.expect("it is sent");
        });
        task::yield_now().await;
        let idle = Count::since(before);
        assert_eq!(idle.allocations, 1);
        assert!(
            idle.bytes <= TASK,
            "an idle task takes {} bytes",
            idle.bytes
        );
        sender.send(1).expect("it waits");
        waiting.await.expect("it ends");

        let mut timers = Vec::<Pin<Box<Sleep>>>::with_capacity(1_000);
        let before = Count::now();
        for seconds in 0..1_000 {
            let mut timer = Box::pin(sleep(Duration::from_secs(3_600 + seconds)));
            assert!(poll_once(timer.as_mut()).await.is_pending());
            timers.push(timer);
        }
        let armed = Count::since(before);
        assert_eq!(armed.allocations, 1_000, "the boxes");
        let each = armed.bytes / 1_000;
        assert!(each <= TIMER, "an armed timer takes {each} bytes");
    });

    // Connections whose tasks wait to be told something. What they share, which grows by steps, is shared out.
    const CONNECTIONS: usize = 448;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
        let address = listener.local_addr().expect("it has an address");
        let mut clients = Vec::with_capacity(CONNECTIONS);
        let before = Count::now();
        for _ in 0..CONNECTIONS {
            clients.push(std::net::TcpStream::connect(address).expect("it connects"));
            let (mut stream, _) = listener.accept().await.expect("it accepts");
            drop(spawn(async move {
                let read = stream.read(&mut [0]).await;
                assert_eq!(read.expect("it reads"), 0);
            }));
            task::yield_now().await;
        }
        let each = Count::since(before).bytes / CONNECTIONS;
        assert!(each <= CONNECTION, "an idle connection takes {each} bytes");
    });
}
