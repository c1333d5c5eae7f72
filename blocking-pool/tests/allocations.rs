//! In the steady state a spawn makes one allocation and a submission none.
//!
//! This file has one test, so that nothing else allocates meanwhile.

use heist_blocking_pool::{Job, JobPool, Pool};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Tick(Arc<AtomicUsize>);

impl Job for Tick {
    fn run(self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn cancel(self) {}
}

/// The allocations of one call: none but the pool's threads run beside it.
fn allocations(of: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    of();
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

#[test]
fn one_allocation_a_spawn_and_none_a_submission() {
    const N: usize = 1_000;

    let pool = Pool::builder().max_threads(1).build();
    let spawn = || {
        for n in 0..N {
            assert_eq!(pool.spawn(move || n).join().unwrap(), n);
        }
    };
    spawn();
    assert_eq!(allocations(spawn), N);

    let pool: JobPool<Tick> = Pool::builder().max_threads(1).build_job_pool();
    let run = Arc::new(AtomicUsize::new(0));
    let submit = || {
        run.store(0, Ordering::Relaxed);
        for done in 1..=N {
            pool.submit(Tick(run.clone())).unwrap();
            while run.load(Ordering::Relaxed) < done {
                thread::yield_now();
            }
        }
    };
    submit();
    assert_eq!(allocations(submit), 0);
}
