//! A program on heist under valgrind, which counts its instructions and looks after its memory. It doesn't run everything that the kernel does.

use heist::net::UdpSocket;
use heist::runtime::Builder;
use heist::sync::oneshot;
use heist::time::{Duration, sleep};
use heist_tests::guarded;
use std::env;
use std::process::Command;

/// Set for the program inside.
const INSIDE: &str = "HEIST_TESTS_INSIDE";

#[test]
fn a_runtime_runs_under_valgrind() {
    if env::var_os(INSIDE).is_some() {
        return program();
    }
    if ["ASAN_OPTIONS", "TSAN_OPTIONS"]
        .iter()
        .any(|name| env::var_os(name).is_some())
    {
        return eprintln!("SKIPPED: a sanitizer and valgrind don't go together");
    }
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=none", "--quiet"])
        .arg(env::current_exe().expect("this program has a path"))
        .args(["a_runtime_runs_under_valgrind", "--exact", "--nocapture"])
        .env(INSIDE, "yes");
    let output = match guarded("under valgrind", move || command.output()) {
        Ok(output) => output,
        Err(error) => return eprintln!("SKIPPED: valgrind cannot be run: {error}"),
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{stdout}\n{stderr}",
        output.status
    );
    assert!(stdout.contains("1 passed"), "{stdout}");
}

/// Something of everything, on workers that search and sleep in between.
fn program() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        for _ in 0..100 {
            let (sender, receiver) = oneshot::channel();
            let peer = heist::spawn(async { receiver.await.unwrap() });
            sender.send(7).unwrap();
            assert_eq!(peer.await.unwrap(), 7);
        }
        sleep(Duration::from_millis(5)).await;
        assert_eq!(heist::spawn_blocking(|| 42).await.unwrap(), 42);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(socket.local_addr().unwrap()).await.unwrap();
        socket.send(b"hello").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(socket.recv(&mut buffer).await.unwrap(), 5);
    });
}
