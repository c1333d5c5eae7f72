//! The futures of timers.

use crate::{HOUR, MOMENT, work};
use heist::spawn;
use heist::sync::{mpsc, oneshot};
use heist::task::yield_now;
use heist::time::error::SendTimeoutError;
use heist::time::{self, Instant, SenderExt, sleep, sleep_until, timeout, timeout_at};
use heist::traits::hyper::Timer;
use heist_tests::Probe;
use hyper::rt::Timer as _;
use std::future::{Future, pending, poll_fn};
use std::task::Poll;

cases! {
    sleeping sleeping_until sleeping_by_reference sleeping_after_a_reset
    timeout_of_what_never_ends timeout_of_what_ends timeout_of_a_reference ticking
    hypers_timer sending_in_time
}

async fn sleeping(probe: Probe) {
    let begun = Instant::now();
    if probe.drop_after(sleep(MOMENT)).await.is_some() {
        assert!(begun.elapsed() >= MOMENT);
    }
    // It leaves the wheel at once, and is no longer known there.
    probe.assert_no_waker().await;
}

async fn sleeping_until(probe: Probe) {
    let deadline = Instant::now() + MOMENT;
    if probe.drop_after(sleep_until(deadline)).await.is_some() {
        assert!(Instant::now() >= deadline);
    }
    // One that has passed.
    probe.drop_after(sleep_until(deadline - MOMENT)).await;
    probe.assert_no_waker().await;
}

async fn sleeping_by_reference(probe: Probe) {
    let mut sleeper = Box::pin(sleep(MOMENT));
    if probe.drop_after(sleeper.as_mut()).await.is_none() {
        sleeper.as_mut().await;
    }
    assert!(sleeper.is_elapsed());
}

async fn sleeping_after_a_reset(probe: Probe) {
    let mut sleeper = Box::pin(sleep(HOUR));
    let work = async {
        // Armed, then moved.
        let armed = poll_fn(|context| Poll::Ready(sleeper.as_mut().poll(context).is_pending()));
        assert!(armed.await);
        sleeper.as_mut().reset(Instant::now() + MOMENT);
        sleeper.as_mut().await;
    };
    probe.drop_after(work).await;
    drop(sleeper);
    probe.assert_no_waker().await;
}

async fn timeout_of_what_never_ends(probe: Probe) {
    let token = probe.token();
    let work = async {
        pending::<()>().await;
        drop(token);
    };
    if let Some(outcome) = probe.drop_after(timeout(MOMENT, work)).await {
        outcome.expect_err("it never ends");
    }
    probe.assert_no_waker().await;
}

async fn timeout_of_what_ends(probe: Probe) {
    let deadline = Instant::now() + HOUR;
    let outcome = probe
        .drop_after(timeout_at(deadline, work(probe.token())))
        .await;
    if let Some(outcome) = outcome {
        outcome.expect("an hour is enough");
    }
    probe.assert_no_waker().await;
}

/// What is passed by reference survives its time limit.
async fn timeout_of_a_reference(probe: Probe) {
    let (sender, mut receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        sleep(MOMENT).await;
        sender.send(token).expect("it is still wanted");
    });
    let limited = timeout(MOMENT / 2, &mut receiver);
    match probe.drop_after(limited).await {
        Some(Ok(received)) => drop(received.expect("it was sent")),
        Some(Err(_)) | None => drop(receiver.await.expect("it is sent")),
    }
    peer.await.expect("it sends");
}

async fn ticking(probe: Probe) {
    let start = Instant::now() + MOMENT;
    let mut interval = time::interval_at(start, MOMENT);
    let mut due = start;
    for _ in 0..3 {
        if let Some(tick) = probe.drop_after(interval.tick()).await {
            assert_eq!(tick, due);
            due += MOMENT;
        }
    }
    assert_eq!(interval.tick().await, due, "a tick was lost");
}

/// What hyper gets, which it moves while it is armed.
async fn hypers_timer(probe: Probe) {
    let timer = Timer::new();
    let mut sleeper = timer.sleep(HOUR);
    let work = async {
        let armed = poll_fn(|context| Poll::Ready(sleeper.as_mut().poll(context).is_pending()));
        assert!(armed.await);
        timer.reset(&mut sleeper, timer.now() + MOMENT);
        sleeper.as_mut().await;
    };
    probe.drop_after(work).await;
    drop(sleeper);
    probe.assert_no_waker().await;
    probe.drop_after(timer.sleep(MOMENT)).await;
    probe.assert_no_waker().await;
}

/// What is sent arrives once, and the room of one that gives up is another's.
async fn sending_in_time(probe: Probe) {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(probe.token()).expect("there is room");
    let outcome = probe
        .drop_after(sender.send_timeout(probe.token(), MOMENT))
        .await;
    assert!(matches!(
        outcome,
        None | Some(Err(SendTimeoutError::Timeout(_)))
    ));
    let peer = spawn(async move {
        yield_now().await;
        let mut received = Vec::new();
        while let Some(token) = receiver.recv().await {
            received.push(token);
        }
        received.len()
    });
    let outcome = probe
        .drop_after(sender.send_timeout(probe.token(), HOUR))
        .await;
    let sent = outcome.is_some();
    if let Some(outcome) = outcome {
        outcome.expect("the receiver makes room");
    }
    drop(sender);
    let received = peer.await.expect("it receives");
    assert_eq!(received, 1 + usize::from(sent));
}
