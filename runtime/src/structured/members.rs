//! What a [`TaskGroup`](super::TaskGroup), its handles and its members share.
//!
//! Comes in: a member to spawn; a member's failure, from its own task; the end of a task; the wish that all end. Goes out: tasks, and their aborts; to who joins, what has
//! failed, when no member is left. Called by the group and its handles, and from inside the members.
//!
//! Nobody else's code runs under the lock: tasks are aborted, who joins is woken, and what is refused is dropped, after it.

use super::group_error::{Cause, GroupError, MemberError};
use super::handles::Handles;
use crate::failure::{catch, report, report_panic, wake};
use crate::future::Woken;
use crate::loom::Mutex;
use crate::runtime::{TryCurrentError, context};
use crate::task::{AbortHandle, Id, JoinError, JoinHandle, Spawn, Task};
use heist_sync::coop;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// See the module.
pub(super) struct Members<E> {
    state: Mutex<State<E>>,
    woken: Arc<Woken>,
}

struct State<E> {
    handles: Handles<()>,
    /// How many of those that have ended are taken out by who spawns, and not collected yet.
    uncollected: usize,
    /// Why nobody may come any more: once that is said, all members have been aborted, or there was none.
    closed: Option<Closed>,
    /// In the order of their numbers at the end.
    failures: Vec<(usize, MemberError<E>)>,
    /// Members that have panicked, and are not gone yet: the number of each one's failure.
    panicked: Vec<(Id, usize)>,
    /// How many numbers were given to failures.
    failed: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    Joined,
    Failed,
    Aborted,
    Elapsed,
    /// Nobody will ask for failures any more.
    Dropped,
}

/// A member that has come, or was not let in, and what was found on the way.
struct Admitted {
    /// Of the one that has come.
    abort: Option<AbortHandle>,
    /// Its task, if the runtime ends.
    refused: Option<Task>,
    /// To be woken, if it has ended before its handle was kept.
    waker: Option<Waker>,
    ended: [Option<JoinHandle<()>>; 2],
}

impl<E> Members<E> {
    pub(super) fn new() -> Self {
        let handles = Handles::new();
        Self {
            woken: handles.woken(),
            state: Mutex::new(State {
                handles,
                uncollected: 0,
                closed: None,
                failures: Vec::new(),
                panicked: Vec::new(),
                failed: 0,
            }),
        }
    }

