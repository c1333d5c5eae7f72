//! `communicate`, `output` and `wait_with_output`.

use crate::support::{endless, raw_pid};
use heist::io::{AsyncBufReadExt, BufReader};
use heist::process::{Command, Stdio, shell};
use heist_tests::{Shape, once_waiting};
use rustix::process::{Signal, kill_process};
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::pin;
use std::task::Poll;

pub(crate) fn mebibytes_through_cat(shape: Shape) {
    const SIZE: usize = 64 << 20;
    shape.block_on(async {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        // Not the same in any two places that are mistaken for each other easily. By pieces, since byte by byte this alone takes a minute under a sanitizer.
        let mut input = vec![0; SIZE];
        for (number, piece) in input.chunks_exact_mut(64).enumerate() {
            let number = number as u64;
            piece[..8].copy_from_slice(&number.to_ne_bytes());
        }
        let output = child.communicate(&input).await.expect("they are moved");
        assert!(output.status.success());
        assert!(output.stdout == input);
        assert!(output.stderr.is_empty());
    });
}

pub(crate) fn both_outputs_at_once(shape: Shape) {
    shape.block_on(async {
        // More than a pipe holds, of each in turn.
        let mut command = shell(
            "for _ in 1 2 3; do head -c 200000 /dev/zero; head -c 300000 /dev/zero >&2; done; exit 7",
        );
        let output = command.output().await.expect("it ends");
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(output.stdout.len(), 600_000);
        assert_eq!(output.stderr.len(), 900_000);
    });
}

pub(crate) fn a_child_that_ends_before_it_reads(shape: Shape) {
    shape.block_on(async {
        for input in [vec![], vec![0; 1], vec![0; 1 << 20]] {
            let mut command = shell("echo said");
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("it is spawned");
            let output = child.communicate(input).await.expect("that is no error");
            assert!(output.status.success());
            assert_eq!(output.stdout, b"said\n");
        }
    });
}

/// `communicate` waits for ever, is given up, and the child is still there to be killed.
pub(crate) fn a_child_that_never_reads(shape: Shape) {
    shape.block_on(async {
        let mut command = endless();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        let input = vec![0; 1 << 20];
        {
            let mut communicate = pin!(child.communicate(&input));
            poll_fn(|cx| {
                assert!(communicate.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        assert!(child.stdin.is_none() && child.stdout.is_none());
        child.kill().await.expect("it is killed");
    });
}

pub(crate) fn input_without_a_pipe(shape: Shape) {
    shape.block_on(async {
        let mut child = Command::new("true").spawn().expect("it is spawned");
        let error = child.communicate("words").await.expect_err("to whom?");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        // Nothing is no input.
        let output = child.communicate("").await.expect("it ends");
        assert!(output.status.success());
    });
}

/// The child has ended, but its output is open: that is waited for by who wants all of it, and not by who wants the status.
pub(crate) fn an_output_that_a_grandchild_holds(shape: Shape) {
    shape.block_on(async {
        let mut command = shell("sleep 600 & echo $!");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("it is spawned");
        assert!(child.wait().await.expect("it ends").success());

        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).await.expect("it is read");
        let grandchild = raw_pid(line.trim().parse().expect("a number"));
        child.stdout = Some(stdout.into_inner());
        let output = once_waiting(child.wait_with_output(), || {
            kill_process(grandchild, Signal::KILL).expect("it is there");
        });
        let output = output.await.expect("its end comes");
        assert!(output.stdout.is_empty());
    });
}
