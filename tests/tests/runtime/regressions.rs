//! Bugs of others, each named after where it was found: `project_number_what`.

use heist::net::TcpListener;
use heist::runtime::Handle;
use heist::sync::{Notify, oneshot};
use heist::task;
use heist::time::{self, Duration};
use heist_tests::{Countdown, PATIENCE, Shape, Tally, panic_of, receive};
use std::future::{Future, pending, poll_fn};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

/// Work comes from outside just as the last worker that searches gives up: <https://github.com/tokio-rs/tokio/issues/1768>, fixed in 1788.
pub(crate) fn tokio_1768_a_wake_while_the_last_searcher_parks(shape: Shape) {
    let runtime = shape.running();
    let (wakers, to_wake) = mpsc::channel::<Waker>();
    let (polled, polls) = mpsc::channel();
    let task = runtime.spawn(async move {
        let mut left = 2_000;
        poll_fn(|cx| {
            left -= 1;
            polled.send(()).unwrap();
            if left == 0 {
                return Poll::Ready(());
            }
            wakers.send(cx.waker().clone()).unwrap();
            Poll::Pending
        })
        .await;
    });
    for round in 0.. {
        receive(&polls);
        let Ok(waker) = to_wake.recv_timeout(PATIENCE) else {
            break;
        };
        // At every moment of a worker's way to sleep.
        for _ in 0..round % 97 * 20 {
            std::hint::spin_loop();
        }
        if round % 3 == 0 {
            drop(runtime.spawn(async move { waker.wake() }));
        } else {
            waker.wake();
        }
    }
    runtime.block_on(task).unwrap();
}

/// A hook that schedules work each time a worker goes to sleep kept the worker from its driver: <https://github.com/tokio-rs/tokio/issues/8222>.
pub(crate) fn tokio_8222_a_park_hook_that_makes_work(shape: Shape) {
    let mut builder = shape.builder();
    builder.on_thread_park(|| {
        if let Ok(handle) = Handle::try_current() {
            drop(handle.spawn(async {}));
        }
    });
    let runtime = shape.build(&mut builder);
    let outcome = runtime.block_on(runtime.spawn(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = heist::spawn(async move { listener.accept().await });
        for _ in 0..10 {
            time::sleep(Duration::from_millis(1)).await;
        }
        // The event comes while all others wait.
        heist::spawn_blocking(move || std::net::TcpStream::connect(address)).await??;
        server.await?.map(drop)
    }));
    outcome.unwrap().unwrap();
}

/// A thread of the blocking pool was in no runtime: <https://github.com/tokio-rs/tokio/pull/2006>.
pub(crate) fn tokio_2006_a_blocking_job_from_a_blocking_job(shape: Shape) {
    let runtime = shape.running();
    let job = runtime.spawn_blocking(|| heist::spawn_blocking(|| 1));
    let inner = futures_lite::future::block_on(job).unwrap();
    assert_eq!(futures_lite::future::block_on(inner).unwrap(), 1);
}

/// Of tasks whose timers are due at once the first blocks its thread: <https://github.com/tokio-rs/tokio/issues/4730>. How late the others are is in `gates.rs`; here, that
/// they fire at all while it blocks.
pub(crate) fn tokio_4730_a_timer_whose_wake_blocks(shape: Shape) {
    const TIMERS: usize = 50;
    if shape.parallelism() == 1 {
        // There is nobody else to turn to.
        return;
    }
    let runtime = shape.running();
    for _ in 0..5 {
        let woken = Arc::new(AtomicUsize::new(0));
        let (done, all_done) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let mut released = Some(released);
        let tasks = (0..TIMERS).map(|_| {
            let (woken, done) = (woken.clone(), done.clone());
            // One receiver, for whoever is first: it is handed around.
            let released = Arc::new(std::sync::Mutex::new(released.take()));
            async move {
                time::sleep(Duration::from_millis(2)).await;
                if woken.fetch_add(1, SeqCst) == 0 {
                    let released = released.lock().unwrap().take();
                    let _ = released.map(|released| released.recv_timeout(PATIENCE));
                } else {
                    done.send(()).unwrap();
                }
            }
        });
        let tasks: Vec<_> = tasks.map(|task| runtime.spawn(task)).collect();
        for _ in 1..TIMERS {
            receive(&all_done);
        }
        drop(release);
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    }
}

/// A task spawns another, which waits in the worker's next-slot, and blocks: <https://github.com/tokio-rs/tokio/issues/4941>. Here the first waits for the
/// second itself; `gates.rs` has the time that it takes.
pub(crate) fn tokio_4941_child_of_a_blocking_task(shape: Shape) {
    if shape.parallelism() == 1 {
        // There is nobody else to run the child.
        return;
    }
    let runtime = shape.running();
    for _ in 0..30 {
        let parent = runtime.spawn(async {
            let (started, starts) = mpsc::channel();
            let child = heist::spawn(async move { started.send(()).unwrap() });
            receive(&starts);
            child.await.unwrap();
        });
        futures_lite::future::block_on(parent).unwrap();
    }
}

