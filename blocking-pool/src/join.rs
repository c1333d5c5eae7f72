//! A closure on its way through the pool, and the handle on its result.
//!
//! In: a closure, from [`Pool::spawn`](crate::Pool::spawn); a thread of the pool, as a [`Job`]. Out: the result, once, to whoever
//! holds the [`JoinHandle`]: a task, by its waker, or a thread.
//!
//! ```text
//!             take_closure                      complete                 take_outcome
//!  Waiting ─────────────────► Begun ─────────────────────► Done ────────────────────────► Taken
//!            (run, cancel,           (result, panic,
//!             abort)                  or why cancelled)
//! ```
//!
//! Whoever takes the closure owes its completion; the closure is gone by then. The lock is never held while foreign code
//! runs: closure, waker, and their drops.

use crate::Job;
use crate::error::{Cause, JoinError};
use crate::loom::{Condvar, Mutex};
use crate::panics::{catch, contain, report};
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The one allocation of a spawn: shared by the queue, for as long as the job is in it or runs, and by the handle.
pub(crate) struct Call<F, T> {
    state: Mutex<State<F, T>>,
    completed: Condvar,
    spawned_at: &'static Location<'static>,
}

struct State<F, T> {
    stage: Stage<F, T>,
    /// The task that waits for the result.
    waker: Option<Waker>,
}

enum Stage<F, T> {
    Waiting(F),
    Begun,
    Done(Result<T, JoinError>),
    Taken,
}

impl<F, T> Call<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(closure: F, spawned_at: &'static Location<'static>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                stage: Stage::Waiting(closure),
                waker: None,
            }),
            completed: Condvar::default(),
            spawned_at,
        })
    }

    /// Takes the closure out, if nobody has begun, aborted or cancelled it.
    pub(crate) fn take_closure(&self) -> Option<F> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.stage, Stage::Begun) {
            Stage::Waiting(closure) => Some(closure),
            other => {
                state.stage = other;
                None
            }
        }
    }

    /// Drops the closure unrun, if nobody was faster.
    pub(crate) fn cancel(&self, cause: Cause) {
        if let Some(closure) = self.take_closure() {
            self.complete(match catch(|| drop(closure)) {
                Ok(()) => Err(JoinError::cancelled(cause)),
                Err(payload) => Err(JoinError::panic(payload)),
            });
        }
    }

    fn complete(&self, outcome: Result<T, JoinError>) {
        let mut state = self.state.lock();
        state.stage = Stage::Done(outcome);
        let waker = state.waker.take();
        drop(state);
        // There is one handle, so at most one thread waits.
        self.completed.notify_one();
        if let Some(waker) = waker {
            contain("a waker", || waker.wake());
        }
    }
}

impl<F, T> State<F, T> {
    /// The result, if it is there.
    ///
    /// # Panics
    ///
    /// If it was taken before.
    fn take_outcome(&mut self) -> Option<Result<T, JoinError>> {
        if let Stage::Waiting(_) | Stage::Begun = self.stage {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Done(outcome) => Some(outcome),
            _ => panic!("a `JoinHandle` was polled again after it gave its result"),
        }
    }
}

/// The handle is gone, and nobody has looked at the result: a failure is told, and a result's own destructor harms nobody.
impl<F, T> Drop for Call<F, T> {
    fn drop(&mut self) {
        let stage = mem::replace(&mut self.state.get_mut().stage, Stage::Taken);
        let spawned_at = self.spawned_at;
        if let Stage::Done(Err(error)) = &stage
            && error.is_panic()
        {
            report(format_args!(
                "nobody awaited the job spawned at {spawned_at}: {error}"
            ));
        }
        let what = format_args!("the destructor of the result of the job spawned at {spawned_at}");
        contain(what, || drop(stage));
    }
}

/// A call as the pool sees it.
pub(crate) struct QueuedCall(Arc<dyn Run>);

impl QueuedCall {
    pub(crate) fn new<F, T>(call: Arc<Call<F, T>>) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Self(call)
    }
}

impl Job for QueuedCall {
    fn run(self) {
        self.0.run();
    }

    fn cancel(self) {
        self.0.cancel();
    }
}

trait Run: Send + Sync {
    fn run(&self);
    fn cancel(&self);
}

