//! hyper, as a server and as a client, against peers on blocking sockets.

use crate::streams::Listening;
use crate::support::{listener, wait_for_end};
use heist::net::{TcpStream, UnixStream};
use heist_tests::Shape;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::thread;

/// Takes a request from a peer, up to the empty line.
fn request(reader: &mut impl BufRead) -> bool {
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line).unwrap() {
            0 => return false,
            _ if line == "\r\n" => return true,
            _ => {}
        }
    }
}

fn get() -> Request<Empty<Bytes>> {
    let request = Request::get("/").header("host", "localhost");
    request.body(Empty::new()).unwrap()
}

/// The end of the body is the end of the connection, which comes together with it, often before anybody waits for it.
pub(crate) fn a_server_that_closes(shape: Shape) {
    const ROUNDS: usize = 30;
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..ROUNDS {
            let (mut stream, _) = server.accept().unwrap();
            assert!(request(&mut BufReader::new(&stream)));
            let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
            stream.write_all(answer).unwrap();
        }
    });
    shape.block_on(async move {
        for _ in 0..ROUNDS {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.unwrap();
            let connection = heist::spawn(connection);
            let response = sender.send_request(get()).await.unwrap();
            let body = response.collect().await.unwrap().to_bytes();
            assert_eq!(body, "until the end");
            connection.await.unwrap().unwrap();
        }
    });
    server.join().unwrap();
}

/// The request is there before the connection is accepted. The client waits for the end, and gets it.
pub(crate) fn a_client_that_closes(shape: Shape) {
    shape.block_on(async {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        for leaves in [false, true] {
            for _ in 0..20 {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                client.write_all(request).unwrap();
                if leaves {
                    client.shutdown(std::net::Shutdown::Write).unwrap();
                }
                let client = thread::spawn(move || {
                    let mut answer = String::new();
                    client.read_to_string(&mut answer).unwrap();
                    answer
                });
                let (stream, _) = listener.accept().await.unwrap();
                if leaves {
                    wait_for_end(&stream);
                }
                let answer =
                    service_fn(async |_| Ok::<_, Infallible>(Response::new("hello".to_owned())));
                let served = hyper::server::conn::http1::Builder::new()
                    // Who has said all that it has to say is answered all the same.
                    .half_close(true)
                    .serve_connection(stream, answer);
                served.await.unwrap();
                let answer = client.join().unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
                assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
            }
        }
    });
}

/// Many requests on one connection; in the end the server goes, and the client learns of it.
pub(crate) fn a_connection_that_is_kept(shape: Shape) {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = server.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        for _ in 0..100 {
            assert!(request(&mut reader));
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            (&stream).write_all(answer).unwrap();
        }
    });
    shape.block_on(async move {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let connection = heist::spawn(connection);
        for _ in 0..100 {
            sender.ready().await.unwrap();
            let response = sender.send_request(get()).await.unwrap();
            assert_eq!(response.collect().await.unwrap().to_bytes(), "hello");
        }
        connection.await.unwrap().unwrap();
        assert!(sender.ready().await.is_err());
    });
    server.join().unwrap();
}

/// Both ends hyper's, over a Unix socket, with requests whose bodies are more than it holds.
pub(crate) fn over_a_unix_socket(shape: Shape) {
    const LENGTH: usize = 1 << 20;
    shape.block_on(async {
        let listening = Listening::new();
        let listener = listening.listener.clone();
        let serving = heist::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let echo = service_fn(async |request: Request<Incoming>| {
                let body = request.into_body().collect().await?.to_bytes();
                Ok::<_, hyper::Error>(Response::new(Full::new(body)))
            });
            let server = hyper::server::conn::http1::Builder::new();
            server.serve_connection(stream, echo).await
        });
        let stream = UnixStream::connect(listening.path()).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let connection = heist::spawn(connection);
        for number in 0..4 {
            sender.ready().await.unwrap();
            let body = Bytes::from(vec![number; LENGTH >> number]);
            let request = Request::post("/").header("host", "localhost");
            let request = request.body(Full::new(body.clone())).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let echoed = response.collect().await.unwrap().to_bytes();
            assert!(echoed == body, "the echo of {number} is another");
        }
        // The end of the one is the end of the other.
        drop(sender);
        connection.await.unwrap().unwrap();
        serving.await.unwrap().unwrap();
    });
}
