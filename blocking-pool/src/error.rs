//! Why a job was not accepted, and why a result is missing.
//!
//! In: refusals from the books, panics from jobs. Out: errors that give the job back and hide what they are made of.

use crate::panics::Payload;
use std::error::Error;
use std::fmt;
use std::io;

/// The pool did not accept a job; it is given back.
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::{Pool, RejectReason};
///
/// let pool = Pool::new();
/// pool.shutdown(None);
///
/// let rejected = pool.try_spawn(|| 6 * 7).unwrap_err();
/// assert!(matches!(rejected.reason(), RejectReason::Closed));
/// assert_eq!(rejected.into_job()(), 42);
/// ```
pub struct Rejected<J> {
    job: J,
    reason: RejectReason,
}

impl<J> Rejected<J> {
    pub(crate) fn new(job: J, reason: RejectReason) -> Self {
        Self { job, reason }
    }

    /// Why the job was not accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::{Pool, RejectReason};
    ///
    /// let pool = Pool::new();
    /// pool.shutdown(None);
    /// let rejected = pool.try_spawn(|| 6 * 7).unwrap_err();
    /// assert!(matches!(rejected.reason(), RejectReason::Closed));
    /// ```
    pub fn reason(&self) -> &RejectReason {
        &self.reason
    }

    /// Gives the job back.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// pool.shutdown(None);
    /// let rejected = pool.try_spawn(|| 6 * 7).unwrap_err();
    /// assert_eq!(rejected.into_job()(), 42);
    /// ```
    pub fn into_job(self) -> J {
        self.job
    }

    /// Gives the job and the reason back.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// pool.shutdown(None);
    /// let rejected = pool.try_spawn(|| 6 * 7).unwrap_err();
    /// let (job, reason) = rejected.into_parts();
    /// assert_eq!(job(), 42);
    /// assert_eq!(reason.to_string(), "the pool was shut down");
    /// ```
    pub fn into_parts(self) -> (J, RejectReason) {
        (self.job, self.reason)
    }
}

impl<J> fmt::Debug for Rejected<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl<J> fmt::Display for Rejected<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<J> Error for Rejected<J> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

/// Why a job was not accepted.
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::{Pool, RejectReason};
///
/// // No machine has room for such a stack.
/// let pool = Pool::builder().thread_stack_size(1 << 46).build();
/// match pool.try_spawn(|| 42).unwrap_err().reason() {
///     RejectReason::NoThread(error) => println!("no thread: {error}"),
///     other => panic!("{other}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RejectReason {
    /// The pool was shut down.
    Closed,
    /// Every thread is busy, no more are allowed, and as many jobs wait as [`queue_limit`](crate::Builder::queue_limit) allows.
    Full,
    /// The pool has no thread, and the operating system would not start one. While there is any thread, a job waits for it instead.
    NoThread(io::Error),
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool was shut down"),
            Self::Full => f.write_str("the pool's queue is full"),
            Self::NoThread(error) => {
                write!(f, "the pool has no thread and could not start one: {error}")
            }
        }
    }
}

impl Error for RejectReason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Closed | Self::Full => None,
            Self::NoThread(error) => Some(error),
        }
    }
}

/// A job gave no result: it panicked, or was cancelled before it began. (`concurrent.futures`: what `Future.exception` returns, or `CancelledError`)
///
/// # Examples
///
/// ```
/// use heist_blocking_pool::Pool;
///
/// let pool = Pool::new();
/// let error = pool.spawn(|| panic!("no luck")).join().unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.to_string(), "the job panicked: no luck");
/// assert_eq!(error.into_panic().downcast_ref(), Some(&"no luck"));
/// ```
pub struct JoinError(Repr);

enum Repr {
    /// The lock is never contended: it makes the payload `Sync`, so that this error fits wherever errors do.
    Panic(parking_lot::Mutex<Payload>),
    Cancelled(Cause),
}

/// Who cancelled a job.
#[derive(Debug)]
pub(crate) enum Cause {
    Abort,
    Shutdown,
    Rejected(RejectReason),
}

impl JoinError {
    pub(crate) fn panic(payload: Payload) -> Self {
        Self(Repr::Panic(parking_lot::Mutex::new(payload)))
    }

    pub(crate) fn cancelled(cause: Cause) -> Self {
        Self(Repr::Cancelled(cause))
    }

    /// Whether the job panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::new();
    /// assert!(pool.spawn(|| panic!("no luck")).join().unwrap_err().is_panic());
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Repr::Panic(_))
    }

    /// Whether the job never began: it was aborted, the pool was shut down, or the pool did not accept it. The error's text
    /// says which. (asyncio: `CancelledError`)
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::new();
    /// pool.shutdown(None);
    /// let error = pool.spawn(|| ()).join().unwrap_err();
    /// assert!(error.is_cancelled());
    /// assert_eq!(error.to_string(), "the job was cancelled: the pool was shut down");
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Repr::Cancelled(_))
    }

    /// What the job panicked with, for [`resume_unwind`](std::panic::resume_unwind). (`concurrent.futures`: `Future.exception`)
    ///
    /// # Panics
    ///
    /// If the job did not panic: see [`try_into_panic`](Self::try_into_panic).
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = heist_blocking_pool::Pool::new();
    /// let error = pool.spawn(|| panic!("no luck")).join().unwrap_err();
    /// assert_eq!(error.into_panic().downcast_ref(), Some(&"no luck"));
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        self.try_into_panic()
            .expect("`into_panic` is for a job that panicked: look at `is_panic` first")
    }

    /// What the job panicked with.
    ///
    /// # Errors
    ///
    /// The error itself if the job did not panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_blocking_pool::Pool;
    ///
    /// let pool = Pool::new();
    /// let error = pool.spawn(|| panic!("no luck")).join().unwrap_err();
    /// match error.try_into_panic() {
    ///     Ok(payload) => assert!(payload.is::<&str>()),
    ///     Err(cancelled) => println!("{cancelled}"),
    /// }
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn std::any::Any + Send + 'static>, Self> {
        match self.0 {
            Repr::Panic(payload) => Ok(payload.into_inner().into_inner()),
            Repr::Cancelled(_) => Err(self),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Panic(payload) => {
                write!(f, "the job panicked: {}", payload.lock().message())
            }
            Repr::Cancelled(Cause::Abort) => f.write_str("the job was cancelled: it was aborted"),
            Repr::Cancelled(Cause::Shutdown) => {
                f.write_str("the job was cancelled: the pool was shut down before it began")
            }
            Repr::Cancelled(Cause::Rejected(reason)) => {
                write!(f, "the job was cancelled: {reason}")
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Panic(payload) => f
                .debug_tuple("Panic")
                .field(&payload.lock().message())
                .finish(),
            Repr::Cancelled(cause) => f.debug_tuple("Cancelled").field(cause).finish(),
        }
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Repr::Cancelled(Cause::Rejected(reason)) => reason.source(),
            _ => None,
        }
    }
}
