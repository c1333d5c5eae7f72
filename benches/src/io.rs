//! I/O: servers under a closed loop of requests from a client in a process of its own.

#![forbid(unsafe_code)]

use crate::client::{self, Protocol};
use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use std::convert::Infallible;
use std::iter::repeat_with;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::time::Instant;

pub(crate) const ECHO_64: &str =
    "64 connections send 64 bytes each and wait for them to come back: per request";
pub(crate) const ECHO_1000: &str = "the same on 1,000 connections";

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "I/O",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload("tcp_echo_64", ECHO_64, tcp_echo::<P, 64>),
        workload("tcp_echo_1000", ECHO_1000, tcp_echo::<P, 1_000>),
        workload(
            "http_hello_64",
            "64 connections ask hyper for a greeting over HTTP/1.1 keep-alive: per request",
            http_hello,
        ),
        workload(
            "tcp_accept",
            "8 connections at a time are made, accepted and closed, one after the other: per connection",
            tcp_accept,
        ),
        workload(
            "unix_echo",
            "64 pairs of tasks send 64 bytes to and fro on a Unix stream: per round trip",
            unix_echo,
        ),
        workload(
            "udp_ping_pong",
            "64 pairs of tasks send a datagram of 64 bytes to and fro: per round trip",
            udp_ping_pong,
        ),
        workload(
            "udp_flood",
            "8 tasks send datagrams of 64 bytes to one each, which answers every 32nd: per datagram",
            udp_flood,
        ),
    ]
}

fn tcp_accept<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    let listener = listen();
    let client = client::start(&listener, Protocol::Connect, 8);
    runtime.run(async move {
        let listener = P::listener(listener);
        for _ in 0..client::CONNECTIONS_IN_ALL {
            drop(P::accept(&listener).await.expect("the client connects"));
        }
    });
    client.end()
}

/// What goes to and fro.
const MESSAGE: [u8; 64] = [b'?'; 64];

/// Pairs of tasks that send it to and fro, and how often.
const PAIRS: usize = 64;
const ROUND_TRIPS: usize = 100;

fn unix_echo<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    async fn go<P: Peer>(stream: UnixStream, begins: bool) {
        let mut stream = P::unix(stream);
        let mut buffer = MESSAGE;
        for _ in 0..ROUND_TRIPS {
            if begins {
                P::unix_write_all(&mut stream, &MESSAGE)
                    .await
                    .expect("it writes");
            }
            let mut read = 0;
            while read < buffer.len() {
                read += P::unix_read(&mut stream, &mut buffer[read..])
                    .await
                    .expect("it reads");
            }
            if !begins {
                P::unix_write_all(&mut stream, &buffer)
                    .await
                    .expect("it writes");
            }
        }
    }
    let pair = || {
        let (one, other) = UnixStream::pair().expect("there are two");
        for stream in [&one, &other] {
            stream
                .set_nonblocking(true)
                .expect("a stream can be non-blocking");
        }
        (one, other)
    };
    between(
        &**runtime,
        PAIRS * ROUND_TRIPS,
        go::<P>,
        repeat_with(pair).take(PAIRS),
    )
}

fn udp_ping_pong<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    async fn go<P: Peer>(socket: UdpSocket, begins: bool) {
        let socket = P::udp(socket);
        let mut buffer = [0; 128];
        for _ in 0..ROUND_TRIPS {
            if begins {
                P::udp_send(&socket, &MESSAGE).await.expect("it sends");
            }
            let length = P::udp_receive(&socket, &mut buffer)
                .await
                .expect("it receives");
            if !begins {
                P::udp_send(&socket, &buffer[..length])
                    .await
                    .expect("it sends");
            }
        }
    }
    between(
        &**runtime,
        PAIRS * ROUND_TRIPS,
        go::<P>,
        repeat_with(udp_pair).take(PAIRS),
    )
}

