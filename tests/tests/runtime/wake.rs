//! Wakers: from everywhere, at every moment.

use heist::sync::{Notify, oneshot};
use heist::task;
use heist_tests::{Countdown, Shape, Tally, receive, wait_until};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;

/// Waits until it is woken, by whoever gets its waker from the channel.
async fn hand_out(wakers: &mpsc::Sender<Waker>) {
    let mut handed = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut handed, true) {
            return Poll::Ready(());
        }
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
    .await;
}

pub(crate) fn yielding_tasks_take_turns(shape: Shape) {
    const TURNS: usize = 50;
    let trace = Arc::new(Mutex::new(Vec::new()));
    let traced = trace.clone();
    let parent = async move {
        let task = |name| {
            let trace = traced.clone();
            heist::spawn(async move {
                for _ in 0..TURNS {
                    trace.lock().unwrap().push(name);
                    task::yield_now().await;
                }
            })
        };
        for outcome in heist::gather([task('a'), task('b'), task('c')]).await {
            outcome.unwrap();
        }
    };
    // A task, so that none of the three begins before all are there.
    shape.block_on(async { heist::spawn(parent).await.unwrap() });
    let trace = trace.lock().unwrap();
    assert_eq!(trace.len(), 3 * TURNS);
    if shape.parallelism() == 1 {
        // Who yields queues up behind the others.
        assert!(
            trace
                .windows(4)
                .all(|turn| turn[0] == turn[3] && turn[0] != turn[1]),
            "{trace:?}"
        );
    }
}

pub(crate) fn by_a_foreign_thread(shape: Shape) {
    let (wakers, to_wake) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || {
        for (n, waker) in to_wake.into_iter().enumerate() {
            if n % 2 == 0 {
                waker.wake();
            } else {
                waker.wake_by_ref();
            }
        }
    });
    shape.block_on(async move {
        let task = heist::spawn(async move {
            for _ in 0..1_000 {
                hand_out(&wakers).await;
            }
        });
        task.await.unwrap();
    });
    waking.join().unwrap();
}

/// What is written before a wake is seen by a poll after it, whoever else wakes at the same time.
pub(crate) fn by_many_threads_at_once(shape: Shape) {
    const THREADS: usize = 4;
    const WAKES: usize = 2_000;
    let count = Arc::new(AtomicUsize::new(0));
    let (wakers, waiting) = mpsc::channel();
    let runtime = shape.running();
    let seen = count.clone();
    let task = runtime.spawn(async move {
        let mut wakers = Some(wakers);
        poll_fn(|cx| {
            if let Some(wakers) = wakers.take() {
                wakers.send(cx.waker().clone()).unwrap();
            }
            // Relaxed: the wake orders it.
            if seen.load(Relaxed) == THREADS * WAKES {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    let waker: Waker = receive(&waiting);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..WAKES {
                    count.fetch_add(1, Relaxed);
                    waker.wake_by_ref();
                }
            });
        }
    });
    runtime.block_on(task).unwrap();
}

/// A wake during the poll leads to another poll.
pub(crate) fn while_it_is_polled(shape: Shape) {
    let (wakers, to_wake) = mpsc::channel::<(Waker, mpsc::Sender<()>)>();
    let waking = thread::spawn(move || {
        for (waker, woken) in to_wake {
            waker.wake();
            woken.send(()).unwrap();
        }
    });
    shape.block_on(async move {
        let task = heist::spawn(async move {
            for _ in 0..200 {
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    if polls > 1 {
                        return Poll::Ready(());
                    }
                    let (woken, wakes) = mpsc::channel();
                    wakers.send((cx.waker().clone(), woken)).unwrap();
                    receive(&wakes);
                    Poll::Pending
                })
                .await;
            }
        });
        task.await.unwrap();
    });
    waking.join().unwrap();
}

