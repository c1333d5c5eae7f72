//! TCP on the reactor alone, turned in the test's own thread.

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

/// More than the buffers between them hold, both ways at once, in odd portions.
#[test]
fn megabytes_go_both_ways() {
    const LEN: usize = 4 << 20;
    let data: Vec<u8> = (0..LEN).map(|index| (index / 251) as u8).collect();
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = pair().await;
            let exchange = async |stream: &TcpStream| {
                let write = async {
                    let mut stream = stream;
                    for portion in data.chunks(100_003) {
                        stream.write_all(portion).await.unwrap();
                    }
                    stream.close().await.unwrap();
                };
                let read = async {
                    let mut stream = stream;
                    let mut received = Vec::new();
                    let mut buffer = vec![0; 65_537];
                    loop {
                        match stream.read(&mut buffer).await.unwrap() {
                            0 => return received,
                            read => received.extend_from_slice(&buffer[..read]),
                        }
                    }
                };
                zip(write, read).await.1
            };
            let (at_client, at_server) = zip(exchange(&client), exchange(&server)).await;
            assert!(at_client == data && at_server == data);
        });
    });
}

#[test]
fn several_buffers_go_in_one_call() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            let words = [
                IoSlice::new(b"one "),
                IoSlice::new(b""),
                IoSlice::new(b"two"),
            ];
            assert_eq!(client.write_vectored(&words).await.unwrap(), 7);
            let (mut first, mut second) = ([0; 4], [0; 8]);
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            assert_eq!(server.read_vectored(&mut buffers).await.unwrap(), 7);
            assert_eq!((&first, &second[..3]), (b"one ", &b"two"[..]));
            assert!(
                poll_once(server.read_vectored(&mut [IoSliceMut::new(&mut [0])]))
                    .await
                    .is_none()
            );
        });
    });
}

/// More buffers than one system call takes: that it leaves some over doesn't mean that the stream is full, or empty.
#[test]
fn more_buffers_than_go_in_one_call() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            // From here on no event comes by itself.
            turn(reactor, Some(Duration::ZERO));
            let bytes = [7; 2_000];
            let buffers: Vec<_> = bytes.chunks(1).map(IoSlice::new).collect();
            assert_eq!(client.write_vectored(&buffers).await.unwrap(), 1_024);
            let more = poll_once(client.write(&[8; 500])).await;
            assert_eq!(more.expect("there is room").unwrap(), 500);

            server.readable().await.unwrap();
            turn(reactor, Some(Duration::ZERO));
            let mut bytes = [0; 2_000];
            let mut buffers: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
            assert_eq!(server.read_vectored(&mut buffers).await.unwrap(), 1_024);
            let mut rest = [0; 1_000];
            let read = poll_once(server.read(&mut rest)).await;
            assert_eq!(read.expect("there is more").unwrap(), 500);
            assert!(bytes[..1_024].iter().all(|&byte| byte == 7) && rest[499] == 8);
        });
    });
}

#[test]
fn closing_ends_what_the_peer_reads() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            client.write_all(b"the end").await.unwrap();
            client.close().await.unwrap();
            let mut text = String::new();
            server.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "the end");
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);

            // The other way it is open still.
            server.write_all(b"reply").await.unwrap();
            server.shutdown(Shutdown::Both).unwrap();
            let mut reply = Vec::new();
            client.read_to_end(&mut reply).await.unwrap();
            assert_eq!(reply, b"reply");
        });
    });
}

#[test]
fn a_reset_is_an_error_for_the_peer() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            client.set_zero_linger().unwrap();
            let mut buffer = [0];
            let mut read = pin!(server.read(&mut buffer));
            assert!(poll_once(read.as_mut()).await.is_none());
            drop(client);
            assert_eq!(
                read.await.unwrap_err().kind(),
                io::ErrorKind::ConnectionReset
            );
            let error = async {
                loop {
                    if let Err(error) = server.write(&[0]).await {
                        return error;
                    }
                }
            };
            assert_eq!(error.await.kind(), io::ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    each_kind(|reactor| {
        block_on(reactor, async {
            // Bound, so that nobody else listens there either.
            let socket = tcp_stream::socket(socket2::Domain::IPV4).unwrap();
            socket
                .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
                .unwrap();
            let closed = socket.local_addr().unwrap().as_socket().unwrap();
            let error = TcpStream::connect(closed).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = [closed, listener.local_addr().unwrap()];
            let stream = TcpStream::connect(&addresses[..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        });
    });
}

#[test]
fn an_address_in_use_is_refused() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let error = TcpListener::bind(listener.local_addr().unwrap())
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_port_of_a_server_that_ended_can_be_had_at_once() {
    each_kind(|reactor| {
        block_on(reactor, async {
            // An address of its own, of which no other test takes a port.
            let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            // Whoever closes first is left in TIME_WAIT.
            drop((server, listener));
            drop(client);
            TcpListener::bind(address).await.unwrap();
        });
    });
}

#[test]
fn connections_wait_until_they_are_accepted() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let clients: Vec<_> = (0..100)
                .map(|_| std::net::TcpStream::connect(address).unwrap())
                .collect();
            for client in &clients {
                let (_, peer) = listener.accept().await.unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
            }
            assert!(poll_once(listener.accept()).await.is_none());
        });
    });
}

