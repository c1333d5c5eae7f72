//! Guards do nothing unless they are kept, nor does what has to be asked or built.
#![deny(unused_must_use)]
#![allow(path_statements)]

use heist::blocking::Pool;
use heist::runtime::Runtime;
use heist::sync::{Mutex, MutexGuard, Notify, OwnedMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use heist::sync::{Queue, Semaphore, SemaphorePermit, mpsc, oneshot};
use heist::task::coop::{self, Blocking, Budget, Context};
use heist::task::{TaskGroup, on_cancel};
use heist::time::{Duration, interval};

fn main() {
    let runtime = Runtime::new().unwrap();
    runtime.enter();
    runtime.handle().enter();
    coop::poll_proceed(&mut std::task::Context::from_waker(std::task::Waker::noop())).map(|guard| {
        guard;
    });
    Context::new(Budget::DEFAULT, Blocking::Allowed);
    interval(Duration::MAX);
    Notify::new();
    oneshot::channel::<()>();
    oneshot::channel::<()>().0;
    mpsc::channel::<()>(1);
    mpsc::channel::<()>(1).0.try_reserve().unwrap();
    mpsc::unbounded_channel::<()>().1;
    Queue::<()>::new(1);
    Pool::builder();
    Pool::new().spawn(|| ());
    Runtime::new();
    on_cancel(async {});
    on_cancel(async {}).disarm();
    TaskGroup::<()>::new();
}

fn locks(
    mutex: MutexGuard<'_, u8>,
    read: RwLockReadGuard<'_, u8>,
    permit: SemaphorePermit<'_>,
    owned: OwnedMutexGuard<u8>,
    write: RwLockWriteGuard<'_, u8>,
) {
    permit;
    MutexGuard::map(mutex, |value| value);
    OwnedMutexGuard::map(owned, |value| value);
    RwLockReadGuard::map(read, |value| value);
    write.downgrade();
}

fn unlocked() {
    Mutex::new(1);
    RwLock::new(1);
    Semaphore::new(1);
    Mutex::new(1).try_lock();
}
