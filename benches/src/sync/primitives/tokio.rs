//! tokio's primitives: `tokio::sync`.

#![forbid(unsafe_code)]

use super::{Primitives, Watch};
use crate::peer::tokio::Tokio;
use crate::sync::signals;
use crate::workload::Sample;
use ::tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, watch};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

impl Primitives for Tokio {
    type Mutex = Mutex<u64>;
    type RwLock = RwLock<u64>;
    type Semaphore = Semaphore;
    type Notify = Notify;
    type BoundedSender<T: Send + 'static> = mpsc::Sender<T>;
    type BoundedReceiver<T: Send + 'static> = mpsc::Receiver<T>;
    type UnboundedSender<T: Send + 'static> = mpsc::UnboundedSender<T>;
    type UnboundedReceiver<T: Send + 'static> = mpsc::UnboundedReceiver<T>;
    type BroadcastSender = broadcast::Sender<Arc<u64>>;
    type BroadcastReceiver = broadcast::Receiver<Arc<u64>>;

    const WATCH: Option<fn(&LazyLock<Self>) -> Sample> = Some(signals::watch);

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
        semaphore.acquire().await.expect("it stays open")
    }

    fn notify() -> Notify {
        Notify::new()
    }

    fn notify_one(notify: &Notify) {
        notify.notify_one();
    }

    async fn notified(notify: &Notify) {
        notify.notified().await;
    }

    fn bounded<T: Send + 'static>(capacity: usize) -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
        mpsc::channel(capacity)
    }

    async fn send_bounded<T: Send + 'static>(sender: &mpsc::Sender<T>, value: T) {
        assert!(sender.send(value).await.is_ok());
    }

    async fn receive_bounded<T: Send + 'static>(receiver: &mut mpsc::Receiver<T>) -> Option<T> {
        receiver.recv().await
    }

    fn unbounded<T: Send + 'static>() -> (mpsc::UnboundedSender<T>, mpsc::UnboundedReceiver<T>) {
        mpsc::unbounded_channel()
    }

    fn send_unbounded<T: Send + 'static>(sender: &mpsc::UnboundedSender<T>, value: T) {
        assert!(sender.send(value).is_ok());
    }

    async fn receive_unbounded<T: Send + 'static>(
        receiver: &mut mpsc::UnboundedReceiver<T>,
    ) -> Option<T> {
        receiver.recv().await
    }

    fn broadcast(
        capacity: usize,
        receivers: usize,
    ) -> (Self::BroadcastSender, Vec<Self::BroadcastReceiver>) {
        let sender = broadcast::Sender::new(capacity);
        let receivers = (0..receivers).map(|_| sender.subscribe()).collect();
        (sender, receivers)
    }

    fn send_broadcast(sender: &Self::BroadcastSender, value: Arc<u64>) {
        sender.send(value).expect("they listen");
    }

    async fn receive_broadcast(receiver: &mut Self::BroadcastReceiver) -> Arc<u64> {
        receiver.recv().await.expect("it doesn't lag")
    }
}

impl Watch for Tokio {
    type WatchSender = watch::Sender<u64>;
    type WatchReceiver = watch::Receiver<u64>;

    fn watch() -> (watch::Sender<u64>, watch::Receiver<u64>) {
        watch::channel(0)
    }

    fn send_watch(sender: &watch::Sender<u64>, value: u64) {
        sender.send(value).expect("they look");
    }

    async fn watch_changed(receiver: &mut watch::Receiver<u64>) -> u64 {
        receiver.changed().await.expect("the sender is there");
        *receiver.borrow_and_update()
    }
}
