//! One closure over many inputs.
//!
//! In: the inputs, one by one, as there is room for them. Out: the results, in the order of the inputs, to a task (as a stream) or to a thread (as an
//! iterator). Called from [`Pool::map`](crate::Pool::map).

use crate::error::{JoinError, RejectReason};
use crate::join::JoinHandle;
use crate::pool::Pool;
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::iter::{Fuse, FusedIterator};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The results of [`Pool::map`], in the order of the inputs: a `Stream` for tasks, or by [`into_iter`](IntoIterator::into_iter) an iterator for threads.
///
/// It does nothing until it is polled or iterated. From then on it has at most [`buffer`](Self::buffer) jobs at the pool, begun, waiting or done, and takes the next input
/// when a result is taken. Dropped, it cancels those that have not begun; those that have go on, and their results are dropped.
///
/// # Cancel safety
///
/// To stop waiting for the next result loses nothing: it is there when the stream is polled again.
#[must_use = "it does nothing until it is polled or iterated"]
pub struct Map<'pool, I: Iterator, F, T> {
    pool: &'pool Pool,
    inputs: Fuse<I>,
    closure: Arc<F>,
    /// Those at the pool, in the order of their inputs.
    jobs: VecDeque<JoinHandle<T>>,
    buffer: usize,
    /// The pool had no room for it.
    held: Option<Held<T>>,
    mapped_at: &'static Location<'static>,
}

type Held<T> = Box<dyn FnOnce() -> T + Send>;

impl<'pool, I, F, T> Map<'pool, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    #[track_caller]
    pub(crate) fn new(pool: &'pool Pool, inputs: I, closure: F, buffer: usize) -> Self {
        Self {
            pool,
            inputs: inputs.fuse(),
            closure: Arc::new(closure),
            jobs: VecDeque::new(),
            buffer,
            held: None,
            mapped_at: Location::caller(),
        }
    }

    /// How many inputs are at the pool at most, or have results that wait to be taken. Twice the pool's threads if it is not set: each has a next one.
    /// (asyncio: `Executor.map(buffersize=…)`)
    ///
    /// # Panics
    ///
    /// If it is 0: nothing would ever run.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    /// use std::cell::Cell;
    ///
    /// let pool = Pool::builder().max_threads(2).build();
    /// let taken = Cell::new(0);
    /// let inputs = (0..1_000).inspect(|_| taken.set(taken.get() + 1));
    ///
    /// let mut squares = pool.map(inputs, |n| n * n).buffer(4).into_iter();
    /// assert_eq!(squares.next().unwrap()?, 0);
    /// assert_eq!(taken.get(), 4, "the other inputs are not made yet");
    /// # Ok::<(), heist_blocking_pool::JoinError>(())
    /// ```
    pub fn buffer(mut self, buffer: usize) -> Self {
        assert!(
            buffer > 0,
            "a map that may have no job at its pool would never end: give `buffer` 1 or more"
        );
        self.buffer = buffer;
        self
    }

    /// Takes inputs for as long as there is room.
    fn fill(&mut self) {
        while self.jobs.len() < self.buffer {
            let submitted = match self.held.take() {
                Some(held) => self.submit(held),
                None => {
                    let Some(input) = self.inputs.next() else {
                        return;
                    };
                    let closure = Arc::clone(&self.closure);
                    self.submit(move || closure(input))
                        .map_err(|job| Box::new(job) as Held<T>)
                }
            };
            let Err(job) = submitted else {
                continue;
            };
            // The pool's queue is full. A job of ours that ends brings us back; if there is none the pool's answer is the result.
            if !self.jobs.is_empty() {
                self.held = Some(job);
                return;
            }
            self.jobs.push_back(self.pool.spawn_at(job, self.mapped_at));
        }
    }

    /// Gives the job back if the pool's queue has no room for it.
    fn submit<J>(&mut self, job: J) -> Result<(), J>
    where
        J: FnOnce() -> T + Send + 'static,
    {
        let handle = match self.pool.try_spawn_at(job, self.mapped_at) {
            Ok(handle) => handle,
            Err(rejected) if matches!(rejected.reason(), RejectReason::Full) => {
                return Err(rejected.into_job());
            }
            // Its handle says why.
            Err(rejected) => self.pool.spawn_at(rejected.into_job(), self.mapped_at),
        };
        self.jobs.push_back(handle);
        Ok(())
    }
}

impl<I, F, T> Stream for Map<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JoinError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.fill();
        let Some(job) = self.jobs.front_mut() else {
            return Poll::Ready(None);
        };
        let result = ready!(Pin::new(job).poll(cx));
        self.jobs.pop_front();
        Poll::Ready(Some(result))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.jobs.len() + usize::from(self.held.is_some());
        let (least, most) = self.inputs.size_hint();
        (
            least.saturating_add(at_hand),
            most.and_then(|most| most.checked_add(at_hand)),
        )
    }
}

// Nothing in it is pinned: inputs and results are moved.
impl<I: Iterator, F, T> Unpin for Map<'_, I, F, T> {}

impl<'pool, I, F, T> IntoIterator for Map<'pool, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JoinError>;
    type IntoIter = MapIter<'pool, I, F, T>;

    /// The results for a thread, which waits for each.
    fn into_iter(self) -> Self::IntoIter {
        MapIter(self)
    }
}

impl<I: Iterator, F, T> Drop for Map<'_, I, F, T> {
    fn drop(&mut self) {
        // The last first: no thread is given one that the next moment cancels.
        while let Some(job) = self.jobs.pop_back() {
            job.abort();
        }
    }
}

impl<I: Iterator, F, T> fmt::Debug for Map<'_, I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("jobs", &self.jobs.len())
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

/// The results of [`Pool::map`] for a thread: [`next`](Iterator::next) blocks until the next one is there. (asyncio: what `Executor.map` returns)
#[must_use = "it does nothing until it is iterated"]
pub struct MapIter<'pool, I: Iterator, F, T>(Map<'pool, I, F, T>);

impl<I, F, T> Iterator for MapIter<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.fill();
        self.0.jobs.pop_front().map(JoinHandle::join)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<I, F, T> FusedIterator for MapIter<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
}

impl<I: Iterator, F, T> fmt::Debug for MapIter<'_, I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapIter").field(&self.0).finish()
    }
}
