//! Signals, as a stream of them.
//!
//! A [`Signal`] comes in by its `into_stream`; an item goes out for each time that it would return.
#![forbid(unsafe_code)]

use super::Signal;
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The signals that a [`Signal`] learns of, one after the other: from [`Signal::into_stream`].
///
/// It ends when the runtime that the listener was made in is shut down.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut changes = signal(SignalKind::window_change())?.into_stream();
///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::WINCH)?;
///     while let Some(()) = changes.next().await {
///         println!("the window has another size");
///         # break;
///     }
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct SignalStream {
    signal: Signal,
}

impl SignalStream {
    pub(super) fn new(signal: Signal) -> Self {
        Self { signal }
    }

    /// Gives the listener back. No signal is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::{SignalKind, signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let signals = signal(SignalKind::user_defined1())?.into_stream();
    ///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
    ///     assert_eq!(signals.into_inner().recv().await, Some(()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_inner(self) -> Signal {
        self.signal
    }
}

impl Stream for SignalStream {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.signal.poll_recv(cx)
    }
}
