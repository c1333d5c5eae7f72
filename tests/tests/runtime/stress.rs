//! Stress: much of everything, each item counted by identity, each drop counted.

use heist::sync::oneshot;
use heist::task::{self, JoinHandle};
use heist_tests::{Shape, Tally, wait_until};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

/// A hundred thousand tasks of several producers, half of them spawned by tasks: no task is lost, none is run twice (RUSTSEC-2021-0093: a deque that gave one
/// out twice), and each future is dropped once.
pub(crate) fn every_task_runs_once(shape: Shape) {
    const PRODUCERS: usize = 4;
    const TASKS: usize = 25_000;
    let ran: Arc<Vec<AtomicU8>> =
        Arc::new((0..PRODUCERS * TASKS).map(|_| AtomicU8::new(0)).collect());
    let dropped = Tally::new();
    let runtime = shape.running();
    let produce = |first: usize| {
        let (ran, dropped) = (ran.clone(), dropped.clone());
        async move {
            for id in (first..first + TASKS).step_by(2) {
                let (ran, guards) = (ran.clone(), [dropped.on_drop(), dropped.on_drop()]);
                let task = heist::spawn(async move {
                    let [outer, inner] = guards;
                    let inner = {
                        let ran = ran.clone();
                        heist::spawn(async move {
                            let _guard = inner;
                            ran[id + 1].fetch_add(1, SeqCst);
                        })
                    };
                    if id % 4 == 0 {
                        task::yield_now().await;
                        inner.await.unwrap();
                    }
                    ran[id].fetch_add(1, SeqCst);
                    drop(outer);
                });
                if id % 128 == 0 {
                    task.await.unwrap();
                }
            }
        }
    };
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let (runtime, produce) = (&runtime, produce(producer * TASKS));
            scope.spawn(move || {
                if producer % 2 == 0 {
                    // From a thread that is no worker …
                    let _guard = runtime.enter();
                    futures_lite::future::block_on(produce);
                } else {
                    // … and from a task.
                    futures_lite::future::block_on(runtime.spawn(produce)).unwrap();
                }
            });
        }
    });
    wait_until(|| dropped.count() == PRODUCERS * TASKS);
    assert!(ran.iter().all(|count| count.load(SeqCst) == 1));
}

pub(crate) fn fork_and_join(shape: Shape) {
    fn sum(from: u64, to: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            if to - from <= 4 {
                return (from..to).sum();
            }
            let middle = from.midpoint(to);
            let left = heist::spawn(sum(from, middle));
            let right = sum(middle, to).await;
            left.await.unwrap() + right
        })
    }
    assert_eq!(shape.block_on(sum(0, 20_000)), 19_999 * 10_000);
}

/// xorshift64*: the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

/// What somebody left in a place for somebody else.
enum Left {
    Nothing,
    Handle(JoinHandle<()>),
    Sender(oneshot::Sender<()>),
}

/// Threads and tasks do all sorts of things with each other's tasks, in an order that a seed fixes as far as it can; then the runtime ends in the middle of it.
pub(crate) fn churn(shape: Shape) {
    const ACTORS: usize = 4;
    const STEPS: usize = 1_500;
    const PLACES: usize = 16;

    let runtime = shape.running();
    let places: Arc<Vec<Mutex<Left>>> =
        Arc::new((0..PLACES).map(|_| Mutex::new(Left::Nothing)).collect());
    let (made, dropped) = (Tally::new(), Tally::new());
    let act = |seed: u64| {
        let (places, made, dropped) = (places.clone(), made.clone(), dropped.clone());
        async move {
            let mut random = Random(seed);
            for _ in 0..STEPS {
                let place = random.below(PLACES);
                let put = |left| std::mem::replace(&mut *places[place].lock().unwrap(), left);
                let choice = random.below(10);
                let turns = random.below(4);
                let guard = || {
                    made.hit();
                    dropped.on_drop()
                };
                let left = match choice {
                    0 | 1 => {
                        let guard = guard();
                        put(Left::Handle(heist::spawn(async move {
                            let _guard = guard;
                            for _ in 0..turns {
                                task::yield_now().await;
                            }
                        })))
                    }
                    2 => {
                        let guard = guard();
                        put(Left::Handle(heist::spawn(async move {
                            let _guard = guard;
                            pending::<()>().await;
                        })))
                    }
                    3 | 4 => {
                        let (send, received) = oneshot::channel();
                        let guard = guard();
                        let task = heist::spawn(async move {
                            let _guard = guard;
                            let _ = received.await;
                        });
                        drop(put(Left::Handle(task)));
                        put(Left::Sender(send))
                    }
                    5 => {
                        let guard = guard();
                        put(Left::Handle(heist::spawn_blocking(move || drop(guard))))
                    }
                    6 => {
                        let guard = guard();
                        put(Left::Handle(heist::spawn(async move {
                            let _guard = guard;
                            if turns > 0 {
                                task::yield_now().await;
                            }
                            std::panic::resume_unwind(Box::new("quietly"));
                        })))
                    }
                    7 => match &*places[place].lock().unwrap() {
                        Left::Handle(handle) => {
                            handle.abort();
                            Left::Nothing
                        }
                        _ => Left::Nothing,
                    },
                    _ => put(Left::Nothing),
                };
                match left {
                    Left::Sender(send) => drop(send.send(())),
                    // Perhaps it never ends by itself.
                    Left::Handle(handle) if choice == 8 => {
                        handle.abort();
                        drop(handle.await);
                    }
                    Left::Handle(_) | Left::Nothing => {}
                }
            }
        }
    };
    thread::scope(|scope| {
        for actor in 0..ACTORS {
            let (runtime, act) = (&runtime, act(0x9E37_79B9 + actor as u64));
            scope.spawn(move || match actor {
                0 => {
                    let _guard = runtime.enter();
                    futures_lite::future::block_on(act);
                }
                1 => runtime.block_on(act),
                _ => futures_lite::future::block_on(runtime.spawn(act)).unwrap(),
            });
        }
    });
    drop(runtime);
    places.iter().for_each(|place| {
        drop(std::mem::replace(
            &mut *place.lock().unwrap(),
            Left::Nothing,
        ))
    });
    assert_eq!(dropped.count(), made.count());
}
