//! Tasks and jobs, synchronisation, and several futures in one.

use crate::{MOMENT, work};
use heist::sync::{Notify, oneshot};
use heist::task::{coop, yield_now};
use heist::time::{Duration, sleep};
use heist::{gather, join, spawn, spawn_blocking, try_gather, try_join};
use heist_tests::{Probe, Token, until};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

cases! {
    join_handle join_handle_by_reference aborted_join_handle
    blocking_join_handle blocking_join_handle_by_reference
    pool_handle pool_handle_by_reference
    yielding consuming_budget unconstrained
    oneshot_receiver oneshot_receiver_by_reference oneshot_closed
    notified notified_by_last notified_by_all notified_enabled notified_hands_on
    gathering gathering_many trying_to_gather joining trying_to_join
}

// Tasks.

async fn join_handle(probe: Probe) {
    let done = Arc::new(AtomicBool::new(false));
    let task = spawn({
        let (done, token) = (done.clone(), probe.token());
        async move {
            let token = work(token).await;
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(task).await {
        outcome.expect("it ends");
    }
    // A task goes on without its handle.
    until("the task was lost", || done.load(SeqCst)).await;
}

async fn join_handle_by_reference(probe: Probe) {
    let mut task = spawn(work(probe.token()));
    let outcome = match probe.drop_after(&mut task).await {
        Some(outcome) => outcome,
        None => task.await,
    };
    outcome.expect("it ends");
}

async fn aborted_join_handle(probe: Probe) {
    let task = spawn({
        let token = probe.token();
        async move {
            pending::<()>().await;
            drop(token);
        }
    });
    task.abort();
    if let Some(outcome) = probe.drop_after(task).await {
        assert!(outcome.expect_err("it never ends").is_cancelled());
    }
}

/// A blocking job that takes as long as a task beside it.
fn job(token: Token) -> impl FnOnce() -> Token + Send {
    let (finish, finished) = oneshot::channel();
    let task = spawn(async move {
        sleep(MOMENT).await;
        finish.send(()).expect("it waits");
    });
    move || {
        finished.blocking_recv().expect("it is told");
        drop(task);
        token
    }
}

async fn blocking_join_handle(probe: Probe) {
    let done = Arc::new(AtomicBool::new(false));
    let job = spawn_blocking({
        let (done, job) = (done.clone(), job(probe.token()));
        move || {
            let token = job();
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(job).await {
        outcome.expect("it ends");
    }
    until("the job was lost", || done.load(SeqCst)).await;
}

async fn blocking_join_handle_by_reference(probe: Probe) {
    let mut job = spawn_blocking(job(probe.token()));
    let outcome = match probe.drop_after(&mut job).await {
        Some(outcome) => outcome,
        None => job.await,
    };
    outcome.expect("it ends");
}

async fn pool_handle(probe: Probe) {
    let pool = heist::blocking::Pool::new();
    let done = Arc::new(AtomicBool::new(false));
    let job = pool.spawn({
        let (done, job) = (done.clone(), job(probe.token()));
        move || {
            let token = job();
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(job).await {
        outcome.expect("it ends");
    }
    until("the job was lost", || done.load(SeqCst)).await;
    // Without waiting: a task must not.
    pool.shutdown(Some(Duration::ZERO));
}

async fn pool_handle_by_reference(probe: Probe) {
    let pool = heist::blocking::Pool::new();
    let mut job = pool.spawn(job(probe.token()));
    let outcome = match probe.drop_after(&mut job).await {
        Some(outcome) => outcome,
        None => job.await,
    };
    outcome.expect("it ends");
    pool.shutdown(Some(Duration::ZERO));
}

async fn yielding(probe: Probe) {
    probe.drop_after(yield_now()).await;
}

async fn consuming_budget(probe: Probe) {
    // Several budgets' worth.
    let work = async {
        for _ in 0..500 {
            coop::consume_budget().await;
        }
    };
    probe.drop_after(work).await;
}

async fn unconstrained(probe: Probe) {
    let work = async {
        for _ in 0..500 {
            coop::consume_budget().await;
        }
        yield_now().await;
        sleep(MOMENT).await;
    };
    probe.drop_after(coop::unconstrained(work)).await;
}

// Synchronisation.

async fn oneshot_receiver(probe: Probe) {
    let (sender, receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).is_ok()
    });
    let received = probe.drop_after(receiver).await;
    let sent = peer.await.expect("it ends");
    // If it was cut short, the value came back or was dropped with the receiver: the tokens tell.
    if let Some(received) = received {
        assert!(received.is_ok() && sent);
    }
}

async fn oneshot_receiver_by_reference(probe: Probe) {
    let (sender, mut receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).expect("it is still wanted");
    });
    let received = match probe.drop_after(&mut receiver).await {
        Some(received) => received,
        None => receiver.await,
    };
    received.expect("it was sent");
    peer.await.expect("it sends");
}

async fn oneshot_closed(probe: Probe) {
    let (mut sender, mut receiver) = oneshot::channel();
    let peer = spawn(async move {
        yield_now().await;
        receiver.close();
        yield_now().await;
        receiver.try_recv().is_ok()
    });
    let closed = probe.drop_after(sender.closed()).await.is_some();
    let sent = sender.send(probe.token()).is_ok();
    assert!(!(closed && sent));
    let received = peer.await.expect("it ends");
    assert_eq!(sent, received, "a value was lost");
}

/// Whether a permit is there, which is then taken.
fn take_permit(notify: &Notify) -> bool {
    pin!(notify.notified()).enable()
}

async fn notified(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_one();
        }
    });
    let notified = probe.drop_after(notify.notified()).await.is_some();
    probe.assert_no_waker().await;
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_by_last(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_last();
        }
    });
    let notified = probe.drop_after(notify.notified()).await.is_some();
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_by_all(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_waiters();
        }
    });
    probe.drop_after(notify.notified()).await;
    probe.assert_no_waker().await;
    peer.await.expect("it notifies");
    // That is for those who wait, and leaves no permit.
    assert!(!take_permit(&notify));
}

