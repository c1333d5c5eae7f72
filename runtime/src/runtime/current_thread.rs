//! The current-thread flavour: the one worker is run by whoever is in `block_on`. If several threads are, one runs it, and the others wait for their futures;
//! when it leaves, the next one takes the worker over. When the runtime shuts down, whoever runs the worker ends it after the poll that it is in, and goes on with
//! its future alone.

#![forbid(unsafe_code)]

use super::Handle;
use super::multi_thread::{ThreadWaker, Waiting};
use super::unhandled_panic::Failed;
use crate::scheduler::{Look, Scheduler, Worker};
use heist_sync::coop::{self, Budget};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The worker, between two uses, and who wants it.
pub(super) struct Core {
    scheduler: Arc<Scheduler>,
    /// Wakes the future in `block_on` of the thread that runs the worker.
    waker: Waker,
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    worker: Option<Box<Worker>>,
    /// The worker has ended.
    ended: bool,
    waiting: Vec<Arc<ThreadWaker>>,
}

impl Core {
    pub(super) fn new(scheduler: Arc<Scheduler>, worker: Worker) -> Self {
        Self {
            waker: Waker::from(Arc::new(RootWaker(scheduler.clone()))),
            scheduler,
            state: Mutex::new(State {
                worker: Some(Box::new(worker)),
                ended: false,
                waiting: Vec::new(),
            }),
            ended: Condvar::new(),
        }
    }

    /// Once the scheduler is closed: ends the worker. If it is in use, whoever uses it does that; waits for it, so long at most. True: it has ended.
    pub(super) fn retire(&self, timeout: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        if let Some(worker) = state.worker.take() {
            drop(state);
            self.end(worker);
            return true;
        }
        let in_use = |state: &mut State| !state.ended;
        match timeout {
            None => self.ended.wait_while(&mut state, in_use),
            Some(timeout) => {
                let waited = self.ended.wait_while_for(&mut state, in_use, timeout);
                if waited.timed_out() {
                    return false;
                }
            }
        }
        true
    }

    /// Cancels what is left in the worker's hands, and closes the drivers, which nobody turns any more: whoever waits for them still, on another thread, learns
    /// of it.
    fn end(&self, worker: Box<Worker>) {
        drop(worker);
        self.scheduler.close_drivers();
        self.state.lock().ended = true;
        self.ended.notify_all();
    }

    /// The thread waits in the line no more. If the worker is free, the next one is called.
    fn leave_line(&self, thread: &Arc<ThreadWaker>) {
        let mut state = self.state.lock();
        state
            .waiting
            .retain(|waiting| !Arc::ptr_eq(waiting, thread));
        Self::call_next(state);
    }

    /// The thread wants the worker no more. The next one is called; but once the scheduler is closed, the worker ends here.
    fn give_back(&self, worker: Box<Worker>) {
        let mut state = self.state.lock();
        // Under the lock: the shutdown closes, and then looks here.
        if self.scheduler.is_closed() {
            drop(state);
            self.end(worker);
            return;
        }
        state.worker = Some(worker);
        Self::call_next(state);
    }

    fn call_next(state: MutexGuard<'_, State>) {
        let next = if state.worker.is_some() {
            state.waiting.first().cloned()
        } else {
            None
        };
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

/// See [`Core::waker`].
struct RootWaker(Arc<Scheduler>);

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.summon(0);
    }
}

/// The worker in use: goes back, also when the future panics.
struct InUse<'a> {
    core: &'a Core,
    worker: Option<Box<Worker>>,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.core.give_back(worker);
        }
    }
}

/// Where a thread queues for the worker.
struct Queued<'a> {
    core: &'a Core,
    thread: Waiting,
    /// It is in the line.
    waits: bool,
}

impl<'a> Queued<'a> {
    /// Takes the worker, or queues up for it.
    fn take(&mut self) -> Option<InUse<'a>> {
        let core = self.core;
        let mut state = core.state.lock();
        if std::mem::take(&mut self.waits) {
            state
                .waiting
                .retain(|waiting| !Arc::ptr_eq(waiting, self.thread.thread()));
        }
        if state.worker.is_none() {
            state.waiting.push(self.thread.thread().clone());
            self.waits = true;
        }
        let worker = state.worker.take()?;
        Some(InUse {
            core,
            worker: Some(worker),
        })
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.core.leave_line(self.thread.thread());
        }
    }
}

pub(super) fn block_on(
    handle: &Handle,
    core: &Core,
    mut future: Pin<&mut dyn Future<Output = ()>>,
) -> Result<(), Failed> {
    let mut queued = Queued {
        core,
        thread: ThreadWaker::wait(),
        waits: false,
    };
    loop {
        if !handle.scheduler().is_closed()
            && let Some(worker) = queued.take()
            && run(&worker, future.as_mut())
        {
            return Ok(());
        }
        if let Some(failed) = handle.failed() {
            handle.end_if_failed();
            return Err(failed);
        }
        let waker = queued.thread.waker();
        if poll(future.as_mut(), &waker).is_ready() {
            return Ok(());
        }
        queued.thread.park();
    }
}

/// Runs the worker until the future is done, or the runtime is shut down. True: it is done.
fn run(in_use: &InUse<'_>, mut future: Pin<&mut dyn Future<Output = ()>>) -> bool {
    let core = in_use.core;
    let worker = in_use
        .worker
        .as_ref()
        .expect("it is given back by the destructor");
    let mut done = false;
    worker.begin_with_root();
    worker.run(|| match worker.look_between_polls() {
        Look::Closed => true,
        Look::TurnOfRoot => {
            done = poll(future.as_mut(), &core.waker).is_ready();
            done
        }
        Look::Nothing => false,
    });
    done
}

fn poll(future: Pin<&mut dyn Future<Output = ()>>, waker: &Waker) -> Poll<()> {
    coop::with_budget(Budget::DEFAULT, || {
        future.poll(&mut Context::from_waker(waker))
    })
}
