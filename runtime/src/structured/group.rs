//! [`TaskGroup`]: tasks that end together.
//!
//! In come futures to spawn; out go their values ([`Member`]), and when all are gone, what has failed. Called by users. What the group shares with its members is in
//! [`members`](super::members).

use super::group_error::GroupError;
use super::member::Member;
use super::members::Members;
use crate::failure::catch;
use crate::task::{self, Guard, JoinHandle, Registered};
use crate::time::{Duration, Instant, sleep_until};
use heist_sync::oneshot;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{self, Location};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Tasks that end together, and none of which outlives the group: asyncio's `TaskGroup`.
///
/// Members are [spawned](Self::spawn) with any type of value, and one type of error. The first that fails, by an error or a panic, aborts all the others. [`join`](Self::join)
/// returns when all are gone, their clean-ups included, and gives all that failed. [`run`](Self::run) does both, as `async with` does.
///
/// From then on, or once the group is [aborted](Self::abort), or its time is up, what is spawned in it is dropped, and its [`Member`] resolves to `None`.
///
/// A group that is dropped without being joined, because the task around it is cancelled, say, aborts its members at once: none begins another poll. The task in whose poll, or with which,
/// it is dropped waits for them: its handle resolves when they are gone. (What they fail with is nobody's to receive then; panics are reported on standard error.)
///
/// # Examples
///
/// All succeed, or none goes on:
///
/// ```
/// use heist::task::TaskGroup;
///
/// # heist::run(async {
/// let group = TaskGroup::<std::io::Error>::new();
/// let size = group.spawn(async { Ok(std::fs::metadata("Cargo.toml")?.len()) });
/// let name = group.spawn(async { Ok("Cargo.toml") });
/// group.join().await?;
/// println!("{:?} has {:?} bytes", name.await, size.await);
/// # Ok::<(), heist::task::GroupError<std::io::Error>>(())
/// # }).unwrap();
/// ```
///
/// With `run`, the code that spawns is a part of the group, and fails and is cancelled with it:
///
/// ```
/// use heist::task::TaskGroup;
/// use std::io::Error;
///
/// # heist::run(async {
/// let sum = TaskGroup::<Error>::new()
///     .run(async |group| {
///         let parts = [1, 2, 3].map(|n| group.spawn(async move { Ok(n * n) }));
///         let mut sum = 0;
///         for part in parts {
///             sum += part.await.unwrap_or(0);
///         }
///         Ok(sum)
///     })
///     .await?;
/// assert_eq!(sum, 14);
/// # Ok::<(), heist::task::GroupError<Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "dropped at once, it aborts its members at once; bind it to a name, and join it"]
pub struct TaskGroup<E: Send + 'static> {
    members: Arc<Members<E>>,
    registered: Registered,
    /// Waits for the deadline.
    watch: Option<JoinHandle<()>>,
}

/// Spawns in a [`TaskGroup`], and aborts it, from anywhere: from inside a member, say.
///
/// It keeps nobody: a group that was dropped or joined takes no more members.
///
/// # Examples
///
/// ```
/// use heist::task::TaskGroup;
///
/// # heist::run(async {
/// let group = TaskGroup::<()>::new();
/// let handle = group.handle();
/// let outer = group.spawn(async move {
///     let inner = handle.spawn(async { Ok(6) });
///     Ok(inner.await.unwrap_or(0) * 7)
/// });
/// group.join().await.unwrap();
/// assert_eq!(outer.await, Some(42));
/// # });
/// ```
pub struct GroupHandle<E> {
    members: Arc<Members<E>>,
}