#[test]
fn several_tasks_accept_from_one_listener() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (mut first, mut second) = (pin!(listener.accept()), pin!(listener.accept()));
            assert!(poll_once(first.as_mut()).await.is_none());
            assert!(poll_once(second.as_mut()).await.is_none());
            let _one = TcpStream::connect(address).await.unwrap();
            let is_first = or(async { first.as_mut().await.map(|_| true) }, async {
                second.as_mut().await.map(|_| false)
            });
            let is_first = is_first.await.unwrap();
            let _two = TcpStream::connect(address).await.unwrap();
            if is_first {
                second.await.unwrap()
            } else {
                first.await.unwrap()
            };
        });
    });
}

#[test]
fn poll_accept_accepts() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
            assert_eq!(accepted.unwrap().1, client.local_addr().unwrap());
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

/// Whatever is set on the socket is there on the connection; and one that blocks, made elsewhere, doesn't any more.
#[test]
fn a_socket_keeps_its_options() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
            let listener = socket.listen(16).unwrap();
            let address = listener.local_addr().unwrap();

            let domain = socket2::Domain::IPV4;
            let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
            let socket = TcpSocket::from(OwnedFd::from(socket));
            socket.set_nodelay(true).unwrap();
            socket.set_keepalive(true).unwrap();
            socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
            let local = socket.local_addr().unwrap();
            let stream = socket.connect(address).await.unwrap();
            assert!(stream.nodelay().unwrap());
            assert_eq!(stream.local_addr().unwrap(), local);
            assert!(fcntl_getfl(&stream).unwrap().contains(OFlags::NONBLOCK));
            assert_eq!(listener.accept().await.unwrap().1, local);
        });
    });
}

#[test]
fn a_socket_of_the_other_family() {
    match TcpSocket::new_v6() {
        Ok(socket) => {
            socket.set_tclass_v6(0x10).unwrap();
            assert_eq!(socket.tclass_v6().unwrap(), 0x10);
        }
        // Where there is none.
        Err(error) => assert_eq!(
            error.raw_os_error(),
            Some(Errno::AFNOSUPPORT.raw_os_error())
        ),
    }
}

/// What a Unix socket is taken for, it isn't.
#[test]
fn a_socket_that_is_none_of_tcp() {
    let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let error = TcpSocket::from(OwnedFd::from(socket)).local_addr();
    assert!(error.unwrap_err().to_string().contains("TCP"));
}

/// The writing half's end is told, but once: by its close, or by its drop, or not at all.
#[test]
fn halves_end_as_they_say() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            let (read, mut write) = client.into_split();
            write.write_all(b"a").await.unwrap();
            drop(write);
            let mut words = Vec::new();
            server.read_to_end(&mut words).await.unwrap();
            assert_eq!(words, b"a");
            // The other direction goes on.
            server.write_all(b"b").await.unwrap();
            let mut read = read;
            read.read_exact(&mut [0]).await.unwrap();

            let (client, mut server) = pair().await;
            let (read, write) = client.into_split();
            write.forget();
            assert!(poll_once(server.read(&mut [0])).await.is_none());
            drop(read);
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);

            let (client, mut server) = pair().await;
            let (read, mut write) = client.into_split();
            write.close().await.unwrap();
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
            let client = read.reunite(write).unwrap();
            assert!(client.try_write(b"c").is_err());

            // Put together again, it is open.
            let (client, mut server) = pair().await;
            let (read, write) = client.into_split();
            let mut client = write.reunite(read).unwrap();
            client.write_all(b"d").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
            assert!(poll_once(server.read(&mut [0])).await.is_none());
        });
    });
}

#[test]
fn foreign_halves_are_given_back() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            let (mine, mut mine_too) = client.into_split();
            let (foreign, foreign_too) = pair().await.0.into_split();
            let error = mine.reunite(foreign_too).unwrap_err();
            assert!(error.to_string().contains("two different streams"));
            let tcp::ReuniteError(mine, foreign_too) = error;
            // Nobody was told that anything ended.
            assert!(poll_once(server.read(&mut [0])).await.is_none());
            mine_too.write_all(b"a").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
            mine_too.reunite(mine).unwrap();
            foreign.reunite(foreign_too).unwrap();
        });
    });
}
