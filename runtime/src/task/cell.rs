//! The task's one allocation, and what the runner does with it.
//!
//! Comes in: a future to be put in a cell ([`new`]); a queue entry to be run ([`Task::run`]) or dropped ([`Task::cancel`]). Goes out: a poll
//! of the future, and of the clean-ups that it leaves; the entry again, if the task was woken meanwhile; its outcome, to the handle. Called by the workers and the pool's
//! threads.
//! "Rule n" means the contract in `mod.rs`.

mod cleaning;

use cleaning::{add_clean_ups, clean_up, has_clean_ups, lose_clean_ups, suspend_or_complete};

use super::frame::Frame;
use super::identity::Identity;
use super::origin::{Origin, Spawn};
use super::state::{Completed, FinishPoll, StartPoll, State, Wake};
use super::trace::{self, TaskTrace, Traced};
use super::{FailurePolicy, Id, JoinError, JoinHandle, TaskFailure, waker};
use crate::failure::{Payload, catch, report_panic, wake};
use crate::loom::atomic::AtomicPtr;
use crate::loom::cell::UnsafeCell;
use crate::time::Coarse;
use cordyceps::{Linked, list::Links};
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

/// Where a task's cell comes from and goes to: the scheduler, or the blocking pool.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// Whether a task of this kind is queued until it is run, once: a blocking job. Its abort then need not wait for its turn.
    const RUNS_ONCE: bool = false;

    /// Takes a task that was woken. Once it is queued it may run, end, and take its cell with it, this scheduler's reference included: so it is no `&self`.
    ///
    /// # Safety
    ///
    /// `this` is in the task's cell.
    unsafe fn schedule(this: NonNull<Self>, task: Task);

    /// The task is about to complete: forget it.
    fn release(&self, task: &Header);

    /// The task has panicked, and nobody knows yet.
    fn panicked(&self, _: &Header) {}

    /// What is done about failures that nobody receives.
    fn failures(&self) -> &FailurePolicy {
        &FailurePolicy::DEFAULT
    }
}

/// What every task has, whatever its future is.
pub(crate) struct Header {
    pub(super) state: State,
    vtable: &'static Vtable,
    /// The entry behind this one, in a shard of the injector. Rule 5.
    pub(crate) queue_next: AtomicPtr<Header>,
    /// Rule 6.
    links: Links<Header>,
    pub(super) id: Id,
    pub(super) origin: Origin,
    /// Rule 4.
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
    /// Which list of the owner the task is in.
    shard: AtomicU32,
    /// When it was spawned.
    born: Coarse,
    pub(super) trace: TaskTrace,
}

impl Header {
    #[inline]
    pub(crate) fn id(&self) -> Id {
        self.id
    }

    /// Where the task was spawned.
    #[inline]
    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.origin.place()
    }

    pub(crate) fn born(&self) -> Coarse {
        self.born
    }

    /// The place and the name at once.
    #[inline]
    pub(crate) fn place_and_name(&self) -> (&'static Location<'static>, Option<&Arc<str>>) {
        self.origin.place_and_name()
    }

    /// What there is to say of it when it is gone.
    pub(crate) fn identity(&self) -> Identity {
        let (spawned_at, name) = self.origin.place_and_name();
        Identity {
            id: self.id,
            name: name.cloned(),
            spawned_at,
        }
    }

    /// Whether nothing but clean-ups is left of it.
    pub(crate) fn is_cleaning_up(&self) -> bool {
        self.state.is_cleaning()
    }

    /// The shard of [`OwnedTasks`](super::OwnedTasks) that the task is linked in.
    pub(super) fn shard(&self) -> usize {
        // Relaxed: it is written once, before the task is linked, by the thread that spawns it.
        self.shard.load(Relaxed) as usize
    }

    pub(super) fn set_shard(&self, shard: usize) {
        self.shard.store(shard as u32, Relaxed);
    }
}

/// The future, then its outcome in the same place.
enum Stage<F: Future> {
    Future(F),
    Outcome(Result<F::Output, JoinError>),
    Gone,
}

