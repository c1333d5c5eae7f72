//! The futures of the locks and what stands beside them, dropped after each of their polls.

use heist::spawn;
use heist::sync::{Barrier, Condition, Event, Mutex, OnceCell, RwLock, Semaphore, SetOnce};
use heist::task::{JoinHandle, yield_now};
use heist_tests::Probe;
use std::sync::Arc;

cases! {
    acquiring acquiring_many acquiring_owned acquiring_many_owned acquiring_while_it_closes
    locking locking_owned reading reading_owned writing writing_owned
    meeting making_a_value failing_to_make_one waiting_for_another_to_make_it waiting_for_a_value
    waiting_for_an_event waiting_for_a_change waiting_for_a_predicate handing_a_change_on
}

/// Drops what others wait for, when they have had the time to wait.
fn drop_later<T: Send + 'static>(held: T) -> JoinHandle<()> {
    spawn(async move {
        yield_now().await;
        drop(held);
    })
}

// Semaphores.

async fn acquiring(probe: Probe) {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.clone().try_acquire_owned().expect("it is free");
    let peer = drop_later(held);
    drop(probe.drop_after(semaphore.acquire()).await);
    probe.assert_no_waker().await;
    peer.await.expect("it releases");
    assert_eq!(semaphore.available_permits(), 1);
}

/// One that is given its permits one by one.
async fn acquiring_many(probe: Probe) {
    let semaphore = Arc::new(Semaphore::new(1));
    let peer = spawn({
        let semaphore = semaphore.clone();
        async move {
            for _ in 0..2 {
                yield_now().await;
                semaphore.add_permits(1);
            }
        }
    });
    drop(probe.drop_after(semaphore.acquire_many(3)).await);
    peer.await.expect("it releases");
    assert_eq!(semaphore.available_permits(), 3);
}

