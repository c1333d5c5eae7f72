//! Bytes that a blocking write takes away on a thread of the pool, while the writer goes on.
//!
//! In: bytes, from files and from the standard streams. Out: the same bytes, in their order, to a [`Sink`]; the error of a write that failed, to whoever writes or
//! flushes next.
//!
//! What is accepted is in the buffer under the lock, and while there is anything in it a job is under way that comes for it: the one that writes looks again before it
//! ends. So whoever owns the writing end may go, and nothing is lost.

#![forbid(unsafe_code)]

use super::waiting::poll_locked;
use crate::failure::wake;
use crate::loom::{Arc, Mutex};
use crate::runtime::Handle;
use crate::spawn::spawn_file_job;
use heist_sync::coop;
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem;
use std::task::{Context, Poll, Waker, ready};

/// Where the bytes go.
pub(crate) trait Sink: Clone + Send + Sync + 'static {
    /// Writes all of it, on a thread that may block.
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;
}

/// The writing end; see the module.
pub(crate) struct WriteBehind<S> {
    sink: S,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    /// What is accepted and no job has.
    bytes: Vec<u8>,
    /// The other buffer, when no job has it.
    spare: Vec<u8>,
    /// Whether a job is under way.
    is_writing: bool,
    error: Option<io::Error>,
    /// Who waits for room, or for the end.
    waiting: Waiting,
    /// How many futures have waited.
    futures: u64,
}

/// Who waits, each with the waker that it left last.
type Waiting = BTreeMap<Waiter, Option<Waker>>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Waiter {
    /// Who has the writing end to himself, to write and to flush.
    Writer,
    /// Who has it to himself beside that one, and waits for the end: a reader of the same file, if another task writes to it.
    Reader,
    /// One of the futures, of which there may be several; by its number.
    Future(u64),
}

/// The place of a future that waits, which goes with it.
struct Place<'a> {
    queue: &'a Mutex<Queue>,
    waiter: Waiter,
}

/// The job that writes. It lets go of the sink as it says that it is not under way any more: who waits for that may be about to close it.
struct Writing<S> {
    sink: Option<S>,
    queue: Arc<Mutex<Queue>>,
}

impl<S: Sink> WriteBehind<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self {
            sink,
            queue: Arc::default(),
        }
    }

    pub(crate) fn sink(&self) -> &S {
        &self.sink
    }

    /// Accepts bytes as long as there are no more than `limit` that no job has.
    ///
    /// # Panics
    ///
    /// If a job is needed, and the thread is in no runtime.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let write = |queue: &mut Queue| {
            if !queue.is_writing
                && let Err(error) = Handle::try_current()
            {
                panic!("{error}");
            }
            if let Some(error) = queue.error.take() {
                return Poll::Ready(Err(error));
            }
            if queue.bytes.len() >= limit {
                return Poll::Pending;
            }
            let accepted = queue.accept(buffers, limit);
            Poll::Ready(Ok((accepted, accepted > 0 && queue.begin())))
        };
        let polled = self.poll_as(Waiter::Writer, cx, write);
        let written = ready!(polled);
        progress.made_progress();
        let (accepted, begins) = written?;
        if begins {
            self.spawn_job();
            // Refused, or very fast: then nothing of this is written.
            if let Some(error) = self.queue.lock().error.take() {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(accepted))
    }

    fn spawn_job(&self) {
        let job = Writing {
            sink: Some(self.sink.clone()),
            queue: self.queue.clone(),
        };
        drop(spawn_file_job(move || job.run(), true));
    }

    /// Waits until nothing is accepted that is not written.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_end(Waiter::Writer, cx));
        Poll::Ready(self.outcome())
    }

    /// The same, by several at once.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        self.idle().await;
        self.outcome()
    }

    pub(crate) fn is_idle(&self) -> bool {
        !self.queue.lock().is_writing
    }

    /// The same as [`poll_flush`](Self::poll_flush), beside it, and leaves an error to the next who writes or flushes.
    pub(crate) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_end(Waiter::Reader, cx)
    }

    /// The same, by several at once.
    pub(crate) async fn idle(&self) {
        let number = {
            let mut queue = self.queue.lock();
            if !queue.is_writing {
                return;
            }
            queue.futures += 1;
            queue.futures
        };
        let place = Place {
            queue: &self.queue,
            waiter: Waiter::Future(number),
        };
        poll_fn(|cx| self.poll_end(place.waiter, cx)).await;
    }

    fn outcome(&self) -> io::Result<()> {
        self.queue.lock().error.take().map_or(Ok(()), Err)
    }

    fn poll_end(&self, waiter: Waiter, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_as(waiter, cx, |queue| match queue.is_writing {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
    }

    fn poll_as<T>(
        &self,
        waiter: Waiter,
        cx: &mut Context<'_>,
        look: impl FnMut(&mut Queue) -> Poll<T>,
    ) -> Poll<T> {
        poll_locked(&self.queue, cx.waker(), look, |queue| {
            queue.waiting.entry(waiter).or_default()
        })
    }
}

/// Nobody waits any more; what was accepted is written.
impl<S> Drop for WriteBehind<S> {
    fn drop(&mut self) {
        let left = mem::take(&mut self.queue.lock().waiting);
        drop(left);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let left = self.queue.lock().waiting.remove(&self.waiter);
        drop(left);
    }
}

impl<S: fmt::Debug> fmt::Debug for WriteBehind<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sink.fmt(f)
    }
}

