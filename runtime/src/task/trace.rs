//! What tokio-console is told of tasks: feature `tracing`. Without it, all this is nothing: no field, no branch.
//!
//! Comes in: a future that becomes a task, its clean-ups, and what happens to its wakers. Goes out: a span of the crate `tracing` for as long as any of them is there, entered with each
//! poll; an event for each wake. Their names and fields are tokio's, by which tokio-console knows them. Called by the cell and the waker.

#![forbid(unsafe_code)]

#[cfg(not(feature = "tracing"))]
pub(super) use off::{TaskTrace, Traced, here, out_of, task};
#[cfg(feature = "tracing")]
pub(super) use on::{TaskTrace, Traced, here, out_of, task};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::root;
#[cfg(feature = "tracing")]
pub(crate) use on::root;

use super::Id;
use std::panic::Location;

#[cfg(feature = "tracing")]
mod on {
    use super::{Id, Location};
    use tracing::Instrument;
    use tracing::instrument::Instrumented;

    /// A task's future, in its span.
    pub(crate) type Traced<F> = Instrumented<F>;

    /// What the wakers know of the span: its id, if anybody listens.
    #[derive(Clone, Copy)]
    pub(crate) struct TaskTrace(Option<u64>);

    pub(crate) fn task<F>(
        future: F,
        kind: &'static str,
        name: Option<&str>,
        id: Id,
        spawned_at: &'static Location<'static>,
    ) -> (Traced<F>, TaskTrace) {
        let span = tracing::trace_span!(
            target: "tokio::task",
            parent: None,
            "runtime.spawn",
            kind,
            task.name = name,
            task.id = id.as_u64(),
            loc.file = spawned_at.file(),
            loc.line = spawned_at.line(),
            loc.col = spawned_at.column(),
        );
        let trace = TaskTrace(span.id().map(|id| id.into_u64()));
        (future.instrument(span), trace)
    }

    /// The future in `block_on`, which is no task, and shows as one.
    pub(crate) fn root<F>(future: F, place: &'static Location<'static>) -> Traced<F> {
        let span = tracing::trace_span!(
            target: "tokio::task",
            parent: None,
            "runtime.spawn",
            kind = "block_on",
            loc.file = place.file(),
            loc.line = place.line(),
            loc.col = place.column(),
        );
        future.instrument(span)
    }

    /// A clean-up, in the span in which it is registered: that is the task's, or one of the user's within, and it is polled once these are left.
    pub(crate) fn here<F>(clean_up: F) -> Traced<F> {
        clean_up.in_current_span()
    }

    /// The same, as it was.
    pub(crate) fn out_of<F>(clean_up: Traced<F>) -> F {
        clean_up.into_inner()
    }

    impl TaskTrace {
        /// A waker was woken, and is gone.
        pub(crate) fn woken(self) {
            self.waker("waker.wake");
        }

        /// A waker was woken, and stays.
        pub(crate) fn woken_by_ref(self) {
            self.waker("waker.wake_by_ref");
        }

        pub(crate) fn waker_cloned(self) {
            self.waker("waker.clone");
        }

        pub(crate) fn waker_dropped(self) {
            self.waker("waker.drop");
        }

        fn waker(self, op: &'static str) {
            if let Some(id) = self.0 {
                tracing::trace!(target: "tokio::task::waker", op, task.id = id);
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use super::{Id, Location};

    /// A task's future, as it is.
    pub(crate) type Traced<F> = F;

    /// Nothing.
    #[derive(Clone, Copy)]
    pub(crate) struct TaskTrace;

    #[inline(always)]
    pub(crate) fn task<F>(
        future: F,
        _kind: &'static str,
        _name: Option<&str>,
        _id: Id,
        _spawned_at: &'static Location<'static>,
    ) -> (Traced<F>, TaskTrace) {
        (future, TaskTrace)
    }

    #[inline(always)]
    pub(crate) fn root<F>(future: F, _: &'static Location<'static>) -> Traced<F> {
        future
    }

    #[inline(always)]
    pub(crate) fn here<F>(clean_up: F) -> Traced<F> {
        clean_up
    }

    #[inline(always)]
    pub(crate) fn out_of<F>(clean_up: Traced<F>) -> F {
        clean_up
    }

    impl TaskTrace {
        #[inline(always)]
        pub(crate) fn woken(self) {}

        #[inline(always)]
        pub(crate) fn woken_by_ref(self) {}

        #[inline(always)]
        pub(crate) fn waker_cloned(self) {}

        #[inline(always)]
        pub(crate) fn waker_dropped(self) {}
    }
}
