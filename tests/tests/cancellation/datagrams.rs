//! The futures of datagram sockets and of `AsyncFd`, dropped after each of their polls.

use heist::io::Interest;
use heist::io::unix::AsyncFd;
use heist::net::{UdpSocket, UnixDatagram};
use heist::spawn;
use heist::task::yield_now;
use heist_tests::Probe;
use socket2::SockRef;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

cases! {
    binding connecting
    receiving receiving_with_the_sender receiving_by_polling
    peeking peeking_with_the_sender peeking_at_the_sender
    waiting_to_receive asynchronous_io sending sending_to_an_address sending_to_a_name
    unix_receiving unix_receiving_with_the_sender unix_waiting_to_receive
    unix_sending unix_sending_to_a_path unix_polling_to_send_to_a_path unix_waiting_to_send
    fd_readable fd_readable_to_change fd_ready fd_ready_to_change fd_writable fd_async_io fd_async_io_to_change
}

/// How many datagrams come in a case.
const DATAGRAMS: u8 = 8;

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

/// Does it under the probe; and where that was cut short, again, to the end. (Not a function: what an asynchronous closure returns isn't known to be `Send`.)
macro_rules! in_two_goes {
    ($probe:ident, $go:expr) => {{
        let done = match $probe.drop_after($go).await {
            Some(done) => done,
            None => {
                $probe.assert_no_waker().await;
                $go.await
            }
        };
        done.expect("it is well")
    }};
}

async fn binding(probe: Probe) {
    if let Some(socket) = probe.drop_after(UdpSocket::bind("localhost:0")).await {
        socket.expect("it is bound");
    }
}

async fn connecting(probe: Probe) {
    let (socket, _) = udp().await;
    if let Some(connected) = probe.drop_after(socket.connect("localhost:9")).await {
        connected.expect("it is connected");
        assert_eq!(socket.peer_addr().expect("it is").port(), 9);
    }
}

async fn receiving(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = in_two_goes!(probe, socket.recv(&mut buffer));
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn receiving_with_the_sender(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let (length, _) = in_two_goes!(probe, socket.recv_from(&mut buffer));
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn receiving_by_polling(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        // Its waker stays, for the last who polls.
        let poll = poll_fn(|cx| socket.poll_recv_from(cx, &mut buffer));
        let received = match probe.drop_after(poll).await {
            Some(received) => received,
            None => socket.recv_from(&mut buffer).await,
        };
        assert_eq!(received.expect("it receives").0, 1);
        assert_eq!(buffer[0], number);
    }
    peer.await.expect("it ends");
}

async fn peeking(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        assert_eq!(in_two_goes!(probe, socket.peek(&mut buffer)), 1);
        assert_eq!(buffer[0], number);
        assert_eq!(socket.recv(&mut buffer).await.expect("it receives"), 1);
        assert_eq!(buffer[0], number);
    }
    peer.await.expect("it ends");
}

async fn peeking_with_the_sender(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        assert_eq!(in_two_goes!(probe, socket.peek_from(&mut buffer)).0, 1);
        assert_eq!(buffer[0], number);
        assert_eq!(socket.recv(&mut buffer).await.expect("it receives"), 1);
        assert_eq!(buffer[0], number);
    }
    peer.await.expect("it ends");
}

async fn peeking_at_the_sender(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let sender = in_two_goes!(probe, socket.peek_sender());
        assert_eq!(sender, socket.peer_addr().expect("it is connected"));
        assert_eq!(socket.recv(&mut buffer).await.expect("it receives"), 1);
        assert_eq!(buffer[0], number);
    }
    peer.await.expect("it ends");
}

async fn receive_when_ready(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        // There are two ways to say it.
        socket.readable().await?;
        socket.ready(Interest::READABLE).await?;
        match socket.try_recv(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            received => return received,
        }
    }
}

