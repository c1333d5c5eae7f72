//! Waiting for a child's end, and bringing it about.

use crate::support::{endless, exists, patient, pid, raw_pid};
use heist::io::{AsyncBufReadExt, BufReader};
use heist::process::{Command, Stdio, shell};
use heist_tests::{Shape, once_waiting, until};
use rustix::process::{Signal, WaitOptions, waitpid};
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::task::Poll;

pub(crate) fn every_status_once(shape: Shape) {
    shape.block_on(async {
        for code in [0, 1, 2, 127, 255] {
            let mut child = shell(format!("exit {code}"))
                .spawn()
                .expect("it is spawned");
            let status = child.wait().await.expect("it ends");
            assert_eq!(status.code(), Some(code));
            // It says so again.
            assert_eq!(child.wait().await.expect("it has ended"), status);
            assert_eq!(child.try_wait().expect("it has ended"), Some(status));
            assert_eq!(child.id(), None);
        }
        let status = shell("kill -TERM $$").status().await.expect("it ends");
        assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
    });
}

pub(crate) fn given_up_and_begun_again(shape: Shape) {
    shape.block_on(async {
        let mut child = patient();
        let stdin = child.stdin.take();
        for _ in 0..3 {
            let mut wait = pin!(child.wait());
            poll_fn(|cx| {
                assert!(wait.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        let wait = once_waiting(child.wait(), || drop(stdin));
        assert!(wait.await.expect("it ends").success());
    });
}

pub(crate) fn by_a_task_of_another_runtime(shape: Shape) {
    let owner = shape.running();
    let mut child = {
        let _guard = owner.enter();
        patient()
    };
    let stdin = child.stdin.take();
    shape.block_on(async {
        let wait = once_waiting(child.wait(), || drop(stdin));
        assert!(wait.await.expect("it ends").success());
    });
    drop(owner);
}

/// Who waits gets an error, and so does who comes afterwards. The child can still be asked, and killed.
pub(crate) fn without_its_runtime(shape: Shape) {
    let owner = shape.running();
    let mut child = {
        let _guard = owner.enter();
        endless().spawn().expect("it is spawned")
    };
    shape.block_on(async {
        let (runtime, rest) = owner.take();
        let mut parts = Some((runtime, rest));
        let wait = once_waiting(child.wait(), || {
            let (runtime, rest) = parts.take().expect("it is called once");
            drop(rest);
            runtime.shutdown_background();
        });
        wait.await.expect_err("its runtime is gone");
        child.wait().await.expect_err("its runtime is gone");
        child.start_kill().expect("it is there");
        until("it doesn't end", || {
            child.try_wait().expect("it can be asked").is_some()
        })
        .await;
    });
}

pub(crate) fn the_input_ends_with_the_wait(shape: Shape) {
    shape.block_on(async {
        let mut child = patient();
        assert!(child.wait().await.expect("it ends").success());
        let child = patient();
        let output = child.wait_with_output().await.expect("it ends");
        assert!(output.status.success());
    });
}

pub(crate) fn asked_without_waiting(shape: Shape) {
    shape.block_on(async {
        let mut child = patient();
        assert_eq!(child.try_wait().expect("it is asked"), None);
        drop(child.stdin.take());
        until("it doesn't end", || {
            child.try_wait().expect("it is asked").is_some()
        })
        .await;
        assert!(child.wait().await.expect("it has ended").success());
    });
}

pub(crate) fn killed(shape: Shape) {
    shape.block_on(async {
        let mut child = endless().spawn().expect("it is spawned");
        let pid = pid(&child);
        child.kill().await.expect("it is killed");
        assert!(!exists(pid));
        let status = child.try_wait().expect("it has ended");
        let status = status.expect("it has ended");
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
        // It is as dead as can be; its group's number may be another's.
        child.start_kill().expect("it has ended");
        child.kill().await.expect("it has ended");
        let error = child.start_kill_group().expect_err("it has ended");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

pub(crate) fn a_whole_group(shape: Shape) {
    shape.block_on(async {
        // Who leads no group kills nobody.
        let mut child = endless().kill_on_drop(true).spawn().expect("it is spawned");
        child.start_kill_group().expect_err("there is none");
        assert_eq!(child.try_wait().expect("it is asked"), None);

        let mut command = shell("sleep 600 & echo $!; wait");
        command.process_group(0).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is spawned");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).await.expect("it is read");
        let grandchild = raw_pid(line.trim().parse().expect("a number"));
        assert!(exists(grandchild));
        child.start_kill_group().expect("it is there");
        let status = child.wait().await.expect("it ends");
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
        // The grandchild had the output as well.
        line.clear();
        assert_eq!(stdout.read_line(&mut line).await.expect("it ends"), 0);
    });
}

/// An error, and not a wait without end.
pub(crate) fn taken_by_somebody_else(shape: Shape) {
    shape.block_on(async {
        let mut child = Command::new("true").spawn().expect("it is spawned");
        let id = child.id().expect("it runs");
        let taken = heist::spawn_blocking(move || waitpid(Some(raw_pid(id)), WaitOptions::empty()));
        assert!(taken.await.expect("it ends").is_ok());
        if cfg!(all(target_os = "linux", not(heist_portable_reactor))) {
            // It goes by the pidfd, and meets nobody whose number that is by now.
            child.start_kill().expect("it has ended");
        }
        for _ in 0..2 {
            child.wait().await.expect_err("its status was taken");
            child.try_wait().expect_err("its status was taken");
            assert_eq!(child.id(), None);
        }
        child.start_kill().expect("it has ended");
        let error = child.start_kill_group().expect_err("it has ended");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}
