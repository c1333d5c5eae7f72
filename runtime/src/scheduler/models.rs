//! Models of the scheduler's parts: the next-slot, the injector, the sleep protocol, the leases.

use super::idle::Idle;
use super::injector::Injector;
use super::parker::{Parker, Unpark};
use super::queue::{Local, Steal};
use super::slot::NextSlot;
use super::summons::Summons;
use crate::loom::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use crate::loom::{Arc, model_within, thread};
use crate::task::{self, Header, Id, IdBlock, JoinHandle, Schedule, Task};
use std::panic::Location;
use std::ptr::NonNull;

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

#[test]
fn slot_against_thief() {
    model_within(3, || {
        let slot = Arc::new(NextSlot::new());
        let (first, _, mut handles) = (marked(), (), Vec::new());
        let second = marked();
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || count(slot.take()))
        };
        let mut got = count(slot.put(first.0));
        got += count(slot.put(second.0));
        got += count(slot.take());
        got += thief.join().expect("the thief panicked");
        assert_eq!(got, 2, "each task comes out once");
        handles.extend([first.2, second.2]);
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn injector_push_and_pop() {
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let mut handles = Vec::new();
        let pushers: Vec<_> = (0..2)
            .map(|thread_number| {
                let (task, _, handle) = marked();
                handles.push(handle);
                let injector = injector.clone();
                thread::spawn(move || {
                    assert!(injector.push(task, thread_number).is_ok());
                })
            })
            .collect();
        let (queue, _stealer) = Local::new();
        let pop = || count(injector.pop(0, &queue)) + count(queue.pop());
        let mut got = pop();
        for pusher in pushers {
            pusher.join().expect("a pusher panicked");
        }
        // What was pushed is in sight, whatever the taker did to the mask meanwhile.
        while !injector.is_empty() {
            got += pop();
        }
        assert_eq!(got, 2, "each task comes out once");
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn injector_close() {
    model_within(3, || {
        let injector = Arc::new(Injector::new(1));
        let (task, _, handle) = marked();
        let pusher = {
            let injector = injector.clone();
            thread::spawn(move || match injector.push(task, 0) {
                Ok(()) => 0,
                Err(task) => count(Some(task)),
            })
        };
        let closed: usize = injector
            .close()
            .into_iter()
            .map(|task| count(Some(task)))
            .sum();
        let refused = pusher.join().expect("the pusher panicked");
        assert_eq!(closed + refused, 1, "it comes back from one of the two");
        assert!(handle.is_finished());
        let (task, ..) = marked();
        assert!(injector.push(task, 0).is_err());
    });
}

#[test]
fn injector_takers() {
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let handles: Vec<_> = (0..2)
            .map(|_| {
                let (task, _, handle) = marked();
                assert!(injector.push(task, 0).is_ok());
                handle
            })
            .collect();
        let take = |injector: &Injector| {
            let (queue, _stealer) = Local::new();
            count(injector.pop(0, &queue)) + count(queue.pop())
        };
        let other = {
            let injector = injector.clone();
            thread::spawn(move || take(&injector))
        };
        let mut got = take(&injector) + other.join().expect("the other taker panicked");
        while !injector.is_empty() {
            got += take(&injector);
        }
        assert_eq!(got, 2);
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn park_against_unpark() {
    model_within(3, || {
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
        // Ends by the unpark only: were it lost, loom would report a deadlock.
        while !parker.park(None) {}
        assert!(
            ready.load(Relaxed),
            "an unpark publishes what was done before it"
        );
        waker.join().expect("the waker panicked");
    });
}

#[test]
fn park_in_the_reactor() {
    model_within(3, || {
        let parker = Arc::new(Parker::new());
        let waker = {
            let parker = parker.clone();
            thread::spawn(move || parker.unpark() == Unpark::NotifyReactor)
        };
        let mut unparked = false;
        let entered = parker.enter_reactor();
        if entered {
            // The turn of the reactor, which a notification ends.
        }
        unparked |= parker.leave_reactor();
        let notified = waker.join().expect("the waker panicked");
        assert!(
            !notified || entered,
            "the reactor is notified only while the thread is in it"
        );
        assert!(
            unparked || parker.leave_reactor(),
            "the token is there, sooner or later"
        );
    });
}

/// The scheduler's sleep, in small: workers with a shared queue. If work is announced, somebody gets it; nobody sleeps beside it.
struct Shop {
    idle: Idle,
    work: AtomicUsize,
    done: AtomicUsize,
    parkers: Vec<Parker>,
}

impl Shop {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            work: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
        })
    }

    fn announce(&self) {
        if let Some(worker) = self.idle.announce() {
            let _ = self.parkers[worker].unpark();
        }
    }

    fn push(&self) {
        self.work.fetch_add(1, Release);
        self.announce();
    }

    fn take(&self) -> bool {
        let mut work = self.work.load(Relaxed);
        while work > 0 {
            match self.work.compare_exchange(work, work - 1, Acquire, Relaxed) {
                Ok(_) => {
                    self.done.fetch_add(1, Relaxed);
                    return true;
                }
                Err(now) => work = now,
            }
        }
        false
    }

    /// A worker until it has taken one piece of work. It ends by finding one; were a wake lost, loom would report a deadlock.
    fn work_once(&self, me: usize) {
        self.parkers[me].adopt();
        let mut searching = false;
        loop {
            if !searching {
                searching = self.idle.try_search();
            }
            if self.take() {
                if searching && self.idle.end_search() && self.work.load(Relaxed) > 0 {
                    self.announce();
                }
                return;
            }
            self.idle.fall_asleep(me, std::mem::take(&mut searching));
            while self.work.load(Relaxed) == 0 {
                if self.parkers[me].park(None) && self.idle.is_awake(me) {
                    break;
                }
            }
            searching = !self.idle.get_up(me);
        }
    }
}

