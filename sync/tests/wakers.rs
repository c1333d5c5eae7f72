//! Wakers that panic, in each of their parts: nobody else loses by it, nothing breaks, and no second panic aborts the process.

use heist_sync::oneshot::{Sender, channel, error::TryRecvError};
use heist_sync::{Condition, Mutex, Notify, Semaphore, mpsc};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, RawWakerVTable, Wake, Waker};

/// What those wakers say that panic when they are cloned or dropped.
const CLONE: &str = "a clone, on purpose";
const DROP: &str = "a drop, on purpose";

/// Counts its wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::<Self>::default();
        (Arc::clone(&count), count.into())
    }

    fn wakes(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// Whether one waker is left, the test's own.
    fn is_released(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 2
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Panics when it is woken.
fn panics_when_woken() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a wake, on purpose");
        }
    }
    Arc::new(Panics).into()
}

/// Panics when the last of it is dropped, also after a wake.
fn panics_when_dropped() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("{DROP}");
        }
    }
    Arc::new(Panics).into()
}

/// Panics when it is cloned.
fn panics_when_cloned() -> Waker {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("{CLONE}"), |_| (), |_| (), |_| ());
    // SAFETY: its functions use no data.
    unsafe { Waker::new(ptr::null(), &VTABLE) }
}

/// What the code panics with.
#[track_caller]
fn panic_of(code: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it should have panicked");
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    literal
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .expect("the panic has a message")
}

/// Whether it is ready.
fn poll(future: Pin<&mut impl Future>, waker: &Waker) -> bool {
    future.poll(&mut Context::from_waker(waker)).is_ready()
}

/// Whether it is closed.
fn poll_closed<T>(sender: &mut Sender<T>, waker: &Waker) -> bool {
    sender
        .poll_closed(&mut Context::from_waker(waker))
        .is_ready()
}

fn has_permit(notify: &Notify) -> bool {
    pin!(notify.notified()).enable()
}

/// Drops the value in the middle of a panic, which is the one that goes on.
#[track_caller]
fn drop_in_a_panic<T>(value: T) {
    let said = panic_of(|| {
        let _value = value;
        panic!("the outer one");
    });
    assert_eq!(said, "the outer one");
}

