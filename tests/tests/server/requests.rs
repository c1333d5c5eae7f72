//! What a request costs in system calls, on Linux's own path of the reactor.

use crate::client::{Client, get};
use crate::program::Program;
use heist_tests::Strace;

/// What the sentinel is started by, which a worker does now and then.
const THREAD_STARTS: [&str; 5] = ["mmap", "mprotect", "rt_sigprocmask", "clone3", "clone"];

/// On one worker a request is a turn of the reactor, a read and a write, and nothing else. (A worker that was kept off its processor for
/// long may make one turn more, without waiting: in most cases it wasn't.)
#[test]
fn a_request_is_three_system_calls() {
    const REQUESTS: usize = 500;
    let server = Program::start(1);
    let mut client = Client::connect(server.address());
    client.ask("/").assert(200, "hello, world\n");
    let Some(strace) = Strace::attach(server.id()) else {
        return;
    };
    assert_eq!(client.ask("/first").status, 404);
    for _ in 0..REQUESTS {
        client.ask("/").assert(200, "hello, world\n");
    }
    assert_eq!(client.ask("/last").status, 404);
    let calls = strace.stop();
    let request = |path: &str| {
        let begins = format!("\"GET {path} ");
        let read = calls.iter().position(|call| call.text.contains(&begins));
        read.expect("the request was traced")
    };
    let (first, last) = (request("/first"), request("/last"));
    let worker = calls[first].thread;
    // From one read to the other. What the other threads do is to answer strace.
    let calls = calls[first + 1..=last].iter();
    let names: Vec<_> = calls
        .filter(|call| call.thread == worker)
        .filter_map(|call| call.name())
        .filter(|name| !THREAD_STARTS.contains(name))
        .collect();
    let requests: Vec<_> = names
        .split_inclusive(|name| *name == "recvfrom")
        .map(|calls| calls.to_vec())
        .collect();
    assert_eq!(requests.len(), REQUESTS + 1);
    let (least, more) = (
        ["writev", "epoll_pwait2", "recvfrom"],
        ["writev", "epoll_pwait2", "epoll_pwait2", "recvfrom"],
    );
    for calls in &requests {
        assert!(*calls == least || *calls == more, "{calls:?}");
    }
    let least = requests.iter().filter(|calls| **calls == least).count();
    assert!(least > REQUESTS / 2, "only {least} of {REQUESTS}");
    server.end();
}

/// A connection is registered by one call, which is never amended; and by none if its server never had to wait for it.
#[test]
fn a_connection_is_registered_once_at_most() {
    const CONNECTIONS: usize = 20;
    let server = Program::start(1);
    Client::connect(server.address())
        .ask("/")
        .assert(200, "hello, world\n");
    let Some(strace) = Strace::attach(server.id()) else {
        return;
    };
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(server.address());
        client.ask("/").assert(200, "hello, world\n");
    }
    let calls = strace.stop();
    let count = |what: &str| {
        let of_epoll = calls.iter().filter(|call| call.name() == Some("epoll_ctl"));
        of_epoll.filter(|call| call.text.contains(what)).count()
    };
    let registered = count("EPOLL_CTL_ADD");
    assert!(0 < registered && registered <= CONNECTIONS, "{registered}");
    assert_eq!(count("EPOLL_CTL_MOD"), 0);
    server.end();
}

/// Nor on several: what is kept open is registered once.
#[test]
fn a_connection_that_is_kept_stays_registered() {
    let server = Program::start(4);
    let mut clients: Vec<_> = (0..8).map(|_| Client::connect(server.address())).collect();
    for client in &mut clients {
        client.ask("/").assert(200, "hello, world\n");
    }
    let Some(strace) = Strace::attach(server.id()) else {
        return;
    };
    for _ in 0..20 {
        for client in &mut clients {
            client.send(&get("/"));
        }
        for client in &mut clients {
            client.answer().assert(200, "hello, world\n");
        }
    }
    let calls = strace.stop();
    let count = |name: &str| {
        calls
            .iter()
            .filter(|call| call.name() == Some(name))
            .count()
    };
    assert_eq!(count("epoll_ctl"), 0);
    assert_eq!(count("writev"), 160);
    server.end();
}