/// Two workers, two pieces of work from outside: both are done. Park against unpark with the last searcher; the chain of wakes.
#[test]
fn no_wake_is_lost() {
    model_within(2, || {
        let shop = Shop::new(2);
        let workers: Vec<_> = (0..2)
            .map(|me| {
                let shop = shop.clone();
                thread::spawn(move || shop.work_once(me))
            })
            .collect();
        shop.push();
        shop.push();
        for worker in workers {
            worker.join().expect("a worker panicked");
        }
        assert_eq!(shop.done.load(Relaxed), 2);
    });
}

/// One worker against two who make work.
#[test]
fn two_announcers() {
    model_within(3, || {
        let shop = Shop::new(1);
        let other = {
            let shop = shop.clone();
            thread::spawn(move || shop.push())
        };
        let worker = {
            let shop = shop.clone();
            thread::spawn(move || {
                shop.work_once(0);
                shop.work_once(0);
            })
        };
        shop.push();
        other.join().expect("the other announcer panicked");
        worker.join().expect("the worker panicked");
        assert_eq!(shop.done.load(Relaxed), 2);
    });
}

/// A watcher that stops ticking against a worker that gets up: either the watcher sees it awake, and ticks on, or it is unparked.
#[test]
fn watch_is_kept() {
    model_within(3, || {
        let idle = Arc::new(Idle::new(2));
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
            !quiet || unparked == Some(0),
            "somebody runs, and nobody watches"
        );
        assert_eq!(idle.watcher(), Some(0));
    });
}

/// A change that the watcher looks at before it sleeps (the shared timers' deadline) against a worker that takes the watch.
#[test]
fn watcher_is_roused() {
    model_within(3, || {
        let idle = Arc::new(Idle::new(1));
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

/// Two thieves and an owner: the locked model of the queue keeps the interface's promise, as crossbeam's does in `tests/`.
#[test]
fn queue_against_thieves() {
    model_within(2, || {
        let (queue, stealer) = Local::new();
        let mut handles = Vec::new();
        for _ in 0..3 {
            let (task, _, handle) = marked();
            assert!(queue.push(task).is_ok());
            handles.push(handle);
        }
        let thief = thread::spawn(move || {
            let (mine, _stealer) = Local::new();
            let first = match stealer.steal(&mine) {
                Steal::Task(task) => count(Some(task)),
                Steal::Empty | Steal::Retry => 0,
            };
            first
                + std::iter::from_fn(|| mine.pop())
                    .map(|task| count(Some(task)))
                    .sum::<usize>()
        });
        let mut got = count(queue.pop());
        got += thief.join().expect("the thief panicked");
        got += std::iter::from_fn(|| queue.pop())
            .map(|task| count(Some(task)))
            .sum::<usize>();
        assert_eq!(got, 3);
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// Of two calls the first publishes something: who answers the second has it seen, or is asked again.
#[test]
fn summons_publish() {
    model_within(3, || {
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
/// the task.
#[test]
fn injector_shows_what_was_announced() {
    model_within(3, || {
        let injector = Arc::new(Injector::new(1));
        let asleep = Arc::new(AtomicBool::new(false));
        let (slow, _, slow_handle) = marked();
        let (task, _, handle) = marked();
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
        let _ = count(injector.pop(0, &queue)) + count(queue.pop());
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
            let _ = count(injector.pop(0, &queue)) + count(queue.pop());
        }
        assert!(handle.is_finished() && slow_handle.is_finished());
    });
}