impl<E: Send + 'static> TaskGroup<E> {
    /// A group without members.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<std::io::Error>::new();
    /// assert!(group.join().await.is_ok());
    /// # });
    /// ```
    #[expect(
        clippy::new_without_default,
        reason = "a group that nobody means to join is a mistake"
    )]
    pub fn new() -> Self {
        Self {
            members: Arc::new(Members::new()),
            registered: Registered::silently(),
            watch: None,
        }
    }

    /// A group whose members are aborted at the deadline, if they have not ended. It is its error then, see [`GroupError::is_elapsed`]. asyncio's `timeout_at` around one.
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime: a task waits for the deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::TaskGroup;
    /// use heist::time::{Duration, Instant};
    ///
    /// # heist::run(async {
    /// let deadline = Instant::now() + Duration::from_secs(10);
    /// let group = TaskGroup::<()>::with_deadline(deadline);
    /// group.spawn(async { Ok(()) });
    /// assert!(group.join().await.is_ok());
    /// # });
    /// ```
    #[track_caller]
    pub fn with_deadline(deadline: Instant) -> Self {
        let mut group = Self::new();
        let members = Arc::downgrade(&group.members);
        group.watch = Some(crate::spawn(async move {
            sleep_until(deadline).await;
            if let Some(members) = members.upgrade() {
                members.elapse();
            }
        }));
        group
    }

    /// The same with a duration, from now on. asyncio's `timeout` around one.
    ///
    /// # Panics
    ///
    /// As [`with_deadline`](Self::with_deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::TaskGroup;
    /// use heist::time::Duration;
    ///
    /// # heist::run(async {
    /// let group = TaskGroup::<()>::with_timeout(Duration::from_millis(1));
    /// let slow = group.spawn(std::future::pending::<Result<(), ()>>());
    /// assert_eq!(slow.await, None);
    /// assert!(group.join().await.unwrap_err().is_elapsed());
    /// # });
    /// ```
    #[track_caller]
    pub fn with_timeout(duration: Duration) -> Self {
        Self::with_deadline(Instant::now().saturating_add(duration))
    }

    /// Spawns a member on the runtime that this thread is in: asyncio's `TaskGroup.create_task`. What is returned gives its value, and can abort it.
    ///
    /// An `Err` of it, or a panic, aborts all the others.
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let answer = group.spawn(async { Ok(42) });
    /// assert_eq!(answer.await, Some(42));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Member<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        spawn(&self.members, future)
    }

    /// What spawns in the group from anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let handle = group.handle();
    /// group.spawn(async move {
    ///     handle.spawn(async { Ok(()) });
    ///     Ok(())
    /// });
    /// group.join().await.unwrap();
    /// # });
    /// ```
    pub fn handle(&self) -> GroupHandle<E> {
        GroupHandle {
            members: self.members.clone(),
        }
    }

    /// Asks for all members to be cancelled, which is no failure; and nobody may come any more. asyncio's `TaskGroup.cancel`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// group.spawn(std::future::pending::<Result<(), ()>>());
    /// group.abort();
    /// assert!(group.join().await.is_ok());
    /// # });
    /// ```
    pub fn abort(&self) {
        self.members.abort();
    }

    /// Waits until all members are gone, their clean-ups included. What an asyncio `TaskGroup` does at the end of its block.
    ///
    /// # Errors
    ///
    /// If a member failed, or the time was up: with all that failed, the first failure first.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the group, which aborts its members.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::new();
    /// group.spawn(std::future::pending::<Result<(), _>>());
    /// group.spawn(async { Err::<(), _>("no disk") });
    /// assert_eq!(group.join().await.unwrap_err().failures().len(), 1);
    /// # });
    /// ```
    pub async fn join(self) -> Result<(), GroupError<E>> {
        self.finish(false).await
    }

    /// Runs a function that spawns members, and waits for it and for them: asyncio's `async with TaskGroup() as group`. Its value is the function's, which is given a
    /// [handle](GroupHandle) to spawn with.
    ///
    /// If the function fails, the members are aborted. If a member does, or the group is aborted or its time is up, the function is dropped where it waits.
    ///
    /// # Errors
    ///
    /// If the function or a member failed, the time was up, or the group was aborted before the function was done.
    ///
    /// # Panics
    ///
    /// If the function does; the group is dropped then.
    ///
    /// # Cancel safety
    ///
    /// As [`join`](Self::join).
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::task::TaskGroup;
    ///
    /// # heist::run(async {
    /// let failed = TaskGroup::new().run(async |group| {
    ///     group.spawn(std::future::pending::<Result<(), &str>>());
    ///     Err::<(), _>("no disk")
    /// });
    /// assert_eq!(failed.await.unwrap_err().to_string(), "a member of the group failed: no disk");
    /// # });
    /// ```
    pub async fn run<F, T>(
        self,
        function: impl FnOnce(GroupHandle<E>) -> F,
    ) -> Result<T, GroupError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut value = None;
        let leftovers = {
            let mut body = pin!(Some(function(self.handle())));
            let ended = poll_fn(|cx| {
                if self.members.poll(cx, false).is_ready() {
                    return Poll::Ready(None);
                }
                let body = body.as_mut().as_pin_mut();
                body.expect("it is dropped afterwards").poll(cx).map(Some)
            });
            match ended.await {
                Some(Ok(output)) => value = Some(output),
                Some(Err(error)) => self.members.fail(error),
                None => {}
            }
            task::drop_with(|| body.set(None))
        };
        if let Some(leftovers) = leftovers {
            leftovers.await;
        }
        self.finish(value.is_none()).await?;
        Ok(value.expect("without it the group has failed"))
    }

    /// Waits for all. `whole`: that it was aborted is a failure, too.
    async fn finish(mut self, whole: bool) -> Result<(), GroupError<E>> {
        poll_fn(|cx| self.members.poll(cx, true)).await;
        if let Some(watch) = &mut self.watch {
            watch.abort();
            // It ends as cancelled, or has done what it is for.
            let _ = watch.await;
        }
        self.members.result(whole)
    }
}