impl<F, T> Run for Call<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(&self) {
        if let Some(closure) = self.take_closure() {
            self.complete(catch(closure).map_err(JoinError::panic));
        }
    }

    fn cancel(&self) {
        Call::cancel(self, Cause::Shutdown);
    }
}

/// A call as its handle sees it.
trait Join<T>: Send + Sync {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
    fn wait(&self) -> Result<T, JoinError>;
    fn abort(&self);
    fn is_finished(&self) -> bool;
    /// Nobody waits any more.
    fn forget_waker(&self);
}

impl<F, T> Join<T> for Call<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut fresh = None;
        loop {
            let mut state = self.state.lock();
            if let Some(outcome) = state.take_outcome() {
                return Poll::Ready(outcome);
            }
            if state
                .waker
                .as_ref()
                .is_some_and(|old| old.will_wake(cx.waker()))
            {
                return Poll::Pending;
            }
            if let Some(fresh) = fresh.take() {
                let stale = state.waker.replace(fresh);
                drop(state);
                drop(stale);
                return Poll::Pending;
            }
            // To clone a waker is foreign code: not under the lock.
            drop(state);
            fresh = Some(cx.waker().clone());
        }
    }

    fn wait(&self) -> Result<T, JoinError> {
        let mut state = self.state.lock();
        loop {
            if let Some(outcome) = state.take_outcome() {
                return outcome;
            }
            state = self.completed.wait(state);
        }
    }

    fn abort(&self) {
        self.cancel(Cause::Abort);
    }

    fn is_finished(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Done(_) | Stage::Taken)
    }

    fn forget_waker(&self) {
        let waker = self.state.lock().waker.take();
        contain("the destructor of a waker", || drop(waker));
    }
}

/// The result of a job, to be awaited on any executor or [joined](Self::join) from a thread. (asyncio: `Future`)
///
/// To drop it detaches the job: it runs all the same, and a panic in it is reported on stderr, as is one in the destructor of its result.
///
/// # Cancel safety
///
/// To stop waiting loses nothing: await `&mut handle`, and the result stays until somebody takes it.
///
/// # Panics
///
/// To poll it again after it gave its result panics.
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::Pool;
///
/// let pool = Pool::new();
/// let handle = pool.spawn(|| "done");
/// assert_eq!(futures_lite::future::block_on(handle)?, "done");
/// # Ok::<(), heist_blocking_pool::JoinError>(())
/// ```
#[must_use = "dropping the handle loses the job's result: await it, `join` it, or `drop` it to say so"]
pub struct JoinHandle<T> {
    call: Arc<dyn Join<T>>,
}

impl<T: Send + 'static> JoinHandle<T> {
    pub(crate) fn new<F>(call: Arc<Call<F, T>>) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        Self { call }
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the result on the calling thread, which it blocks: not for async code, which awaits the handle. (asyncio:
    /// `concurrent.futures.Future.result`)
    ///
    /// A job may wait so for another one of its pool, as long as the pool has a thread for both.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if the job panicked or was cancelled.
    ///
    /// # Panics
    ///
    /// If the handle was polled before, and gave its result.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// assert_eq!(pool.spawn(|| 6 * 7).join()?, 42);
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn join(self) -> Result<T, JoinError> {
        self.call.wait()
    }

    /// Cancels the job if it has not begun: its closure is dropped here and now, and the handle resolves as cancelled. A job
    /// that was begun goes on, since nothing can stop a thread. (asyncio: `concurrent.futures.Future.cancel`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::sync::mpsc;
    ///
    /// let pool = Pool::builder().max_threads(1).build();
    /// let (release, released) = mpsc::channel::<()>();
    /// let first = pool.spawn(move || released.recv());
    /// let second = pool.spawn(|| unreachable!("it waits behind the first"));
    ///
    /// second.abort();
    /// assert!(second.join().unwrap_err().is_cancelled());
    /// drop(release);
    /// assert!(first.join().is_ok());
    /// ```
    pub fn abort(&self) {
        self.call.abort();
    }

    /// Whether the result is there: to await or to join the handle would not wait. (asyncio: `Future.done`)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// let handle = pool.spawn(|| 42);
    /// pool.shutdown(None);
    /// assert!(handle.is_finished());
    /// # drop(handle);
    /// ```
    pub fn is_finished(&self) -> bool {
        self.call.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.call.forget_waker();
    }
}

// A panic in the job is caught, and none in foreign code happens while the call's state is half changed.
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
