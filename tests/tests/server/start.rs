//! What it begins with when it isn't told, and when it is.

use crate::client::Client;
use crate::program::{Program, without_argument};
use heist_tests::wait_until;

/// On port 8080; unless somebody has it, of whom this test knows nothing: then it says so.
#[test]
fn without_an_argument() {
    match Program::attempt(&mut without_argument(2)) {
        Ok(server) => {
            assert_eq!(server.address(), "127.0.0.1:8080".parse().unwrap());
            Client::connect(server.address())
                .ask("/")
                .assert(200, "hello, world\n");
            server.end();
        }
        Err(ended) => {
            assert_eq!(ended.status.code(), Some(1), "{ended:?}");
            let said = "cannot listen on 127.0.0.1:8080: Address already in use";
            assert!(ended.stderr.starts_with(said), "{ended:?}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn as_many_workers_as_it_is_told() {
    for workers in [1, 2, 5] {
        let server = Program::start(workers);
        // Each takes its name as it begins.
        wait_until(|| workers_of(&server) == workers);
        Client::connect(server.address())
            .ask("/")
            .assert(200, "hello, world\n");
        // More, if a poll was slow: on a busy machine a standby may have come.
        assert!(workers_of(&server) >= workers);
        server.end();
    }
}

/// How many of its threads are called as workers are.
#[cfg(target_os = "linux")]
fn workers_of(server: &Program) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let names = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")));
    names
        .filter(|name| name.as_ref().is_ok_and(|name| name == "heist-worker\n"))
        .count()
}