async fn notified_enabled(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let mut waiter = Box::pin(notify.notified());
    assert!(!waiter.as_mut().enable());
    let peer = spawn({
        let notify = notify.clone();
        async move { notify.notify_one() }
    });
    let notified = probe.drop_after(waiter).await.is_some();
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_hands_on(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let mut first = Box::pin(notify.notified());
    first.as_mut().enable();
    // The next one in the line.
    let (enabled, waits) = oneshot::channel();
    let next = spawn({
        let (notify, token) = (notify.clone(), probe.token());
        async move {
            let mut notified = pin!(notify.notified());
            notified.as_mut().enable();
            enabled.send(()).expect("it waits");
            notified.await;
            drop(token);
        }
    });
    waits.await.expect("it is enabled");
    let peer = spawn({
        let notify = notify.clone();
        async move { notify.notify_one() }
    });
    let notified = probe.drop_after(first).await.is_some();
    peer.await.expect("it notifies");
    if notified {
        yield_now().await;
        assert!(!next.is_finished(), "one permit was given to two");
        notify.notify_one();
    }
    next.await.expect("the permit is handed on");
    assert!(!take_permit(&notify));
}

// Several in one.

async fn gathering(probe: Probe) {
    let parts = (0..3).map(|_| work(probe.token()));
    if let Some(outputs) = probe.drop_after(gather(parts)).await {
        assert_eq!(outputs.len(), 3);
    }
    probe.assert_no_waker().await;
}

/// So many that each has a waker of its own.
async fn gathering_many(probe: Probe) {
    let parts = (0..40).map(|number| {
        let token = probe.token();
        async move {
            if number % 10 == 0 {
                sleep(number * MOMENT / 10).await;
            }
            drop(token);
            number
        }
    });
    if let Some(outputs) = probe.drop_after(gather(parts)).await {
        assert!(outputs.into_iter().eq(0..40));
    }
}

async fn trying_to_gather(probe: Probe) {
    let parts = (0..3).map(|number| {
        let token = probe.token();
        async move {
            drop(work(token).await);
            if number == 1 { Err(number) } else { Ok(()) }
        }
    });
    if let Some(outcome) = probe.drop_after(try_gather(parts)).await {
        assert_eq!(outcome, Err(1));
    }
    probe.assert_no_waker().await;
}

async fn joining(probe: Probe) {
    let token = probe.token();
    let both = async { join!(work(token.clone()), sleep(MOMENT), yield_now()) };
    probe.drop_after(both).await;
    probe.assert_no_waker().await;
}

async fn trying_to_join(probe: Probe) {
    let token = probe.token();
    let fails = async {
        yield_now().await;
        Err::<(), _>("it fails")
    };
    let goes_on = async {
        work(token.clone()).await;
        pending::<()>().await;
        Ok(())
    };
    let both = async { try_join!(goes_on, fails) };
    if let Some(outcome) = probe.drop_after(both).await {
        assert_eq!(outcome, Err("it fails"));
    }
    probe.assert_no_waker().await;
}
