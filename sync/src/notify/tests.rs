//! What the docs of `Notify` say, case by case, and a stress of it with futures that give up.
#![forbid(unsafe_code)]

use super::{Notified, Notify};
use crate::counting_waker::CountingWaker;
use crate::wait_list::BATCH;
use futures_lite::future::block_on;
use std::collections::VecDeque;
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

fn poll(notified: Pin<&mut Notified<'_>>, waker: &Arc<CountingWaker>) -> bool {
    waker.enter(|cx| notified.poll(cx).is_ready())
}

/// Futures that wait, in this order, each with its waker.
struct Waiting<'a> {
    futures: Vec<Pin<Box<Notified<'a>>>>,
    wakers: Vec<Arc<CountingWaker>>,
}

impl<'a> Waiting<'a> {
    fn new(notify: &'a Notify, count: usize) -> Self {
        let mut waiting = Self {
            futures: (0..count).map(|_| Box::pin(notify.notified())).collect(),
            wakers: (0..count).map(|_| CountingWaker::new()).collect(),
        };
        for n in 0..count {
            assert!(!waiting.poll(n));
        }
        waiting
    }

    fn poll(&mut self, n: usize) -> bool {
        poll(self.futures[n].as_mut(), &self.wakers[n])
    }

    fn woken(&self) -> Vec<usize> {
        self.wakers.iter().map(|waker| waker.woken()).collect()
    }
}

fn has_permit(notify: &Notify) -> bool {
    pin!(notify.notified()).enable()
}

#[test]
fn one_permit_is_stored_however_often_it_is_called() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    notify.notify_last();
    assert!(has_permit(&notify));
    assert!(!has_permit(&notify));
}

#[test]
fn notify_one_goes_to_the_first() {
    let notify = Notify::new();
    let mut waiting = Waiting::new(&notify, 3);
    notify.notify_one();
    assert_eq!(waiting.woken(), [1, 0, 0]);
    notify.notify_one();
    assert_eq!(waiting.woken(), [1, 1, 0]);
    assert!(waiting.poll(0) && waiting.poll(1) && !waiting.poll(2));
    assert!(!has_permit(&notify));
}

#[test]
fn notify_last_goes_to_the_last() {
    let notify = Notify::new();
    let mut waiting = Waiting::new(&notify, 3);
    notify.notify_last();
    assert_eq!(waiting.woken(), [0, 0, 1]);
    notify.notify_one();
    assert_eq!(waiting.woken(), [1, 0, 1]);
    assert!(waiting.poll(0) && !waiting.poll(1) && waiting.poll(2));
}

#[test]
fn notify_waiters_goes_to_all_and_stores_nothing() {
    let notify = Notify::new();
    notify.notify_waiters();
    assert!(!has_permit(&notify));
    for count in [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 1] {
        let mut waiting = Waiting::new(&notify, count);
        notify.notify_waiters();
        assert!(waiting.woken().iter().all(|&woken| woken == 1));
        assert!((0..count).all(|n| waiting.poll(n)));
        assert!(waiting.wakers.iter().all(|waker| waker.is_released()));
        assert!(!has_permit(&notify));
    }
}

#[test]
fn notify_waiters_leaves_the_permit() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_waiters();
    assert!(has_permit(&notify));
}

#[test]
fn notify_waiters_reaches_futures_that_were_made_before_and_no_others() {
    let notify = Notify::new();
    let mut before = pin!(notify.notified());
    notify.notify_waiters();
    let mut after = pin!(notify.notified());
    assert!(before.as_mut().enable());
    assert!(!after.as_mut().enable());

    // With a waiter in the list, too.
    let mut before = pin!(notify.notified());
    notify.notify_waiters();
    assert!(after.as_mut().enable());
    assert!(before.as_mut().enable());
}

#[test]
fn a_future_that_was_broadcast_to_leaves_the_permit() {
    let notify = Notify::new();
    let mut before = pin!(notify.notified());
    notify.notify_waiters();
    notify.notify_one();
    assert!(before.as_mut().enable());
    assert!(has_permit(&notify));
}

#[test]
fn enable_waits_without_a_waker_until_it_is_polled() {
    let notify = Notify::new();
    let waker = CountingWaker::new();
    let mut notified = pin!(notify.notified());
    assert!(!notified.as_mut().enable());
    assert!(!notified.as_mut().enable());
    assert!(!poll(notified.as_mut(), &waker));
    assert!(!notified.as_mut().enable());
    notify.notify_one();
    assert_eq!(waker.woken(), 1);
    assert!(notified.as_mut().enable());
    assert!(poll(notified.as_mut(), &waker));
}

#[test]
fn what_enable_said_is_not_passed_on() {
    let notify = Notify::new();
    let mut notified = Box::pin(notify.notified());
    assert!(!notified.as_mut().enable());
    notify.notify_one();
    assert!(notified.as_mut().enable());
    drop(notified);
    assert!(!has_permit(&notify));
}

