//! The sockets' methods `poll_…`, which keep the waker of the last who polled. Given up, they have taken nothing and used up no event: who waits
//! next, by another waker, gets all of it.

use heist::io::unix::AsyncFd;
use heist::io::{AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream, lookup_host};
use heist::spawn;
use heist::task::yield_now;
use heist_tests::Probe;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as StdStream;

cases! {
    receiving peeking sending unix_receiving unix_sending unix_being_ready
    tcp_becoming_readable tcp_becoming_writable unix_becoming_readable unix_becoming_writable
    fd_becoming_readable fd_becoming_readable_to_change fd_becoming_writable fd_becoming_writable_to_change
    looking_up_names
}

/// How many datagrams come in a case.
const DATAGRAMS: u8 = 4;
/// How many bytes go through where a peer reads slowly.
const LENGTH: usize = 1 << 20;

/// Polls under the probe; and where that was cut short, again, to the end. (Not a function: what an asynchronous closure returns isn't known to be `Send`.)
macro_rules! in_two_goes {
    ($probe:ident, $go:expr) => {{
        let done = match $probe.drop_after(poll_fn($go)).await {
            Some(done) => done,
            None => poll_fn($go).await,
        };
        done.expect("it is well")
    }};
}

/// Whether it was done; if not, because it would have had to wait.
fn would_block<T>(done: io::Result<T>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            None
        }
    }
}

/// Two sockets, connected to each other. The second is known to have received nothing.
async fn udp() -> (UdpSocket, UdpSocket) {
    let bind = async || UdpSocket::bind("127.0.0.1:0").await.expect("it is bound");
    let (one, other) = (bind().await, bind().await);
    let address = |socket: &UdpSocket| socket.local_addr().expect("it has an address");
    one.connect(address(&other)).await.expect("it is connected");
    other.connect(address(&one)).await.expect("it is connected");
    other.try_recv(&mut []).expect_err("nothing came");
    (one, other)
}

/// Sends a few, with pauses.
async fn send_slowly(socket: UdpSocket) -> UdpSocket {
    for number in 0..DATAGRAMS {
        yield_now().await;
        socket.send(&[number]).await.expect("it sends");
    }
    socket
}

async fn receiving(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = if number % 2 == 0 {
            in_two_goes!(probe, |cx| socket.poll_recv(cx, &mut buffer))
        } else {
            loop {
                in_two_goes!(probe, |cx| socket.poll_recv_ready(cx));
                if let Some(length) = would_block(socket.try_recv(&mut buffer)) {
                    break length;
                }
            }
        };
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn peeking(probe: Probe) {
    let (peer, socket) = udp().await;
    let from = socket.peer_addr().expect("it is connected");
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        assert_eq!(in_two_goes!(probe, |cx| socket.poll_peek_sender(cx)), from);
        assert_eq!(
            in_two_goes!(probe, |cx| socket.poll_peek(cx, &mut buffer)),
            1
        );
        assert_eq!(
            in_two_goes!(probe, |cx| socket.poll_peek_from(cx, &mut buffer)),
            (1, from)
        );
        assert_eq!(buffer[0], number);
        assert_eq!(socket.recv(&mut buffer).await.expect("it receives"), 1);
        assert_eq!(buffer[0], number);
    }
    peer.await.expect("it ends");
}

async fn sending(probe: Probe) {
    let (socket, peer) = udp().await;
    let to = peer.local_addr().expect("it has an address");
    for number in 0..DATAGRAMS {
        let datagram = [number];
        in_two_goes!(probe, |cx| socket.poll_send_ready(cx));
        let length = if number % 2 == 0 {
            in_two_goes!(probe, |cx| socket.poll_send(cx, &datagram))
        } else {
            in_two_goes!(probe, |cx| socket.poll_send_to(cx, &datagram, to))
        };
        assert_eq!(length, 1);
        let mut buffer = [0; 2];
        assert_eq!(peer.recv(&mut buffer).await.expect("it receives"), 1);
        assert_eq!(buffer[0], number);
    }
}

/// Two Unix sockets, connected to each other, the second of which is known to have received nothing.
fn unix() -> (UnixDatagram, UnixDatagram) {
    let (one, other) = UnixDatagram::pair().expect("there are two");
    other.try_recv(&mut []).expect_err("nothing came");
    (one, other)
}

