//! Datagram sockets: many tasks at one of them, full queues, whoever's runtime.

use crate::accept::{assert_exhausted, exhaust, limit_descriptors};
use crate::support::{alone, once_waiting, until};
use futures_lite::future::{block_on, poll_once, zip};
use heist::io::Interest;
use heist::net::{UdpSocket, UnixDatagram};
use heist_tests::{Running, Shape, Tally, receive, wait_until};
use socket2::SockRef;
use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::io;
use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;

const TASKS: usize = 16;
/// A datagram that fills the buffer of [`narrow`] alone.
const LARGE: usize = 15_000;

async fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets, connected to each other.
pub(crate) async fn udp_pair() -> (UdpSocket, UdpSocket) {
    let (one, other) = (udp().await, udp().await);
    one.connect(other.local_addr().unwrap()).await.unwrap();
    other.connect(one.local_addr().unwrap()).await.unwrap();
    (one, other)
}

/// A name for a socket, which is removed when this is dropped.
pub(crate) struct Name(pub(crate) PathBuf);

impl Name {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-tests-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// As many tasks that receive, for ever, and send on the number that they received.
fn receivers(
    socket: &Arc<UdpSocket>,
    waiting: &Tally,
) -> (Vec<heist::JoinHandle<()>>, mpsc::Receiver<u8>) {
    let (received, receives) = mpsc::channel();
    let receiver = |_| {
        let (socket, waiting, received) = (socket.clone(), waiting.clone(), received.clone());
        heist::spawn(async move {
            let mut buffer = [0; 2];
            loop {
                let receive = once_waiting(socket.recv_from(&mut buffer), || waiting.hit());
                let (length, _) = receive.await.unwrap();
                assert_eq!(length, 1);
                let _ = received.send(buffer[0]);
            }
        })
    };
    ((0..TASKS).map(receiver).collect(), receives)
}

/// One that comes alone is received by somebody, though all are woken; and of many, each once.
pub(crate) fn every_datagram_once(shape: Shape) {
    shape.block_on(async {
        let (sender, socket) = (udp().await, Arc::new(udp().await));
        let address = socket.local_addr().unwrap();
        let waiting = Tally::new();
        let (_tasks, receives) = receivers(&socket, &waiting);
        until(|| waiting.count() >= TASKS).await;
        for number in 0..100 {
            sender.send_to(&[number], address).await.unwrap();
            let mut received = None;
            until(|| {
                received = receives.try_recv().ok();
                received.is_some()
            })
            .await;
            assert_eq!(received, Some(number));
        }
        for number in 0..100 {
            sender.send_to(&[number], address).await.unwrap();
        }
        let mut numbers = HashSet::new();
        until(|| {
            numbers.extend(receives.try_iter());
            numbers.len() == 100
        })
        .await;
        assert!(receives.try_recv().is_err(), "one was received twice");
    });
}

pub(crate) fn each_of_many_receives_one(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            let (sender, socket) = (udp().await, Arc::new(udp().await));
            let address = socket.local_addr().unwrap();
            let waiting = Tally::new();
            let receive = |_| {
                let (socket, waiting) = (socket.clone(), waiting.clone());
                heist::spawn(async move {
                    let mut buffer = [0];
                    once_waiting(socket.recv_from(&mut buffer), || waiting.hit()).await?;
                    Ok::<_, io::Error>(buffer[0])
                })
            };
            let tasks: Vec<_> = (0..TASKS).map(receive).collect();
            until(|| waiting.count() == TASKS).await;
            for number in 0..TASKS {
                sender.send_to(&[number as u8], address).await.unwrap();
            }
            let mut numbers = HashSet::new();
            for task in tasks {
                numbers.insert(task.await.unwrap().unwrap());
            }
            assert_eq!(numbers.len(), TASKS);
        }
    });
}

/// Tasks that are aborted as datagrams come in: the others receive them.
pub(crate) fn who_leaves_takes_no_datagram_along(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            let (sender, socket) = (udp().await, Arc::new(udp().await));
            let address = socket.local_addr().unwrap();
            let waiting = Tally::new();
            let (mut tasks, receives) = receivers(&socket, &waiting);
            until(|| waiting.count() >= TASKS).await;
            sender.send_to(&[1], address).await.unwrap();
            for task in tasks.drain(1..) {
                task.abort();
            }
            // Those that are aborted may have received it already. The next one is the last task's.
            sender.send_to(&[2], address).await.unwrap();
            let mut numbers = HashSet::new();
            until(|| {
                numbers.extend(receives.try_iter());
                numbers.contains(&2)
            })
            .await;
        }
    });
}

