//! Sockets that outlive their runtime.

use crate::streams::{Listening, settle_reading};
use crate::support::{Deaf, listener, once_waiting, pair};
use futures_lite::future::block_on;
use heist::StreamExt;
use heist::io::unix::AsyncFd;
use heist::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use heist::runtime::Runtime;
use heist_tests::{PATIENCE, Running, Shape, receive, wait_until};
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

#[track_caller]
fn assert_shut_down<T>(outcome: io::Result<T>) {
    let Err(error) = outcome else {
        panic!("its runtime is gone");
    };
    let expected =
        "the heist runtime that this socket or file descriptor belongs to has been shut down";
    assert_eq!(error.to_string(), expected);
}

/// Ends a runtime in one of the ways that there are.
fn end(running: Running, way: usize) {
    let (runtime, driver): (Runtime, _) = running.take();
    match way % 3 {
        0 => drop(runtime),
        1 => runtime.shutdown_background(),
        _ => runtime.shutdown_timeout(Duration::from_secs(10)),
    }
    drop(driver);
}

/// Tasks of another runtime that wait for sockets of this one.
struct Waiting<'a> {
    runtime: &'a Runtime,
    tasks: Vec<heist::JoinHandle<io::Result<()>>>,
    begun: (mpsc::Sender<()>, Receiver<()>),
}

impl<'a> Waiting<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        Self {
            runtime,
            tasks: Vec::new(),
            begun: mpsc::channel(),
        }
    }

    fn add<T>(&mut self, future: impl Future<Output = io::Result<T>> + Send + 'static) {
        let begun = self.begun.0.clone();
        self.tasks.push(self.runtime.spawn(async move {
            let waits = once_waiting(future, || begun.send(()).unwrap());
            waits.await.map(drop)
        }));
        receive(&self.begun.1);
    }

    /// All of them get the error.
    fn assert_shut_down(self) {
        for task in self.tasks {
            assert_shut_down(block_on(task).unwrap());
        }
    }
}

pub(crate) fn who_waits_gets_an_error(shape: Shape) {
    let other = Shape::Workers(2).running();
    for way in 0..6 {
        let home = shape.running();
        let (listener, (client, server)) =
            home.block_on(async { (Arc::new(listener().await), pair().await) });
        let server = Arc::new(server);
        while server.try_write(&[0; 65_536]).is_ok() {}

        let mut waiting = Waiting::new(&other);
        let accept = |listener: Arc<TcpListener>| async move { listener.accept().await };
        waiting.add(accept(listener.clone()));
        waiting.add(accept(listener.clone()));
        waiting.add(poll_fn(move |cx| listener.poll_accept(cx)));
        let stream = server.clone();
        waiting.add(async move { (&*stream).read(&mut [0]).await });
        let stream = server.clone();
        waiting.add(async move { (&*stream).write_all(&vec![0; 16 << 20]).await });
        let stream = server.clone();
        waiting.add(async move { stream.peek(&mut [0]).await });
        let stream = server.clone();
        waiting.add(async move { stream.readable().await });
        let stream = server.clone();
        waiting.add(async move { stream.ready(Interest::PRIORITY).await });
        let never = || -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) };
        let stream = server.clone();
        waiting.add(async move { stream.async_io(Interest::WRITABLE, never).await });

        end(home, way);
        waiting.assert_shut_down();
        drop((client, server));
    }
}

