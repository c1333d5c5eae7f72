//! Datagrams on the reactor alone, turned in the test's own thread.

use super::*;
use crate::io::Interest;
use crate::reactor::Reactor;
use crate::reactor::tests::{Task, block_on, each_kind, turn};
use futures_lite::future::{poll_once, zip};
use heist_sync::coop::{Budget, with_budget};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};
use socket2::SockRef;
use std::cell::Cell;
use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net as std_unix;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

/// A socket that nobody has connected.
async fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets, connected to each other.
async fn udp_pair() -> (UdpSocket, UdpSocket) {
    let (one, other) = (udp().await, udp().await);
    one.connect(other.local_addr().unwrap()).await.unwrap();
    other.connect(one.local_addr().unwrap()).await.unwrap();
    (one, other)
}

/// A folder for the names of sockets, removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "heist-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fills the queue of the socket at `path`, from a socket of its own, which is gone then: nothing reminds of who sent.
fn fill(path: &Path) -> usize {
    let filler = std_unix::UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    let mut count = 0;
    while filler.send_to(b"others'", path).is_ok() {
        count += 1;
    }
    count
}

#[track_caller]
fn assert_would_block<T: std::fmt::Debug>(outcome: io::Result<T>) {
    assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn its_futures_can_be_spawned() {
    fn is_send(_: impl Future + Send) {}

    each_kind(|reactor| {
        is_send(UdpSocket::bind(("localhost", 0)));
        block_on(reactor, async {
            let socket = udp().await;
            is_send(socket.connect(String::from("localhost:0")));
            is_send(socket.send_to(b"", ("localhost", 0)));
            is_send(socket.recv_from(&mut [0]));
            is_send(socket.peek_sender());
            is_send(socket.async_io(Interest::READABLE, || Ok(())));
            let socket = UnixDatagram::unbound().unwrap();
            is_send(socket.send_to(b"", PathBuf::new()));
            is_send(socket.recv_from(&mut [0]));
        });
    });
}

#[test]
fn descriptors_do_not_block_and_are_closed_on_exec() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let udp = udp().await;
            let unix = UnixDatagram::unbound().unwrap();
            let (one, other) = UnixDatagram::pair().unwrap();
            for fd in [udp.as_fd(), unix.as_fd(), one.as_fd(), other.as_fd()] {
                assert!(fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
                assert!(fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
            }
        });
    });
}

#[test]
fn an_answer_finds_its_way_back() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (server, client) = (udp().await, udp().await);
            let address = server.local_addr().unwrap();
            let mut buffer = [0; 16];
            for _ in 0..3 {
                client.send_to(b"question", address).await.unwrap();
                let (length, from) = server.recv_from(&mut buffer).await.unwrap();
                assert_eq!(
                    (&buffer[..length], from),
                    (&b"question"[..], client.local_addr().unwrap())
                );
                server.send_to(b"answer", from).await.unwrap();
                let (length, from) = client.recv_from(&mut buffer).await.unwrap();
                assert_eq!((&buffer[..length], from), (&b"answer"[..], address));
            }
        });
    });
}

/// What comes together is one event, of which each receive leaves the rest.
#[test]
fn datagrams_that_come_at_once_are_received_one_by_one() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            assert!(poll_once(other.recv(&mut [0])).await.is_none());
            for byte in 0..20 {
                assert_eq!(one.send(&[byte]).await.unwrap(), 1);
            }
            // Every one is shorter than the buffer: that says nothing of the others.
            let mut buffer = [0; 16];
            for byte in 0..20 {
                assert_eq!(other.recv(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], byte);
            }
            assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        });
    });
}

#[test]
fn a_datagram_may_be_empty_and_is_no_end() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            assert_eq!(one.send(b"").await.unwrap(), 0);
            assert_eq!(one.send(b"data").await.unwrap(), 4);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 0);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 4);
            // Nor is an empty buffer: the datagram is gone.
            one.send(b"lost").await.unwrap();
            assert_eq!(other.recv(&mut []).await.unwrap(), 0);
            assert!(poll_once(other.recv(&mut [0; 4])).await.is_none());

            let (one, other) = UnixDatagram::pair().unwrap();
            assert_eq!(one.send(b"").await.unwrap(), 0);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 0);
            assert!(poll_once(other.recv(&mut [0; 4])).await.is_none());
        });
    });
}

