//! A future that is nobody's task: whoever wakes it polls it, there and then.
//!
//! A small future of the runtime's own comes in, which waits for a descriptor or a channel and then does something that takes no time: it hands a signal on, or
//! reaps a child that nobody waits for. It is polled by the thread that calls its waker, mostly in a turn of the reactor: it needs no worker, shows in no list
//! and no count, and ends with what it waits for. Called by `signal` and `process`; knows of the rest of the crate only how a panic is reported.
//!
//! # Why no wake is lost
//!
//! The wakes since the poll began are counted. Who counts the first polls; anybody else, another thread or the poll itself, is done. Who polls takes the count
//! back to zero only if it is still as it was before that poll, and polls again if not. So polls never overlap, and one begins after each wake.
#![forbid(unsafe_code)]

use crate::failure;
use crate::loom::Mutex;
use crate::loom::atomic::AtomicUsize;
use heist_sync::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Wake, Waker};

/// See the head of the module.
pub(crate) struct Errand {
    /// Wakes since the poll that goes on has begun, that one's own included; zero if none does.
    wakes: AtomicUsize,
    /// Locked by who polls, and so never waited for. Gone when it has ended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Errand {
    /// Polls the future, and keeps it as long as something keeps its waker.
    pub(crate) fn start(future: impl Future<Output = ()> + Send + 'static) {
        // Polled in the middle of any task, it must not spend that one's budget, or wait for it.
        let future = coop::unconstrained(future);
        let errand = Self {
            wakes: AtomicUsize::new(0),
            future: Mutex::new(Some(Box::pin(future))),
        };
        Arc::new(errand).wake();
    }

    fn poll(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.future.lock();
        let polled = failure::catch(|| {
            if let Some(future) = &mut *slot
                && future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            {
                *slot = None;
            }
        });
        if let Err(payload) = polled {
            *slot = None;
            drop(slot);
            failure::report_panic(format_args!("what the runtime does by itself"), &payload);
        }
    }
}

impl Wake for Errand {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Acquire, from who polled last; release, to who polls now.
        if self.wakes.fetch_add(1, AcqRel) > 0 {
            return;
        }
        let mut seen = 1;
        loop {
            self.poll();
            match self.wakes.compare_exchange(seen, 0, AcqRel, Acquire) {
                Ok(_) => return,
                Err(wakes) => seen = wakes,
            }
        }
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errand").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Poll;

    /// Wakes itself while it is polled, from the inside of other wakes: it is polled once more, not in itself.
    #[test]
    fn a_wake_from_the_inside() {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        Errand::start(poll_fn(move |cx| {
            let polls = counted.fetch_add(1, Relaxed) + 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            assert_eq!(counted.load(Relaxed), polls);
            Poll::Pending
        }));
        assert_eq!(polls.load(Relaxed), 3);
        // What it captured is gone.
        assert_eq!(Arc::strong_count(&polls), 1);
    }

    #[test]
    fn what_nobody_wakes_any_more_is_gone() {
        let held = Arc::new(());
        let captured = held.clone();
        Errand::start(poll_fn(move |_| {
            let _ = &captured;
            Poll::Pending
        }));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{model, thread};
    use std::future::poll_fn;
    use std::sync::atomic::Ordering::Relaxed;
    use std::task::Poll;

    /// Two threads each make something known and then wake: the polls don't overlap, and the last one knows of both.
    #[test]
    fn wake_of_an_errand_against_wake() {
        model(|| {
            let known = crate::loom::Arc::new(AtomicUsize::new(0));
            let found = crate::loom::Arc::new(AtomicUsize::new(0));
            let kept = Arc::new(std::sync::Mutex::new(None));
            Errand::start({
                let (known, found, kept) = (known.clone(), found.clone(), kept.clone());
                poll_fn(move |cx| {
                    *kept.lock().unwrap() = Some(cx.waker().clone());
                    found.store(known.load(Relaxed), Relaxed);
                    Poll::Pending
                })
            });
            let waker = kept.lock().unwrap().take().expect("it was polled");
            let other = thread::spawn({
                let (known, waker) = (known.clone(), waker.clone());
                move || {
                    known.fetch_add(1, Relaxed);
                    waker.wake();
                }
            });
            known.fetch_add(1, Relaxed);
            waker.wake();
            other.join().unwrap();
            assert_eq!(found.load(Relaxed), 2);
            // It would keep itself.
            kept.lock().unwrap().take();
        });
    }
}
