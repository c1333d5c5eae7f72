//! Timers, many of them, beside sockets and beside tasks that keep the workers busy.

use crate::support::{Random, Wakes, pair};
use futures_lite::future::{poll_once, yield_now};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::time::{Duration, Instant, Sleep, interval, sleep, sleep_until, timeout};
use heist_tests::{Shape, guarded, receive, wait_until};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::thread;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Tasks that are always ready, on every worker, until this is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn new(shape: Shape) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 * shape.parallelism() {
            let stop = stop.clone();
            drop(heist::spawn(async move {
                while !stop.load(Relaxed) {
                    yield_now().await;
                }
            }));
        }
        Self(stop)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Sleeps until this, not less.
async fn not_before(deadline: Instant) {
    sleep_until(deadline).await;
    let early = deadline.saturating_duration_since(Instant::now());
    assert!(early.is_zero(), "{early:?} early");
}

pub(crate) fn ten_thousand_at_random(shape: Shape) {
    const SLEEPS: usize = 10_000;
    shape.block_on(async {
        let mut random = Random::new(1);
        let begun = Instant::now();
        let mut deadline = || begun + Duration::from_nanos(random.below(500_000_000) as u64);
        let tasks: Vec<_> = (0..SLEEPS)
            .map(|_| heist::spawn(not_before(deadline())))
            .collect();
        // Others are armed on this thread, and still others are gone before they fire.
        let here: Vec<_> = (0..100).map(|_| Box::pin(not_before(deadline()))).collect();
        let gone: Vec<_> = (0..SLEEPS)
            .map(|_| heist::spawn(not_before(deadline())))
            .collect();
        for task in gone.iter().step_by(2) {
            task.abort();
        }
        for sleep in here {
            sleep.await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        for (number, task) in gone.into_iter().enumerate() {
            let outcome = task.await;
            assert!(number % 2 == 0 || outcome.is_ok());
        }
    });
}

/// The time ends the read, and takes nothing with it.
pub(crate) fn a_timeout_over_a_read(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut server) = pair().await;
        let mut buffer = [0; 8];
        for _ in 0..20 {
            let begun = Instant::now();
            let read = timeout(2 * MILLISECOND, server.read(&mut buffer)).await;
            assert!(read.is_err() && begun.elapsed() >= 2 * MILLISECOND);
            client.write_all(b"data").await.unwrap();
            let read = timeout(Duration::MAX, server.read(&mut buffer)).await;
            assert_eq!(read.unwrap().unwrap(), 4);
        }
        // Whichever comes first, each byte arrives once.
        let sender = heist::spawn(async move {
            for number in 0..=255_u8 {
                sleep(Duration::from_micros(100)).await;
                client.write_all(&[number]).await.unwrap();
            }
        });
        let mut received = Vec::new();
        while received.len() < 256 {
            let limit = Duration::from_micros(100);
            if let Ok(read) = timeout(limit, server.read(&mut buffer)).await {
                received.extend_from_slice(&buffer[..read.unwrap()]);
            }
        }
        assert!(received.iter().copied().eq(0..=255));
        sender.await.unwrap();
    });
}

/// Between tasks that are always ready, and on every worker.
pub(crate) fn ticks_beside_busy_tasks(shape: Shape) {
    shape.block_on(async {
        let _busy = Busy::new(shape);
        let tickers: Vec<_> = (0..20)
            .map(|number| {
                heist::spawn(async move {
                    let period = Duration::from_micros(1_000 + 37 * number);
                    let mut interval = interval(period);
                    let first = interval.tick().await;
                    for number in 1..=50 {
                        let tick = interval.tick().await;
                        assert_eq!(tick, first + number * period);
                        assert!(Instant::now() >= tick, "early");
                    }
                })
            })
            .collect();
        for ticker in tickers {
            ticker.await.unwrap();
        }
    });
}

/// On the thread in `block_on`: all workers sleep, in the reactor if there are sockets; then none does.
pub(crate) fn in_the_root_future(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            not_before(Instant::now() + MILLISECOND).await;
        }
        let sockets = pair().await;
        assert!(poll_once(sockets.0.peek(&mut [0])).await.is_none());
        for _ in 0..20 {
            not_before(Instant::now() + MILLISECOND).await;
            // Long enough for all of them to fall asleep for good.
            not_before(Instant::now() + 20 * MILLISECOND).await;
        }
        let _busy = Busy::new(shape);
        for _ in 0..20 {
            not_before(Instant::now() + MILLISECOND).await;
        }
    });
}

