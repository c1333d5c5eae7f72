//! A [`broadcast`](super) channel's values as a stream: a receiver, and the wait of it beside.
#![forbid(unsafe_code)]

use super::Receiver;
use super::error::{Lagged, TryRecvError};
use super::ring::Ring;
use crate::changes::Change;
use crate::coop;
use futures_core::Stream;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The stream of [`Receiver::into_stream`].
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt;
/// use heist_sync::broadcast::{self, BroadcastStream};
///
/// # futures_lite::future::block_on(async {
/// let (tx, rx) = broadcast::channel(1);
/// tx.send("only").unwrap();
/// let mut values: BroadcastStream<_> = rx.into_stream();
/// assert_eq!(values.next().await, Some(Ok("only")));
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct BroadcastStream<T> {
    receiver: Receiver<T>,
    change: Pin<Box<Change<Arc<Ring<T>>>>>,
}

impl<T> BroadcastStream<T> {
    pub(super) fn new(receiver: Receiver<T>) -> Self {
        let change = Change::new(Arc::clone(&receiver.ring), receiver.next);
        Self {
            change: Box::pin(change),
            receiver,
        }
    }
}

impl<T: Clone> Stream for BroadcastStream<T> {
    type Item = Result<T, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let coop = ready!(coop::poll_proceed(cx));
        let Self { receiver, change } = &mut *self;
        let item = loop {
            match receiver.try_recv() {
                Ok(value) => break Some(Ok(value)),
                Err(TryRecvError::Lagged(missed)) => break Some(Err(Lagged(missed))),
                Err(TryRecvError::Closed) => break None,
                Err(TryRecvError::Empty) => {}
            }
            change.as_mut().renew(receiver.next);
            ready!(change.as_mut().poll(cx));
        };
        coop.made_progress();
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for BroadcastStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastStream")
            .field("receiver", &self.receiver)
            .finish()
    }
}
