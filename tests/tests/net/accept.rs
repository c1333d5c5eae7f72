//! Listeners: many tasks at one of them, and what happens without descriptors.

use crate::support::{alone, listener, once_waiting, open_descriptors, until};
use futures_lite::future::poll_once;
use heist::net::{TcpListener, TcpStream};
use heist::sync::Notify;
use heist_tests::{Countdown, Shape, Tally};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;

const TASKS: usize = 16;

/// As many tasks that accept, for ever, and send whom they accepted.
fn acceptors(
    listener: &Arc<TcpListener>,
    waiting: &Tally,
) -> (Vec<heist::JoinHandle<()>>, mpsc::Receiver<SocketAddr>) {
    let (accepted, accepts) = mpsc::channel();
    let acceptor = |_| {
        let (listener, waiting, accepted) = (listener.clone(), waiting.clone(), accepted.clone());
        heist::spawn(async move {
            loop {
                let (_stream, peer) = once_waiting(listener.accept(), || waiting.hit())
                    .await
                    .unwrap();
                let _ = accepted.send(peer);
            }
        })
    };
    ((0..TASKS).map(acceptor).collect(), accepts)
}

/// One that comes alone is taken by somebody, though all are woken.
pub(crate) fn every_connection_once(shape: Shape) {
    shape.block_on(async {
        let listener = Arc::new(listener().await);
        let address = listener.local_addr().unwrap();
        let waiting = Tally::new();
        let (_tasks, accepts) = acceptors(&listener, &waiting);
        until(|| waiting.count() >= TASKS).await;
        for _ in 0..100 {
            let client = TcpStream::connect(address).await.unwrap();
            let mut peer = None;
            until(|| {
                peer = accepts.try_recv().ok();
                peer.is_some()
            })
            .await;
            assert_eq!(peer.unwrap(), client.local_addr().unwrap());
        }
        let clients: Vec<_> = (0..200)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        let mut peers = HashSet::new();
        until(|| {
            peers.extend(accepts.try_iter());
            peers.len() == clients.len()
        })
        .await;
        assert!(
            clients
                .iter()
                .all(|client| peers.contains(&client.local_addr().unwrap()))
        );
        assert!(accepts.try_recv().is_err(), "one was accepted twice");
    });
}

pub(crate) fn each_of_many_gets_one(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            let listener = Arc::new(listener().await);
            let waiting = Tally::new();
            let accept = |_| {
                let (listener, waiting) = (listener.clone(), waiting.clone());
                heist::spawn(async move {
                    once_waiting(listener.accept(), || waiting.hit())
                        .await
                        .unwrap()
                        .1
                })
            };
            let tasks: Vec<_> = (0..TASKS).map(accept).collect();
            until(|| waiting.count() == TASKS).await;
            let address = listener.local_addr().unwrap();
            let clients: Vec<_> = (0..TASKS)
                .map(|_| std::net::TcpStream::connect(address).unwrap())
                .collect();
            let mut peers = HashSet::new();
            for task in tasks {
                peers.insert(task.await.unwrap());
            }
            assert_eq!(peers.len(), clients.len());
        }
    });
}

/// Tasks that are aborted as connections come in: the others take them.
pub(crate) fn who_leaves_takes_no_connection_along(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            let listener = Arc::new(listener().await);
            let address = listener.local_addr().unwrap();
            let waiting = Tally::new();
            let (mut tasks, accepts) = acceptors(&listener, &waiting);
            until(|| waiting.count() >= TASKS).await;
            let client = std::net::TcpStream::connect(address).unwrap();
            for task in tasks.drain(1..) {
                task.abort();
            }
            // Those that are aborted may have it already. The next one is the last task's.
            let next = std::net::TcpStream::connect(address).unwrap();
            let mut peers = HashSet::new();
            until(|| {
                peers.extend(accepts.try_iter());
                peers.contains(&next.local_addr().unwrap())
            })
            .await;
            drop(client);
        }
    });
}

/// Takes all descriptors that there are.
pub(crate) fn exhaust() -> Vec<File> {
    let mut files = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => files.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
                return files;
            }
        }
    }
}

/// Leaves room for so many descriptors more.
pub(crate) fn limit_descriptors(more: usize) {
    let limit = Rlimit {
        current: Some((open_descriptors() + more) as u64),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[track_caller]
pub(crate) fn assert_exhausted<T>(outcome: io::Result<T>) {
    let Err(error) = outcome else {
        panic!("there was a descriptor left");
    };
    assert_eq!(error.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
    assert_eq!(error.to_string(), "Too many open files (os error 24)");
}

pub(crate) fn waiting_connections_outlive_a_want_of_descriptors(shape: Shape) {
    alone(
        shape,
        "accept::waiting_connections_outlive_a_want_of_descriptors",
        async {
            limit_descriptors(60);
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            let clients: Vec<_> = (0..8)
                .map(|_| std::net::TcpStream::connect(address).unwrap())
                .collect();
            let files = exhaust();
            for _ in 0..3 {
                assert_exhausted(listener.accept().await);
            }
            assert_exhausted(TcpStream::connect(address).await);
            assert_exhausted(TcpListener::bind("127.0.0.1:0").await);
            drop(files);

            // Nobody comes any more, and no event either.
            for client in &clients {
                let (_, peer) = listener.accept().await.unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
            }
            assert!(poll_once(listener.accept()).await.is_none());
            TcpStream::connect(address).await.unwrap();
        },
    );
}

/// Tasks that wait in accept while descriptors run out each hear of it, and go on; and so does a reactor that could not be made at first.
pub(crate) fn a_want_of_descriptors_outlives_no_task(shape: Shape) {
    alone(
        shape,
        "accept::a_want_of_descriptors_outlives_no_task",
        async {
            limit_descriptors(40);
            // The listener takes one descriptor, its reactor takes some: with too few, nothing is left open.
            let mut files = exhaust();
            let all = files.len();
            let listener = loop {
                match TcpListener::bind("127.0.0.1:0").await {
                    Ok(listener) => break Arc::new(listener),
                    Err(error) => assert_exhausted::<()>(Err(error)),
                }
                let free = all - files.len();
                assert_eq!(exhaust().len(), free);
                files.pop().expect("few are enough");
            };
            let address = listener.local_addr().unwrap();
            drop(files);

            let clients: Vec<_> = (0..TASKS / 2)
                .map(|_| {
                    use socket2::{Domain, Socket, Type};
                    Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()
                })
                .collect();
            let waiting = Tally::new();
            let failed = Countdown::new(TASKS);
            let (accepted, accepts) = mpsc::channel();
            let resume = Arc::new(Notify::new());
            for _ in 0..TASKS {
                let (listener, waiting, failed) =
                    (listener.clone(), waiting.clone(), failed.clone());
                let (accepted, resume) = (accepted.clone(), resume.clone());
                drop(heist::spawn(async move {
                    let resumed = resume.notified();
                    assert_exhausted(once_waiting(listener.accept(), || waiting.hit()).await);
                    failed.hit();
                    resumed.await;
                    loop {
                        let (_stream, peer) = listener.accept().await.unwrap();
                        let _ = accepted.send(peer);
                    }
                }));
            }
            until(|| waiting.count() == TASKS).await;
            let files = exhaust();
            for client in &clients {
                client.connect(&address.into()).unwrap();
            }
            failed.wait().await;
            drop(files);
            resume.notify_waiters();
            let mut peers = HashSet::new();
            until(|| {
                peers.extend(accepts.try_iter());
                peers.len() == clients.len()
            })
            .await;
        },
    );
}
