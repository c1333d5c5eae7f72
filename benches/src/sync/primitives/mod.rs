//! What the workloads ask of a peer's primitives: each under its own names, called directly.

#![forbid(unsafe_code)]

mod heist;
mod smol;
mod tokio;

use crate::peer::Peer;
use crate::workload::Sample;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

/// A peer, and what it has to synchronise tasks.
pub trait Primitives: Peer {
    /// A mutex.
    type Mutex: Send + Sync + 'static;
    /// A reader-writer lock.
    type RwLock: Send + Sync + 'static;
    /// A semaphore.
    type Semaphore: Send + Sync + 'static;
    /// What tells one task at a time that something happened.
    type Notify: Send + Sync + 'static;
    /// The sending half of a bounded channel.
    type BoundedSender<T: Send + 'static>: Clone + Send + Sync + 'static;
    /// The receiving half.
    type BoundedReceiver<T: Send + 'static>: Send + 'static;
    /// The sending half of an unbounded channel.
    type UnboundedSender<T: Send + 'static>: Clone + Send + Sync + 'static;
    /// The receiving half.
    type UnboundedReceiver<T: Send + 'static>: Send + 'static;
    /// The sending half of a broadcast channel.
    type BroadcastSender: Send + Sync + 'static;
    /// The receiving half.
    type BroadcastReceiver: Send + 'static;

    /// The workload of its watch channel, if it has one.
    const WATCH: Option<fn(&LazyLock<Self>) -> Sample>;

    /// A mutex of a zero.
    fn mutex() -> Self::Mutex;
    /// Locks it.
    fn lock(mutex: &Self::Mutex)
    -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;

    /// A reader-writer lock of a zero.
    fn rwlock() -> Self::RwLock;
    /// Locks it for reading.
    fn read_lock(
        lock: &Self::RwLock,
    ) -> impl Future<Output = impl Deref<Target = u64> + Send> + Send;
    /// Locks it for writing.
    fn write_lock(
        lock: &Self::RwLock,
    ) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;

    /// A semaphore of so many permits.
    fn semaphore(permits: usize) -> Self::Semaphore;
    /// Takes one of them.
    fn acquire(semaphore: &Self::Semaphore) -> impl Future<Output = impl Send> + Send;

    /// Nothing has happened yet.
    fn notify() -> Self::Notify;
    /// Tells the task that waits in [`notified`](Self::notified), or will, if `signal` is not raised by then.
    fn notify_one(notify: &Self::Notify);
    /// Waits for it.
    fn notified(notify: &Self::Notify) -> impl Future<Output = ()> + Send;

    /// A bounded channel.
    fn bounded<T: Send + 'static>(
        capacity: usize,
    ) -> (Self::BoundedSender<T>, Self::BoundedReceiver<T>);
    /// Sends, when there is room.
    fn send_bounded<T: Send + 'static>(
        sender: &Self::BoundedSender<T>,
        value: T,
    ) -> impl Future<Output = ()> + Send;
    /// Receives; `None` at the end.
    fn receive_bounded<T: Send + 'static>(
        receiver: &mut Self::BoundedReceiver<T>,
    ) -> impl Future<Output = Option<T>> + Send;

    /// An unbounded channel.
    fn unbounded<T: Send + 'static>() -> (Self::UnboundedSender<T>, Self::UnboundedReceiver<T>);
    /// Sends.
    fn send_unbounded<T: Send + 'static>(sender: &Self::UnboundedSender<T>, value: T);
    /// Receives; `None` at the end.
    fn receive_unbounded<T: Send + 'static>(
        receiver: &mut Self::UnboundedReceiver<T>,
    ) -> impl Future<Output = Option<T>> + Send;

    /// A broadcast channel with so many receivers, which keeps so many values.
    fn broadcast(
        capacity: usize,
        receivers: usize,
    ) -> (Self::BroadcastSender, Vec<Self::BroadcastReceiver>);
    /// Sends to all. There is room.
    fn send_broadcast(sender: &Self::BroadcastSender, value: Arc<u64>);
    /// Receives, and has missed none.
    fn receive_broadcast(
        receiver: &mut Self::BroadcastReceiver,
    ) -> impl Future<Output = Arc<u64>> + Send;
}

/// A watch channel, where there is one.
pub(super) trait Watch: Primitives {
    /// The sending half.
    type WatchSender: Send + Sync + 'static;
    /// The receiving half.
    type WatchReceiver: Clone + Send + 'static;

    /// The two, with a zero.
    fn watch() -> (Self::WatchSender, Self::WatchReceiver);
    /// Changes the value.
    fn send_watch(sender: &Self::WatchSender, value: u64);
    /// Waits for a change, and looks.
    fn watch_changed(receiver: &mut Self::WatchReceiver) -> impl Future<Output = u64> + Send;
}
