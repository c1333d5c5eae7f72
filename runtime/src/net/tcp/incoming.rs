//! The connections of a listener, as a stream of them.
//!
//! A listener comes in by its `into_stream`; what it accepts goes out.
#![forbid(unsafe_code)]

use crate::net::{TcpListener, TcpStream};
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a [`TcpListener`] accepts, one connection after the other: from [`TcpListener::into_stream`]: what asyncio's `async for` would go through.
///
/// It never ends. An error concerns one connection, as those of [`accept`](TcpListener::accept) do, and is followed by others.
///
/// # Examples
///
/// ```
/// use heist::StreamExt;
/// use heist::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let mut incoming = listener.into_stream();
///     let client = TcpStream::connect(address).await?;
///     let server = incoming.next().await.expect("it never ends")?;
///     drop((client, server));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming {
    listener: TcpListener,
}

/// The connections of this listener.
pub(in crate::net) fn incoming(listener: TcpListener) -> Incoming {
    Incoming { listener }
}

impl Incoming {
    /// Gives the listener back. No connection is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let address = listener.local_addr()?;
    ///     let listener = listener.into_stream().into_inner();
    ///     assert_eq!(listener.local_addr()?, address);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }
}

impl Stream for Incoming {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = self.listener.poll_accept(cx);
        accepted.map_ok(|(stream, _)| stream).map(Some)
    }
}

impl AsRef<TcpListener> for Incoming {
    fn as_ref(&self) -> &TcpListener {
        &self.listener
    }
}