/// The allocation. `repr(C)`: a pointer to it is a pointer to its header.
#[repr(C)]
pub(super) struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// What depends on the future's type.
struct Vtable {
    /// Runs a popped entry. True: it was woken meanwhile, and the entry is the caller's again.
    run: unsafe fn(NonNull<Header>) -> bool,
    /// The runner drops the future and completes the task.
    cancel: unsafe fn(NonNull<Header>, entry: Entry),
    schedule: unsafe fn(NonNull<Header>),
    runs_once: bool,
    /// Moves the outcome to where the pointer, a `*mut Poll<Result<T, JoinError>>`, leads.
    take_outcome: unsafe fn(NonNull<Header>, *mut ()),
    drop_outcome: unsafe fn(NonNull<Header>),
    free: unsafe fn(NonNull<Header>),
}

/// Whether a queue entry exists that will drop the task's own reference, so that who completes the task must not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Popped,
    Queued,
}

/// A queue entry: the right to run the task once. It stands for the task's own reference.
///
/// Dropping it cancels the task, so that a task that a queue gives up is never lost.
pub(crate) struct Task(NonNull<Header>);

// SAFETY: rule 8; the header is shared by atomics or under rules that name one owner at a time.
unsafe impl Send for Task {}
// SAFETY: nothing can be done with a `&Task` but to read what rule 2 allows.
unsafe impl Sync for Task {}

/// Puts a future into a cell: the queue entry and the handle.
#[inline]
pub(crate) fn new<F, S>(
    future: F,
    scheduler: S,
    id: Id,
    spawn: Spawn<'_>,
    born: Coarse,
) -> (Task, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: future and output are `Send`.
    unsafe { new_local(future, scheduler, id, spawn, born) }
}

/// The same for a future that stays on its thread.
///
/// # Safety
///
/// If the future or its output isn't `Send`, the entry is run, cancelled and dropped on the thread that calls this, unless it is void. (The handle stays there by itself, unless the output is
/// `Send`.)
// Always: called, it would move the future once more on its way into the cell.
#[inline(always)]
pub(crate) unsafe fn new_local<F, S>(
    future: F,
    scheduler: S,
    id: Id,
    spawn: Spawn<'_>,
    born: Coarse,
) -> (Task, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    let kind = if S::RUNS_ONCE { "blocking" } else { "task" };
    let (future, trace) = trace::task(future, kind, spawn.name, id, spawn.place);
    let cell = Box::new(Cell {
        header: Header {
            state: State::new(),
            vtable: vtable::<Traced<F>, S>(),
            queue_next: AtomicPtr::new(std::ptr::null_mut()),
            links: Links::new(),
            id,
            origin: Origin::new(spawn),
            join_waker: UnsafeCell::new(None),
            shard: AtomicU32::new(0),
            born,
            trace,
        },
        scheduler,
        stage: UnsafeCell::new(Stage::Future(future)),
    });
    let header = NonNull::from(Box::leak(cell)).cast::<Header>();
    // SAFETY: a new state counts two references, the task's own, for which the entry stands, and the handle's.
    (Task(header), unsafe { JoinHandle::from_raw(header) })
}

impl Task {
    /// Polls the task. `Some`: it was woken meanwhile, and is to be queued again.
    #[inline]
    pub(crate) fn run(self) -> Option<Task> {
        let header = self.into_raw();
        // SAFETY: the entry is ours, so the cell lives (rule 1), and the vtable is its own.
        let again = unsafe { (header.as_ref().vtable.run)(header) };
        again.then(|| Task(header))
    }

    /// Drops the task's future; its handle resolves as cancelled.
    pub(crate) fn cancel(self) {
        drop(self);
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the entry stands for a reference (rule 1).
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(crate) fn id(&self) -> Id {
        self.header().id()
    }

    /// Where the task was spawned.
    #[inline]
    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.header().spawned_at()
    }

    /// The pointer to the whole cell; the entry stays.
    pub(crate) fn as_raw(&self) -> NonNull<Header> {
        self.0
    }

    /// Gives the entry up as a pointer.
    pub(crate) fn into_raw(self) -> NonNull<Header> {
        mem::ManuallyDrop::new(self).0
    }

    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Self::into_raw), and is used once.
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        match self.header().state.start_poll() {
            // SAFETY: we are the runner now, and our entry was popped.
            StartPoll::Poll | StartPoll::Cancel => unsafe {
                (self.header().vtable.cancel)(self.0, Entry::Popped);
            },
            // SAFETY: the entry stood for the task's own reference.
            StartPoll::Void => unsafe { drop_reference(self.0) },
        }
    }
}

