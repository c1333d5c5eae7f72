//! What tokio-console is told of who waits for what: feature `tracing`. Without it, all this is nothing: no field, no branch.
//!
//! Comes in: a future that waits, when it is made, and its polls. Goes out: spans and events of the crate `tracing`; their names and fields are tokio's, by which tokio-console
//! knows them. Called by this crate's futures, and by heist's own, for which it is public: it is no part of what this crate promises.

#![forbid(unsafe_code)]

#[cfg(not(feature = "tracing"))]
use off::Spans;
#[cfg(feature = "tracing")]
use on::Spans;

use std::fmt;
use std::task::Poll;

/// A resource, and one operation that waits for it.
pub struct Waiting(Spans);

impl Waiting {
    /// A resource of this type and kind, and the operation on it that `source` names.
    #[inline(always)]
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn new(concrete_type: &'static str, kind: &'static str, source: &'static str) -> Self {
        Self(Spans::new(concrete_type, kind, source))
    }

    /// A poll of the operation.
    #[inline(always)]
    pub fn poll<T>(&self, op_name: &'static str, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.0.poll(op_name, poll)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

#[cfg(feature = "tracing")]
mod on {
    use std::panic::Location;
    use std::task::Poll;
    use tracing::Span;

    pub(super) struct Spans {
        resource: Span,
        operation: Span,
        poll: Span,
    }

    impl Spans {
        #[track_caller]
        pub(super) fn new(
            concrete_type: &'static str,
            kind: &'static str,
            source: &'static str,
        ) -> Self {
            let place = Location::caller();
            let resource = tracing::trace_span!(
                parent: None,
                "runtime.resource",
                concrete_type,
                kind,
                loc.file = place.file(),
                loc.line = place.line(),
                loc.col = place.column(),
            );
            let operation =
                resource.in_scope(|| tracing::trace_span!("runtime.resource.async_op", source));
            let poll =
                operation.in_scope(|| tracing::trace_span!("runtime.resource.async_op.poll"));
            Self {
                resource,
                operation,
                poll,
            }
        }

        pub(super) fn poll<T>(
            &self,
            op_name: &'static str,
            poll: impl FnOnce() -> Poll<T>,
        ) -> Poll<T> {
            let _resource = self.resource.enter();
            let _operation = self.operation.enter();
            let _poll = self.poll.enter();
            let polled = poll();
            let is_ready = polled.is_ready();
            tracing::trace!(target: "runtime::resource::poll_op", op_name, is_ready);
            polled
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::task::Poll;

    pub(super) struct Spans;

    impl Spans {
        #[inline(always)]
        pub(super) fn new(_: &'static str, _: &'static str, _: &'static str) -> Self {
            Self
        }

        #[inline(always)]
        pub(super) fn poll<T>(&self, _: &'static str, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
            poll()
        }
    }
}
