//! Tasks that stay on one thread, since their futures are not `Send`.
//!
//! Comes in: a future, from [`spawn_local`]; a wake, from any thread. Goes out: polls, by whoever polls the [`LocalSet`]. The tasks are cells like all others (`task/`), in a list of the
//! set's own. Rule 8 of their contract holds in its second form: queue entries are run and dropped here, by the set's thread, and nowhere else. A wake from another thread only queues,
//! and the set that is dropped empties its queue and its list before it refuses entries: what comes later is void.

mod queue;

#[cfg(test)]
mod models;

use crate::runtime::Runtime;
use crate::task::{self, Header, IdBlock, JoinHandle, Schedule, Spawn, Task};
use crate::time::Coarse;
use heist_sync::coop::{self, Budget};
use pin_project_lite::pin_project;
use queue::{Context, Shared};
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

/// A set of tasks that all run on one thread, so that their futures need not be `Send`: with an `Rc` in them, say. tokio's `LocalSet`. In asyncio all tasks are such.
///
/// Its tasks run while somebody is in [`run_until`](Self::run_until) or [`block_on`](Self::block_on), or polls the set itself, which is a future that ends when all its tasks
/// have. They are polled and dropped on the thread that has made the set, whoever wakes or aborts them. Dropping the set drops them, there and then.
///
/// It needs no runtime; what its tasks use may. [`Handle::tasks`](crate::runtime::Handle::tasks) and a runtime's shutdown know nothing of them. A panic that nobody can receive is reported on
/// standard error.
///
/// # Panics
///
/// A poll of a set by one of its own tasks panics.
///
/// # Cancel safety
///
/// Polling the set, or not, loses nothing: its tasks stay until they end, or it is dropped.
///
/// # Examples
///
/// ```
/// use heist::task::LocalSet;
/// use std::rc::Rc;
///
/// # heist::run(async {
/// let set = LocalSet::new();
/// let length = set
///     .run_until(async {
///         let words = Rc::new(vec!["not", "sent"]);
///         let task = heist::spawn_local({
///             let words = words.clone();
///             async move { words.len() }
///         });
///         task.await.unwrap()
///     })
///     .await;
/// assert_eq!(length, 2);
/// # });
/// ```
#[must_use = "its tasks run only while it is polled"]
pub struct LocalSet {
    context: Rc<Context>,
}

thread_local! {
    /// The set that this thread is in.
    static CURRENT: RefCell<Option<Rc<Context>>> = const { RefCell::new(None) };
}

fn current() -> Option<Rc<Context>> {
    let current = CURRENT.try_with(|current| current.borrow().clone());
    // A thread whose locals are being destroyed is in none.
    current.ok().flatten()
}

/// What [`LocalSet::enter`] returns: while it lives, [`spawn_local`] on this thread spawns on the set.
///
/// # Examples
///
/// ```
/// let set = heist::task::LocalSet::new();
/// let guard: heist::task::LocalEnterGuard = set.enter();
/// let task = heist::spawn_local(async { 42 });
/// drop(guard);
/// # let runtime = heist::runtime::Runtime::new()?;
/// assert_eq!(set.block_on(&runtime, task).unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the set is entered only while the guard lives; bind it to a name"]
pub struct LocalEnterGuard {
    previous: Option<Rc<Context>>,
    /// Of this thread.
    _marker: PhantomData<*mut ()>,
}

fn enter(context: Option<Rc<Context>>) -> LocalEnterGuard {
    let previous = CURRENT.try_with(|current| current.replace(context));
    LocalEnterGuard {
        previous: previous.ok().flatten(),
        _marker: PhantomData,
    }
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        let previous = self.previous.take();
        drop(CURRENT.try_with(|current| current.replace(previous)));
    }
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}

/// What a task's cell has of its set.
struct Home(Arc<Shared>);

impl Schedule for Home {
    unsafe fn schedule(this: NonNull<Self>, task: Task) {
        // SAFETY: the task, which isn't queued yet, keeps its cell. The set may be gone once it is queued.
        let shared = unsafe { this.as_ref() }.0.clone();
        match current().filter(|context| context.is_of(&shared)) {
            Some(context) => context.push(task),
            None => shared.push(task),
        }
    }

    fn release(&self, task: &Header) {
        self.0.tasks().remove(task);
    }
}

fn spawn_in<F>(context: &Context, future: F, spawn: Spawn<'_>) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    thread_local! {
        static IDS: IdBlock = const { IdBlock::new() };
    }
    let (home, id) = (Home(context.shared().clone()), IDS.with(IdBlock::take));
    // SAFETY: the set's thread is this one. Only `queue.rs` has the entry, and says why it is used nowhere else.
    let (task, handle) = unsafe { task::new_local(future, home, id, spawn, Coarse::now()) };
    if context.shared().tasks().insert(&task, 0) {
        context.push(task);
    } else {
        // The set is being dropped.
        task.cancel();
    }
    handle
}

