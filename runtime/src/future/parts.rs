//! Any number of futures in one task, in turns.
//!
//! Comes in: the futures; a poll of the whole. Goes out: polls of those that were woken, and what they end with. Called by [`gather`](mod@super::gather) and
//! [`as_completed`](mod@super::as_completed).
//!
//! Each future has a waker of its own, which puts it in a line ([`woken`](super::woken)); a poll of the whole polls those in the line one after the other, each once
//! at most, for as long as the task's budget lasts. So one that spends the whole budget goes behind the others, and has no turn again before they had one.

use super::woken::Woken;
use heist_sync::coop;
use std::mem;
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// See the module.
pub(super) struct Parts<P> {
    parts: Vec<Part<P>>,
    /// How many are not done.
    left: usize,
    woken: Arc<Woken>,
}

struct Part<P> {
    /// Until its output has been handed out.
    future: Option<Pin<Box<P>>>,
    /// Until it is done.
    waker: Option<Waker>,
}

impl<P> Parts<P> {
    pub(super) fn new(futures: impl Iterator<Item = P>) -> Self {
        let futures: Vec<_> = futures.map(Box::pin).collect();
        let left = futures.len();
        let woken = Woken::new(left);
        let part = |(number, future)| Part {
            future: Some(future),
            waker: Some(woken.waker(number)),
        };
        Self {
            parts: futures.into_iter().enumerate().map(part).collect(),
            left,
            woken,
        }
    }

    /// How many are not done.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Gives those that were woken their turn. A future is done when `poll` is ready: with `Continue` it keeps its output in its place; with `Break` it is dropped, and
    /// ends the turn of the whole, whoever waits in the line still. `Continue`: all are done.
    pub(super) fn poll<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(Pin<&mut P>, &mut Context<'_>) -> Poll<ControlFlow<B>>,
    ) -> Poll<ControlFlow<B>> {
        // One that is woken from now on wakes the task again, and waits for the next poll.
        for _ in 0..self.woken.await_next(cx.waker()) {
            if coop::poll_budget_available(cx).is_pending() {
                // Those that are left begin with the next budget.
                break;
            }
            let Some(number) = self.woken.next() else {
                break;
            };
            // One that is done may be woken still.
            let Some(Part {
                future: Some(future),
                waker: Some(waker),
            }) = self.parts.get_mut(number)
            else {
                continue;
            };
            let Poll::Ready(done) = poll(future.as_mut(), &mut Context::from_waker(waker)) else {
                continue;
            };
            self.left -= 1;
            self.parts[number].waker = None;
            if let Break(output) = done {
                self.parts[number].future = None;
                return Poll::Ready(Break(output));
            }
        }
        if self.left == 0 {
            Poll::Ready(Continue(()))
        } else {
            Poll::Pending
        }
    }

    /// Drops all that are left.
    pub(super) fn clear(&mut self) {
        self.left = 0;
        self.parts.clear();
    }

    /// The outputs, when all are done.
    pub(super) fn outputs<T>(&mut self, output: impl Fn(Pin<&mut P>) -> Option<T>) -> Vec<T> {
        let take = |part: Part<P>| {
            let mut future = part.future?;
            output(future.as_mut())
        };
        let take = |part| take(part).expect("it is done, and was not taken");
        mem::take(&mut self.parts).into_iter().map(take).collect()
    }
}

/// A future's waker may be kept by others, for longer than the task.
impl<P> Drop for Parts<P> {
    fn drop(&mut self) {
        self.woken.forget_task();
    }
}