fn udp_flood<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    const SENDERS: usize = 8;
    const ANSWERS: usize = 100;
    // So few that none gets lost.
    const AT_ONCE: usize = 32;
    async fn go<P: Peer>(socket: UdpSocket, sends: bool) {
        let socket = P::udp(socket);
        let mut buffer = [0; 128];
        for _ in 0..ANSWERS {
            for _ in 0..AT_ONCE {
                if sends {
                    P::udp_send(&socket, &MESSAGE).await.expect("it sends");
                } else {
                    P::udp_receive(&socket, &mut buffer)
                        .await
                        .expect("it receives");
                }
            }
            if sends {
                P::udp_receive(&socket, &mut buffer)
                    .await
                    .expect("it receives");
            } else {
                P::udp_send(&socket, b"!").await.expect("it sends");
            }
        }
    }
    let datagrams = SENDERS * ANSWERS * AT_ONCE;
    between(
        &**runtime,
        datagrams,
        go::<P>,
        repeat_with(udp_pair).take(SENDERS),
    )
}

/// Two UDP sockets that don't block, connected to each other.
fn udp_pair() -> (UdpSocket, UdpSocket) {
    let socket = || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        socket
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        socket
    };
    let connect = |from: &UdpSocket, to: &UdpSocket| {
        let address = to.local_addr().expect("it is bound");
        from.connect(address).expect("it can be connected");
    };
    let (one, other) = (socket(), socket());
    connect(&one, &other);
    connect(&other, &one);
    (one, other)
}

/// Runs a task for each end of each pair; one of the two is told `true`.
fn between<P: Peer, S, F>(
    runtime: &P,
    operations: usize,
    task: fn(S, bool) -> F,
    pairs: impl Iterator<Item = (S, S)>,
) -> Sample
where
    S: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let pairs: Vec<_> = pairs.collect();
    let elapsed = runtime.run(async move {
        let start = Instant::now();
        let tasks: Vec<_> = pairs
            .into_iter()
            .flat_map(|(one, other)| [P::spawn(task(one, true)), P::spawn(task(other, false))])
            .collect();
        for task in tasks {
            P::join(task).await;
        }
        start.elapsed()
    });
    Sample::throughput(operations, elapsed)
}

fn tcp_echo<P: Peer, const CONNECTIONS: usize>(runtime: &LazyLock<P>) -> Sample {
    async fn echo<P: Peer>(mut stream: P::Stream) {
        let mut buffer = [0; 1_024];
        loop {
            match P::read(&mut stream, &mut buffer)
                .await
                .expect("the client is well")
            {
                0 => return,
                read => P::write_all(&mut stream, &buffer[..read])
                    .await
                    .expect("the client is well"),
            }
        }
    }
    serve(&**runtime, Protocol::Echo, CONNECTIONS, echo::<P>)
}

fn http_hello<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    async fn hello<P: Peer>(stream: P::Stream) {
        let hello = service_fn(|_| async {
            let body = Full::new(Bytes::from_static(client::GREETING));
            Ok::<_, Infallible>(hyper::Response::new(body))
        });
        http1::Builder::new()
            .serve_connection(P::http(stream), hello)
            .await
            .expect("the client is well");
    }
    serve(&**runtime, Protocol::Http, 64, hello::<P>)
}

/// Serves each of the client's connections by a task, until the client has closed them all.
fn serve<P: Peer, F>(
    runtime: &P,
    protocol: Protocol,
    connections: usize,
    serve: fn(P::Stream) -> F,
) -> Sample
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = listen();
    let client = client::start(&listener, protocol, connections);
    runtime.run(async move {
        let listener = P::listener(listener);
        let mut tasks = Vec::with_capacity(connections);
        for _ in 0..connections {
            let stream = P::accept(&listener).await.expect("the client connects");
            tasks.push(P::spawn(serve(stream)));
        }
        for task in tasks {
            P::join(task).await;
        }
    });
    client.end()
}

/// Listens on a free port of the loopback device, without blocking and with room for all to connect at once.
pub(crate) fn listen() -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    socket2::SockRef::from(&listener)
        .listen(4_096)
        .expect("a listener's backlog can be changed");
    listener
        .set_nonblocking(true)
        .expect("a listener can be non-blocking");
    listener
}
