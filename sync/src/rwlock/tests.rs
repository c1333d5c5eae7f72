//! What the docs of `RwLock` and its guards say, case by case, and a stress of it with futures that give up.
#![forbid(unsafe_code)]

use super::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
use crate::coop::{self, Blocking, Budget};
use crate::counting_waker::CountingWaker;
use futures_lite::future::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::thread;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Arc<CountingWaker>) -> Poll<F::Output> {
    waker.enter(|cx| future.poll(cx))
}

#[test]
fn many_read_or_one_writes() {
    let lock = RwLock::new(1);
    let (one, other) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    assert_eq!(*one + *other, 2);
    assert!(lock.try_write().is_err());
    drop((one, other));
    let mut guard = lock.try_write().unwrap();
    *guard += 1;
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    drop(guard);
    assert_eq!(*lock.try_read().unwrap(), 2);
}

#[test]
fn readers_that_come_after_a_writer_wait_for_it() {
    let lock = RwLock::new(());
    let waker = CountingWaker::new();
    let reads = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    assert!(poll(write.as_mut(), &waker).is_pending());
    assert!(lock.try_read().is_err());
    let mut read = Box::pin(lock.read());
    assert!(poll(read.as_mut(), &waker).is_pending());
    drop(reads);
    assert!(poll(read.as_mut(), &waker).is_pending());
    let Poll::Ready(writes) = poll(write.as_mut(), &waker) else {
        panic!("it is its turn")
    };
    drop(writes);
    assert!(poll(read.as_mut(), &waker).is_ready());
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    let lock = RwLock::new(());
    let wakers = [CountingWaker::new(), CountingWaker::new()];
    let reads = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    let mut read = Box::pin(lock.read());
    assert!(poll(write.as_mut(), &wakers[0]).is_pending());
    assert!(poll(read.as_mut(), &wakers[1]).is_pending());
    drop(write);
    assert_eq!((wakers[0].woken(), wakers[1].woken()), (0, 1));
    assert!(poll(read.as_mut(), &wakers[1]).is_ready());
    drop(reads);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    let lock = Arc::new(RwLock::new((1, 2)));
    let waker = CountingWaker::new();
    let guard = lock.try_write().unwrap();
    let mut read = Box::pin(lock.read());
    let mut write = Box::pin(lock.write());
    assert!(poll(read.as_mut(), &waker).is_pending());
    assert!(poll(write.as_mut(), &waker).is_pending());
    let guard = guard.downgrade();
    assert_eq!(waker.woken(), 1);
    assert!(poll(read.as_mut(), &waker).is_ready());
    drop((guard, write));

    let guard = RwLockWriteGuard::downgrade_map(lock.try_write().unwrap(), |pair| &pair.1);
    assert_eq!((*guard, lock.try_read().unwrap().0), (2, 1));
    drop(guard);
    let guard = Arc::clone(&lock).try_write_owned().unwrap();
    let guard = OwnedRwLockWriteGuard::try_downgrade_map(guard, |_| None::<&u8>).unwrap_err();
    assert!(lock.try_read().is_err());
    let guard = OwnedRwLockWriteGuard::downgrade_map(guard, |pair| &pair.1);
    assert_eq!((*guard, lock.try_read().unwrap().0), (2, 1));
    assert!(lock.try_write().is_err());
    drop(guard);
    assert!(lock.try_write().is_ok());
}

#[test]
fn mapped_guards_hold_the_lock() {
    let lock = Arc::new(RwLock::new(((1, 2), [3, 4])));
    let guard = RwLockWriteGuard::map(lock.try_write().unwrap(), |all| &mut all.1[..]);
    let mut guard = RwLockMappedWriteGuard::try_map(guard, |list| list.get_mut(1)).unwrap();
    *guard += 10;
    assert!(lock.try_read().is_err());
    drop(guard);

    let guard = Arc::clone(&lock).try_write_owned().unwrap();
    let guard = OwnedRwLockWriteGuard::map(guard, |all| &mut all.0);
    let mut guard = OwnedRwLockMappedWriteGuard::map(guard, |pair| &mut pair.0);
    *guard += 10;
    assert!(
        OwnedRwLockMappedWriteGuard::rwlock(&guard)
            .try_read()
            .is_err()
    );
    drop(guard);

    let guard = RwLockReadGuard::map(lock.try_read().unwrap(), |all| &all.1);
    let guard = RwLockReadGuard::try_map(guard, |list| list.get(9)).unwrap_err();
    assert_eq!(*guard, [3, 14]);
    assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    drop(guard);

    let guard = Arc::clone(&lock).try_read_owned().unwrap();
    let guard = OwnedRwLockReadGuard::map(guard, |all| &all.0);
    assert_eq!(*guard, (11, 2));
    assert!(lock.try_write().is_err());
    drop(guard);
    assert!(lock.try_write().is_ok());
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let guard = lock.try_write().unwrap();
        drop(RwLockWriteGuard::map(guard, |_| -> &mut u32 {
            panic!("map")
        }));
    }));
    assert!(panicked.is_err() && lock.try_write().is_ok());
}

