//! How a runtime ends while its workers still run: its tasks are asked to cancel, and waited for; and what is said of those that would not end.
//!
//! Comes in: a runtime that is shut down, dropped, or has run its future to the end. Goes out: one whose tasks are gone, or a [`ShutdownReport`] of those that are not. Called by
//! `runtime.rs`, which does the rest: what is left is dropped, the workers, the drivers and the pool are ended.

#![forbid(unsafe_code)]

use super::multi_thread::ThreadWaker;
use super::{Handle, context, current_thread};
use crate::failure::report;
use crate::task::{TaskInfo, TaskKind, TaskState};
use crate::time::Instant;
use heist_sync::CancellationToken;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

/// How long at most a thread that waits looks at nothing: how exactly it is known for how long a poll lasts.
const LOOK: Duration = Duration::from_millis(10);

/// What would not end when a runtime [was shut down](super::Runtime::shutdown): tasks that never came to the end of a poll, blocking jobs that ran, clean-ups.
///
/// It displays as some lines, one for each of them.
///
/// # Examples
///
/// ```
/// use heist::runtime::Runtime;
/// use heist::task::Builder;
/// use std::time::Duration;
///
/// let runtime = Runtime::new()?;
/// # let (begun, begins) = std::sync::mpsc::channel();
/// let job = Builder::new().name("backup").spawn_blocking_on(
///     move || {
/// #       begun.send(()).unwrap();
///         std::thread::sleep(Duration::from_secs(3600));
///     },
///     runtime.handle(),
/// );
/// # begins.recv().unwrap();
/// let report = runtime.shutdown(Duration::from_millis(20));
/// assert!(!report.is_clean());
/// assert_eq!(report.unended()[0].name(), Some("backup"));
/// println!("{report}");
/// # drop(job);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it says what has not ended"]
pub struct ShutdownReport {
    unended: Vec<TaskInfo>,
    waited: Duration,
}

impl ShutdownReport {
    pub(super) fn new(unended: Vec<TaskInfo>, waited: Duration) -> Self {
        Self { unended, waited }
    }

    /// Whether all has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// runtime.spawn(std::future::pending::<()>());
    /// let report = runtime.shutdown(Duration::from_secs(1));
    /// assert!(report.is_clean(), "{report}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_clean(&self) -> bool {
        self.unended.is_empty()
    }

    /// What has not ended: its kind, its name, where it was spawned, how old it was, and for how long it had been polled or had run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// for task in runtime.shutdown(Duration::from_secs(1)).unended() {
    ///     eprintln!("look at what was spawned at {}", task.spawned_at());
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unended(&self) -> &[TaskInfo] {
        &self.unended
    }

    /// How long the shutdown has waited.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let report = runtime.shutdown(Duration::from_secs(3600));
    /// assert!(report.waited() < Duration::from_secs(60), "it waited for nothing");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.waited.as_millis();
        match self.unended.len() {
            0 => {
                return write!(
                    f,
                    "a runtime has shut down after {milliseconds} ms, and all of it has ended"
                );
            }
            1 => write!(
                f,
                "a runtime was shut down, and after {milliseconds} ms this had not ended:"
            )?,
            count => write!(
                f,
                "a runtime was shut down, and after {milliseconds} ms these {count} had not ended:"
            )?,
        }
        for task in &self.unended {
            write!(f, "\n  {task}")?;
        }
        Ok(())
    }
}

/// A shutdown's first part, with the time that it may take.
pub(super) struct Leave<'a> {
    handle: &'a Handle,
    begun: Instant,
    /// `None`: so far off that no clock can hold it.
    deadline: Option<Instant>,
}

impl<'a> Leave<'a> {
    pub(super) fn begin(handle: &'a Handle, timeout: Duration) -> Self {
        let begun = now(handle);
        Self {
            handle,
            begun,
            deadline: begun.checked_add(timeout),
        }
    }

    /// How much of the time is left: in real time, whatever the runtime's clock says.
    pub(super) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(now(self.handle))
        })
    }

    pub(super) fn waited(&self) -> Duration {
        now(self.handle).saturating_duration_since(self.begun)
    }

    /// Asks all tasks to cancel, and waits until they are gone. What is returned had not ended when the time was up.
    ///
    /// If the caller `is_bounded`, no code of the user's runs on this thread.
    pub(super) fn cancel_tasks(&self, is_bounded: bool) -> Vec<TaskInfo> {
        let scheduler = self.handle.scheduler();
        // One that has closed, for a task's panic, has no workers.
        if scheduler.is_closed() {
            return Vec::new();
        }
        if !self.left().is_zero() && self.cancel_and_wait(is_bounded) {
            return Vec::new();
        }
        let mut unended = scheduler.tasks();
        // What merely waits for its turn is dropped now.
        unended.retain(|task| task.state == TaskState::Running || task.kind == TaskKind::CleanUp);
        unended
    }

    /// True: no task is left.
    fn cancel_and_wait(&self, is_bounded: bool) -> bool {
        let scheduler = self.handle.scheduler();
        scheduler.cancel_tasks();
        let has_tasks = scheduler.has_tasks();
        let has_queued = self.handle.blocking().has_queued();
        if !has_tasks && !has_queued {
            return true;
        }
        // The current-thread flavour's tasks need a thread; and so do destructors that may take for ever.
        let needs_help = has_tasks && self.handle.core().is_some() || is_bounded && has_queued;
        let _helper = needs_help.then(|| Helper::start(self.handle));
        if !needs_help {
            let _guard = self.handle.enter();
            self.handle.blocking().cancel_queued();
        }
        self.wait()
    }

    fn wait(&self) -> bool {
        let scheduler = self.handle.scheduler();
        let thread = ThreadWaker::wait();
        let look_on = scheduler.look_on();
        loop {
            scheduler.wake_without_tasks(thread.waker());
            if !scheduler.has_tasks() {
                return true;
            }
            let left = self.left();
            if left.is_zero() {
                return false;
            }
            look_on();
            thread.park_for(left.min(LOOK));
        }
    }
}

fn now(handle: &Handle) -> Instant {
    handle.scheduler().timers().clock().now()
}

/// A thread that cancels the jobs that wait, and runs the current-thread flavour's worker, until this is dropped.
struct Helper {
    over: CancellationToken,
}

impl Helper {
    fn start(handle: &Handle) -> Self {
        let over = CancellationToken::new();
        let help = {
            let (handle, over) = (handle.clone(), over.clone());
            move || help(&handle, &over)
        };
        let thread = std::thread::Builder::new().name("heist-shutdown".into());
        if let Err(error) = thread.spawn(help) {
            report(format_args!(
                "no thread for the shutdown of a runtime ({error}): its tasks are dropped without being asked to end"
            ));
        }
        Self { over }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

fn help(handle: &Handle, over: &CancellationToken) {
    let _guard = handle.enter();
    handle.blocking().cancel_queued();
    if let Some(core) = handle.core() {
        context::forbid_blocking("a shutdown", || {
            // If the runtime fails meanwhile, it has ended as well.
            let _ = current_thread::block_on(handle, core, pin!(over.cancelled()));
        });
    }
}