impl<E: Send + 'static> GroupHandle<E> {
    /// Spawns a member: see [`TaskGroup::spawn`].
    ///
    /// # Panics
    ///
    /// If the thread is in no runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let answer = group.handle().spawn(async { Ok(42) });
    /// assert_eq!(answer.await, Some(42));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Member<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        spawn(&self.members, future)
    }

    /// Aborts all members: see [`TaskGroup::abort`].
    ///
    /// # Examples
    ///
    /// A member that has found what all look for:
    ///
    /// ```
    /// # heist::run(async {
    /// let group = heist::task::TaskGroup::<()>::new();
    /// let handle = group.handle();
    /// let found = group.spawn(async move {
    ///     handle.abort();
    ///     Ok(42)
    /// });
    /// group.spawn(std::future::pending::<Result<(), ()>>());
    /// assert!(group.join().await.is_ok());
    /// assert_eq!(found.await, Some(42));
    /// # });
    /// ```
    pub fn abort(&self) {
        self.members.abort();
    }
}

impl<E> Clone for GroupHandle<E> {
    fn clone(&self) -> Self {
        Self {
            members: self.members.clone(),
        }
    }
}

#[track_caller]
fn spawn<F, T, E>(members: &Arc<Members<E>>, future: F) -> Member<T>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let (sender, value) = oneshot::channel();
    let work = Work {
        future,
        value: Some(sender),
        members: members.clone(),
    };
    match members.spawn(work, Location::caller()) {
        Ok(abort) => Member::new(value, abort),
        Err(error) => panic!("{error}"),
    }
}

pin_project! {
    /// A member's task.
    struct Work<F, T, E> {
        #[pin]
        future: F,
        value: Option<oneshot::Sender<T>>,
        members: Arc<Members<E>>,
    }
}

impl<F, T, E> Future for Work<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match catch(|| this.future.poll(cx)) {
            Ok(outcome) => match ready!(outcome) {
                Ok(value) => {
                    if let Some(sender) = this.value.take() {
                        // Nobody may want it.
                        let _ = sender.send(value);
                    }
                }
                Err(error) => this.members.fail(error),
            },
            Err(payload) => {
                this.members.panicked(task::try_id());
                panic::resume_unwind(payload.into_inner());
            }
        }
        Poll::Ready(())
    }
}

impl<E: Send + 'static> Drop for TaskGroup<E> {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        self.members.leave();
        if task::is_kept() && !self.members.is_empty() {
            let members = self.members.clone();
            let gone = async move { poll_fn(|cx| members.poll(cx, true)).await };
            drop(Guard::new(self.registered, gone));
        }
    }
}

impl<E: Send + 'static> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for GroupHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupHandle").finish_non_exhaustive()
    }
}
