//! TCP on the reactor alone, turned in the test's own thread.

mod exchange;
mod listener;
mod socket;

use super::*;
use crate::io::{AsyncReadExt, AsyncWriteExt, Interest};
use crate::reactor::Reactor;
use crate::reactor::tests::{Task, block_on, each_kind, turn};
use futures_lite::future::{or, poll_once, zip};
use heist_sync::coop::{Budget, with_budget};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{Errno, FdFlags, fcntl_getfd};
use static_assertions::assert_impl_all;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
#[cfg(feature = "hyper")]
use std::pin::Pin;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

assert_impl_all!(TcpListener: Send, Sync, Unpin, AsFd, std::fmt::Debug);
assert_impl_all!(TcpStream: Send, Sync, Unpin, AsFd, std::fmt::Debug);

/// An idle connection costs this and its slot.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<TcpStream>() == 16);

/// Two ends of a connection: one that was connected, one that was accepted.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = zip(TcpStream::connect(address), listener.accept()).await;
    (client.unwrap(), accepted.unwrap().0)
}

#[test]
fn its_futures_can_be_spawned() {
    fn is_send(_: impl Future + Send) {}

    each_kind(|reactor| {
        is_send(TcpListener::bind("127.0.0.1:0"));
        is_send(TcpStream::connect(("localhost", 80)));
        is_send(lookup_host(String::from("localhost:80")));
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            is_send(listener.accept());
            let (client, _server) = pair().await;
            is_send(client.ready(Interest::READABLE));
            is_send(client.peek(&mut [0]));
            is_send(client.async_io(Interest::READABLE, || Ok(())));
        });
    });
}

#[test]
fn both_ends_know_each_other() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            let (server, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            assert_eq!(peer, server.peer_addr().unwrap());
            assert_eq!(address, client.peer_addr().unwrap());
        });
    });
}

#[test]
fn descriptors_do_not_block_and_are_closed_on_exec() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (client, server) = pair().await;
            for fd in [listener.as_fd(), client.as_fd(), server.as_fd()] {
                assert!(fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
                assert!(fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
            }
        });
    });
}

#[test]
fn without_waiting() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = pair().await;
            let would_block = |outcome: io::Result<usize>| {
                assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::WouldBlock);
            };
            would_block(server.try_read(&mut [0; 8]));
            assert_eq!(client.try_write(b"hello").unwrap(), 5);
            assert_eq!(
                client.try_write_vectored(&[IoSlice::new(b" you")]).unwrap(),
                4
            );
            server.readable().await.unwrap();
            let mut buffer = [0; 5];
            assert_eq!(server.peek(&mut buffer).await.unwrap(), 5);
            assert_eq!(server.try_read(&mut buffer).unwrap(), 5);
            assert_eq!(&buffer, b"hello");
            assert_eq!(
                server
                    .try_read_vectored(&mut [IoSliceMut::new(&mut buffer)])
                    .unwrap(),
                4
            );
            would_block(server.try_read(&mut buffer));

            // Until the buffers on the way are full.
            while client.try_write(&[0; 65_536]).is_ok() {}
            assert!(poll_once(client.writable()).await.is_none());
            let ready = client.ready(Interest::READABLE | Interest::WRITABLE);
            let drain = async {
                loop {
                    server.readable().await.unwrap();
                    let _ = server.try_read(&mut [0; 65_536]);
                }
            };
            assert!(or(ready, drain).await.unwrap().is_writable());
        });
    });
}

#[test]
fn a_system_call_of_ones_own() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, server) = pair().await;
            let read = || {
                let socket = socket2::SockRef::from(&server);
                let mut buffer = [0; 8];
                let read = (&*socket).read(&mut buffer)?;
                Ok(buffer[..read].to_vec())
            };
            let early = server.try_io(Interest::READABLE, read);
            assert_eq!(early.unwrap_err().kind(), io::ErrorKind::WouldBlock);
            client.write_all(b"data").await.unwrap();
            assert_eq!(
                server.async_io(Interest::READABLE, read).await.unwrap(),
                b"data"
            );
        });
    });
}

/// What a user's call returns is its result, but that it would have to wait; and it may use itself up.
#[test]
fn a_system_call_of_ones_own_that_is_interrupted() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, _server) = pair().await;
            let mut calls = 0;
            let mut interrupted = || {
                calls += 1;
                // Not for ever, where it is called again.
                let kind = if calls < 10 {
                    io::ErrorKind::Interrupted
                } else {
                    io::ErrorKind::Other
                };
                Err::<(), _>(io::Error::from(kind))
            };
            let tried = client.try_io(Interest::WRITABLE, &mut interrupted);
            assert_eq!(tried.unwrap_err().kind(), io::ErrorKind::Interrupted);
            let waited = client.async_io(Interest::WRITABLE, &mut interrupted).await;
            assert_eq!(waited.unwrap_err().kind(), io::ErrorKind::Interrupted);
            assert_eq!(calls, 2);
            let words = String::from("all of it");
            let given = client.try_io(Interest::WRITABLE, move || Ok(words));
            assert_eq!(given.unwrap(), "all of it");
        });
    });
}

