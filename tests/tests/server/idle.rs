//! What it asks of the kernel while nobody asks anything of it.

use crate::client::Client;
use crate::program::Program;
use heist_tests::{Strace, block_thread};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// As many connections as may be open, up to ten thousand: each is a descriptor of this process, whose other tests have the other half of
/// those that it may have, and one of the server's.
fn many() -> usize {
    const WANTED: u64 = 10_000;
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("it may be raised so far");
    let possible = limit.maximum.map_or(WANTED, |limit| limit / 2);
    if possible < WANTED {
        eprintln!("with {possible} idle connections only: no more descriptors may be open");
    }
    possible.min(WANTED) as usize
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
