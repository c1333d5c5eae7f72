//! `Send`, `Sync` and `Unpin` of every public type, and of the future of every public `async fn`: a promise, which a change of a field can break unseen.
//!
//! The list is whole: [`nothing_public_is_forgotten`]. What is not here is asserted beside itself: `Instant`, `Sleep`, `Interval`, `IntervalStream`,
//! `Timeout`, `MissedTickBehavior` and `Elapsed`, in `runtime/src/time/tests.rs`.
//!
//! Each promise is the one that tokio makes for its type of the same name, but where a comment says why not.

use heist::blocking::{self, Job, JobPool, Metrics, Pool, RejectReason, Rejected};
use heist::fs::{DirBuilder, DirEntry, File, OpenOptions, ReadDir, ReadDirStream};
use heist::io::unix::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError,
};
use heist::io::{DuplexStream, Interest, Ready, Stderr, Stdin, Stdout};
use heist::net::unix::pipe;
use heist::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, tcp, unix,
};
use heist::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use heist::runtime::{
    Builder, EnterGuard, Handle, Runtime, RuntimeFlavor, RuntimeMetrics, ShutdownReport, SlowPoll,
    TryCurrentError, UnhandledPanic,
};
use heist::signal::unix::{Signal, SignalKind, SignalStream};
use heist::sync::futures::{Notified, WaitForCancellationFuture, WaitForCancellationFutureOwned};
use heist::sync::{
    AcquireError, Barrier, BarrierWaitResult, CancellationToken, Condition, DropGuard,
    DropGuardRef, Event, GetError, LifoQueue, MappedMutexGuard, Mutex, MutexGuard, Notify,
    OnceCell, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockMappedWriteGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, PriorityQueue, PutError,
    Queue, RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphorePermit, SetError, SetOnce, SetOnceError, TryAcquireError, TryGetError, TryLockError,
    TryPutError, broadcast, mpsc, oneshot, watch,
};
use heist::task::coop::{self, Blocking, Budget, Context, RestoreOnPending, Unconstrained};
use heist::task::{
    self, AbortHandle, AccessError, GroupError, GroupHandle, Id, JoinError, JoinHandle, JoinSet,
    LocalEnterGuard, LocalKey, LocalSet, Member, MemberError, OnCancel, RunUntil, Shield,
    TaskFailure, TaskGroup, TaskInfo, TaskKind, TaskLocalFuture, TaskState, YieldNow,
};
use heist::time::error::SendTimeoutError;
use heist::time::{Duration, Instant, Interval};
use heist::traits::hyper::{Executor, Timer};
use heist::{AsCompleted, Gather, TryGather};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// `Send` and `Sync`.
type Shared = u32;
/// `Send`, not `Sync`.
type Sent = Cell<u32>;
/// Neither.
type Local = Rc<u32>;