/// Drops one reference, and the cell with the last.
///
/// # Safety
///
/// The reference is the caller's, and is not used again.
#[inline]
pub(super) unsafe fn drop_reference(header: NonNull<Header>) {
    // SAFETY: the caller's reference keeps the cell alive until here (rule 1).
    if unsafe { header.as_ref() }.state.ref_dec() {
        // SAFETY: that was the last reference.
        unsafe { free(header) };
    }
}

/// Frees the cell.
///
/// # Safety
///
/// No reference is left.
pub(super) unsafe fn free(header: NonNull<Header>) {
    // SAFETY: the cell is still there, and nobody else knows it.
    unsafe { (header.as_ref().vtable.free)(header) }
}

/// Submits a task that the caller has just made scheduled.
///
/// # Safety
///
/// The caller's transition answered `Submit`, which nobody else gets.
pub(super) unsafe fn submit(header: NonNull<Header>) {
    // SAFETY: the task has not completed (rule 1).
    unsafe { (header.as_ref().vtable.schedule)(header) }
}

/// Aborts a task: its future is dropped at its next suspension.
///
/// # Safety
///
/// The caller holds a reference, which it keeps.
pub(super) unsafe fn abort(header: NonNull<Header>) {
    // SAFETY: by the caller's reference.
    let this = unsafe { header.as_ref() };
    if this.vtable.runs_once {
        // SAFETY: passed on.
        unsafe { shut_down(header) };
    } else if this.state.abort() == Wake::Submit {
        // SAFETY: the transition gave us the task.
        unsafe { submit(header) };
    }
}

/// Drops a task that is not being polled: at the shutdown, or a blocking job that is aborted before it begins.
///
/// # Safety
///
/// The caller holds a reference, which it keeps.
pub(super) unsafe fn shut_down(header: NonNull<Header>) {
    // SAFETY: by the caller's reference.
    let header_ref = unsafe { header.as_ref() };
    if let Some(taken) = header_ref.state.take() {
        let entry = if taken.queued {
            Entry::Queued
        } else {
            Entry::Popped
        };
        // SAFETY: `take` made us the runner.
        unsafe { (header_ref.vtable.cancel)(header, entry) };
    }
}

/// Moves the outcome out.
///
/// # Safety
///
/// The outcome is the caller's (rule 3), there is one, and its type is `T`.
pub(super) unsafe fn take_outcome<T>(header: NonNull<Header>) -> Poll<Result<T, JoinError>> {
    let mut outcome = Poll::<Result<T, JoinError>>::Pending;
    // SAFETY: passed on; the pointer leads to a place of the type that the vtable's function expects.
    unsafe { (header.as_ref().vtable.take_outcome)(header, (&raw mut outcome).cast()) };
    outcome
}

/// Drops the outcome if it is still there, and reports it if it is a failure.
///
/// # Safety
///
/// The outcome is the caller's (rule 3).
pub(super) unsafe fn drop_outcome(header: NonNull<Header>) {
    // SAFETY: passed on.
    unsafe { (header.as_ref().vtable.drop_outcome)(header) }
}

fn vtable<F: Future + 'static, S: Schedule>() -> &'static Vtable
where
    F::Output: 'static,
{
    &Vtable {
        run: run::<F, S>,
        cancel: cancel::<F, S>,
        schedule: schedule::<F, S>,
        runs_once: S::RUNS_ONCE,
        take_outcome: take_outcome_of::<F, S>,
        drop_outcome: drop_outcome_of::<F, S>,
        free: free_of::<F, S>,
    }
}

/// # Safety
///
/// `header` leads a living `Cell<F, S>`.
#[inline]
unsafe fn cell<'a, F: Future, S>(header: NonNull<Header>) -> &'a Cell<F, S> {
    // SAFETY: `repr(C)`, and the vtable that led here was made for these types.
    unsafe { header.cast::<Cell<F, S>>().as_ref() }
}