impl<S: Sink> Writing<S> {
    fn run(mut self) {
        let mut bytes = Vec::new();
        while let Some(next) = self.next(bytes) {
            bytes = next;
            let sink = self.sink.as_ref();
            if let Some(Err(error)) = sink.map(|sink| sink.write_all(&bytes)) {
                return self.fail(error);
            }
            bytes.clear();
        }
    }

    fn next(&mut self, written: Vec<u8>) -> Option<Vec<u8>> {
        let (next, woken) = {
            let mut queue = self.queue.lock();
            let taken = queue.next(written);
            if taken.0.is_none() {
                self.sink = None;
            }
            taken
        };
        woken.into_values().flatten().for_each(wake);
        next
    }
}

impl<S> Writing<S> {
    fn fail(&mut self, error: io::Error) {
        let woken = {
            let mut queue = self.queue.lock();
            self.sink = None;
            queue.fail(error)
        };
        woken.into_values().flatten().for_each(wake);
    }
}

/// It was dropped before it began: the runtime has shut down, or has no thread.
impl<S> Drop for Writing<S> {
    fn drop(&mut self) {
        let error =
            "the runtime has shut down, or could start no thread: what was to be written is lost";
        if self.sink.is_some() {
            self.fail(io::Error::other(error));
        }
    }
}

impl Queue {
    /// Takes in what there is room for.
    fn accept(&mut self, buffers: &[IoSlice<'_>], limit: usize) -> usize {
        let before = self.bytes.len();
        for buffer in buffers {
            let room = limit - self.bytes.len();
            self.bytes
                .extend_from_slice(&buffer[..buffer.len().min(room)]);
        }
        self.bytes.len() - before
    }

    /// Something was accepted. True: the caller begins a job for it.
    fn begin(&mut self) -> bool {
        !mem::replace(&mut self.is_writing, true)
    }

    /// The job's next bytes, for those that it has written, which are an empty buffer now; none: it has ended. And who is to be woken.
    fn next(&mut self, written: Vec<u8>) -> (Option<Vec<u8>>, Waiting) {
        let woken = mem::take(&mut self.waiting);
        if written.capacity() > 0 {
            self.spare = written;
        }
        if self.bytes.is_empty() {
            self.is_writing = false;
            return (None, woken);
        }
        let spare = mem::take(&mut self.spare);
        (Some(mem::replace(&mut self.bytes, spare)), woken)
    }

    /// The job has failed: what lies behind is not written either, since it would stand in the wrong place.
    fn fail(&mut self, error: io::Error) -> Waiting {
        self.is_writing = false;
        self.bytes.clear();
        self.error = Some(error);
        mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{model, thread};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    /// What was written. (No thread holds the lock when it gives way to another.)
    #[derive(Clone, Default)]
    struct Written(std::sync::Arc<parking_lot::Mutex<Vec<u8>>>);

    impl Sink for Written {
        fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
            self.0.lock().extend_from_slice(bytes);
            Ok(())
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Accepts a byte; and does what a job does, if one begins.
    fn write(behind: &WriteBehind<Written>, byte: u8) -> Option<Writing<Written>> {
        let mut queue = behind.queue.lock();
        assert_eq!(queue.accept(&[IoSlice::new(&[byte])], 2), 1);
        queue.begin().then(|| Writing {
            sink: Some(behind.sink.clone()),
            queue: behind.queue.clone(),
        })
    }

    /// What is accepted as the job ends is written by it, or by another that begins. Threads: this one writes, one is the job.
    #[test]
    fn write_against_end_of_job() {
        model(|| {
            let behind = WriteBehind::new(Written::default());
            let job = write(&behind, 1).expect("it is the first");
            let job = thread::spawn(move || job.run());
            let another = write(&behind, 2);
            job.join().unwrap();
            if let Some(another) = another {
                another.run();
            }
            assert_eq!(*behind.sink().0.lock(), [1, 2]);
            assert!(behind.is_idle());
        });
    }

    /// Who waits for the end is woken by it. Threads: this one flushes, one is the job.
    #[test]
    fn flush_against_end_of_job() {
        model(|| {
            let behind = WriteBehind::new(Written::default());
            let job = write(&behind, 1).expect("it is the first");
            let job = thread::spawn(move || job.run());
            let woken = std::sync::Arc::<Woken>::default();
            let waker = Waker::from(woken.clone());
            let mut cx = Context::from_waker(&waker);
            let mut polled = behind.poll_idle(&mut cx);
            job.join().unwrap();
            if polled.is_pending() {
                assert!(
                    woken.0.load(SeqCst) > 0,
                    "it waits, and nobody has woken it"
                );
                polled = behind.poll_idle(&mut cx);
            }
            assert!(polled.is_ready());
            assert_eq!(*behind.sink().0.lock(), [1]);
        });
    }
}
