//! [`on_cancel`](fn@on_cancel): a clean-up that may await, for when the code around it is dropped.
//!
//! In comes a clean-up; out goes a guard, and from its destructor the clean-up, to the task that this runs in. Called by users. Who runs it is in
//! [`task/clean_up.rs`](crate::task).

use crate::runtime::Handle;
use crate::task::{self, Guard, Registered, Spawn};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;

/// Registers a clean-up that may await, for the case that the code around is cancelled: asyncio's `except CancelledError: … raise`, and its `finally`.
///
/// When the guard is dropped, the clean-up runs, to its end, as part of the task; whatever it is that drops the guard: [an abort](crate::JoinHandle::abort), a
/// [time-out](crate::time::timeout), a `select!` that another branch has won, a panic, or the end of its scope. The task's handle resolves afterwards, with what the task ended
/// with; so an aborted task has ended as cancelled when its clean-ups are over. [`disarm`](OnCancel::disarm) says that there is nothing to clean up any more.
///
/// - Of the guards of one piece of code, the one that was registered last is run first, and one at a time.
/// - Another abort doesn't interrupt a clean-up; only the runtime's shutdown does, when its deadline is over, and reports it.
/// - The clean-up of a part of a task that goes on (the loser of a `select!`, say) runs beside the rest; [`timeout`](crate::time::timeout) waits for it before it returns.
/// - A clean-up may sleep, do input and output, spawn, time out, and register clean-ups.
/// - If it panics, the others still run; the task's outcome is that panic, if it did not panic before.
/// - [Task locals](crate::task_local) that were set around the guard are not set in it.
///
/// In `block_on`, and so in `main`, it is run as well, before that returns. A guard that is dropped elsewhere, on a thread that polls nothing, or by the function of a blocking job, has its
/// clean-up spawned as a task of its own: on the runtime that it was registered in, or if that was in none, on the one that the thread is in.
/// If that is shut down, or there is none, the clean-up is lost, which is reported on standard error.
///
/// It costs nothing but a few words in the future, until the guard is dropped.
///
/// # Examples
///
/// ```
/// use heist::task::on_cancel;
/// use heist::time::{Duration, sleep};
///
/// # heist::run(async {
/// let (sender, message) = heist::sync::oneshot::channel();
/// let (start, started) = heist::sync::oneshot::channel();
/// let task = heist::spawn(async {
///     let _guard = on_cancel(async {
///         sleep(Duration::from_millis(5)).await;
///         let _ = sender.send("cleaned up");
///     });
///     let _ = start.send(());
///     std::future::pending::<()>().await;
/// });
/// let _ = started.await;
/// task.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// assert_eq!(message.await, Ok("cleaned up"));
/// # });
/// ```
///
/// What is to be undone, unless all went well:
///
/// ```
/// use heist::task::on_cancel;
///
/// async fn order(fail: bool, undone: heist::sync::oneshot::Sender<()>) -> Result<(), &'static str> {
///     // … reserve …
///     let undo = on_cancel(async {
///         let _ = undone.send(());
///     });
///     if fail {
///         return Err("sold out");
///     }
///     drop(undo.disarm());
///     Ok(())
/// }
///
/// # heist::run(async {
/// let (sender, undone) = heist::sync::oneshot::channel();
/// assert!(order(true, sender).await.is_err());
/// assert_eq!(undone.await, Ok(()));
/// # });
/// ```
#[track_caller]
pub fn on_cancel<F>(clean_up: F) -> OnCancel<F::IntoFuture>
where
    F: IntoFuture<IntoFuture: Send + 'static, Output = ()>,
{
    let place = Location::caller();
    let guard = Guard::new(Registered::at(place), clean_up.into_future());
    OnCancel {
        guard: Some(guard),
        home: Handle::try_current().ok(),
        place,
    }
}

/// What [`on_cancel`] returns: dropped, it runs the clean-up.
///
/// # Examples
///
/// ```
/// use heist::task::OnCancel;
/// use std::future::Ready;
///
/// fn nothing(guard: OnCancel<Ready<()>>) {
///     let _clean_up = guard.disarm();
/// }
/// # nothing(heist::task::on_cancel(std::future::ready(())));
/// ```
#[must_use = "dropped at once, it runs the clean-up at once; bind it to a name"]
pub struct OnCancel<F: Future<Output = ()> + Send + 'static> {
    /// Until it is disarmed.
    guard: Option<Guard<F>>,
    home: Option<Handle>,
    place: &'static Location<'static>,
}

impl<F: Future<Output = ()> + Send + 'static> OnCancel<F> {
    /// Gives the clean-up back: it runs only if it is awaited.
    ///
    /// # Examples
    ///
    /// The same clean-up in either case:
    ///
    /// ```
    /// # heist::run(async {
    /// let guard = heist::task::on_cancel(async { println!("closed") });
    /// // … what may be cancelled …
    /// guard.disarm().await;
    /// # });
    /// ```
    #[must_use = "the clean-up does not run unless it is awaited; to do without, `drop` it"]
    pub fn disarm(mut self) -> F {
        let guard = self.guard.take().expect("it is disarmed once");
        guard.disarm()
    }
}

impl<F: Future<Output = ()> + Send + 'static> Drop for OnCancel<F> {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        if task::is_kept() {
            return;
        }
        let home = self.home.take().or_else(|| Handle::try_current().ok());
        if let Some(home) = home {
            // So it is that task's clean-up. If it is refused, it is lost, and says so.
            drop(home.spawn_as(async move { drop(guard) }, Spawn::at(self.place)));
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> fmt::Debug for OnCancel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel")
            .field("registered_at", &self.place)
            .finish_non_exhaustive()
    }
}
