//! Models of the scheduler's parts: the next-slot, the injector, the sleep protocol, the watch, the standbys, the summons, the leases.

use super::closing::Closing;
use super::idle::{Idle, Keeper};
use super::injector::{BATCH, Injector};
use super::lease::Leases;
use super::parker::{Parker, Unpark};
use super::queue::{CAPACITY, Local, Steal, Stealer};
use super::remotes::Remotes;
use super::shown::{Shown, Shows};
use super::slot::NextSlot;
use super::summons::Summons;
use crate::loom::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use crate::loom::cell::UnsafeCell;
use crate::loom::{Arc, hint, model, model_within, thread};
use crate::task::{self, Header, Id, IdBlock, JoinHandle, Schedule, Task};
use crate::time::{Clock, Timers, sleep_until};
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// A task that is never woken.
struct Nowhere;

impl Schedule for Nowhere {
    unsafe fn schedule(_: NonNull<Self>, _: Task) {}
    fn release(&self, _: &Header) {}
}

/// A task to be moved about, its id, and its handle, which must outlive the test of who got it.
fn marked() -> (Task, Id, JoinHandle<()>) {
    thread_local!(static IDS: IdBlock = const { IdBlock::new() });
    let id = IDS.with(IdBlock::take);
    let (task, handle) = task::new(std::future::ready(()), Nowhere, id, Location::caller());
    (task, id, handle)
}

/// Runs a task, and says that it was this thread which got it.
fn count(task: Option<Task>) -> usize {
    task.map_or(0, |task| {
        assert!(task.run().is_none());
        1
    })
}

/// Runs all that one visit to the injector brings.
fn visit(injector: &Injector, queue: &Local) -> usize {
    let first = injector.pop(0, usize::MAX, queue);
    count(first)
        + std::iter::from_fn(|| queue.pop())
            .map(|task| count(Some(task)))
            .sum::<usize>()
}

/// The owner puts in and takes out, while a thief takes. The tasks are made after the thief: only the slot can make them visible to it.
#[test]
fn slot_against_thief() {
    model(|| {
        let slot = Arc::new(NextSlot::new());
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || count(slot.take()))
        };
        let (first, _, first_handle) = marked();
        let (second, _, second_handle) = marked();
        let mut got = count(slot.put(first));
        got += count(slot.put(second));
        got += count(slot.take());
        got += thief.join().expect("the thief panicked");
        assert_eq!(got, 2, "each task comes out once");
        assert!(first_handle.is_finished() && second_handle.is_finished());
    });
}

/// Two push and one pops: what was pushed is in sight, whatever the taker did to the mask meanwhile.
#[test]
fn injector_push_and_pop() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let pushers: Vec<_> = (0..2)
            .map(|_| {
                let injector = injector.clone();
                thread::spawn(move || {
                    let (task, _, handle) = marked();
                    assert!(injector.push(task, 0).is_ok());
                    handle
                })
            })
            .collect();
        let (queue, _stealer) = Local::new();
        let mut got = visit(&injector, &queue);
        let handles: Vec<_> = pushers
            .into_iter()
            .map(|pusher| pusher.join().expect("a pusher panicked"))
            .collect();
        while !injector.is_empty() {
            got += visit(&injector, &queue);
        }
        assert_eq!(got, 2, "each task comes out once");
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// A push against the close: the task comes back from one of the two.
#[test]
fn injector_close() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let (task, _, handle) = marked();
        let pusher = {
            let injector = injector.clone();
            thread::spawn(move || count(injector.push(task, 0).err()))
        };
        let given_back = injector.close().into_iter().map(|task| count(Some(task)));
        let closed: usize = given_back.sum();
        let refused = pusher.join().expect("the pusher panicked");
        assert_eq!(closed + refused, 1);
        assert!(handle.is_finished());
        let (task, ..) = marked();
        assert!(injector.push(task, 0).is_err());
    });
}

