//! Requests that block their workers by mistake: the others are answered meanwhile, and the log says whose mistake it was.

use crate::client::{Client, get};
use crate::program::Program;
use heist_tests::{Stopwatch, block_thread, guarded, judge};
use std::time::Duration;

/// More requests block than there are workers; by how much the others' answers are late meanwhile, at the 99th percentile.
fn lateness_beside_stalls(server: &Program) -> Duration {
    let mut stalled: Vec<_> = (0..8).map(|_| Client::connect(server.address())).collect();
    for client in &mut stalled {
        client.send(&get("/stall/1000"));
    }
    let sent = Stopwatch::start();
    block_thread(Duration::from_millis(300));
    let mut kept = Client::connect(server.address());
    let mut late = Vec::new();
    while sent.elapsed() < Duration::from_millis(950) {
        let asked = Stopwatch::start();
        kept.ask("/").assert(200, "hello, world\n");
        late.push(asked.elapsed());
        let asked = Stopwatch::start();
        Client::connect(server.address())
            .ask("/")
            .assert(200, "hello, world\n");
        late.push(asked.elapsed());
    }
    for client in &mut stalled {
        client.answer().assert(200, "done\n");
    }
    late.sort();
    late[late.len() * 99 / 100]
}

#[test]
fn stalls_keep_nobody_else_waiting() {
    guarded("stalls_keep_nobody_else_waiting", || {
        let server = Program::start(2);
        judge(Duration::from_millis(50), || {
            lateness_beside_stalls(&server)
        });
        server.signal(rustix::process::Signal::TERM);
        let ended = server.wait();
        assert!(ended.status.success(), "{ended:?}");
        let (line, _) = include_str!("../../../runtime/examples/hello.rs")
            .lines()
            .zip(1..)
            .map(|(text, number)| (number, text))
            .find(|(_, text)| {
                text.contains("heist::spawn(async move { connection.serve(stream).await })")
            })
            .expect("each connection has a task");
        let place = format!("hello.rs:{line}:");
        assert!(ended.slow_polls.contains(&place), "{place} in {ended:?}");
    });
}
