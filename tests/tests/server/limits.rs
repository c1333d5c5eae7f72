//! What it cannot have.

use crate::client::Client;
use crate::program::{Program, command, with_limits};
use heist_tests::wait_until;
use std::net::{TcpListener, TcpStream};

/// Runs the server, which cannot, and gives what it says of that.
#[track_caller]
fn refusal(address: &str, workers: usize) -> String {
    let output = command(address, workers).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{stderr}");
    assert!(
        output.status.code().is_some(),
        "{:?}: {stderr}",
        output.status
    );
    assert_eq!(output.stdout, b"", "it has nowhere to listen");
    stderr
}

#[test]
fn an_address_that_is_none() {
    for (address, reason) in [
        ("nonsense", "the address has no port"),
        ("127.0.0.1:http", "the port is not a number"),
        ("127.0.0.1:65536", "the port is not a number"),
        // Of a network for documentation: nobody's.
        ("192.0.2.1:0", "Cannot assign requested address"),
    ] {
        let stderr = refusal(address, 2);
        assert!(
            stderr.contains(address) && stderr.contains(reason),
            "{stderr}"
        );
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn an_address_that_another_has() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let stderr = refusal(&address, 2);
    assert!(
        stderr.contains(&address) && stderr.contains("Address already in use"),
        "{stderr}"
    );
}

#[test]
fn a_number_of_workers_that_is_none() {
    let stderr = refusal("127.0.0.1:0", 0);
    assert!(stderr.contains("HEIST_WORKER_THREADS"), "{stderr}");
}

/// Those that could not be accepted are, once there are descriptors again.
#[test]
fn it_outlives_a_want_of_descriptors() {
    let server = Program::of(&mut with_limits("ulimit -n 32", "127.0.0.1:0", 2));
    let address = server.address();
    let mut clients: Vec<_> = (0..64).map(|_| Client::connect(address)).collect();
    let (served, waiting) = clients.split_at_mut(8);
    for client in served {
        client.ask("/").assert(200, "hello, world\n");
    }
    for client in &mut *waiting {
        client.send(&crate::client::get("/"));
    }
    // The last is in the backlog.
    waiting.last().unwrap().assert_silent();

    // Nobody comes any more, but some leave: the others are accepted.
    for mut client in clients.drain(8..) {
        client.answer().assert(200, "hello, world\n");
    }
    clients.clear();
    Client::connect(address)
        .ask("/")
        .assert(200, "hello, world\n");
    server.signal(rustix::process::Signal::TERM);
    let ended = server.wait();
    assert!(ended.status.success(), "{ended:?}");
    let error = "cannot accept: Too many open files (os error 24)";
    assert!(
        ended.stderr.lines().count() > 0,
        "it was never short of any"
    );
    assert!(ended.stderr.lines().all(|line| line == error), "{ended:?}");
}

/// As many connections as it is allowed at most, not as many as it is given to begin with.
#[test]
fn it_raises_its_limit_of_descriptors() {
    let server = Program::of(&mut with_limits("ulimit -Sn 32", "127.0.0.1:0", 2));
    let mut clients: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(server.address()).unwrap())
        .map(Client::over)
        .collect();
    for client in &mut clients {
        client.ask("/").assert(200, "hello, world\n");
    }
    drop(clients);
    wait_until(|| descriptors(server.id()) < 32);
    server.end();
}

fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count()
}
