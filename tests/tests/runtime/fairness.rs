//! Nobody starves: not by tasks that are always ready, however they manage to be.

use futures_lite::StreamExt;
use heist::io::{AsyncWriteExt, copy, duplex, sink};
use heist::net::{TcpListener, TcpStream};
use heist::sync::{Notify, oneshot};
use heist::task::{self, JoinSet, coop};
use heist::time::{self, Duration};
use heist::{as_completed, gather, select};
use heist_tests::{Countdown, PATIENCE, Running, Shape, Tally, receive};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

/// Until when to be busy.
type Stop = Arc<AtomicBool>;

/// Keeps its thread busy until it is told to stop.
type Busy = Pin<Box<dyn Future<Output = ()> + Send>>;

fn wakes_itself(stop: Stop) -> Busy {
    Box::pin(async move {
        while !stop.load(SeqCst) {
            task::yield_now().await;
        }
    })
}

/// Never waits, and never yields of its own accord.
fn is_always_ready(stop: Stop) -> Busy {
    Box::pin(async move {
        let notify = Notify::new();
        while !stop.load(SeqCst) {
            let (send, received) = oneshot::channel();
            send.send(()).unwrap();
            received.await.unwrap();
            notify.notify_one();
            notify.notified().await;
            time::sleep(Duration::ZERO).await;
        }
    })
}

/// Is a pair of tasks that wake each other: each in turn is the one that was woken last.
fn wake_each_other(stop: Stop) -> Busy {
    Box::pin(async move {
        let table = Arc::new([Notify::new(), Notify::new()]);
        let side = |side: usize| {
            let (table, stop) = (table.clone(), stop.clone());
            async move {
                while !stop.load(SeqCst) {
                    table[1 - side].notify_one();
                    table[side].notified().await;
                }
                table[1 - side].notify_one();
            }
        };
        let other = heist::spawn(side(1));
        side(0).await;
        other.await.unwrap();
    })
}

/// Ends at once, and has spawned another one like itself.
fn spawns_its_successor(stop: Stop) -> Busy {
    fn link(stop: Stop, done: oneshot::Sender<()>) -> Busy {
        Box::pin(async move {
            if stop.load(SeqCst) {
                done.send(()).unwrap();
            } else {
                drop(heist::spawn(link(stop, done)));
            }
        })
    }
    Box::pin(async move {
        let (done, is_done) = oneshot::channel();
        drop(heist::spawn(link(stop, done)));
        is_done.await.unwrap();
    })
}

/// More of the kind than there are workers; then everybody else has his turn nonetheless.
fn assert_fair(shape: Shape, busy: fn(Stop) -> Busy) {
    let runtime = shape.running();
    let stop = Stop::default();
    let tasks: Vec<_> = (0..=shape.parallelism())
        .map(|_| runtime.spawn(busy(stop.clone())))
        .collect();
    let wait = |victim: Busy| futures_lite::future::block_on(runtime.spawn(victim)).unwrap();
    for _ in 0..3 {
        // A task from outside.
        wait(Box::pin(async {}));
        // One that yields, and one that spawns.
        wait(Box::pin(async {
            task::yield_now().await;
            heist::spawn(task::yield_now()).await.unwrap();
        }));
        // One that is woken from outside.
        let (send, received) = oneshot::channel();
        let foreign = thread::spawn(move || send.send(()).unwrap());
        wait(Box::pin(async { received.await.unwrap() }));
        foreign.join().unwrap();
        // Timers: a worker's, and those of other threads.
        wait(Box::pin(time::sleep(Duration::from_millis(1))));
        runtime.block_on(time::sleep(Duration::from_millis(1)));
        // What comes from the blocking pool, and from the kernel.
        wait(Box::pin(async {
            heist::spawn_blocking(|| ()).await.unwrap()
        }));
        wait(Box::pin(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (accepted, connected) =
                heist::join!(listener.accept(), TcpStream::connect(address));
            connected.unwrap();
            accepted.unwrap();
        }));
    }
    stop.store(true, SeqCst);
    for task in tasks {
        futures_lite::future::block_on(task).unwrap();
    }
}

pub(crate) fn of_tasks_that_wake_themselves(shape: Shape) {
    assert_fair(shape, wakes_itself);
}

pub(crate) fn of_tasks_that_are_always_ready(shape: Shape) {
    assert_fair(shape, is_always_ready);
}