/// A job is queued as the last idle thread leaves, or as it goes to sleep: <https://github.com/tokio-rs/tokio/issues/8056>. (8408, where the first thread cannot
/// start, is in `misuse.rs`.)
pub(crate) fn tokio_8056_a_blocking_job_is_never_forgotten(shape: Shape) {
    for keep_alive in [
        Duration::ZERO,
        Duration::from_micros(30),
        Duration::from_secs(10),
    ] {
        let mut builder = shape.builder();
        builder
            .thread_keep_alive(keep_alive)
            .max_blocking_threads(2);
        let runtime = shape.build(&mut builder);
        thread::scope(|scope| {
            for thread in 0..2 {
                let runtime = &runtime;
                scope.spawn(move || {
                    for round in 0..150_u32 {
                        let jobs: Vec<_> = (0..1 + round % 4)
                            .map(|_| runtime.spawn_blocking(move || round))
                            .collect();
                        for _ in 0..round % 17 * 30 * thread {
                            std::hint::spin_loop();
                        }
                        for job in jobs {
                            assert_eq!(futures_lite::future::block_on(job).unwrap(), round);
                        }
                    }
                });
            }
        });
    }
}

/// A waker that panics in the middle of a batch: <https://github.com/tokio-rs/tokio/pull/8542>. The others are woken, nothing is used after it is gone.
pub(crate) fn tokio_8542_a_waker_that_panics_among_others(shape: Shape) {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("in the wake");
        }
    }

    let runtime = shape.running();
    for at in [0, 5, 9] {
        let notify = Arc::new(Notify::new());
        let waker = Waker::from(Arc::new(Panics));
        let waiting = Arc::new(AtomicUsize::new(0));
        let spawn = |_| {
            let (notify, waiting) = (notify.clone(), waiting.clone());
            runtime.spawn(async move {
                let mut notified = pin!(notify.notified());
                notified.as_mut().enable();
                waiting.fetch_add(1, SeqCst);
                notified.await;
            })
        };
        let mut tasks: Vec<_> = (0..at).map(spawn).collect();
        heist_tests::wait_until(|| waiting.load(SeqCst) == tasks.len());
        {
            let mut panics = Box::pin(notify.notified());
            assert!(
                panics
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            tasks.extend((at..10).map(spawn));
            heist_tests::wait_until(|| waiting.load(SeqCst) == tasks.len());
            assert_eq!(panic_of(|| notify.notify_waiters()).message, "in the wake");
        }
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        // It is in order.
        notify.notify_one();
        runtime.block_on(notify.notified());
    }
}

/// Tasks wait in the queue of a runner whose thread turned to other things: <https://github.com/smol-rs/async-executor/issues/104>. Here the runner is a `block_on`
/// that ended.
pub(crate) fn async_executor_104_a_task_left_with_a_runner_that_is_gone(shape: Shape) {
    const TASKS: usize = 100;
    let runtime = shape.runtime();
    for _ in 0..20 {
        let countdown = Countdown::new(TASKS);
        runtime.block_on(async {
            for n in 0..TASKS {
                let countdown = countdown.clone();
                drop(heist::spawn(async move {
                    for _ in 0..n % 3 {
                        task::yield_now().await;
                    }
                    countdown.hit();
                }));
            }
            // Some have begun.
            task::yield_now().await;
        });
        thread::scope(|scope| {
            scope
                .spawn(|| runtime.block_on(countdown.wait()))
                .join()
                .unwrap();
        });
    }
}

/// Two foreign threads wake one task, the second as the task has just been polled for the first: <https://github.com/compio-rs/compio/issues/948>. The second
/// wake is not lost, and the task not stuck with a mark of it.
pub(crate) fn compio_948_two_foreign_wakers_at_once(shape: Shape) {
    const ROUNDS: u64 = 2_000;
    let runtime = shape.running();
    let rounds = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let (wakers, waiting) = mpsc::channel::<Waker>();
    let round = Arc::new(AtomicU64::new(0));
    let (seen, now) = (rounds.clone(), round.clone());
    let task = runtime.spawn(async move {
        let mut wakers = Some(wakers);
        poll_fn(|cx| {
            if let Some(wakers) = wakers.take() {
                wakers.send(cx.waker().clone()).unwrap();
            }
            loop {
                let this = now.load(SeqCst);
                if this == ROUNDS {
                    return Poll::Ready(());
                }
                // Relaxed: what was written before a wake is seen by the poll that follows.
                if seen.iter().any(|thread| thread.load(Relaxed) <= this) {
                    return Poll::Pending;
                }
                now.store(this + 1, SeqCst);
            }
        })
        .await;
    });
    let waker = receive(&waiting);
    thread::scope(|scope| {
        for own in &*rounds {
            let (waker, round) = (&waker, &round);
            scope.spawn(move || {
                for this in 0..ROUNDS {
                    own.store(this + 1, Relaxed);
                    waker.wake_by_ref();
                    // The task is what lets the next round begin.
                    heist_tests::wait_until(|| round.load(SeqCst) > this);
                }
            });
        }
    });
    runtime.block_on(task).unwrap();
}

