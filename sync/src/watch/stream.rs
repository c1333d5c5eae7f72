//! A [`watch`](super) channel's values as a stream: a receiver, and the wait of it beside.
#![forbid(unsafe_code)]

use super::{Receiver, Shared};
use crate::changes::Change;
use crate::coop;
use futures_core::Stream;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The stream of [`Receiver::into_stream`]. A value is cloned under its lock.
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use heist_sync::watch::{self, WatchStream};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = watch::channel("only");
/// drop(tx);
/// let values: WatchStream<_> = rx.into_stream();
/// assert_eq!(values.collect::<Vec<_>>().await, ["only"]);
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct WatchStream<T> {
    receiver: Receiver<T>,
    change: Pin<Box<Change<Arc<Shared<T>>>>>,
}

impl<T> WatchStream<T> {
    pub(super) fn new(mut receiver: Receiver<T>) -> Self {
        receiver.mark_changed();
        let change = Change::new(Arc::clone(&receiver.shared), receiver.version());
        Self {
            change: Box::pin(change),
            receiver,
        }
    }
}

impl<T: Clone> Stream for WatchStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let coop = ready!(coop::poll_proceed(cx));
        let Self { receiver, change } = &mut *self;
        let outcome = loop {
            if let Some(outcome) = receiver.try_changed() {
                break outcome;
            }
            change.as_mut().renew(receiver.version());
            ready!(change.as_mut().poll(cx));
        };
        coop.made_progress();
        Poll::Ready(outcome.ok().map(|()| receiver.borrow_and_update().clone()))
    }
}

impl<T> fmt::Debug for WatchStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream")
            .field("receiver", &self.receiver)
            .finish()
    }
}
