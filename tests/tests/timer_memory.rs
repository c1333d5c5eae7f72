//! Timers that are cancelled while their worker is blocked: their memory is back at once, not when the worker comes to it.
//!
//! The count is the process's, so this is one test, alone in its process.

use heist::runtime::Builder;
use heist::time::{Duration, Sleep, sleep};
use heist_tests::{guarded, receive};
use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::task::{Context, Wake, Waker};
use std::thread;

const TIMERS: usize = 1_000_000;
/// What the runtime's and the harness's threads may allocate meanwhile, such as another worker's start: a quarter of a byte for each timer.
const BESIDE: usize = TIMERS / 4;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes are allocated.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of what was asked for and not given back.
struct Counting;

// SAFETY: every method passes its arguments on to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), SeqCst);
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller keeps `GlobalAlloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The waker of all the timers, whose clones its `Arc` counts.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {
        unreachable!("the timers are an hour off");
    }
}

/// Who drops the timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    OutsideThread,
    OtherWorker,
}

#[test]
fn cancelled_while_their_worker_is_blocked_timers_leave_nothing() {
    guarded("timer_memory", || {
        for from in [From::OutsideThread, From::OtherWorker] {
            round(from);
        }
    });
}

fn round(from: From) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        // That it blocks is no news.
        .on_slow_poll(|_| ())
        .build()
        .expect("the runtime is built");
    let nobody = Arc::new(Nobody);
    let waker = Waker::from(nobody.clone());
    let (armed, arming) = channel();
    let (release, blocked) = channel::<()>();

    let before = LIVE.load(SeqCst);
    let worker = runtime.spawn(async move {
        let mut timers = Vec::<Pin<Box<Sleep>>>::with_capacity(TIMERS);
        for number in 0..TIMERS {
            // Spread over the slots of several levels.
            let mut timer = Box::pin(sleep(Duration::from_millis(3_600_000 + number as u64)));
            let poll = timer.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            timers.push(timer);
        }
        drop(waker);
        armed
            .send((timers, thread::current().id()))
            .expect("it is waited for");
        // The thread, not the task.
        let _ = blocked.recv();
        thread::current().id()
    });

    let (timers, theirs) = receive(&arming);
    let held = TIMERS * (size_of::<Sleep>() + size_of::<Pin<Box<Sleep>>>());
    assert!(LIVE.load(SeqCst) >= before + held);
    assert_eq!(Arc::strong_count(&nobody), TIMERS + 1);

    let cancel = move || {
        assert_ne!(thread::current().id(), theirs);
        drop(timers);
    };
    match from {
        From::OutsideThread => cancel(),
        From::OtherWorker => {
            let (cancelled, cancelling) = channel();
            drop(runtime.spawn(async move {
                cancel();
                cancelled.send(()).expect("it is waited for");
            }));
            receive(&cancelling);
        }
    }

    // It is blocked still.
    assert!(!worker.is_finished());
    assert_eq!(
        Arc::strong_count(&nobody),
        1,
        "a waker is left on the wheel"
    );
    let left = LIVE.load(SeqCst).saturating_sub(before);
    assert!(
        left < BESIDE,
        "{left} bytes are left of {TIMERS} timers, {from:?}"
    );
    release.send(()).expect("it waits for this");
    let same = runtime.block_on(worker).expect("it ends");
    assert_eq!(same, theirs);
}