#[test]
fn ready_it_stays_so() {
    let notify = Notify::new();
    let waker = CountingWaker::new();
    let mut notified = pin!(notify.notified());
    notify.notify_one();
    assert!(poll(notified.as_mut(), &waker) && poll(notified.as_mut(), &waker));
    notify.notify_one();
    assert!(poll(notified.as_mut(), &waker));
    assert!(has_permit(&notify));
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_the_others_released() {
    let notify = Notify::new();
    let [first, second, third] = [(); 3].map(|()| CountingWaker::new());
    let mut notified = pin!(notify.notified());
    for waker in [&first, &second, &third, &second, &second] {
        assert!(!poll(notified.as_mut(), waker));
    }
    assert!(first.is_released() && third.is_released());
    notify.notify_one();
    assert_eq!((first.woken(), second.woken(), third.woken()), (0, 1, 0));
    assert!(second.is_released());
}

#[test]
fn a_future_that_is_dropped_loses_its_place() {
    let notify = Notify::new();
    let mut waiting = Waiting::new(&notify, 4);
    drop(waiting.futures.remove(1));
    assert!(waiting.wakers.remove(1).is_released());
    drop(waiting.futures.remove(0));
    waiting.wakers.remove(0);
    notify.notify_one();
    assert_eq!(waiting.woken(), [1, 0]);
    waiting.futures.clear();
    assert!(waiting.wakers.iter().all(|waker| waker.is_released()));
    // The first had been notified, and nobody was left to pass it on to.
    assert!(has_permit(&notify));
}

#[test]
fn the_last_to_give_up_leaves_no_trace() {
    let notify = Notify::new();
    drop(Waiting::new(&notify, 2));
    notify.notify_waiters();
    assert!(!has_permit(&notify));
    notify.notify_one();
    assert!(has_permit(&notify));
}

#[test]
fn a_notification_passes_on_in_the_order_it_came_by() {
    let notify = Notify::new();
    let mut waiting = Waiting::new(&notify, 4);
    notify.notify_one();
    drop(waiting.futures.remove(0));
    assert_eq!(waiting.woken(), [1, 1, 0, 0]);
    waiting.wakers.remove(0);

    notify.notify_last();
    assert_eq!(waiting.woken(), [1, 0, 1]);
    drop(waiting.futures.pop());
    waiting.wakers.pop();
    assert_eq!(waiting.woken(), [1, 1]);
    assert!(waiting.poll(0) && waiting.poll(1));
    assert!(!has_permit(&notify));
}

#[test]
fn a_broadcast_is_not_passed_on() {
    let notify = Notify::new();
    let waiting = Waiting::new(&notify, 2);
    notify.notify_waiters();
    drop(waiting);
    let mut unpolled = pin!(notify.notified());
    notify.notify_waiters();
    assert!(unpolled.as_mut().enable());
    assert!(!has_permit(&notify));
}

#[test]
fn a_waker_that_panics_costs_nobody_else_the_wake_up() {
    let notify = Notify::new();
    let panics = CountingWaker::panicking();
    let mut first = pin!(notify.notified());
    assert!(!poll(first.as_mut(), &panics));
    let mut waiting = Waiting::new(&notify, 2 * BATCH);
    let mut last = pin!(notify.notified());
    assert!(!poll(last.as_mut(), &panics));
    let panic = catch_unwind(|| notify.notify_waiters()).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a waker that panics"));
    assert_eq!(panics.woken(), 2);
    assert!(waiting.woken().iter().all(|&woken| woken == 1));
    assert!((0..2 * BATCH).all(|n| waiting.poll(n)));
    assert!(poll(first, &panics) && poll(last, &panics));
    assert!(panics.is_released());

    // A notification whose waker panics has arrived, too.
    let mut notified = pin!(notify.notified());
    assert!(!poll(notified.as_mut(), &panics));
    assert!(catch_unwind(|| notify.notify_one()).is_err());
    assert!(poll(notified, &panics));
    assert!(!has_permit(&notify));
}

/// A waker that does what a test tells it to.
struct Act<F>(F);

impl<F: Fn() + Send + Sync> Wake for Act<F> {
    fn wake(self: Arc<Self>) {
        self.0();
    }
}

fn act(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Act(f)))
}

