//! What there is to say of a task that lives.
//!
//! Comes in: the header of a task that is found in its list, or a blocking job's. Goes out: a snapshot, to whoever asks [`Handle::tasks`](crate::runtime::Handle::tasks), and to the
//! report of a shutdown.

#![forbid(unsafe_code)]

use super::cell::Header;
use super::{Id, Identity, Task};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A task or a blocking job, as it was when somebody looked: see [`Handle::tasks`](crate::runtime::Handle::tasks). What asyncio's `Task` tells of itself.
///
/// It keeps nothing of the task, which goes on meanwhile. It displays as one line.
///
/// # Examples
///
/// ```
/// use heist::runtime::Handle;
/// use heist::task::{self, TaskState};
///
/// # heist::run(async {
/// let mailer = task::Builder::new().name("mailer").spawn(std::future::pending::<()>());
/// task::yield_now().await;
/// for task in Handle::current().tasks() {
///     println!("{task}"); // task 7 "mailer" (spawned at src/main.rs:6:52) waits; it is 0 ms old
///     assert_eq!(task.name(), Some("mailer"));
/// }
/// # mailer.abort();
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TaskInfo {
    pub(crate) identity: Identity,
    pub(crate) kind: TaskKind,
    pub(crate) state: TaskState,
    pub(crate) age: Duration,
    pub(crate) running_for: Option<Duration>,
}

/// What kind of work it is: of a [`TaskInfo`].
///
/// # Examples
///
/// ```
/// use heist::runtime::Handle;
/// use heist::task::TaskKind;
///
/// fn blocking_jobs(runtime: &Handle) -> usize {
///     let tasks = runtime.tasks();
///     tasks.iter().filter(|task| task.kind() == TaskKind::Blocking).count()
/// }
/// # let _ = blocking_jobs;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskKind {
    /// A future, from `spawn`.
    Task,
    /// A function, from `spawn_blocking`.
    Blocking,
    /// What is left of a task whose future is gone: its clean-ups.
    CleanUp,
}

/// What it is about: of a [`TaskInfo`].
///
/// # Examples
///
/// ```
/// use heist::runtime::Handle;
/// use heist::task::TaskState;
///
/// fn idle_tasks(runtime: &Handle) -> usize {
///     let tasks = runtime.tasks();
///     tasks.iter().filter(|task| task.state() == TaskState::Waiting).count()
/// }
/// # let _ = idle_tasks;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// It could go on, and waits for a thread.
    Queued,
    /// A thread is polling it; a blocking job runs.
    Running,
    /// It waits to be woken.
    Waiting,
}

impl TaskInfo {
    /// Its id.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(std::future::pending::<()>());
    /// let tasks = heist::runtime::Handle::current().tasks();
    /// assert!(tasks.iter().any(|info| info.id() == task.id()));
    /// # task.abort();
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        self.identity.id
    }

    /// Its name, if it was given one by [`task::Builder::name`](super::Builder::name). asyncio's `Task.get_name`.
    ///
    /// # Examples
    ///
    /// ```
    /// fn is_mailer(task: &heist::task::TaskInfo) -> bool {
    ///     task.name() == Some("mailer")
    /// }
    /// # let _ = is_mailer;
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.identity.name.as_deref()
    }

    /// Where it was spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// fn of_this_file(task: &heist::task::TaskInfo) -> bool {
    ///     task.spawned_at().file() == file!()
    /// }
    /// # let _ = of_this_file;
    /// ```
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.identity.spawned_at
    }

    /// What kind of work it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::{TaskInfo, TaskKind};
    ///
    /// fn is_blocking(task: &TaskInfo) -> bool {
    ///     task.kind() == TaskKind::Blocking
    /// }
    /// # let _ = is_blocking;
    /// ```
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// What it was about.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::{TaskInfo, TaskState};
    ///
    /// fn is_idle(task: &TaskInfo) -> bool {
    ///     task.state() == TaskState::Waiting
    /// }
    /// # let _ = is_idle;
    /// ```
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// How long ago it was spawned, in real time, give or take 20 ms; a task that was spawned in a long poll may seem older, by the time that the poll had taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// fn is_old(task: &heist::task::TaskInfo) -> bool {
    ///     task.age() > Duration::from_secs(3600)
    /// }
    /// # let _ = is_old;
    /// ```
    pub fn age(&self) -> Duration {
        self.age
    }

    /// For how long at least it has been polled without a pause, or a blocking job has run: in real time. Of a poll it is known only once it has lasted for some milliseconds, and on the
    /// multi-threaded flavour, where somebody looks on; of a blocking job always, give or take 20 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// fn is_stuck(task: &heist::task::TaskInfo) -> bool {
    ///     task.running_for().is_some_and(|time| time > Duration::from_secs(1))
    /// }
    /// # let _ = is_stuck;
    /// ```
    pub fn running_for(&self) -> Option<Duration> {
        self.running_for
    }

    /// Of a task that is found in its list.
    pub(super) fn of(header: &Header) -> Self {
        let kind = if header.is_cleaning_up() {
            TaskKind::CleanUp
        } else {
            TaskKind::Task
        };
        Self {
            identity: header.identity(),
            kind,
            state: header.state.snapshot(),
            age: header.born().elapsed(),
            running_for: None,
        }
    }

    /// Of a blocking job that waits in its queue; of none that was aborted there.
    pub(crate) fn of_queued(job: &Task) -> Option<Self> {
        let header = job.header();
        let is_void = header.state.is_complete();
        (!is_void).then(|| Self {
            kind: TaskKind::Blocking,
            state: TaskState::Queued,
            ..Self::of(header)
        })
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identity, place) = (&self.identity, self.identity.spawned_at);
        let (kind, runs) = match self.kind {
            TaskKind::Task => ("", "is being polled"),
            TaskKind::Blocking => ("the blocking job of ", "runs"),
            TaskKind::CleanUp => ("a clean-up of ", "is being polled"),
        };
        let state = match self.state {
            TaskState::Queued => "waits for a thread",
            TaskState::Running => runs,
            TaskState::Waiting => "waits",
        };
        write!(f, "{kind}{identity} (spawned at {place}) {state}")?;
        if let Some(time) = self.running_for {
            write!(f, ", for {} ms now", time.as_millis())?;
        }
        write!(f, "; it is {} ms old", self.age.as_millis())
    }
}
