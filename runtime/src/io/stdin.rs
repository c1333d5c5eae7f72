//! Standard input.
//!
//! In: reads, from any handle. Out: what a thread of the process's own has read. It is no job of a runtime, since nobody can interrupt it: a runtime, or the program, ends though it waits.

#![forbid(unsafe_code)]

use super::waiting::poll_locked;
use crate::failure::wake;
use crate::loom::Mutex;
use futures_io::AsyncRead;
use heist_sync::coop;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, mpsc};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

/// How much is read at once at most.
const MAX: usize = 64 << 10;

/// A handle on standard input: from [`stdin`](fn@stdin).
///
/// All handles, and the standard library's, read the same bytes: each byte goes to one of them.
///
/// # Cancel safety
///
/// A read that is dropped loses nothing: what comes then is kept for the next read of any handle. (But not for the standard library's.)
///
/// # Examples
///
/// See [`stdin`](fn@stdin).
#[derive(Debug)]
pub struct Stdin {
    /// Its own, among all handles.
    number: u64,
}

/// Standard input, to be read as any stream; its lines, by [`lines`](super::AsyncBufReadExt::lines) of a [`BufReader`](super::BufReader). asyncio's `connect_read_pipe` with `sys.stdin`.
///
/// A thread that the process keeps for it reads, when somebody asks, and no more than he asks for. While it waits it holds up nobody: runtimes shut down, and a program that returns from
/// `main` ends. It needs no runtime.
///
/// # Examples
///
/// ```no_run
/// use heist::StreamExt;
/// use heist::io::{AsyncBufReadExt, BufReader, stdin};
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut lines = BufReader::new(stdin()).lines();
///     while let Some(line) = lines.next().await {
///         println!("{}", line?.to_uppercase());
///     }
///     Ok(())
/// })
/// # }
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    Stdin {
        number: COUNT.fetch_add(1, Relaxed),
    }
}

/// The process's.
static INPUT: LazyLock<Input> = LazyLock::new(Input::default);

#[derive(Default)]
struct Input(Mutex<State>);

#[derive(Default)]
struct State {
    /// What was read and nobody has; from `start` on.
    unread: Vec<u8>,
    start: usize,
    /// The end, or an error, of which nobody has been told.
    outcome: Option<io::Result<()>>,
    is_reading: bool,
    /// Where the thread is told how much to read, once it is there.
    thread: Option<mpsc::Sender<usize>>,
    /// Who waits, by the numbers of the handles.
    waiting: BTreeMap<u64, Option<Waker>>,
}

impl Input {
    fn poll_read(
        &self,
        handle: u64,
        waker: &Waker,
        buffer: &mut [u8],
        start: impl Fn() -> io::Result<mpsc::Sender<usize>>,
    ) -> Poll<io::Result<usize>> {
        let read = |state: &mut State| {
            let taken = state.take(buffer);
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
            if let Some(outcome) = state.outcome.take() {
                return Poll::Ready(outcome.map(|()| 0));
            }
            if !state.is_reading {
                let thread = match state.thread.take() {
                    Some(thread) => thread,
                    None => start()?,
                };
                thread
                    .send(buffer.len().min(MAX))
                    .expect("the thread waits for this");
                state.thread = Some(thread);
                state.is_reading = true;
            }
            Poll::Pending
        };
        poll_locked(&self.0, waker, read, |state| {
            state.waiting.entry(handle).or_default()
        })
    }

    /// A handle is dropped.
    fn forget(&self, handle: u64) {
        let left = self.0.lock().waiting.remove(&handle);
        drop(left);
    }

    /// What the thread has read.
    fn publish(&self, read: io::Result<Vec<u8>>) {
        let waiting = {
            let mut state = self.0.lock();
            state.is_reading = false;
            match read {
                Ok(bytes) if !bytes.is_empty() => (state.unread, state.start) = (bytes, 0),
                Ok(_) => state.outcome = Some(Ok(())),
                Err(error) => state.outcome = Some(Err(error)),
            }
            mem::take(&mut state.waiting)
        };
        waiting.into_values().flatten().for_each(wake);
    }
}

impl State {
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let mut unread = &self.unread[self.start..];
        let taken = unread.read(buffer).unwrap_or(0);
        self.start += taken;
        taken
    }
}

/// Starts the thread, which stays: it is told to read again and again.
fn start_thread() -> io::Result<mpsc::Sender<usize>> {
    let (ask, asked) = mpsc::channel();
    let life = move || {
        for length in asked {
            INPUT.publish(read_some(length));
        }
    };
    thread::Builder::new()
        .name("heist-stdin".into())
        .spawn(life)?;
    Ok(ask)
}

fn read_some(length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    loop {
        match io::stdin().read(&mut bytes) {
            Ok(read) => {
                bytes.truncate(read);
                return Ok(bytes);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let progress = ready!(coop::poll_proceed(cx));
        let read = ready!(INPUT.poll_read(self.number, cx.waker(), buffer, start_thread));
        progress.made_progress();
        Poll::Ready(read)
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        INPUT.forget(self.number);
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // It is the process's, whoever asks.
        static STDIN: LazyLock<io::Stdin> = LazyLock::new(io::stdin);
        STDIN.as_fd()
    }
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{Arc, model, thread};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Who asked before the thread has read is woken by it; who looks afterwards finds the bytes. Threads: this one, which asks, is cut short and asks again, and the one that reads.
    #[test]
    fn stdin_read_against_publish() {
        model(|| {
            let input = Arc::new(Input::default());
            let (ask, asked) = mpsc::channel();
            let woken = std::sync::Arc::<Woken>::default();
            let waker = Waker::from(woken.clone());
            let first = input.poll_read(0, Waker::noop(), &mut [0], || Ok(ask.clone()));
            assert!(first.is_pending());
            assert_eq!(asked.try_recv(), Ok(1));
            let reader = thread::spawn({
                let input = input.clone();
                move || input.publish(Ok(b"x".to_vec()))
            });
            let mut byte = [0];
            let mut poll = || input.poll_read(1, &waker, &mut byte, || unreachable!("it is there"));
            let mut polled = poll();
            reader.join().unwrap();
            if polled.is_pending() {
                assert_eq!(woken.0.load(SeqCst), 1, "it waits, and nobody has woken it");
                polled = poll();
            }
            assert!(matches!(polled, Poll::Ready(Ok(1))));
            assert_eq!(&byte, b"x");
            assert!(asked.try_recv().is_err(), "nobody asks twice");
        });
    }
}
