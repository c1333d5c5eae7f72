//! A waker for tests and models: it counts its calls, and panics on demand.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Wake, Waker};

/// What a [`Waker`] made of it counts. It stays on `std`'s types under loom: it watches the model, and is no part of it.
#[derive(Default)]
pub(crate) struct CountingWaker {
    woken: AtomicUsize,
    panics: bool,
}

impl CountingWaker {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// One whose every wake counts, and then panics with "a waker that panics".
    pub(crate) fn panicking() -> Arc<Self> {
        Arc::new(Self {
            panics: true,
            ..Self::default()
        })
    }

    pub(crate) fn woken(&self) -> usize {
        self.woken.load(Relaxed)
    }

    /// Whether nobody holds a waker of it: none was lost, and none dropped twice.
    pub(crate) fn is_released(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
    }

    /// Runs `f` in a context whose waker is this one.
    pub(crate) fn enter<R>(self: &Arc<Self>, f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        f(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.fetch_add(1, Relaxed);
        assert!(!self.panics, "a waker that panics");
    }
}