pub(crate) fn what_comes_after_gets_an_error(shape: Shape) {
    let other = Shape::Workers(2).running();
    for way in 0..6 {
        let home = shape.running();
        let handle = home.handle().clone();
        let (listener, (mut client, server)) = home.block_on(async {
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            let (mut client, server) = pair().await;
            // Data that are there, and a connection that could be accepted.
            client.write_all(b"data").await.unwrap();
            drop(std::net::TcpStream::connect(address).unwrap());
            (listener, (client, server))
        });
        let address = listener.local_addr().unwrap();
        end(home, way);
        // In the background it takes a moment.
        wait_until(|| server.try_write(&[]).is_err());

        let (listener, server) = other
            .block_on(other.spawn(async move {
                assert_shut_down(listener.accept().await);
                assert_shut_down(server.readable().await);
                assert_shut_down((&server).read(&mut [0]).await);
                assert_shut_down(server.peek(&mut [0]).await);
                assert_shut_down(server.try_read(&mut [0]));
                assert_shut_down(client.write(b"more").await);
                assert_shut_down(client.try_write(b"more"));
                // That needs no reactor.
                client.close().await.unwrap();
                assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
                (listener, server)
            }))
            .unwrap();

        // Nor can another be made there.
        let guard = handle.enter();
        let taken = std::net::TcpStream::connect(address).unwrap();
        assert_shut_down(TcpStream::from_std(taken));
        assert_shut_down(block_on(TcpStream::connect(address)));
        assert_shut_down(block_on(TcpListener::bind("127.0.0.1:0")));
        drop(guard);

        // Taken out of it, they are as good as new: nothing is lost.
        other.block_on(async move {
            let mut server = TcpStream::from_std(server.into_std().unwrap()).unwrap();
            let mut data = Vec::new();
            server.read_to_end(&mut data).await.unwrap();
            assert_eq!(data, b"data");
            let listener = TcpListener::from_std(listener.into_std().unwrap()).unwrap();
            listener.accept().await.unwrap();
        });
    }
}

/// Unix streams and listeners, a listener's stream, and halves of either kind: who waits by one gets the error, and so does who comes later.
pub(crate) fn unix_streams_and_halves(shape: Shape) {
    /// A half that waits, and comes back with what it got.
    async fn later<S>(mut half: S, done: io::Result<usize>) -> io::Result<usize>
    where
        S: AsyncRead + Unpin,
    {
        assert_shut_down(half.read(&mut [0]).await);
        done
    }

    let other = Shape::Workers(2).running();
    for way in 0..6 {
        let home = shape.running();
        let server = home.block_on(async { Listening::new() });
        let (unix, peers, tcp, incoming) = home.block_on(async {
            let (unix, peers): (Vec<_>, Vec<_>) =
                (0..4).map(|_| UnixStream::pair().unwrap()).unzip();
            for stream in &unix {
                settle_reading(stream).await;
            }
            let (tcp, peer) = pair().await;
            (unix, (peers, peer), tcp, listener().await.into_stream())
        });
        let [unix, halved, full, idle]: [UnixStream; 4] = unix.try_into().unwrap();
        while full.try_write(&[0; 65_536]).is_ok() {}

        let mut waiting = Waiting::new(&other);
        let listener = server.listener.clone();
        waiting.add(async move {
            let outcome = listener.accept().await.map(drop);
            assert_shut_down(listener.accept().await);
            outcome
        });
        waiting.add(async move {
            let mut incoming = incoming;
            let outcome = incoming.next().await.expect("it never ends");
            assert_shut_down(incoming.next().await.expect("it never ends"));
            outcome.map(drop)
        });
        let unix = Arc::new(unix);
        for interest in [Interest::READABLE, Interest::PRIORITY] {
            let stream = unix.clone();
            waiting.add(async move { stream.ready(interest).await });
        }
        waiting.add(async move {
            let outcome = (&*unix).read(&mut [0]).await;
            assert_shut_down(unix.try_read(&mut [0]));
            assert_shut_down(unix.readable().await);
            assert_shut_down((&*unix).write(b"more").await);
            outcome
        });

        let (read, mut write) = full.into_split();
        waiting.add(async move {
            let outcome = write.write_all(&[0; 65_536]).await;
            assert_shut_down(write.writable().await);
            assert_shut_down(write.try_write(b"more"));
            // That needs no reactor.
            write.close().await.unwrap();
            outcome
        });
        waiting.add(async move { read.readable().await });
        let (mut read, write) = tcp.into_split();
        waiting.add(async move {
            let outcome = read.read(&mut [0]).await;
            assert_shut_down(read.peek(&mut [0]).await);
            later(read, outcome).await
        });
        // Both halves of one, lent.
        let mut halved = halved;
        waiting.add(async move {
            let (mut read, write) = halved.split();
            let outcome = read.read(&mut [0]).await;
            assert_shut_down(write.writable().await);
            later(read, outcome).await
        });

        end(home, way);
        waiting.assert_shut_down();
        // Nobody waited for these.
        block_on(async {
            assert_shut_down(idle.readable().await);
            assert_shut_down(write.writable().await);
            later(idle, Ok(0)).await.unwrap();
        });
        drop(peers);
    }
}

