//! Bytes, copied both ways between two streams.
//!
//! In: two streams. Out: how much went each way.

#![forbid(unsafe_code)]

use super::copy::{BUFFER, End, Way};
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Copies both ways between two streams, until both have ended: what a proxy does. (In asyncio one writes two tasks for that.)
///
/// When one stream ends, the other is closed, and what comes from that goes on. It gives how many bytes went from `a` to `b`, and from `b` to `a`. What was read is flushed
/// whenever there is nothing to read for the moment.
///
/// # Errors
///
/// The first error of either stream ends it: bytes that were read may then not be written. Interrupted operations are tried again. A writer that takes nothing is an error
/// (`WriteZero`).
///
/// # Cancel safety
///
/// Dropped, it has lost what it had read and not yet written.
///
/// # Examples
///
/// ```
/// use heist::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let (mut client, mut proxy) = duplex(64);
///     let (mut upstream, mut server) = duplex(64);
///     let task = heist::spawn(async move { copy_bidirectional(&mut proxy, &mut upstream).await });
///
///     client.write_all(b"ping").await?;
///     client.close().await?;
///     let mut text = String::new();
///     server.read_to_string(&mut text).await?;
///     server.write_all(b"pong!").await?;
///     drop(server);
///     assert_eq!(task.await??, (4, 5));
///     Ok(())
/// })
/// # }
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, BUFFER, BUFFER).await
}

/// As [`copy_bidirectional`], with buffers of so many bytes instead of 8 KiB.
///
/// # Errors
///
/// As [`copy_bidirectional`].
///
/// # Panics
///
/// If a size is zero: nothing could be copied.
///
/// # Cancel safety
///
/// As [`copy_bidirectional`].
///
/// # Examples
///
/// ```
/// use heist::io::{copy_bidirectional_with_sizes, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let ((mut a, client), (mut b, server)) = (duplex(64), duplex(64));
///     drop((client, server));
///     assert_eq!(copy_bidirectional_with_sizes(&mut a, &mut b, 64 << 10, 1 << 10).await?, (0, 0));
///     Ok(())
/// })
/// # }
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    assert!(
        a_to_b_buf_size > 0 && b_to_a_buf_size > 0,
        "nothing can be copied through a buffer of no size: give `copy_bidirectional_with_sizes` 1 or more"
    );
    let mut there = Way::new(a_to_b_buf_size, End::Close);
    let mut back = Way::new(b_to_a_buf_size, End::Close);
    poll_fn(|cx| {
        let (mut a, mut b) = (Pin::new(&mut *a), Pin::new(&mut *b));
        // Both get on, whichever of them waits.
        let there = there.poll(cx, a.as_mut(), b.as_mut())?;
        let back = back.poll(cx, b, a)?;
        Poll::Ready(Ok((ready!(there), ready!(back))))
    })
    .await
}