/// One poll: two locked operations on the state word (`start_poll`; `finish_poll` or `complete`). True: the entry is the caller's again.
///
/// # Safety
///
/// The caller holds the queue entry.
unsafe fn run<F: Future, S: Schedule>(header: NonNull<Header>) -> bool {
    // SAFETY: the entry keeps the cell alive.
    let cell = unsafe { cell::<F, S>(header) };
    match cell.header.state.start_poll() {
        StartPoll::Poll => {}
        // SAFETY: we are the runner.
        StartPoll::Cancel => return unsafe { drop_future::<F, S>(header) },
        StartPoll::Void => {
            // SAFETY: the entry stood for the task's own reference.
            unsafe { drop_reference(header) };
            return false;
        }
    }
    // SAFETY: the waker is borrowed from the task's own reference, which outlives the poll.
    let waker = unsafe { waker::borrowed(header) };
    let mut context = Context::from_waker(&waker);
    let mut yielded = false;
    // SAFETY: we are the runner.
    if unsafe { has_clean_ups(&cell.header) } {
        // SAFETY: likewise.
        yielded = unsafe { clean_up(cell, &mut context) };
        // SAFETY: likewise.
        if unsafe { !has_future(cell) } {
            // SAFETY: likewise; the outcome was stored with the future's end.
            return unsafe { suspend_or_complete::<F, S>(header, yielded) };
        }
    }
    let frame = Frame::of_task(cell.header.id, waker.data(), !S::RUNS_ONCE);
    let outcome = frame.run(|| {
        catch(|| {
            cell.stage.with_mut(|stage| {
                // SAFETY: the stage is the runner's (rule 3).
                let Stage::Future(future) = (unsafe { &mut *stage }) else {
                    unreachable!("a task that has not completed has its future, or clean-ups")
                };
                // SAFETY: rule 7.
                unsafe { Pin::new_unchecked(future) }.poll(&mut context)
            })
        })
    });
    let outcome = match outcome {
        Ok(Poll::Pending) => {
            yielded |= frame.has_yielded();
            if let Some(dropped) = frame.take_dropped() {
                // SAFETY: we are the runner.
                unsafe { add_clean_ups(&cell.header, dropped) };
                // For their first poll.
                yielded = true;
            }
            // SAFETY: likewise.
            return unsafe { suspend::<F, S>(header, yielded) };
        }
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => Err(JoinError::panic(cell.header.identity(), payload)),
    };
    // SAFETY: we are the runner.
    unsafe { end::<F, S>(header, outcome, &frame) }
}

/// The poll has left something to wait for. True: the entry is the caller's again.
///
/// # Safety
///
/// The caller is the runner, and is it no more.
#[inline]
unsafe fn suspend<F: Future, S: Schedule>(header: NonNull<Header>, yielded: bool) -> bool {
    // SAFETY: the runner stands for a reference.
    let state = &unsafe { header.as_ref() }.state;
    let finish = if yielded {
        state.finish_yield()
    } else {
        state.finish_poll()
    };
    match finish {
        FinishPoll::Idle => false,
        FinishPoll::Reschedule => true,
        // SAFETY: we are still the runner.
        FinishPoll::Cancel => unsafe { drop_future::<F, S>(header) },
    }
}

/// The runner drops the future, if it is there still: then clean-ups may be left, for which the entry is the caller's again. If it isn't, the shutdown has come.
///
/// # Safety
///
/// The caller is the runner, and is it no more.
#[cold]
unsafe fn drop_future<F: Future, S: Schedule>(header: NonNull<Header>) -> bool {
    // SAFETY: the runner stands for a reference.
    let cell = unsafe { cell::<F, S>(header) };
    // SAFETY: we are the runner.
    if unsafe { has_future(cell) } {
        let cancelled = Err(JoinError::cancelled(cell.header.id));
        let frame = Frame::of_task(cell.header.id, ptr::null(), !S::RUNS_ONCE);
        // SAFETY: likewise.
        unsafe { end::<F, S>(header, cancelled, &frame) }
    } else {
        // SAFETY: likewise.
        unsafe { cancel::<F, S>(header, Entry::Popped) };
        false
    }
}

/// The future is over, or to be dropped, in this frame, in which the last poll may have left clean-ups. True: the entry is the caller's again, since there are any.
///
/// # Safety
///
/// The caller is the runner, and is it no more.
unsafe fn end<F: Future, S: Schedule>(
    header: NonNull<Header>,
    outcome: Result<F::Output, JoinError>,
    frame: &Frame,
) -> bool {
    // SAFETY: the runner stands for a reference.
    let cell = unsafe { cell::<F, S>(header) };
    store(cell, outcome, frame);
    if let Some(dropped) = frame.take_dropped() {
        // SAFETY: we are the runner.
        unsafe { add_clean_ups(&cell.header, dropped) };
    }
    // SAFETY: likewise.
    if unsafe { has_clean_ups(&cell.header) } {
        cell.header.state.begin_cleaning();
        return true;
    }
    // SAFETY: likewise, and the outcome is stored.
    unsafe { complete::<F, S>(header, Entry::Popped) };
    false
}