/// A wait that is given up at the moment when it succeeds: <https://github.com/python/cpython/issues/86296>. Neither is the item lost, nor the cancellation.
pub(crate) fn cpython_86296_a_cancelled_wait_hides_nothing(shape: Shape) {
    const ITEMS: usize = 200;
    shape.block_on(async {
        // A permit that arrives as the waiter gives up is there for the next wait.
        let notify = Arc::new(Notify::new());
        let (taken, take) = (Arc::new(Notify::new()), notify.clone());
        let given = taken.clone();
        let consumer = heist::spawn(async move {
            let mut patience = 0;
            for _ in 0..ITEMS {
                loop {
                    patience = (patience + 7) % 60;
                    let limit = Duration::from_micros(patience);
                    if time::timeout(limit, take.notified()).await.is_ok() {
                        break;
                    }
                }
                taken.notify_one();
            }
        });
        for n in 0..ITEMS as u64 {
            time::sleep(Duration::from_micros(n % 50)).await;
            notify.notify_one();
            given.notified().await;
        }
        consumer.await.unwrap();

        // An abort that arrives as a time-out ends is not swallowed by it.
        for n in 0..100 {
            let after = Tally::new();
            let hit = after.clone();
            let waiter = heist::spawn(async move {
                let limit = Duration::from_micros(n % 50);
                let _ = time::timeout(limit, pending::<()>()).await;
                task::yield_now().await;
                pending::<()>().await;
                hit.hit();
            });
            time::sleep(Duration::from_micros(n % 30)).await;
            waiter.abort();
            assert!(waiter.await.unwrap_err().is_cancelled());
            assert_eq!(after.count(), 0);
        }
    });
}

/// A future that may not leave its thread was dropped on another: <https://rustsec.org/advisories/RUSTSEC-2021-0072>. The only such futures, so far, are those of
/// `block_on`.
pub(crate) fn rustsec_2021_0072_a_future_stays_with_its_block_on(shape: Shape) {
    struct Stays(ThreadId, PhantomData<Rc<()>>);
    impl Stays {
        fn check(&self) {
            assert_eq!(thread::current().id(), self.0);
        }
    }
    impl Drop for Stays {
        fn drop(&mut self) {
            self.check();
        }
    }

    let runtime = shape.runtime();
    thread::scope(|scope| {
        for thread in 0..3 {
            let runtime = &runtime;
            scope.spawn(move || {
                for round in 0..30 {
                    let stays = Stays(thread::current().id(), PhantomData);
                    let future = async {
                        let stays = stays;
                        for _ in 0..round % 5 {
                            heist::spawn(task::yield_now()).await.unwrap();
                            stays.check();
                        }
                        assert!((thread + round) % 3 > 0, "it leaves");
                        drop(stays);
                    };
                    if (thread + round) % 3 == 0 {
                        assert_eq!(panic_of(|| runtime.block_on(future)).message, "it leaves");
                    } else {
                        runtime.block_on(future);
                    }
                }
            });
        }
    });
}

/// The receiver closes as the sender sends: <https://rustsec.org/advisories/RUSTSEC-2021-0124>. The value is received, given back or dropped: one of these, once.
pub(crate) fn rustsec_2021_0124_oneshot_close_against_send(shape: Shape) {
    const ROUNDS: usize = 200;
    let runtime = shape.running();
    let dropped = Tally::new();
    let barrier = Arc::new(Barrier::new(2));
    for round in 0..ROUNDS {
        let (send, mut received) = oneshot::channel();
        let value = dropped.on_drop();
        let start = barrier.clone();
        // The other side is a thread, so that it is at the same time with a single worker, too.
        let sending = thread::spawn(move || {
            start.wait();
            send.send(value).is_ok()
        });
        let start = barrier.clone();
        let receiving = runtime.spawn(async move {
            let polled = poll_fn(|cx| {
                let poll = Pin::new(&mut received).poll(cx);
                Poll::Ready(poll.is_ready())
            });
            let polled = round % 2 == 0 && polled.await;
            start.wait();
            received.close();
            !polled && received.await.is_ok()
        });
        let received = runtime.block_on(receiving).unwrap();
        let sent = sending.join().unwrap();
        assert_eq!(sent, received);
        assert_eq!(dropped.count(), round + 1);
    }
}
