//! A test's body in a process of its own.

use crate::guarded;
use std::env;
use std::io::Write;
use std::process::{self, Command, ExitStatus};

/// Set in the child: the name of the test whose body it runs.
const CHILD: &str = "HEIST_TESTS_CHILD";

/// How the child ended.
#[derive(Debug)]
pub struct Ended {
    /// What it exited with, or was killed by.
    pub status: ExitStatus,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs the body in a process of its own, in this environment, and says how that ended. `test` is the full name of the `#[test]` function that calls this, and
/// calls it once: the child is this very program, told to run that test alone.
///
/// # Panics
///
/// If there is no test of that name, or the child hangs.
#[track_caller]
pub fn in_child(test: &str, environment: &[(&str, &str)], body: impl FnOnce()) -> Ended {
    if env::var(CHILD).is_ok_and(|name| name == test) {
        body();
        // No destructor of the test harness has anything to say.
        let _ = std::io::stderr().flush();
        process::exit(0);
    }
    let program = env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .env("RUST_BACKTRACE", "0")
        .env_remove("HEIST_WORKER_THREADS")
        .envs(environment.iter().copied());
    let output = guarded(test, move || {
        command.output().expect("a child process can be started")
    });
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("running 1 test"),
        "there is no test `{test}`: {stdout}"
    );
    Ended {
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// Asserts that the body came to its end.
    #[track_caller]
    pub fn assert_success(&self) {
        assert!(self.status.success(), "{}\n{}", self.status, self.stderr);
    }

    /// The lines of standard error that are the runtime's own, without those on slow polls: on a busy machine any poll may be slow.
    pub fn reports(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines
            .filter(|line| line.starts_with("heist") && !is_slow_poll(line))
            .collect()
    }

    /// Those on slow polls.
    pub fn slow_polls(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| is_slow_poll(line)).collect()
    }
}

/// Whether a line of standard error is the report of a slow poll.
pub fn is_slow_poll(line: &str) -> bool {
    line.starts_with("heist: task ") && line.contains(" has blocked its thread for ")
}
