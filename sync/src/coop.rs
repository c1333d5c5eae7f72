//! The cooperative budget: what lets an always-ready primitive give way to the other tasks of its thread.
//!
//! In comes the [`Context`] that a runtime sets around each poll ([`enter`], [`with_budget`]); the primitives of this
//! crate that tokio's budget covers, and the I/O types of the runtime, spend a unit through [`poll_proceed`] before they
//! make progress. When none is left it returns `Pending` although they could go on, with the task already woken, so that
//! the scheduler gets the thread back. The same context says whether this thread may block, which the `blocking_*`
//! methods ask.
//!
//! Who is told so has asked for nothing yet: it takes its place in the line of a lock, a semaphore or a queue at its next
//! turn, behind those that ask meanwhile. (What cannot be asked for later is waited for without a budget, too: a
//! notification, an [`Event`](crate::Event).)
//!
//! Who doesn't give the thread back, since it polls again and again within one poll of its task (the `block_on` of another crate, called in a task), is refused some thousand times,
//! for about a millisecond, and then goes on without a limit until that poll ends: it stalls its thread, as anything that blocks, but not for ever.
//!
//! A thread on which nobody has entered a context is unlimited and may block, so on other runtimes nothing of this is
//! felt.
//!
//! # Examples
//!
//! A loop over a channel that is never empty still ends its turn:
//!
//! ```
//! use heist_sync::coop::{self, Budget};
//! use std::cell::Cell;
//! use std::future::Future;
//! use std::pin::pin;
//! use std::task::{Context, Waker};
//!
//! let turns = Cell::new(0);
//! let mut forever = pin!(async {
//!     loop {
//!         turns.set(turns.get() + 1);
//!         coop::consume_budget().await;
//!     }
//! });
//! let mut cx = Context::from_waker(Waker::noop());
//! let poll = coop::with_budget(Budget::new(10), || forever.as_mut().poll(&mut cx));
//! assert!(poll.is_pending());
//! assert_eq!(turns.get(), 11);
//! ```
#![forbid(unsafe_code)]

use pin_project_lite::pin_project;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Poll, ready};

thread_local! {
    /// Const-initialised and without a destructor: an access is a plain load or store, at any point of the thread's life.
    static CURRENT: Cell<Context> = const { Cell::new(Context::new(Budget::unlimited(), Blocking::Allowed)) };
}

/// How many operations a task may do before it must yield.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
///
/// coop::with_budget(Budget::new(1), || assert!(coop::has_budget_remaining()));
/// coop::with_budget(Budget::new(0), || assert!(!coop::has_budget_remaining()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(
    /// How many are left. Below zero, how often one was refused since none is.
    i32,
);

/// How many operations are refused within one poll, until there is no limit: more than in a poll that gives way soon, even if it asks thousands of futures first.
const REFUSALS: i32 = 16_384;

impl Budget {
    /// What a runtime gives a task for one poll: 128 operations.
    ///
    /// High enough that the cost of a yield disappears in it, low enough that no task waits long for another.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::Budget;
    ///
    /// assert_eq!(Budget::DEFAULT, Budget::new(128));
    /// ```
    pub const DEFAULT: Self = Self::new(128);

    /// Above every limit that [`Budget::new`] can make.
    const UNLIMITED: i32 = i32::MAX;

    /// A budget of this many operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::{self, Budget};
    ///
    /// coop::with_budget(Budget::new(0), || assert!(!coop::has_budget_remaining()));
    /// ```
    #[must_use = "a budget does nothing until it is set by `enter` or `with_budget`"]
    pub const fn new(operations: u16) -> Self {
        Self(operations as i32)
    }

    /// No limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::{self, Budget};
    ///
    /// coop::with_budget(Budget::unlimited(), || assert!(coop::has_budget_remaining()));
    /// ```
    #[must_use = "a budget does nothing until it is set by `enter` or `with_budget`"]
    pub const fn unlimited() -> Self {
        Self(Self::UNLIMITED)
    }
}