/// As late as the kernel is, not more: at least once in many times, whatever else goes on.
pub(crate) fn as_late_as_the_kernel(shape: Shape) {
    let lateness = async || {
        let deadline = Instant::now() + 2 * MILLISECOND;
        not_before(deadline).await;
        Instant::now() - deadline
    };
    shape.block_on(async {
        let mut best = (Duration::MAX, Duration::MAX);
        for _ in 0..2_000 {
            best.0 = best.0.min(lateness().await);
            best.1 = best.1.min(heist::spawn(lateness()).await.unwrap());
            if best.0.max(best.1) < MILLISECOND {
                return;
            }
        }
        panic!("at best {best:?} late, in the root future and in a task");
    });
}

/// A deadline that is moved again and again, by other threads than the one that it waits on.
pub(crate) fn a_deadline_that_moves(shape: Shape) {
    shape.block_on(async {
        for (first, then) in [(3_600_000, 5), (3_600_000, 0), (3, 10)] {
            let begun = Instant::now();
            let mut sleep = Box::pin(sleep_until(begun + first * MILLISECOND));
            for number in 0..200 {
                // In turn here and in a task.
                sleep = if number % 2 == 0 {
                    assert!(poll_once(sleep.as_mut()).await.is_none());
                    sleep
                } else {
                    let moved = heist::spawn(async move {
                        let later = Duration::from_secs(60 + number % 7);
                        sleep.as_mut().reset(Instant::now() + later);
                        assert!(poll_once(sleep.as_mut()).await.is_none());
                        (sleep,)
                    });
                    moved.await.unwrap().0
                };
            }
            let deadline = begun + then * MILLISECOND;
            thread::scope(|scope| {
                // A thread without a runtime.
                let sleep = sleep.as_mut();
                scope.spawn(move || sleep.reset(deadline));
            });
            sleep.await;
            assert!(Instant::now() >= deadline);
        }
    });
}

/// What has been created on one worker, and waits on another, is dropped on a third, or fires while the other is stuck.
#[test]
fn from_worker_to_worker() {
    guarded("from_worker_to_worker", || {
        let runtime = Shape::Workers(4).runtime();
        for round in 0..20 {
            let fires = round % 2 == 0;
            let duration = if fires {
                5 * MILLISECOND
            } else {
                Duration::MAX
            };
            let wakes = Arc::new(Wakes::default());
            let waker = Waker::from(wakes.clone());
            let (created, creations) = mpsc::channel::<Pin<Box<Sleep>>>();
            let (armed, armings) = mpsc::channel::<Pin<Box<Sleep>>>();
            let (ended, ends) = mpsc::channel::<()>();
            // Each blocks its worker until all of it is over: there is one left that is idle.
            let (first_end, second_end) = (mpsc::channel::<()>(), mpsc::channel::<()>());
            let first = runtime.spawn(async move {
                created.send(Box::pin(sleep(duration))).unwrap();
                let _ = first_end.1.recv();
            });
            let second = runtime.spawn(async move {
                let mut sleep = receive(&creations);
                let context = &mut Context::from_waker(&waker);
                // The threads may have been put aside for as long as that.
                while sleep.as_mut().poll(context).is_ready() {
                    sleep.as_mut().reset(Instant::now() + duration);
                }
                drop(waker);
                armed.send(sleep).unwrap();
                let _ = second_end.1.recv();
            });
            let counted = wakes.clone();
            let third = runtime.spawn(async move {
                let sleep = receive(&armings);
                if fires {
                    wait_until(|| counted.count() == 1);
                    assert!(sleep.is_elapsed());
                } else {
                    assert_eq!(counted.count(), 0);
                }
                drop(sleep);
                drop(ended);
            });
            let _ = ends.recv();
            // The wheel has let its waker go.
            drop((first_end.0, second_end.0));
            for task in [first, second, third] {
                runtime.block_on(task).unwrap();
            }
            assert_eq!(Arc::strong_count(&wakes), 1);
            assert_eq!(wakes.count(), usize::from(fires));
        }
    });
}
