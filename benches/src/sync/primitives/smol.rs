//! smol's primitives: the crates async-lock, async-channel, async-broadcast and event-listener. It has no watch channel.

#![forbid(unsafe_code)]

use super::Primitives;
use crate::peer::smol::Smol;
use crate::workload::Sample;
use ::smol::channel::{self, Receiver, Sender};
use ::smol::lock::{Mutex, RwLock, Semaphore};
use async_broadcast::{Receiver as BroadcastReceiver, Sender as BroadcastSender};
use event_listener::Event;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};

/// An event, and whether it has happened: whoever waits looks, listens, and looks again, as its documentation says.
pub struct Notify {
    event: Event,
    happened: AtomicBool,
}

impl Primitives for Smol {
    type Mutex = Mutex<u64>;
    type RwLock = RwLock<u64>;
    type Semaphore = Semaphore;
    type Notify = Notify;
    type BoundedSender<T: Send + 'static> = Sender<T>;
    type BoundedReceiver<T: Send + 'static> = Receiver<T>;
    type UnboundedSender<T: Send + 'static> = Sender<T>;
    type UnboundedReceiver<T: Send + 'static> = Receiver<T>;
    type BroadcastSender = BroadcastSender<Arc<u64>>;
    type BroadcastReceiver = BroadcastReceiver<Arc<u64>>;

    const WATCH: Option<fn(&LazyLock<Self>) -> Sample> = None;

    fn mutex() -> Mutex<u64> {
        Mutex::new(0)
    }

    async fn lock(mutex: &Mutex<u64>) -> impl DerefMut<Target = u64> + Send {
        mutex.lock().await
    }

    fn rwlock() -> RwLock<u64> {
        RwLock::new(0)
    }

    async fn read_lock(lock: &RwLock<u64>) -> impl Deref<Target = u64> + Send {
        lock.read().await
    }

    async fn write_lock(lock: &RwLock<u64>) -> impl DerefMut<Target = u64> + Send {
        lock.write().await
    }

    fn semaphore(permits: usize) -> Semaphore {
        Semaphore::new(permits)
    }

    async fn acquire(semaphore: &Semaphore) -> impl Send {
        semaphore.acquire().await
    }

    fn notify() -> Notify {
        Notify {
            event: Event::new(),
            happened: AtomicBool::new(false),
        }
    }

    fn notify_one(notify: &Notify) {
        notify.happened.store(true, SeqCst);
        notify.event.notify(1);
    }

    async fn notified(notify: &Notify) {
        while !notify.happened.swap(false, SeqCst) {
            let listener = notify.event.listen();
            if notify.happened.swap(false, SeqCst) {
                return;
            }
            listener.await;
        }
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        channel::bounded(capacity)
    }

    async fn send_bounded<T: Send + 'static>(sender: &Sender<T>, value: T) {
        assert!(sender.send(value).await.is_ok());
    }

    async fn receive_bounded<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn unbounded<T: Send + 'static>() -> (Sender<T>, Receiver<T>) {
        channel::unbounded()
    }

    fn send_unbounded<T: Send + 'static>(sender: &Sender<T>, value: T) {
        assert!(sender.try_send(value).is_ok());
    }

    async fn receive_unbounded<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn broadcast(
        capacity: usize,
        receivers: usize,
    ) -> (Self::BroadcastSender, Vec<Self::BroadcastReceiver>) {
        let (sender, receiver) = async_broadcast::broadcast(capacity);
        let mut receivers: Vec<_> = (1..receivers).map(|_| receiver.clone()).collect();
        receivers.push(receiver);
        (sender, receivers)
    }

    fn send_broadcast(sender: &Self::BroadcastSender, value: Arc<u64>) {
        assert!(sender.try_broadcast(value).is_ok());
    }

    async fn receive_broadcast(receiver: &mut Self::BroadcastReceiver) -> Arc<u64> {
        receiver.recv_direct().await.expect("it doesn't lag")
    }
}
