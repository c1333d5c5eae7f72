//! Children that nobody waits for: each is reaped.

use crate::support::{endless, exists, patient, pid, raw_pid, until_reaped};
use heist::process::{Child, Command, Stdio, shell};
use heist_tests::{Shape, until};
use rustix::process::{Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};

/// Whether it has ended, and not been reaped.
fn is_zombie(pid: rustix::process::Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    // After the name, which is in brackets.
    stat.is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    })
}

pub(crate) fn one_that_has_ended(shape: Shape) {
    shape.block_on(async {
        let child = Command::new("true").spawn().expect("it is spawned");
        let pid = pid(&child);
        until("it doesn't end", || is_zombie(pid)).await;
        drop(child);
        // Not only in the end: by its drop.
        assert!(!exists(pid));
    });
}

pub(crate) fn one_that_runs_on(shape: Shape) {
    shape.block_on(async {
        let mut child = patient();
        let pid = pid(&child);
        let stdin = child.stdin.take();
        drop(child);
        assert!(exists(pid) && !is_zombie(pid));
        drop(stdin);
        until_reaped(pid).await;
    });
}

pub(crate) fn one_that_is_killed(shape: Shape) {
    shape.block_on(async {
        let child = endless().kill_on_drop(true).spawn();
        let child = child.expect("it is spawned");
        let pid = pid(&child);
        drop(child);
        until_reaped(pid).await;
    });
}

/// That of `status`, with the task that it is in.
pub(crate) fn a_future_that_is_dropped(shape: Shape) {
    shape.block_on(async {
        let (reader, writer) = std::io::pipe().expect("it is made");
        let mut command = shell("echo $$; exec sleep 600");
        command.stdout(writer).kill_on_drop(true);
        let task = heist::spawn(command.status());
        let mut line = String::new();
        let read = BufReader::new(reader).read_line(&mut line);
        read.expect("it is written");
        let pid = raw_pid(line.trim().parse().expect("a number"));
        assert!(exists(pid));
        task.abort();
        task.await.expect_err("it is aborted");
        until_reaped(pid).await;
    });
}

/// Spawns one that runs on when its runtime has ended.
fn left(shape: Shape) -> rustix::process::Pid {
    shape.block_on(async {
        let child: Child = endless().spawn().expect("it is spawned");
        pid(&child)
    })
}

/// The next child that is spawned anywhere has it reaped.
pub(crate) fn one_whose_runtime_is_gone(shape: Shape) {
    // It ends before that, and after it.
    let (before, after) = (left(shape), left(shape));
    kill_process(before, Signal::KILL).expect("it is there");
    shape.block_on(async {
        let status = Command::new("true").status().await;
        assert!(status.expect("it ends").success());
        until_reaped(before).await;
        assert!(exists(after));
        kill_process(after, Signal::KILL).expect("it is there");
        // Another test's runtime may have adopted it, and ended since: so there is a next child again and again.
        while exists(after) {
            let status = Command::new("true").status().await;
            assert!(status.expect("it ends").success());
        }
    });
}

/// A runtime in which nobody is when the child ends hears of it later.
pub(crate) fn one_whose_runtime_rests(shape: Shape) {
    let runtime = shape.runtime();
    let pid = runtime.block_on(async {
        let child = endless().spawn().expect("it is spawned");
        pid(&child)
    });
    kill_process(pid, Signal::KILL).expect("it is there");
    runtime.block_on(until_reaped(pid));
}

pub(crate) fn a_spawn_that_fails_leaves_nothing(shape: Shape) {
    shape.block_on(async {
        let mut command = Command::new("/no such program");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().expect_err("there is none");
        command.status().await.expect_err("there is none");
        command.output().await.expect_err("there is none");
    });
}