/// Two take while more is pushed than a visit brings: what one taker has drained and not handed on stays in sight, whatever the other does to the mask.
#[test]
fn injector_takers() {
    const MORE: usize = BATCH + 1;
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let push = |injector: &Injector| {
            let (task, _, handle) = marked();
            assert!(injector.push(task, 0).is_ok());
            handle
        };
        let mut handles = vec![push(&injector)];
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let injector = injector.clone();
                thread::spawn(move || visit(&injector, &Local::new().0))
            })
            .collect();
        handles.extend((0..MORE).map(|_| push(&injector)));
        let mut got: usize = takers
            .into_iter()
            .map(|taker| taker.join().expect("a taker panicked"))
            .sum();
        let (queue, _stealer) = Local::new();
        while !injector.is_empty() {
            got += visit(&injector, &queue);
        }
        assert_eq!(got, 1 + MORE, "each task comes out once");
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// A visit to the injector against a thief at the queue that it fills: the batch fits, whatever the thief takes and however full the queue was.
#[test]
fn injector_batch_against_thief() {
    model(|| {
        for queued in [0, CAPACITY - 1, CAPACITY] {
            let injector = Injector::new(1);
            let (queue, stealer) = Local::new();
            let mut handles = Vec::new();
            let mut make = || {
                let (task, _, handle) = marked();
                handles.push(handle);
                task
            };
            (0..queued).for_each(|_| assert!(queue.push(make()).is_ok()));
            (0..BATCH).for_each(|_| assert!(injector.push(make(), 0).is_ok()));
            let thief = thread::spawn(move || {
                let (mine, _stealer) = Local::new();
                let stolen = match stealer.steal(&mine) {
                    Steal::Task(task) => Some(task),
                    Steal::Empty | Steal::Retry => None,
                };
                count(stolen)
                    + std::iter::from_fn(|| mine.pop())
                        .map(|task| count(Some(task)))
                        .sum::<usize>()
            });
            let mut got = visit(&injector, &queue);
            got += thief.join().expect("the thief panicked");
            while !injector.is_empty() {
                got += visit(&injector, &queue);
            }
            assert_eq!(got, queued + BATCH, "each task comes out once");
            assert!(handles.iter().all(JoinHandle::is_finished));
        }
    });
}

/// A sleep that ends by the unpark only: were it lost, loom would report a deadlock.
#[test]
fn park_against_unpark() {
    model(|| {
        let parker = Arc::new(Parker::new());
        let ready = Arc::new(AtomicBool::new(false));
        parker.adopt();
        let waker = {
            let (parker, ready) = (parker.clone(), ready.clone());
            thread::spawn(move || {
                ready.store(true, Relaxed);
                assert_eq!(parker.unpark(), Unpark::Done);
            })
        };
        while !parker.park(None) {}
        assert!(
            ready.load(Relaxed),
            "an unpark publishes what was done before it"
        );
        waker.join().expect("the waker panicked");
    });
}

/// Two turns of the reactor against an unpark: the first ends by an event, at once, the second only by a notification. An unpark that comes before a turn, in
/// it or between the two is not lost.
#[test]
fn park_in_the_reactor() {
    model(|| {
        let parker = Arc::new(Parker::new());
        // The reactor's notification is a token, too.
        let notification = Arc::new(Parker::new());
        notification.adopt();
        let waker = {
            let (parker, notification) = (parker.clone(), notification.clone());
            thread::spawn(move || {
                if parker.unpark() == Unpark::NotifyReactor {
                    assert_eq!(notification.unpark(), Unpark::Done);
                }
            })
        };
        let _ = parker.enter_reactor();
        if !parker.leave_reactor() {
            if parker.enter_reactor() {
                while !notification.park(None) {}
            }
            assert!(parker.leave_reactor(), "the unpark was lost");
        }
        waker.join().expect("the waker panicked");
    });
}

/// The scheduler in small: workers that take from each other and from the injector, and sleep as `worker.rs` and `sleep.rs` have it.
struct Shop {
    idle: Idle,
    injector: Injector,
    stealers: Vec<Stealer>,
    parkers: Vec<Parker>,
}

