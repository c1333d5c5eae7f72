//! Clean-ups: what is left to do when a guard of [`on_cancel`](super::on_cancel) is dropped, and who does it.
//!
//! Comes in: a clean-up, from the destructor of its guard, through the [frame](Frame) that this is dropped in; its polls, from the runner of the task or of the future in
//! `block_on`. Goes out: that all are over. Called by these runners, by the guards, and by whoever drops a future and waits for what that leaves ([`drop_with`]).
//!
//! What is dropped in one poll, or with the body of a task, is one [`Line`]: the clean-ups in it run one after the other, the one that was registered last first. Lines of different polls go
//! on side by side, and beside the body: each belongs to another part of it (a loser of a `select!`, say), and a clean-up that waits for something that another part does must not keep
//! this from being done. A clean-up is such a body itself: what is dropped in it has to end before the next in its line begins.

#![forbid(unsafe_code)]

use super::Id;
use super::frame::{self, Frame};
use super::trace::{self, Traced};
use crate::failure::{Payload, catch, report, report_panic};
use heist_sync::coop::{self, Budget};
use heist_sync::oneshot;
use std::future::Future;
use std::mem;
use std::panic::{self, Location};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

/// When a guard was registered, and where, if a user has.
#[derive(Clone, Copy)]
pub(crate) struct Registered {
    number: u64,
    place: Option<&'static Location<'static>>,
}

impl Registered {
    /// By a user, who learns of it if the clean-up is lost.
    pub(crate) fn at(place: &'static Location<'static>) -> Self {
        Self {
            place: Some(place),
            ..Self::silently()
        }
    }

    /// By heist, for what is no loss when the runtime has shut down.
    pub(crate) fn silently() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: what one task registers comes in its order.
        let number = NEXT.fetch_add(1, Relaxed);
        let place = None;
        Self { number, place }
    }
}

/// What a frame is left with, in the order in which it was dropped.
#[derive(Default)]
pub(super) struct Batch(Vec<Dropped>);

impl Batch {
    pub(super) fn push(&mut self, dropped: Dropped) {
        self.0.push(dropped);
    }
}

pub(super) enum Dropped {
    One(CleanUp),
    Line(Line),
}

/// One that has not begun, or goes on.
pub(super) struct CleanUp {
    registered: Registered,
    /// Until it is over.
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// What was dropped in it.
    own: CleanUps,
}

/// Several, one after the other.
pub(super) struct Line {
    /// The next one is the last.
    left: Vec<CleanUp>,
    /// Dropped when all are over.
    over: Option<oneshot::Sender<()>>,
}

/// All that a task is left with.
#[derive(Default)]
pub(super) struct CleanUps {
    lines: Vec<Line>,
}

/// One poll of a task's clean-ups.
pub(super) struct Turn<'a, 'b> {
    id: Option<Id>,
    waker: *const (),
    context: &'a mut Context<'b>,
    /// Whether any of them has yielded.
    pub(super) yielded: bool,
    /// What those have panicked with that are over for that reason.
    pub(super) panics: Vec<Payload>,
}

impl<'a, 'b> Turn<'a, 'b> {
    /// Of a task, polled with a waker of this data.
    pub(super) fn new(id: Option<Id>, waker: *const (), context: &'a mut Context<'b>) -> Self {
        Self {
            id,
            waker,
            context,
            yielded: false,
            panics: Vec::new(),
        }
    }
}

impl CleanUps {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes over what a frame was left with. It is to be polled then.
    pub(super) fn add(&mut self, batch: Batch) {
        let mut line = Line {
            left: Vec::new(),
            over: None,
        };
        for dropped in batch.0 {
            match dropped {
                Dropped::One(one) => line.left.push(one),
                Dropped::Line(line) => self.lines.push(line),
            }
        }
        if !line.left.is_empty() {
            line.left.sort_by_key(|one| one.registered.number);
            self.lines.push(line);
        }
    }

    /// Takes out what its line consists of, if there is but one, and nobody waits for the end of that.
    fn take_only(&mut self) -> Option<Vec<CleanUp>> {
        let [Line { over: None, .. }] = self.lines[..] else {
            return None;
        };
        self.lines.pop().map(|line| line.left)
    }

    /// Polls the first of each line.
    pub(super) fn poll(&mut self, turn: &mut Turn<'_, '_>) {
        self.lines.retain_mut(|line| line.poll(turn).is_pending());
    }
}

impl Line {
    fn poll(&mut self, turn: &mut Turn<'_, '_>) -> Poll<()> {
        while let Some(first) = self.left.last_mut() {
            if first.future.is_some() {
                ready!(first.poll(turn));
            } else if let Some(next) = first.own.take_only() {
                // Each may leave the next as it ends, for ever: they don't pile up one in the other.
                self.left.pop();
                self.left.extend(next);
            } else {
                first.own.poll(turn);
                if !first.own.is_empty() {
                    return Poll::Pending;
                }
                self.left.pop();
            }
        }
        // Wakes who waits for it, which is others' code.
        let over = self.over.take();
        if let Err(payload) = catch(|| drop(over)) {
            turn.panics.push(payload);
        }
        Poll::Ready(())
    }
}

