//! The server, running.

use heist_tests::{guarded, is_slow_poll};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

/// A server that has said that it listens. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
    errors: Option<JoinHandle<String>>,
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// And what it said there of slow polls.
    pub(crate) slow_polls: String,
}

/// A command that runs the server with this argument, and as many workers.
pub(crate) fn command(address: &str, workers: usize) -> Command {
    with_limits("true", address, workers)
}

/// The same after a shell has changed its own limits, which the server inherits.
pub(crate) fn with_limits(ulimit: &str, address: &str, workers: usize) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{ulimit} && exec \"$0\" \"$1\"")])
        .args([env!("CARGO_BIN_EXE_hello"), address]);
    piped(command, workers)
}

/// A command that runs the server without an argument.
pub(crate) fn without_argument(workers: usize) -> Command {
    piped(Command::new(env!("CARGO_BIN_EXE_hello")), workers)
}

fn piped(mut command: Command, workers: usize) -> Command {
    command
        .env("HEIST_WORKER_THREADS", workers.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Program {
    /// A server with as many workers, on a port that the system chose.
    pub(crate) fn start(workers: usize) -> Self {
        Self::of(&mut command("127.0.0.1:0", workers))
    }

    /// The server that this command runs.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::attempt(command).expect("it says where it listens")
    }

    /// Likewise, or how it ended if it cannot listen.
    pub(crate) fn attempt(command: &mut Command) -> Result<Self, Ended> {
        let mut child = command.spawn().expect("the server can be started");
        let mut stderr = child.stderr.take().expect("it is piped");
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("it writes text");
            text
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let line = guarded("the server says where it listens", move || {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("it writes text");
            line
        });
        if line.is_empty() {
            let status = child.wait().expect("it is a child of ours");
            return Err(Ended::new(status, errors));
        }
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|address| address.strip_suffix('\n'))
            .unwrap_or_else(|| panic!("its first line is {line:?}"))
            .parse()
            .expect("an address and a port");
        Ok(Self {
            child,
            address,
            errors: Some(errors),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let errors = self.errors.take().expect("it is waited for once");
        guarded("the server ends", move || {
            let status = self.child.wait().expect("it is a child of ours");
            Ended::new(status, errors)
        })
    }

    /// Asks it to end, which it does at once, all connections being closed or idle.
    #[track_caller]
    pub(crate) fn end(self) {
        self.signal(Signal::TERM);
        self.wait().assert_drained();
    }
}

impl Ended {
    fn new(status: ExitStatus, errors: JoinHandle<String>) -> Self {
        let errors = errors.join().expect("it writes text");
        let lines = errors.split_inclusive('\n');
        let (slow_polls, stderr) = lines.partition(|line| is_slow_poll(line));
        Self {
            status,
            stderr,
            slow_polls,
        }
    }

    /// It ended as one that was asked to: no connection was left, and nothing went wrong.
    #[track_caller]
    pub(crate) fn assert_drained(&self) {
        assert!(self.status.success(), "{self:?}");
        assert_eq!(self.stderr, "");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
