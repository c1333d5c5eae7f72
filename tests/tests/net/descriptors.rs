//! What a program that is started inherits: nothing of heist's.

use crate::support::{listener, pair};
use heist::net::TcpStream;
use heist_tests::{Shape, guarded};
use std::process::{Command, Stdio};

/// The descriptors that a child finds open.
fn inherited() -> String {
    let output = Command::new("ls")
        .args(["-l", "/proc/self/fd"])
        // Ours may be sockets.
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .expect("there is `ls`");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_child_inherits_none() {
    guarded("a_child_inherits_none", || {
        let runtimes = [Shape::CurrentThread, Shape::Workers(2)].map(Shape::running);
        for runtime in &runtimes {
            let open = runtime.block_on(async {
                let listener = listener().await;
                let address = listener.local_addr().unwrap();
                let client = TcpStream::connect(address).await.unwrap();
                let server = listener.accept().await.unwrap();
                let taken = std::net::TcpStream::connect(address).unwrap();
                let taken = TcpStream::from_std(taken).unwrap();
                (listener, client, server, taken, pair().await)
            });
            // Sockets that come and go meanwhile: none is open to a child even for a moment.
            let storm = runtime.spawn(async {
                loop {
                    pair().await;
                }
            });
            for _ in 0..10 {
                let inherited = inherited();
                assert!(inherited.contains("/dev/null"), "{inherited}");
                for kind in ["socket:", "eventpoll", "eventfd", "timerfd"] {
                    assert!(!inherited.contains(kind), "{inherited}");
                }
            }
            storm.abort();
            let outcome: Result<(), _> = futures_lite::future::block_on(storm);
            assert!(outcome.unwrap_err().is_cancelled());
            drop(open);
        }
    });
}