impl CleanUp {
    /// Polls what was dropped in it so far, and its future. Ready: this is over, and what is dropped in it, if anything is, has yet to be polled.
    fn poll(&mut self, turn: &mut Turn<'_, '_>) -> Poll<()> {
        self.own.poll(turn);
        let frame = Frame::of_clean_up(turn.id, turn.waker);
        frame.run(|| self.poll_future(turn));
        turn.yielded |= frame.has_yielded();
        let is_over = self.future.is_none();
        match frame.take_dropped() {
            None if is_over && self.own.is_empty() => return Poll::Ready(()),
            None => {}
            Some(dropped) => {
                self.own.add(*dropped);
                if is_over {
                    return Poll::Ready(());
                }
                self.own.poll(turn);
            }
        }
        Poll::Pending
    }

    /// Polls the future, and drops it if it is over.
    fn poll_future(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(future) = &mut self.future else {
            return;
        };
        // Each has a budget of its own: neither the others nor the body go without.
        let mut poll = || future.as_mut().poll(turn.context);
        match catch(|| coop::with_budget(Budget::DEFAULT, &mut poll)) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(())) => {}
            Err(payload) => turn.panics.push(payload),
        }
        let over = self.future.take();
        if let Err(payload) = catch(|| drop(over)) {
            turn.panics.push(payload);
        }
    }
}

/// One that is dropped before it is over never will be: nobody is left who could poll it.
impl Drop for CleanUp {
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        report_lost(self.registered);
        if let Err(payload) = catch(|| drop(future)) {
            report_panic(format_args!("the destructor of a clean-up"), &payload);
        }
    }
}

/// Says on standard error that a clean-up is lost.
#[cold]
fn report_lost(registered: Registered) {
    // Models have it happen millions of times.
    if cfg!(test) {
        return;
    }
    if let Some(place) = registered.place {
        report(format_args!(
            "the clean-up registered at {place} did not run to its end: the runtime that it was to run on has shut down, or there was none"
        ));
    }
}

/// A clean-up that waits for its guard to be dropped.
pub(crate) struct Guard<F: Future<Output = ()> + Send + 'static> {
    registered: Registered,
    /// Until it is disarmed.
    future: Option<Traced<F>>,
}

impl<F: Future<Output = ()> + Send + 'static> Guard<F> {
    pub(crate) fn new(registered: Registered, future: F) -> Self {
        Self {
            registered,
            future: Some(trace::here(future)),
        }
    }

    pub(crate) fn disarm(mut self) -> F {
        trace::out_of(self.future.take().expect("it is disarmed once"))
    }
}

/// Leaves the clean-up to the task that this thread runs, if it [keeps](is_kept) clean-ups. Otherwise it is lost.
impl<F: Future<Output = ()> + Send + 'static> Drop for Guard<F> {
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        let registered = self.registered;
        let boxed = || CleanUp {
            registered,
            future: Some(Box::pin(future)),
            own: CleanUps::default(),
        };
        if !frame::leave(|| Dropped::One(boxed())) {
            report_lost(registered);
        }
    }
}

/// Whether clean-ups are run that are left here.
pub(crate) fn is_kept() -> bool {
    frame::keeps()
}

/// What something that was dropped has left, running in the task: ready when that is over.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Leftovers {
    /// Until it is.
    end: Option<oneshot::Receiver<()>>,
}

impl Future for Leftovers {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(end) = &mut self.end {
            // Nothing is sent: the sender is dropped.
            let _ = ready!(Pin::new(end).poll(cx));
        }
        self.end = None;
        Poll::Ready(())
    }
}

/// Who waits for it is dropped in turn: whoever waits for what *that* leaves waits for this as well.
impl Drop for Leftovers {
    fn drop(&mut self) {
        let Some(end) = self.end.take() else {
            return;
        };
        let wait = async {
            let _ = end.await;
        };
        // If nobody keeps it, nobody waits.
        drop(Guard::new(Registered::silently(), wait));
    }
}

/// Drops something. `Some`: it has left clean-ups to the task that this thread runs.
pub(crate) fn drop_with(drop: impl FnOnce()) -> Option<Leftovers> {
    if !frame::keeps() {
        drop();
        return None;
    }
    let frame = Frame::within();
    let dropped = frame.run(|| catch(drop));
    let mut all = CleanUps::default();
    if let Some(dropped) = frame.take_dropped() {
        all.add(*dropped);
    }
    let mut leftovers = None;
    for mut line in mem::take(&mut all.lines) {
        if line.over.is_none() {
            let (over, ended) = oneshot::channel();
            line.over = Some(over);
            leftovers = Some(Leftovers { end: Some(ended) });
        }
        let left = frame::leave(|| Dropped::Line(line));
        debug_assert!(left, "the frame has just said that it keeps it");
    }
    if let Err(payload) = dropped {
        panic::resume_unwind(payload.into_inner());
    }
    leftovers
}
