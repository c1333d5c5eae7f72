//! What the macros make of futures ([`select!`], the scopes of [`task_local!`]), time that is moved on, and an interval as a stream.

use crate::{HOUR, MOMENT, work};
use heist::runtime::Builder;
use heist::sync::{Notify, oneshot};
use heist::task::yield_now;
use heist::time::{self, Duration, Instant, interval_at, sleep, timeout_at};
use heist::{StreamExt, select, spawn, task_local};
use heist_tests::{OnDrop, Probe, Token, every_poll};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

cases! {
    selecting selecting_fairly selecting_what_is_lent selecting_until_all_are_out
    a_handler_that_waits a_loop_of_selections
    a_scope scopes_in_a_scope a_scope_whose_value_is_taken
    resetting_again_and_again timeouts_with_one_deadline the_next_tick_of_a_stream
}

/// Where the time stands still.
mod paused {
    #[test]
    fn advancing() {
        super::every_poll(
            super::Builder::new_current_thread().start_paused(true),
            super::advancing,
        );
    }

    #[test]
    fn advancing_together() {
        super::every_poll(
            super::Builder::new_current_thread().start_paused(true),
            super::advancing_together,
        );
    }
}

/// One that never ends, and holds something.
async fn never(token: Token) -> Token {
    pending::<()>().await;
    token
}

// `select!`.

async fn selecting(probe: Probe) {
    let (one, other) = (probe.token(), probe.token());
    let selection = async {
        select! {
            biased;
            _ = never(one) => unreachable!("it never ends"),
            () = sleep(HOUR) => unreachable!("it is an hour off"),
            token = work(other) => token,
        }
    };
    probe.drop_after(selection).await;
    // Of all branches, the timers too.
    probe.assert_no_waker().await;
}

async fn selecting_fairly(probe: Probe) {
    let tokens = [probe.token(), probe.token(), probe.token()];
    let selection = async {
        let [one, other, third] = tokens;
        select! {
            token = work(one) => token,
            token = work(other) => token,
            token = never(third) => token,
        }
    };
    probe.drop_after(selection).await;
    probe.assert_no_waker().await;
}

/// A value for a branch that is lent outlives the selection; a permit for one that isn't is passed on.
async fn selecting_what_is_lent(probe: Probe) {
    let (sender, mut receiver) = oneshot::channel();
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let (notify, token) = (notify.clone(), probe.token());
        async move {
            yield_now().await;
            notify.notify_one();
            sender.send(token).expect("it is still wanted");
        }
    });
    let (mut received, mut permits) = (None, 0);
    let selection = async {
        select! {
            biased;
            sent = &mut receiver => received = Some(sent),
            () = notify.notified() => permits = 1,
        }
    };
    probe.drop_after(selection).await;
    probe.assert_no_waker().await;
    let received = match received {
        Some(received) => received,
        None => receiver.await,
    };
    received.expect("it was sent");
    peer.await.expect("it ends");
    permits += usize::from(pin!(notify.notified()).enable());
    assert_eq!(permits, 1, "a permit was lost");
}

async fn selecting_until_all_are_out(probe: Probe) {
    let (one, other) = (probe.token(), probe.token());
    let selection = async {
        select! {
            None = async { Some(work(one).await) } => unreachable!("it is `Some`"),
            None = async { yield_now().await; Some(other) } => unreachable!("it is `Some`"),
            else => 3,
        }
    };
    if let Some(output) = probe.drop_after(selection).await {
        assert_eq!(output, 3);
    }
    probe.assert_no_waker().await;
}

/// The others are gone by then.
async fn a_handler_that_waits(probe: Probe) {
    let losers = Arc::new(AtomicUsize::new(1));
    let loser = {
        let losers = losers.clone();
        OnDrop::new(move || {
            losers.fetch_sub(1, SeqCst);
        })
    };
    let (token, handled) = (probe.token(), losers.clone());
    let selection = async {
        select! {
            () = async { let _loser = loser; pending().await } => unreachable!("it never ends"),
            token = work(token) => {
                assert_eq!(handled.load(SeqCst), 0);
                yield_now().await;
                sleep(MOMENT).await;
                drop(token);
            }
        }
    };
    probe.drop_after(selection).await;
    assert_eq!(losers.load(SeqCst), 0);
    probe.assert_no_waker().await;
}

/// What is made once, before the loop, goes on from turn to turn: no tick is lost.
async fn a_loop_of_selections(probe: Probe) {
    let start = Instant::now() + MOMENT;
    let mut interval = interval_at(start, MOMENT);
    let mut due = start;
    let selections = async {
        let mut limit = pin!(sleep(HOUR));
        let mut steps = pin!(work(probe.token()));
        let mut done = false;
        while due < start + 3 * MOMENT || !done {
            select! {
                tick = interval.tick() => {
                    assert_eq!(tick, due);
                    due += MOMENT;
                }
                token = &mut steps, if !done => {
                    drop(token);
                    done = true;
                }
                () = &mut limit => unreachable!("it is an hour off"),
            }
        }
    };
    probe.drop_after(selections).await;
    probe.assert_no_waker().await;
    assert_eq!(interval.tick().await, due, "a tick was lost");
}

// Scopes of task-locals.

task_local! {
    static NUMBER: (u32, Token);
    static OTHER: u32;
}

/// Asserts, as it is dropped, that the value is in sight. Until then it is counted.
fn in_sight(number: u32, held: &Arc<AtomicUsize>) -> OnDrop {
    let held = held.clone();
    held.fetch_add(1, SeqCst);
    OnDrop::new(move || {
        assert_eq!(NUMBER.with(|value| value.0), number);
        held.fetch_sub(1, SeqCst);
    })
}

