//! The queue of file operations: many short jobs, done by few threads of the blocking pool.
//!
//! In: jobs, from `BlockingPool::spawn_file_job`; threads of the pool that take them, and one that looks whether they get on. Out: jobs, in the order in which
//! they came, and what the caller has to ask the pool for.
//!
//! A job that only waits for the disk could have a thread to itself, as the pool gives each. But most file operations find in memory what they want: they take a
//! few microseconds of a processor, and hundreds of threads that want one at the same time cost far more than that. So a few *takers* do all of them, one job
//! after the other, as long as jobs are quick. A file system that is slow, or stuck, must not hold up the others. Therefore somebody *watches* while jobs wait for a
//! taker, and looks at them each millisecond. A job that has been there for two looks is *slow*: its taker counts no more, and as many more as there are slow ones may
//! come. So where all are slow their number doubles with every other look, up to what the pool has.
//!
//! The invariant: while a job waits there is a taker that comes for it; and if there may be more, somebody watches.

#![forbid(unsafe_code)]

use crate::loom::Mutex;
use std::collections::VecDeque;
use std::sync::OnceLock;
use std::thread;

/// See the module.
pub(super) struct FileJobs<J> {
    books: Mutex<Books<J>>,
    /// How many takers there may be while no job is slow.
    few: usize,
    /// How many threads the pool may have.
    max_threads: usize,
}

struct Books<J> {
    waiting: VecDeque<J>,
    /// The takers, with those that were called and have not come yet.
    takers: usize,
    /// Jobs that were begun; the number of each is what this is then.
    begun: u64,
    running: usize,
    /// Of those that run, the ones that did so at the last look; and the last of their numbers.
    old: usize,
    old_until: u64,
    /// Of these, the ones that did so at the look before that.
    slow: usize,
    slow_until: u64,
    watched: bool,
    closed: bool,
}

/// What the caller has to ask the pool for.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the jobs that wait depend on it"]
pub(super) enum Call {
    Nobody,
    /// A thread that calls [`FileJobs::next`] until that gives none.
    Taker,
    /// One that calls [`FileJobs::look`] each millisecond until that gives none.
    Watcher,
}

/// A thread that takes jobs: what it does at present.
#[derive(Debug, Default)]
pub(super) struct Taker {
    /// Its job's number.
    job: Option<u64>,
}

impl<J> FileJobs<J> {
    /// For a pool of so many threads.
    pub(super) fn new(max_threads: usize) -> Self {
        // Asked once: the answer takes several system calls, which each runtime would wait for as it starts.
        static PROCESSORS: OnceLock<usize> = OnceLock::new();
        let processors =
            PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
        Self::with_few(4 * processors, max_threads)
    }

    fn with_few(few: usize, max_threads: usize) -> Self {
        Self {
            books: Mutex::new(Books {
                waiting: VecDeque::new(),
                takers: 0,
                begun: 0,
                running: 0,
                old: 0,
                old_until: 0,
                slow: 0,
                slow_until: 0,
                watched: false,
                closed: false,
            }),
            few: few.min(max_threads),
            max_threads,
        }
    }

    /// Takes a job in; or gives it back, after [`close`](Self::close).
    pub(super) fn push(&self, job: J) -> Result<Call, J> {
        let mut books = self.books.lock();
        if books.closed {
            return Err(job);
        }
        books.waiting.push_back(job);
        if books.takers < self.room(&books) {
            books.takers += 1;
            return Ok(Call::Taker);
        }
        // Where all threads are takers there is nobody left to be called, and none to watch.
        if books.watched || self.max_threads <= self.few {
            return Ok(Call::Nobody);
        }
        books.watched = true;
        Ok(Call::Watcher)
    }