pub(crate) fn of_tasks_that_wake_each_other(shape: Shape) {
    assert_fair(shape, wake_each_other);
}

pub(crate) fn of_tasks_that_spawn_their_successors(shape: Shape) {
    assert_fair(shape, spawns_its_successor);
}

/// So many that they have to wait in the injector, where tasks from outside come in, too: whatever thread these are from, and so at whichever place.
pub(crate) fn of_more_tasks_than_the_queues_hold(shape: Shape) {
    let runtime = shape.running();
    let stop = Stop::default();
    let tasks: Vec<_> = (0..100 * shape.parallelism())
        .map(|_| runtime.spawn(wakes_itself(stop.clone())))
        .collect();
    for _ in 0..10 {
        thread::scope(|scope| {
            scope.spawn(|| {
                let task = runtime.spawn(async { heist::spawn(task::yield_now()).await });
                futures_lite::future::block_on(task).unwrap().unwrap();
            });
        });
    }
    stop.store(true, SeqCst);
    for task in tasks {
        futures_lite::future::block_on(task).unwrap();
    }
}

/// What has no room in its worker's queue, and waits elsewhere, takes turns with two tasks that go on talking to each other.
pub(crate) fn of_what_has_no_room_beside_two_that_talk(shape: Shape) {
    const TASKS: usize = 2_000;
    /// How often they may speak for each of the others, on one worker.
    const WORDS: usize = 8;
    let runtime = shape.running();
    let spoken = Arc::new(AtomicUsize::new(0));
    let words = Arc::new(AtomicUsize::new(usize::MAX));
    let ran = Countdown::new(TASKS);
    let table = Arc::new([Notify::new(), Notify::new()]);
    let talkers = [0, 1].map(|side| {
        let (table, spoken, words) = (table.clone(), spoken.clone(), words.clone());
        runtime.spawn(async move {
            while spoken.fetch_add(1, SeqCst) < words.load(SeqCst) {
                table[1 - side].notify_one();
                table[side].notified().await;
            }
            table[1 - side].notify_one();
        })
    });
    let said = runtime.spawn({
        let (ran, spoken) = (ran.clone(), spoken.clone());
        async move {
            for _ in 0..TASKS {
                let ran = ran.clone();
                heist::spawn(async move { ran.hit() });
            }
            let before = spoken.load(SeqCst);
            ran.wait().await;
            spoken.load(SeqCst) - before
        }
    });
    let said = runtime.block_on(said).unwrap();
    if shape == Shape::Workers(1) || shape == Shape::CurrentThread {
        assert!(said < WORDS * TASKS, "{said} words for {TASKS} tasks");
    }
    words.store(0, SeqCst);
    for talker in talkers {
        runtime.block_on(talker).unwrap();
    }
}

/// Of a thousand tasks that are always ready none is polled much more often than another.
pub(crate) fn each_of_very_many_has_its_turn(shape: Shape) {
    const TASKS: usize = 1_000;
    const TURNS: usize = 20;
    let polls: Arc<Vec<AtomicUsize>> = Arc::new((0..TASKS).map(|_| AtomicUsize::new(0)).collect());
    let behind = Countdown::new(TASKS);
    let most = Arc::new(AtomicUsize::new(0));
    let turn = {
        let (polls, behind, most) = (polls.clone(), behind.clone(), most.clone());
        move |n: usize| {
            let (polls, behind, most) = (polls.clone(), behind.clone(), most.clone());
            async move {
                while most.load(SeqCst) == 0 {
                    if polls[n].fetch_add(1, SeqCst) + 1 == TURNS {
                        behind.hit();
                    }
                    task::yield_now().await;
                }
            }
        }
    };
    let stop = most.clone();
    // On a worker as well: none has a turn before all are there, nor between the last that counts and the count.
    let count = async move {
        let tasks: Vec<_> = (0..TASKS).map(|n| heist::spawn(turn(n))).collect();
        behind.wait().await;
        let counts = polls.iter().map(|count| count.load(SeqCst));
        stop.store(counts.max().unwrap(), SeqCst);
        for task in tasks {
            task.await.unwrap();
        }
    };
    shape.block_on(async { heist::spawn(count).await }).unwrap();
    if shape.parallelism() == 1 {
        // On several threads that is up to the machine as well.
        let most = most.load(SeqCst);
        assert!(
            most <= 4 * TURNS,
            "one had {most} turns before another had {TURNS}"
        );
    }
}