/// The runner drops all that there is, and completes: nobody will poll it any more.
///
/// # Safety
///
/// The caller is the runner, and is it no more.
#[cold]
unsafe fn cancel<F: Future, S: Schedule>(header: NonNull<Header>, entry: Entry) {
    // SAFETY: the runner stands for a reference.
    let cell = unsafe { cell::<F, S>(header) };
    // Whoever leaves a clean-up here has to find another to run it.
    let frame = Frame::of_task(cell.header.id, ptr::null(), false);
    // SAFETY: we are the runner.
    if unsafe { has_future(cell) } {
        let cancelled = Err(JoinError::cancelled(cell.header.id));
        store(cell, cancelled, &frame);
    }
    // SAFETY: likewise.
    if unsafe { has_clean_ups(&cell.header) } {
        // SAFETY: likewise.
        frame.run(|| unsafe { lose_clean_ups(&cell.header) });
    }
    // SAFETY: the outcome is stored.
    unsafe { complete::<F, S>(header, entry) };
}

/// # Safety
///
/// The caller is the runner.
#[inline]
unsafe fn has_future<F: Future, S>(cell: &Cell<F, S>) -> bool {
    // SAFETY: the stage is the runner's (rule 3).
    cell.stage
        .with(|stage| matches!(unsafe { &*stage }, Stage::Future(_)))
}

/// The runner drops the future, and puts the outcome in its place. If the future's destructor panics, then that is the outcome: a failure never
/// vanishes.
fn store<F: Future, S: Schedule>(
    cell: &Cell<F, S>,
    outcome: Result<F::Output, JoinError>,
    frame: &Frame,
) {
    frame.run(|| {
        cell.stage.with_mut(|stage| {
            // SAFETY: the stage is the runner's (rule 3); the future is dropped in place (rule 7), and whatever its destructor does, it is
            // overwritten without being dropped again.
            let dropped = catch(|| unsafe { std::ptr::drop_in_place(stage) });
            let (outcome, spare) = match dropped {
                Ok(()) => (outcome, None),
                // The first failure is the one to tell.
                Err(_) if outcome.as_ref().is_err_and(JoinError::is_panic) => (outcome, None),
                Err(payload) => (
                    Err(JoinError::panic(cell.header.identity(), payload)),
                    Some(outcome),
                ),
            };
            if outcome.as_ref().is_err_and(JoinError::is_panic) {
                cell.scheduler.panicked(&cell.header);
            }
            // SAFETY: as above; `write` does not read what was there.
            unsafe { stage.write(Stage::Outcome(outcome)) };
            drop_guarded(cell, spare);
        });
    });
}

/// Unlinks the task, publishes the outcome, wakes the joiner, and drops the task's own reference (if no entry does). Locked operations: the list's lock; none
/// more for a task without handle or wakers; else one to complete and one for the reference.
///
/// # Safety
///
/// The caller is the runner and has stored the outcome; it does not use the cell again.
unsafe fn complete<F: Future, S: Schedule>(header: NonNull<Header>, entry: Entry) {
    // SAFETY: the runner stands for a reference.
    let cell = unsafe { cell::<F, S>(header) };
    cell.scheduler.release(&cell.header);
    // SAFETY: passed on.
    unsafe { publish(header, entry) };
}

/// The part of [`complete`] that doesn't depend on the future's type.
///
/// # Safety
///
/// Likewise, and the task is unlinked.
unsafe fn publish(header: NonNull<Header>, entry: Entry) {
    // SAFETY: the runner stands for a reference.
    let this = unsafe { header.as_ref() };
    if entry == Entry::Popped && this.state.is_sole_owner() {
        // SAFETY: with no handle the outcome is ours, and nobody else knows the cell.
        unsafe {
            drop_outcome(header);
            free(header);
        }
        return;
    }
    match this.state.complete() {
        Completed::Joined => {}
        // SAFETY: `Detached` gives us the outcome (rule 3).
        Completed::Detached => unsafe { drop_outcome(header) },
        Completed::JoinedWithWaker => {
            // SAFETY: rule 4.
            let waker = this.join_waker.with_mut(|waker| unsafe { (*waker).take() });
            if let Some(waker) = waker {
                wake(waker);
            }
        }
    }
    if entry == Entry::Popped {
        // SAFETY: the task's own reference is the runner's, and the task is complete (rule 1).
        unsafe { drop_reference(header) };
    }
}