/// Whether code on this thread may block it.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Blocking, Budget, Context};
///
/// let worker = Context::new(Budget::unlimited(), Blocking::Forbidden);
/// coop::enter(worker, || assert!(!coop::may_block()));
/// let own = Context::new(Budget::unlimited(), Blocking::Allowed);
/// coop::enter(own, || assert!(coop::may_block()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// The thread is its caller's own: it may wait.
    Allowed,
    /// The thread runs tasks: a `blocking_*` call on it would stall them, and panics instead.
    Forbidden,
}

/// What the code that runs on this thread may do: how many operations it has left before it must yield, and whether
/// it may block the thread.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Blocking, Budget, Context};
///
/// let poll = Context::new(Budget::DEFAULT, Blocking::Forbidden);
/// coop::enter(poll, || assert!(coop::has_budget_remaining() && !coop::may_block()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    budget: Budget,
    blocking: Blocking,
}

impl Context {
    /// A context with this budget, on a thread that may block or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::{Blocking, Budget, Context};
    ///
    /// const WORKER: Context = Context::new(Budget::unlimited(), Blocking::Forbidden);
    /// ```
    #[must_use = "a context does nothing until it is set by `enter`"]
    pub const fn new(budget: Budget, blocking: Blocking) -> Self {
        Self { budget, blocking }
    }
}

/// Puts the former context back, also when the code inside panics.
struct Restore(Context);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs `f` under `context`, and puts the former one back when `f` returns or panics.
///
/// This is for runtimes: a worker enters `Context::new(Budget::unlimited(), Blocking::Forbidden)` once, and
/// [`with_budget`] around each poll.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Blocking, Budget, Context};
///
/// const WORKER: Context = Context::new(Budget::unlimited(), Blocking::Forbidden);
///
/// assert!(coop::may_block());
/// coop::enter(WORKER, || assert!(!coop::may_block()));
/// assert!(coop::may_block());
/// ```
#[inline]
pub fn enter<R>(context: Context, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.replace(context));
    f()
}

/// Runs `f` with this budget, and puts the former one back when `f` returns or panics. What [`may_block`] says stays.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
///
/// coop::with_budget(Budget::new(0), || assert!(!coop::has_budget_remaining()));
/// assert!(coop::has_budget_remaining());
/// ```
#[inline]
pub fn with_budget<R>(budget: Budget, f: impl FnOnce() -> R) -> R {
    let former = CURRENT.get();
    enter(Context { budget, ..former }, f)
}

/// Spends one operation of the budget, or returns `Pending` with `cx` woken if none is left.
///
/// Call it first in a leaf future's `poll`, and [`RestoreOnPending::made_progress`] once that poll is known to be
/// ready; without it the unit comes back, so that only progress is paid for. Futures that only poll others leave it
/// to them.
///
/// # Examples
///
/// ```
/// use heist_sync::coop;
/// use std::future::poll_fn;
/// use std::task::{Poll, ready};
///
/// # futures_lite::future::block_on(async {
/// let mut items = vec![1, 2, 3];
/// let next = poll_fn(|cx| {
///     let coop = ready!(coop::poll_proceed(cx));
///     match items.pop() {
///         Some(item) => {
///             coop.made_progress();
///             Poll::Ready(item)
///         }
///         None => Poll::Pending,
///     }
/// });
/// assert_eq!(next.await, 3);
/// # });
/// ```
#[inline]
pub fn poll_proceed(cx: &mut std::task::Context<'_>) -> Poll<RestoreOnPending> {
    let current = CURRENT.get();
    match current.budget.0 {
        ..=0 => {
            refuse(current, cx);
            return Poll::Pending;
        }
        Budget::UNLIMITED => {}
        left => CURRENT.set(Context {
            budget: Budget(left - 1),
            ..current
        }),
    }
    Poll::Ready(RestoreOnPending {
        before: Cell::new(current.budget),
        _not_send: PhantomData,
    })
}