/// One that is woken and dropped, without being polled again, leaves the datagram to the other.
pub(crate) fn who_is_woken_and_dropped_leaves_it(shape: Shape) {
    shape.block_on(async {
        let (sender, socket) = udp_pair().await;
        assert!(poll_once(socket.recv(&mut [0])).await.is_none());
        for _ in 0..100 {
            let (mut first, mut second) = ([0], [0]);
            let mut woken = Box::pin(socket.recv(&mut first));
            let mut other = Box::pin(socket.recv(&mut second));
            assert!(poll_once(woken.as_mut()).await.is_none());
            assert!(poll_once(other.as_mut()).await.is_none());
            sender.send(b"1").await.unwrap();
            // Its event has come.
            socket.readable().await.unwrap();
            drop(woken);
            assert_eq!(other.await.unwrap(), 1);
        }
    });
}

pub(crate) fn any_number_wait_until_it_is_readable(shape: Shape) {
    shape.block_on(async {
        let (sender, socket) = udp_pair().await;
        let socket = Arc::new(socket);
        for _ in 0..20 {
            // Until a receive waits, a socket may count as ready.
            assert!(poll_once(socket.recv(&mut [0])).await.is_none());
            let waiting = Tally::new();
            let wait = |_| {
                let (socket, waiting) = (socket.clone(), waiting.clone());
                heist::spawn(async move { once_waiting(socket.readable(), || waiting.hit()).await })
            };
            let tasks: Vec<_> = (0..TASKS).map(wait).collect();
            until(|| waiting.count() == TASKS).await;
            sender.send(b"1").await.unwrap();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
            socket.recv(&mut [0]).await.unwrap();
        }
    });
}

/// How many datagrams each task sends.
const EACH: usize = 50;

/// Tasks that send so many datagrams each; what arrives is all of them, once.
async fn send_from_everywhere<F>(server: UnixDatagram, send: impl Fn([u8; 2]) -> F)
where
    F: Future<Output = io::Result<usize>> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let sends: Vec<_> = (0..EACH)
                .map(|number| send([task as u8, number as u8]))
                .collect();
            heist::spawn(async move {
                for send in sends {
                    assert_eq!(send.await.unwrap(), 2);
                }
            })
        })
        .collect();
    let mut received = HashSet::new();
    let mut buffer = [0; 4];
    while received.len() < TASKS * EACH {
        assert_eq!(server.recv(&mut buffer).await.unwrap(), 2);
        assert!(received.insert((buffer[0], buffer[1])), "one came twice");
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(server.try_recv(&mut buffer).is_err());
}

/// A queue that holds a few: all make progress who wait for room in it.
pub(crate) fn many_send_by_name_to_a_full_queue(shape: Shape) {
    shape.block_on(async {
        // By one socket, then by one each.
        let one = Arc::new(UnixDatagram::unbound().unwrap());
        for shared in [true, false] {
            let name = Name::new();
            let server = UnixDatagram::bind(&name.0).unwrap();
            let send = |datagram: [u8; 2]| {
                let socket = if shared {
                    one.clone()
                } else {
                    Arc::new(UnixDatagram::unbound().unwrap())
                };
                let path = name.0.clone();
                async move { socket.send_to(&datagram, path).await }
            };
            send_from_everywhere(server, send).await;
        }
    });
}

pub(crate) fn many_send_to_a_full_queue_while_connected(shape: Shape) {
    shape.block_on(async {
        let name = Name::new();
        let server = UnixDatagram::bind(&name.0).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        socket.connect(&name.0).unwrap();
        let socket = Arc::new(socket);
        let send = |datagram: [u8; 2]| {
            let socket = socket.clone();
            async move { socket.send(&datagram).await }
        };
        send_from_everywhere(server, send).await;
    });
}

/// Gives a socket little room for what it has sent and nobody has received.
fn narrow(socket: &UnixDatagram) {
    // The kernel doubles it.
    let socket = SockRef::from(socket);
    socket.set_send_buffer_size(8_000).unwrap();
}