/// # Safety
///
/// The caller's transition answered `Submit`.
unsafe fn schedule<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the task has not completed (rule 1), and cannot before this entry is run.
    let scheduler = NonNull::from(&unsafe { cell::<F, S>(header) }.scheduler);
    // SAFETY: it is in the cell.
    unsafe { S::schedule(scheduler, Task(header)) };
}

/// # Safety
///
/// See [`take_outcome`].
unsafe fn take_outcome_of<F: Future, S>(header: NonNull<Header>, to: *mut ()) {
    // SAFETY: by the caller's reference.
    let stage = &unsafe { cell::<F, S>(header) }.stage;
    // SAFETY: the outcome is the caller's.
    let outcome = stage.with_mut(|stage| unsafe { mem::replace(&mut *stage, Stage::Gone) });
    let Stage::Outcome(outcome) = outcome else {
        panic!("a `JoinHandle` was polled again after it had returned the task's outcome")
    };
    // SAFETY: the caller gives a place of this type.
    unsafe { *to.cast::<Poll<Result<F::Output, JoinError>>>() = Poll::Ready(outcome) };
}

/// # Safety
///
/// See [`drop_outcome`].
unsafe fn drop_outcome_of<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: by the caller's reference.
    let cell = unsafe { cell::<F, S>(header) };
    // SAFETY: the outcome is the caller's.
    let stage = cell
        .stage
        .with_mut(|stage| unsafe { mem::replace(&mut *stage, Stage::Gone) });
    match stage {
        // A failure that nobody will see: the task's handle is gone.
        Stage::Outcome(Err(error)) => {
            if let Some(payload) = error.into_payload() {
                let header = &cell.header;
                let failure = TaskFailure::unobserved(header.identity(), payload);
                cell.scheduler.failures().tell(failure);
            }
        }
        Stage::Outcome(outcome) => drop_guarded(cell, outcome),
        _ => {}
    }
}

/// # Safety
///
/// See [`free`].
unsafe fn free_of<F: Future, S>(header: NonNull<Header>) {
    // SAFETY: it came from `Box::leak` in `new`, and nobody knows it any more.
    let mut cell = unsafe { Box::from_raw(header.cast::<Cell<F, S>>().as_ptr()) };
    cell.header.origin.drop_details();
    // All that can still have a destructor of others' is the join waker.
    if let Err(payload) = catch(|| drop(cell)) {
        report_panic(format_args!("a destructor in a task's cell"), &payload);
    }
}

/// Drops what is somebody else's: an output, say.
fn drop_guarded<F: Future, S: Schedule, T>(cell: &Cell<F, S>, value: T) {
    if let Err(payload) = catch(|| drop(value)) {
        tell_of_destructor(&cell.header, &cell.scheduler, payload);
    }
}

#[cold]
fn tell_of_destructor<S: Schedule>(header: &Header, scheduler: &S, payload: Payload) {
    let failure = TaskFailure::of_destructor(header.identity(), payload);
    scheduler.failures().tell(failure);
}

// SAFETY: tasks are pinned in their cells; the links are in the header, and are touched under the list's lock only (rule 6). The list holds no
// reference: the handle type is the bare pointer.
unsafe impl Linked<Links<Header>> for Header {
    type Handle = NonNull<Header>;

    fn into_ptr(handle: Self::Handle) -> NonNull<Self> {
        handle
    }

    unsafe fn from_ptr(ptr: NonNull<Self>) -> Self::Handle {
        ptr
    }

    unsafe fn links(ptr: NonNull<Self>) -> NonNull<Links<Header>> {
        // SAFETY: a linked task lives (rule 6); the projection makes no reference.
        unsafe { NonNull::new_unchecked(&raw mut (*ptr.as_ptr()).links) }
    }
}
