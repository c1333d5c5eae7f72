//! What the runner of a task does with the clean-ups that it is left with: all but rarely nothing.
//!
//! Comes in: what a frame has left; the runner's turn. Goes out: polls of the clean-ups, their panics, and that none is left. Called by the cell's `run` and what follows it. "Rule n" means
//! the contract in `task/mod.rs`.

use super::{Cell, Entry, Header, Schedule, Stage, complete, drop_guarded, suspend};
use crate::failure::Payload;
use crate::task::clean_up::{Batch, Turn};
use crate::task::{JoinError, TaskFailure};
use std::future::Future;
use std::mem;
use std::ptr::NonNull;
use std::task::Context;

/// The future is gone. If clean-ups are left the task waits for them: true, the entry is the caller's again.
///
/// # Safety
///
/// The caller is the runner, and is it no more; the outcome is stored.
#[cold]
pub(super) unsafe fn suspend_or_complete<F: Future, S: Schedule>(
    header: NonNull<Header>,
    yielded: bool,
) -> bool {
    // SAFETY: we are the runner, which stands for a reference.
    if unsafe { has_clean_ups(header.as_ref()) } {
        // SAFETY: likewise.
        return unsafe { suspend::<F, S>(header, yielded) };
    }
    // SAFETY: likewise; the outcome is stored.
    unsafe { complete::<F, S>(header, Entry::Popped) };
    false
}

/// # Safety
///
/// The caller is the runner.
#[inline]
pub(super) unsafe fn has_clean_ups(header: &Header) -> bool {
    let details = header.origin.known_details();
    // SAFETY: they are the runner's (rule 3).
    details.is_some_and(|details| unsafe { details.clean_ups.with(|left| !left.is_empty()) })
}

/// # Safety
///
/// The caller is the runner.
#[cold]
pub(super) unsafe fn add_clean_ups(header: &Header, dropped: Box<Batch>) {
    let details = header.origin.details();
    // SAFETY: they are the runner's (rule 3).
    unsafe { details.clean_ups.with(|left| left.add(*dropped)) };
}

/// Polls the clean-ups. True: one has yielded.
///
/// # Safety
///
/// The caller is the runner.
#[cold]
pub(super) unsafe fn clean_up<F: Future, S: Schedule>(
    cell: &Cell<F, S>,
    context: &mut Context<'_>,
) -> bool {
    let details = cell.header.origin.details();
    let waker = context.waker().data();
    let mut turn = Turn::new(Some(cell.header.id), waker, context);
    // SAFETY: they are the runner's (rule 3), and what is polled has no way to them.
    unsafe { details.clean_ups.with(|left| left.poll(&mut turn)) };
    let Turn {
        yielded, panics, ..
    } = turn;
    for payload in panics {
        clean_up_panicked(cell, payload);
    }
    yielded
}

/// A panic of a clean-up is the task's outcome, if the future is gone and has not panicked itself; else nobody can receive it.
fn clean_up_panicked<F: Future, S: Schedule>(cell: &Cell<F, S>, payload: Payload) {
    cell.scheduler.panicked(&cell.header);
    let (spare, payload) = cell.stage.with_mut(|stage| {
        // SAFETY: the stage is the runner's (rule 3).
        match unsafe { &mut *stage } {
            Stage::Outcome(outcome) if !outcome.as_ref().is_err_and(JoinError::is_panic) => {
                let panic = Err(JoinError::panic(cell.header.identity(), payload));
                (Some(mem::replace(outcome, panic)), None)
            }
            _ => (None, Some(payload)),
        }
    });
    drop_guarded(cell, spare);
    if let Some(payload) = payload {
        let failure = TaskFailure::of_clean_up(cell.header.identity(), payload);
        cell.scheduler.failures().tell(failure);
    }
}

/// Drops the clean-ups: nobody will poll them any more.
///
/// # Safety
///
/// The caller is the runner.
#[cold]
pub(super) unsafe fn lose_clean_ups(header: &Header) {
    // SAFETY: they are the runner's (rule 3).
    let left = unsafe { header.origin.details().clean_ups.with(mem::take) };
    drop(left);
}
