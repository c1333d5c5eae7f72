//! Awaiting the first of several futures. A macro, since each has a handler of its own, which may return from the function around it. What it expands to is in
//! `macros/src/select.rs`.

/// What the macro expands to; not for others.
#[doc(hidden)]
pub mod __select {
    use crate::scheduler;
    use heist_sync::coop;
    use std::task::{Context, Poll};

    pub use heist_macros::__select as expand;

    /// Which branches are not out: one bit each.
    #[derive(Debug)]
    pub struct Enabled(u64);

    impl Enabled {
        /// Those whose condition holds.
        pub fn new(conditions: &[bool]) -> Self {
            let bits = conditions
                .iter()
                .zip(0..)
                .map(|(&holds, n)| u64::from(holds) << n);
            Self(bits.sum())
        }

        /// Whether a branch is in.
        #[inline]
        pub fn has(&self, branch: usize) -> bool {
            self.0 & (1 << branch) != 0
        }

        /// It is out: its condition does not hold, or its output did not fit.
        #[inline]
        pub fn remove(&mut self, branch: usize) {
            self.0 &= !(1 << branch);
        }

        /// Whether all are out.
        #[inline]
        pub fn is_empty(&self) -> bool {
            self.0 == 0
        }
    }

    /// Whether the task has budget left; if not, it is polled again when the others have had their turn.
    #[inline]
    pub fn may_go_on(cx: &mut Context<'_>) -> bool {
        coop::poll_budget_available(cx).is_ready()
    }

    /// A branch has completed: so a loop around a `select!` whose branches are always ready gives way now and then.
    #[inline]
    pub fn goes_on(cx: &mut Context<'_>) {
        if coop::has_budget_remaining()
            && let Poll::Ready(unit) = coop::poll_proceed(cx)
        {
            unit.made_progress();
        }
    }

    /// The branches in their order.
    pub fn in_order(branches: usize) -> impl Iterator<Item = usize> {
        0..branches
    }

    /// The branches from a random one on.
    pub fn in_turn(branches: usize) -> impl Iterator<Item = usize> {
        let first = scheduler::random_below(branches.max(1));
        (first..branches).chain(0..first)
    }

    /// There is nothing to wait for, nor an `else`.
    #[cold]
    #[track_caller]
    pub fn all_are_out() -> ! {
        panic!(
            "all branches of a `select!` are out, by their conditions or because no output fitted its pattern: add an `else` branch, which says what to do then"
        )
    }
}

/// Awaits several futures at once, and runs the handler of the first that is ready: asyncio's `wait(…, return_when=FIRST_COMPLETED)`. The others are dropped before the handler
/// runs. The syntax is tokio's:
///
/// ```text
/// biased;                                        // if wanted
/// pattern = future, if condition => handler,     // up to 64 times; the condition may be left out
/// else => handler                                // if wanted
/// ```
///
/// The conditions are evaluated first, then all `future` expressions, also of branches whose condition does not hold; these are not polled. If a future is ready, and its output
/// does not fit the pattern, the branch is out, and the others go on. When all are out, the handler of `else` runs.
///
/// A handler is any expression: it may `return`, `break` out of a loop, use `?`, and use what the futures have borrowed. All handlers have the same type, which is that of the
/// `select!`. All run on the same task: spawn the futures to run them in parallel.
///
/// # Fairness
///
/// Which branch is polled first is chosen at random each time, so that one which is always ready starves no other. After `biased;` it is always the first: the order is up to
/// you then, and so is fairness. In a loop, a `select!` gives way to other tasks now and then, however ready its branches are.
///
/// # Panics
///
/// If all branches are out, and there is no `else`.
///
/// # Cancel safety
///
/// The futures that are not ready first are dropped; in a loop, whatever they had done so far is lost, unless they are *cancel safe*, as each method's documentation says, or are made
/// outside of the loop and awaited by `&mut`.
///
/// | cancel safe | not |
/// | --- | --- |
/// | `JoinHandle`, `oneshot::Receiver` (by `&mut`), `Notify::notified`, `TcpListener::accept`, `readable`, `writable`, `read`, `sleep`, `Interval::tick` | `read_exact`, `read_to_end`, `write_all`: nobody knows how far they have got |
///
/// # Examples
///
/// ```
/// use heist::time::{Duration, sleep};
///
/// # heist::run(async {
/// let winner = heist::select! {
///     () = sleep(Duration::from_millis(1)) => "the sleep",
///     () = std::future::pending() => "nobody",
/// };
/// assert_eq!(winner, "the sleep");
/// # });
/// ```
///
/// Patterns, conditions and `else`:
///
/// ```
/// # heist::run(async {
/// let numbers = [Some(1), None];
/// let mut sum = 0;
/// let mut done = [false; 2];
/// loop {
///     heist::select! {
///         Some(number) = async { numbers[0] }, if !done[0] => {
///             sum += number;
///             done[0] = true;
///         }
///         Some(number) = async { numbers[1] }, if !done[1] => sum += number,
///         else => break,
///     }
/// }
/// assert_eq!(sum, 1);
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($($branches:tt)*) => {
        $crate::__select::expand! { crate = $crate; $($branches)* }
    };
}