/// A receiver that is connected to the sender has no limit but the sender's own buffer, and no third socket may connect to it.
pub(crate) fn a_receiver_that_is_connected_back_reads_as_it_is_sent_to(shape: Shape) {
    const DATAGRAMS: usize = 5_000;
    shape.block_on(async {
        let (name, receivers_name) = (Name::new(), Name::new());
        let sender = UnixDatagram::bind(&name.0).unwrap();
        narrow(&sender);
        let receiver = std::os::unix::net::UnixDatagram::bind(&receivers_name.0).unwrap();
        receiver.connect(&name.0).unwrap();
        // Beside the runtime, so that it reads at any moment.
        let receives = thread::spawn(move || {
            let mut buffer = vec![0; LARGE];
            (0..DATAGRAMS).for_each(|_| assert_eq!(receiver.recv(&mut buffer).unwrap(), LARGE));
        });
        let datagram = vec![0; LARGE];
        for number in 0..DATAGRAMS {
            let sent = if number % 2 == 0 {
                sender.send_to(&datagram, &receivers_name.0).await
            } else {
                poll_fn(|cx| sender.poll_send_to(cx, &datagram, &receivers_name.0)).await
            };
            assert_eq!(sent.unwrap(), LARGE);
        }
        receives.join().unwrap();
    });
}

/// Who would wait for room, and has no descriptor left to wait by, is told; and waits once there is one.
pub(crate) fn a_want_of_descriptors_is_no_wait_without_end(shape: Shape) {
    alone(
        shape,
        "datagrams::a_want_of_descriptors_is_no_wait_without_end",
        async {
            limit_descriptors(40);
            let name = Name::new();
            let server = UnixDatagram::bind(&name.0).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            let mut datagrams = 1;
            while sender.try_send_to(b"1", &name.0).is_ok() {
                datagrams += 1;
            }
            let mut files = exhaust();
            for _ in 0..3 {
                assert_exhausted(sender.send_to(b"1", &name.0).await);
                assert_exhausted(poll_fn(|cx| sender.poll_send_to(cx, b"1", &name.0)).await);
            }
            files.pop();
            let receive = async {
                for _ in 0..datagrams {
                    server.recv(&mut [0]).await.unwrap();
                }
            };
            let (sent, ()) = zip(sender.send_to(b"1", &name.0), receive).await;
            assert_eq!(sent.unwrap(), 1);
        },
    );
}

/// Who waits, in whatever way, and who comes later; but first what has come before.
pub(crate) fn the_end_of_receiving(shape: Shape) {
    shape.block_on(async {
        for how in [Shutdown::Read, Shutdown::Both] {
            let (sender, socket) = UnixDatagram::pair().unwrap();
            let socket = Arc::new(socket);
            let waiting = Tally::new();
            let receive = |task| {
                let (socket, waiting) = (socket.clone(), waiting.clone());
                heist::spawn(async move {
                    let mut buffer = [0; 8];
                    let receive = async {
                        match task {
                            0 => poll_fn(|cx| socket.poll_recv(cx, &mut buffer)).await,
                            1 => socket.recv(&mut buffer).await,
                            _ => {
                                let (length, from) = socket.recv_from(&mut buffer).await?;
                                assert!(from.is_unnamed());
                                Ok(length)
                            }
                        }
                    };
                    once_waiting(receive, || waiting.hit()).await
                })
            };
            let tasks: Vec<_> = (0..TASKS).map(receive).collect();
            until(|| waiting.count() == TASKS).await;
            socket.shutdown(how).unwrap();
            for task in tasks {
                assert_eq!(task.await.unwrap().unwrap(), 0);
            }
            assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 0);
            assert_eq!(socket.try_recv(&mut [0; 8]).unwrap(), 0);
            let (length, from) = socket.try_recv_from(&mut [0; 8]).unwrap();
            assert!(length == 0 && from.is_unnamed());
            assert!(sender.send(b"late").await.is_err());

            let (sender, socket) = UnixDatagram::pair().unwrap();
            sender.send(b"early").await.unwrap();
            socket.shutdown(how).unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 5);
            assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 0);
        }
        // The other way goes on.
        let (sender, socket) = UnixDatagram::pair().unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        assert!(poll_once(socket.recv(&mut [0; 8])).await.is_none());
        sender.send(b"still").await.unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 5);
    });
}

pub(crate) fn an_echo_between_many(shape: Shape) {
    const ROUNDS: usize = 100;
    shape.block_on(async {
        let server = udp().await;
        let address = server.local_addr().unwrap();
        let echo = heist::spawn(async move {
            let mut buffer = [0; 2];
            loop {
                let (length, from) = server.recv_from(&mut buffer).await.unwrap();
                server.send_to(&buffer[..length], from).await.unwrap();
            }
        });
        let client = |_| {
            heist::spawn(async move {
                let socket = udp().await;
                socket.connect(address).await.unwrap();
                for number in 0..ROUNDS {
                    socket.send(&[number as u8]).await.unwrap();
                    let mut buffer = [0; 2];
                    assert_eq!(socket.recv(&mut buffer).await.unwrap(), 1);
                    assert_eq!(buffer[0], number as u8);
                }
            })
        };
        let clients: Vec<_> = (0..TASKS).map(client).collect();
        for client in clients {
            client.await.unwrap();
        }
        echo.abort();
    });
}

