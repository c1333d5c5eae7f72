//! Tasks: spawned, awaited, aborted.
//!
//! A task is a future that a runtime runs beside others, once [`heist::spawn`](fn@crate::spawn) has given it one. It costs one allocation. It runs until its
//! future is done, it panics or it is aborted; who holds its [`JoinHandle`] learns which.
//!
//! | asyncio | here |
//! | --- | --- |
//! | `asyncio.Task`, `await task` | [`JoinHandle`], awaited |
//! | `task.cancel()` | [`JoinHandle::abort`], [`AbortHandle::abort`] |
//! | `task.done()` | [`JoinHandle::is_finished`] |
//! | `CancelledError`, `task.exception()` | [`JoinError`] |
//! | "Task exception was never retrieved" | [`TaskFailure`] |
//! | `asyncio.current_task()` | [`id`](fn@id), [`try_id`] |
//! | `create_task(…, name=…)` | [`Builder::name`] |
//! | `asyncio.all_tasks()` | [`Handle::tasks`](crate::runtime::Handle::tasks) |
//! | `await asyncio.sleep(0)` | [`yield_now`](fn@yield_now) |
//! | `asyncio.TaskGroup`, `ExceptionGroup` | [`TaskGroup`], [`GroupError`] |
//! | `asyncio.wait`, sets of tasks | [`JoinSet`] |
//! | `except CancelledError: … raise` | [`on_cancel`](fn@on_cancel) |
//! | `asyncio.shield` | [`shield`](fn@shield) |
//!
//! # Cancellation
//!
//! Aborting a task drops its future at its next suspension, that is, where it awaits something that isn't ready; the handle resolves when the future is gone, not
//! before. What a future holds is released by its destructors.
//!
//! What has to be awaited to clean up is registered with [`on_cancel`]; it runs when its guard is dropped, as part of the task, and the handle resolves after it. The same goes for
//! whatever else drops a future: [`timeout`](crate::time::timeout), which returns when nothing of its loser is left, `select!`, a [`TaskGroup`]. Another abort doesn't interrupt a
//! clean-up. The shutdown does, when its time is up.
//!
//! # Tasks that belong together
//!
//! - [`TaskGroup`]: all succeed or none goes on; no task outlives the group.
//! - [`JoinSet`]: many tasks of one type, awaited in the order in which they end, and aborted with the set.
//! - [`shield`]: the opposite, a future that goes on when who awaits it is cancelled.
//!
//! # Yielding
//!
//! A task that never waits keeps its worker: see [`coop`] for the budget that makes heist's own operations wait now and then, and
//! [`yield_now`](fn@yield_now) for loops that use none.

// # The contract of the task cell
//
// A task is one heap allocation, a [`cell::Cell`]: a [`Header`] of fixed layout, then the scheduler's reference and the stage (the future, then
// in its place the outcome). Five kinds of pointers lead to it; all are the same address:
//
// | kind | type | how many | its reference |
// | --- | --- | --- | --- |
// | queue entry | [`Task`] | at most one | none of its own: it stands for the task's own reference |
// | runner | the thread inside [`Task::run`] or [`Task::cancel`], or in the shutdown's hands | at most one | likewise |
// | waker | [`std::task::Waker`] | any | one each |
// | handle | [`JoinHandle`], at most one; [`AbortHandle`], any | | one each |
// | list | [`OwnedTasks`] | at most one | none: the runner unlinks the task before it completes |
//
// Who may touch what, and when. SAFETY comments cite these rules by number.
//
// 1. **The cell lives** while the count in the state word is above zero. The task's own reference is given up after
//    completion only, so a task that has not completed lives.
// 2. **The state word, the id, the origin, the birth, the trace, the shard and the vtable** may be read by anyone who has a pointer that rule 1 covers. All but the
//    state word, the origin and the shard are written before the pointer is shared; the shard before the task is linked. The origin's details are made at the spawn or by the
//    runner, once at most, and stay until the cell goes.
// 3. **The stage, and the clean-ups in the origin's details,** belong to the runner: who got `Poll` or `Cancel` from `start_poll`, or `Some` from `take`, until it calls `complete` or
//    `finish_poll`. After `complete` there are no clean-ups, and the stage belongs to the handle if that answered `Joined…`, to the runner if it answered `Detached`;
//    a handle that gets `Detach::Complete` may drop the outcome, for it never gave it to anybody.
// 4. **The join waker's cell** belongs to the handle, but while `JOIN_WAKER` is set to nobody, and once the task is complete with the bit set to the runner.
//    Whoever frees the cell drops what is left in it.
// 5. **The queue link** belongs to the holder of the queue entry.
// 6. **The list links** are touched under the lock of the task's shard only. A linked task has not completed: whoever finds it there under the lock may
//    take a reference.
// 7. **The pin**: the future is never moved out of its stage; it is dropped in place.
// 8. **Threads**: the last reference may be dropped on any thread. What drops there are the join waker and the scheduler's reference; the stage is empty by then. The future and the
//    output are `Send`; or ([`new_local`]) the queue entry never leaves their thread, and the handle doesn't unless the output is `Send`.
//
// The transitions of the state word are in `state.rs`, with their diagram.

mod abort;
mod cell;
mod clean_up;
mod error;
mod failure;
mod frame;
mod id;
mod identity;
mod info;
mod join;
mod list;
mod local;
mod origin;
mod root;
mod state;
mod trace;
mod waker;
mod yield_now;

#[cfg(test)]
mod models;

#[doc(inline)]
pub use crate::local_set::{LocalEnterGuard, LocalSet, RunUntil, spawn_local};
#[doc(inline)]
pub use crate::spawn::{Builder, block_in_place, spawn, spawn_blocking};
#[doc(inline)]
pub use crate::structured::{
    GroupError, GroupHandle, JoinSet, Member, MemberError, OnCancel, Shield, TaskGroup, on_cancel,
    shield,
};
pub use abort::AbortHandle;
pub use error::JoinError;
pub use failure::TaskFailure;
#[doc(inline)]
pub use heist_sync::coop::{self, consume_budget, unconstrained};
pub use id::{Id, id, try_id};
pub use info::{TaskInfo, TaskKind, TaskState};
pub use join::JoinHandle;
pub use local::{AccessError, LocalKey, TaskLocalFuture};
pub use yield_now::{YieldNow, yield_now};

pub(crate) use cell::{Header, Schedule, Task, new, new_local};
pub(crate) use clean_up::{Guard, Leftovers, Registered, drop_with, is_kept};
pub(crate) use failure::FailurePolicy;
pub(crate) use frame::is_cleaning_up;
pub(crate) use id::IdBlock;
pub(crate) use identity::Identity;
pub(crate) use list::OwnedTasks;
#[cfg(test)]
pub(crate) use models::Line;
pub(crate) use origin::Spawn;
pub(crate) use root::Root;
pub(crate) use trace::root as traced_root;
