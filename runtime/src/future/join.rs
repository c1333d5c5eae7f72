//! Awaiting a fixed number of futures of different types. Macros, since their outputs are a tuple of any length.

/// What the macros expand to; not for others.
#[doc(hidden)]
pub mod __join {
    pub use futures_util::future::{maybe_done, try_maybe_done};

    /// One poll of all of them: whose turn it is.
    #[derive(Debug)]
    pub struct Round {
        skipped: usize,
        left: usize,
    }

    impl Round {
        /// Of so many, beginning each time so many steps further on: with one, a future which spends the task's whole budget starves no other; with none, they keep their order.
        #[inline]
        pub fn begin(turn: &mut usize, steps: usize, count: usize) -> Self {
            if *turn >= count {
                *turn = 0;
            }
            let skipped = *turn;
            *turn += steps;
            Self {
                skipped,
                left: count,
            }
        }

        /// Whether not all have had their turn. All are asked in their order, again and again.
        #[inline]
        pub fn goes_on(&self) -> bool {
            self.left > 0
        }

        /// Whether the next one has it now.
        #[inline]
        pub fn is_turn(&mut self) -> bool {
            if self.skipped > 0 {
                self.skipped -= 1;
                return false;
            }
            let goes_on = self.goes_on();
            self.left -= usize::from(goes_on);
            goes_on
        }
    }

    /// For each of them.
    #[inline]
    pub const fn one<T>(_: &T) -> usize {
        1
    }
}

/// Awaits several futures at once, and gives their outputs as a tuple: `()` for none. They run concurrently on this task; dropping it drops all.
///
/// # Fairness
///
/// Each time another future is polled first, so that one which spends the task's whole budget starves no other. After `biased;` they are polled in the order in which they stand: it is
/// up to you then, and so is fairness.
///
/// # Cancel safety
///
/// Outputs that are there already are dropped with it.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let (number, text) = heist::join!(async { 1 }, async { "one" });
/// assert_eq!((number, text), (1, "one"));
/// assert_eq!(heist::join!(), ());
///
/// let order = std::cell::RefCell::new(String::new());
/// let say = async |name| order.borrow_mut().push(name);
/// heist::join!(biased; say('a'), say('b'));
/// assert_eq!(order.into_inner(), "ab");
/// # });
/// ```
#[macro_export]
macro_rules! join {
    (@bind $steps:literal ($($bound:ident)+)) => {{
        let mut turn = 0;
        ::core::future::poll_fn(|cx| {
            let count = 0 $(+ $crate::__join::one(&$bound))+;
            let mut round = $crate::__join::Round::begin(&mut turn, $steps, count);
            let mut done = true;
            while round.goes_on() {
                $(if round.is_turn() {
                    done &= ::core::future::Future::poll($bound.as_mut(), cx).is_ready();
                })+
            }
            if done {
                ::core::task::Poll::Ready(($(
                    $bound.as_mut().take_output().expect("it is done, and was not taken"),
                )+))
            } else {
                ::core::task::Poll::Pending
            }
        })
        .await
    }};
    // Each step's `future` is another variable, by hygiene.
    (@bind $steps:literal ($($bound:ident)*) $future:expr $(, $($rest:expr),*)?) => {{
        let mut future = ::core::pin::pin!($crate::__join::maybe_done(
            ::core::future::IntoFuture::into_future($future)
        ));
        $crate::join!(@bind $steps ($($bound)* future) $($($rest),*)?)
    }};
    ($(biased;)?) => {
        ()
    };
    (biased; $($future:expr),+ $(,)?) => {
        $crate::join!(@bind 0 () $($future),+)
    };
    ($($future:expr),+ $(,)?) => {
        $crate::join!(@bind 1 () $($future),+)
    };
}

/// Awaits several futures at once until all have succeeded, which gives `Ok` with their values as a tuple, or one has failed.
///
/// # Errors
///
/// The first error; the other futures are dropped then.
///
/// # Fairness
///
/// As [`join!`](crate::join), `biased;` included.
///
/// # Cancel safety
///
/// As [`join!`](crate::join).
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let failed = heist::try_join!(async { Ok::<_, &str>(1) }, async { Err::<u8, _>("no") });
/// assert_eq!(failed, Err("no"));
/// assert_eq!(heist::try_join!(), Ok::<(), &str>(()));
/// # });
/// ```
#[macro_export]
macro_rules! try_join {
    (@bind $steps:literal ($($bound:ident)+)) => {{
        let mut turn = 0;
        ::core::future::poll_fn(|cx| {
            let count = 0 $(+ $crate::__join::one(&$bound))+;
            let mut round = $crate::__join::Round::begin(&mut turn, $steps, count);
            let mut done = true;
            while round.goes_on() {
                $(if round.is_turn() {
                    match ::core::future::Future::poll($bound.as_mut(), cx) {
                        ::core::task::Poll::Pending => done = false,
                        ::core::task::Poll::Ready(::core::result::Result::Ok(())) => {}
                        // The others are polled no more.
                        ::core::task::Poll::Ready(::core::result::Result::Err(error)) => {
                            return ::core::task::Poll::Ready(::core::result::Result::Err(error));
                        }
                    }
                })+
            }
            if done {
                ::core::task::Poll::Ready(::core::result::Result::Ok(($(
                    $bound.as_mut().take_output().expect("it is done, and was not taken"),
                )+)))
            } else {
                ::core::task::Poll::Pending
            }
        })
        .await
    }};
    (@bind $steps:literal ($($bound:ident)*) $future:expr $(, $($rest:expr),*)?) => {{
        let mut future = ::core::pin::pin!($crate::__join::try_maybe_done(
            ::core::future::IntoFuture::into_future($future)
        ));
        $crate::try_join!(@bind $steps ($($bound)* future) $($($rest),*)?)
    }};
    ($(biased;)?) => {
        ::core::result::Result::Ok(())
    };
    (biased; $($future:expr),+ $(,)?) => {
        $crate::try_join!(@bind 0 () $($future),+)
    };
    ($($future:expr),+ $(,)?) => {
        $crate::try_join!(@bind 1 () $($future),+)
    };
}

/// Pins futures to the stack: each name becomes a `Pin<&mut _>` of what it was.
///
/// # Examples
///
/// ```
/// # heist::run(async {
/// let future = async { 1 };
/// heist::pin!(future);
/// assert_eq!((&mut future).await, 1);
///
/// heist::pin! {
///     let other = async { 2 };
/// }
/// assert_eq!(other.await, 2);
/// # });
/// ```
#[macro_export]
macro_rules! pin {
    ($($name:ident),+ $(,)?) => {
        $(
            #[allow(unused_mut, reason = "as with a `let mut` that is only read")]
            let mut $name = ::core::pin::pin!($name);
        )+
    };
    ($(let $name:ident = $future:expr;)+) => {
        $(
            #[allow(unused_mut, reason = "as with a `let mut` that is only read")]
            let mut $name = ::core::pin::pin!($future);
        )+
    };
}
