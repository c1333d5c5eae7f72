//! Which public types may be sent, shared and moved: a change would break those who store them.

use heist_sync::coop::{Blocking, Budget, Context, RestoreOnPending, Unconstrained};
use heist_sync::futures::Notified;
use heist_sync::oneshot::error::{RecvError, TryRecvError};
use heist_sync::oneshot::{Receiver, Sender};
use heist_sync::{Notify, oneshot};
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

/// The futures of `async fn`s have no name, so they are asked here.
#[test]
fn futures_of_async_functions_can_be_sent() {
    fn send<T: Send>(_: T) {}
    send(oneshot::channel::<Cell<u8>>().0.closed());
    send(heist_sync::coop::consume_budget());
}