/// Sockets of one runtime, used in two others.
pub(crate) fn from_runtime_to_runtime(shape: Shape) {
    let home = shape.running();
    let others = [Shape::CurrentThread, Shape::Workers(2)].map(Shape::running);
    let (one, other) = home.block_on(udp_pair());
    let (one, other) = (Arc::new(one), Arc::new(other));
    for number in 0..100_u8 {
        let socket = other.clone();
        let heard = others[usize::from(number) % 2].spawn(async move {
            let mut buffer = [0];
            socket.recv(&mut buffer).await.unwrap();
            buffer[0]
        });
        let socket = one.clone();
        let said = others[usize::from(number + 1) % 2]
            .spawn(async move { socket.send(&[number]).await.unwrap() });
        assert_eq!(block_on(heard).unwrap(), number);
        assert_eq!(block_on(said).unwrap(), 1);
    }
}

#[track_caller]
fn assert_shut_down<T>(outcome: io::Result<T>) {
    let Err(error) = outcome else {
        panic!("its runtime is gone");
    };
    assert!(error.to_string().contains("has been shut down"), "{error}");
}

/// Ends a runtime in one of the ways that there are.
fn end(running: Running, in_background: bool) {
    let (runtime, driver) = running.take();
    if in_background {
        runtime.shutdown_background();
    } else {
        drop(runtime);
    }
    drop(driver);
}

pub(crate) fn without_its_runtime_there_are_errors(shape: Shape) {
    let elsewhere = Shape::Workers(2).running();
    for in_background in [false, true] {
        let home = shape.running();
        let name = Name::new();
        let (udp, unix, named, server) = home.block_on(async {
            let server = UnixDatagram::bind(&name.0).unwrap();
            let named = UnixDatagram::unbound().unwrap();
            while named.try_send_to(b"1", &name.0).is_ok() {}
            let unix = UnixDatagram::unbound().unwrap();
            (
                Arc::new(udp().await),
                Arc::new(unix),
                Arc::new(named),
                server,
            )
        });

        let (begun, begins) = mpsc::channel();
        let wait = |future: std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>>| {
            let begun = begun.clone();
            let waits = once_waiting(future, move || begun.send(()).unwrap());
            let task = elsewhere.spawn(waits);
            receive(&begins);
            task
        };
        let path = name.0.clone();
        let waits = [
            wait({
                let udp = udp.clone();
                Box::pin(async move { udp.recv_from(&mut [0]).await.map(drop) })
            }),
            wait({
                let udp = udp.clone();
                Box::pin(async move { udp.peek_sender().await.map(drop) })
            }),
            wait({
                let udp = udp.clone();
                Box::pin(async move { udp.ready(Interest::READABLE).await.map(drop) })
            }),
            wait({
                let unix = unix.clone();
                Box::pin(poll_fn(move |cx| unix.poll_recv(cx, &mut [0]).map_ok(drop)))
            }),
            wait({
                let (named, path) = (named.clone(), path.clone());
                Box::pin(async move { named.send_to(b"1", path).await.map(drop) })
            }),
            wait({
                let (named, path) = (named.clone(), path.clone());
                Box::pin(poll_fn(move |cx| {
                    named.poll_send_to(cx, b"1", &path).map_ok(drop)
                }))
            }),
        ];
        let handle = home.handle().clone();
        end(home, in_background);
        for wait in waits {
            assert_shut_down(block_on(wait).unwrap());
        }
        // In the background it takes a moment.
        wait_until(|| udp.try_send_to(b"1", udp.local_addr().unwrap()).is_err());
        block_on(async {
            let address = udp.local_addr().unwrap();
            assert_shut_down(udp.send_to(b"1", address).await);
            assert_shut_down(udp.recv(&mut [0]).await);
            assert_shut_down(udp.readable().await);
            assert_shut_down(udp.try_recv(&mut [0]));
            assert_shut_down(unix.send_to(b"1", &path).await);
            assert_shut_down(unix.try_recv(&mut [0]));
            let guard = handle.enter();
            assert_shut_down(UdpSocket::bind("127.0.0.1:0").await);
            assert_shut_down(UnixDatagram::pair());
            drop(guard);
        });
        // Taken out of it, they are as good as new.
        let server = server.into_std().unwrap();
        assert_eq!(server.recv(&mut [0; 2]).unwrap(), 1);
    }
}
