//! How it ends.

use crate::client::{Client, get};
use crate::program::Program;
use heist_tests::wait_until;
use rustix::process::Signal;
use std::net::TcpStream;
use std::thread;

/// Long enough for the signal to come while they are under way, wherever the machine is; and a part of what the server allows them.
const REQUESTS: [&str; 2] = ["/sleep/3000", "/blocking/3000"];

fn drains(workers: usize, signal: Signal) {
    let server = Program::start(workers);
    let address = server.address();
    let mut silent = Client::connect(address);
    let mut idle = Client::connect(address);
    idle.ask("/").assert(200, "hello, world\n");
    let mut busy = Vec::new();
    for path in REQUESTS {
        let mut client = Client::connect(address);
        // They come together: when the first is answered, the second has been read.
        client.send(&[get("/"), get(path)].concat());
        client.answer().assert(200, "hello, world\n");
        busy.push(client);
    }

    server.signal(signal);
    // Who asked for nothing is let go.
    idle.assert_ends();
    silent.assert_ends();
    // No connection is taken any more.
    wait_until(|| TcpStream::connect(address).is_err());
    for client in &mut busy {
        let answer = client.answer();
        answer.assert(200, "done\n");
        assert_eq!(answer.header("connection"), Some("close"));
        client.assert_ends();
    }
    server.wait().assert_drained();
}

/// With several numbers of workers, at the same time.
fn all_drain(signal: Signal) {
    thread::scope(|scope| {
        for workers in [1, 2, 8] {
            scope.spawn(move || drains(workers, signal));
        }
    });
}

#[test]
fn ctrl_c_lets_requests_end() {
    all_drain(Signal::INT);
}

#[test]
fn sigterm_lets_requests_end() {
    all_drain(Signal::TERM);
}

#[test]
fn a_server_without_connections_ends_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Program::start(2);
        server.signal(signal);
        server.wait().assert_drained();
    }
}

/// A signal that comes while the first is being obeyed changes nothing.
#[test]
fn a_second_signal_changes_nothing() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    client.send(&[get("/"), get(REQUESTS[0])].concat());
    client.answer().assert(200, "hello, world\n");
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    client.answer().assert(200, "done\n");
    client.assert_ends();
    server.wait().assert_drained();
}

#[test]
fn a_request_that_came_in_half_is_not_waited_for_once_its_client_leaves() {
    let server = Program::start(2);
    let mut client = Client::connect(server.address());
    // The half is in the server's hands when the whole before it is answered.
    client.send(&format!("{}GET /slee", get("/")));
    client.answer().assert(200, "hello, world\n");
    server.signal(Signal::TERM);
    wait_until(|| TcpStream::connect(server.address()).is_err());
    drop(client);
    server.wait().assert_drained();
}
