//! What is allocated: one block for a channel, and nothing to wait.

use heist_sync::{
    Barrier, CancellationToken, Condition, Event, Mutex, Notify, Queue, RwLock, Semaphore, SetOnce,
    broadcast, mpsc, oneshot, watch,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is done by the system's allocator; the count is a thread-local without a destructor, which allocates
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

#[test]
fn a_channel_is_one_allocation() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (mut tx, mut rx) = oneshot::channel();
        assert!(tx.poll_closed(&mut cx).is_pending());
        assert!(Pin::new(&mut rx).poll(&mut cx).is_pending());
        assert!(tx.send([0_u64; 8]).is_ok());
        assert!(Pin::new(&mut rx).poll(&mut cx).is_ready());
    });
    assert_eq!(count, 1);
}

#[test]
fn notify_allocates_nothing() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let notify = Notify::new();
        let mut one = pin!(notify.notified());
        let mut all = pin!(notify.notified());
        assert!(one.as_mut().poll(&mut cx).is_pending());
        assert!(all.as_mut().poll(&mut cx).is_pending());
        notify.notify_one();
        notify.notify_waiters();
        assert!(one.as_mut().poll(&mut cx).is_ready());
        assert!(all.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn locks_allocate_nothing() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (mutex, lock, semaphore) = (Mutex::new(0), RwLock::new(0), Semaphore::new(1));
        let held = (mutex.try_lock(), lock.try_write(), semaphore.try_acquire());
        let mut locks = pin!(mutex.lock());
        let mut reads = pin!(lock.read());
        let mut acquires = pin!(semaphore.acquire_many(1));
        assert!(locks.as_mut().poll(&mut cx).is_pending());
        assert!(reads.as_mut().poll(&mut cx).is_pending());
        assert!(acquires.as_mut().poll(&mut cx).is_pending());
        drop(held);
        assert!(locks.as_mut().poll(&mut cx).is_ready());
        assert!(reads.as_mut().poll(&mut cx).is_ready());
        assert!(acquires.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn waiting_beside_locks_allocates_nothing() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (event, barrier, value) = (Event::new(), Barrier::new(2), SetOnce::new());
        let (mutex, condition) = (Mutex::new(0), Condition::new());
        let mut happens = pin!(event.wait());
        let mut meets = pin!(barrier.wait());
        let mut gets = pin!(value.wait());
        let mut changes = pin!(condition.wait(mutex.try_lock().unwrap()));
        assert!(happens.as_mut().poll(&mut cx).is_pending());
        assert!(meets.as_mut().poll(&mut cx).is_pending());
        assert!(gets.as_mut().poll(&mut cx).is_pending());
        assert!(changes.as_mut().poll(&mut cx).is_pending());
        event.set();
        assert!(pin!(barrier.wait()).poll(&mut cx).is_ready());
        assert!(value.set(1).is_ok());
        condition.notify_one();
        assert!(happens.as_mut().poll(&mut cx).is_ready());
        assert!(meets.as_mut().poll(&mut cx).is_ready());
        assert!(gets.as_mut().poll(&mut cx).is_ready());
        assert!(changes.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn a_watch_channel_is_one_allocation_and_waits_without() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (tx, mut rx) = watch::channel(0);
        let mut other = rx.clone();
        let mut one = pin!(rx.changed());
        let mut two = pin!(other.wait_for(|value| *value == 2));
        for value in 1..=2 {
            assert!(two.as_mut().poll(&mut cx).is_pending());
            tx.send_replace(value);
        }
        assert!(one.as_mut().poll(&mut cx).is_ready());
        assert!(two.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 1);
}

#[test]
fn a_broadcast_channel_is_two_allocations_and_waits_without() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (tx, mut rx) = broadcast::channel(4);
        let mut other = tx.subscribe();
        for value in 0..10 {
            let mut one = pin!(rx.recv());
            let mut two = pin!(other.recv());
            assert!(one.as_mut().poll(&mut cx).is_pending());
            assert!(two.as_mut().poll(&mut cx).is_pending());
            assert_eq!(tx.send(value), Ok(2));
            assert!(one.as_mut().poll(&mut cx).is_ready());
            assert!(two.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, 2);
}

#[test]
fn a_token_waits_and_is_cancelled_without_an_allocation() {
    let mut cx = Context::from_waker(Waker::noop());
    let root = CancellationToken::new();
    let first = root.child_token();
    // Their places are there already.
    let many: Vec<_> = (0..10).map(|_| root.child_token()).collect();
    drop(many);
    assert_eq!(allocations(|| drop(first.child_token())), 1);
    let count = allocations(|| {
        let mut cancelled = pin!(first.cancelled());
        assert!(cancelled.as_mut().poll(&mut cx).is_pending());
        root.cancel();
        assert!(cancelled.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn mpsc_allocates_blocks_and_uses_them_again() {
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations(|| {
        let (tx, mut rx) = mpsc::channel(2);
        for n in 0..1_000 {
            assert!(rx.poll_recv(&mut cx).is_pending());
            tx.try_send(n).unwrap();
            tx.try_send(n).unwrap();
            let mut send = pin!(tx.send(n));
            assert!(send.as_mut().poll(&mut cx).is_pending());
            assert!(rx.poll_recv(&mut cx).is_ready());
            assert!(send.poll(&mut cx).is_ready());
            assert!(rx.poll_recv(&mut cx).is_ready());
            assert!(rx.poll_recv(&mut cx).is_ready());
        }
    });
    // What the halves share, and two blocks by turns.
    assert_eq!(count, 3);
}

#[test]
fn a_queue_allocates_for_its_items_alone() {
    let mut cx = Context::from_waker(Waker::noop());
    let queue = Queue::new(1);
    queue.try_put(0).unwrap();
    let count = allocations(|| {
        for n in 1..100 {
            let mut put = pin!(queue.put(n));
            assert!(put.as_mut().poll(&mut cx).is_pending());
            assert_eq!(queue.try_get(), Ok(n - 1));
            assert!(put.poll(&mut cx).is_ready());
        }
        assert_eq!(queue.try_get(), Ok(99));
        assert!(pin!(queue.get()).poll(&mut cx).is_pending());
    });
    assert_eq!(count, 0);
}
