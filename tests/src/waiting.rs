//! Waiting inside tasks, for something of which nobody sends word.

use crate::{PATIENCE, Stopwatch};
use heist::task::yield_now;
use std::future::{Future, poll_fn};
use std::pin::pin;

/// Waits, and lets others run meanwhile. `not` says what is so if it does not come true.
///
/// # Panics
///
/// If it does not come true within [`PATIENCE`].
pub async fn until(not: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Stopwatch::start();
    while !is_true() {
        assert!(begun.elapsed() < PATIENCE, "{not}");
        yield_now().await;
    }
}

/// Calls `waits` when `future` is pending for the first time: it waits for something then.
pub async fn once_waiting<F: Future>(future: F, waits: impl FnOnce()) -> F::Output {
    let mut future = pin!(future);
    let mut waits = Some(waits);
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if polled.is_pending()
            && let Some(waits) = waits.take()
        {
            waits();
        }
        polled
    })
    .await
}
