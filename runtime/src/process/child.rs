//! A child process, as its parent sees it.
//!
//! A child that was just spawned comes in; its exit status and output go out. Made by `Command`.
#![forbid(unsafe_code)]

use super::running::{Running, adopt_strays};
use super::{ChildStderr, ChildStdin, ChildStdout};
use crate::io::AsyncWriteExt;
use futures_lite::future::try_zip;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fmt;
use std::io;
use std::mem;
use std::process::{self, ExitStatus, Output};

/// A child process: asyncio's `asyncio.subprocess.Process`. From [`Command::spawn`](super::Command::spawn).
///
/// Dropped, it runs on, unless it is to be [killed](super::Command::kill_on_drop). Either way it is [reaped](super#who-is-waited-for) when it ends.
///
/// # Examples
///
/// ```
/// use heist::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut child = Command::new("true").spawn()?;
///     println!("process {:?} runs", child.id());
///     assert!(child.wait().await?.success());
///     Ok(())
/// })
/// # }
/// ```
pub struct Child {
    /// Its standard input, if that was piped. It reads the end when this is dropped.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, if that was piped. While nobody reads it, it waits as soon as it has written more than a pipe holds.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, if that was piped; the same goes for it.
    pub stderr: Option<ChildStderr>,
    process: Process,
}

/// Kept apart from the pipes, for what happens when it is dropped.
struct Process {
    state: State,
    kill_on_drop: bool,
}

enum State {
    Running(Running),
    Exited(ExitStatus),
    /// It has ended, and somebody else has taken its status.
    Lost,
}