impl Shop {
    fn new(workers: usize) -> (Arc<Self>, Vec<Local>) {
        let (queues, stealers) = (0..workers).map(|_| Local::new()).unzip();
        let shop = Self {
            idle: Idle::new(workers, false),
            injector: Injector::new(1),
            stealers,
            parkers: (0..workers).map(|_| Parker::new()).collect(),
        };
        (Arc::new(shop), queues)
    }

    fn announce(&self) {
        if let Some(worker) = self.idle.announce() {
            assert_eq!(self.parkers[worker].unpark(), Unpark::Done);
        }
    }

    fn push(&self) -> JoinHandle<()> {
        let (task, _, handle) = marked();
        assert!(self.injector.push(task, 0).is_ok());
        self.announce();
        handle
    }

    fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.stealers.iter().any(|stealer| !stealer.is_empty())
    }

    fn take_injected(&self, queue: &Local, searching: bool) -> Option<Task> {
        let task = self.injector.pop(0, usize::MAX, queue)?;
        let more = !queue.is_empty() || !self.injector.is_empty();
        if more && !searching {
            self.announce();
        }
        Some(task)
    }

    fn look_around(&self, me: usize, queue: &Local) -> Option<Task> {
        self.take_injected(queue, true).or_else(|| {
            let victims = self.stealers.iter().enumerate();
            let mut victims = victims.filter(|&(victim, _)| victim != me);
            victims.find_map(|(_, stealer)| match stealer.steal(queue) {
                Steal::Task(task) => Some(task),
                Steal::Empty | Steal::Retry => None,
            })
        })
    }

    /// A worker until it has run so many tasks. It ends by finding them: were a wake lost, loom would report a deadlock. It may give way, once.
    fn work(&self, me: usize, queue: &Local, tasks: usize, mut gives_way: bool) {
        self.parkers[me].adopt();
        let mut searching = false;
        let mut left = tasks;
        while left > 0 {
            let mut task = queue.pop().or_else(|| self.take_injected(queue, searching));
            if task.is_none() {
                searching = searching || self.idle.try_search();
                if searching {
                    task = self.look_around(me, queue);
                }
            }
            if let Some(task) = task {
                if std::mem::take(&mut searching) && self.idle.end_search() && self.has_work() {
                    self.announce();
                }
                left -= count(Some(task));
            } else {
                // Work may be in sight that another is about to take: let it.
                hint::spin_loop();
                searching = self.sleep(me, searching, std::mem::take(&mut gives_way));
            }
        }
        if searching && self.idle.end_search() && self.has_work() {
            self.announce();
        }
    }

    /// True: it gets up as a searcher.
    fn sleep(&self, me: usize, searching: bool, gives_way: bool) -> bool {
        self.idle.fall_asleep(me, searching);
        let gives_way = gives_way && self.idle.may_give_way();
        let mut in_sight = !gives_way && self.has_work();
        while !in_sight {
            if self.parkers[me].park(None) && self.idle.is_awake(me) {
                break;
            }
            in_sight = self.has_work();
        }
        let counted_out = !self.idle.get_up(me);
        if !counted_out && self.has_work() {
            self.idle.search();
            return true;
        }
        counted_out
    }
}

