//! Send, Sync and Unpin of every public type: wrong bounds are the most common mistake of this field.

use heist_blocking_pool::{
    Builder, Job, JobPool, JoinError, JoinHandle, Map, MapIter, Metrics, Pool, RejectReason,
    Rejected,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// A job that may be sent, and no more.
struct Unshared(#[expect(dead_code, reason = "it is there for its type")] Cell<u8>);

impl Job for Unshared {
    fn run(self) {}
    fn cancel(self) {}
}

assert_impl_all!(Pool: Send, Sync, Unpin, Debug, Default, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Builder: Send, Sync, Unpin, Debug, Clone);
assert_impl_all!(JobPool<Unshared>: Send, Sync, Unpin, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Metrics: Send, Sync, Unpin, Debug, Copy, Eq);

// A result that may be sent need not be shared: only one ever gets it.
assert_impl_all!(JoinHandle<Cell<u8>>: Send, Sync, Unpin, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(JoinError: Send, Sync, Unpin, Error);

type Inputs = std::array::IntoIter<u8, 3>;
type Closure = fn(u8) -> Cell<u8>;
assert_impl_all!(Map<'static, Inputs, Closure, Cell<u8>>: Send, Unpin, Debug);
assert_impl_all!(MapIter<'static, Inputs, Closure, Cell<u8>>: Send, Unpin, Debug);
assert_impl_all!(Map<'static, std::iter::Empty<std::marker::PhantomPinned>, Closure, Cell<u8>>: Unpin);

assert_impl_all!(RejectReason: Send, Sync, Unpin, Error);
assert_impl_all!(Rejected<u8>: Send, Sync, Unpin, Error);
assert_impl_all!(Rejected<Unshared>: Send, Unpin);
assert_not_impl_any!(Rejected<Cell<u8>>: Sync);
assert_not_impl_any!(Rejected<Rc<u8>>: Send, Sync);
