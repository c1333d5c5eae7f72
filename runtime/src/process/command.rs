//! What is to be run, and how.
//!
//! A program, its arguments and surroundings come in; a [`Child`] goes out, or what has become of it. It is the standard library's builder, but for the end.

use super::{Child, ExitStatus, Output, Stdio};
use crate::reactor::Reactor;
use crate::scheduler::starts_process;
use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process;

/// A program to be run as a child process: what is given to asyncio's `create_subprocess_exec`. It may be spawned several times.
///
/// # Examples
///
/// ```
/// use heist::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut echo = Command::new("echo");
///     let (one, two) = heist::join!(echo.arg("one").output(), echo.arg("two").output());
///     assert_eq!(one?.stdout, b"one\n");
///     assert_eq!(two?.stdout, b"one two\n");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    std: process::Command,
    kill_on_drop: bool,
}

/// A line for the shell, `/bin/sh`: asyncio's `create_subprocess_shell`.
///
/// **What the line is put together of, the shell takes for its own language**: with a name out of somebody else's hands in it, whatever that person likes is run. Give
/// such names as arguments (`.arg("sh").arg(name)` and `"$1"` in the line), or as [environment variables](Command::env); or use [`Command`], which has no shell.
///
/// # Examples
///
/// ```
/// use heist::process::shell;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let output = shell("echo one two three | wc -w").output().await?;
///     assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "3");
///
///     let output = shell("echo \"$1\"").arg("sh").arg("; not a command").output().await?;
///     assert_eq!(output.stdout, b"; not a command\n");
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "it is run only once it is spawned"]
pub fn shell(line: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

impl Command {
    /// A program, without arguments. One without a slash in its name is looked for in `PATH`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     assert!(Command::new("true").status().await?.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use = "it is run only once it is spawned"]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        process::Command::new(program).into()
    }

    /// Adds an argument. No shell looks at it: what is in it means itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("echo").arg("*").output().await?;
    ///     assert_eq!(output.stdout, b"*\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(argument);
        self
    }

    /// Adds several arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("echo").args(["one", "two"]).output().await?;
    ///     assert_eq!(output.stdout, b"one two\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn args(&mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Self {
        self.std.args(arguments);
        self
    }

    /// Sets an environment variable of the child's. The others are inherited.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::shell;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = shell("echo $NAME").env("NAME", "heist").output().await?;
    ///     assert_eq!(output.stdout, b"heist\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Sets several environment variables of the child's.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::shell;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = shell("echo $A$B").envs([("A", "1"), ("B", "2")]).output().await?;
    ///     assert_eq!(output.stdout, b"12\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn envs(
        &mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> &mut Self {
        self.std.envs(variables);
        self
    }

    /// Removes an environment variable, whether set here or inherited.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::shell;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = shell("echo ${HOME-none}").env_remove("HOME").output().await?;
    ///     assert_eq!(output.stdout, b"none\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Removes all environment variables, those set here and those that would be inherited.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("/usr/bin/env").env_clear().output().await?;
    ///     assert!(output.stdout.is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the child's working directory: asyncio's `cwd`. Whether a relative path of the program itself is looked for there, systems differ: give that one whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("pwd").current_dir("/").output().await?;
    ///     assert_eq!(output.stdout, b"/\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(directory);
        self
    }

    /// Sets what the child reads as its standard input: [`Stdio::piped`], for [`Child::stdin`]; [`Stdio::null`]; a file, or a pipe. It is the parent's own if nothing is set (and with
    /// [`Command::output`] too).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let input = std::fs::File::open("Cargo.toml")?;
    ///     let output = Command::new("cat").stdin(input).output().await?;
    ///     assert!(!output.stdout.is_empty());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdin);
        self
    }

    /// Sets where the child writes its standard output: [`Stdio::piped`], for [`Child::stdout`]; [`Stdio::null`]; a file, or a pipe. It is the parent's own if nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let status = Command::new("echo").stdout(Stdio::null()).status().await?;
    ///     assert!(status.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdout);
        self
    }

    /// Sets where the child writes its standard error, as [`Command::stdout`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::{Stdio, shell};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let status = shell("echo no >&2").stderr(Stdio::null()).status().await?;
    ///     assert!(status.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stderr);
        self
    }

    /// Whether the child is killed when its [`Child`] is dropped, or a future of [`Command::status`] or [`Command::output`] before it is ready. If not, which is the default, it runs
    /// on. Either way it is [reaped](super#who-is-waited-for). The child alone is killed: what it has started lives on.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut command = Command::new("sleep");
    ///     let child = command.arg("60").kill_on_drop(true).spawn()?;
    ///     // It is gone long before a minute has passed.
    ///     drop(child);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Self {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// Whether the child is to be killed when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut command = Command::new("sleep");
    ///     assert!(!command.get_kill_on_drop());
    ///     assert!(command.kill_on_drop(true).get_kill_on_drop());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// Sets the user that the child runs as. It needs the right to do so.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("id").arg("-u").uid(rustix::process::getuid().as_raw()).output().await?;
    ///     assert!(output.status.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn uid(&mut self, id: u32) -> &mut Self {
        self.std.uid(id);
        self
    }

    /// Sets the group that the child runs as. It needs the right to do so.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("id").arg("-g").gid(rustix::process::getgid().as_raw()).output().await?;
    ///     assert!(output.status.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn gid(&mut self, id: u32) -> &mut Self {
        self.std.gid(id);
        self
    }

    /// Sets the name that the program is told it was started by (`argv[0]`).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("sh").arg0("another").args(["-c", "echo $0"]).output().await?;
    ///     assert_eq!(output.stdout, b"another\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg0(name);
        self
    }

    /// Sets the child's process group: that of this number, or with 0 one of its own, which it leads. Signals from the terminal (Ctrl-C) go to a group, so one of its own gets
    /// none; and it can be killed as a whole ([`Child::start_kill_group`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::shell;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = shell("sleep 60 & sleep 60").process_group(0).spawn()?;
    ///     child.start_kill_group()?;
    ///     child.wait().await?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.std.process_group(group);
        self
    }

    /// Has the child call a function between `fork` and `exec`. Several are called in the order in which they were given; if one fails, the spawn does, with its error.
    ///
    /// # Safety
    ///
    /// It runs in a copy of the process that has this thread alone, while the others may hold any lock: it must do nothing that may wait for one of these, and so
    /// allocate nothing and print nothing; system calls are fine. It must not touch what belongs to the parent: descriptors are the same ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut command = Command::new("true");
    ///     // SAFETY: it is a plain system call.
    ///     unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?)) };
    ///     assert!(command.status().await?.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub unsafe fn pre_exec(
        &mut self,
        function: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> &mut Self {
        // SAFETY: the caller has promised the same.
        unsafe { self.std.pre_exec(function) };
        self
    }

    /// Starts the child. Its standard input, output and error are the parent's, unless set.
    ///
    /// The thread is held up until the system has started the program, which takes some hundred microseconds, as with tokio; a program on a slow network disk is better spawned in
    /// [`block_in_place`](crate::task::block_in_place). While a runtime starts one process after the other, it looks for workers that are stuck every 4 ms, not every millisecond.
    ///
    /// # Errors
    ///
    /// Those of the system: `NotFound` if there is no such program; `WouldBlock` if there are as many processes as there may be; for want of descriptors.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut child = Command::new("true").spawn()?;
    ///     assert!(child.wait().await?.success());
    ///     assert!(Command::new("no such program").spawn().is_err());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        // First: outside a runtime nothing is spawned.
        let _ = Reactor::current();
        starts_process();
        Child::new(self.std.spawn()?, self.kill_on_drop)
    }

    /// Starts the child now, and waits for its end: `subprocess.call`. Its standard input, output and error are the parent's, unless set; those that are piped are closed at once.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`] and [`Child::wait`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the child, which runs on, unless it is to be [killed](Command::kill_on_drop).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     assert!(Command::new("true").status().await?.success());
    ///     assert_eq!(Command::new("false").status().await?.code(), Some(1));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn status(
        &mut self,
    ) -> impl Future<Output = io::Result<ExitStatus>> + Send + Sync + 'static + use<> {
        let child = self.spawn();
        async {
            let mut child = child?;
            child.stdin = None;
            child.stdout = None;
            child.stderr = None;
            child.wait().await
        }
    }

    /// Starts the child now, reads what it writes to its standard output and error, which are piped, and waits for its end: `subprocess.run(…, capture_output=True)`.
    /// Its standard input is the parent's, unless set.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`] and [`Child::wait_with_output`].
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the child, which runs on, unless it is to be [killed](Command::kill_on_drop); what was read is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let output = Command::new("echo").arg("hello").output().await?;
    ///     assert_eq!(output.stdout, b"hello\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn output(
        &mut self,
    ) -> impl Future<Output = io::Result<Output>> + Send + Sync + 'static + use<> {
        self.std.stdout(Stdio::piped());
        self.std.stderr(Stdio::piped());
        let child = self.spawn();
        async { child?.wait_with_output().await }
    }

    /// The standard library's command, to be looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// assert_eq!(Command::new("ls").as_std().get_program(), "ls");
    /// ```
    #[must_use]
    pub fn as_std(&self) -> &process::Command {
        &self.std
    }

    /// The standard library's command, for what is only there.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// let mut command = Command::new("ls");
    /// command.as_std_mut().arg("-l");
    /// assert_eq!(command.as_std().get_args().len(), 1);
    /// ```
    #[must_use]
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.std
    }

    /// The standard library's command. That it was to be killed when it is dropped is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::process::Command;
    ///
    /// let status = Command::new("true").into_std().status()?;
    /// assert!(status.success());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn into_std(self) -> process::Command {
        self.std
    }
}

/// With nothing done when the child is dropped.
impl From<process::Command> for Command {
    fn from(std: process::Command) -> Self {
        Self {
            std,
            kill_on_drop: false,
        }
    }
}
