//! The futures of mpsc channels and of queues.

use heist::StreamExt;
use heist::spawn;
use heist::sync::{LifoQueue, PriorityQueue, Queue, mpsc};
use heist::task::yield_now;
use heist_tests::{Probe, Token};
use std::future::Future;
use std::sync::Arc;

cases! {
    receiving receiving_many receiving_without_a_bound receiving_many_without_a_bound
    the_next_of_a_stream sending reserving reserving_many reserving_with_the_sender
    closed closed_without_a_bound
    getting getting_the_last getting_the_smallest putting joining
}

/// A peer that sends three values, one at a time.
fn send_three(probe: &Probe) -> (impl Future<Output = ()>, mpsc::Receiver<Token>) {
    let (sender, receiver) = mpsc::channel(1);
    let tokens = [(); 3].map(|()| probe.token());
    let peer = spawn(async move {
        for token in tokens {
            yield_now().await;
            sender.send(token).await.expect("it is still wanted");
        }
    });
    (async { peer.await.expect("it sends") }, receiver)
}

async fn receiving(probe: Probe) {
    let (peer, mut receiver) = send_three(&probe);
    let received = probe.drop_after(receiver.recv()).await;
    let mut count = usize::from(received.is_some_and(|token| token.is_some()));
    while receiver.recv().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 3);
    assert_eq!(receiver.capacity(), 1);
    peer.await;
}

async fn receiving_many(probe: Probe) {
    let (peer, mut receiver) = send_three(&probe);
    let mut tokens = Vec::new();
    let received = probe.drop_after(receiver.recv_many(&mut tokens, 3)).await;
    assert_eq!(received.unwrap_or(0), tokens.len());
    while receiver.recv_many(&mut tokens, 3).await != 0 {}
    assert_eq!(tokens.len(), 3);
    assert_eq!(receiver.capacity(), 1);
    peer.await;
}

async fn receiving_without_a_bound(probe: Probe) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).expect("it is still wanted");
    });
    if probe.drop_after(receiver.recv()).await.is_none() {
        assert!(receiver.recv().await.is_some());
    }
    assert!(receiver.recv().await.is_none());
    peer.await.expect("it sends");
}

async fn receiving_many_without_a_bound(probe: Probe) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).expect("it is still wanted");
    });
    let mut tokens = Vec::new();
    probe.drop_after(receiver.recv_many(&mut tokens, 9)).await;
    while receiver.recv_many(&mut tokens, 9).await != 0 {}
    assert_eq!(tokens.len(), 1);
    peer.await.expect("it sends");
}

async fn the_next_of_a_stream(probe: Probe) {
    let (peer, receiver) = send_three(&probe);
    let mut stream = receiver.into_stream();
    let received = probe.drop_after(stream.next()).await;
    let count = usize::from(received.is_some_and(|token| token.is_some()));
    assert_eq!(count + stream.count().await, 3);
    peer.await;
}

/// A full channel, of which a peer receives all.
fn receive_all(probe: &Probe) -> (mpsc::Sender<Token>, impl Future<Output = usize>) {
    let (sender, mut receiver) = mpsc::channel(2);
    for _ in 0..2 {
        sender.try_send(probe.token()).expect("there is room");
    }
    let peer = spawn(async move {
        let mut count = 0;
        yield_now().await;
        while receiver.recv().await.is_some() {
            count += 1;
            yield_now().await;
        }
        assert_eq!(receiver.capacity(), 2, "a permit was lost");
        count
    });
    (sender, async { peer.await.expect("it receives") })
}

async fn sending(probe: Probe) {
    let (sender, peer) = receive_all(&probe);
    let sent = probe.drop_after(sender.send(probe.token())).await;
    drop(sender);
    assert_eq!(peer.await, 2 + usize::from(sent.is_some()));
}

async fn reserving(probe: Probe) {
    let (sender, peer) = receive_all(&probe);
    let permit = probe.drop_after(sender.reserve()).await;
    let sent = permit.map(|permit| permit.expect("it is open").send(probe.token()));
    drop(sender);
    assert_eq!(peer.await, 2 + usize::from(sent.is_some()));
}