#[test]
fn what_does_not_fit_is_thrown_away() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            one.send(b"long one").await.unwrap();
            one.send(b"next").await.unwrap();
            let mut buffer = [0; 4];
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer, b"long");
            assert_eq!(other.recv_from(&mut buffer).await.unwrap().0, 4);
            assert_eq!(&buffer, b"next");

            let (one, other) = UnixDatagram::pair().unwrap();
            one.send(b"long one").await.unwrap();
            one.send(b"next").await.unwrap();
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(other.recv_from(&mut buffer).await.unwrap().0, 4);
            assert_eq!(&buffer, b"next");
        });
    });
}

#[test]
fn peeking_leaves_the_datagram() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let from = one.local_addr().unwrap();
            assert!(poll_once(other.peek_sender()).await.is_none());
            assert_would_block(other.try_peek(&mut [0; 8]));
            one.send(b"data").await.unwrap();
            let buffer = &mut [0; 8];
            assert_eq!(other.peek_sender().await.unwrap(), from);
            assert_eq!(
                poll_fn(|cx| other.poll_peek_sender(cx)).await.unwrap(),
                from
            );
            assert_eq!(other.try_peek_sender().unwrap(), from);
            assert_eq!(other.peek(buffer).await.unwrap(), 4);
            assert_eq!(poll_fn(|cx| other.poll_peek(cx, buffer)).await.unwrap(), 4);
            assert_eq!(other.try_peek(buffer).unwrap(), 4);
            assert_eq!(other.peek_from(buffer).await.unwrap(), (4, from));
            let peeked = poll_fn(|cx| other.poll_peek_from(cx, buffer)).await;
            assert_eq!(peeked.unwrap(), (4, from));
            assert_eq!(other.try_peek_from(buffer).unwrap(), (4, from));
            assert_eq!(other.recv_from(buffer).await.unwrap(), (4, from));
            assert!(poll_once(other.recv(buffer)).await.is_none());
        });
    });
}

#[test]
fn without_waiting_and_by_polling() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let buffer = &mut [0; 8];
            assert_would_block(other.try_recv(buffer));
            assert_would_block(other.try_recv_from(buffer));
            assert_eq!(one.try_send(b"1").unwrap(), 1);
            poll_fn(|cx| other.poll_recv_ready(cx)).await.unwrap();
            assert_eq!(other.try_recv(buffer).unwrap(), 1);
            assert_eq!(poll_fn(|cx| one.poll_send(cx, b"22")).await.unwrap(), 2);
            assert_eq!(poll_fn(|cx| other.poll_recv(cx, buffer)).await.unwrap(), 2);

            let (one, other) = (udp().await, udp().await);
            let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
            assert_eq!(one.try_send_to(b"333", to).unwrap(), 3);
            let received = poll_fn(|cx| other.poll_recv_from(cx, buffer)).await;
            assert_eq!(received.unwrap(), (3, from));
            let sent = poll_fn(|cx| one.poll_send_to(cx, b"4444", to)).await;
            assert_eq!(sent.unwrap(), 4);
            other.readable().await.unwrap();
            assert_eq!(other.try_recv_from(buffer).unwrap(), (4, from));
            one.writable().await.unwrap();
            poll_fn(|cx| one.poll_send_ready(cx)).await.unwrap();
            let ready = one.ready(Interest::WRITABLE).await.unwrap();
            assert!(ready.is_writable());
        });
    });
}

#[test]
fn a_system_call_of_ones_own() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let receive = || SockRef::from(&other).recv(&mut [std::mem::MaybeUninit::new(0); 8]);
            assert_would_block(other.try_io(Interest::READABLE, receive));
            let send = || SockRef::from(&one).send(b"data");
            assert_eq!(one.async_io(Interest::WRITABLE, send).await.unwrap(), 4);
            assert_eq!(
                other.async_io(Interest::READABLE, receive).await.unwrap(),
                4
            );
        });
    });
}