async fn a_scope(probe: Probe) {
    let held = Arc::new(AtomicUsize::new(0));
    let (token, value) = (probe.token(), (7, probe.token()));
    // Dropped unpolled, too, the future has the value.
    let guard = in_sight(7, &held);
    let scoped = NUMBER.scope(value, async {
        let token = work(token).await;
        assert_eq!(NUMBER.with(|value| value.0), 7);
        drop(guard);
        token
    });
    probe.drop_after(scoped).await;
    assert_eq!(held.load(SeqCst), 0);
    assert!(NUMBER.try_with(|_| ()).is_err(), "the value was left");
    probe.assert_no_waker().await;
}

async fn scopes_in_a_scope(probe: Probe) {
    let held = Arc::new(AtomicUsize::new(0));
    let [outer, inner] = [1, 2].map(|number| (number, probe.token()));
    let outer_guard = in_sight(1, &held);
    let scoped = NUMBER.scope(outer, async {
        let inner = NUMBER.scope(inner, async {
            let guard = in_sight(2, &held);
            yield_now().await;
            let both = OTHER.scope(3, async {
                sleep(MOMENT).await;
                (NUMBER.with(|value| value.0), OTHER.get())
            });
            assert_eq!(both.await, (2, 3));
            assert!(OTHER.try_get().is_err());
            drop(guard);
        });
        inner.await;
        yield_now().await;
        assert_eq!(NUMBER.with(|value| value.0), 1);
        drop(outer_guard);
    });
    probe.drop_after(scoped).await;
    assert_eq!(held.load(SeqCst), 0);
    assert!(NUMBER.try_with(|_| ()).is_err() && OTHER.try_get().is_err());
    probe.assert_no_waker().await;
}

/// From a future that has come to its end or not, the value can be taken; what is left of it then finds none.
async fn a_scope_whose_value_is_taken(probe: Probe) {
    let value = (5, probe.token());
    let mut scoped = Box::pin(NUMBER.scope(value, work(probe.token())));
    probe.drop_after(scoped.as_mut()).await;
    let taken = scoped.as_mut().take_value().expect("it was not taken");
    assert_eq!(taken.0, 5);
    assert!(scoped.as_mut().take_value().is_none());
    drop(scoped);
    probe.assert_no_waker().await;
}

// Time.

async fn resetting_again_and_again(probe: Probe) {
    let mut sleeper = Box::pin(sleep(HOUR));
    let begun = Instant::now();
    let work = async {
        // Armed, moved while armed, fired, and moved when fired, to the past and on.
        for _ in 0..3 {
            let armed = poll_fn(|context| Poll::Ready(sleeper.as_mut().poll(context).is_pending()));
            assert!(armed.await);
            sleeper.as_mut().reset(Instant::now() + MOMENT);
            sleeper.as_mut().await;
            assert!(sleeper.is_elapsed());
            sleeper.as_mut().reset(begun);
            sleeper.as_mut().await;
            sleeper.as_mut().reset(Instant::now() + HOUR);
        }
    };
    probe.drop_after(work).await;
    // Where it was left, it can be moved still.
    let deadline = Instant::now() + MOMENT;
    sleeper.as_mut().reset(deadline);
    sleeper.as_mut().await;
    assert!(Instant::now() >= deadline);
    probe.assert_no_waker().await;
}

async fn timeouts_with_one_deadline(probe: Probe) {
    let deadline = Instant::now() + MOMENT;
    for _ in 0..2 {
        let limited = timeout_at(deadline, never(probe.token()));
        if let Some(outcome) = probe.drop_after(limited).await {
            outcome.expect_err("it never ends");
            assert!(Instant::now() >= deadline);
        }
        probe.assert_no_waker().await;
    }
}

async fn the_next_tick_of_a_stream(probe: Probe) {
    let start = Instant::now() + MOMENT;
    let mut ticks = interval_at(start, MOMENT).into_stream();
    let mut due = start;
    for _ in 0..3 {
        if let Some(tick) = probe.drop_after(ticks.next()).await {
            assert_eq!(tick, Some(due));
            due += MOMENT;
        }
    }
    assert_eq!(ticks.into_inner().tick().await, due, "a tick was lost");
}

/// Where it was given up, the time stands, and goes on from there as if nobody had moved it.
async fn advancing(probe: Probe) {
    let start = Instant::now();
    // Within what a case may take, which is a part of this time too.
    let step = Duration::from_millis(10);
    let woken = Arc::new(AtomicUsize::new(0));
    let task = spawn({
        let (woken, token) = (woken.clone(), probe.token());
        async move {
            for number in 1..=4 {
                sleep(step).await;
                assert_eq!(start.elapsed(), number * step);
                woken.fetch_add(1, SeqCst);
            }
            drop(token);
        }
    });
    yield_now().await;

    let advance = time::advance(3 * step);
    match probe.drop_after(advance).await {
        Some(()) => {
            assert_eq!(start.elapsed(), 3 * step);
            assert_eq!(woken.load(SeqCst), 3);
        }
        None => {
            assert!(start.elapsed() <= 3 * step);
            probe.assert_no_waker().await;
        }
    }
    // Nobody has a goal any more: it jumps from deadline to deadline again.
    task.await.expect("each deadline comes at its time");
    assert_eq!(start.elapsed(), 4 * step);
}

/// Who gives up takes nobody else's goal away.
async fn advancing_together(probe: Probe) {
    let start = Instant::now();
    let step = Duration::from_millis(10);
    let other = spawn(async move {
        time::advance(2 * step).await;
        start.elapsed()
    });
    probe.drop_after(time::advance(step)).await;
    assert_eq!(other.await.expect("it ends"), 2 * step);
    probe.assert_no_waker().await;
}