    /// A taker's next job. None: it is to leave.
    pub(super) fn next(&self, taker: &mut Taker) -> Option<J> {
        let mut books = self.books.lock();
        if let Some(job) = taker.job.take() {
            books.end(job);
        }
        // One too many leaves only if somebody watches: else nobody would notice that those who stay are stuck.
        let stays = !books.watched || books.takers <= self.room(&books);
        if stays && let Some(job) = books.waiting.pop_front() {
            books.begun += 1;
            books.running += 1;
            taker.job = Some(books.begun);
            return Some(job);
        }
        books.takers -= 1;
        None
    }

    /// A taker gives its thread up between two jobs, and comes again: it counts as called.
    pub(super) fn pause(&self, taker: Taker) {
        if let Some(job) = taker.job {
            self.books.lock().end(job);
        }
    }

    /// A taker could not be called. Gives what nobody is left to do.
    pub(super) fn withdraw(&self) -> VecDeque<J> {
        let mut books = self.books.lock();
        books.takers -= 1;
        if books.takers > 0 {
            return VecDeque::new();
        }
        std::mem::take(&mut books.waiting)
    }

    /// The watcher's look, each millisecond: how many takers are to be called. None: there is nothing to watch any more.
    pub(super) fn look(&self) -> Option<usize> {
        let mut books = self.books.lock();
        if books.waiting.is_empty() {
            books.watched = false;
            return None;
        }
        (books.slow, books.slow_until) = (books.old, books.old_until);
        (books.old, books.old_until) = (books.running, books.begun);
        let called = self.room(&books).saturating_sub(books.takers);
        let called = called.min(books.waiting.len());
        books.takers += called;
        Some(called)
    }

    /// A watcher could not be called.
    pub(super) fn look_away(&self) {
        self.books.lock().watched = false;
    }

    /// Takes in nothing more, and gives what waits and is not to be kept.
    pub(super) fn close(&self, is_kept: impl Fn(&J) -> bool) -> VecDeque<J> {
        let mut books = self.books.lock();
        books.closed = true;
        let waiting = std::mem::take(&mut books.waiting);
        let (kept, others) = waiting.into_iter().partition(is_kept);
        books.waiting = kept;
        others
    }

    /// Looks at each job that waits, the oldest first.
    pub(super) fn for_each_waiting(&self, look: impl FnMut(&J)) {
        self.books.lock().waiting.iter().for_each(look);
    }

    /// How many jobs wait.
    pub(super) fn depth(&self) -> usize {
        self.books.lock().waiting.len()
    }

    /// How many takers there may be.
    fn room(&self, books: &Books<J>) -> usize {
        (self.few + 2 * books.slow).min(self.max_threads)
    }
}