/// Starts a task on the [`LocalSet`] that this thread is in; its future need not be `Send`. tokio's `spawn_local`.
///
/// # Panics
///
/// If the thread is in no set: inside [`LocalSet::run_until`] and the set's tasks it is.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// # heist::run(async {
/// let set = heist::task::LocalSet::new();
/// let count = Rc::new(Cell::new(0));
/// let counted = count.clone();
/// set.run_until(async move {
///     heist::spawn_local(async move { counted.set(counted.get() + 1) }).await.unwrap();
/// })
/// .await;
/// assert_eq!(count.get(), 1);
/// # });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_as(future, Spawn::at(Location::caller()))
}

#[track_caller]
pub(crate) fn spawn_local_as<F>(future: F, spawn: Spawn<'_>) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(context) = current() else {
        panic!(
            "`spawn_local` was called outside of a `LocalSet`: call it inside `LocalSet::run_until` or one of the set's tasks, or on the set itself, `LocalSet::spawn_local`; \
             a future that is `Send` is for `heist::spawn`"
        )
    };
    spawn_in(&context, future, spawn)
}

impl LocalSet {
    /// A set without tasks, of the thread that calls this.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// heist::task::LocalSet::new().await; // there is nothing to wait for
    /// # });
    /// ```
    pub fn new() -> Self {
        Self {
            context: Rc::new(Context::new()),
        }
    }

    /// Starts a task on this set. It runs when the set does.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let set = heist::task::LocalSet::new();
    /// let task = set.spawn_local(async { 42 });
    /// assert_eq!(set.run_until(task).await.unwrap(), 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_local_as(future, Spawn::at(Location::caller()))
    }

    pub(crate) fn spawn_local_as<F>(&self, future: F, spawn: Spawn<'_>) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn_in(&self.context, future, spawn)
    }

    /// Runs a future to its end, and the set's tasks beside it. Tasks that are left stay in the set.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future; the set's tasks stay in it.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let set = heist::task::LocalSet::new();
    /// let sum = set
    ///     .run_until(async {
    ///         let one = heist::spawn_local(async { 1 });
    ///         let two = heist::spawn_local(async { 2 });
    ///         one.await.unwrap() + two.await.unwrap()
    ///     })
    ///     .await;
    /// assert_eq!(sum, 3);
    /// # });
    /// ```
    pub fn run_until<F: Future>(&self, future: F) -> RunUntil<'_, F> {
        RunUntil { set: self, future }
    }

    /// The same on this thread, which waits in the runtime.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`].
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let set = heist::task::LocalSet::new();
    /// let answer = set.block_on(&runtime, async { heist::spawn_local(async { 42 }).await.unwrap() });
    /// assert_eq!(answer, 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Makes this the set that the thread is in, until the guard is dropped: [`spawn_local`] spawns on it.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let set = heist::task::LocalSet::new();
    /// let task = {
    ///     let _guard = set.enter();
    ///     heist::spawn_local(async { 42 })
    /// };
    /// assert_eq!(set.run_until(task).await.unwrap(), 42);
    /// # });
    /// ```
    pub fn enter(&self) -> LocalEnterGuard {
        enter(Some(self.context.clone()))
    }

    /// Some polls of tasks, in the set.
    fn turn(&self, cx: &mut std::task::Context<'_>) {
        let _guard = self.enter();
        self.context.turn(cx.waker(), |task| {
            coop::with_budget(Budget::DEFAULT, || task.run())
        });
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

/// Ends when all tasks of the set have.
impl Future for LocalSet {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        self.turn(cx);
        if self.context.shared().tasks().is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// All its tasks are dropped, here and now.
impl Drop for LocalSet {
    fn drop(&mut self) {
        // Their destructors may spawn: they are told that it is over.
        let _guard = self.enter();
        self.context.end();
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet")
            .field("tasks", &self.context.shared().tasks().len())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// What [`LocalSet::run_until`] returns.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let set = heist::task::LocalSet::new();
    /// let answer = set.run_until(async { 42 });
    /// assert_eq!(answer.await, 42);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct RunUntil<'a, F> {
        set: &'a LocalSet,
        #[pin]
        future: F,
    }

    impl<F> PinnedDrop for RunUntil<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            // Its waker may be among those that the set keeps. Who polls it besides comes and leaves another.
            this.set.context.shared().wake();
        }
    }
}

impl<F: Future> Future for RunUntil<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = {
            let _guard = this.set.enter();
            this.future.poll(cx)
        };
        if polled.is_pending() {
            this.set.turn(cx);
        }
        polled
    }
}

impl<F> fmt::Debug for RunUntil<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntil").finish_non_exhaustive()
    }
}
