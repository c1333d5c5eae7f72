//! Tasks that are cancelled in the middle of it leave no descriptor open.

use crate::support::{Deaf, Random, alone, once_waiting, open_descriptors, pair, until};
use futures_lite::future::poll_once;
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist_tests::{Shape, Tally};
use std::sync::Arc;

/// What a task waits in when it is cancelled.
async fn wait(kind: usize, deaf: std::net::SocketAddr, waiting: Tally) {
    let waits = || waiting.hit();
    if kind == 0 {
        let _ = once_waiting(TcpStream::connect(deaf), waits).await;
        return;
    }
    let listener = crate::support::listener().await;
    if kind == 1 {
        let _ = once_waiting(listener.accept(), waits).await;
        return;
    }
    let (mut client, mut server) = pair().await;
    // Until it is tried, a socket counts as ready.
    assert!(poll_once(server.read(&mut [0])).await.is_none());
    let _ = match kind {
        2 => once_waiting(server.read(&mut [0]), waits).await.map(drop),
        3 => once_waiting(client.write_all(&vec![0; 16 << 20]), waits).await,
        4 => once_waiting(server.readable(), waits).await,
        5 => once_waiting(server.peek(&mut [0]), waits).await.map(drop),
        _ => {
            let shared = Arc::new(server);
            let other = shared.clone();
            let both = futures_lite::future::or(
                async { (&*shared).read_exact(&mut [0; 8]).await },
                async { other.readable().await },
            );
            once_waiting(both, waits).await
        }
    };
}

pub(crate) fn nothing_is_left_open(shape: Shape) {
    const TASKS: usize = 70;
    alone(shape, "cancel::nothing_is_left_open", async {
        let deaf = Deaf::new();
        let address = deaf.address();
        // The reactor's own.
        drop(pair().await);
        let before = open_descriptors();
        for round in 0..4 {
            let waiting = Tally::new();
            let mut tasks: Vec<_> = (0..TASKS)
                .map(|number| heist::spawn(wait(number % 7, address, waiting.clone())))
                .collect();
            until(|| waiting.count() == TASKS).await;
            assert!(open_descriptors() > before + TASKS);
            if round % 2 == 0 {
                for task in &tasks {
                    task.abort();
                }
            } else {
                // From other threads, all at once.
                let handles: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
                let threads: Vec<_> = handles
                    .chunks(TASKS / 5)
                    .map(|part| part.to_vec())
                    .map(|part| {
                        std::thread::spawn(move || part.iter().for_each(|task| task.abort()))
                    })
                    .collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            }
            for task in tasks.drain(..) {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            assert_eq!(open_descriptors(), before);
        }
    });
}

/// Clients and servers that talk all the time, cancelled a few at a time.
pub(crate) fn in_the_middle_of_a_storm(shape: Shape) {
    const CLIENTS: usize = 40;
    alone(shape, "cancel::in_the_middle_of_a_storm", async {
        drop(pair().await);
        let before = open_descriptors();
        let mut random = Random::new(1);
        for _ in 0..3 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let talked = Tally::new();
            let server = heist::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    drop(heist::spawn(async move {
                        let mut buffer = [0; 1_000];
                        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                            if stream.write_all(&buffer[..read]).await.is_err() {
                                break;
                            }
                        }
                    }));
                }
            });
            let mut clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    let talked = talked.clone();
                    heist::spawn(async move {
                        loop {
                            let mut stream = TcpStream::connect(address).await.unwrap();
                            stream.set_nodelay(true).unwrap();
                            for _ in 0..10 {
                                stream.write_all(&[1; 3_000]).await.unwrap();
                                stream.read_exact(&mut [0; 3_000]).await.unwrap();
                                talked.hit();
                            }
                        }
                    })
                })
                .collect();
            while !clients.is_empty() {
                let count = talked.count();
                until(|| talked.count() > count + 10).await;
                for _ in 0..CLIENTS / 8 {
                    let client = clients.swap_remove(random.below(clients.len()));
                    client.abort();
                    let outcome: Result<(), _> = client.await;
                    assert!(outcome.unwrap_err().is_cancelled());
                }
            }
            server.abort();
            let outcome: Result<(), _> = server.await;
            assert!(outcome.unwrap_err().is_cancelled());
            // The servers of the last clients find the end by themselves.
            until(|| open_descriptors() == before).await;
        }
    });
}
