//! Datagrams on the reactor alone, turned in the test's own thread.

mod udp;
mod unix;

use super::*;
use crate::io::Interest;
use crate::reactor::Reactor;
use crate::reactor::tests::{Task, block_on, each_kind};
use futures_lite::future::{poll_once, zip};
use heist_sync::coop::{Budget, with_budget};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};
use socket2::SockRef;
use std::cell::Cell;
use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net as std_unix;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

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
