//! What the cases share.

pub(crate) use heist_tests::{once_waiting, open_descriptors};

use futures_lite::future::{yield_now, zip};
use heist::net::{TcpListener, TcpStream};
use heist_tests::{PATIENCE, Shape, Stopwatch, in_child};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::future::Future;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

/// Two ends of a connection: one that was connected, one that was accepted.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let (client, accepted) = zip(TcpStream::connect(address), listener.accept()).await;
    (client.unwrap(), accepted.unwrap().0)
}

/// A listener on a port that the system chose.
pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Sends this and then the end.
pub(crate) fn say_and_leave(mut peer: std::net::TcpStream, words: &[u8]) {
    peer.write_all(words).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
}

/// Waits, with the thread blocked, until the end of the peer's data has come in. No reactor learns of it by that.
pub(crate) fn wait_for_end(socket: &impl AsFd) {
    wait_for(socket, PollFlags::RDHUP);
}

/// Waits, with the thread blocked, until data has come in.
pub(crate) fn wait_for_data(socket: &impl AsFd) {
    wait_for(socket, PollFlags::IN);
}

fn wait_for(socket: &impl AsFd, flags: PollFlags) {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    let came = poll(&mut [PollFd::new(socket, flags)], Some(&patience)).unwrap();
    assert_eq!(came, 1, "nothing came in");
}

/// Lets other tasks run until this is true.
pub(crate) async fn until(mut is_true: impl FnMut() -> bool) {
    let begun = Stopwatch::start();
    while !is_true() {
        assert!(begun.elapsed() < PATIENCE, "it does not come true");
        yield_now().await;
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// Whether it was woken since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(0, SeqCst) > 0
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A small generator of numbers, the same each time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number less than this.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    /// The size of a chunk: odd, small and large ones.
    pub(crate) fn chunk(&mut self) -> usize {
        let largest = [3, 100, 5_000, 70_000][self.below(4)];
        2 * self.below(largest) + 1
    }

    /// Bytes in which whatever is lost, doubled or moved shows.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_ne_bytes()[..chunk.len()]);
        }
        bytes
    }
}

/// Runs a case in a process of its own, which has descriptors and a limit of its own. It is told the case's name, with its module.
#[track_caller]
pub(crate) fn alone(shape: Shape, case: &str, test: impl Future<Output = ()>) {
    let test_name = format!("{}::{case}", shape.suite());
    let ended = in_child(&test_name, &[], || shape.block_on(test));
    ended.assert_success();
}

/// Reads to the end.
pub(crate) fn rest(mut peer: std::net::TcpStream) -> Vec<u8> {
    let mut data = Vec::new();
    peer.read_to_end(&mut data).unwrap();
    data
}

/// A port at which connections are not refused, but never made: its backlog is full.
pub(crate) struct Deaf {
    listener: std::net::TcpListener,
    _waiting: Vec<socket2::Socket>,
}

impl Deaf {
    pub(crate) fn new() -> Self {
        use socket2::{Domain, Socket, Type};

        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        listener
            .bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting = (0..4).map(|_| {
            let socket = socket();
            socket.set_nonblocking(true).unwrap();
            // Made, or begun.
            let _ = socket.connect(&address);
            socket
        });
        Self {
            _waiting: waiting.collect(),
            listener: listener.into(),
        }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.listener.local_addr().unwrap()
    }
}