impl<J> Books<J> {
    fn end(&mut self, job: u64) {
        self.running -= 1;
        self.old -= usize::from(job <= self.old_until);
        self.slow -= usize::from(job <= self.slow_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A taker that is in a job.
    fn begin(jobs: &FileJobs<u32>) -> (Taker, u32) {
        let mut taker = Taker::default();
        let job = jobs.next(&mut taker).expect("a job waits");
        (taker, job)
    }

    fn push_all(jobs: &FileJobs<u32>, numbers: std::ops::Range<u32>) -> Vec<Call> {
        numbers.map(|job| jobs.push(job).unwrap()).collect()
    }

    #[test]
    fn few_take_jobs_in_their_order() {
        let jobs = FileJobs::with_few(2, 512);
        let calls = push_all(&jobs, 0..5);
        let expected = [
            Call::Taker,
            Call::Taker,
            Call::Watcher,
            Call::Nobody,
            Call::Nobody,
        ];
        assert_eq!(calls, expected);
        let (mut first, job) = begin(&jobs);
        assert_eq!(job, 0);
        assert_eq!(begin(&jobs).1, 1);
        assert_eq!(jobs.next(&mut first), Some(2));
        assert_eq!(jobs.depth(), 2);
        assert_eq!(
            (jobs.next(&mut first), jobs.next(&mut first)),
            (Some(3), Some(4))
        );
        assert_eq!(jobs.next(&mut first), None);
        assert_eq!(jobs.look(), None);
        // One is left.
        assert_eq!(push_all(&jobs, 5..7), [Call::Taker, Call::Watcher]);
    }

    #[test]
    fn slow_jobs_bring_more_takers_and_quick_ones_send_them_away() {
        let jobs = FileJobs::with_few(1, 512);
        push_all(&jobs, 0..100);
        let mut stuck = vec![begin(&jobs).0];
        // The first look sees it begin.
        assert_eq!(jobs.look(), Some(0));
        for expected in [2, 0, 4, 0, 8] {
            assert_eq!(jobs.look(), Some(expected));
            stuck.extend((0..expected).map(|_| begin(&jobs).0));
        }
        // They go on, one after the other, until few enough are left.
        let mut left = 0;
        for mut taker in stuck {
            left += usize::from(jobs.next(&mut taker).is_none());
        }
        assert!(left > 0);
        assert!(jobs.depth() > 0);
        let books = jobs.books.lock();
        assert_eq!(books.takers, books.running);
    }

    #[test]
    fn no_more_takers_than_threads() {
        let jobs = FileJobs::with_few(4, 2);
        let calls = push_all(&jobs, 0..4);
        // Nobody watches: there is nobody else to be called.
        assert_eq!(
            calls,
            [Call::Taker, Call::Taker, Call::Nobody, Call::Nobody]
        );
        let jobs = FileJobs::with_few(1, 2);
        push_all(&jobs, 0..9);
        let _stuck = begin(&jobs);
        assert_eq!([jobs.look(), jobs.look()], [Some(0), Some(1)]);
        let _stuck = begin(&jobs);
        assert_eq!([jobs.look(), jobs.look(), jobs.look()], [Some(0); 3]);
    }

    #[test]
    fn without_any_taker_the_jobs_are_given_back() {
        let jobs = FileJobs::with_few(2, 512);
        push_all(&jobs, 0..3);
        assert!(jobs.withdraw().is_empty());
        assert_eq!(jobs.withdraw(), [0, 1, 2]);
        assert_eq!(jobs.push(3), Ok(Call::Taker));
        assert_eq!(jobs.close(|_| false), [3]);
        assert_eq!(jobs.push(4), Err(4));
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{Arc, model, thread};

    fn drain(jobs: &FileJobs<u32>) -> Vec<u32> {
        let mut taker = Taker::default();
        std::iter::from_fn(|| jobs.next(&mut taker)).collect()
    }

    /// A job that comes as the last taker leaves is taken by it, or another is called. Threads: this one pushes, one takes.
    #[test]
    fn file_job_against_leaving_taker() {
        model(|| {
            let jobs = Arc::new(FileJobs::with_few(1, 1));
            assert_eq!(jobs.push(1), Ok(Call::Taker));
            let taker = thread::spawn({
                let jobs = jobs.clone();
                move || drain(&jobs)
            });
            let call = jobs.push(2).unwrap();
            let mut done = taker.join().unwrap();
            if call == Call::Taker {
                done.extend(drain(&jobs));
            }
            assert_eq!(done, [1, 2]);
        });
    }

    /// A job that comes as the watcher goes is watched by it, or another is called. Threads: this one pushes while the only taker is stuck, one watches.
    #[test]
    fn file_job_against_leaving_watcher() {
        model(|| {
            let jobs = Arc::new(FileJobs::with_few(1, 2));
            assert_eq!(jobs.push(0), Ok(Call::Taker));
            assert_eq!(jobs.push(1), Ok(Call::Watcher));
            let mut stuck = Taker::default();
            assert!(jobs.next(&mut stuck).is_some());
            assert!(jobs.next(&mut stuck).is_some());
            let watcher = thread::spawn({
                let jobs = jobs.clone();
                move || jobs.look().is_some()
            });
            let call = jobs.push(2).unwrap();
            let watches = watcher.join().unwrap();
            assert_eq!(watches, call == Call::Nobody);
        });
    }
}