/// Sends a few, with pauses.
async fn unix_send_slowly(socket: UnixDatagram) -> UnixDatagram {
    for number in 0..DATAGRAMS {
        yield_now().await;
        socket.send(&[number]).await.expect("it sends");
    }
    socket
}

async fn unix_receiving(probe: Probe) {
    let (peer, socket) = unix();
    let peer = spawn(unix_send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = match number % 3 {
            0 => in_two_goes!(probe, |cx| socket.poll_recv(cx, &mut buffer)),
            1 => in_two_goes!(probe, |cx| socket.poll_recv_from(cx, &mut buffer)).0,
            _ => loop {
                in_two_goes!(probe, |cx| socket.poll_recv_ready(cx));
                if let Some(length) = would_block(socket.try_recv(&mut buffer)) {
                    break length;
                }
            },
        };
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

/// Into a queue that is full, until the peer receives.
async fn unix_sending(probe: Probe) {
    let (socket, peer) = unix();
    let mut sent = 0;
    while would_block(socket.try_send(&[0])).is_some() {
        sent += 1;
    }
    let receiving = spawn(async move {
        let mut received = 0;
        loop {
            yield_now().await;
            let mut buffer = [0; 2];
            let length = peer.recv(&mut buffer).await.expect("it receives");
            if length == 2 {
                return received;
            }
            received += 1;
        }
    });
    in_two_goes!(probe, |cx| socket.poll_send(cx, &[0]));
    sent += 1;
    while would_block(socket.try_send(&[0])).is_some() {
        sent += 1;
    }
    in_two_goes!(probe, |cx| socket.poll_send_ready(cx));
    socket.send(&[0; 2]).await.expect("it sends");
    assert_eq!(receiving.await.expect("it ends"), sent);
}

/// What has no method `poll_…`.
async fn unix_being_ready(probe: Probe) {
    let (peer, socket) = unix();
    let peer = spawn(unix_send_slowly(peer));
    for number in 0..DATAGRAMS {
        match probe.drop_after(socket.ready(Interest::READABLE)).await {
            Some(ready) => assert!(ready.expect("it waits").is_readable()),
            None => probe.assert_no_waker().await,
        }
        let mut buffer = [0; 2];
        let mut receive = || {
            let flags = rustix::net::RecvFlags::empty();
            let (length, _) = rustix::net::recv(&socket, &mut buffer, flags)?;
            Ok(length)
        };
        let received = socket.async_io(Interest::READABLE, &mut receive);
        let length = match probe.drop_after(received).await {
            Some(length) => length,
            None => {
                probe.assert_no_waker().await;
                socket.async_io(Interest::READABLE, receive).await
            }
        };
        assert_eq!((length.expect("it receives"), buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

/// Two ends of a connection, the first of which has found that there is nothing to read.
async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    let ours = TcpStream::connect(address).await.expect("it connects");
    let (theirs, _) = listener.accept().await.expect("it accepts");
    assert!(would_block(ours.try_read(&mut [0])).is_none());
    (ours, theirs)
}

/// The same in a path's name space.
fn unix_pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("they are made");
    assert!(would_block(ours.try_read(&mut [0])).is_none());
    (ours, theirs)
}

/// Reads byte by byte what a peer writes so. (Macros, since no trait has the methods.)
macro_rules! becomes_readable {
    ($probe:ident, $pair:expr) => {{
        let (ours, mut theirs) = $pair;
        let peer = spawn(async move {
            for number in 0..DATAGRAMS {
                yield_now().await;
                theirs.write_all(&[number]).await.expect("it writes");
            }
            theirs
        });
        for number in 0..DATAGRAMS {
            let mut byte = [0];
            loop {
                in_two_goes!($probe, |cx| ours.poll_read_ready(cx));
                if let Some(length) = would_block(ours.try_read(&mut byte)) {
                    assert_eq!((length, byte[0]), (1, number));
                    break;
                }
            }
        }
        peer.await.expect("it ends");
    }};
}

/// Writes to a peer that reads slowly.
macro_rules! becomes_writable {
    ($probe:ident, $pair:expr) => {{
        let (ours, mut theirs) = $pair;
        let peer = spawn(async move {
            let mut buffer = vec![0; 65_536];
            let mut read = 0;
            while let more @ 1.. = theirs.read(&mut buffer).await.expect("it reads") {
                read += more;
                yield_now().await;
            }
            read
        });
        let mut rest = LENGTH;
        while rest > 0 {
            in_two_goes!($probe, |cx| ours.poll_write_ready(cx));
            let portion = vec![0; rest.min(65_536)];
            rest -= would_block(ours.try_write(&portion)).unwrap_or(0);
        }
        drop(ours);
        assert_eq!(peer.await.expect("it ends"), LENGTH);
    }};
}

async fn tcp_becoming_readable(probe: Probe) {
    becomes_readable!(probe, tcp_pair().await);
}

async fn tcp_becoming_writable(probe: Probe) {
    becomes_writable!(probe, tcp_pair().await);
}

async fn unix_becoming_readable(probe: Probe) {
    becomes_readable!(probe, unix_pair());
}

async fn unix_becoming_writable(probe: Probe) {
    becomes_writable!(probe, unix_pair());
}

/// A descriptor of one's own, and its peer.
fn fd_pair() -> (AsyncFd<StdStream>, UnixStream) {
    let (ours, theirs) = StdStream::pair().expect("they are made");
    for stream in [&ours, &theirs] {
        stream.set_nonblocking(true).expect("it doesn't block");
    }
    let ours = AsyncFd::new(ours).expect("it is registered");
    let theirs = UnixStream::from_std(theirs).expect("it is registered");
    (ours, theirs)
}

/// As above, by the guards of a descriptor of one's own.
macro_rules! fd_becomes_readable {
    ($probe:ident, $poll:ident, $get:ident, $($mutable:tt)?) => {{
        let ($($mutable)? ours, mut theirs) = fd_pair();
        let peer = spawn(async move {
            for number in 0..DATAGRAMS {
                yield_now().await;
                theirs.write_all(&[number]).await.expect("it writes");
            }
            theirs
        });
        for number in 0..DATAGRAMS {
            let mut byte = [0];
            loop {
                // The guards stay in there: they lend what is polled.
                let read = in_two_goes!($probe, |cx| {
                    ours.$poll(cx).map_ok(|mut guard| {
                        guard.try_io(|fd| fd.$get().read(&mut byte)).ok()
                    })
                });
                if let Some(read) = read {
                    assert_eq!((read.expect("it reads"), byte[0]), (1, number));
                    break;
                }
            }
        }
        peer.await.expect("it ends");
    }};
}

macro_rules! fd_becomes_writable {
    ($probe:ident, $poll:ident, $get:ident, $($mutable:tt)?) => {{
        let ($($mutable)? ours, mut theirs) = fd_pair();
        let peer = spawn(async move {
            let mut buffer = vec![0; 65_536];
            let mut read = 0;
            while let more @ 1.. = theirs.read(&mut buffer).await.expect("it reads") {
                read += more;
                yield_now().await;
            }
            read
        });
        let mut rest = LENGTH;
        while rest > 0 {
            let portion = vec![0; rest.min(65_536)];
            let written = in_two_goes!($probe, |cx| {
                ours.$poll(cx).map_ok(|mut guard| {
                    guard.try_io(|fd| fd.$get().write(&portion)).ok()
                })
            });
            rest -= written.map_or(0, |written| written.expect("it writes"));
        }
        drop(ours);
        assert_eq!(peer.await.expect("it ends"), LENGTH);
    }};
}

async fn fd_becoming_readable(probe: Probe) {
    fd_becomes_readable!(probe, poll_read_ready, get_ref,);
}

async fn fd_becoming_readable_to_change(probe: Probe) {
    fd_becomes_readable!(probe, poll_read_ready_mut, get_mut, mut);
}

async fn fd_becoming_writable(probe: Probe) {
    fd_becomes_writable!(probe, poll_write_ready, get_ref,);
}

async fn fd_becoming_writable_to_change(probe: Probe) {
    fd_becomes_writable!(probe, poll_write_ready_mut, get_mut, mut);
}

/// Those that the resolver is asked for, one after the other and at once; the job that asks it goes on by itself.
async fn looking_up_names(probe: Probe) {
    let both = async {
        let one = lookup_host(("localhost", 1)).await.expect("it is found");
        assert!(one.into_iter().all(|address| address.port() == 1));
        heist::try_join!(lookup_host("localhost:2"), lookup_host("127.0.0.1:3"))
            .map(|(two, three)| (two.count(), three.count()))
    };
    if let Some(found) = probe.drop_after(both).await {
        let (two, three) = found.expect("they are found");
        assert!(two >= 1 && three == 1);
    }
    probe.assert_no_waker().await;
}