#[test]
fn options_are_set_and_read() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.set_ttl(33).unwrap();
            assert_eq!(listener.ttl().unwrap(), 33);
            assert!(listener.take_error().unwrap().is_none());
            let (client, _server) = pair().await;
            assert!(!client.nodelay().unwrap());
            client.set_nodelay(true).unwrap();
            assert!(client.nodelay().unwrap());
            client.set_ttl(44).unwrap();
            assert_eq!(client.ttl().unwrap(), 44);
            assert_eq!(client.linger().unwrap(), None);
            client.set_zero_linger().unwrap();
            assert_eq!(client.linger().unwrap(), Some(Duration::ZERO));
            assert!(client.take_error().unwrap().is_none());
        });
    });
}

#[test]
fn sockets_of_the_standard_library_come_and_go() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let listener = TcpListener::try_from(listener).unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut client = TcpStream::try_from(client).unwrap();
            let (server, _) = listener.accept().await.unwrap();

            let mut server = std::net::TcpStream::try_from(server).unwrap();
            let would_block = server.read(&mut [0]).unwrap_err();
            assert_eq!(would_block.kind(), io::ErrorKind::WouldBlock);
            server.write_all(b"data").unwrap();
            client.read_exact(&mut [0; 4]).await.unwrap();

            let listener = std::net::TcpListener::try_from(listener).unwrap();
            assert_eq!(
                listener.accept().unwrap_err().kind(),
                io::ErrorKind::WouldBlock
            );
        });
    });
}

/// A peer that is always faster does not keep the task from giving way.
#[test]
fn the_budget_is_spent() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            client.write_all(&[0; 100]).await.unwrap();
            server.readable().await.unwrap();
            let mut reads = 0;
            let mut read_all = pin!(async {
                loop {
                    server.read_exact(&mut [0]).await.unwrap();
                    reads += 1;
                }
            });
            let (task, waker) = Task::new(reactor);
            let cx = &mut Context::from_waker(&waker);
            let _: Poll<()> = with_budget(Budget::new(10), || read_all.as_mut().poll(cx));
            assert_eq!(task.wakes(), 1);
            // What would have to wait costs nothing.
            let _: Poll<()> = with_budget(Budget::new(91), || {
                let polled = read_all.as_mut().poll(cx);
                assert!(heist_sync::coop::has_budget_remaining());
                polled
            });
            assert_eq!(reads, 100);
            // Nor is nothing read for ever.
            let mut read_nothing = pin!(async {
                loop {
                    client.read(&mut []).await.unwrap();
                    client.peek(&mut []).await.unwrap();
                }
            });
            let _: Poll<()> = with_budget(Budget::new(10), || read_nothing.as_mut().poll(cx));
            assert_eq!(task.wakes(), 1);
        });
    });
}

/// Nor do errors that come at once.
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
        let (listener, stream) = block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            (listener, pair().await.0)
        });
        let address = listener.local_addr().unwrap();
        reactor.shutdown();
        let _entered = reactor.enter();
        fails_ten_times(reactor, async || listener.accept().await);
        fails_ten_times(reactor, async || {
            poll_fn(|cx| listener.poll_accept(cx)).await
        });
        fails_ten_times(reactor, async || stream.readable().await);
        fails_ten_times(reactor, async || {
            poll_fn(|cx| stream.poll_read_ready(cx)).await
        });
        fails_ten_times(reactor, async || (&stream).read(&mut [0]).await);
        fails_ten_times(reactor, async || TcpStream::connect(address).await);
    });
}

#[test]
fn a_host_has_addresses() {
    let addresses = |host: &str| -> io::Result<Vec<SocketAddr>> {
        let runtime = crate::runtime::Builder::new_current_thread().build()?;
        Ok(runtime.block_on(lookup_host(host))?.collect())
    };
    let found = addresses("localhost:80").unwrap();
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|address| address.ip().is_loopback() && address.port() == 80)
    );
    assert_eq!(
        addresses("no-port").unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

#[test]
fn hosts_can_be_given_as_in_tokio() {
    fn is_host(_: impl ToSocketAddrs) {}

    is_host("localhost:80");
    is_host(String::from("localhost:80"));
    is_host(String::from("localhost:80"));
    is_host(("localhost", 80));
    is_host((String::from("localhost"), 80));
    is_host(SocketAddr::from(([127, 0, 0, 1], 80)));
    is_host(&[SocketAddr::from(([127, 0, 0, 1], 80))][..]);
}

#[cfg(feature = "hyper")]
#[test]
fn hyper_reads_into_memory_that_is_not_initialised() {
    use hyper::rt::{Read, ReadBuf, Write};
    use std::mem::MaybeUninit;

    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            assert!(client.is_write_vectored());
            let words = [IoSlice::new(b"one "), IoSlice::new(b"two")];
            let written =
                poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut client), cx, &words)).await;
            assert_eq!(written.unwrap(), 7);
            poll_fn(|cx| Write::poll_flush(Pin::new(&mut client), cx))
                .await
                .unwrap();
            poll_fn(|cx| Write::poll_shutdown(Pin::new(&mut client), cx))
                .await
                .unwrap();

            let mut memory = [MaybeUninit::uninit(); 16];
            let mut buffer = ReadBuf::uninit(&mut memory);
            for expected in ["one two", "one two"] {
                poll_fn(|cx| Pin::new(&mut server).poll_read(cx, buffer.unfilled()))
                    .await
                    .unwrap();
                assert_eq!(buffer.filled(), expected.as_bytes());
            }
        });
    });
}
