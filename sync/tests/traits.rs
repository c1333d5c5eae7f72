//! Which public types may be sent, shared and moved: a change would break those who store them.

use heist_sync::coop::{Blocking, Budget, Context, RestoreOnPending, Unconstrained};
use heist_sync::futures::Notified;
use heist_sync::oneshot::error::{RecvError, TryRecvError};
use heist_sync::oneshot::{Receiver, Sender};
use heist_sync::{
    GetError, LifoQueue, Notify, PriorityQueue, PutError, Queue, TryGetError, TryPutError, mpsc,
    oneshot,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::future::Ready;
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
    send(heist_sync::coop::consume_budget());
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