async fn acquiring_owned(probe: Probe) {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.clone().try_acquire_owned().expect("it is free");
    let peer = drop_later(held);
    drop(probe.drop_after(semaphore.clone().acquire_owned()).await);
    peer.await.expect("it releases");
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

async fn acquiring_many_owned(probe: Probe) {
    let semaphore = Arc::new(Semaphore::new(3));
    let held = semaphore.clone().try_acquire_many_owned(2);
    let peer = drop_later(held.expect("they are free"));
    drop(
        probe
            .drop_after(semaphore.clone().acquire_many_owned(3))
            .await,
    );
    peer.await.expect("it releases");
    assert_eq!(semaphore.available_permits(), 3);
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

async fn acquiring_while_it_closes(probe: Probe) {
    let semaphore = Arc::new(Semaphore::new(1));
    let peer = spawn({
        let semaphore = semaphore.clone();
        async move {
            yield_now().await;
            semaphore.close();
        }
    });
    if let Some(acquired) = probe.drop_after(semaphore.acquire_many(2)).await {
        acquired.expect_err("there is one only");
    }
    peer.await.expect("it closes");
    // What it had got is given back also then.
    assert_eq!(semaphore.available_permits(), 1);
}

// Locks.

async fn locking(probe: Probe) {
    let mutex = Arc::new(Mutex::new(0));
    let held = mutex.clone().try_lock_owned().expect("it is free");
    let peer = drop_later(held);
    if let Some(mut guard) = probe.drop_after(mutex.lock()).await {
        *guard += 1;
    }
    probe.assert_no_waker().await;
    peer.await.expect("it unlocks");
    assert!(mutex.try_lock().is_ok());
}

/// Behind one that gives up there is another.
async fn locking_owned(probe: Probe) {
    let mutex = Arc::new(Mutex::new(0));
    let held = mutex.clone().try_lock_owned().expect("it is free");
    let peer = drop_later(held);
    let work = async {
        let first = mutex.clone().lock_owned();
        drop(probe.drop_after(first).await);
    };
    let next = spawn({
        let (mutex, token) = (mutex.clone(), probe.token());
        async move {
            *mutex.lock().await += 1;
            drop(token);
        }
    });
    work.await;
    peer.await.expect("it unlocks");
    next.await.expect("the lock is handed on");
    assert_eq!(*mutex.try_lock().expect("it is free"), 1);
    assert_eq!(Arc::strong_count(&mutex), 1);
}

async fn reading(probe: Probe) {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.clone().try_write_owned().expect("it is free");
    let peer = drop_later(held);
    drop(probe.drop_after(lock.read()).await);
    peer.await.expect("it unlocks");
    assert!(lock.try_write().is_ok());
}

async fn reading_owned(probe: Probe) {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.clone().try_write_owned().expect("it is free");
    let peer = drop_later(held);
    drop(probe.drop_after(lock.clone().read_owned()).await);
    peer.await.expect("it unlocks");
    assert!(lock.try_write().is_ok());
    assert_eq!(Arc::strong_count(&lock), 1);
}

/// A writer that gives up lets those in who came after it.
async fn writing(probe: Probe) {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.clone().try_read_owned().expect("it is free");
    let readers = spawn({
        let (lock, token) = (lock.clone(), probe.token());
        async move {
            yield_now().await;
            drop(held);
            drop((lock.read().await, token));
        }
    });
    if let Some(mut guard) = probe.drop_after(lock.write()).await {
        *guard += 1;
    }
    readers.await.expect("they read");
    assert!(lock.try_write().is_ok());
}

async fn writing_owned(probe: Probe) {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.clone().try_read_owned().expect("it is free");
    let peer = drop_later(held);
    if let Some(guard) = probe.drop_after(lock.clone().write_owned()).await {
        drop(guard.downgrade());
    }
    peer.await.expect("it unlocks");
    assert!(lock.try_write().is_ok());
    assert_eq!(Arc::strong_count(&lock), 1);
}

// Meeting, values, events.

async fn meeting(probe: Probe) {
    let barrier = Arc::new(Barrier::new(2));
    // It waits for whoever comes: the probed one, or the one after it.
    let peer = spawn({
        let (barrier, token) = (barrier.clone(), probe.token());
        async move {
            yield_now().await;
            let leads = barrier.wait().await.is_leader();
            drop(token);
            leads
        }
    });
    match probe.drop_after(barrier.wait()).await {
        Some(result) => assert_ne!(result.is_leader(), peer.await.expect("it waits")),
        // It may have been cut short after they met.
        None => {
            while !peer.is_finished() {
                yield_now().await;
                let mut again = Box::pin(barrier.wait());
                let met = std::future::poll_fn(|cx| {
                    std::task::Poll::Ready(again.as_mut().poll(cx).is_ready())
                });
                if met.await {
                    break;
                }
            }
            peer.await.expect("it waits");
        }
    }
}

async fn making_a_value(probe: Probe) {
    let cell = OnceCell::new();
    let make = cell.get_or_init(|| async {
        yield_now().await;
        1
    });
    let made = probe.drop_after(make).await.copied();
    assert_eq!(cell.get().copied(), made);
    assert_eq!(*cell.get_or_init(|| async { 2 }).await, made.unwrap_or(2));
}

async fn failing_to_make_one(probe: Probe) {
    let cell = OnceCell::new();
    let make = cell.get_or_try_init(|| async {
        yield_now().await;
        Err("in vain")
    });
    if let Some(made) = probe.drop_after(make).await {
        made.expect_err("it fails");
    }
    cell.set(1).expect("nobody is making one");
}

async fn waiting_for_another_to_make_it(probe: Probe) {
    let cell = Arc::new(OnceCell::new());
    let peer = spawn({
        let (cell, token) = (cell.clone(), probe.token());
        async move {
            let make = || async {
                yield_now().await;
                yield_now().await;
                1
            };
            let value = *cell.get_or_init(make).await;
            drop(token);
            value
        }
    });
    yield_now().await;
    let value = probe.drop_after(cell.get_or_init(|| async { 1 })).await;
    assert!(value.is_none_or(|&value| value == 1));
    assert_eq!(peer.await.expect("it makes one"), 1);
}

async fn waiting_for_a_value(probe: Probe) {
    let cell = Arc::new(SetOnce::new());
    let peer = spawn({
        let cell = cell.clone();
        async move {
            yield_now().await;
            cell.set(1)
        }
    });
    if let Some(value) = probe.drop_after(cell.wait()).await {
        assert_eq!(value, &1);
    }
    probe.assert_no_waker().await;
    assert_eq!(peer.await.expect("it sets it"), Ok(()));
    assert_eq!(cell.wait().await, &1);
}

async fn waiting_for_an_event(probe: Probe) {
    let event = Arc::new(Event::new());
    let peer = spawn({
        let event = event.clone();
        async move {
            yield_now().await;
            event.set();
        }
    });
    probe.drop_after(event.wait()).await;
    probe.assert_no_waker().await;
    peer.await.expect("it sets it");
    event.wait().await;
}

// Conditions.

/// What a lock guards, and that it has changed.
type Guarded = Arc<(Mutex<u32>, Condition)>;

fn change_later(shared: &Guarded) -> JoinHandle<()> {
    let shared = shared.clone();
    spawn(async move {
        yield_now().await;
        *shared.0.lock().await += 1;
        shared.1.notify_one();
    })
}

async fn waiting_for_a_change(probe: Probe) {
    let shared: Guarded = Arc::default();
    let peer = change_later(&shared);
    let guard = shared.0.lock().await;
    let changes = *guard;
    match probe.drop_after(shared.1.wait(guard)).await {
        Some(guard) => assert_eq!(*guard, changes + 1),
        // It has not even begun, or has unlocked.
        None => drop(shared.0.lock().await),
    }
    probe.assert_no_waker().await;
    peer.await.expect("it changes it");
}

async fn waiting_for_a_predicate(probe: Probe) {
    let shared: Guarded = Arc::default();
    let peer = change_later(&shared);
    let guard = shared.0.lock().await;
    let wait = shared.1.wait_for(guard, |&mut value| value > 0);
    if let Some(guard) = probe.drop_after(wait).await {
        assert_eq!(*guard, 1);
    }
    peer.await.expect("it changes it");
    let guard = shared.0.try_lock().expect("it is free");
    assert_eq!(*shared.1.wait_for(guard, |&mut value| value > 0).await, 1);
}

/// One notification for two: who was told tells the other, and who gives up hands it on.
async fn handing_a_change_on(probe: Probe) {
    let shared: Guarded = Arc::default();
    let other = spawn({
        let (shared, token) = (shared.clone(), probe.token());
        async move {
            let guard = shared.0.lock().await;
            drop(shared.1.wait_for(guard, |&mut value| value > 0).await);
            shared.1.notify_one();
            drop(token);
        }
    });
    let peer = change_later(&shared);
    let guard = shared.0.lock().await;
    let wait = shared.1.wait_for(guard, |&mut value| value > 0);
    if let Some(guard) = probe.drop_after(wait).await {
        drop(guard);
        shared.1.notify_one();
    }
    peer.await.expect("it changes it");
    other.await.expect("the change is handed on");
}
