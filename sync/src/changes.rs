//! What changes, and is over at last: the part that `watch`, `broadcast` and `CancellationToken` share.
//!
//! In come [`advance`](Changes::advance) and [`close`](Changes::close), from whoever changes it; out go wake-ups, to the
//! [`Change`]s which wait for another version than the one that they know. Version and end are the count of a
//! [`Notify`]'s broadcasts: a change is counted twice, the end once, so that an odd count says that it is over. So a
//! change of which nobody waits is one compare-and-swap, and whoever asks whether there was one loads a word.
#![forbid(unsafe_code)]

use crate::notify::{Broadcast, Entry, Notify};
use crate::wait_list::{Waiter, WakeList};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What the count goes on by at a change. One less for the end.
const CHANGE: usize = 2;

/// How often something has changed, and whether it is over.
pub(crate) struct Changes(Notify);

/// A number of changes. It wraps, after 2⁶¹ of them where a word has 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(usize);

/// A version, and whether it was the last one.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot(usize);

impl Version {
    /// What a new [`Changes`] begins with.
    pub(crate) const FIRST: Self = Self(0);

    /// How many changes came before this one, wrapped.
    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0 / CHANGE
    }

    #[inline]
    pub(crate) fn next(self) -> Self {
        self.back_by_count(CHANGE.wrapping_neg())
    }

    /// The version that was `changes` ago.
    #[inline]
    pub(crate) fn back(self, changes: usize) -> Self {
        self.back_by_count(changes.wrapping_mul(CHANGE))
    }

    /// How many changes there were since `earlier`.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> usize {
        self.back_by_count(earlier.0).number()
    }

    /// The notify's count has two bits less than a word.
    #[inline]
    fn back_by_count(self, count: usize) -> Self {
        Self(self.0.wrapping_sub(count) & (usize::MAX >> 2))
    }
}

impl Snapshot {
    #[inline]
    pub(crate) fn version(self) -> Version {
        Version(self.0 & !1)
    }

    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self(Notify::new())
    }

    /// What it is at now. What was done before that change is seen.
    #[inline]
    pub(crate) fn now(&self) -> Snapshot {
        Snapshot(self.0.count())
    }

    /// Counts a change. Not after the end.
    #[inline]
    pub(crate) fn advance(&self) -> Option<Broadcast<'_>> {
        self.0.advance(CHANGE)
    }

    /// The end, which comes once.
    #[inline]
    pub(crate) fn close(&self) -> Option<Broadcast<'_>> {
        self.0.advance(CHANGE - 1)
    }

    /// Wakes those whose wait has ended by what was counted so far, if nobody has; a panic of their wakers is left in
    /// `wakers`.
    pub(crate) fn wake_by(&self, wakers: &mut WakeList) {
        self.0.wake_rest(wakers);
    }
}

/// What has changes, or refers to it.
pub(crate) trait Changing {
    fn changes(&self) -> &Changes;
}

impl Changing for &Changes {
    fn changes(&self) -> &Changes {
        self
    }
}

pin_project! {
    /// Waits for another version than the one that is known, or the end.
    pub(crate) struct Change<C>
    where
        C: Changing,
    {
        of: C,
        #[pin]
        waiter: Waiter<Entry>,
    }

    impl<C> PinnedDrop for Change<C>
    where
        C: Changing,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.of.changes().0.drop_waiter(this.waiter);
        }
    }
}

impl<C: Changing> Change<C> {
    pub(crate) fn new(of: C, known: Version) -> Self {
        Self {
            of,
            waiter: Waiter::new(Entry::after(known.0)),
        }
    }

    /// Whether what it waits for is over.
    pub(crate) fn is_over(&self) -> bool {
        self.of.changes().now().is_closed()
    }

    /// Waits anew: for another version than `known`. A wait that has not ended goes on as it is.
    pub(crate) fn renew(self: Pin<&mut Self>, known: Version) {
        if let Some(entry) = self.project().waiter.as_free() {
            *entry = Entry::after(known.0);
        }
    }
}

impl<C: Changing> Future for Change<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let notify = &this.of.changes().0;
        notify.poll_waiter(this.waiter, Some(cx.waker()))
    }
}