/// Datagram sockets, and descriptors of one's own, likewise.
pub(crate) fn datagrams_and_descriptors(shape: Shape) {
    let other = Shape::Workers(2).running();
    for way in 0..6 {
        let home = shape.running();
        let (udp, (unix, _peer), pipe, _writer) = home.block_on(async {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (reader, writer) = std::io::pipe().unwrap();
            rustix::io::ioctl_fionbio(&reader, true).unwrap();
            let pipe = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            (udp, UnixDatagram::pair().unwrap(), pipe, writer)
        });
        let address = udp.local_addr().unwrap();
        let (udp, unix) = (Arc::new(udp), Arc::new(unix));
        while unix.try_send(b"full").is_ok() {}

        let mut waiting = Waiting::new(&other);
        let socket = udp.clone();
        waiting.add(async move {
            let outcome = socket.recv(&mut [0]).await;
            assert_shut_down(socket.recv_from(&mut [0]).await);
            assert_shut_down(socket.send_to(b"more", address).await);
            outcome
        });
        let socket = udp.clone();
        waiting.add(async move { socket.peek_from(&mut [0]).await });
        let socket = udp.clone();
        waiting.add(async move { poll_fn(|cx| socket.poll_recv_ready(cx)).await });
        waiting.add(async move { udp.readable().await });
        let socket = unix.clone();
        waiting.add(async move {
            let outcome = socket.send(b"more").await;
            assert_shut_down(socket.send(b"more").await);
            assert_shut_down(socket.writable().await);
            outcome
        });
        waiting.add(async move { unix.recv(&mut [0]).await });
        waiting.add(async move {
            let nothing = |_: &_| -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) };
            let outcome = pipe.async_io(Interest::READABLE, nothing).await;
            assert_shut_down(pipe.readable().await);
            assert_shut_down(pipe.try_io(Interest::READABLE, |_| Ok(())));
            outcome
        });

        end(home, way);
        waiting.assert_shut_down();
    }
}

pub(crate) fn a_connection_that_is_being_made(shape: Shape) {
    let deaf = Deaf::new();
    let address = deaf.address();
    for way in 0..6 {
        let home = shape.running();
        let (waits, waiting) = mpsc::channel();
        // Begun on this runtime, by a thread that isn't its own.
        let handle = home.handle().clone();
        let connect = std::thread::spawn(move || {
            let _guard = handle.enter();
            let connect = TcpStream::connect(address);
            block_on(once_waiting(connect, || waits.send(()).unwrap())).map(drop)
        });
        receive(&waiting);
        end(home, way);
        assert_shut_down(connect.join().unwrap());
    }
}

/// It was polled when the shutdown began, and has its sockets still: it ends as cancelled, not by an error.
pub(crate) fn under_a_poll_that_goes_on(shape: Shape) {
    for way in 0..2 {
        let home = shape.running();
        let (client, mut server) = home.block_on(pair());
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let task = home.spawn(async move {
            begun.send(()).unwrap();
            let _ = released.recv_timeout(PATIENCE);
            drop(released);
            server.read(&mut [0]).await
        });
        receive(&begins);
        let (runtime, driver) = home.take();
        if way == 0 {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_millis(5));
        }
        release.send(()).unwrap();
        assert!(block_on(task).unwrap_err().is_cancelled());
        drop((client, driver));
    }
}