    /// Spawns a member on the runtime that this thread is in. `None`: the group is closed, and the future was dropped.
    pub(super) fn spawn<F>(
        &self,
        future: F,
        place: &'static Location<'static>,
    ) -> Result<Option<AbortHandle>, TryCurrentError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut future = Some(future);
        let admitted = context::with_current(|runtime| {
            self.admit(|| {
                let future = future.take().expect("it is admitted once");
                runtime.scheduler().spawn(future, Spawn::at(place))
            })
        })?;
        drop(future);
        Ok(self.settle(admitted))
    }

    /// Spawns a member by this function, if it may come.
    fn admit(&self, spawn: impl FnOnce() -> (JoinHandle<()>, Option<Task>)) -> Admitted {
        let mut state = self.state.lock();
        let mut abort = None;
        let mut refused = None;
        let mut waker = None;
        // Under the lock: who closes the group afterwards finds it.
        if state.closed.is_none() {
            let (handle, task) = spawn();
            abort = Some(handle.abort_handle());
            waker = state.handles.insert(handle);
            refused = task;
        }
        // Two go for one that comes: those that nobody joins yet don't pile up.
        let ended = [state.handles.take_ended(), state.handles.take_ended()];
        state.uncollected += ended.iter().flatten().count();
        Admitted {
            abort,
            refused,
            waker,
            ended,
        }
    }

    /// What is to be done after the lock.
    fn settle(&self, admitted: Admitted) -> Option<AbortHandle> {
        let mut collected = 0;
        for handle in admitted.ended.into_iter().flatten() {
            self.collect(handle);
            collected += 1;
        }
        if collected > 0 && self.have_collected(collected) {
            // Who joins may have looked before.
            self.woken.rouse();
        }
        if let Some(waker) = admitted.waker {
            wake(waker);
        }
        drop(admitted.refused);
        admitted.abort
    }

    /// Whether who joins has nothing more to wait for.
    fn have_collected(&self, count: usize) -> bool {
        let mut state = self.state.lock();
        state.uncollected -= count;
        state.is_over()
    }

    /// One has failed: all others are aborted.
    pub(super) fn fail(&self, error: E) {
        self.close(Closed::Failed, |state| {
            let number = state.next_failure();
            let error = MemberError::Failed(error);
            state.failures.push((number, error));
        });
    }

    /// One has panicked, and ends with that.
    pub(super) fn panicked(&self, member: Option<Id>) {
        self.close(Closed::Failed, |state| {
            let number = state.next_failure();
            state.panicked.extend(member.map(|id| (id, number)));
        });
    }

    pub(super) fn abort(&self) {
        self.close(Closed::Aborted, |_| {});
    }

    pub(super) fn elapse(&self) {
        self.close(Closed::Elapsed, |_| {});
    }

    /// The group is gone: whatever fails is nobody's to receive.
    pub(super) fn leave(&self) {
        let mut failures = Vec::new();
        self.close(Closed::Dropped, |state| {
            failures = mem::take(&mut state.failures);
            if state.closed.is_some() {
                state.closed = Some(Closed::Dropped);
            }
        });
        for (_, failure) in failures {
            if let MemberError::Panicked(error) = &failure {
                report_unjoined(error);
            }
            // Its panic must not keep the group from waiting for its members.
            if let Err(payload) = catch(|| drop(failure)) {
                report_panic(
                    format_args!("the destructor of a group's failure"),
                    &payload,
                );
            }
        }
    }

    fn close(&self, reason: Closed, note: impl FnOnce(&mut State<E>)) {
        let aborts: Vec<_> = {
            let mut state = self.state.lock();
            note(&mut state);
            if state.closed.is_some() {
                return;
            }
            state.closed = Some(reason);
            state.handles.iter().map(JoinHandle::abort_handle).collect()
        };
        aborts.iter().for_each(AbortHandle::abort);
        // Who waits may have nobody else to wake it.
        self.woken.rouse();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().handles.is_empty()
    }

    /// If it joins: ready when no member is left, and nobody may come any more from then on. Else when nobody may come any more.
    pub(super) fn poll(&self, cx: &mut Context<'_>, joins: bool) -> Poll<()> {
        let mut waits = false;
        loop {
            let ended = {
                let mut state = self.state.lock();
                let ended = state.handles.take_ended();
                if ended.is_none() && joins && state.is_over() {
                    state.closed.get_or_insert(Closed::Joined);
                    return Poll::Ready(());
                }
                if ended.is_none() && !joins && state.closed.is_some() {
                    return Poll::Ready(());
                }
                ended
            };
            match ended {
                Some(handle) => {
                    self.collect(handle);
                    ready!(coop::poll_proceed(cx)).made_progress();
                }
                None if waits => return Poll::Pending,
                // Then it looks again: what comes from now on wakes the task.
                None => {
                    self.woken.await_next(cx.waker());
                    waits = true;
                }
            }
        }
    }

    /// Keeps what a member has failed with, that has ended.
    fn collect(&self, mut handle: JoinHandle<()>) {
        if self.state.lock().closed == Some(Closed::Dropped) {
            // Its destructor tells of a failure that nobody receives.
            return;
        }
        let id = handle.id();
        let mut cx = Context::from_waker(Waker::noop());
        let outcome = coop::with_budget(coop::Budget::unlimited(), || {
            Pin::new(&mut handle).poll(&mut cx)
        });
        if let Poll::Ready(Err(error)) = outcome
            && error.is_panic()
        {
            self.keep_panic(id, error);
        }
    }

    /// If a destructor or a clean-up has panicked, it isn't known yet: then the others are aborted now.
    fn keep_panic(&self, id: Id, error: JoinError) {
        let mut error = Some(error);
        self.close(Closed::Failed, |state| {
            let known = state.panicked.iter().position(|&(member, _)| member == id);
            let number = match known {
                Some(known) => state.panicked.swap_remove(known).1,
                None => state.next_failure(),
            };
            if state.closed != Some(Closed::Dropped)
                && let Some(error) = error.take()
            {
                state.failures.push((number, MemberError::Panicked(error)));
            }
        });
        if let Some(error) = error {
            report_unjoined(&error);
        }
    }

    /// What has failed, when nobody is left.
    ///
    /// # Errors
    ///
    /// If a member failed, or the time was up; and if `whole` and the group was aborted.
    pub(super) fn result(&self, whole: bool) -> Result<(), GroupError<E>> {
        let mut state = self.state.lock();
        let mut failures = mem::take(&mut state.failures);
        let cause = match state.closed {
            Some(Closed::Elapsed) => Cause::Elapsed,
            _ if !failures.is_empty() => Cause::Failed,
            Some(Closed::Aborted) if whole => Cause::Aborted,
            _ => return Ok(()),
        };
        drop(state);
        failures.sort_by_key(|&(number, _)| number);
        let failures = failures.into_iter().map(|(_, failure)| failure).collect();
        Err(GroupError::new(failures, cause))
    }
}

impl<E> State<E> {
    /// Whether no member is left, and all failures are noted.
    fn is_over(&self) -> bool {
        self.handles.is_empty() && self.uncollected == 0
    }

    fn next_failure(&mut self) -> usize {
        self.failed += 1;
        self.failed
    }
}

fn report_unjoined(error: &JoinError) {
    report(format_args!(
        "{error} (in a `TaskGroup` that nobody joined)"
    ));
}

#[cfg(test)]
mod models;
