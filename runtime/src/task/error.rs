//! Why a task has no output.

#![forbid(unsafe_code)]

use super::{Id, Identity};
use crate::failure::Payload;
use std::any::Any;
use std::sync::Arc;
use std::{error, fmt, io};

/// Why a task did not return its output: it was cancelled, or it panicked. What awaiting a [`JoinHandle`](super::JoinHandle) returns as its error: asyncio's
/// `CancelledError`, or what `Task.exception` returns.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let error = heist::spawn(async { panic!("out of cheese") }).await.unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with("panicked: out of cheese"));
/// # });
/// ```
pub struct JoinError(Reason);

/// Two words, with room in the first for what else a task's cell may hold: its future, no error, nothing.
enum Reason {
    Cancelled(Id),
    Panicked(Box<Panicked>),
}

const _: () = assert!(size_of::<Option<Result<(), JoinError>>>() <= 16);

struct Panicked {
    id: Id,
    name: Option<Arc<str>>,
    /// What the task panicked with. Behind a lock, since it need not be `Sync`.
    payload: parking_lot::Mutex<Payload>,
}

impl JoinError {
    pub(super) fn cancelled(id: Id) -> Self {
        Self(Reason::Cancelled(id))
    }

    pub(super) fn panic(Identity { id, name, .. }: Identity, payload: Payload) -> Self {
        let payload = parking_lot::Mutex::new(payload);
        Self(Reason::Panicked(Box::new(Panicked { id, name, payload })))
    }

    /// Whether the task was aborted, or dropped by the shutdown of its runtime; a blocking job also if there was no thread for it. asyncio's `Task.cancelled`.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Reason::Cancelled(_))
    }

    /// Whether the task panicked, in a poll or in a destructor.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { panic!("out of cheese") });
    /// assert!(task.await.unwrap_err().is_panic());
    /// # });
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Reason::Panicked(_))
    }

    /// What the task panicked with, for [`std::panic::resume_unwind`]: asyncio's `Task.exception`.
    ///
    /// # Panics
    ///
    /// If the task was cancelled: see [`try_into_panic`](Self::try_into_panic).
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { panic!("out of cheese") });
    /// let payload = task.await.unwrap_err().into_panic();
    /// assert_eq!(payload.downcast_ref(), Some(&"out of cheese"));
    /// # });
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(this) => {
                panic!("`JoinError::into_panic` was called, but {this}; ask `is_panic` first")
            }
        }
    }

    /// What the task panicked with.
    ///
    /// # Errors
    ///
    /// Gives itself back if the task did not panic.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { panic!("out of cheese") });
    /// match task.await.unwrap_err().try_into_panic() {
    ///     Ok(payload) => assert!(payload.is::<&str>()),
    ///     Err(cancelled) => println!("{cancelled}"),
    /// }
    /// # });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.0 {
            Reason::Panicked(panicked) => Ok(panicked.payload.into_inner().into_inner()),
            Reason::Cancelled(_) => Err(self),
        }
    }

    /// What the task panicked with, as it was caught.
    pub(super) fn into_payload(self) -> Option<Payload> {
        match self.0 {
            Reason::Panicked(panicked) => Some(panicked.payload.into_inner()),
            Reason::Cancelled(_) => None,
        }
    }

    /// The id of the task that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # heist::run(async {
    /// let task = heist::spawn(async { panic!("out of cheese") });
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap_err().id(), id);
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        match &self.0 {
            Reason::Cancelled(id) => *id,
            Reason::Panicked(panicked) => panicked.id,
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Cancelled(id) => write!(f, "task {id} was cancelled"),
            Reason::Panicked(panicked) => {
                let (id, payload) = (panicked.id, panicked.payload.lock());
                let message = payload.message();
                match &panicked.name {
                    None => write!(f, "task {id} panicked: {message}"),
                    Some(name) => write!(f, "task {id} {name:?} panicked: {message}"),
                }
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Cancelled(id) => write!(f, "JoinError::Cancelled({id:?})"),
            Reason::Panicked(panicked) => {
                let (id, payload) = (panicked.id, panicked.payload.lock());
                write!(f, "JoinError::Panic({id:?}, {:?})", payload.message())
            }
        }
    }
}

impl error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        io::Error::other(error)
    }
}
