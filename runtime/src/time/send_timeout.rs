//! Sending into a channel, with a bound on the wait for room.
//!
//! Comes in: a value, and how long it may wait. Goes out: the value, through the channel or back to the caller. Called by tasks, on a channel's sender: the channels
//! know no clock, so this is an extension of them by ours.
#![forbid(unsafe_code)]

use super::error::SendTimeoutError;
use super::timeout;
use crate::sync::mpsc::Sender;
use std::time::Duration;

/// [`send_timeout`](Self::send_timeout) for the sender of a bounded channel, [`mpsc::Sender`](Sender).
pub trait SenderExt<T>: sealed::Sealed {
    /// Sends a value, if there is room for it within this time.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError`], with the value: the time is over, or the receiver is gone or has closed the channel.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, if it has to wait: see [`timeout`](fn@super::timeout).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, it has sent nothing; the value is dropped, and its place in the line is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::sync::mpsc;
    /// use heist::time::{Duration, SenderExt, error::SendTimeoutError};
    ///
    /// # heist::run(async {
    /// let (sender, mut receiver) = mpsc::channel(1);
    /// let moment = Duration::from_millis(1);
    /// sender.send_timeout("first", moment).await.unwrap();
    ///
    /// let full = sender.send_timeout("second", moment).await;
    /// assert_eq!(full, Err(SendTimeoutError::Timeout("second")));
    ///
    /// assert_eq!(receiver.recv().await, Some("first"));
    /// # });
    /// ```
    fn send_timeout(
        &self,
        value: T,
        wait: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> + Send
    where
        T: Send;
}

impl<T> SenderExt<T> for Sender<T> {
    async fn send_timeout(&self, value: T, wait: Duration) -> Result<(), SendTimeoutError<T>>
    where
        T: Send,
    {
        match timeout(wait, self.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Sender<T> {}
}
