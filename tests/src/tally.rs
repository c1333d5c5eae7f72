//! What happened, and how often.

use heist::sync::Notify;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A count that is shared by its clones.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicUsize>);

impl Tally {
    /// Zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one.
    pub fn hit(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// Something to be put in a future, or to be its output: its drop is counted.
    pub fn on_drop(&self) -> OnDrop {
        let tally = self.clone();
        OnDrop::new(move || tally.hit())
    }
}

/// Calls a function when it is dropped.
#[must_use = "dropped at once, it is called at once"]
pub struct OnDrop(Option<Box<dyn FnOnce() + Send + Sync>>);

impl OnDrop {
    /// Calls this one.
    pub fn new(function: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(function)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(function) = self.0.take() {
            function();
        }
    }
}

impl fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDrop").finish_non_exhaustive()
    }
}

/// Waits, as a future, for a number of hits.
#[derive(Debug)]
pub struct Countdown {
    left: AtomicUsize,
    done: Notify,
}

impl Countdown {
    /// Waits for so many, at least one.
    pub fn new(hits: usize) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicUsize::new(hits),
            done: Notify::new(),
        })
    }

    /// One less.
    pub fn hit(&self) {
        if self.left.fetch_sub(1, SeqCst) == 1 {
            self.done.notify_one();
        }
    }

    /// Waits for the last. One may wait.
    pub async fn wait(&self) {
        self.done.notified().await;
    }
}
