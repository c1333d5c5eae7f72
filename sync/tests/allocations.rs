//! What is allocated: one block for a channel, and nothing to wait.

use heist_sync::{Barrier, Condition, Event, Mutex, Notify, RwLock, Semaphore, SetOnce, oneshot};
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