#[test]
fn a_broadcast_ends_though_each_waker_waits_again() {
    const WAITERS: usize = 2 * BATCH + 1;
    static NOTIFY: Notify = Notify::new();
    static WOKEN: AtomicUsize = AtomicUsize::new(0);
    static AGAIN: Mutex<Vec<Pin<Box<Notified<'static>>>>> = Mutex::new(Vec::new());

    fn wait() {
        let waker = act(|| {
            WOKEN.fetch_add(1, Relaxed);
            wait();
        });
        let mut notified = Box::pin(NOTIFY.notified());
        assert!(
            notified
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        AGAIN.lock().unwrap().push(notified);
    }

    for _ in 0..WAITERS {
        wait();
    }
    NOTIFY.notify_waiters();
    assert_eq!(WOKEN.load(Relaxed), WAITERS);
    let ready = |notified: &mut Pin<Box<Notified<'static>>>| notified.as_mut().enable();
    let again = std::mem::take(&mut *AGAIN.lock().unwrap());
    assert_eq!(again.len(), 2 * WAITERS);
    assert_eq!(
        again
            .into_iter()
            .map(|mut notified| ready(&mut notified))
            .filter(|&ready| ready)
            .count(),
        WAITERS
    );
}

#[test]
fn wakers_are_called_outside_the_lock() {
    static NOTIFY: Notify = Notify::const_new();
    let waker = act(|| {
        NOTIFY.notify_one();
        NOTIFY.notify_waiters();
        has_permit(&NOTIFY);
    });
    let mut cx = Context::from_waker(&waker);
    let mut notified = pin!(NOTIFY.notified());
    assert!(notified.as_mut().poll(&mut cx).is_pending());
    NOTIFY.notify_one();
    assert!(notified.as_mut().poll(&mut cx).is_ready());
    let mut notified = pin!(NOTIFY.notified());
    assert!(notified.as_mut().poll(&mut cx).is_pending());
    NOTIFY.notify_waiters();
    assert!(notified.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn it_says_how_it_is() {
    let notify = Notify::default();
    assert_eq!(
        format!("{notify:?}"),
        "Notify { has_permit: false, has_waiters: false, .. }"
    );
    let mut waits = Box::pin(notify.notified());
    waits.as_mut().enable();
    assert_eq!(
        format!("{waits:?}"),
        "Notified { notify: Notify { has_permit: false, has_waiters: true, .. }, .. }"
    );
    drop(waits);
    notify.notify_one();
    assert_eq!(
        format!("{notify:?}"),
        "Notify { has_permit: true, has_waiters: false, .. }"
    );
}

/// A queue with several consumers, as in the docs of `Notified::enable`.
#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<usize>>,
    pushed: Notify,
}

impl Queue {
    fn push(&self, item: usize) {
        self.items.lock().unwrap().push_back(item);
        self.pushed.notify_one();
    }

    async fn pop(&self) -> usize {
        let mut pushed = pin!(self.pushed.notified());
        loop {
            pushed.as_mut().enable();
            if let Some(item) = self.items.lock().unwrap().pop_front() {
                return item;
            }
            pushed.as_mut().await;
            pushed.set(self.pushed.notified());
        }
    }
}

/// 100,000 items for two consumers, who give up every other wait: none is lost and none comes twice.
#[test]
fn no_item_is_lost_by_consumers_that_give_up() {
    const ITEMS: usize = 100_000;
    const END: usize = usize::MAX;
    let queue = Queue::default();
    let consume = || {
        let waker = CountingWaker::new();
        let mut items = Vec::new();
        loop {
            // One poll, and away: what it was notified of goes to the other consumer, or back.
            let item = match waker.enter(|cx| pin!(queue.pop()).poll(cx)) {
                Poll::Ready(item) => item,
                Poll::Pending => block_on(queue.pop()),
            };
            match item {
                END => return items,
                item => items.push(item),
            }
        }
    };
    let mut items = thread::scope(|scope| {
        let consumers = [scope.spawn(consume), scope.spawn(consume)];
        for item in 0..ITEMS {
            queue.push(item);
        }
        queue.push(END);
        queue.push(END);
        consumers.map(|consumer| consumer.join().unwrap()).concat()
    });
    items.sort_unstable();
    assert!(items.iter().copied().eq(0..ITEMS));
    assert!(queue.items.lock().unwrap().is_empty());
}

/// 100,000 rounds of two threads that wait, give up, are notified and notify, with broadcasts among it: everybody
/// comes to the end.
#[test]
fn broadcasts_against_waiters_that_come_and_go() {
    const ROUNDS: usize = 100_000;
    let notify = Notify::new();
    let waker = CountingWaker::new();
    thread::scope(|scope| {
        for offset in [0, 1] {
            let (notify, waker) = (&notify, &waker);
            scope.spawn(move || {
                let mut waiting: VecDeque<_> = VecDeque::new();
                for round in offset..ROUNDS + offset {
                    let mut notified = Box::pin(notify.notified());
                    if !poll(notified.as_mut(), waker) {
                        waiting.push_back(notified);
                    }
                    if waiting.len() > 2 * BATCH {
                        waiting.truncate(BATCH);
                    }
                    match round % 31 {
                        0 => notify.notify_waiters(),
                        n if n % 3 == 0 => notify.notify_one(),
                        n if n % 7 == 0 => notify.notify_last(),
                        n if n % 5 == 0 => drop(waiting.pop_front()),
                        _ => {
                            if let Some(mut notified) = waiting.pop_back()
                                && !poll(notified.as_mut(), waker)
                            {
                                waiting.push_front(notified);
                            }
                        }
                    }
                }
                notify.notify_waiters();
                assert!(
                    waiting
                        .into_iter()
                        .all(|mut notified| poll(notified.as_mut(), waker))
                );
            });
        }
    });
    assert!(waker.is_released());
}
