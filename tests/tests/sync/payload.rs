//! What is sent: items of a set, each of which is received once, or known to be dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// All items of a case.
pub(crate) struct Ledger {
    received: Vec<AtomicU8>,
    living: AtomicUsize,
}

/// One of them: it counts while it lives.
pub(crate) struct Item {
    ledger: Arc<Ledger>,
    id: usize,
}

impl Ledger {
    pub(crate) fn new(items: usize) -> Arc<Self> {
        Arc::new(Self {
            received: (0..items).map(|_| AtomicU8::new(0)).collect(),
            living: AtomicUsize::new(0),
        })
    }

    pub(crate) fn item(self: &Arc<Self>, id: usize) -> Item {
        self.living.fetch_add(1, Relaxed);
        Item {
            ledger: Arc::clone(self),
            id,
        }
    }

    /// How many were received. Each once at most, and none is left.
    pub(crate) fn received(&self) -> usize {
        assert_eq!(self.living.load(Relaxed), 0, "items are left");
        let times = self.received.iter().map(|times| times.load(Relaxed));
        times
            .inspect(|&times| assert!(times <= 1, "an item was received {times} times"))
            .map(usize::from)
            .sum()
    }

    /// That each was received, once.
    pub(crate) fn assert_all(&self) -> usize {
        let received = self.received();
        assert_eq!(received, self.received.len(), "items are lost");
        received
    }
}

impl Item {
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Notes that it was received.
    pub(crate) fn receive(self) {
        self.ledger.received[self.id].fetch_add(1, Relaxed);
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.ledger.living.fetch_sub(1, Relaxed);
    }
}
