//! What it answers, and that it goes on answering.

use crate::client::{Client, get};
use crate::program::Program;
use heist_tests::{Stopwatch, guarded};
use std::thread;
use std::time::Duration;

const HELLO: &str = "hello, world\n";
const DONE: &str = "done\n";

#[test]
fn every_path() {
    for workers in [1, 2, 8] {
        let server = Program::start(workers);
        let mut client = Client::connect(server.address());
        client.ask("/").assert(200, HELLO);
        for path in ["/sleep/20", "/blocking/20", "/stall/20"] {
            let begun = Stopwatch::start();
            client.ask(path).assert(200, DONE);
            assert!(begun.elapsed() >= Duration::from_millis(20), "{path}");
            client.ask(&path.replace("20", "0")).assert(200, DONE);
        }
        for path in [
            "/nothing",
            "/nothing/20",
            "/sleep",
            "/sleep/",
            "/sleep/-1",
            "/sleep/soon",
            "/sleep/1/2",
            "//",
        ] {
            assert_eq!(client.ask(path).status, 404, "{path}");
        }
        server.end();
    }
}

#[test]
fn the_port_is_what_it_says_it_is() {
    let (one, other) = (Program::start(1), Program::start(1));
    assert_ne!(one.address(), other.address());
    for server in [one, other] {
        assert!(server.address().ip().is_loopback());
        assert_ne!(server.address().port(), 0);
        Client::connect(server.address())
            .ask("/")
            .assert(200, HELLO);
        server.end();
    }
}

#[test]
fn a_connection_is_kept() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    for _ in 0..200 {
        client.ask("/").assert(200, HELLO);
    }
    server.end();
}

#[test]
fn requests_that_come_together_are_answered_in_turn() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    let requests = [get("/sleep/20"), get("/"), get("/blocking/5"), get("/x/1")].concat();
    client.send(&requests.repeat(50));
    for _ in 0..50 {
        client.answer().assert(200, DONE);
        client.answer().assert(200, HELLO);
        client.answer().assert(200, DONE);
        client.answer().assert(404, "not found\n");
    }
    client.assert_silent();
    server.end();
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    for _ in 0..3 {
        for byte in get("/").chars() {
            client.send(&byte.to_string());
        }
        client.answer().assert(200, HELLO);
    }
    server.end();
}

#[test]
fn a_client_that_wants_no_more_is_let_go() {
    let server = Program::start(2);
    for _ in 0..50 {
        let mut client = Client::connect(server.address());
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = client.answer();
        answer.assert(200, HELLO);
        assert_eq!(answer.header("connection"), Some("close"));
        client.assert_ends();
    }
    server.end();
}

/// hyper takes a client that ends its half for one that leaves, unless it is told otherwise: it is answered or not, but let go.
#[test]
fn a_client_that_has_said_all_is_let_go() {
    let server = Program::start(2);
    for path in ["/", "/sleep/60000"] {
        for _ in 0..20 {
            let mut client = Client::connect(server.address());
            client.send(&get(path));
            client.finish();
            let answer = client.rest();
            let is_whole = path == "/" && answer.ends_with(HELLO);
            assert!(answer.is_empty() || is_whole, "{answer:?}");
        }
    }
    server.end();
}

#[test]
fn a_client_of_http_1_0() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    client.send("GET / HTTP/1.0\r\n\r\n");
    let answer = client.answer();
    answer.assert(200, HELLO);
    assert_eq!(answer.version, "HTTP/1.0");
    client.assert_ends();

    let mut client = Client::connect(server.address());
    for _ in 0..3 {
        client.send("GET /sleep/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer();
        answer.assert(200, DONE);
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
    server.end();
}

#[test]
fn what_is_no_request_is_refused() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    client.send("this is no request\r\n\r\n");
    assert_eq!(client.answer().status, 400);
    client.assert_ends();
    Client::connect(server.address())
        .ask("/")
        .assert(200, HELLO);
    server.end();
}

/// Whoever leaves early leaves nothing behind: the server, asked to end, waits for nobody.
#[test]
fn clients_that_leave_early() {
    let server = Program::start(2);
    for _ in 0..20 {
        drop(Client::connect(server.address()));
        for (begun, resets) in [
            ("G", false),
            ("GET / HTTP/1.1\r\nHost: ", true),
            ("GET /sleep/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", false),
        ] {
            let socket = std::net::TcpStream::connect(server.address()).unwrap();
            let mut client = Client::over(socket.try_clone().unwrap());
            client.send(begun);
            if resets {
                let linger = Some(Duration::ZERO);
                socket2::SockRef::from(&socket).set_linger(linger).unwrap();
            }
        }
    }
    Client::connect(server.address())
        .ask("/")
        .assert(200, HELLO);
    server.end();
}

#[test]
fn many_clients_at_once() {
    let server = Program::start(2);
    let address = server.address();
    guarded("many clients", move || {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let mut clients: Vec<_> =
                            (0..4).map(|_| Client::connect(address)).collect();
                        for _ in 0..5 {
                            for client in &mut clients {
                                client.send(&get("/"));
                            }
                            for client in &mut clients {
                                client.answer().assert(200, HELLO);
                            }
                        }
                    }
                });
            }
        });
    });
    server.end();
}

/// One worker is blocked, by mistake; the others answer meanwhile.
#[test]
fn a_stalled_worker_keeps_nobody_waiting() {
    let server = Program::start(4);
    let mut others: Vec<_> = (0..20).map(|_| Client::connect(server.address())).collect();
    let mut stalled = Client::connect(server.address());
    stalled.send(&[get("/"), get("/stall/10000")].concat());
    stalled.answer().assert(200, HELLO);
    for _ in 0..5 {
        for client in &mut others {
            client.ask("/sleep/1").assert(200, DONE);
        }
        Client::connect(server.address())
            .ask("/")
            .assert(200, HELLO);
    }
    // Ten seconds are not over.
    stalled.assert_silent();
}