impl Child {
    /// Takes over what the standard library has spawned.
    ///
    /// # Errors
    ///
    /// If something of it cannot be registered with the reactor. It is killed then.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub(super) fn new(mut child: process::Child, kill_on_drop: bool) -> io::Result<Self> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut process = Process {
            state: State::Running(Running::new(child)?),
            // Until the pipes are there as well.
            kill_on_drop: true,
        };
        adopt_strays();
        let stdin = stdin.map(ChildStdin::from_std).transpose()?;
        let stdout = stdout.map(ChildStdout::of_new_child).transpose()?;
        let stderr = stderr.map(ChildStderr::of_new_child).transpose()?;
        process.kill_on_drop = kill_on_drop;
        Ok(Self {
            stdin,
            stdout,
            stderr,
            process,
        })
    }

    /// The process's number: asyncio's `pid`. `None` once its end is known, for the number may be another's then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("true").spawn()?;
    ///     assert!(child.id().is_some());
    ///     child.wait().await?;
    ///     assert!(child.id().is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        match &self.process.state {
            State::Running(running) => Some(running.id()),
            State::Exited(_) | State::Lost => None,
        }
    }

    /// Kills it (`SIGKILL`), and doesn't wait until it has ended: asyncio's `kill`. What it has started itself lives on: see
    /// [`Child::start_kill_group`].
    ///
    /// # Errors
    ///
    /// Those of the system. None if it has ended already, as with [`std::process::Child::kill`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("sleep").arg("60").spawn()?;
    ///     child.start_kill()?;
    ///     assert!(!child.wait().await?.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        match &mut self.process.state {
            State::Running(running) => running.kill(),
            State::Exited(_) | State::Lost => Ok(()),
        }
    }

    /// Kills its process group, which it must lead ([`process_group(0)`](super::Command::process_group)): with it all that it has started, and what these have, unless they
    /// have left the group. It doesn't wait until they have ended.
    ///
    /// # Errors
    ///
    /// `ESRCH` if it leads no group; `InvalidInput` if its end is known already, so kill the group before you wait; else those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Stdio, shell};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut line = shell("sleep 60 | sleep 60");
    ///     let mut child = line.process_group(0).stdout(Stdio::piped()).spawn()?;
    ///     child.start_kill_group()?;
    ///     // Nobody is left who has the output open.
    ///     assert!(child.wait_with_output().await?.stdout.is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn start_kill_group(&mut self) -> io::Result<()> {
        let State::Running(running) = &self.process.state else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this child has ended already, and its group's number may be another's now: kill the group before you wait for the child",
            ));
        };
        let id = running.id();
        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        let id = id.expect("the system's numbers of processes are positive");
        Ok(kill_process_group(id, Signal::KILL)?)
    }

    /// Kills it, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// As [`Child::start_kill`] and [`Child::wait`].
    ///
    /// # Cancel safety
    ///
    /// Dropped after its first poll, the child is killed nonetheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("sleep").arg("60").spawn()?;
    ///     child.kill().await?;
    ///     assert!(child.id().is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Waits for its end, and says how it was: asyncio's `wait`. Any further call says it again.
    ///
    /// [`stdin`](Child::stdin) is dropped first, so that a child that reads it up to the end can end; take it out before, to go on writing. A child whose output is piped and read by
    /// nobody may wait for that, and never end.
    ///
    /// # Errors
    ///
    /// If somebody else has taken the status (`waitpid(-1)`, or `SIGCHLD` ignored); if the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect but to drop `stdin`: wait again.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::shell;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = shell("exit 3").spawn()?;
    ///     assert_eq!(child.wait().await?.code(), Some(3));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        let outcome = match &mut self.process.state {
            State::Running(running) => running.wait().await,
            State::Exited(status) => return Ok(*status),
            State::Lost => return Err(Errno::CHILD.into()),
        };
        self.process.has_ended(outcome)
    }

    /// Says how it has ended, if it has: asyncio's `returncode`.
    ///
    /// # Errors
    ///
    /// If somebody else has taken the status.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("sleep").arg("60").spawn()?;
    ///     assert_eq!(child.try_wait()?, None);
    ///     child.kill().await?;
    ///     assert!(child.try_wait()?.is_some());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let outcome = match &mut self.process.state {
            State::Running(running) => running.try_wait().transpose(),
            State::Exited(status) => return Ok(Some(*status)),
            State::Lost => return Err(Errno::CHILD.into()),
        };
        let ended = outcome.map(|outcome| self.process.has_ended(outcome));
        ended.transpose()
    }

    /// Reads what it writes to the piped ones of its outputs, up to their ends, and waits for its end. [`stdin`](Child::stdin) is dropped first.
    ///
    /// The outputs end when nobody has them open any more: something that the child has started and that outlives it may have them open as well.
    ///
    /// # Errors
    ///
    /// As [`Child::wait`]; those of the pipes.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the child, and what was read is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    ///     assert_eq!(child.wait_with_output().await?.stdout, b"hello\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        self.stdin = None;
        self.exchange(&[]).await
    }

    /// Writes `input` to its standard input and reads what it writes to the piped ones of its outputs, all at the same time, so that none waits for another whatever their sizes; then
    /// waits for its end: asyncio's `communicate`.
    ///
    /// A child that doesn't read all of the input is none the worse for it: what it leaves is dropped. The outputs end when nobody has them open any more, as in
    /// [`Child::wait_with_output`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is input, and [`stdin`](Child::stdin) is not there: it wasn't piped, or was taken; as [`Child::wait`]; those of the pipes.
    ///
    /// # Cancel safety
    ///
    /// Dropped, some of the input may have been written, what was read is lost, and the pipes are closed. The child is still there, to be killed or waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    ///     let output = sort.communicate("two\none\n").await?;
    ///     assert_eq!(output.stdout, b"one\ntwo\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn communicate(&mut self, input: impl AsRef<[u8]>) -> io::Result<Output> {
        let input = input.as_ref();
        if self.stdin.is_none() && !input.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is input for a child whose standard input is no pipe: spawn it with `stdin(Stdio::piped())`, and leave `child.stdin` where it is",
            ));
        }
        self.exchange(input).await
    }

    async fn exchange(&mut self, input: &[u8]) -> io::Result<Output> {
        let (stdin, stdout, stderr) = (self.stdin.take(), self.stdout.take(), self.stderr.take());
        let write = async {
            let Some(mut stdin) = stdin else {
                return Ok(());
            };
            match stdin.write_all(input).await {
                // It has read what it wanted.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                outcome => outcome,
            }
        };
        let read = async {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                stdout.append_to_end(&mut bytes).await?;
            }
            Ok(bytes)
        };
        let read_errors = async {
            let mut bytes = Vec::new();
            if let Some(stderr) = stderr {
                stderr.append_to_end(&mut bytes).await?;
            }
            Ok(bytes)
        };
        let ((), (stdout, stderr)) = try_zip(write, try_zip(read, read_errors)).await?;
        let status = self.wait().await?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }
}

impl Process {
    /// Notes how, or that nobody knows; what has told of it goes.
    fn has_ended(&mut self, outcome: io::Result<ExitStatus>) -> io::Result<ExitStatus> {
        match &outcome {
            Ok(status) => self.state = State::Exited(*status),
            Err(error) if Errno::from_io_error(error) == Some(Errno::CHILD) => {
                self.state = State::Lost;
            }
            Err(_) => {}
        }
        outcome
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let State::Running(mut running) = mem::replace(&mut self.state, State::Lost) {
            if self.kill_on_drop {
                // It fails only if there is nothing left to kill.
                let _ = running.kill();
            }
            running.orphan();
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .field("kill_on_drop", &self.process.kill_on_drop)
            .finish_non_exhaustive()
    }
}
