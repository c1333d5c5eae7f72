//! What concerns the whole process: its descriptors, its threads, its own streams. Each in a child.

use crate::support::Folder;
use heist::StreamExt;
use heist::fs;
use heist::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, Stdin, stderr, stdin,
    stdout,
};
use heist_tests::{Shape, guarded, in_child};
use std::env;
use std::io::{Read, Write};
use std::pin::Pin;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

/// How many threads the process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn many_files_by_few_descriptors_and_threads() {
    const FILES: usize = 10_000;
    let ended = in_child(
        "process::many_files_by_few_descriptors_and_threads",
        &[],
        || {
            let folder = Folder::new();
            for file in 0..FILES {
                folder.with(&file.to_string(), &[file as u8; 4 << 10]);
            }
            limit_descriptors(1_024);
            for shape in [Shape::CurrentThread, Shape::Workers(2)] {
                let before = threads();
                shape.block_on(async {
                    let tasks: Vec<_> = (0..FILES)
                        .map(|file| heist::spawn(fs::read(folder.file(&file.to_string()))))
                        .collect();
                    let mut most = 0;
                    for (file, task) in tasks.into_iter().enumerate() {
                        let bytes = task.await.unwrap().unwrap();
                        assert!(bytes == [file as u8; 4 << 10]);
                        if file % 100 == 0 {
                            most = most.max(threads());
                        }
                    }
                    // Where the disk is slow there may be more, but none for each file.
                    assert!(most <= before + 300, "{most} threads");
                });
            }
        },
    );
    ended.assert_success();
}

/// A want of descriptors is an error, and over when some are closed; the whole of a file needs but one.
#[test]
fn descriptors_run_out() {
    let ended = in_child("process::descriptors_run_out", &[], || {
        let folder = Folder::new();
        let path = folder.with("file", b"x");
        for shape in [Shape::CurrentThread, Shape::Workers(2)] {
            let runtime = shape.runtime();
            runtime.block_on(async {
                limit_descriptors(100);
                let mut open = Vec::new();
                let error = loop {
                    match fs::File::open(&path).await {
                        Ok(file) => open.push(file),
                        Err(error) => break error,
                    }
                };
                assert_eq!(
                    error.raw_os_error(),
                    Some(rustix::io::Errno::MFILE.raw_os_error())
                );
                assert!(fs::read(&path).await.is_err());
                assert!(open[0].try_clone().await.is_err());
                open.pop();
                assert_eq!(fs::read(&path).await.unwrap(), b"x");
            });
        }
    });
    ended.assert_success();
}

fn limit_descriptors(limit: u64) {
    let limit = rustix::process::Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
}

/// Set in the child of a test that wants its standard streams: the name of the test.
const CHILD: &str = "HEIST_FS_CHILD";

/// Runs the body in a process whose standard input and output are pipes, which this gets; the caller calls it once, as `in_child`.
fn with_streams(test: &str, body: impl FnOnce()) -> (Child, ChildStdout) {
    if env::var(CHILD).is_ok_and(|name| name == test) {
        body();
        std::process::exit(0);
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            test,
            "--exact",
            "--nocapture",
            "--test-threads=1",
            "--quiet",
        ])
        .env(CHILD, test)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process can be started");
    let stdout = child.stdout.take().unwrap();
    (child, stdout)
}

/// What the child writes, once it says that it is ready.
fn wait_for(stdout: &mut ChildStdout, word: &str) {
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains(word) {
        let mut byte = [0];
        stdout
            .read_exact(&mut byte)
            .unwrap_or_else(|_| panic!("it ended with {:?}", String::from_utf8_lossy(&said)));
        said.push(byte[0]);
    }
}

/// Standard input stays open, and nothing comes: the runtime ends all the same, and so does the program.
#[test]
fn a_program_ends_though_stdin_waits() {
    let name = "process::a_program_ends_though_stdin_waits";
    let (mut child, mut stdout) = with_streams(name, || {
        for shape in [Shape::CurrentThread, Shape::Workers(2)] {
            shape.block_on(async {
                let read = heist::spawn(async { stdin().read(&mut [0; 10]).await });
                heist::task::yield_now().await;
                let mut read_here = stdin();
                let mut buffer = [0; 10];
                let waits = heist::time::timeout(
                    heist::time::Duration::from_millis(10),
                    read_here.read(&mut buffer),
                );
                assert!(waits.await.is_err());
                drop(read);
            });
        }
        println!("done");
    });
    guarded(name, move || {
        wait_for(&mut stdout, "done");
        // It still has its standard input open.
        assert!(child.wait().unwrap().success());
        drop(child.stdin.take());
    });
}

/// A handle has one waker, of the task that polled it last, and takes it along when it is dropped.
#[test]
fn stdin_keeps_no_waker_of_who_gives_up() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    /// Gives what says whether the waker is kept.
    fn poll(input: &mut Stdin) -> Weak<Nobody> {
        let nobody = Arc::new(Nobody);
        let kept = Arc::downgrade(&nobody);
        let waker = Waker::from(nobody);
        let polled = Pin::new(input).poll_read(&mut Context::from_waker(&waker), &mut [0]);
        assert!(polled.is_pending());
        kept
    }

    let name = "process::stdin_keeps_no_waker_of_who_gives_up";
    let (mut child, mut stdout) = with_streams(name, || {
        let (mut input, mut another) = (stdin(), stdin());
        let first = poll(&mut input);
        let second = poll(&mut another);
        let third = poll(&mut input);
        assert_eq!(first.strong_count(), 0);
        drop(another);
        assert_eq!(second.strong_count(), 0);
        assert_eq!(third.strong_count(), 1);
        drop(input);
        assert_eq!(third.strong_count(), 0);
        println!("done");
    });
    guarded(name, move || {
        wait_for(&mut stdout, "done");
        assert!(child.wait().unwrap().success());
    });
}

/// Reads that are cut short lose nothing, and lines come whole.
#[test]
fn stdin_loses_nothing() {
    let name = "process::stdin_loses_nothing";
    let (mut child, mut output) = with_streams(name, || {
        Shape::Workers(2).block_on(async {
            let mut input = stdin();
            let mut buffer = [0; 1];
            let moment = heist::time::Duration::from_millis(1);
            let waits = heist::time::timeout(moment, input.read(&mut buffer)).await;
            assert!(waits.is_err());
            println!("ready");
            let mut lines = BufReader::new(input).lines();
            let mut out = stdout();
            while let Some(line) = lines.next().await {
                out.write_all(format!("<{}>\n", line.unwrap()).as_bytes())
                    .await
                    .unwrap();
            }
            // Not flushed: the runtime's end does it.
            out.write_all(b"the end").await.unwrap();
            stderr().write_all(b"").await.unwrap();
        });
    });
    guarded(name, move || {
        wait_for(&mut output, "ready");
        let mut input = child.stdin.take().unwrap();
        for line in 0..1_000 {
            writeln!(input, "line {line}").unwrap();
        }
        drop(input);
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with('<')).collect();
        assert_eq!(lines.len(), 1_000);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(*line, format!("<line {number}>"));
        }
        assert!(said.contains("the end"), "{said}");
    });
}