#[test]
fn a_waker_that_panics_at_a_downgrade_leaves_the_lock_free() {
    let lock = RwLock::new(1);
    let panics = CountingWaker::panicking();
    let guard = lock.try_write().unwrap();
    let mut read = Box::pin(lock.read());
    assert!(poll(read.as_mut(), &panics).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(guard.downgrade()))).is_err());
    assert!(poll(read.as_mut(), &panics).is_ready());
    assert!(lock.try_write().is_ok() && panics.is_released());
}

#[test]
fn so_many_may_read_as_was_said() {
    let lock = RwLock::with_max_readers((), 2);
    let guards = (lock.try_read().unwrap(), lock.try_read().unwrap());
    assert!(lock.try_read().is_err());
    drop(guards);
    assert!(lock.try_write().is_ok());
    // Without a reader a writer would need no permit.
    assert!(catch_unwind(|| RwLock::with_max_readers((), 0)).is_err());
    assert!(catch_unwind(|| RwLock::with_max_readers((), u32::MAX)).is_err());
}

#[test]
fn it_says_what_is_in_it_unless_it_is_written() {
    let lock = RwLock::from("text");
    let guard = lock.try_read().unwrap();
    assert_eq!(
        format!("{lock:?} {guard}"),
        "RwLock { data: \"text\" } text"
    );
    drop(guard);
    let guard = lock.try_write().unwrap();
    assert_eq!(
        format!("{lock:?} {guard:?}"),
        "RwLock { data: <locked> } \"text\""
    );
    assert_eq!(RwLock::<u8>::default().into_inner(), 0);
}

#[test]
fn it_spends_the_budget() {
    let lock = RwLock::new(());
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(2), || {
        assert!(poll(pin!(lock.read()), &waker).is_ready());
        assert!(poll(pin!(lock.write()), &waker).is_ready());
        assert!(poll(pin!(lock.read()), &waker).is_pending());
    });
    assert_eq!(waker.woken(), 1);
}

#[test]
fn blocking_on_a_worker_panics_and_says_what_to_do() {
    let lock = RwLock::new(());
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    for (block, instead) in [
        (
            &(|| drop(lock.blocking_read())) as &dyn Fn(),
            "await `read`",
        ),
        (&|| drop(lock.blocking_write()), "await `write`"),
    ] {
        let panic = coop::enter(worker, || {
            catch_unwind(AssertUnwindSafe(block)).unwrap_err()
        });
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains(instead), "{message}");
    }
}

/// Threads that read and write, some by blocking, some giving up: who reads sees both halves equal, and nothing is lost.
#[test]
fn stress() {
    const ROUNDS: u64 = 5_000;
    let lock = Arc::new(RwLock::with_max_readers((0_u64, 0_u64), 3));
    let add = |pair: &mut (u64, u64)| {
        pair.0 += 1;
        pair.1 += 1;
        1
    };
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let mut written = 0;
                for round in 0..ROUNDS {
                    match (round + thread) % 5 {
                        0 => written += add(&mut block_on(lock.write())),
                        1 => {
                            let guard = lock.blocking_read();
                            assert_eq!(guard.0, guard.1);
                        }
                        2 => {
                            let mut guard = block_on(Arc::clone(&lock).write_owned());
                            written += add(&mut guard);
                            let guard = guard.downgrade();
                            assert_eq!(guard.0, guard.1);
                        }
                        3 => drop(poll(pin!(lock.read()), &CountingWaker::new())),
                        _ => {
                            if let Poll::Ready(mut guard) =
                                poll(pin!(lock.write()), &CountingWaker::new())
                            {
                                written += add(&mut guard);
                            }
                        }
                    }
                }
                written
            })
        })
        .collect();
    let written: u64 = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(*block_on(lock.read()), (written, written));
    assert!(lock.try_write().is_ok());
}
