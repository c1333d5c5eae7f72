//! The pipes to a child's input, and from its outputs.

use heist::StreamExt;
use heist::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use heist::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio, shell};
use heist_tests::Shape;
use rustix::fs::{OFlags, fcntl_getfl};

pub(crate) fn a_conversation(shape: Shape) {
    shape.block_on(async {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        let mut stdin = child.stdin.take().expect("it is piped");
        let mut stdout = child.stdout.take().expect("it is piped");
        for number in 0..1_000_u32 {
            let word = number.to_ne_bytes();
            stdin.write_all(&word).await.expect("it is written");
            let mut answer = [0; 4];
            stdout.read_exact(&mut answer).await.expect("it is read");
            assert_eq!(answer, word);
        }
        drop(stdin);
        assert_eq!(stdout.read(&mut [0]).await.expect("it ends"), 0);
        assert!(child.wait().await.expect("it ends").success());
    });
}

pub(crate) fn lines(shape: Shape) {
    shape.block_on(async {
        let mut command = Command::new("seq");
        command.arg("20000").stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut count = 0;
        while let Some(line) = lines.next().await {
            count += 1;
            assert_eq!(line.expect("it is read"), count.to_string());
        }
        assert_eq!(count, 20_000);
        assert!(child.wait().await.expect("it ends").success());
    });
}

/// Which expects that its input blocks.
pub(crate) fn from_one_child_to_another(shape: Shape) {
    shape.block_on(async {
        let mut seq = Command::new("seq");
        let mut seq = seq
            .arg("100000")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it is spawned");
        let numbers = seq.stdout.take().expect("it is piped");
        let numbers = Stdio::try_from(numbers).expect("it is made to block");
        let mut count = Command::new("wc");
        let count = count.arg("-l").stdin(numbers).output();
        let (seq, count) = heist::join!(seq.wait(), count);
        assert!(seq.expect("it ends").success());
        let count = String::from_utf8(count.expect("it ends").stdout);
        assert_eq!(count.expect("a number").trim(), "100000");
    });
}

pub(crate) fn from_the_standard_library(shape: Shape) {
    shape.block_on(async {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "cat; echo no >&2"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let mut stdin = ChildStdin::from_std(stdin).expect("it is registered");
        let mut stdout = ChildStdout::from_std(stdout).expect("it is registered");
        let mut stderr = ChildStderr::from_std(stderr).expect("it is registered");

        stdin.write_all(b"hello").await.expect("it is written");
        let stdin = stdin.into_owned_fd().expect("it is made to block");
        let flags = fcntl_getfl(&stdin).expect("it has flags");
        assert!(!flags.contains(OFlags::NONBLOCK));
        drop(stdin);

        let (mut text, mut errors) = (String::new(), String::new());
        let (read, read_errors) = heist::join!(
            stdout.read_to_string(&mut text),
            stderr.read_to_string(&mut errors)
        );
        read.and(read_errors).expect("they are read");
        assert_eq!((text.as_str(), errors.as_str()), ("hello", "no\n"));
        child.wait().expect("it ends");

        // Taken over whole.
        let mut command = heist::process::Command::from(std::process::Command::new("true"));
        assert!(command.status().await.expect("it ends").success());
        assert!(shell("exit 0").status().await.expect("it ends").success());
    });
}
