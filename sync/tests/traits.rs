//! Which public types may be sent, shared and moved: a change would break those who store them.

use heist_sync::coop::{Blocking, Budget, Context, RestoreOnPending, Unconstrained};
use heist_sync::futures::{Notified, WaitForCancellationFuture, WaitForCancellationFutureOwned};
use heist_sync::oneshot::error::{RecvError, TryRecvError};
use heist_sync::oneshot::{Receiver, Sender};
use heist_sync::{
    AcquireError, Barrier, BarrierWaitResult, CancellationToken, Condition, DropGuard,
    DropGuardRef, Event, GetError, LifoQueue, MappedMutexGuard, Mutex, MutexGuard, Notify,
    OnceCell, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockMappedWriteGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, PriorityQueue, PutError,
    Queue, RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphorePermit, SetError, SetOnce, SetOnceError, TryAcquireError, TryGetError, TryLockError,
    TryPutError, broadcast, mpsc, oneshot, watch,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::future::Ready;
use std::hash::Hash;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

assert_impl_all!(Budget: Send, Sync, Unpin, Copy, Debug);
assert_impl_all!(Blocking: Send, Sync, Unpin, Copy, Debug);
assert_impl_all!(Context: Send, Sync, Unpin, Copy, Debug);
assert_impl_all!(RestoreOnPending: Unpin, Debug);
assert_not_impl_any!(RestoreOnPending: Send, Sync);
assert_impl_all!(Unconstrained<Ready<()>>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(Unconstrained<Ready<Rc<()>>>: Send, Sync);
assert_not_impl_any!(Unconstrained<PhantomPinned>: Unpin);

assert_impl_all!(Sender<Cell<u8>>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(Sender<Rc<()>>: Send, Sync);
assert_impl_all!(Sender<PhantomPinned>: Unpin);
assert_impl_all!(Receiver<Cell<u8>>: Send, Sync, Unpin, Debug, Future);
assert_not_impl_any!(Receiver<Rc<()>>: Send, Sync);
assert_impl_all!(Receiver<PhantomPinned>: Unpin);
assert_impl_all!(RecvError: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(TryRecvError: Send, Sync, Unpin, Clone, PartialEq, Error);

assert_impl_all!(Notify: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(Notified<'static>: Send, Sync, Debug, Future<Output = ()>);
assert_not_impl_any!(Notified<'static>: Unpin);

assert_impl_all!(watch::Sender<u8>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Default, Debug);
assert_not_impl_any!(watch::Sender<Cell<u8>>: Send, Sync);
assert_impl_all!(watch::Receiver<u8>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Debug);
assert_not_impl_any!(watch::Receiver<Cell<u8>>: Send, Sync);
assert_impl_all!(watch::Ref<'static, u8>: Sync, Unpin, Debug);
assert_not_impl_any!(watch::Ref<'static, u8>: Send);
assert_not_impl_any!(watch::Ref<'static, Cell<u8>>: Sync);
assert_impl_all!(watch::WatchStream<u8>: Send, Sync, Unpin, Debug);
assert_impl_all!(watch::error::SendError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(watch::error::RecvError: Send, Sync, Unpin, Clone, PartialEq, Error);

assert_impl_all!(broadcast::Sender<Cell<u8>>: Send, Sync, Unpin, Clone, Debug);
assert_not_impl_any!(broadcast::Sender<Rc<()>>: Send, Sync);
assert_impl_all!(broadcast::WeakSender<Cell<u8>>: Send, Sync, Unpin, Clone, Debug);
assert_impl_all!(broadcast::Receiver<Cell<u8>>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(broadcast::Receiver<Rc<()>>: Send, Sync);
assert_impl_all!(broadcast::BroadcastStream<Cell<u8>>: Send, Sync, Unpin, Debug);
assert_impl_all!(broadcast::error::SendError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(broadcast::error::RecvError: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(broadcast::error::TryRecvError: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(broadcast::error::Lagged: Send, Sync, Unpin, Copy, PartialEq, Error);

assert_impl_all!(CancellationToken: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Clone, Default, Eq, Hash, Debug);
assert_impl_all!(DropGuard: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_impl_all!(DropGuardRef<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_impl_all!(WaitForCancellationFuture<'static>: Send, Sync, Debug, Future<Output = ()>);
assert_not_impl_any!(WaitForCancellationFuture<'static>: Unpin);
assert_impl_all!(WaitForCancellationFutureOwned: Send, Sync, Debug, Future<Output = ()>);
assert_not_impl_any!(WaitForCancellationFutureOwned: Unpin);
assert_impl_all!(Semaphore: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_impl_all!(SemaphorePermit<'static>: Send, Sync, Unpin, Debug);
assert_impl_all!(OwnedSemaphorePermit: Send, Sync, Unpin, Debug);
assert_impl_all!(AcquireError: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(TryAcquireError: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(TryLockError: Send, Sync, Unpin, Clone, PartialEq, Error);

// A `Cell` may be sent, and not shared; an `Rc` neither.
assert_impl_all!(Mutex<Cell<u8>>: Send, Sync, Unpin, Default, Debug, From<Cell<u8>>);
assert_not_impl_any!(Mutex<Rc<()>>: Send, Sync);
assert_impl_all!(MutexGuard<'static, u8>: Send, Sync, Unpin, Debug, Display);
assert_impl_all!(MutexGuard<'static, Cell<u8>>: Send);
assert_not_impl_any!(MutexGuard<'static, Cell<u8>>: Sync);
assert_impl_all!(MappedMutexGuard<'static, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(MappedMutexGuard<'static, Cell<u8>>: Sync);
assert_not_impl_any!(MappedMutexGuard<'static, Rc<()>>: Send, Sync);
assert_impl_all!(OwnedMutexGuard<u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(OwnedMutexGuard<Cell<u8>>: Sync);
assert_not_impl_any!(OwnedMutexGuard<Rc<()>>: Send, Sync);
assert_impl_all!(OwnedMappedMutexGuard<u8, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(OwnedMappedMutexGuard<Cell<u8>, Cell<u8>>: Sync);
assert_not_impl_any!(OwnedMappedMutexGuard<u8, Rc<()>>: Send, Sync);

assert_impl_all!(RwLock<u8>: Send, Sync, Unpin, Default, Debug, From<u8>);
assert_not_impl_any!(RwLock<Cell<u8>>: Sync);
assert_impl_all!(RwLockReadGuard<'static, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(RwLockReadGuard<'static, Cell<u8>>: Send, Sync);
assert_impl_all!(RwLockWriteGuard<'static, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(RwLockWriteGuard<'static, Cell<u8>>: Send, Sync);
assert_impl_all!(RwLockMappedWriteGuard<'static, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(RwLockMappedWriteGuard<'static, Cell<u8>>: Sync);
assert_impl_all!(OwnedRwLockReadGuard<u8, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(OwnedRwLockReadGuard<Cell<u8>, u8>: Send, Sync);
assert_impl_all!(OwnedRwLockWriteGuard<u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(OwnedRwLockWriteGuard<Cell<u8>>: Send, Sync);
assert_impl_all!(OwnedRwLockMappedWriteGuard<u8, u8>: Send, Sync, Unpin, Debug, Display);
assert_not_impl_any!(OwnedRwLockMappedWriteGuard<Cell<u8>, u8>: Send, Sync);

assert_impl_all!(Barrier: Send, Sync, Unpin, Debug);
assert_impl_all!(BarrierWaitResult: Send, Sync, Unpin, Clone, Debug);
assert_impl_all!(OnceCell<u8>: Send, Sync, Unpin, Clone, Default, PartialEq, Debug, From<u8>);
assert_impl_all!(OnceCell<Cell<u8>>: Send);
assert_not_impl_any!(OnceCell<Cell<u8>>: Sync);
assert_impl_all!(SetError<u8>: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(SetOnce<u8>: Send, Sync, Unpin, Clone, Default, PartialEq, Debug, From<u8>);
assert_impl_all!(SetOnce<Cell<u8>>: Send);
assert_not_impl_any!(SetOnce<Cell<u8>>: Sync);
assert_impl_all!(SetOnceError<u8>: Send, Sync, Unpin, Clone, PartialEq, Error);
assert_impl_all!(Event: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(Condition: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(mpsc::Sender<Cell<u8>>: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::Sender<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::Sender<PhantomPinned>: Unpin);
assert_impl_all!(mpsc::WeakSender<Cell<u8>>: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::WeakSender<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::Receiver<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::Receiver<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::Receiver<PhantomPinned>: Unpin);
assert_impl_all!(mpsc::ReceiverStream<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::ReceiverStream<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::Permit<'static, Cell<u8>>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(mpsc::Permit<'static, Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::PermitIterator<'static, Cell<u8>>: Send, Sync, Unpin, ExactSizeIterator, Debug);
assert_not_impl_any!(mpsc::PermitIterator<'static, Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::OwnedPermit<Cell<u8>>: Send, Sync, Unpin, Debug);
assert_not_impl_any!(mpsc::OwnedPermit<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::UnboundedSender<Cell<u8>>: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::UnboundedSender<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::WeakUnboundedSender<Cell<u8>>: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::WeakUnboundedSender<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::UnboundedReceiver<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::UnboundedReceiver<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::UnboundedReceiverStream<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(mpsc::UnboundedReceiverStream<Rc<()>>: Send, Sync);
assert_impl_all!(mpsc::error::SendError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(mpsc::error::TrySendError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(mpsc::error::TryRecvError: Send, Sync, Unpin, Copy, PartialEq, Error);
// Without `Debug` of the value.
assert_impl_all!(mpsc::error::SendError<PhantomPinned>: Error);
assert_impl_all!(mpsc::error::TrySendError<PhantomPinned>: Error);

assert_impl_all!(Queue<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(Queue<Rc<()>>: Send, Sync);
assert_impl_all!(LifoQueue<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(LifoQueue<Rc<()>>: Send, Sync);
assert_impl_all!(PriorityQueue<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_not_impl_any!(PriorityQueue<Rc<()>>: Send, Sync);
assert_impl_all!(PutError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(TryPutError<u8>: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(GetError: Send, Sync, Unpin, Copy, PartialEq, Error);
assert_impl_all!(TryGetError: Send, Sync, Unpin, Copy, PartialEq, Error);

/// The futures of `async fn`s have no name, so they are asked here.
#[test]
fn futures_of_async_functions_can_be_sent() {
    fn send<T: Send>(_: T) {}
    send(oneshot::channel::<Cell<u8>>().0.closed());
    send(watch::channel(0).0.closed());
    send(watch::channel(0).1.changed());
    send(watch::channel(0).1.wait_for(|_| true));
    send(broadcast::channel::<Cell<u8>>(1).0.closed());
    send(broadcast::channel::<Cell<u8>>(1).1.recv());
    send(CancellationToken::new().run_until_cancelled(async {}));
    send(heist_sync::coop::consume_budget());
    send(Mutex::new(Cell::new(0)).lock());
    send(RwLock::new(0).write());
    send(Semaphore::new(1).acquire());
    let (tx, mut rx) = mpsc::channel::<Cell<u8>>(1);
    send(tx.send(Cell::new(0)));
    send(tx.reserve());
    send(tx.closed());
    send(rx.recv());
    let queue = Queue::new(1);
    send(queue.put(Cell::new(0)));
    send(queue.get());
    send(queue.join());
}