#[test]
fn that_nobody_listens_is_reported_once() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = (udp().await, udp().await);
            let address = server.local_addr().unwrap();
            // It keeps its port, and listens to nobody but itself.
            server.connect(address).await.unwrap();
            client.connect(address).await.unwrap();
            let mut buffer = [0; 8];
            for _ in 0..2 {
                let receive = client.recv(&mut buffer);
                let (received, sent) = zip(receive, client.send(b"data")).await;
                assert_eq!(sent.unwrap(), 4);
                let error = received.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                assert!(poll_once(client.recv(&mut buffer)).await.is_none());
            }
            // Now it listens.
            server.connect(client.local_addr().unwrap()).await.unwrap();
            client.send(b"data").await.unwrap();
            assert_eq!(server.recv(&mut buffer).await.unwrap(), 4);
        });
    });
}

#[test]
fn options_are_set_and_read() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = udp().await;
            socket.set_ttl(33).unwrap();
            assert_eq!(socket.ttl().unwrap(), 33);
            socket.set_broadcast(true).unwrap();
            assert!(socket.broadcast().unwrap());
            socket.set_multicast_ttl_v4(3).unwrap();
            assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
            socket.set_tos_v4(0x10).unwrap();
            assert_eq!(socket.tos_v4().unwrap(), 0x10);
            assert!(socket.take_error().unwrap().is_none());
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_is_joined_and_left() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let group = Ipv4Addr::new(239, 77, 77, 77);
            let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
            member
                .join_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .unwrap();
            let sender = udp().await;
            SockRef::from(&sender)
                .set_multicast_if_v4(&Ipv4Addr::LOCALHOST)
                .unwrap();
            assert!(sender.multicast_loop_v4().unwrap());
            let to = SocketAddr::from((group, member.local_addr().unwrap().port()));
            sender.send_to(b"all", to).await.unwrap();
            let (length, from) = member.recv_from(&mut [0; 8]).await.unwrap();
            assert_eq!((length, from), (3, sender.local_addr().unwrap()));
            member
                .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .unwrap();
            assert!(
                member
                    .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
                    .is_err()
            );
        });
    });
}

#[test]
fn sockets_of_the_standard_library_come_and_go() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let one = std::net::UdpSocket::try_from(one).unwrap();
            let other: OwnedFd = other.into();
            one.send(b"data").unwrap();
            let other = UdpSocket::try_from(std::net::UdpSocket::from(other)).unwrap();
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);

            let (one, other) = UnixDatagram::pair().unwrap();
            let one = std_unix::UnixDatagram::try_from(one).unwrap();
            let other: OwnedFd = other.into();
            one.send(b"data").unwrap();
            let other = UnixDatagram::try_from(std_unix::UnixDatagram::from(other)).unwrap();
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
        });
    });
}

#[test]
fn a_target_that_is_none_says_so() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = udp().await;
            let nowhere: &[SocketAddr] = &[];
            for error in [
                socket.send_to(b"data", nowhere).await.unwrap_err(),
                socket.connect(nowhere).await.unwrap_err(),
                socket.send_to(b"data", "no-port").await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            }
            let socket = UnixDatagram::unbound().unwrap();
            let error = socket
                .send_to(b"data", "/no/such/socket")
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    });
}

#[test]
fn a_name_is_where_a_unix_socket_is_found() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let (path, clients_path) = (folder.socket(), folder.0.join("client"));
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::bind(&clients_path).unwrap();
            assert_eq!(
                server.local_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            let buffer = &mut [0; 8];
            for _ in 0..3 {
                client.send_to(b"ask", &path).await.unwrap();
                let (length, from) = server.recv_from(buffer).await.unwrap();
                assert_eq!(length, 3);
                let sent = server.send_to(b"answer", from.as_pathname().unwrap()).await;
                assert_eq!(sent.unwrap(), 6);
                assert_eq!(client.recv(buffer).await.unwrap(), 6);
            }
            client.connect(&path).unwrap();
            assert_eq!(
                client.peer_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            assert_eq!(client.send(b"sent").await.unwrap(), 4);
            assert_eq!(server.recv(buffer).await.unwrap(), 4);
            let error = UnixDatagram::bind(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            assert!(client.take_error().unwrap().is_none());
            client.shutdown(Shutdown::Write).unwrap();
            assert!(client.send(b"sent").await.is_err());
        });
    });
}

