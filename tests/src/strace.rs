//! What a process asks of the kernel, as `strace` shows it.

use crate::receive;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Traces a process, all its threads.
#[derive(Debug)]
pub struct Strace {
    strace: Child,
    lines: Receiver<String>,
    calls: Vec<Call>,
}

/// A system call, or one half of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The thread that made it.
    pub thread: u32,
    /// What strace wrote of it.
    pub text: String,
}

impl Strace {
    /// Begins to trace a process. `None`, and a word on standard error, where that is not possible: no `strace`, no permission.
    ///
    /// # Panics
    ///
    /// If strace does something else than to trace or to refuse.
    #[track_caller]
    pub fn attach(process: u32) -> Option<Self> {
        let spawned = Command::new("strace")
            .args(["-f", "-o", "/dev/stdout", "-p", &process.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut strace = match spawned {
            Ok(strace) => strace,
            Err(error) => {
                eprintln!("SKIPPED: strace cannot be run: {error}");
                return None;
            }
        };
        let lines = lines_of(strace.stdout.take().expect("it is piped"));
        let messages = lines_of(strace.stderr.take().expect("it is piped"));
        let message = receive(&messages);
        if !message.contains("attached") {
            eprintln!("SKIPPED: strace cannot trace: {message}");
            strace.wait().expect("a child");
            return None;
        }
        Some(Self {
            strace,
            lines,
            calls: Vec::new(),
        })
    }

    /// The system calls of which has been heard so far.
    pub fn calls(&mut self) -> &[Call] {
        self.calls
            .extend(self.lines.try_iter().filter_map(Call::parse));
        &self.calls
    }

    /// Stops tracing. Gives the system calls since the beginning.
    pub fn stop(mut self) -> Vec<Call> {
        kill_process(Pid::from_child(&self.strace), Signal::INT).expect("it runs");
        self.strace.wait().expect("a child");
        self.calls.extend(self.lines.iter().filter_map(Call::parse));
        std::mem::take(&mut self.calls)
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // It has ended, if it was stopped.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

impl Call {
    /// Reads a line of strace's; `None` if it is not about a call.
    fn parse(line: String) -> Option<Self> {
        let (thread, text) = line.split_once(' ')?;
        let text = text.trim_start();
        let is_call = !text.starts_with(['+', '-']) && !text.contains("<detached");
        is_call.then(|| Self {
            thread: thread
                .parse()
                .expect("a line begins with a thread's number"),
            text: text.to_owned(),
        })
    }

    /// Its name; `None` if this is the end of a call that began in another line.
    pub fn name(&self) -> Option<&str> {
        let (name, _) = self.text.split_once('(')?;
        (!name.starts_with('<')).then_some(name)
    }
}
