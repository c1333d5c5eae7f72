//! Polls that last too long, and who is told of them.

#![forbid(unsafe_code)]

use crate::failure::{catch, report, report_panic};
use crate::task::{Id, Identity};
use crate::time::{Clock, Instant};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// A poll that has kept its thread for too long: the task does work there that belongs elsewhere, or waits for something synchronously. asyncio's slow-callback
/// warning.
///
/// # Examples
///
/// ```
/// use heist::runtime::Builder;
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (sender, slow_polls) = mpsc::channel();
/// let runtime = Builder::new_multi_thread()
///     .on_slow_poll(move |poll| {
///         let _ = sender.send((poll.task(), poll.spawned_at().line()));
///     })
///     .build()?;
/// let task = runtime.spawn(async { std::thread::sleep(Duration::from_millis(100)) });
/// let (id, line) = slow_polls.recv().unwrap();
/// assert_eq!(id, task.id());
/// # let _ = line;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SlowPoll {
    task: Identity,
    lasted: Duration,
    is_certain: bool,
}

impl SlowPoll {
    /// The task that is being polled.
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(poll: &heist::runtime::SlowPoll) {
    ///     eprintln!("task {} blocks its worker", poll.task());
    /// }
    /// # let _ = log;
    /// ```
    pub fn task(&self) -> Id {
        self.task.id
    }

    /// Its name, if it was given one by [`task::Builder::name`](crate::task::Builder::name).
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(poll: &heist::runtime::SlowPoll) {
    ///     eprintln!("{} blocks its worker", poll.name().unwrap_or("a task without a name"));
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
    /// fn log(poll: &heist::runtime::SlowPoll) {
    ///     eprintln!("look at what was spawned at {}", poll.spawned_at());
    /// }
    /// # let _ = log;
    /// ```
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at
    }

    /// How long the poll has lasted, as far as is known by now: most likely it goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// fn log(poll: &heist::runtime::SlowPoll) {
    ///     eprintln!("for {} ms at least", poll.lasted().as_millis());
    /// }
    /// # let _ = log;
    /// ```
    pub fn lasted(&self) -> Duration {
        self.lasted
    }

    /// Whether it is this task's poll. If not, it was one of up to 32 in a row, which ended with this one: on the current-thread flavour, where no other thread looks on. If it happens
    /// again soon, it will be certain.
    ///
    /// # Examples
    ///
    /// ```
    /// fn count(poll: &heist::runtime::SlowPoll) -> usize {
    ///     usize::from(poll.is_certain())
    /// }
    /// # let _ = count;
    /// ```
    pub fn is_certain(&self) -> bool {
        self.is_certain
    }
}

impl fmt::Display for SlowPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.is_certain {
            ""
        } else {
            ", or one that was polled just before it,"
        };
        write!(
            f,
            "{} (spawned at {}){before} has blocked its thread for {} ms: move what blocks to `heist::spawn_blocking`, or `.await` something in between",
            self.task,
            self.task.spawned_at,
            self.lasted.as_millis()
        )
    }
}

/// A function of the builder's that is told of slow polls.
pub(crate) type OnSlowPoll = Arc<dyn Fn(&SlowPoll) + Send + Sync>;

/// How many tasks and places are remembered.
const REMEMBERED: usize = 1_024;

/// On standard error, how long nothing is said of a place again: a server may have a task for each connection.
const SILENCE: Duration = Duration::from_secs(1);

/// Reports each task once.
pub(super) struct SlowPolls {
    hook: Option<OnSlowPoll>,
    reported: Mutex<Reported>,
}

#[derive(Default)]
struct Reported {
    tasks: HashSet<Id>,
    /// When a task that was spawned there was last spoken of on standard error.
    places: HashMap<&'static Location<'static>, Instant>,
}

impl Reported {
    /// Whether a task has not been reported yet. It is from now on.
    fn is_new(&mut self, task: Id) -> bool {
        if self.tasks.len() >= REMEMBERED {
            self.tasks.clear();
        }
        self.tasks.insert(task)
    }

    /// Whether nothing was said of a place for a while. It is from now on.
    fn is_forgotten(&mut self, place: &'static Location<'static>) -> bool {
        let now = Clock::default().now();
        if self.places.len() >= REMEMBERED {
            self.places.clear();
        }
        let said = self.places.get(place).copied();
        let is_forgotten = said.is_none_or(|said| now.saturating_duration_since(said) >= SILENCE);
        if is_forgotten {
            self.places.insert(place, now);
        }
        is_forgotten
    }
}

impl SlowPolls {
    pub(super) fn new(hook: Option<OnSlowPoll>) -> Self {
        Self {
            hook,
            reported: Mutex::default(),
        }
    }

    /// Tells the hook, or says on standard error.
    #[cold]
    pub(super) fn report(&self, task: Identity, lasted: Duration, is_certain: bool) {
        {
            let mut reported = self.reported.lock();
            // One that is uncertain may be certain next time.
            let is_new = !is_certain || reported.is_new(task.id);
            if !is_new || self.hook.is_none() && !reported.is_forgotten(task.spawned_at) {
                return;
            }
        }
        let poll = SlowPoll {
            task,
            lasted,
            is_certain,
        };
        match &self.hook {
            None => report(format_args!("{poll}")),
            Some(hook) => {
                if let Err(payload) = catch(|| hook(&poll)) {
                    report_panic(format_args!("the hook `on_slow_poll`"), &payload);
                }
            }
        }
    }
}