#[test]
fn unix_datagrams_without_waiting_and_by_polling() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let buffer = &mut [0; 8];
            assert_would_block(other.try_recv(buffer));
            assert_would_block(other.try_recv_from(buffer));
            assert_eq!(one.try_send(b"1").unwrap(), 1);
            other.readable().await.unwrap();
            assert_eq!(other.try_recv(buffer).unwrap(), 1);
            assert_eq!(poll_fn(|cx| one.poll_send(cx, b"22")).await.unwrap(), 2);
            assert_eq!(poll_fn(|cx| other.poll_recv(cx, buffer)).await.unwrap(), 2);
            one.send(b"333").await.unwrap();
            let (length, from) = poll_fn(|cx| other.poll_recv_from(cx, buffer))
                .await
                .unwrap();
            assert!(length == 3 && from.is_unnamed());

            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            assert_eq!(client.try_send_to(b"4444", &path).unwrap(), 4);
            poll_fn(|cx| server.poll_recv_ready(cx)).await.unwrap();
            assert_eq!(server.try_recv_from(buffer).unwrap().0, 4);
            poll_fn(|cx| client.poll_send_ready(cx)).await.unwrap();
            let sent = poll_fn(|cx| client.poll_send_to(cx, b"55555", &path)).await;
            assert_eq!(sent.unwrap(), 5);
            assert_eq!(server.recv(buffer).await.unwrap(), 5);
            let receive = || SockRef::from(&server).recv(&mut [std::mem::MaybeUninit::new(0); 8]);
            assert_would_block(server.try_io(Interest::READABLE, receive));
            client.writable().await.unwrap();
            let send = || SockRef::from(&one).send(b"666666");
            assert_eq!(one.async_io(Interest::WRITABLE, send).await.unwrap(), 6);
            assert!(other.ready(Interest::READABLE).await.unwrap().is_readable());
        });
    });
}

/// Connected or not, by a socket of which nothing is in the queue: each learns that there is room again.
#[test]
fn a_queue_full_of_others_datagrams_is_waited_for() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let named = UnixDatagram::unbound().unwrap();
            let connected = UnixDatagram::unbound().unwrap();
            connected.connect(&path).unwrap();
            let full = fill(&path);
            assert!(full > 0);
            assert_would_block(named.try_send_to(b"late", &path));
            assert_would_block(connected.try_send(b"late"));
            let mut sends = pin!(async {
                named.send_to(b"by name", &path).await.unwrap();
                poll_fn(|cx| named.poll_send_to(cx, b"by name, polled", &path))
                    .await
                    .unwrap();
                connected.send(b"connected").await.unwrap();
            });
            assert!(poll_once(sends.as_mut()).await.is_none());
            let receive = async {
                let mut late = Vec::new();
                let mut buffer = [0; 32];
                for _ in 0..full + 3 {
                    // Full again, each time.
                    let length = server.recv(&mut buffer).await.unwrap();
                    if &buffer[..length] != b"others'" {
                        late.push(buffer[..length].to_vec());
                    }
                }
                late
            };
            let (late, ()) = zip(receive, sends).await;
            assert_eq!(late, [&b"by name"[..], b"by name, polled", b"connected"]);
        });
    });
}

/// Who sends by name and finds the queue full sleeps: to the kernel its socket is writable all the time.
#[cfg(target_os = "linux")]
#[test]
fn each_way_to_send_by_name_sleeps_until_there_is_room() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        let _entered = reactor.enter();
        let server = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let catch_up = || while turn(reactor, Some(Duration::ZERO)) > 0 {};
        for polled in [false, true, true, false] {
            fill(&path);
            let mut send = pin!(async {
                if polled {
                    poll_fn(|cx| sender.poll_send_to(cx, b"late", &path)).await
                } else {
                    sender.send_to(b"late", &path).await
                }
            });
            // It may have been ready, as far as was known.
            for _ in 0..2 {
                assert!(send.as_mut().poll(cx).is_pending());
                catch_up();
            }
            assert_eq!(task.wakes(), 0);
            server.try_recv(&mut [0; 8]).unwrap();
            catch_up();
            assert_eq!(task.wakes(), 1);
            assert!(matches!(send.poll(cx), Poll::Ready(Ok(4))));
        }
    });
}