#[test]
fn a_half_that_goes_in_a_panic_may_wake() {
    let (sender, mut receiver) = channel::<()>();
    assert!(!poll(Pin::new(&mut receiver), &panics_when_woken()));
    drop_in_a_panic(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (mut sender, receiver) = channel::<()>();
    assert!(!poll_closed(&mut sender, &panics_when_woken()));
    drop_in_a_panic(receiver);
    assert!(sender.is_closed());
}

#[test]
fn a_notification_may_be_passed_on_in_a_panic() {
    let notify = Notify::new();
    let mut first = Box::pin(notify.notified());
    let mut second = pin!(notify.notified());
    assert!(!poll(first.as_mut(), Waker::noop()));
    assert!(!poll(second.as_mut(), &panics_when_woken()));
    notify.notify_one();
    drop_in_a_panic(first);
    assert!(poll(second, Waker::noop()));
    assert!(!has_permit(&notify));
}

#[test]
fn a_clone_that_panics_leaves_notified_as_it_was() {
    let clumsy = panics_when_cloned();
    let notify = Notify::new();
    let (count, waker) = Count::new();
    let mut notified = pin!(notify.notified());
    assert_eq!(panic_of(|| _ = poll(notified.as_mut(), &clumsy)), CLONE);
    // It doesn't wait.
    notify.notify_one();
    assert!(has_permit(&notify));

    assert!(!poll(notified.as_mut(), &waker));
    assert_eq!(panic_of(|| _ = poll(notified.as_mut(), &clumsy)), CLONE);
    // The former waker waits.
    notify.notify_one();
    assert_eq!(count.wakes(), 1);
    assert!(poll(notified, &clumsy));
    assert!(!has_permit(&notify));
    assert!(count.is_released());
}

#[test]
fn a_clone_that_panics_leaves_a_channel_as_it_was() {
    let clumsy = panics_when_cloned();
    let (mut sender, mut receiver) = channel();
    let (sends, sender_waker) = Count::new();
    let (receives, receiver_waker) = Count::new();
    for _ in 0..2 {
        assert_eq!(panic_of(|| _ = poll_closed(&mut sender, &clumsy)), CLONE);
        let receive = || _ = poll(Pin::new(&mut receiver), &clumsy);
        assert_eq!(panic_of(receive), CLONE);
        assert!(!poll_closed(&mut sender, &sender_waker));
        assert!(!poll(Pin::new(&mut receiver), &receiver_waker));
    }
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!((sends.wakes(), receives.wakes()), (0, 1));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(sends.is_released() && receives.is_released());
}

#[test]
fn a_drop_that_panics_leaves_notified_to_the_next() {
    let notify = Notify::new();
    let (count, waker) = Count::new();
    let clumsy = || {
        let mut notified = Box::pin(notify.notified());
        assert!(!poll(notified.as_mut(), &panics_when_dropped()));
        notified
    };
    // Replaced by another waker, which waits.
    let mut notified = clumsy();
    assert_eq!(panic_of(|| _ = poll(notified.as_mut(), &waker)), DROP);
    notify.notify_one();
    assert_eq!(count.wakes(), 1);
    assert!(poll(notified.as_mut(), &waker));

    // Dropped with its future, which leaves its place.
    let notified = clumsy();
    let mut next = pin!(notify.notified());
    assert!(!poll(next.as_mut(), &waker));
    assert_eq!(panic_of(|| drop(notified)), DROP);
    notify.notify_one();
    assert_eq!(count.wakes(), 2);
    assert!(poll(next, &waker));

    // By a wake, which has arrived.
    let mut notified = clumsy();
    assert_eq!(panic_of(|| notify.notify_one()), DROP);
    assert!(poll(notified.as_mut(), &waker));
    assert!(!has_permit(&notify));
    assert!(count.is_released());
}

#[test]
fn a_drop_that_panics_leaves_a_channel_to_the_next() {
    let (count, waker) = Count::new();
    // Replaced by another waker, which waits.
    let (sender, mut receiver) = channel();
    assert!(!poll(Pin::new(&mut receiver), &panics_when_dropped()));
    let receive = || _ = poll(Pin::new(&mut receiver), &waker);
    assert_eq!(panic_of(receive), DROP);
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(count.wakes(), 1);
    assert_eq!(receiver.try_recv(), Ok(1));

    // Dropped by the send that needs it no more, which has arrived.
    let (mut sender, mut receiver) = channel();
    assert!(!poll_closed(&mut sender, &panics_when_dropped()));
    assert!(!poll(Pin::new(&mut receiver), &waker));
    assert_eq!(panic_of(|| _ = sender.send(2)), DROP);
    assert_eq!(count.wakes(), 2);
    assert_eq!(receiver.try_recv(), Ok(2));

    // Dropped with the receiver, which the sender sees gone.
    let (sender, mut receiver) = channel();
    assert!(!poll(Pin::new(&mut receiver), &panics_when_dropped()));
    assert_eq!(panic_of(|| drop(receiver)), DROP);
    assert_eq!(sender.send(3), Err(3));
    assert!(count.is_released());
}

#[test]
fn a_clone_that_panics_leaves_a_receiver_as_it_was() {
    let clumsy = panics_when_cloned();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let (count, waker) = Count::new();
    for _ in 0..2 {
        assert_eq!(panic_of(|| _ = poll(pin!(rx.recv()), &clumsy)), CLONE);
        assert!(!poll(pin!(rx.recv()), &waker));
    }
    tx.send(1).unwrap();
    assert_eq!(count.wakes(), 1);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(count.is_released());
}

#[test]
fn a_drop_that_panics_leaves_a_receiver_to_the_next() {
    let (count, waker) = Count::new();
    // Replaced by another waker, which waits.
    let (tx, mut rx) = mpsc::unbounded_channel();
    assert!(!poll(pin!(rx.recv()), &panics_when_dropped()));
    assert_eq!(panic_of(|| _ = poll(pin!(rx.recv()), &waker)), DROP);
    tx.send(1).unwrap();
    assert_eq!(count.wakes(), 1);
    assert_eq!(rx.try_recv(), Ok(1));

    // Dropped with the receiver, of which the senders learn, and what is sent goes with it.
    let (tx, mut rx) = mpsc::channel(1);
    assert!(!poll(pin!(rx.recv()), &panics_when_dropped()));
    assert_eq!(panic_of(|| drop(rx)), DROP);
    assert!(tx.is_closed() && tx.try_send(1).is_err());

    // By a wake, which has arrived.
    let (tx, mut rx) = mpsc::channel(1);
    assert!(!poll(pin!(rx.recv()), &panics_when_dropped()));
    assert_eq!(panic_of(|| tx.try_send(1).unwrap()), DROP);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(count.is_released());
}

#[test]
fn a_clone_that_panics_costs_no_permit() {
    let clumsy = panics_when_cloned();
    let semaphore = Semaphore::new(1);
    let mut acquire = Box::pin(semaphore.acquire_many(2));
    assert_eq!(panic_of(|| _ = poll(acquire.as_mut(), &clumsy)), CLONE);
    assert_eq!(semaphore.available_permits(), 1);

    // One that waits, with what there was.
    let mut acquire = Box::pin(semaphore.acquire_many(2));
    assert!(!poll(acquire.as_mut(), Waker::noop()));
    assert_eq!(panic_of(|| _ = poll(acquire.as_mut(), &clumsy)), CLONE);
    drop(acquire);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_drop_that_panics_costs_no_permit() {
    let semaphore = Semaphore::new(1);
    let (count, waker) = Count::new();
    let clumsy = || {
        let mut acquire = Box::pin(semaphore.acquire_many(2));
        assert!(!poll(acquire.as_mut(), &panics_when_dropped()));
        acquire
    };
    // Dropped with its future, behind which another waits.
    let acquire = clumsy();
    let mut next = Box::pin(semaphore.acquire());
    assert!(!poll(next.as_mut(), &waker));
    assert_eq!(panic_of(|| drop(acquire)), DROP);
    assert_eq!(count.wakes(), 1);
    assert!(poll(next.as_mut(), &waker));
    assert_eq!(semaphore.available_permits(), 1);

    // Replaced by another waker.
    let mut acquire = clumsy();
    assert_eq!(panic_of(|| _ = poll(acquire.as_mut(), &waker)), DROP);
    drop(acquire);
    assert_eq!(semaphore.available_permits(), 1);

    // By a wake, which has arrived.
    let mut acquire = clumsy();
    assert_eq!(panic_of(|| semaphore.add_permits(1)), DROP);
    assert!(poll(acquire.as_mut(), &waker));
    assert_eq!(semaphore.available_permits(), 2);
    assert!(count.is_released());
}

#[test]
fn channels_end_in_a_panic() {
    let (tx, mut rx) = mpsc::channel::<()>(1);
    assert!(!poll(pin!(rx.recv()), &panics_when_woken()));
    drop_in_a_panic(tx);
    assert!(rx.is_closed());

    let (tx, mut rx) = mpsc::channel::<()>(1);
    let permit = tx.try_reserve_owned().unwrap();
    rx.close();
    assert!(!poll(pin!(rx.recv()), &panics_when_woken()));
    drop_in_a_panic(permit);
    assert!(rx.try_recv().is_err());

    let (tx, rx) = mpsc::channel(1);
    tx.try_send(1).unwrap();
    let mut send = pin!(tx.send(2));
    let mut closed = pin!(tx.closed());
    assert!(!poll(send.as_mut(), &panics_when_woken()));
    assert!(!poll(closed.as_mut(), &panics_when_woken()));
    drop_in_a_panic(rx);
    assert!(poll(send, Waker::noop()) && poll(closed, Waker::noop()));
}

#[test]
fn a_guard_that_goes_in_a_panic_hands_the_lock_on() {
    let mutex = Mutex::new(0);
    let guard = mutex.try_lock().unwrap();
    let mut next = Box::pin(mutex.lock());
    assert!(!poll(next.as_mut(), &panics_when_woken()));
    drop_in_a_panic(guard);
    assert!(mutex.try_lock().is_err());
    assert!(poll(next.as_mut(), Waker::noop()));

    // Also one who was given it, and wasn't told.
    let guard = mutex.try_lock().unwrap();
    let mut first = Box::pin(mutex.lock());
    let mut second = Box::pin(mutex.lock());
    assert!(!poll(first.as_mut(), Waker::noop()));
    assert!(!poll(second.as_mut(), &panics_when_woken()));
    drop(guard);
    drop_in_a_panic(first);
    assert!(poll(second.as_mut(), Waker::noop()));
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_wait_for_a_condition_that_goes_in_a_panic_passes_on_what_it_got() {
    let (mutex, condition) = (Mutex::new(0), Condition::new());
    let mut first = Box::pin(condition.wait(mutex.try_lock().unwrap()));
    assert!(!poll(first.as_mut(), &panics_when_dropped()));
    let mut second = Box::pin(condition.wait(mutex.try_lock().unwrap()));
    assert!(!poll(second.as_mut(), &panics_when_woken()));
    assert_eq!(panic_of(|| condition.notify_one()), DROP);
    drop_in_a_panic(first);
    assert!(poll(second.as_mut(), Waker::noop()));
}
