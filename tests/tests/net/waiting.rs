//! Who is woken.

use crate::streams::settle_reading;
use crate::support::{Wakes, pair, until};
use futures_lite::future::{poll_once, yield_now};
use heist::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::TcpStream;
use heist_tests::{Shape, Tally};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn poll_read(mut stream: &TcpStream, waker: &Waker) -> Poll<usize> {
    let cx = &mut Context::from_waker(waker);
    let polled = Pin::new(&mut stream).poll_read(cx, &mut [0; 16]);
    polled.map(Result::unwrap)
}

/// Of the wakers that a `poll_` method is given, the last.
pub(crate) fn the_last_waker_is_woken(shape: Shape) {
    shape.block_on(async {
        let (mut client, server) = pair().await;
        for _ in 0..20 {
            let wakes: Vec<_> = (0..3).map(|_| Arc::new(Wakes::default())).collect();
            for wakes in &wakes {
                let waker = Waker::from(wakes.clone());
                assert!(poll_read(&server, &waker).is_pending());
                assert!(poll_read(&server, &waker).is_pending());
            }
            client.write_all(b"data").await.unwrap();
            until(|| wakes[2].count() > 0).await;
            let counts: Vec<_> = wakes.iter().map(|wakes| wakes.count()).collect();
            assert_eq!(counts, [0, 0, 1]);
            // No waker is kept. (The thread that has called one drops it after that.)
            until(|| wakes.iter().all(|wakes| Arc::strong_count(wakes) == 1)).await;
            assert_eq!(poll_read(&server, Waker::noop()), Poll::Ready(4));
        }

        // A read that goes on in another task than it began in.
        let server = Arc::new(server);
        let (began, stream) = (Tally::new(), server.clone());
        let first = {
            let began = began.clone();
            heist::spawn(async move {
                let mut buffer = [0; 16];
                let mut stream = &*stream;
                let read = pin!(stream.read(&mut buffer));
                crate::support::once_waiting(read, || began.hit()).await
            })
        };
        until(|| began.count() == 1).await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let second = heist::spawn(async move { (&*server).read(&mut [0; 16]).await });
        client.write_all(b"late").await.unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 4);
    });
}

/// In `readable` and its like any number may wait; each is woken.
pub(crate) fn any_number_of_tasks(shape: Shape) {
    const TASKS: usize = 50;
    shape.block_on(async {
        let (client, server) = pair().await;
        let server = Arc::new(server);
        // Until it is tried, a socket counts as ready.
        settle_reading(&*server).await;
        for _ in 0..10 {
            let waiting = Tally::new();
            let tasks: Vec<_> = (0..TASKS)
                .map(|number| {
                    let (server, waiting) = (server.clone(), waiting.clone());
                    let interest = if number % 2 == 0 {
                        Interest::READABLE
                    } else {
                        Interest::READABLE | Interest::PRIORITY
                    };
                    heist::spawn(async move {
                        let ready = server.ready(interest);
                        let ready = crate::support::once_waiting(ready, || waiting.hit()).await;
                        assert!(ready.unwrap().is_readable());
                    })
                })
                .collect();
            until(|| waiting.count() == TASKS).await;
            // Some go before it comes.
            for task in tasks.iter().step_by(7) {
                task.abort();
            }
            (&client).write_all(b"data").await.unwrap();
            for (number, task) in tasks.into_iter().enumerate() {
                let outcome = task.await;
                assert!(number % 7 == 0 || outcome.is_ok());
            }
            (&*server).read_exact(&mut [0; 4]).await.unwrap();
            assert!(poll_once((&*server).read(&mut [0])).await.is_none());
        }
    });
}

/// Its task has ended by the time that the event comes.
pub(crate) fn a_waker_that_is_gone(shape: Shape) {
    shape.block_on(async {
        let (mut client, server) = pair().await;
        let server = Arc::new(server);
        for _ in 0..50 {
            let stream = server.clone();
            let task = heist::spawn(async move {
                assert!(poll_once((&*stream).read(&mut [0; 16])).await.is_none());
                assert!(poll_once(stream.readable()).await.is_none());
            });
            task.await.unwrap();
            client.write_all(b"data").await.unwrap();
            let mut buffer = [0; 4];
            (&*server).read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"data");
            assert!(poll_once((&*server).read(&mut [0])).await.is_none());
        }
    });
}

/// Readiness is a level: who asks again is told again, until an operation finds nothing.
pub(crate) fn what_is_ready_stays_so(shape: Shape) {
    shape.block_on(async {
        let (mut client, server) = pair().await;
        assert!(
            poll_once(server.readable()).await.is_some(),
            "it was not tried yet"
        );
        settle_reading(&server).await;
        client.write_all(b"data").await.unwrap();
        for _ in 0..20 {
            server.readable().await.unwrap();
            yield_now().await;
        }
        // Byte by byte: each leaves the rest ready, without an event.
        for byte in *b"data" {
            let mut buffer = [0];
            let mut readable = pin!(server.readable());
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(readable.as_mut().poll(cx).is_ready());
            assert_eq!(server.try_read(&mut buffer).unwrap(), 1);
            assert_eq!(buffer, [byte]);
        }
        settle_reading(&server).await;
    });
}