/// Two workers, two tasks from outside: each worker gets one. Park against unpark with the last searcher; the chain of wakes.
#[test]
fn no_wake_is_lost() {
    model(|| {
        let (shop, queues) = Shop::new(2);
        let workers: Vec<_> = queues
            .into_iter()
            .enumerate()
            .map(|(me, queue)| {
                let shop = shop.clone();
                thread::spawn(move || shop.work(me, &queue, 1, false))
            })
            .collect();
        let handles = [shop.push(), shop.push()];
        for worker in workers {
            worker.join().expect("a worker panicked");
        }
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// The same, with one that gives way once.
#[test]
fn no_wake_is_lost_by_giving_way() {
    model_within(2, || {
        let (shop, queues) = Shop::new(2);
        let workers: Vec<_> = queues
            .into_iter()
            .enumerate()
            .map(|(me, queue)| {
                let shop = shop.clone();
                thread::spawn(move || {
                    shop.work(me, &queue, 1, me == 1);
                    // It would go on; here it leaves, with a CHECK, so that nobody gives way to it.
                    shop.idle.leave();
                    fence(SeqCst);
                    if shop.has_work() {
                        shop.announce();
                    }
                })
            })
            .collect();
        let handles = [shop.push(), shop.push()];
        for worker in workers {
            worker.join().expect("a worker panicked");
        }
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// One worker against two who make work.
#[test]
fn two_announcers() {
    model(|| {
        let (shop, mut queues) = Shop::new(1);
        let queue = queues.pop().expect("the worker's");
        let other = {
            let shop = shop.clone();
            thread::spawn(move || shop.push())
        };
        let worker = {
            let shop = shop.clone();
            thread::spawn(move || shop.work(0, &queue, 2, false))
        };
        let mine = shop.push();
        let others = other.join().expect("the other announcer panicked");
        worker.join().expect("the worker panicked");
        assert!(mine.is_finished() && others.is_finished());
    });
}

/// A watcher that stops ticking against a worker that gets up: either the watcher sees it awake, and ticks on, or it is unparked.
#[test]
fn watch_is_kept() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        idle.fall_asleep(1, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(1));
                idle.relieve_watch(1)
            })
        };
        let quiet = idle.stop_ticking();
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            !quiet || unparked == Some(Keeper::Worker(0)),
            "somebody runs, and nobody watches"
        );
        assert_eq!(idle.watcher(), Some(0));
    });
}

/// A watcher that ticks no more and another worker get up at once: whoever goes to sleep next can take the watch.
#[test]
fn watch_outlives_two_risers() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        idle.fall_asleep(1, false);
        assert!(idle.take_watch(0));
        assert!(idle.stop_ticking());
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(1));
                let _ = idle.relieve_watch(1);
            })
        };
        assert!(idle.get_up(0));
        let _ = idle.relieve_watch(0);
        riser.join().expect("the riser panicked");
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0), "nobody can keep watch any more");
    });
}

/// A change that the watcher looks at before it sleeps (the shared timers' deadline) against a worker that takes the watch.
#[test]
fn watcher_is_roused() {
    model(|| {
        let idle = Arc::new(Idle::new(1, false));
        let deadline = Arc::new(AtomicUsize::new(0));
        idle.fall_asleep(0, false);
        let changer = {
            let (idle, deadline) = (idle.clone(), deadline.clone());
            thread::spawn(move || {
                deadline.store(1, Relaxed);
                idle.watcher_to_rouse()
            })
        };
        assert!(idle.take_watch(0));
        let seen = deadline.load(Relaxed) == 1;
        let roused = changer.join().expect("the changer panicked");
        assert!(
            seen || roused == Some(0),
            "the watcher sleeps on an old deadline"
        );
    });
}

/// The watcher gets up while another goes to sleep: that one takes over the watch, or is unparked to do so.
#[test]
fn watch_is_handed_on() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        idle.fall_asleep(1, false);
        let taken = idle.take_watch(1);
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            taken || unparked == Some(Keeper::Worker(1)),
            "one sleeps, and nobody watches"
        );
    });
}

/// The sentinel has had nothing to do and goes, while the only worker gets up and hands the watch to it: it stays, or another is called.
#[test]
fn watch_is_handed_to_the_sentinel() {
    model(|| {
        let idle = Arc::new(Idle::new(1, true));
        assert!(idle.arrive());
        idle.fall_asleep(0, false);
        assert!(idle.get_up(0));
        assert_eq!(idle.relieve_watch(0), Some(Keeper::Sentinel));
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        let went = idle.end_watch();
        let called = riser.join().expect("the riser panicked");
        assert!(
            !went || called == Some(Keeper::Sentinel),
            "the worker runs, and nobody watches"
        );
        assert!(idle.is_sentinels());
    });
}

