//! One-shot and mpsc channels.

use crate::crew::{Task, Work, stress};
use crate::payload::{Item, Ledger};
use futures_lite::future::{poll_once, yield_now};
use heist::sync::{mpsc, oneshot};
use std::sync::Arc;

const SENDERS: usize = 4;

/// Half of the senders and some of the receivers go without the other.
#[test]
fn oneshot() {
    stress("oneshot", |operations| {
        let ledger = Ledger::new(operations);
        let (to_sender, mut senders) = mpsc::unbounded_channel::<(usize, oneshot::Sender<Item>)>();
        let makes: Task = Box::pin(async move {
            for id in 0..operations {
                let (sender, mut receiver) = oneshot::channel();
                assert!(to_sender.send((id, sender)).is_ok());
                match id % 8 {
                    0 => drop(receiver),
                    1 => {
                        if let Some(item) = poll_once(&mut receiver).await {
                            item.expect("it is sent").receive();
                        }
                    }
                    2 => assert!(receiver.await.is_err()),
                    _ => receiver.await.expect("it is sent").receive(),
                }
            }
        });
        let sends: Task = Box::pin({
            let ledger = Arc::clone(&ledger);
            async move {
                while let Some((id, sender)) = senders.recv().await {
                    if id % 8 != 2 {
                        drop(sender.send(ledger.item(id)));
                    }
                }
            }
        });
        Work {
            tasks: vec![makes, sends],
            done: Box::new(move || {
                let received = ledger.received();
                assert!(received >= operations / 8 * 5, "items are lost");
                operations
            }),
        }
    });
}

/// Checks that what comes from a sender comes in order.
fn receive(item: Item, each: usize, last: &mut [Option<usize>; SENDERS]) {
    let sender = item.id() / each;
    assert!(last[sender].is_none_or(|last| last < item.id()));
    last[sender] = Some(item.id());
    item.receive();
}

#[test]
fn mpsc_bounded() {
    stress("mpsc_bounded", |operations| {
        let each = operations.div_ceil(SENDERS);
        let ledger = Ledger::new(SENDERS * each);
        let (tx, mut rx) = mpsc::channel(16);
        let mut tasks: Vec<Task> = Vec::new();
        for sender in 0..SENDERS {
            let (ledger, tx) = (Arc::clone(&ledger), tx.clone());
            tasks.push(Box::pin(async move {
                for n in 0..each {
                    if n % 16 == 0 {
                        // A place that nobody takes.
                        drop(poll_once(tx.reserve()).await);
                    }
                    let item = ledger.item(sender * each + n);
                    assert!(tx.send(item).await.is_ok());
                }
            }));
        }
        drop(tx);
        tasks.push(Box::pin(async move {
            let mut last = [None; SENDERS];
            let mut many = Vec::new();
            loop {
                match poll_once(rx.recv()).await {
                    Some(None) => break,
                    Some(Some(item)) => receive(item, each, &mut last),
                    None => {
                        if rx.recv_many(&mut many, 8).await == 0 {
                            break;
                        }
                        many.drain(..)
                            .for_each(|item| receive(item, each, &mut last));
                    }
                }
            }
        }));
        Work {
            tasks,
            done: Box::new(move || ledger.assert_all()),
        }
    });
}

#[test]
fn mpsc_unbounded() {
    stress("mpsc_unbounded", |operations| {
        let each = operations.div_ceil(SENDERS);
        let ledger = Ledger::new(SENDERS * each);
        let (tx, mut rx) = mpsc::unbounded_channel();
        let mut tasks: Vec<Task> = Vec::new();
        for sender in 0..SENDERS {
            let (ledger, tx) = (Arc::clone(&ledger), tx.clone());
            tasks.push(Box::pin(async move {
                for n in 0..each {
                    assert!(tx.send(ledger.item(sender * each + n)).is_ok());
                    if n % 64 == 0 {
                        yield_now().await;
                    }
                }
            }));
        }
        drop(tx);
        tasks.push(Box::pin(async move {
            let mut last = [None; SENDERS];
            loop {
                let item = match poll_once(rx.recv()).await {
                    Some(item) => item,
                    None => rx.recv().await,
                };
                match item {
                    Some(item) => receive(item, each, &mut last),
                    None => break,
                }
            }
        }));
        Work {
            tasks,
            done: Box::new(move || ledger.assert_all()),
        }
    });
}

/// What is in a channel when its receiver goes is dropped, once.
#[test]
fn mpsc_whose_receiver_goes() {
    stress("mpsc_whose_receiver_goes", |operations| {
        const ITEMS: usize = 64;
        let ledger = Ledger::new(operations.next_multiple_of(ITEMS));
        let tasks = (0..operations.div_ceil(ITEMS)).map(|channel| {
            let ledger = Arc::clone(&ledger);
            let items = channel * ITEMS..(channel + 1) * ITEMS;
            Box::pin(async move {
                let (tx, mut rx) = mpsc::channel(ITEMS / 4);
                let send = async {
                    for id in items {
                        if tx.send(ledger.item(id)).await.is_err() {
                            return;
                        }
                    }
                };
                let receive = async {
                    for _ in 0..channel % ITEMS {
                        rx.recv().await.expect("it is sent").receive();
                    }
                    drop(rx);
                };
                futures_lite::future::zip(send, receive).await;
            }) as _
        });
        Work {
            tasks: tasks.collect(),
            done: Box::new(move || {
                let received = ledger.received();
                let channels = operations.div_ceil(ITEMS);
                assert_eq!(received, (0..channels).map(|n| n % ITEMS).sum::<usize>());
                operations
            }),
        }
    });
}
