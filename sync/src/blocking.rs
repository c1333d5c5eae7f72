//! How the `blocking_*` methods wait: a future in, its output out, on the caller's own thread.
#![forbid(unsafe_code)]

use crate::coop::{self, Budget};
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crate::loom::thread::{self, Thread};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Wakes a thread that waits in [`block_on`].
struct Unpark {
    thread: Thread,
    /// Whether a wake-up came since the last poll: the thread may be unparked for other reasons.
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: what led to the wake-up is seen by the poll that follows it. A wake-up that is not the first has
        // the other's unpark.
        if !self.woken.swap(true, Release) {
            self.thread.unpark();
        }
    }
}

/// Polls the future to its end, with the thread asleep in between, and without a budget: there is nobody to yield to.
///
/// The caller has asked [`coop::assert_may_block`].
#[cfg_attr(
    not(heist_loom),
    expect(
        clippy::disallowed_methods,
        reason = "the one place where this crate blocks: its thread is the caller's, and runs no tasks"
    )
)]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    coop::with_budget(Budget::unlimited(), || {
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Acquire: the other side of the Release above.
            while !unpark.woken.swap(false, Acquire) {
                thread::park();
            }
        }
    })
}