/// The task gives way. It is counted: after the last one, there is no limit until this context is left.
#[cold]
fn refuse(current: Context, cx: &std::task::Context<'_>) {
    let refused = current.budget.0 - 1;
    let budget = if refused > -REFUSALS {
        Budget(refused)
    } else {
        Budget::unlimited()
    };
    CURRENT.set(Context { budget, ..current });
    cx.waker().wake_by_ref();
}

/// Waits until an operation could go on, and spends nothing: with no budget left it returns `Pending`, with `cx` woken.
///
/// For a combinator, before it polls those that spend.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
/// use std::task::{Context, Waker};
///
/// let mut cx = Context::from_waker(Waker::noop());
/// coop::with_budget(Budget::new(1), || assert!(coop::poll_budget_available(&mut cx).is_ready()));
/// coop::with_budget(Budget::new(0), || assert!(coop::poll_budget_available(&mut cx).is_pending()));
/// ```
#[inline]
pub fn poll_budget_available(cx: &mut std::task::Context<'_>) -> Poll<()> {
    let current = CURRENT.get();
    if current.budget.0 > 0 {
        return Poll::Ready(());
    }
    refuse(current, cx);
    Poll::Pending
}

/// One spent unit of the budget: dropped without [`made_progress`](RestoreOnPending::made_progress), it sets the budget
/// back to what it was before [`poll_proceed`], unless an operation was refused since: then nothing is left of it in this poll.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
/// use std::task::{Context, Poll, Waker};
///
/// coop::with_budget(Budget::new(1), || {
///     let mut cx = Context::from_waker(Waker::noop());
///     let Poll::Ready(unit) = coop::poll_proceed(&mut cx) else {
///         panic!("there is one")
///     };
///     assert!(!coop::has_budget_remaining());
///     drop(unit);
///     assert!(coop::has_budget_remaining());
/// });
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it gives the spent unit back: call `made_progress` when the poll is ready"]
pub struct RestoreOnPending {
    /// The budget to go back to; unlimited if there is nothing to give back.
    before: Cell<Budget>,
    /// It belongs to the thread whose budget it has spent.
    _not_send: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// Says that the operation went on, so that its unit stays spent.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::{self, Budget};
    /// use std::task::{Context, Poll, Waker};
    ///
    /// coop::with_budget(Budget::new(1), || {
    ///     let mut cx = Context::from_waker(Waker::noop());
    ///     let Poll::Ready(unit) = coop::poll_proceed(&mut cx) else {
    ///         panic!("there is one")
    ///     };
    ///     unit.made_progress();
    ///     drop(unit);
    ///     assert!(!coop::has_budget_remaining());
    /// });
    /// ```
    #[inline]
    pub fn made_progress(&self) {
        self.before.set(Budget::unlimited());
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        let (before, current) = (self.before.get(), CURRENT.get());
        // If something was refused since, the count goes on.
        if before != Budget::unlimited() && (0..Budget::UNLIMITED).contains(&current.budget.0) {
            CURRENT.set(Context {
                budget: before,
                ..current
            });
        }
    }
}

/// Whether an operation could go on now: `false` means that the next [`poll_proceed`] returns `Pending` (if it has not too often already: see the module).
///
/// A combinator that polls two futures asks it, to tell whether the first one was not ready or only ran out of budget. Who is to give way then waits
/// for [`poll_budget_available`].
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
///
/// coop::with_budget(Budget::new(0), || assert!(!coop::has_budget_remaining()));
/// ```
#[inline]
#[must_use = "it only asks"]
pub fn has_budget_remaining() -> bool {
    CURRENT.get().budget.0 > 0
}

