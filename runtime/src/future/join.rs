//! Awaiting a fixed number of futures of different types. Macros, since their outputs are a tuple of any length.

/// What the macros expand to; not for others.
#[doc(hidden)]
pub mod __join {
    pub use futures_util::future::{maybe_done, try_maybe_done};
    use std::task::Context;

    /// Polls one of the futures: whether it is done.
    pub type Poll<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> bool;

    /// Polls all, beginning each time so many steps further on: with one, a future which spends the task's whole budget starves no other; with none, they keep their order. True: all are
    /// done.
    pub fn poll_all(
        polls: &mut [Poll<'_>],
        turn: &mut usize,
        steps: usize,
        cx: &mut Context<'_>,
    ) -> bool {
        if *turn >= polls.len() {
            *turn = 0;
        }
        let (last, first) = polls.split_at_mut(*turn);
        *turn += steps;
        let mut done = true;
        for poll in first.iter_mut().chain(last) {
            done &= poll(cx);
        }
        done
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
            let polls: &mut [$crate::__join::Poll<'_>] = &mut [$(
                &mut |cx| ::core::future::Future::poll($bound.as_mut(), cx).is_ready(),
            )+];
            if $crate::__join::poll_all(polls, &mut turn, $steps, cx) {
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
            let mut failure = ::core::option::Option::None;
            let done = {
                let failure = ::core::cell::RefCell::new(&mut failure);
                let polls: &mut [$crate::__join::Poll<'_>] = &mut [$(
                    &mut |cx| {
                        // After a failure the others are polled no more.
                        if failure.borrow().is_some() {
                            return false;
                        }
                        match ::core::future::Future::poll($bound.as_mut(), cx) {
                            ::core::task::Poll::Pending => false,
                            ::core::task::Poll::Ready(::core::result::Result::Ok(())) => true,
                            ::core::task::Poll::Ready(::core::result::Result::Err(error)) => {
                                **failure.borrow_mut() = ::core::option::Option::Some(error);
                                false
                            }
                        }
                    },
                )+];
                $crate::__join::poll_all(polls, &mut turn, $steps, cx)
            };
            if let ::core::option::Option::Some(error) = failure {
                ::core::task::Poll::Ready(::core::result::Result::Err(error))
            } else if done {
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
