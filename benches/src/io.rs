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
use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;

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
    ]
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