/// Spends one operation, and yields to the other tasks if none is left.
///
/// Put it in a loop that computes without awaiting anything; asyncio's idiom for it is `await asyncio.sleep(0)`, which
/// yields each time.
///
/// # Cancel safety
///
/// It holds nothing: dropped, it has had no effect.
///
/// # Examples
///
/// ```
/// # futures_lite::future::block_on(async {
/// let mut sum = 0_u64;
/// for n in 0..100_000 {
///     sum += n;
///     heist_sync::coop::consume_budget().await;
/// }
/// assert_eq!(sum, 4_999_950_000);
/// # });
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| {
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(())
    })
    .await
}

/// Lets `future` run without a budget: it yields only when it has really to wait.
///
/// It can then starve the other tasks of its thread; it is for a part that must come to its end in one go.
///
/// # Cancel safety
///
/// That of `future`.
///
/// # Examples
///
/// ```
/// use heist_sync::coop::{self, Budget};
/// use std::future::Future;
/// use std::pin::pin;
/// use std::task::{Context, Waker};
///
/// let mut work = pin!(coop::unconstrained(async {
///     for _ in 0..1_000 {
///         coop::consume_budget().await;
///     }
/// }));
/// let mut cx = Context::from_waker(Waker::noop());
/// let poll = coop::with_budget(Budget::DEFAULT, || work.as_mut().poll(&mut cx));
/// assert!(poll.is_ready());
/// ```
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// The future of [`unconstrained`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::coop::{Unconstrained, unconstrained};
    /// use std::future::{Ready, ready};
    ///
    /// # futures_lite::future::block_on(async {
    /// let future: Unconstrained<Ready<u32>> = unconstrained(ready(1));
    /// assert_eq!(future.await, 1);
    /// # });
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let future = self.project().future;
        with_budget(Budget::unlimited(), || future.poll(cx))
    }
}

pin_project! {
    /// A future whose completion costs one operation: one of this crate's whose polls end in several ways.
    pub(crate) struct Cooperative<F> {
        #[pin]
        future: F,
    }
}

/// Spends one operation of the budget when `future` is ready; without one left it isn't polled.
pub(crate) fn cooperative<F: Future>(future: F) -> Cooperative<F> {
    Cooperative { future }
}

impl<F: Future> Future for Cooperative<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let coop = ready!(poll_proceed(cx));
        let output = ready!(self.project().future.poll(cx));
        coop.made_progress();
        Poll::Ready(output)
    }
}

/// Whether code on this thread may block it: not on a thread that runs tasks.
///
/// # Examples
///
/// ```
/// use heist_sync::coop;
///
/// assert!(coop::may_block());
/// ```
#[inline]
#[must_use = "it only asks"]
pub fn may_block() -> bool {
    CURRENT.get().blocking == Blocking::Allowed
}

