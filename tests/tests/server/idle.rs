//! What it asks of the kernel.

use crate::client::{Client, get};
use crate::program::Program;
use heist_tests::{Strace, block_thread};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// As many connections as may be open, up to ten thousand: each is a descriptor of this process and one of the server's.
fn many() -> usize {
    const WANTED: usize = 10_000;
    /// For the other tests of this process.
    const OTHERS: usize = 1_000;
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("it may be raised so far");
    let possible = limit
        .maximum
        .map_or(WANTED, |limit| limit as usize - OTHERS);
    if possible < WANTED {
        eprintln!("with {possible} connections only: no more descriptors may be open");
    }
    possible.min(WANTED)
}

#[test]
fn idle_connections_cost_no_system_call() {
    let server = Program::start(4);
    let mut clients: Vec<_> = (0..many())
        .map(|_| Client::connect(server.address()))
        .collect();
    for client in clients.iter_mut().rev().step_by(10) {
        // The last is answered first: all have been accepted.
        client.ask("/").assert(200, "hello, world\n");
    }
    let Some(mut strace) = Strace::attach(server.id()) else {
        return;
    };
    // The attachment interrupts every call.
    block_thread(Duration::from_secs(1));
    let before = strace.calls().to_vec();
    block_thread(Duration::from_secs(2));
    assert_eq!(strace.calls(), before);

    // It is all there still.
    for client in clients.iter_mut().step_by(100) {
        client.ask("/").assert(200, "hello, world\n");
    }
    assert!(strace.stop().len() > before.len(), "it was not traced");
    drop(clients);
    server.end();
}

/// On one worker, each request is exactly a turn of the reactor, a read and a write.
#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
#[test]
fn a_request_is_three_system_calls() {
    const REQUESTS: usize = 100;
    let server = Program::start(1);
    let mut client = Client::connect(server.address());
    client.ask("/").assert(200, "hello, world\n");
    let Some(strace) = Strace::attach(server.id()) else {
        return;
    };
    client.ask("/first").assert(
        404,
        "there is /, /sleep/{ms}, /blocking/{ms} and /stall/{ms}\n",
    );
    for _ in 0..REQUESTS {
        client.send(&get("/"));
        client.answer().assert(200, "hello, world\n");
    }
    client.ask("/last");
    let calls = strace.stop();
    let position = |path: &str| {
        let is_it = |text: &str| text.contains(&format!("\"GET {path} "));
        calls
            .iter()
            .position(|call| is_it(&call.text))
            .expect("the request was traced")
    };
    let (first, last) = (position("/first"), position("/last"));
    let thread = calls[first].thread;
    assert_eq!(calls[last].thread, thread);
    let calls = &calls[first + 1..last];
    for call in calls {
        assert_eq!(call.thread, thread, "the others sleep: {call:?}");
    }
    let names: Vec<_> = calls.iter().filter_map(|call| call.name()).collect();
    // From the answer to the first to the request that was last.
    let request = ["epoll_pwait2", "recvfrom", "writev"];
    let expected = [
        &["writev"],
        request.repeat(REQUESTS).as_slice(),
        &request[..2],
    ]
    .concat();
    assert_eq!(names, expected[..expected.len() - 1]);
    server.end();
}
