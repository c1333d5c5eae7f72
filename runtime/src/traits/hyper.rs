//! hyper on heist: [`rt::Read`](hyper::rt::Read) and [`rt::Write`](hyper::rt::Write) on [`TcpStream`] and [`UnixStream`] themselves, an [`Executor`] and a
//! [`Timer`].
//!
//! hyper's buffers come in, possibly not initialised; the kernel writes to them directly.
//!
//! 1. What hyper's cursor gives is only written to, by the kernel, from its beginning on: nothing initialised is made uninitialised.
//! 2. The cursor is advanced by what the kernel says that it has written, and no further.

use crate::net::{TcpStream, UnixStream};
use crate::time::{self, Instant, Sleep};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Has `recv` read into what hyper gives.
fn fill(
    mut buffer: ReadBufCursor<'_>,
    recv: impl FnOnce(&mut [MaybeUninit<u8>]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<()>> {
    // SAFETY: rule 1.
    let unfilled = unsafe { buffer.as_mut() };
    let read = ready!(recv(unfilled))?;
    // SAFETY: rule 2.
    unsafe { buffer.advance(read) };
    Poll::Ready(Ok(()))
}

impl Read for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        fill(buffer, |unfilled| self.poll_recv(cx, unfilled))
    }
}

impl Write for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write(self, cx, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_flush(self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_close(self, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write_vectored(self, cx, buffers)
    }
}

impl Read for UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        fill(buffer, |unfilled| self.poll_recv(cx, unfilled))
    }
}

impl Write for UnixStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write(self, cx, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_flush(self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures_io::AsyncWrite::poll_close(self, cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        futures_io::AsyncWrite::poll_write_vectored(self, cx, buffers)
    }
}

/// hyper's executor: it spawns on the runtime that the thread is in.
///
/// # Panics
///
/// To execute a future panics, as [`spawn`](fn@crate::spawn) does, if the thread is in no runtime.
///
/// # Examples
///
/// ```
/// use heist::traits::hyper::{Executor, Timer};
/// use hyper::server::conn::http1;
///
/// let mut http = http1::Builder::new();
/// http.timer(Timer::new());
/// # let _ = Executor::new();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor(());

impl Executor {
    /// An executor.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::traits::hyper::Executor;
    /// use hyper::rt::Executor as _;
    ///
    /// # heist::run(async {
    /// Executor::new().execute(async {});
    /// # });
    /// ```
    pub fn new() -> Self {
        Self(())
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(crate::spawn(future));
    }
}

/// hyper's timer: heist's.
///
/// # Examples
///
/// ```
/// use heist::time::Duration;
/// use heist::traits::hyper::Timer;
/// use hyper::rt::Timer as _;
///
/// # heist::run(async {
/// Timer::new().sleep(Duration::from_millis(1)).await;
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer(());

impl Timer {
    /// A timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::traits::hyper::Timer;
    /// use hyper::server::conn::http1;
    ///
    /// let mut http = http1::Builder::new();
    /// http.timer(Timer::new());
    /// ```
    pub fn new() -> Self {
        Self(())
    }
}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(time::sleep(duration))
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(time::sleep_until(deadline.into()))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: std::time::Instant) {
        if let Some(sleep) = sleep.as_mut().downcast_mut_pin::<Sleep>() {
            sleep.reset(deadline.into());
        } else {
            *sleep = self.sleep_until(deadline);
        }
    }
}

impl hyper::rt::Sleep for Sleep {}