/// Panics where [`may_block`] says no: `what` would block, and on a thread that runs tasks one should do `instead`.
#[track_caller]
pub(crate) fn assert_may_block(what: &str, instead: &str) {
    assert!(
        may_block(),
        "`{what}` would block a thread that runs tasks, and stall them all: {instead}, or call it inside `spawn_blocking`"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn left() -> Budget {
        CURRENT.get().budget
    }

    fn proceed() -> Poll<RestoreOnPending> {
        poll_proceed(&mut std::task::Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_thread_is_unlimited_and_may_block() {
        assert!(may_block() && has_budget_remaining());
        for _ in 0..1_000 {
            let Poll::Ready(coop) = proceed() else {
                panic!("an unlimited budget ran out")
            };
            coop.made_progress();
        }
        assert_eq!(left(), Budget::unlimited());
    }

    #[test]
    fn the_largest_budget_is_a_limit() {
        with_budget(Budget::new(u16::MAX), || {
            let Poll::Ready(coop) = proceed() else {
                panic!("the budget ran out")
            };
            coop.made_progress();
            assert_eq!(left(), Budget::new(u16::MAX - 1));
        });
    }

    #[test]
    fn progress_is_paid_for_and_a_vain_poll_is_not() {
        with_budget(Budget::new(2), || {
            drop(proceed());
            assert_eq!(left(), Budget::new(2));
            let Poll::Ready(coop) = proceed() else {
                panic!("the budget ran out")
            };
            coop.made_progress();
            drop(coop);
            assert_eq!(left(), Budget::new(1));
        });
    }

    #[test]
    fn what_is_spent_inside_a_vain_poll_comes_back_with_it() {
        with_budget(Budget::new(3), || {
            let outer = proceed();
            let Poll::Ready(inner) = proceed() else {
                panic!("the budget ran out")
            };
            inner.made_progress();
            drop(inner);
            drop(outer);
            assert_eq!(left(), Budget::new(3));
        });
    }

    #[test]
    fn exhausted_it_wakes_once_and_is_pending() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = std::task::Context::from_waker(&waker);
        with_budget(Budget::new(1), || {
            assert!(pin!(consume_budget()).poll(&mut cx).is_ready());
            assert_eq!(count.0.load(Relaxed), 0);
            assert!(!has_budget_remaining());
            assert!(pin!(consume_budget()).poll(&mut cx).is_pending());
            assert_eq!(count.0.load(Relaxed), 1);
            assert!(!has_budget_remaining());
        });
    }

    #[test]
    fn who_polls_on_all_the_same_goes_on_after_so_many_refusals() {
        with_budget(Budget::new(1), || {
            let Poll::Ready(coop) = proceed() else {
                panic!("the budget ran out")
            };
            coop.made_progress();
            for _ in 0..REFUSALS {
                assert!(proceed().is_pending());
            }
            for _ in 0..1_000 {
                let Poll::Ready(coop) = proceed() else {
                    panic!("it was refused once too often")
                };
                coop.made_progress();
            }
            with_budget(Budget::new(0), || assert!(proceed().is_pending()));
        });
        assert_eq!(left(), Budget::unlimited());
    }

    #[test]
    fn who_holds_a_unit_or_only_asks_is_counted_as_well() {
        let mut cx = std::task::Context::from_waker(Waker::noop());
        with_budget(Budget::new(1), || {
            let outer = proceed();
            assert!(outer.is_ready() && proceed().is_pending());
            drop(outer);
            let mut refused = 1;
            // Each time a unit is held, if there is one.
            while proceed().map(|_unit| proceed().is_pending()) != Poll::Ready(false) {
                refused += 1;
            }
            assert_eq!(refused, REFUSALS);
            assert_eq!(left(), Budget::unlimited());
        });
        with_budget(Budget::new(0), || {
            for _ in 0..REFUSALS {
                assert!(poll_budget_available(&mut cx).is_pending());
            }
            assert!(poll_budget_available(&mut cx).is_ready());
        });
    }

    #[test]
    fn contexts_nest_and_come_back() {
        enter(Context::new(Budget::new(7), Blocking::Forbidden), || {
            with_budget(Budget::new(1), || {
                assert!(!may_block());
                assert_eq!(left(), Budget::new(1));
                enter(Context::new(Budget::unlimited(), Blocking::Allowed), || {
                    assert!(may_block())
                });
                assert!(!may_block());
            });
            assert_eq!(left(), Budget::new(7));
        });
        assert!(may_block());
    }

    #[test]
    fn a_panic_restores_the_context() {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            enter(Context::new(Budget::new(0), Blocking::Forbidden), || {
                panic!("inside")
            })
        }));
        assert!(panicked.is_err());
        assert!(may_block() && has_budget_remaining());
    }

    #[test]
    fn unconstrained_is_unlimited_inside_and_spends_nothing() {
        with_budget(Budget::new(1), || {
            let mut cx = std::task::Context::from_waker(Waker::noop());
            let work = unconstrained(async {
                for _ in 0..1_000 {
                    consume_budget().await;
                }
            });
            assert!(pin!(work).poll(&mut cx).is_ready());
            assert_eq!(left(), Budget::new(1));
        });
    }
}
