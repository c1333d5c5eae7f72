//! Signals by their kind: [`signal`], [`Signal`], [`SignalKind`].

mod kind;
mod source;
mod stream;

pub use self::kind::SignalKind;
pub use self::stream::SignalStream;

use self::source::Source;
use heist_sync::watch;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Listens for a kind of signal, from now on: asyncio's `loop.add_signal_handler`. (One that has come just before, and that the runtime, which listens already for others, has not heard of yet,
/// counts as well.)
///
/// What the system would do by itself at this signal, it does no more, from the first call on to the end of the process: also when no listener is left.
///
/// # Errors
///
/// `InvalidInput` if the system has no such signal, or it cannot be caught (`SIGKILL`, `SIGSTOP`), or is about what the program itself did in that moment (`SIGILL`,
/// `SIGFPE`, `SIGSEGV`); else those of the system, for want of descriptors say; and if the runtime is shut down.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Examples
///
/// ```
/// use heist::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut hangup = signal(SignalKind::hangup())?;
///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
///     hangup.recv().await;
///     println!("reading the configuration again");
///
///     assert!(signal(SignalKind::from_raw(libc::SIGKILL)).is_err());
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let number = kind.as_raw_value();
    if signal_hook_registry::FORBIDDEN.contains(&number) {
        let reason = format!(
            "signal {number} cannot be listened for: it is never delivered to the program, or only in the middle of what it is about"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let source = Source::of_this_runtime(number)?;
    Ok(Signal {
        signals: source.subscribe(),
        polled: None,
        source,
    })
}

/// A listener for a kind of signal: from [`signal`].
///
/// It learns of every signal of its kind that comes while it exists, whether or not anybody waits at that moment, and whatever other listeners do. **Coalescing:** it
/// learns *that* the signal has come since it last returned, not how often: of those that come in quick succession some may count as one. (The kernel itself keeps
/// only one of each kind that waits to be delivered.)
///
/// It belongs to the runtime that it was made in, which hears of signals while it runs: a current-thread runtime, while somebody is in its `block_on`.
///
/// # Examples
///
/// ```
/// use heist::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut one = signal(SignalKind::user_defined1())?;
///     let mut other = signal(SignalKind::user_defined1())?;
///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
///     // Both learn of it.
///     one.recv().await;
///     other.recv().await;
///     Ok(())
/// })
/// # }
/// ```
#[must_use = "it listens only as long as it is kept"]
pub struct Signal {
    signals: watch::Receiver<()>,
    /// The wait of the `poll_` method, which goes on from one poll to the next.
    polled: Option<Pin<Box<Wait>>>,
    source: Arc<Source>,
}

/// Waits, and gives the receiver back; `None` if nothing can come any more.
type Wait = dyn Future<Output = Option<watch::Receiver<()>>> + Send + Sync;

impl Signal {
    /// Waits for the next signal. `None`: none can come any more, since the runtime that it was made in has been shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was ready, it has taken no signal.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::{SignalKind, signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut signal = signal(SignalKind::user_defined1())?;
    ///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
    ///     // It came before anybody waited, and is not lost.
    ///     assert_eq!(signal.recv().await, Some(()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn recv(&mut self) -> Option<()> {
        self.polled = None;
        self.signals.changed().await.ok()
    }

    /// [`Signal::recv`] for `poll_` methods. Of several tasks that poll, the last is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::signal::unix::{SignalKind, signal};
    /// use std::future::poll_fn;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut signal = signal(SignalKind::user_defined2())?;
    ///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR2)?;
    ///     assert_eq!(poll_fn(|cx| signal.poll_recv(cx)).await, Some(()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let wait = self.polled.get_or_insert_with(|| {
            let mut signals = self.signals.clone();
            Box::pin(async move { signals.changed().await.ok().map(|()| signals) })
        });
        let signals = ready!(wait.as_mut().poll(cx));
        self.polled = None;
        Poll::Ready(signals.map(|signals| self.signals = signals))
    }

    /// The signals as a stream, one after the other: for `async for`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::StreamExt;
    /// use heist::signal::unix::{SignalKind, signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let mut signals = signal(SignalKind::user_defined1())?.into_stream();
    ///     # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
    ///     assert_eq!(signals.next().await, Some(()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_stream(self) -> SignalStream {
        SignalStream::new(self)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("kind", &self.source.kind())
            .finish_non_exhaustive()
    }
}