/// One receiver without room doesn't make a socket wait for another.
#[test]
fn a_full_queue_is_no_obstacle_to_another_receiver() {
    each_kind(|reactor| {
        let (full, free) = (Folder::new(), Folder::new());
        block_on(reactor, async {
            let _full = UnixDatagram::bind(full.socket()).unwrap();
            let other = UnixDatagram::bind(free.socket()).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            fill(&full.socket());
            let mut stuck = pin!(sender.send_to(b"stuck", full.socket()));
            assert!(poll_once(stuck.as_mut()).await.is_none());
            assert_eq!(sender.send_to(b"free", free.socket()).await.unwrap(), 4);
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
            assert!(poll_once(stuck.as_mut()).await.is_none());
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_receiver_that_goes_ends_the_wait_for_room() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            fill(&path);
            let mut send = pin!(sender.send_to(b"late", &path));
            assert!(poll_once(send.as_mut()).await.is_none());
            drop(server);
            let error = send.await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    });
}

/// A socket's own buffer is full, too, now and then.
#[test]
fn what_was_sent_and_not_received_is_waited_for() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let mut sent = 0;
            while poll_once(one.send(&[0; 1_000])).await.is_some() {
                sent += 1;
            }
            let mut send = pin!(one.send(b"late"));
            assert!(poll_once(send.as_mut()).await.is_none());
            let receive = async {
                for _ in 0..sent {
                    assert_eq!(other.recv(&mut [0; 1_000]).await.unwrap(), 1_000);
                }
                other.recv(&mut [0; 8]).await.unwrap()
            };
            assert_eq!(zip(send, receive).await.1, 4);
        });
    });
}

/// What would never have to wait gives way now and then.
#[test]
fn the_budget_is_spent() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = udp().await;
            let (unix, _peer) = UnixDatagram::pair().unwrap();
            let address = socket.local_addr().unwrap();
            let (task, waker) = Task::new(reactor);
            let sends = Cell::new(0);
            let mut send_all = pin!(async {
                loop {
                    socket.send_to(b"data", address).await.unwrap();
                    sends.set(sends.get() + 1);
                    unix.send(b"").await.unwrap();
                    sends.set(sends.get() + 1);
                }
            });
            let cx = &mut Context::from_waker(&waker);
            let polled: Poll<()> = with_budget(Budget::new(10), || send_all.as_mut().poll(cx));
            assert!(polled.is_pending());
            assert_eq!((sends.get(), task.wakes()), (10, 1));
        });
    });
}

/// Nor do errors that come at once keep a task from giving way.
#[test]
fn errors_spend_the_budget() {
    #[track_caller]
    fn fails_ten_times<T>(reactor: &Arc<Reactor>, op: impl AsyncFn() -> io::Result<T>) {
        let errors = Cell::new(0);
        let retry = async {
            while op().await.is_err() && errors.get() < 1_000 {
                errors.set(errors.get() + 1);
            }
        };
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let polled = with_budget(Budget::new(10), || pin!(retry).poll(cx));
        assert!(polled.is_pending());
        assert_eq!((errors.get(), task.wakes()), (10, 1));
    }

    each_kind(|reactor| {
        let (udp, unix) = block_on(reactor, async {
            (udp().await, UnixDatagram::unbound().unwrap())
        });
        let address = udp.local_addr().unwrap();
        reactor.shutdown();
        let _entered = reactor.enter();
        fails_ten_times(reactor, async || udp.recv_from(&mut [0]).await);
        fails_ten_times(reactor, async || udp.send_to(b"", address).await);
        fails_ten_times(reactor, async || {
            poll_fn(|cx| udp.poll_recv_ready(cx)).await
        });
        fails_ten_times(reactor, async || unix.recv(&mut [0]).await);
        fails_ten_times(reactor, async || unix.send_to(b"", "/no/such").await);
        fails_ten_times(reactor, async || {
            poll_fn(|cx| unix.poll_send_to(cx, b"", "/no/such")).await
        });
        fails_ten_times(reactor, async || UdpSocket::bind("127.0.0.1:0").await);
        // A socket for IPv4 alone.
        fails_ten_times(reactor, async || udp.connect("[::1]:1").await);
    });
}