/// The watcher gets up, so that the sentinel may have the watch, while another goes to sleep: that one takes it over, or is unparked to do so.
#[test]
fn watch_is_taken_from_the_sentinel() {
    model(|| {
        let idle = Arc::new(Idle::new(2, true));
        assert!(!idle.arrive());
        assert!(idle.arrive());
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        idle.fall_asleep(1, false);
        let taken = idle.take_watch(1);
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            taken || unparked == Some(Keeper::Worker(1)),
            "one sleeps, and does not watch"
        );
    });
}

/// A standby goes home, while another worker steals from it and the runtime shuts down: each task comes out once.
#[test]
fn standby_leaves() {
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let (queue, stealer) = Local::new();
        let (first, _, first_handle) = marked();
        let (second, _, second_handle) = marked();
        assert!(queue.push(first).is_ok() && queue.push(second).is_ok());
        let thief = thread::spawn(move || {
            let (mine, _stealer) = Local::new();
            let stolen = match stealer.steal(&mine) {
                Steal::Task(task) => Some(task),
                Steal::Empty | Steal::Retry => None,
            };
            count(stolen)
                + std::iter::from_fn(|| mine.pop())
                    .map(|task| count(Some(task)))
                    .sum::<usize>()
        });
        let closer = {
            let injector = injector.clone();
            thread::spawn(move || {
                let given_back = injector.close().into_iter();
                given_back.map(|task| count(Some(task))).sum::<usize>()
            })
        };
        let mut got = 0;
        while let Some(task) = queue.pop() {
            got += count(injector.push(task, 0).err());
        }
        got += thief.join().expect("the thief panicked");
        got += closer.join().expect("the closer panicked");
        assert_eq!(got, 2, "each task comes out once");
        assert!(first_handle.is_finished() && second_handle.is_finished());
    });
}

/// A standby goes home while another worker steals from it, one of its timers is cancelled elsewhere and the runtime shuts down: the task comes out once, and the
/// timers that are left are woken, each once.
#[test]
fn standby_leaves_its_timers() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let (queue, stealer) = Local::new();
        let (task, _, handle) = marked();
        assert!(queue.push(task).is_ok());

        let timers = Arc::new(Timers::new(0, Clock::default(), Box::new(|| ())));
        let wakes: [_; 3] = std::array::from_fn(|_| std::sync::Arc::<Wakes>::default());
        // Far off, and more than a batch.
        let deadline = Clock::default().now() + Duration::from_secs(3_600);
        let [cancelled, second, third] = [0, 1, 2].map(|number: usize| {
            let _entered = timers.enter(None);
            let waker = Waker::from(wakes[number].clone());
            let mut sleep = Box::pin(sleep_until(deadline));
            let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            sleep
        });

        let thief = thread::spawn(move || match stealer.steal(&Local::new().0) {
            Steal::Task(task) => count(Some(task)),
            Steal::Empty | Steal::Retry => 0,
        });
        let closer = {
            let (injector, timers) = (injector.clone(), timers.clone());
            thread::spawn(move || {
                let given_back = injector.close().into_iter();
                let given_back: usize = given_back.map(|task| count(Some(task))).sum();
                timers.shutdown();
                given_back
            })
        };
        let canceller = thread::spawn(move || drop(cancelled));
        let mut got = 0;
        while let Some(task) = queue.pop() {
            got += count(injector.push(task, 0).err());
        }
        got += thief.join().expect("the thief panicked");
        got += closer.join().expect("the closer panicked");
        canceller.join().expect("the canceller panicked");
        assert_eq!(got, 1, "the task comes out once");
        assert!(handle.is_finished());

        assert_eq!(timers.shared().next_deadline(), None);
        drop((second, third));
        let woken = wakes.map(|wakes| {
            let wakes = std::sync::Arc::into_inner(wakes).expect("a waker has leaked");
            wakes.0.into_inner()
        });
        assert!(woken[0] <= 1);
        assert_eq!(woken[1..], [1, 1]);
    });
}