// Runtimes.
assert_impl_all!(Builder: Send, Sync, Unpin);
assert_impl_all!(Runtime: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Handle: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RuntimeFlavor: Send, Sync, Unpin, Copy);
assert_impl_all!(SlowPoll: Clone, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ShutdownReport: Clone, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RuntimeMetrics: Clone, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(UnhandledPanic: Copy, Send, Sync, Unpin);
assert_impl_all!(TryCurrentError: Send, Sync, Unpin, std::error::Error);
// Of its thread. tokio's is `Sync`; but nothing can be done with a reference to one, and other threads have no business with it.
assert_impl_all!(EnterGuard<'static>: Unpin);
assert_not_impl_any!(EnterGuard<'static>: Send, Sync);

// Tasks. What is shared by a handle is the right to the output, never a reference to it: so a handle is `Sync` whatever the output is.
assert_impl_all!(JoinHandle<Shared>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(JoinHandle<Sent>: Send, Sync, Unpin);
assert_impl_all!(JoinHandle<PhantomPinned>: Unpin);
assert_not_impl_any!(JoinHandle<Local>: Send, Sync);
assert_impl_all!(AbortHandle: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Id: Send, Sync, Unpin, Copy, std::hash::Hash);
// A panic's payload is only `Send`.
assert_impl_all!(JoinError: Send, Sync, Unpin, std::error::Error);
// Likewise. It is handed over, and lends its payload.
assert_impl_all!(TaskFailure: Send, Unpin);
assert_not_impl_any!(TaskFailure: Sync);
// tokio's is the future of an `async fn`, and so not `Unpin`. This one has nothing that could be moved away from under it.
assert_impl_all!(YieldNow: Send, Sync, Unpin);
assert_impl_all!(task::Builder<'static>: Copy, Send, Sync, Unpin);
assert_impl_all!(TaskInfo: Clone, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(TaskKind: Copy, Send, Sync, Unpin, std::hash::Hash);
assert_impl_all!(TaskState: Copy, Send, Sync, Unpin, std::hash::Hash);
// A set and what borrows it stay on their thread.
assert_impl_all!(LocalSet: Unpin);
assert_not_impl_any!(LocalSet: Send, Sync);
assert_impl_all!(LocalEnterGuard: Unpin);
assert_not_impl_any!(LocalEnterGuard: Send, Sync);
assert_impl_all!(RunUntil<'static, std::future::Ready<()>>: Unpin);
assert_not_impl_any!(RunUntil<'static, std::future::Ready<()>>: Send, Sync);
assert_impl_all!(LocalKey<Cell<u8>>: Send, Sync, Unpin);
assert_impl_all!(TaskLocalFuture<u8, std::future::Ready<()>>: Send, Sync);
assert_not_impl_any!(TaskLocalFuture<u8, std::future::Ready<()>>: Unpin);
assert_impl_all!(heist::__join::Round: Send, Sync, Unpin);
assert_impl_all!(heist::__select::Enabled: Send, Sync, Unpin);
assert_impl_all!(AccessError: Send, Sync, Unpin, Copy);

// Tasks that belong together. A set has their handles.
assert_impl_all!(JoinSet<Shared>: Send, Sync, Unpin);
assert_impl_all!(JoinSet<Sent>: Send, Sync, Unpin);
assert_impl_all!(JoinSet<PhantomPinned>: Unpin);
assert_not_impl_any!(JoinSet<Local>: Send, Sync);
assert_impl_all!(Shield<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(Shield<Local>: Send, Sync);
// Errors are kept in a group, and only ever moved out.
assert_impl_all!(TaskGroup<Sent>: Send, Sync, Unpin);
assert_impl_all!(TaskGroup<PhantomPinned>: Unpin);
assert_impl_all!(GroupHandle<Sent>: Send, Sync, Unpin, Clone);
assert_not_impl_any!(GroupHandle<Local>: Send, Sync);
assert_impl_all!(Member<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(Member<Local>: Send, Sync);
assert_impl_all!(GroupError<String>: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(GroupError<Sent>: Send);
assert_not_impl_any!(GroupError<Sent>: Sync);
assert_impl_all!(MemberError<String>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(MemberError<Local>: Send, Sync);
// The clean-up is lent to nobody.
assert_impl_all!(OnCancel<std::future::Ready<()>>: Send, Sync, Unpin);

// The budget. `coop::enter` and what belongs to it is what heist has in place of tokio's private context.
assert_impl_all!(Budget: Send, Sync, Unpin, Copy);
assert_impl_all!(Blocking: Send, Sync, Unpin, Copy);
assert_impl_all!(Context: Send, Sync, Unpin);
// It gives its unit back to the thread that it was taken from.
assert_impl_all!(RestoreOnPending: Unpin);
assert_not_impl_any!(RestoreOnPending: Send, Sync);
assert_impl_all!(Unconstrained<Shared>: Send, Sync, Unpin);
assert_impl_all!(Unconstrained<Sent>: Send, Unpin);
assert_not_impl_any!(Unconstrained<Sent>: Sync);
assert_not_impl_any!(Unconstrained<Local>: Send, Sync);
assert_not_impl_any!(Unconstrained<PhantomPinned>: Unpin);

// Several futures in one, which tokio leaves to the crate futures. They hold the futures and their outputs, and lend neither.
assert_impl_all!(Gather<std::future::Ready<Shared>>: Send, Sync, Unpin);
assert_impl_all!(Gather<std::future::Ready<Sent>>: Send);
assert_not_impl_any!(Gather<std::future::Ready<Sent>>: Sync);
assert_not_impl_any!(Gather<std::future::Ready<Local>>: Send, Sync);
// The futures lie on the heap: pinned there, whether or not this is moved.
assert_impl_all!(Gather<Pinned>: Unpin);
assert_impl_all!(AsCompleted<std::future::Ready<Shared>>: Send, Sync, Unpin);
assert_impl_all!(AsCompleted<std::future::Ready<Sent>>: Send);
assert_not_impl_any!(AsCompleted<std::future::Ready<Sent>>: Sync);
assert_not_impl_any!(AsCompleted<std::future::Ready<Local>>: Send, Sync);
assert_impl_all!(AsCompleted<Pinned>: Unpin);
assert_impl_all!(TryGather<std::future::Ready<Result<Shared, Shared>>>: Send, Sync, Unpin);
assert_impl_all!(TryGather<std::future::Ready<Result<Sent, Sent>>>: Send);
assert_not_impl_any!(TryGather<std::future::Ready<Result<Sent, Sent>>>: Sync);
assert_not_impl_any!(TryGather<std::future::Ready<Result<Local, ()>>>: Send, Sync);
assert_not_impl_any!(TryGather<std::future::Ready<Result<(), Local>>>: Send, Sync);

/// A future that must not be moved.
struct Pinned(PhantomPinned);

impl Future for Pinned {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        let _ = self.0;
        std::task::Poll::Ready(())
    }
}

// Files and streams.
assert_impl_all!(File: Send, Sync, Unpin, AsFd);
assert_impl_all!(OpenOptions: Send, Sync, Unpin, Clone);
assert_impl_all!(DirBuilder: Send, Sync, Unpin);
assert_impl_all!(ReadDir: Send, Sync, Unpin);
assert_impl_all!(ReadDirStream: Send, Sync, Unpin);
assert_impl_all!(DirEntry: Send, Sync, Unpin);
assert_impl_all!(Stdin: Send, Sync, Unpin, AsFd);
assert_impl_all!(Stdout: Send, Sync, Unpin, AsFd);
assert_impl_all!(Stderr: Send, Sync, Unpin, AsFd);
assert_impl_all!(DuplexStream: Send, Sync, Unpin);

// Synchronisation.
assert_impl_all!(Notify: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Notified<'static>: Send, Sync);
assert_not_impl_any!(Notified<'static>: Unpin);
assert_impl_all!(oneshot::Sender<Shared>: Send, Sync, Unpin);
assert_impl_all!(oneshot::Sender<Sent>: Send, Sync, Unpin);
assert_impl_all!(oneshot::Sender<PhantomPinned>: Unpin);
assert_not_impl_any!(oneshot::Sender<Local>: Send, Sync);
assert_impl_all!(oneshot::Receiver<Shared>: Send, Sync, Unpin);
assert_impl_all!(oneshot::Receiver<Sent>: Send, Sync, Unpin);
assert_impl_all!(oneshot::Receiver<PhantomPinned>: Unpin);
assert_not_impl_any!(oneshot::Receiver<Local>: Send, Sync);
assert_impl_all!(oneshot::error::RecvError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(oneshot::error::TryRecvError: Send, Sync, Unpin, std::error::Error);

assert_impl_all!(watch::Sender<Shared>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(watch::Sender<PhantomPinned>: Unpin);
// It lends the value to several at once.
assert_not_impl_any!(watch::Sender<Sent>: Send, Sync);
assert_impl_all!(watch::Receiver<Shared>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(watch::Receiver<PhantomPinned>: Unpin);
assert_not_impl_any!(watch::Receiver<Sent>: Send, Sync);
// It holds a lock, which its thread must release.
assert_impl_all!(watch::Ref<'static, Shared>: Sync, Unpin);
assert_not_impl_any!(watch::Ref<'static, Shared>: Send);
assert_not_impl_any!(watch::Ref<'static, Sent>: Sync);
assert_impl_all!(watch::WatchStream<Shared>: Send, Sync, Unpin);
assert_not_impl_any!(watch::WatchStream<Sent>: Send, Sync);
assert_impl_all!(watch::error::SendError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(watch::error::RecvError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(broadcast::Sender<Shared>: Send, Sync, Unpin);
assert_impl_all!(broadcast::Sender<Sent>: Send, Sync, Unpin);
assert_impl_all!(broadcast::Sender<PhantomPinned>: Unpin);
assert_not_impl_any!(broadcast::Sender<Local>: Send, Sync);
assert_impl_all!(broadcast::WeakSender<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(broadcast::WeakSender<Local>: Send, Sync);
assert_impl_all!(broadcast::Receiver<Sent>: Send, Sync, Unpin);
assert_impl_all!(broadcast::Receiver<PhantomPinned>: Unpin);
assert_not_impl_any!(broadcast::Receiver<Local>: Send, Sync);
assert_impl_all!(broadcast::BroadcastStream<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(broadcast::BroadcastStream<Local>: Send, Sync);
assert_impl_all!(broadcast::error::SendError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(broadcast::error::RecvError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(broadcast::error::TryRecvError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(broadcast::error::Lagged: Send, Sync, Unpin, Copy, std::error::Error);
assert_impl_all!(CancellationToken: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(DropGuard: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(DropGuardRef<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(WaitForCancellationFuture<'static>: Send, Sync);
assert_not_impl_any!(WaitForCancellationFuture<'static>: Unpin);
assert_impl_all!(WaitForCancellationFutureOwned: Send, Sync);
assert_not_impl_any!(WaitForCancellationFutureOwned: Unpin);
// Locks. A guard lends what it guards; who has it on another thread may read there, or write, and at last gives the lock to others.
assert_impl_all!(Semaphore: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(SemaphorePermit<'static>: Send, Sync, Unpin);
assert_impl_all!(OwnedSemaphorePermit: Send, Sync, Unpin);
assert_impl_all!(AcquireError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(TryAcquireError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(TryLockError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(Mutex<Shared>: Send, Sync, Unpin);
assert_impl_all!(Mutex<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(Mutex<Local>: Send, Sync);
assert_not_impl_any!(Mutex<PhantomPinned>: Unpin);
assert_impl_all!(MutexGuard<'static, Shared>: Send, Sync, Unpin);
assert_impl_all!(MutexGuard<'static, Sent>: Send);
assert_not_impl_any!(MutexGuard<'static, Sent>: Sync);
assert_not_impl_any!(MutexGuard<'static, Local>: Send, Sync);
assert_impl_all!(MutexGuard<'static, PhantomPinned>: Unpin);
assert_impl_all!(MappedMutexGuard<'static, Shared>: Send, Sync, Unpin);
assert_impl_all!(MappedMutexGuard<'static, Sent>: Send);
assert_not_impl_any!(MappedMutexGuard<'static, Sent>: Sync);
assert_not_impl_any!(MappedMutexGuard<'static, Local>: Send, Sync);
assert_impl_all!(MappedMutexGuard<'static, PhantomPinned>: Unpin);
assert_impl_all!(OwnedMutexGuard<Shared>: Send, Sync, Unpin);
assert_impl_all!(OwnedMutexGuard<Sent>: Send);
assert_not_impl_any!(OwnedMutexGuard<Sent>: Sync);
assert_not_impl_any!(OwnedMutexGuard<Local>: Send, Sync);
assert_impl_all!(OwnedMutexGuard<PhantomPinned>: Unpin);
assert_impl_all!(OwnedMappedMutexGuard<Shared, Shared>: Send, Sync, Unpin);
assert_impl_all!(OwnedMappedMutexGuard<Sent, Sent>: Send);
assert_not_impl_any!(OwnedMappedMutexGuard<Sent, Sent>: Sync);
assert_not_impl_any!(OwnedMappedMutexGuard<Local, Shared>: Send, Sync);
assert_not_impl_any!(OwnedMappedMutexGuard<Shared, Local>: Send, Sync);
assert_impl_all!(OwnedMappedMutexGuard<PhantomPinned, PhantomPinned>: Unpin);
assert_impl_all!(RwLock<Shared>: Send, Sync, Unpin);
assert_impl_all!(RwLock<Sent>: Send);
assert_not_impl_any!(RwLock<Sent>: Sync);
assert_not_impl_any!(RwLock<Local>: Send, Sync);
assert_not_impl_any!(RwLock<PhantomPinned>: Unpin);
assert_impl_all!(RwLockReadGuard<'static, Shared>: Send, Sync, Unpin);
assert_not_impl_any!(RwLockReadGuard<'static, Sent>: Send, Sync);
assert_impl_all!(RwLockReadGuard<'static, PhantomPinned>: Unpin);
assert_impl_all!(OwnedRwLockReadGuard<Shared, Shared>: Send, Sync, Unpin);
assert_not_impl_any!(OwnedRwLockReadGuard<Sent, Shared>: Send, Sync);
assert_not_impl_any!(OwnedRwLockReadGuard<Shared, Sent>: Send, Sync);
assert_impl_all!(OwnedRwLockReadGuard<PhantomPinned, PhantomPinned>: Unpin);
// Downgraded on another thread, it would share what is here.
assert_impl_all!(RwLockWriteGuard<'static, Shared>: Send, Sync, Unpin);
assert_not_impl_any!(RwLockWriteGuard<'static, Sent>: Send, Sync);
assert_impl_all!(RwLockWriteGuard<'static, PhantomPinned>: Unpin);
assert_impl_all!(OwnedRwLockWriteGuard<Shared>: Send, Sync, Unpin);
assert_not_impl_any!(OwnedRwLockWriteGuard<Sent>: Send, Sync);
assert_impl_all!(OwnedRwLockWriteGuard<PhantomPinned>: Unpin);
// It cannot be downgraded, so that it is more than in tokio.
assert_impl_all!(RwLockMappedWriteGuard<'static, Shared>: Send, Sync, Unpin);
assert_impl_all!(RwLockMappedWriteGuard<'static, Sent>: Send);
assert_not_impl_any!(RwLockMappedWriteGuard<'static, Sent>: Sync);
assert_not_impl_any!(RwLockMappedWriteGuard<'static, Local>: Send, Sync);
assert_impl_all!(RwLockMappedWriteGuard<'static, PhantomPinned>: Unpin);
assert_impl_all!(OwnedRwLockMappedWriteGuard<Shared, Shared>: Send, Sync, Unpin);
assert_not_impl_any!(OwnedRwLockMappedWriteGuard<Sent, Shared>: Send, Sync);
assert_not_impl_any!(OwnedRwLockMappedWriteGuard<Shared, Local>: Send, Sync);
assert_impl_all!(OwnedRwLockMappedWriteGuard<PhantomPinned, PhantomPinned>: Unpin);
assert_impl_all!(Barrier: Send, Sync, Unpin);
assert_impl_all!(BarrierWaitResult: Send, Sync, Unpin);
assert_impl_all!(OnceCell<Shared>: Send, Sync, Unpin);
assert_impl_all!(OnceCell<Sent>: Send);
assert_not_impl_any!(OnceCell<Sent>: Sync);
assert_not_impl_any!(OnceCell<Local>: Send, Sync);
assert_not_impl_any!(OnceCell<PhantomPinned>: Unpin);
assert_impl_all!(SetOnce<Shared>: Send, Sync, Unpin);
assert_impl_all!(SetOnce<Sent>: Send);
assert_not_impl_any!(SetOnce<Sent>: Sync);
assert_not_impl_any!(SetOnce<Local>: Send, Sync);
assert_not_impl_any!(SetOnce<PhantomPinned>: Unpin);
assert_impl_all!(SetError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(SetError<Local>: Send, Sync);
assert_impl_all!(SetOnceError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(SetOnceError<Local>: Send, Sync);
// asyncio's.
assert_impl_all!(Event: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Condition: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(mpsc::Sender<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(mpsc::Sender<Local>: Send, Sync);
assert_impl_all!(mpsc::WeakSender<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(mpsc::WeakSender<Local>: Send, Sync);
assert_impl_all!(mpsc::Receiver<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(mpsc::Receiver<PhantomPinned>: Unpin);
assert_not_impl_any!(mpsc::Receiver<Local>: Send, Sync);
assert_impl_all!(mpsc::ReceiverStream<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(mpsc::ReceiverStream<Local>: Send, Sync);
assert_impl_all!(mpsc::Permit<'static, Sent>: Send, Sync, Unpin);
assert_not_impl_any!(mpsc::Permit<'static, Local>: Send, Sync);
assert_impl_all!(mpsc::PermitIterator<'static, Sent>: Send, Sync, Unpin);
assert_not_impl_any!(mpsc::PermitIterator<'static, Local>: Send, Sync);
assert_impl_all!(mpsc::OwnedPermit<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(mpsc::OwnedPermit<Local>: Send, Sync);
assert_impl_all!(mpsc::UnboundedSender<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(mpsc::UnboundedSender<Local>: Send, Sync);
assert_impl_all!(mpsc::WeakUnboundedSender<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(mpsc::WeakUnboundedSender<Local>: Send, Sync);
assert_impl_all!(mpsc::UnboundedReceiver<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(mpsc::UnboundedReceiver<PhantomPinned>: Unpin);
assert_not_impl_any!(mpsc::UnboundedReceiver<Local>: Send, Sync);
assert_impl_all!(mpsc::UnboundedReceiverStream<Sent>: Send, Sync, Unpin);
assert_not_impl_any!(mpsc::UnboundedReceiverStream<Local>: Send, Sync);
assert_impl_all!(mpsc::error::SendError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(mpsc::error::SendError<Local>: Send, Sync);
assert_impl_all!(mpsc::error::TrySendError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(mpsc::error::TrySendError<Local>: Send, Sync);
assert_impl_all!(mpsc::error::TryRecvError: Send, Sync, Unpin, std::error::Error);
// asyncio's. An item is only ever moved.
assert_impl_all!(Queue<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(Queue<Local>: Send, Sync);
assert_impl_all!(LifoQueue<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(LifoQueue<Local>: Send, Sync);
assert_impl_all!(PriorityQueue<Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(PriorityQueue<Local>: Send, Sync);
assert_impl_all!(PutError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(PutError<Local>: Send, Sync);
assert_impl_all!(TryPutError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(TryPutError<Local>: Send, Sync);
assert_impl_all!(GetError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(TryGetError: Send, Sync, Unpin, std::error::Error);

// For heist's own use.
assert_impl_all!(heist::sync::trace::Waiting: Send, Sync, Unpin);

// I/O.
assert_impl_all!(Interest: Send, Sync, Unpin, Copy);
assert_impl_all!(Ready: Send, Sync, Unpin, Copy);
assert_impl_all!(TcpListener: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(TcpStream: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(UdpSocket: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(UnixDatagram: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(TcpSocket: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(UnixListener: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(UnixStream: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::UCred: Send, Sync, Unpin, Copy);
assert_impl_all!(tcp::ReadHalf<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(tcp::WriteHalf<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(tcp::OwnedReadHalf: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(tcp::OwnedWriteHalf: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(tcp::ReuniteError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(tcp::Incoming: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::ReadHalf<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::WriteHalf<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::OwnedReadHalf: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::OwnedWriteHalf: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::ReuniteError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(unix::Incoming: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(unix::SocketAddr: Send, Sync, Unpin, Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(pipe::OpenOptions: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(pipe::Sender: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(pipe::Receiver: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(AsyncFd<OwnedFd>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(AsyncFd<Descriptor<Sent>>: Send, Unpin);
assert_not_impl_any!(AsyncFd<Descriptor<Sent>>: Sync);
assert_not_impl_any!(AsyncFd<Descriptor<Local>>: Send, Sync);
assert_not_impl_any!(AsyncFd<Descriptor<PhantomPinned>>: Unpin);
assert_impl_all!(AsyncFdReadyGuard<'static, OwnedFd>: Send, Sync, Unpin);
// It lends what it borrows.
assert_not_impl_any!(AsyncFdReadyGuard<'static, Descriptor<Sent>>: Send, Sync);
assert_impl_all!(AsyncFdReadyMutGuard<'static, OwnedFd>: Send, Sync, Unpin);
assert_impl_all!(AsyncFdReadyMutGuard<'static, Descriptor<Sent>>: Send);
assert_not_impl_any!(AsyncFdReadyMutGuard<'static, Descriptor<Sent>>: Sync);
assert_impl_all!(AsyncFdTryNewError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(AsyncFdTryNewError<Sent>: Send, Unpin);
assert_not_impl_any!(AsyncFdTryNewError<Sent>: Sync);
assert_not_impl_any!(AsyncFdTryNewError<Local>: Send, Sync);
assert_impl_all!(TryIoError: Send, Sync, Unpin, std::error::Error);

/// Something with a descriptor, and something else.
struct Descriptor<T>(OwnedFd, PhantomData<T>);

impl<T> AsFd for Descriptor<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

// Signals and processes.
assert_impl_all!(SignalKind: Send, Sync, Unpin, Copy, std::hash::Hash);
assert_impl_all!(Signal: Send, Sync, Unpin);
assert_impl_all!(SignalStream: Send, Sync, Unpin);
assert_impl_all!(Command: Send, Sync, Unpin);
assert_impl_all!(Child: Send, Sync, Unpin);
assert_impl_all!(ChildStdin: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ChildStdout: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(ChildStderr: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);

// The blocking pool, which tokio has only inside its runtime.
assert_impl_all!(Pool: Send, Sync, Unpin);
assert_impl_all!(blocking::Builder: Send, Sync, Unpin);
assert_impl_all!(JobPool<Work<Shared>>: Send, Sync, Unpin);
// A job is only ever moved.
assert_impl_all!(JobPool<Work<Sent>>: Send, Sync, Unpin);
assert_impl_all!(JobPool<Work<PhantomPinned>>: Unpin);
assert_impl_all!(Metrics: Send, Sync, Unpin);
// As with the runtime's handle, a reference to it gives none to the output.
assert_impl_all!(blocking::JoinHandle<Shared>: Send, Sync, Unpin);
assert_impl_all!(blocking::JoinHandle<Sent>: Send, Sync, Unpin);
assert_impl_all!(blocking::JoinHandle<PhantomPinned>: Unpin);
assert_impl_all!(blocking::Map<'static, std::array::IntoIter<u8, 3>, fn(u8) -> Sent, Sent>: Send, Unpin);
assert_impl_all!(blocking::MapIter<'static, std::array::IntoIter<u8, 3>, fn(u8) -> Sent, Sent>: Send, Unpin);
assert_not_impl_any!(blocking::Map<'static, std::array::IntoIter<u8, 3>, fn(u8) -> Sent, Sent>: Sync);
assert_not_impl_any!(blocking::MapIter<'static, std::array::IntoIter<u8, 3>, fn(u8) -> Sent, Sent>: Sync);
assert_impl_all!(SendTimeoutError<Shared>: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(SendTimeoutError<Sent>: Sync);
assert_not_impl_any!(SendTimeoutError<*const u8>: Send, Sync);
assert_not_impl_any!(SendTimeoutError<PhantomPinned>: Unpin);
assert_impl_all!(blocking::JoinError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(RejectReason: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(Rejected<Shared>: Send, Sync, Unpin);
assert_impl_all!(Rejected<Sent>: Send, Unpin);
assert_not_impl_any!(Rejected<Sent>: Sync);
assert_not_impl_any!(Rejected<Local>: Send, Sync);
assert_not_impl_any!(Rejected<PhantomPinned>: Unpin);

/// A job that holds something.
struct Work<T>(T);

impl<T: Send + 'static> Job for Work<T> {
    fn run(self) {
        drop(self.0);
    }

    fn cancel(self) {
        drop(self.0);
    }
}

// The traits of others.
assert_impl_all!(Executor: Send, Sync, Unpin, Copy);
assert_impl_all!(Timer: Send, Sync, Unpin, Copy);

/// What `async fn`s return has no name: here it is inferred, and never called. Each may be spawned, and is `Sync`, as tokio's.
#[expect(dead_code, reason = "that it compiles is all that it is for")]
fn futures() {
    fn promised<A>(_: impl AsyncFnOnce(A) -> ()) {}
    fn of<F: Future + Send + Sync>(_: F) {}
    promised(async |listener: &TcpListener| of(listener.accept()));
    of(TcpListener::bind("localhost:0"));
    of(TcpStream::connect("localhost:0"));
    of(TcpStream::connect(String::new()));
    of(heist::net::lookup_host(("localhost", 0)));
    promised(async |stream: &TcpStream| {
        of(stream.readable());
        of(stream.writable());
        of(stream.ready(Interest::READABLE));
        of(stream.peek(&mut []));
        of(stream.async_io(Interest::READABLE, || Ok(())));
    });
    of(UdpSocket::bind("localhost:0"));
    promised(async |socket: &UdpSocket| {
        of(socket.connect("localhost:0"));
        of(socket.readable());
        of(socket.writable());
        of(socket.ready(Interest::READABLE));
        of(socket.send(&[]));
        of(socket.send_to(&[], "localhost:0"));
        of(socket.recv(&mut []));
        of(socket.recv_from(&mut []));
        of(socket.peek(&mut []));
        of(socket.peek_from(&mut []));
        of(socket.peek_sender());
        of(socket.async_io(Interest::READABLE, || Ok(())));
    });
    promised(async |socket: &UnixDatagram| {
        of(socket.readable());
        of(socket.writable());
        of(socket.ready(Interest::READABLE));
        of(socket.send(&[]));
        of(socket.send_to(&[], "path"));
        of(socket.recv(&mut []));
        of(socket.recv_from(&mut []));
        of(socket.async_io(Interest::READABLE, || Ok(())));
    });
    of(heist::fs::read("path"));
    of(heist::fs::write("path", Vec::new()));
    of(heist::fs::rename("from", String::new()));
    of(heist::fs::read_dir("path"));
    promised(async |directory: &mut ReadDir| of(directory.next_entry()));
    promised(async |file: File| {
        of(file.sync_all());
        of(file.set_len(0));
        of(file.try_clone());
        of(file.read_at([0], 0));
        of(file.write_all_at("", 0));
        of(file.into_std());
    });
    promised(async |(a, b): &mut (DuplexStream, DuplexStream)| {
        of(heist::io::copy(&mut *a, &mut *b));
        of(heist::io::copy_bidirectional(a, b));
    });
    promised(async |fd: &mut AsyncFd<OwnedFd>| {
        of(fd.readable());
        of(fd.writable());
        of(fd.ready(Interest::READABLE));
        of(fd.async_io(Interest::READABLE, |_| Ok(())));
        of(fd.readable_mut());
        of(fd.writable_mut());
        of(fd.ready_mut(Interest::READABLE));
        of(fd.async_io_mut(Interest::READABLE, |_| Ok(())));
    });
    promised(async |socket: TcpSocket| of(socket.connect(([127, 0, 0, 1], 1).into())));
    promised(async |listener: &UnixListener| of(listener.accept()));
    of(UnixStream::connect("/nowhere"));
    promised(async |address: &unix::SocketAddr| of(UnixStream::connect_addr(address)));
    promised(async |stream: &UnixStream| {
        of(stream.readable());
        of(stream.writable());
        of(stream.ready(Interest::READABLE));
        of(stream.async_io(Interest::READABLE, || Ok(())));
    });
    promised(async |sender: &pipe::Sender| {
        of(sender.writable());
        of(sender.ready(Interest::WRITABLE));
    });
    promised(async |receiver: &pipe::Receiver| {
        of(receiver.readable());
        of(receiver.ready(Interest::READABLE));
    });
    of(heist::signal::ctrl_c());
    promised(async |signal: &mut Signal| of(signal.recv()));
    promised(async |command: &mut Command| {
        of(command.status());
        of(command.output());
    });
    promised(async |child: &mut Child| {
        of(child.wait());
        of(child.kill());
        of(child.communicate(String::new()));
    });
    promised(async |child: Child| of(child.wait_with_output()));
    promised(async |half: &tcp::OwnedReadHalf| of(half.peek(&mut [])));
    promised(async |half: &unix::OwnedWriteHalf| of(half.writable()));
    promised(async |interval: &mut Interval| of(interval.tick()));
    promised(async |set: &mut JoinSet<Sent>| {
        of(set.join_next());
        of(set.join_next_with_id());
        of(set.shutdown());
    });
    promised(async |set: JoinSet<Shared>| of(set.join_all()));
    promised(async |group: TaskGroup<Sent>| of(group.join()));
    promised(async |group: TaskGroup<Shared>| {
        of(group.run(async |handle| handle.spawn(async { Ok(1) }).await.ok_or(1)));
    });
    promised(async |sender: &mut oneshot::Sender<Sent>| of(sender.closed()));
    promised(async |sender: &watch::Sender<Shared>| of(sender.closed()));
    promised(async |receiver: &mut watch::Receiver<Shared>| of(receiver.changed()));
    promised(async |receiver: &mut watch::Receiver<Shared>| of(receiver.wait_for(|_| true)));
    promised(async |sender: &broadcast::Sender<Sent>| of(sender.closed()));
    promised(async |receiver: &mut broadcast::Receiver<Sent>| of(receiver.recv()));
    promised(async |token: &CancellationToken| of(token.run_until_cancelled(async {})));
    promised(async |token: CancellationToken| of(token.run_until_cancelled_owned(async {})));
    promised(async |semaphore: &std::sync::Arc<Semaphore>| {
        of(semaphore.acquire());
        of(semaphore.acquire_many(1));
        of(semaphore.clone().acquire_owned());
        of(semaphore.clone().acquire_many_owned(1));
    });
    promised(async |mutex: &std::sync::Arc<Mutex<Sent>>| {
        of(mutex.lock());
        of(mutex.clone().lock_owned());
    });
    promised(async |lock: &std::sync::Arc<RwLock<Shared>>| {
        of(lock.read());
        of(lock.clone().read_owned());
        of(lock.write());
        of(lock.clone().write_owned());
    });
    promised(async |barrier: &Barrier| of(barrier.wait()));
    promised(async |cell: &OnceCell<Shared>| {
        of(cell.get_or_init(async || 1));
        of(cell.get_or_try_init(async || Ok::<_, ()>(1)));
    });
    promised(async |cell: &SetOnce<Shared>| of(cell.wait()));
    promised(async |event: &Event| of(event.wait()));
    promised(async |(condition, mutex): (&Condition, &Mutex<Shared>)| {
        of(condition.wait(mutex.lock().await));
        of(condition.wait_for(mutex.lock().await, |_| true));
    });
    promised(async |sender: &mpsc::Sender<Sent>| {
        of(sender.reserve());
        of(sender.reserve_many(1));
        of(sender.closed());
    });
    promised(async |sender: &mpsc::Sender<Shared>| of(sender.send(1)));
    promised(async |sender: mpsc::Sender<Sent>| of(sender.reserve_owned()));
    promised(async |sender: &mpsc::UnboundedSender<Sent>| of(sender.closed()));
    promised(async |receiver: &mut mpsc::Receiver<Sent>| of(receiver.recv()));
    promised(async |receiver: &mut mpsc::UnboundedReceiver<Sent>| of(receiver.recv()));
    promised(async |receiver: &mut mpsc::Receiver<Shared>| {
        of(receiver.recv_many(&mut Vec::new(), 1));
    });
    promised(async |queue: &Queue<Sent>| {
        of(queue.get());
        of(queue.join());
    });
    promised(async |queue: &PriorityQueue<Shared>| of(queue.put(1)));
    promised(async |queue: &LifoQueue<Shared>| of(queue.put(1)));
    of(coop::consume_budget());
    of(async { heist::join!(heist::task::yield_now(), heist::time::sleep(Duration::ZERO)) });
    of(async { heist::try_join!(async { Ok::<(), ()>(()) }, async { Err::<(), ()>(()) }) });
    of(heist::time::timeout_at(
        Instant::now(),
        heist::spawn(async {}),
    ));
}

/// The sources of what users depend on.
const SOURCES: [&str; 3] = ["runtime/src", "sync/src", "blocking-pool/src"];

/// The type of a sealed trait's method, which nobody can name.
const UNNAMED: &str = "Named";

/// Each public type has each of the three traits promised or denied, and each public `async fn` is among the futures that are dropped in `cancellation/` and among
/// those that must be used in `compile-fail/ui/must_use_futures.rs`. (That what says `pub` is public, the lint `unreachable_pub` sees to.)
#[test]
fn nothing_public_is_forgotten() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &Path| fs::read_to_string(file).expect("a source is text");
    let mut files = Vec::new();
    for folder in SOURCES {
        add_files(&house.join(folder), &mut files);
    }
    let sources: String = files.iter().map(|file| read(file)).collect();
    let tests = |file: &str| read(&house.join("tests").join(file));

    let assertions = format!("{sources}{}", tests("tests/static_assertions.rs"));
    let asserted = asserted(&assertions);
    let mut types = BTreeMap::<&str, usize>::new();
    let structs = defined(&sources, "pub struct ").chain(defined(&sources, "pub enum "));
    for name in structs.filter(|&name| name != UNNAMED) {
        *types.entry(name).or_default() += 1;
    }
    assert!(types.len() > 40, "only {types:?}");
    for (name, count) in types {
        // There are several of one name, each with a path of its own here.
        let paths = asserted.iter().filter(|(path, traits)| {
            path.rsplit("::").next() == Some(name) && traits.len() == MARKERS.len()
        });
        let paths = paths.count();
        assert!(
            paths >= count,
            "{count} public `{name}`, of {paths} of which all of {MARKERS:?} are asserted"
        );
    }

    let functions: BTreeSet<_> = defined(&sources, "pub async fn ").collect();
    assert!(functions.len() > 10, "only {functions:?}");
    let mut files = Vec::new();
    add_files(&house.join("tests/tests/cancellation"), &mut files);
    let dropped: String = files.iter().map(|file| read(file)).collect();
    let must_be_used = tests("compile-fail/ui/must_use_futures.rs");
    for (list, list_text) in [
        ("tests/cancellation/", dropped),
        ("compile-fail/ui/must_use_futures.rs", must_be_used),
    ] {
        let calls: BTreeSet<_> = list_text
            .split('(')
            .map(|before| before.rsplit(|c: char| !is_of_name(c)).next())
            .collect();
        for name in &functions {
            assert!(calls.contains(&Some(*name)), "`{name}` is not in {list}");
        }
    }
}

const MARKERS: [&str; 3] = ["Send", "Sync", "Unpin"];

/// For each path of a type, which of the three are asserted or denied.
fn asserted(text: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut asserted = BTreeMap::<_, BTreeSet<_>>::new();
    for opening in ["assert_impl_all!(", "assert_not_impl_any!("] {
        for after in text.split(opening).skip(1) {
            let assertion = after.split(");").next();
            let Some((of, traits)) = assertion.and_then(|text| text.split_once(": ")) else {
                continue;
            };
            let path = of.trim().split('<').next().expect("there is a first part");
            let traits = traits.split(',').map(str::trim);
            let markers = traits.filter(|name| MARKERS.contains(name));
            asserted.entry(path).or_default().extend(markers);
        }
    }
    asserted
}

/// The names that lines define which begin so.
fn defined<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().map(str::trim_start);
    lines.filter_map(move |line| {
        let rest = line.strip_prefix(beginning)?;
        rest.split(|c: char| !is_of_name(c)).next()
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("it is read").path();
        if path.is_dir() {
            add_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