async fn reserving_many(probe: Probe) {
    let (sender, peer) = receive_all(&probe);
    // One of the two is used.
    let permits = probe.drop_after(sender.reserve_many(2)).await;
    let permit = permits.and_then(|permits| permits.expect("it is open").next());
    let sent = permit.map(|permit| permit.send(probe.token()));
    drop(sender);
    assert_eq!(peer.await, 2 + usize::from(sent.is_some()));
}

async fn reserving_with_the_sender(probe: Probe) {
    let (sender, peer) = receive_all(&probe);
    let permit = probe.drop_after(sender.reserve_owned()).await;
    let sent = permit.map(|permit| drop(permit.expect("it is open").send(probe.token())));
    assert_eq!(peer.await, 2 + usize::from(sent.is_some()));
}

async fn closed(probe: Probe) {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let peer = spawn(async move {
        yield_now().await;
        receiver.close();
    });
    if probe.drop_after(sender.closed()).await.is_none() {
        sender.closed().await;
    }
    assert!(sender.is_closed());
    peer.await.expect("it closes");
}

async fn closed_without_a_bound(probe: Probe) {
    let (sender, receiver) = mpsc::unbounded_channel::<()>();
    let peer = spawn(async move {
        yield_now().await;
        drop(receiver);
    });
    if probe.drop_after(sender.closed()).await.is_none() {
        sender.closed().await;
    }
    assert!(sender.is_closed());
    peer.await.expect("it goes");
}

async fn getting(probe: Probe) {
    let queue = Arc::new(Queue::new(1));
    let peer = spawn({
        let (queue, tokens) = (queue.clone(), [(); 3].map(|()| probe.token()));
        async move {
            for token in tokens {
                yield_now().await;
                queue.put(token).await.expect("it is open");
            }
            queue.close();
        }
    });
    let got = probe.drop_after(queue.get()).await;
    let mut count = usize::from(got.is_some_and(|token| token.is_ok()));
    while queue.get().await.is_ok() {
        count += 1;
    }
    assert_eq!(count, 3);
    peer.await.expect("it puts");
}

async fn getting_the_last(probe: Probe) {
    let queue = Arc::new(LifoQueue::unbounded());
    let peer = spawn({
        let queue = queue.clone();
        async move {
            yield_now().await;
            queue.put(1).await.expect("it is open");
        }
    });
    if probe.drop_after(queue.get()).await.is_none() {
        assert_eq!(queue.get().await, Ok(1));
    }
    assert!(queue.is_empty());
    peer.await.expect("it puts");
}

async fn getting_the_smallest(probe: Probe) {
    let queue = Arc::new(PriorityQueue::new(2));
    let peer = spawn({
        let queue = queue.clone();
        async move {
            yield_now().await;
            queue.put(1).await.expect("it is open");
        }
    });
    if probe.drop_after(queue.get()).await.is_none() {
        assert_eq!(queue.get().await, Ok(1));
    }
    assert!(queue.is_empty());
    peer.await.expect("it puts");
}

async fn putting(probe: Probe) {
    let queue = Arc::new(Queue::new(1));
    queue.put(probe.token()).await.expect("it is open");
    let peer = spawn({
        let queue = queue.clone();
        async move {
            yield_now().await;
            let mut count = 0;
            while queue.get().await.is_ok() {
                count += 1;
            }
            count
        }
    });
    let put = probe.drop_after(queue.put(probe.token())).await.is_some();
    // No room was lost.
    queue.put(probe.token()).await.expect("it is open");
    queue.close();
    assert_eq!(peer.await.expect("it gets"), 2 + usize::from(put));
}

async fn joining(probe: Probe) {
    let queue = Arc::new(Queue::unbounded());
    queue.try_put(1).expect("it is open");
    let peer = spawn({
        let queue = queue.clone();
        async move {
            yield_now().await;
            queue.get().await.expect("it is there");
            queue.task_done();
        }
    });
    if probe.drop_after(queue.join()).await.is_none() {
        queue.join().await;
    }
    assert!(queue.is_empty());
    peer.await.expect("it gets");
}