/// Counts its wakes. On `std`'s atomics, so that it orders nothing for the model.
#[derive(Default)]
struct Wakes(std::sync::atomic::AtomicUsize);

impl Wake for Wakes {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// The one who turns the reactor has done so and goes back to sleep, while another worker falls asleep: one of them turns it. As in `sleep.rs`, where a worker
/// that was awake tries to claim it, and one that has only turned it does if all are asleep.
#[test]
fn reactor_is_handed_over() {
    model(|| {
        /// As parking_lot's `try_lock`, which may look at an old state. (loom's own waits for a lock that another is about to give back.)
        fn claims(reactor: &AtomicBool) -> bool {
            !reactor.load(Relaxed)
                && reactor
                    .compare_exchange(false, true, Acquire, Relaxed)
                    .is_ok()
        }

        let idle = Arc::new(Idle::new(2, false));
        let reactor = Arc::new(AtomicBool::new(true));
        idle.fall_asleep(0, false);
        let turner = {
            let (idle, reactor) = (idle.clone(), reactor.clone());
            thread::spawn(move || {
                reactor.store(false, Release);
                // Nothing has come for it: it stays asleep.
                assert!(!idle.is_awake(0));
                idle.awake() == 0 && claims(&reactor)
            })
        };
        idle.fall_asleep(1, false);
        let mine = claims(&reactor);
        let others = turner.join().expect("the turner panicked");
        assert!(mine || others, "all sleep, and nobody in the reactor");
    });
}

/// The runtime shuts down while a standby starts: it sees that, or is summoned.
#[test]
fn standby_against_close() {
    model(|| {
        let (_queues, remotes) = Remotes::new(1, 1);
        let remotes = Arc::new(remotes);
        let closing = Arc::new(Closing::new());
        let standby = {
            let (remotes, closing) = (remotes.clone(), closing.clone());
            thread::spawn(move || {
                assert!(remotes.make_standby().is_some());
                closing.is_closed_to_newcomer()
            })
        };
        closing.close();
        let summoned = remotes.len() > 1;
        let saw = standby.join().expect("the standby panicked");
        assert!(saw || summoned, "it would sleep for ever");
    });
}

/// Who watches a worker while it goes from one poll to the next takes neither's place for the other's.
#[test]
fn shown_poll_is_one_of_them() {
    #[track_caller]
    fn here() -> (Task, Id, JoinHandle<()>) {
        thread_local!(static IDS: IdBlock = const { IdBlock::new() });
        let id = IDS.with(IdBlock::take);
        let (task, handle) = task::new(std::future::ready(()), Nowhere, id, Location::caller());
        (task, id, handle)
    }
    model(|| {
        let (first, first_id, _first) = here();
        let (second, second_id, _second) = here();
        let places = [
            (first_id, first.spawned_at()),
            (second_id, second.spawned_at()),
        ];
        let shown = Arc::new(Shown::new());
        let shows = Shows::new();
        shown.poll(&shows, &first);
        let watcher = {
            let shown = shown.clone();
            thread::spawn(move || {
                let polled = shown.polled(shown.tick());
                assert!(
                    polled.is_none_or(|polled| places.contains(&polled)),
                    "one's poll with the other's place"
                );
            })
        };
        shown.poll(&shows, &second);
        shown.poll(&shows, &first);
        shown.poll(&shows, &second);
        watcher.join().expect("the watcher panicked");
        assert_eq!(count(Some(first)) + count(Some(second)), 2);
    });
}

/// Of two calls the first publishes something: who answers the second has it seen, or is asked again.
#[test]
fn summons_publish() {
    model(|| {
        let summons = Arc::new(Summons::new());
        let published = Arc::new(AtomicBool::new(false));
        let publisher = {
            let (summons, published) = (summons.clone(), published.clone());
            thread::spawn(move || {
                published.store(true, Relaxed);
                summons.call();
            })
        };
        let other = {
            let summons = summons.clone();
            thread::spawn(move || summons.call())
        };
        let mut seen = summons.answer() && published.load(Relaxed);
        publisher.join().expect("the publisher panicked");
        other.join().expect("the other caller panicked");
        // What a join makes visible is no help to the worker: only an answer makes it look.
        seen |= summons.answer() && published.load(Relaxed);
        assert!(seen, "what the first caller published was missed");
    });
}

/// Two push, and one is slow to show it: who goes to sleep after the other has announced its task sees that there is something, or is seen asleep, or has
/// the task. Likewise if it has just taken what was there before, so that the others find the bit set that it is about to clear.
#[test]
fn injector_shows_what_was_announced() {
    for before in [0, 1] {
        model(move || {
            let injector = Arc::new(Injector::new(1));
            let asleep = Arc::new(AtomicBool::new(false));
            let mut handles = Vec::new();
            for _ in 0..before {
                let (task, _, handle) = marked();
                assert!(injector.push(task, 0).is_ok());
                handles.push(handle);
            }
            let (slow, _, slow_handle) = marked();
            let (task, _, handle) = marked();
            handles.push(slow_handle);
            let slow = {
                let injector = injector.clone();
                thread::spawn(move || assert!(injector.push(slow, 0).is_ok()))
            };
            let announcer = {
                let (injector, asleep) = (injector.clone(), asleep.clone());
                thread::spawn(move || {
                    assert!(injector.push(task, 0).is_ok());
                    fence(SeqCst);
                    asleep.load(Relaxed)
                })
            };
            let (queue, _stealer) = Local::new();
            let _ = visit(&injector, &queue);
            asleep.store(true, Relaxed);
            fence(SeqCst);
            let in_sight = !injector.is_empty();
            let seen_asleep = announcer.join().expect("the announcer panicked");
            assert!(
                in_sight || seen_asleep || handle.is_finished(),
                "an announced task was overlooked"
            );
            slow.join().expect("the slow one panicked");
            while !injector.is_empty() {
                let _ = visit(&injector, &queue);
            }
            handles.push(handle);
            assert!(handles.iter().all(JoinHandle::is_finished));
        });
    }
}

/// What leases are taken of: loom checks that each use of it comes before its destructor, and that there is one.
struct Leased {
    leases: Leases,
    used: UnsafeCell<()>,
}

// SAFETY: the cell is written by the destructor alone.
unsafe impl Sync for Leased {}

impl Drop for Leased {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
    }
}