async fn waiting_to_receive(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = in_two_goes!(probe, receive_when_ready(&socket, &mut buffer));
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn asynchronous_io(probe: Probe) {
    let (peer, socket) = udp().await;
    let peer = spawn(send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let mut place = [MaybeUninit::new(0); 2];
        let mut receive = || SockRef::from(&socket).peek(&mut place);
        in_two_goes!(probe, socket.async_io(Interest::READABLE, &mut receive));
        let length = socket.recv(&mut buffer).await.expect("it receives");
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

/// What was sent under the probe arrives; or it was not sent.
async fn sent_or_not(
    probe: Probe,
    socket: UdpSocket,
    peer: UdpSocket,
    sent: Option<io::Result<usize>>,
) {
    probe.assert_no_waker().await;
    socket.send(b"last").await.expect("it sends");
    let mut buffer = [0; 16];
    if let Some(sent) = sent {
        let received = peer.recv(&mut buffer).await;
        assert_eq!(sent.expect("it sends"), received.expect("it receives"));
    }
    assert_eq!(peer.recv(&mut buffer).await.expect("it receives"), 4);
}

async fn sending(probe: Probe) {
    let (socket, peer) = udp().await;
    let sent = probe
        .drop_after(async {
            socket.writable().await?;
            socket.send(b"probed").await
        })
        .await;
    sent_or_not(probe, socket, peer, sent).await;
}

async fn sending_to_an_address(probe: Probe) {
    let (socket, peer) = udp().await;
    let to = peer.local_addr().expect("it has an address");
    let sent = probe.drop_after(socket.send_to(b"probed", to)).await;
    sent_or_not(probe, socket, peer, sent).await;
}

async fn sending_to_a_name(probe: Probe) {
    // To itself, and in vain where the name has an address of the other family first.
    let bound = UdpSocket::bind("localhost:0").await;
    let socket = bound.expect("it is bound");
    let port = socket.local_addr().expect("it has an address").port();
    let send = socket.send_to(b"probed", ("localhost", port));
    if let Some(sent) = probe.drop_after(send).await {
        assert_eq!(sent.expect("it sends"), 6);
        assert_eq!(socket.recv(&mut [0; 16]).await.expect("it receives"), 6);
    }
}

/// Two Unix sockets, connected to each other.
async fn unix() -> (UnixDatagram, UnixDatagram) {
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
    let (peer, socket) = unix().await;
    let peer = spawn(unix_send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = in_two_goes!(probe, socket.recv(&mut buffer));
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn unix_receiving_with_the_sender(probe: Probe) {
    let (peer, socket) = unix().await;
    let peer = spawn(unix_send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let (length, from) = in_two_goes!(probe, socket.recv_from(&mut buffer));
        assert!(from.is_unnamed());
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn unix_receive_when_ready(socket: &UnixDatagram, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        socket.readable().await?;
        match socket.try_recv(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            received => return received,
        }
    }
}

async fn unix_waiting_to_receive(probe: Probe) {
    let (peer, socket) = unix().await;
    let peer = spawn(unix_send_slowly(peer));
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 2];
        let length = in_two_goes!(probe, unix_receive_when_ready(&socket, &mut buffer));
        assert_eq!((length, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

/// A socket with a name that holds only a few datagrams, which are received slowly.
struct Server {
    path: PathBuf,
    socket: Arc<UnixDatagram>,
}

impl Server {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-dropped-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = Arc::new(UnixDatagram::bind(&path).expect("it is bound"));
        Self { path, socket }
    }

    /// Sends many more than there is room for, going on with `go`: all arrive, in order.
    async fn is_sent_all<F>(&self, probe: Probe, go: impl Fn(u8) -> F)
    where
        F: Future<Output = io::Result<usize>>,
    {
        const MANY: u8 = 40;
        let receiving = spawn({
            let socket = self.socket.clone();
            async move {
                for number in 0..MANY {
                    yield_now().await;
                    let mut buffer = [0; 2];
                    let received = socket.recv(&mut buffer).await;
                    assert_eq!((received.expect("it receives"), buffer[0]), (1, number));
                }
            }
        });
        for number in 0..MANY {
            let sent = match probe.drop_after(go(number)).await {
                Some(sent) => sent,
                None => go(number).await,
            };
            assert_eq!(sent.expect("it sends"), 1);
        }
        receiving.await.expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn unix_sending(probe: Probe) {
    let server = Server::new();
    let socket = UnixDatagram::unbound().expect("there is one");
    socket.connect(&server.path).expect("it is connected");
    let socket = &socket;
    let send = |number| async move { socket.send(&[number]).await };
    server.is_sent_all(probe, send).await;
}

async fn unix_sending_to_a_path(probe: Probe) {
    let server = Server::new();
    let socket = UnixDatagram::unbound().expect("there is one");
    let (socket, path) = (&socket, &server.path);
    let send = |number| async move { socket.send_to(&[number], path).await };
    server.is_sent_all(probe, send).await;
}

async fn unix_polling_to_send_to_a_path(probe: Probe) {
    let server = Server::new();
    let socket = UnixDatagram::unbound().expect("there is one");
    let (socket, path) = (&socket, &server.path);
    let send = |number| poll_fn(move |cx| socket.poll_send_to(cx, &[number], path));
    server.is_sent_all(probe, send).await;
}

async fn unix_waiting_to_send(probe: Probe) {
    let server = Server::new();
    let socket = UnixDatagram::unbound().expect("there is one");
    socket.connect(&server.path).expect("it is connected");
    let socket = &socket;
    let send = |number| async move {
        loop {
            socket.writable().await?;
            match socket.try_send(&[number]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                sent => return sent,
            }
        }
    };
    server.is_sent_all(probe, send).await;
}

/// A descriptor, and a peer that sends a few bytes on it, one by one.
fn descriptor() -> (AsyncFd<UnixStream>, impl Future<Output = UnixStream>) {
    let (ours, mut theirs) = UnixStream::pair().expect("there are two");
    ours.set_nonblocking(true).expect("it doesn't block");
    let ours = AsyncFd::new(ours).expect("it is registered");
    let send = async move {
        for number in 0..DATAGRAMS {
            yield_now().await;
            theirs.write_all(&[number]).expect("it writes");
        }
        theirs
    };
    (ours, send)
}

async fn read_when_readable(fd: &AsyncFd<UnixStream>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut guard = fd.readable().await?;
        if let Ok(read) = guard.try_io(|fd| fd.get_ref().read(buffer)) {
            return read;
        }
    }
}

async fn fd_readable(probe: Probe) {
    let (fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(probe, read_when_readable(&fd, &mut buffer));
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn read_when_readable_to_change(
    fd: &mut AsyncFd<UnixStream>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        let mut guard = fd.readable_mut().await?;
        if let Ok(read) = guard.try_io(|fd| fd.get_mut().read(buffer)) {
            return read;
        }
    }
}

async fn fd_readable_to_change(probe: Probe) {
    let (mut fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(probe, read_when_readable_to_change(&mut fd, &mut buffer));
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn read_when_ready(fd: &AsyncFd<UnixStream>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut guard = fd.ready(Interest::READABLE | Interest::PRIORITY).await?;
        if let Ok(read) = guard.try_io(|fd| fd.get_ref().read(buffer)) {
            return read;
        }
    }
}

async fn fd_ready(probe: Probe) {
    let (fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(probe, read_when_ready(&fd, &mut buffer));
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn read_when_ready_to_change(
    fd: &mut AsyncFd<UnixStream>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        let mut guard = fd.ready_mut(Interest::READABLE).await?;
        if let Ok(read) = guard.try_io(|fd| fd.get_mut().read(buffer)) {
            return read;
        }
    }
}

async fn fd_ready_to_change(probe: Probe) {
    let (mut fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(probe, read_when_ready_to_change(&mut fd, &mut buffer));
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn fd_async_io(probe: Probe) {
    let (fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(
            probe,
            fd.async_io(Interest::READABLE, |mut stream| stream.read(&mut buffer))
        );
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn fd_async_io_to_change(probe: Probe) {
    let (mut fd, send) = descriptor();
    let peer = spawn(send);
    for number in 0..DATAGRAMS {
        let mut buffer = [0; 1];
        let read = in_two_goes!(
            probe,
            fd.async_io_mut(Interest::READABLE, |stream| stream.read(&mut buffer))
        );
        assert_eq!((read, buffer[0]), (1, number));
    }
    peer.await.expect("it ends");
}

async fn write_when_ready(fd: &mut AsyncFd<UnixStream>, portion: &[u8]) -> io::Result<usize> {
    loop {
        // There are two ways to say it.
        fd.writable().await?.retain_ready();
        let mut guard = fd.writable_mut().await?;
        if let Ok(written) = guard.try_io(|fd| fd.get_mut().write(portion)) {
            return written;
        }
    }
}

async fn fd_writable(probe: Probe) {
    const LENGTH: usize = 1 << 20;
    let (ours, mut theirs) = UnixStream::pair().expect("there are two");
    ours.set_nonblocking(true).expect("it doesn't block");
    theirs.set_nonblocking(true).expect("it doesn't block");
    let mut fd = AsyncFd::new(ours).expect("it is registered");
    let reading = spawn(async move {
        let mut read = 0;
        let mut buffer = vec![0; 32_768];
        loop {
            match theirs.read(&mut buffer) {
                Ok(0) => return read,
                Ok(more) => read += more,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            yield_now().await;
        }
    });
    let mut rest = LENGTH;
    while rest > 0 {
        let portion = vec![0; rest.min(65_536)];
        rest -= in_two_goes!(probe, write_when_ready(&mut fd, &portion));
    }
    drop(fd);
    assert_eq!(reading.await.expect("it ends"), LENGTH);
}
