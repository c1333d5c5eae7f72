//! The connections of a listener, as a stream of them.
//!
//! A listener comes in by its `into_stream`; what it accepts goes out.
#![forbid(unsafe_code)]

use crate::net::{UnixListener, UnixStream};
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a [`UnixListener`] accepts, one connection after the other: from [`UnixListener::into_stream`]: what asyncio's `async for` would go through.
///
/// It never ends. An error concerns one connection, as those of [`accept`](UnixListener::accept) do, and is followed by others.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-incoming", std::process::id()));
///     # std::fs::create_dir_all(&directory)?;
///     let listener = UnixListener::bind(directory.join("server"))?;
///     let address = listener.local_addr()?;
///     let mut incoming = listener.into_stream();
///     let client = UnixStream::connect_addr(&address).await?;
///     let server = incoming.next().await.expect("it never ends")?;
///     drop((client, server));
///     # std::fs::remove_dir_all(&directory)?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming {
    listener: UnixListener,
}

/// The connections of this listener.
pub(in crate::net) fn incoming(listener: UnixListener) -> Incoming {
    Incoming { listener }
}

impl Incoming {
    /// Gives the listener back. No connection is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UnixListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     # let directory = std::env::temp_dir().join(format!("heist-doc-{}-into-inner", std::process::id()));
    ///     # std::fs::create_dir_all(&directory)?;
    ///     let listener = UnixListener::bind(directory.join("server"))?;
    ///     let address = listener.local_addr()?;
    ///     let listener = listener.into_stream().into_inner();
    ///     assert_eq!(listener.local_addr()?.as_pathname(), address.as_pathname());
    ///     # std::fs::remove_dir_all(&directory)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_inner(self) -> UnixListener {
        self.listener
    }
}

impl Stream for Incoming {
    type Item = io::Result<UnixStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = self.listener.poll_accept(cx);
        accepted.map_ok(|(stream, _)| stream).map(Some)
    }
}

impl AsRef<UnixListener> for Incoming {
    fn as_ref(&self) -> &UnixListener {
        &self.listener
    }
}