/// A lease that outlived its taker, another that is taken and returned, and the last of the `Arc`s, all going at once.
#[test]
fn leases_against_the_last_arc() {
    fn take(leased: &Arc<Leased>) -> Pointer {
        if leased.leases.take(1) {
            std::mem::forget(leased.clone());
        }
        Pointer(Arc::as_ptr(leased))
    }

    /// Uses it, and returns the lease.
    fn give_back(Pointer(leased): Pointer) {
        // SAFETY: by the lease.
        let last = unsafe {
            (*leased).used.with(|_| ());
            (*leased).leases.give_back(1)
        };
        if last {
            // SAFETY: the strong count that `take` forgot.
            drop(unsafe { Arc::from_raw(leased) });
        }
    }

    struct Pointer(*const Leased);
    // SAFETY: it counts for a `Leased`, which may go to any thread.
    unsafe impl Send for Pointer {}

    model(|| {
        let leased = Arc::new(Leased {
            leases: Leases::new(),
            used: UnsafeCell::new(()),
        });
        let lease = take(&leased);
        let task = thread::spawn(move || give_back(lease));
        let worker = {
            let leased = leased.clone();
            thread::spawn(move || {
                let lease = take(&leased);
                drop(leased);
                give_back(lease);
            })
        };
        drop(leased);
        task.join().expect("the task panicked");
        worker.join().expect("the worker panicked");
    });
}
