//! Who is woken.

use crate::datagrams::Name;
use crate::streams::{Listening, Stream, settle_reading};
use crate::support::{Wakes, listener, pair, until};
use futures_lite::future::{poll_once, yield_now};
use heist::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpStream, UnixDatagram, UnixStream};
use heist_tests::{Shape, Tally};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// How many wait for one thing.
const TASKS: usize = 16;

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

/// Futures that wait, each with a waker of its own, which counts.
struct Waiting<F> {
    futures: Vec<(Pin<Box<F>>, Arc<Wakes>)>,
}

impl<F: Future> Waiting<F> {
    /// Futures that all wait: made anew, after `settle`, if some need not. (A TCP stream that is full may have room again as its data goes on its way.)
    async fn new(settle: impl AsyncFn(), future: impl Fn() -> F) -> Self {
        loop {
            settle().await;
            let futures = (0..TASKS).map(|_| (Box::pin(future()), Arc::default()));
            let mut waiting = Self {
                futures: futures.collect(),
            };
            if waiting.poll(|_| true).is_empty() {
                return waiting;
            }
        }
    }

    /// Polls those that are due; what those are done with that are done, which go.
    fn poll(&mut self, is_due: impl Fn(&Wakes) -> bool) -> Vec<F::Output> {
        let mut done = Vec::new();
        self.futures.retain_mut(|(future, wakes)| {
            if !is_due(wakes) {
                return true;
            }
            let waker = Waker::from(wakes.clone());
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => done.push(output),
                Poll::Pending => return true,
            }
            false
        });
        done
    }

    /// When one has been woken, drops it as it is.
    async fn drop_one_that_is_woken(&mut self) {
        let woken = |(_, wakes): &(_, Arc<Wakes>)| wakes.count() > 0;
        until(|| self.futures.iter().any(woken)).await;
        let index = self.futures.iter().position(woken).unwrap();
        drop(self.futures.remove(index));
    }

    /// Waits until at least so many are done. Only who was woken since its last poll is polled.
    async fn until_done(&mut self, count: usize) -> Vec<F::Output> {
        let mut done = Vec::new();
        until(|| {
            done.extend(self.poll(Wakes::take));
            done.len() >= count
        })
        .await;
        done
    }
}

/// Who goes after its wake has come keeps it from nobody.
pub(crate) fn who_is_woken_and_goes_passes_it_on(shape: Shape) {
    async fn on<S: Stream>(ours: S, theirs: S) {
        let mut readers =
            Waiting::new(async || settle_reading(&ours).await, || ours.readable()).await;
        assert_eq!(theirs.try_write(b"!").unwrap(), 1);
        readers.drop_one_that_is_woken().await;
        assert_eq!(readers.until_done(TASKS - 1).await.len(), TASKS - 1);
        drop(readers);

        let chunk = vec![0; 1 << 16];
        let fill = async || while ours.try_write(&chunk).is_ok() {};
        let mut writers = Waiting::new(fill, || ours.writable()).await;
        let mut buffer = vec![0; 1 << 16];
        let drained = async {
            loop {
                theirs.readable().await.unwrap();
                while theirs.try_read(&mut buffer).is_ok() {}
                heist::task::yield_now().await;
            }
        };
        let written = async {
            writers.drop_one_that_is_woken().await;
            assert_eq!(writers.until_done(TASKS - 1).await.len(), TASKS - 1);
        };
        futures_lite::future::or(drained, written).await;
    }

    shape.block_on(async {
        let (ours, theirs) = pair().await;
        on(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        on(ours, theirs).await;

        let listener = listener().await;
        let mut acceptors = Waiting::new(async || (), || listener.accept()).await;
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        acceptors.drop_one_that_is_woken().await;
        assert_eq!(acceptors.until_done(1).await.len(), 1);

        let server = Listening::new();
        let mut acceptors = Waiting::new(async || (), || server.listener.accept()).await;
        let _client = std::os::unix::net::UnixStream::connect(server.path()).unwrap();
        acceptors.drop_one_that_is_woken().await;
        assert_eq!(acceptors.until_done(1).await.len(), 1);

        // Datagrams: any of those that wait gets the one that comes.
        let (sender, socket) = crate::datagrams::udp_pair().await;
        let settle = async || assert!(poll_once(socket.recv_from(&mut [0])).await.is_none());
        let mut receivers =
            Waiting::new(settle, async || socket.recv_from(&mut [0]).await.map(drop)).await;
        sender.send(b"1").await.unwrap();
        receivers.drop_one_that_is_woken().await;
        assert_eq!(receivers.until_done(1).await.len(), 1);
        sender.send(b"2").await.unwrap();
        assert_eq!(receivers.until_done(1).await.len(), 1);
    });
}

/// The same of those that wait for room in another's queue. By its name there is nothing to be ready for: see `send_to`.
pub(crate) fn who_is_woken_and_goes_leaves_the_room_to_others(shape: Shape) {
    shape.block_on(async {
        let name = Name::new();
        let server = UnixDatagram::bind(&name.0).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        let mut sent = 0;
        while socket.try_send_to(b"1", &name.0).is_ok() {
            sent += 1;
        }
        let mut senders = Waiting::new(
            async || (),
            async || socket.send_to(b"1", &name.0).await.map(drop),
        )
        .await;
        server.recv(&mut [0]).await.unwrap();
        senders.drop_one_that_is_woken().await;
        // One has room already, and each that is received makes some for another.
        assert_eq!(senders.until_done(1).await.len(), 1);
        for _ in 0..TASKS - 2 {
            server.recv(&mut [0]).await.unwrap();
            let done = senders.until_done(1).await;
            assert_eq!(done.len(), 1);
            done.into_iter().for_each(Result::unwrap);
        }
        for _ in 0..sent {
            server.recv(&mut [0]).await.unwrap();
        }
        assert!(server.try_recv(&mut [0]).is_err(), "one was sent twice");
    });
}