/// However often a task is woken before it is polled, that is one poll.
pub(crate) fn twice_is_once(shape: Shape) {
    let runtime = shape.running();
    let polls = Tally::new();
    let (wakers, waiting) = mpsc::channel();
    let polled = polls.clone();
    let task = runtime.spawn(async move {
        poll_fn(|cx| {
            polled.hit();
            let _ = wakers.send(cx.waker().clone());
            if polled.count() < 3 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    });
    for poll in 1..3 {
        let waker: Waker = receive(&waiting);
        let occupied = runtime.occupy();
        for _ in 0..10 {
            let clone = waker.clone();
            clone.wake();
            waker.wake_by_ref();
        }
        assert_eq!(polls.count(), poll);
        drop(occupied);
    }
    runtime.block_on(task).unwrap();
    assert_eq!(polls.count(), 3);
}

pub(crate) fn after_the_end(shape: Shape) {
    let runtime = shape.running();
    let (wakers, waiting) = mpsc::channel();
    let polls = Tally::new();
    let polled = polls.clone();
    let task = runtime.spawn(poll_fn(move |cx| {
        polled.hit();
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Ready(())
    }));
    runtime.block_on(task).unwrap();
    let waker: Waker = receive(&waiting);
    waker.wake_by_ref();
    let clone = waker.clone();
    waker.wake();
    clone.wake_by_ref();
    drop(clone);
    // Whatever was queued by mistake would have run before this.
    for _ in 0..10 {
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    assert_eq!(polls.count(), 1);
}

pub(crate) fn the_waker_is_the_tasks_own(shape: Shape) {
    shape.block_on(async {
        let own = || {
            heist::spawn(async {
                let first = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                task::yield_now().await;
                poll_fn(|cx| {
                    assert!(first.will_wake(cx.waker()) && first.clone().will_wake(cx.waker()));
                    Poll::Ready(())
                })
                .await;
                first
            })
        };
        let (one, other) = (own().await.unwrap(), own().await.unwrap());
        assert!(
            !one.will_wake(&other),
            "both live, so they are at different places"
        );
    });
}

/// Threads clone, wake and drop the wakers of tasks that come and go.
pub(crate) fn clones_and_drops_in_a_storm(shape: Shape) {
    const TASKS: usize = 64;
    const ROUNDS: usize = 30;
    let runtime = shape.running();
    let dropped = Tally::new();
    let wakers: Arc<Vec<Mutex<Option<Waker>>>> =
        Arc::new((0..TASKS).map(|_| Mutex::new(None)).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..3_usize)
        .map(|thread| {
            let (wakers, stop) = (wakers.clone(), stop.clone());
            thread::spawn(move || {
                let mut at = thread;
                while !stop.load(SeqCst) {
                    at = (at + 7) % TASKS;
                    let waker = wakers[at].lock().unwrap().clone();
                    match (waker, at % 3) {
                        (Some(waker), 0) => waker.wake(),
                        (Some(waker), 1) => {
                            waker.wake_by_ref();
                            drop(waker.clone());
                        }
                        _ => drop(wakers[at].lock().unwrap().take()),
                    }
                }
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        let handles: Vec<_> = (0..TASKS)
            .map(|at| {
                let (wakers, guard) = (wakers.clone(), dropped.on_drop());
                runtime.spawn(async move {
                    let _guard = guard;
                    for _ in 0..3 {
                        let mut stored = false;
                        poll_fn(|cx| {
                            // Whoever drops the waker leaves nobody to wake it: it wakes itself now and then.
                            if std::mem::replace(&mut stored, true) {
                                return Poll::Ready(());
                            }
                            *wakers[at].lock().unwrap() = Some(cx.waker().clone());
                            cx.waker().wake_by_ref();
                            Poll::Pending
                        })
                        .await;
                    }
                })
            })
            .collect();
        runtime.block_on(async {
            for handle in handles {
                handle.await.unwrap();
            }
        });
    }
    stop.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(dropped.count(), TASKS * ROUNDS);
}

pub(crate) fn a_ring_of_tasks(shape: Shape) {
    const TASKS: usize = 100;
    const LAPS: usize = 50;
    shape.block_on(async {
        let ring: Arc<Vec<Notify>> = Arc::new((0..TASKS).map(|_| Notify::new()).collect());
        let handles: Vec<_> = (0..TASKS)
            .map(|at| {
                let ring = ring.clone();
                heist::spawn(async move {
                    for _ in 0..LAPS {
                        ring[at].notified().await;
                        ring[(at + 1) % TASKS].notify_one();
                    }
                })
            })
            .collect();
        ring[0].notify_one();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

pub(crate) fn ping_pong_by_oneshot(shape: Shape) {
    shape.block_on(async {
        for _ in 0..500 {
            let (ping, pinged) = oneshot::channel();
            let (pong, ponged) = oneshot::channel();
            let partner = heist::spawn(async move {
                let n: u32 = pinged.await.unwrap();
                pong.send(n + 1).unwrap();
            });
            let player = heist::spawn(async move {
                ping.send(1).unwrap();
                ponged.await.unwrap()
            });
            assert_eq!(player.await.unwrap(), 2);
            partner.await.unwrap();
        }
    });
}

pub(crate) fn ping_pong_by_notify(shape: Shape) {
    const PAIRS: usize = 20;
    const ROUNDS: usize = 200;
    shape.block_on(async {
        let countdown = Countdown::new(2 * PAIRS);
        for _ in 0..PAIRS {
            let table = Arc::new([Notify::new(), Notify::new()]);
            table[0].notify_one();
            for side in 0..2 {
                let (table, countdown) = (table.clone(), countdown.clone());
                drop(heist::spawn(async move {
                    for _ in 0..ROUNDS {
                        table[side].notified().await;
                        table[1 - side].notify_one();
                    }
                    countdown.hit();
                }));
            }
        }
        countdown.wait().await;
    });
}

/// The future in `block_on` is no task: it has a waker of its own kind.
pub(crate) fn the_root_by_a_foreign_thread(shape: Shape) {
    let runtime = shape.runtime();
    let (wakers, to_wake) = mpsc::channel::<Waker>();
    let start = Arc::new(Barrier::new(2));
    let started = start.clone();
    let waking = thread::spawn(move || {
        started.wait();
        let mut last = None;
        for waker in to_wake {
            waker.wake_by_ref();
            last = Some(waker);
        }
        last
    });
    start.wait();
    runtime.block_on(async move {
        for _ in 0..1_000 {
            hand_out(&wakers).await;
        }
    });
    // Used when its `block_on` is over, and when its runtime is gone.
    let waker = waking.join().unwrap().unwrap();
    waker.wake_by_ref();
    drop(runtime);
    waker.wake();
    let done = Tally::new();
    let counted = done.clone();
    shape.block_on(async move { counted.hit() });
    wait_until(|| done.count() == 1);
}
