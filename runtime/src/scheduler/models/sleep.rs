//! The sleep protocol: parkers, the reactor, and the scheduler in small.

use super::*;

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
    reserved: Vec<Reserved>,
}

impl Shop {
    fn new(workers: usize) -> (Arc<Self>, Vec<Local>) {
        let (queues, stealers) = (0..workers).map(|_| Local::new()).unzip();
        let shop = Self {
            idle: Idle::new(workers, false),
            injector: Injector::new(1),
            stealers,
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            reserved: (0..workers).map(|_| Reserved::new()).collect(),
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
        let mut queues = self.stealers.iter().zip(&self.reserved);
        !self.injector.is_empty()
            || queues.any(|(stealer, reserved)| !reserved.is_on() && !stealer.is_empty())
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
            let mut victims =
                victims.filter(|&(victim, _)| victim != me && !self.reserved[victim].is_on());
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
            if self.parkers[me].park(None) && self.idle.ends_sleep(me, false) {
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

/// A worker has reserved its queue, in which there is a task, and offers it again, while the other goes to sleep; it stays in a poll of its own then. The other one gets the task.
#[test]
fn no_wake_is_lost_by_a_reserve() {
    model(|| {
        let (shop, mut queues) = Shop::new(2);
        let queue = queues.pop().expect("the other's");
        shop.reserved[0].begin();
        let (task, _, handle) = marked();
        let pushed = queues.pop().expect("its own").push(task);
        assert!(pushed.is_ok());
        let other = {
            let shop = shop.clone();
            thread::spawn(move || shop.work(1, &queue, 1, false))
        };
        shop.reserved[0].end();
        shop.announce();
        other.join().expect("the other worker panicked");
        assert!(handle.is_finished());
    });
}

/// A worker sleeps in the reactor, and is called for work; an event brings it a task besides, which a thief takes from it. It sleeps in a loop as `sleep.rs` has it, and gets up: if not, it
/// would be missing as the searcher that it counts as, and nobody would be called any more.
#[test]
fn no_wake_is_lost_by_a_theft() {
    model(|| {
        let (shop, mut queues) = Shop::new(1);
        let queue = queues.pop().expect("the worker's");
        shop.parkers[0].adopt();
        shop.idle.fall_asleep(0, false);
        let thief = {
            let shop = shop.clone();
            thread::spawn(move || {
                let (own, _) = Local::new();
                if let Steal::Task(task) = shop.stealers[0].steal(&own) {
                    count(Some(task));
                }
            })
        };
        let caller = {
            let shop = shop.clone();
            thread::spawn(move || {
                let called = shop.idle.announce();
                assert_eq!(called, Some(0), "it sleeps, and nobody searches");
                let _ = shop.parkers[0].unpark();
            })
        };

        let parker = &shop.parkers[0];
        let _ = parker.enter_reactor();
        let (task, _, _handle) = marked();
        assert!(queue.push(task).is_ok());
        let mut called = parker.leave_reactor();
        while !shop.idle.ends_sleep(0, !queue.is_empty()) && queue.is_empty() {
            called |= parker.park(None);
        }
        caller.join().expect("the caller panicked");
        assert!(!called || shop.idle.is_awake(0));
        thief.join().expect("the thief panicked");
        count(queue.pop());
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
