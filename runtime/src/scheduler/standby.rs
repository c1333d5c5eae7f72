//! Standby workers: who runs tasks while others are held up, and what a worker does that says so itself.
//!
//! Comes in: the sentinel's decisions. Goes out: workers like any other, but that they have no wheel and no list of their own, and use the shared ones: so what they leave
//! behind when they are dismissed is what is in their hands, which goes to the injector.

#![forbid(unsafe_code)]

use super::worker::Worker;
use super::{Scheduler, current, sentinel};
use crate::loom::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::Arc;

/// With the sentinel's other workers, or at home.
const OFF: u32 = 0;
const ON: u32 = 1;
const DISMISSED: u32 = 2;

/// Which standbys are on duty, and how one is called.
pub(super) struct Duties {
    standbys: Box<[AtomicU32]>,
    call: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Duties {
    pub(super) fn new(standbys: usize, call: Option<Box<dyn Fn() + Send + Sync>>) -> Self {
        Self {
            standbys: (0..standbys).map(|_| AtomicU32::new(OFF)).collect(),
            call,
        }
    }
}

impl Scheduler {
    /// One more standby than there have been. `None`: there are as many as may be. Called by the sentinel only.
    pub(crate) fn make_standby(self: &Arc<Self>) -> Option<Worker> {
        let (index, queue) = self.remotes.make_standby()?;
        Some(Worker::new(self.clone(), index, queue))
    }

    /// Has a standby started.
    pub(super) fn call_standby(&self) {
        if let Some(call) = &self.duties.call {
            call();
        }
    }

    pub(super) fn has_standbys(&self) -> bool {
        self.idle.members() > self.remotes.workers()
    }

    /// Has a standby that isn't held up go home.
    pub(super) fn dismiss_one(&self, is_held_up: impl Fn(usize) -> bool) {
        let workers = self.remotes.workers();
        let on_duty = |&standby: &usize| {
            self.duties.standbys[standby].load(Relaxed) == ON && !is_held_up(workers + standby)
        };
        if let Some(standby) = (0..self.duties.standbys.len()).rev().find(on_duty) {
            // Release: whoever sees it, by its summons, is dismissed.
            self.duties.standbys[standby].store(DISMISSED, Release);
            self.summon(workers + standby);
        }
    }
}

impl Worker {
    /// A standby is called: it counts from now on, before its thread has come.
    pub(crate) fn join(&self) {
        self.duty().store(ON, Release);
        self.scheduler.idle.join();
    }

    /// Runs tasks on this thread until it is dismissed, or the runtime shuts down, and goes home.
    pub(crate) fn stand_in(&self) {
        if self.scheduler.closing.is_closed_to_newcomer() {
            return;
        }
        self.run(|| self.scheduler.is_closed() || self.is_dismissed());
        if !self.scheduler.is_closed() {
            self.leave();
        }
    }

    /// Whether it shall go home.
    fn is_dismissed(&self) -> bool {
        self.duty().load(Acquire) == DISMISSED
    }

    /// Goes home: what is in its hands is for the others.
    pub(crate) fn leave(&self) {
        while let Some(task) = self.remote().slot.take().or_else(|| self.queue.pop()) {
            self.spill(task);
        }
        self.announce();
        self.remote().shown.sleeps();
        self.answer_summons();
        self.duty().store(OFF, Release);
        self.scheduler.idle.leave();
    }

    fn duty(&self) -> &AtomicU32 {
        &self.scheduler.duties.standbys[self.index - self.scheduler.remotes.workers()]
    }

    /// Its poll says that it is going to block: the others take over at once what waits behind it.
    fn is_going_to_block(&self) {
        while let Some(task) = self.remote().slot.take().or_else(|| self.queue.pop()) {
            self.spill(task);
        }
        self.remote().shown.blocks();
        self.announce();
        // Who keeps watch looks at the reactor and the timers, or calls a standby.
        self.scheduler.rouse_watcher();
        sentinel::ring();
    }
}

/// Runs `f`, which blocks, on this thread, which is nobody's worker meanwhile: see [`block_in_place`](crate::task::block_in_place).
pub(crate) fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    /// It moves again, also after a panic.
    struct Back<'a>(&'a Worker);

    impl Drop for Back<'_> {
        fn drop(&mut self) {
            self.0.tick();
        }
    }

    current::with(|worker| {
        let Some(worker) = worker else { return f() };
        worker.is_going_to_block();
        let _back = Back(worker);
        let _timers = worker.scheduler.timers().enter(None);
        current::leave(f)
    })
}
