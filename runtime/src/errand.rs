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
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use heist_sync::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Context, Wake, Waker};

/// See the head of the module.
pub(crate) struct Errand {
    /// Wakes since the poll that goes on has begun, that one's own included; zero if none does.
    wakes: AtomicUsize,
    /// Locked by who polls, and so never waited for. Gone when it has ended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    is_stopped: AtomicBool,
}

impl Errand {
    /// Polls the future. It lives as long as something keeps its waker, or what this returns.
    pub(crate) fn start(future: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        // Polled in the middle of any task, it must not spend that one's budget, or wait for it.
        let future = coop::unconstrained(future);
        let errand = Arc::new(Self {
            wakes: AtomicUsize::new(0),
            future: Mutex::new(Some(Box::pin(future))),
            is_stopped: AtomicBool::new(false),
        });
        errand.wake_by_ref();
        errand
    }

    /// Drops the future: now, or if it is being polled, when that poll ends.
    pub(crate) fn stop(self: &Arc<Self>) {
        // Relaxed: the wake publishes it.
        self.is_stopped.store(true, Relaxed);
        self.wake_by_ref();
    }

    fn poll(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.future.lock();
        let polled = failure::catch(|| {
            if self.is_stopped.load(Relaxed) {
                *slot = None;
            } else if let Some(future) = &mut *slot
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
    use std::sync::OnceLock;
    use std::task::Poll;

    /// Wakes itself while it is polled, from the inside of other wakes: it is polled once more, not in itself.
    #[test]
    fn a_wake_from_the_inside() {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let errand = Errand::start(poll_fn(move |cx| {
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
        // Nothing is left to be polled, or stopped.
        errand.wake_by_ref();
        errand.stop();
        assert_eq!(polls.load(Relaxed), 3);
    }

    #[test]
    fn stopped_from_the_inside() {
        let itself = Arc::new(OnceLock::<Arc<Errand>>::new());
        let captured = itself.clone();
        let errand = Errand::start(poll_fn(move |_| {
            if let Some(errand) = captured.get() {
                errand.stop();
            }
            Poll::Pending
        }));
        itself.set(errand.clone()).expect("it is set once");
        errand.wake();
        assert_eq!(Arc::strong_count(&itself), 1);
    }

    #[test]
    fn a_panic_ends_it() {
        let held = Arc::new(());
        let captured = held.clone();
        Errand::start(poll_fn(move |_| {
            let _ = &captured;
            panic!("on purpose")
        }));
        assert_eq!(Arc::strong_count(&held), 1);
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
    use crate::loom::{Arc as Shared, model, thread};
    use std::future::poll_fn;
    use std::task::Poll;

    /// What the errand of a model has seen.
    struct Seen {
        known: AtomicUsize,
        found: AtomicUsize,
    }

    /// An errand that takes over what is known each time that it is polled.
    fn errand() -> (Arc<Errand>, Shared<Seen>) {
        let seen = Shared::new(Seen {
            known: AtomicUsize::new(0),
            found: AtomicUsize::new(0),
        });
        let errand = Errand::start({
            let seen = seen.clone();
            poll_fn(move |_| {
                seen.found.store(seen.known.load(Relaxed), Relaxed);
                Poll::Pending
            })
        });
        (errand, seen)
    }

    fn tell(errand: &Arc<Errand>, seen: &Seen) {
        seen.known.fetch_add(1, Relaxed);
        errand.wake_by_ref();
    }

    /// Two threads each make something known and then wake: the polls don't overlap, and the last one finds both.
    #[test]
    fn wake_of_an_errand_against_wake() {
        model(|| {
            let (errand, seen) = errand();
            let other = thread::spawn({
                let (errand, seen) = (errand.clone(), seen.clone());
                move || tell(&errand, &seen)
            });
            tell(&errand, &seen);
            other.join().unwrap();
            assert_eq!(seen.found.load(Relaxed), 2);
        });
    }

    /// One thread stops it, another wakes it: when both are done, its future is gone.
    #[test]
    fn wake_of_an_errand_against_stop() {
        model(|| {
            let (errand, seen) = errand();
            let other = thread::spawn({
                let (errand, seen) = (errand.clone(), seen.clone());
                move || tell(&errand, &seen)
            });
            errand.stop();
            other.join().unwrap();
            assert!(errand.future.lock().is_none());
        });
    }
}