/// The future in `block_on` is busy; tasks run nonetheless.
pub(crate) fn of_the_root_future(shape: Shape) {
    for busy in [
        wakes_itself,
        is_always_ready,
        wake_each_other,
        spawns_its_successor,
    ] {
        shape.block_on(async {
            let stop = Stop::default();
            let stopping = stop.clone();
            let task = heist::spawn(async move {
                for _ in 0..5 {
                    task::yield_now().await;
                    time::sleep(Duration::from_millis(1)).await;
                    heist::spawn_blocking(|| ()).await.unwrap();
                }
                stopping.store(true, SeqCst);
            });
            busy(stop).await;
            task.await.unwrap();
        });
    }
}

/// Tasks are busy; the future in `block_on` has its turn nonetheless.
pub(crate) fn of_tasks_towards_the_root_future(shape: Shape) {
    for busy in [
        wakes_itself,
        is_always_ready,
        wake_each_other,
        spawns_its_successor,
    ] {
        shape.block_on(async {
            let stop = Stop::default();
            let tasks: Vec<_> = (0..=shape.parallelism())
                .map(|_| heist::spawn(busy(stop.clone())))
                .collect();
            for _ in 0..5 {
                task::yield_now().await;
                time::sleep(Duration::from_millis(1)).await;
                let (send, received) = oneshot::channel();
                let foreign = thread::spawn(move || send.send(()).unwrap());
                received.await.unwrap();
                foreign.join().unwrap();
            }
            stop.store(true, SeqCst);
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

/// Receives a value that is there already: one operation.
async fn ready_at_once() {
    let (send, received) = oneshot::channel();
    send.send(()).unwrap();
    received.await.unwrap();
}

/// Polls the future to its end, and says how many operations (the hits of the tally) each poll made.
async fn operations_per_poll<F: Future>(operations: &Tally, future: F) -> Vec<usize> {
    let mut future = pin!(future);
    let mut polls = Vec::new();
    poll_fn(|cx| {
        let before = operations.count();
        let poll = future.as_mut().poll(cx);
        polls.push(operations.count() - before);
        poll.map(drop)
    })
    .await;
    polls
}

async fn operate(times: usize, operations: &Tally) {
    for _ in 0..times {
        ready_at_once().await;
        operations.hit();
    }
}

const BUDGET: usize = 128;

pub(crate) fn a_budget_ends(shape: Shape) {
    shape.block_on(async {
        let task = heist::spawn(async {
            let operations = Tally::new();
            operations_per_poll(&operations, operate(5 * BUDGET, &operations)).await
        });
        let expected = [BUDGET; 5];
        assert_eq!(task.await.unwrap(), expected);
        // The root future has one as well.
        task::yield_now().await;
        let operations = Tally::new();
        let polls = operations_per_poll(&operations, operate(2 * BUDGET, &operations)).await;
        assert!(
            polls.len() > 1 && polls.iter().all(|&polled| polled <= BUDGET),
            "{polls:?}"
        );
    });
}

/// A task that yields again and again is in one line with what comes from outside, and is polled about once for each batch of that.
pub(crate) fn who_yields_is_behind_what_comes_from_outside(shape: Shape) {
    const TASKS: usize = 1_000;
    let runtime = shape.build(shape.builder().disable_relief());
    let handle = runtime.handle().clone();
    let polls = runtime.block_on(runtime.spawn(async move {
        let ran = Tally::new();
        let runs = ran.clone();
        let spawn_all = move || {
            for _ in 0..TASKS {
                let ran = runs.clone();
                drop(handle.spawn(async move { ran.hit() }));
            }
        };
        thread::spawn(spawn_all).join().unwrap();
        let mut polls = 0;
        while ran.count() < TASKS {
            task::yield_now().await;
            polls += 1;
        }
        polls
    }));
    let polls = polls.unwrap();
    if shape.parallelism() == 1 {
        assert!(polls < TASKS / 10, "{polls} polls");
    }
}

pub(crate) fn a_budget_is_each_polls_own(shape: Shape) {
    shape.block_on(async {
        let spender = heist::spawn(async {
            let operations = Tally::new();
            for _ in 0..5 {
                operate(BUDGET, &operations).await;
                assert!(!coop::has_budget_remaining());
                // Whoever runs next has a budget of his own.
                let next = heist::spawn(async {
                    let operations = Tally::new();
                    operations_per_poll(&operations, operate(BUDGET, &operations)).await
                });
                assert_eq!(next.await.unwrap(), [BUDGET]);
                task::yield_now().await;
            }
        });
        spender.await.unwrap();
        assert!(coop::has_budget_remaining());
    });
}

pub(crate) fn unconstrained_has_none(shape: Shape) {
    shape.block_on(async {
        let task = heist::spawn(async {
            let operations = Tally::new();
            let work = coop::unconstrained(operate(20 * BUDGET, &operations));
            operations_per_poll(&operations, work).await
        });
        assert_eq!(task.await.unwrap(), [20 * BUDGET]);
    });
}

/// Another crate's `block_on` polls again and again, and doesn't let the task return. It blocks its thread, but not for ever.
pub(crate) fn a_budget_holds_up_no_foreign_block_on(shape: Shape) {
    shape.block_on(async {
        let task = heist::spawn(async {
            let operations = Tally::new();
            futures_lite::future::block_on(operate(20 * BUDGET, &operations));
            operations.count()
        });
        assert_eq!(task.await.unwrap(), 20 * BUDGET);
        // What gives way without an operation of its own, and what has one within another's.
        for way in 0..5 {
            let task = heist::spawn(async move {
                let mut set = JoinSet::new();
                let ends = set.spawn(async {});
                while !ends.is_finished() {
                    task::yield_now().await;
                }
                let operations = Tally::new();
                let operate_once = || operate(1, &operations);
                operate(BUDGET, &operations).await;
                futures_lite::future::block_on(async {
                    match way {
                        0 => set.join_next().await.unwrap().unwrap(),
                        1 => drop(gather([operate_once(), operate_once()]).await),
                        2 => drop(as_completed([operate_once()]).next().await),
                        3 => select! { () = operate_once() => {} },
                        _ => {
                            let (mut ours, theirs) = duplex(8);
                            ours.write_all(b"hello").await.unwrap();
                            drop(ours);
                            assert_eq!(copy(theirs, sink()).await.unwrap(), 5);
                        }
                    }
                });
            });
            task.await.unwrap();
        }
    });
}

/// All workers but one block; what they have woken, spawned and armed before is done by the one that is left.
pub(crate) fn a_blocked_worker_keeps_nobody(shape: Shape) {
    all_but_one_block(&shape.running(), shape);
}

/// The same where the one that is left always has tasks of its own.
pub(crate) fn a_blocked_worker_keeps_nobody_beside_busy_ones(shape: Shape) {
    let runtime = shape.running();
    let stop = Stop::default();
    let tasks: Vec<_> = (0..10 * shape.parallelism())
        .map(|_| runtime.spawn(wakes_itself(stop.clone())))
        .collect();
    all_but_one_block(&runtime, shape);
    stop.store(true, SeqCst);
    for task in tasks {
        futures_lite::future::block_on(task).unwrap();
    }
}

fn all_but_one_block(runtime: &Running, shape: Shape) {
    // Were all to block, nobody would be left: more workers for such a time are to come.
    for _ in 0..10 {
        let (done, all_done) = mpsc::channel();
        let (releases, blockers): (Vec<_>, Vec<_>) = (1..shape.parallelism())
            .map(|_| {
                let done = done.clone();
                let (release, released) = mpsc::channel::<()>();
                let task = runtime.spawn(async move {
                    // In the queue, and in the next-slot.
                    for _ in 0..3 {
                        let done = done.clone();
                        drop(heist::spawn(async move { done.send(()).unwrap() }));
                    }
                    let (send, received) = oneshot::channel();
                    drop(heist::spawn({
                        let done = done.clone();
                        async move {
                            received.await.unwrap();
                            time::sleep(Duration::from_millis(1)).await;
                            done.send(()).unwrap();
                        }
                    }));
                    task::yield_now().await;
                    send.send(()).unwrap();
                    let _ = released.recv_timeout(PATIENCE);
                });
                (release, task)
            })
            .unzip();
        for _ in 0..4 * blockers.len() {
            receive(&all_done);
        }
        // From outside, meanwhile.
        let task =
            runtime.spawn(async { heist::spawn(time::sleep(Duration::from_millis(1))).await });
        futures_lite::future::block_on(task).unwrap().unwrap();
        drop(releases);
        for blocker in blockers {
            futures_lite::future::block_on(blocker).unwrap();
        }
    }
}
