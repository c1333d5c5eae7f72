//! Failures of tasks that nobody receives, and who is told of them.
//!
//! Comes in: a panic, from a task's cell, when its outcome is dropped unseen. Goes out: a report on standard error, or a call of the builder's function.

#![forbid(unsafe_code)]

use super::{Id, Identity};
use crate::failure::{Payload, catch, report, report_panic};
use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A task's failure that nobody can receive any more: it panicked, and its handle is gone; or the destructor of its output panicked, or a
/// [clean-up](crate::task::on_cancel) while the task went on. asyncio's "Task exception was never retrieved". See [`Builder::on_task_failure`](crate::runtime::Builder::on_task_failure).
///
/// It displays as one line, as it would be written to standard error.
///
/// # Examples
///
/// ```
/// use heist::runtime::Builder;
/// use std::sync::mpsc;
///
/// let (sender, failures) = mpsc::channel();
/// let runtime = Builder::new_multi_thread()
///     .on_task_failure(move |failure| {
///         let _ = sender.send(failure);
///     })
///     .build()?;
/// let id = runtime.spawn(async { panic!("out of cheese") }).id();
///
/// let failure = failures.recv().unwrap();
/// assert_eq!(failure.task(), id);
/// assert_eq!(failure.payload().downcast_ref(), Some(&"out of cheese"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TaskFailure {
    task: Identity,
    what: What,
    payload: Payload,
}

/// What has panicked.
enum What {
    Task,
    /// The destructor of its output.
    Destructor,
    /// One of its clean-ups, and there was a failure to tell already; or the task goes on.
    CleanUp,
}

impl TaskFailure {
    /// The task has panicked.
    pub(super) fn unobserved(task: Identity, payload: Payload) -> Self {
        Self {
            task,
            what: What::Task,
            payload,
        }
    }

    /// The destructor of the task's output has.
    pub(super) fn of_destructor(task: Identity, payload: Payload) -> Self {
        Self {
            task,
            what: What::Destructor,
            payload,
        }
    }

    /// One of the task's clean-ups has.
    pub(super) fn of_clean_up(task: Identity, payload: Payload) -> Self {
        Self {
            task,
            what: What::CleanUp,
            payload,
        }
    }

    /// The task that has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(failure: heist::task::TaskFailure) {
    ///     eprintln!("task {} has failed", failure.task());
    /// }
    /// # let _ = log;
    /// ```
    pub fn task(&self) -> Id {
        self.task.id
    }

    /// Its name, if it was given one by [`task::Builder::name`](super::Builder::name).
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(failure: heist::task::TaskFailure) {
    ///     eprintln!("{} has failed", failure.name().unwrap_or("a task without a name"));
    /// }
    /// # let _ = log;
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.task.name.as_deref()
    }

    /// Where it was spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(failure: heist::task::TaskFailure) {
    ///     eprintln!("look at what was spawned at {}", failure.spawned_at());
    /// }
    /// # let _ = log;
    /// ```
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at
    }

    /// What it panicked with: mostly a `&'static str` or a `String`.
    ///
    /// # Examples
    ///
    /// ```
    /// fn is_known(failure: &heist::task::TaskFailure) -> bool {
    ///     failure.payload().is::<std::io::Error>()
    /// }
    /// # let _ = is_known;
    /// ```
    pub fn payload(&self) -> &(dyn Any + Send + 'static) {
        self.payload.get()
    }

    /// The same, for [`std::panic::resume_unwind`] on a thread that shall fail for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{panic, sync::mpsc};
    ///
    /// fn fail_with(failures: mpsc::Receiver<heist::task::TaskFailure>) {
    ///     for failure in failures {
    ///         panic::resume_unwind(failure.into_payload());
    ///     }
    /// }
    /// # let _ = fail_with;
    /// ```
    pub fn into_payload(self) -> Box<dyn Any + Send + 'static> {
        self.payload.into_inner()
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            what,
            payload,
        } = self;
        let spawned_at = task.spawned_at;
        let message = payload.message();
        match what {
            What::Task => write!(
                f,
                "{task} panicked: {message} (spawned at {spawned_at}; nobody awaited it)"
            ),
            What::Destructor => write!(
                f,
                "the destructor of the output of {task} (spawned at {spawned_at}) panicked: {message}"
            ),
            What::CleanUp => write!(
                f,
                "a clean-up of {task} (spawned at {spawned_at}) panicked: {message}"
            ),
        }
    }
}

impl fmt::Debug for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskFailure")
            .field("task", &self.task)
            .field("message", &self.payload.message())
            .finish_non_exhaustive()
    }
}

/// A function of the builder's that is told of failures.
type OnTaskFailure = Arc<dyn Fn(TaskFailure) + Send + Sync>;

/// What is done about tasks that fail: the builder's.
#[derive(Clone)]
pub(crate) struct FailurePolicy {
    /// Who is told of failures that nobody receives.
    pub(crate) hook: Option<OnTaskFailure>,
    /// If that is nobody, whether they are reported on standard error.
    pub(crate) is_reported: bool,
    /// Whether a task's panic is the end of its runtime.
    pub(crate) shuts_down: bool,
}

impl FailurePolicy {
    /// Without any wish of the builder's.
    pub(crate) const DEFAULT: Self = Self {
        hook: None,
        is_reported: true,
        shuts_down: false,
    };

    /// Tells whoever is to be told.
    #[cold]
    pub(super) fn tell(&self, failure: TaskFailure) {
        match &self.hook {
            Some(hook) => {
                if let Err(payload) = catch(|| hook(failure)) {
                    report_panic(format_args!("the hook `on_task_failure`"), &payload);
                }
            }
            None if self.is_reported => report(format_args!("{failure}")),
            None => {}
        }
    }
}
