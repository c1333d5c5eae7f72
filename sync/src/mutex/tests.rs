//! What the docs of `Mutex` and its guards say, case by case, and a stress of it with futures that give up.
#![forbid(unsafe_code)]

use super::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
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
fn tasks_get_it_in_the_order_in_which_they_asked() {
    let mutex = Mutex::new(0);
    let guard = mutex.try_lock().unwrap();
    let wakers = [(); 3].map(|()| CountingWaker::new());
    let mut first = Box::pin(mutex.lock());
    let mut second = Box::pin(mutex.lock());
    let mut third = Box::pin(mutex.lock());
    assert!(poll(first.as_mut(), &wakers[0]).is_pending());
    assert!(poll(second.as_mut(), &wakers[1]).is_pending());
    assert!(poll(third.as_mut(), &wakers[2]).is_pending());
    drop(guard);
    // It is the first's, who was not polled yet.
    assert!(mutex.try_lock().is_err());
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 0, 0]);
    // And goes on to the next, if that gives up.
    drop(first);
    assert_eq!(wakers.each_ref().map(|waker| waker.woken()), [1, 1, 0]);
    let Poll::Ready(guard) = poll(second.as_mut(), &wakers[1]) else {
        panic!("it has got the lock")
    };
    drop((guard, third));
    assert!(mutex.try_lock().is_ok());
    assert!(wakers.iter().all(|waker| waker.is_released()));
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let mutex = Arc::new(Mutex::new(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = mutex.try_lock().unwrap();
        panic!("inside");
    }));
    assert!(panicked.is_err() && mutex.try_lock().is_ok());
    // Nor does one in a closure that maps.
    let map = || MutexGuard::map(mutex.try_lock().unwrap(), |_| -> &mut u32 { panic!("map") });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(map()))).is_err());
    assert!(mutex.try_lock().is_ok());
    let owned = || Arc::clone(&mutex).try_lock_owned().unwrap();
    let map = || OwnedMutexGuard::map(owned(), |_| -> &mut u32 { panic!("map") });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(map()))).is_err());
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn mapped_guards_hold_the_lock() {
    let mutex = Arc::new(Mutex::new(((1, 2), [3, 4])));
    let guard = MutexGuard::map(mutex.try_lock().unwrap(), |all| &mut all.1[..]);
    let mut guard = MappedMutexGuard::try_map(guard, |list| list.get_mut(1)).unwrap();
    *guard += 10;
    assert!(mutex.try_lock().is_err());
    drop(guard);

    let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    let guard = OwnedMutexGuard::try_map(guard, |_| None::<&mut u32>).unwrap_err();
    let guard = OwnedMutexGuard::map(guard, |all| &mut all.0);
    let guard = OwnedMappedMutexGuard::try_map(guard, |_| None::<&mut u32>).unwrap_err();
    let mut guard = OwnedMappedMutexGuard::map(guard, |pair| &mut pair.0);
    *guard += 10;
    assert!(mutex.try_lock().is_err());
    drop(guard);

    assert_eq!(*mutex.try_lock().unwrap(), ((11, 2), [3, 14]));
    assert_eq!(Arc::strong_count(&mutex), 1);
}

#[test]
fn it_says_what_is_in_it_unless_it_is_locked() {
    let mutex = Mutex::from("text");
    assert_eq!(format!("{mutex:?}"), "Mutex { data: \"text\" }");
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked> }");
    assert_eq!(format!("{guard} {guard:?}"), "text \"text\"");
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}

#[test]
fn what_is_in_it_may_be_unsized() {
    let mutex: &Mutex<[u8]> = &Mutex::new([1, 2]);
    mutex.try_lock().unwrap()[0] = 5;
    let mutex: Arc<Mutex<dyn Fn() -> u8 + Send>> = Arc::new(Mutex::new(|| 7));
    assert_eq!(mutex.try_lock_owned().unwrap()(), 7);
}

#[test]
fn it_spends_the_budget() {
    let mutex = Mutex::new(());
    let waker = CountingWaker::new();
    coop::with_budget(Budget::new(1), || {
        assert!(poll(pin!(mutex.lock()), &waker).is_ready());
        assert!(poll(pin!(mutex.lock()), &waker).is_pending());
    });
    assert_eq!(waker.woken(), 1);
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn blocking_on_a_worker_panics_and_says_what_to_do() {
    let mutex = Mutex::new(());
    let worker = coop::Context::new(Budget::unlimited(), Blocking::Forbidden);
    let panic = coop::enter(worker, || {
        catch_unwind(AssertUnwindSafe(|| drop(mutex.blocking_lock()))).unwrap_err()
    });
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("await `lock`"), "{message}");
}

/// Threads that lock, some by blocking, some giving up: no addition is lost.
#[test]
fn stress() {
    const ROUNDS: u64 = 5_000;
    let mutex = Arc::new(Mutex::new(0_u64));
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                let mut given_up = 0;
                for round in 0..ROUNDS {
                    match (round + thread) % 4 {
                        0 => *block_on(mutex.lock()) += 1,
                        1 => *mutex.blocking_lock() += 1,
                        2 => *Arc::clone(&mutex).blocking_lock_owned() += 1,
                        _ => match poll(pin!(mutex.lock()), &CountingWaker::new()) {
                            Poll::Ready(mut guard) => *guard += 1,
                            Poll::Pending => given_up += 1,
                        },
                    }
                }
                given_up
            })
        })
        .collect();
    let given_up: u64 = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(*block_on(mutex.lock()), 4 * ROUNDS - given_up);
}
