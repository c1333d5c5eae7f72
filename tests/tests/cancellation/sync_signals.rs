//! The futures of `watch`, `broadcast` and `CancellationToken`, dropped after each of their polls.

use futures_lite::StreamExt;
use heist::spawn;
use heist::sync::{CancellationToken, broadcast, watch};
use heist::task::yield_now;
use heist_tests::Probe;

cases! {
    watch_changed watch_wait_for watch_closed watch_streaming
    broadcast_recv broadcast_closed broadcast_streaming
    cancelled cancelled_owned running_until_cancelled running_owned_until_cancelled
}

const LAST: u32 = 3;

/// Sends up to [`LAST`], a value a turn.
async fn count(tx: watch::Sender<u32>) {
    for value in 1..=LAST {
        yield_now().await;
        tx.send_replace(value);
    }
}

async fn watch_changed(probe: Probe) {
    let (tx, mut rx) = watch::channel(0);
    let peer = spawn(count(tx));
    let mut seen = 0;
    while seen < LAST {
        if let Some(outcome) = probe.drop_after(rx.changed()).await {
            outcome.expect("it has not seen the last");
            let value = *rx.borrow_and_update();
            assert!(value > seen);
            seen = value;
        } else {
            // What it has not said, it has not seen.
            probe.assert_no_waker().await;
            rx.changed().await.expect("it has not seen the last");
            seen = *rx.borrow_and_update();
        }
    }
    peer.await.expect("it ends");
    rx.changed().await.expect_err("it has seen the last");
}

async fn watch_wait_for(probe: Probe) {
    let (tx, mut rx) = watch::channel(0);
    let peer = spawn(count(tx));
    let waited = probe.drop_after(async {
        let value = rx.wait_for(|value| *value == LAST).await;
        *value.expect("it comes")
    });
    if let Some(value) = waited.await {
        assert_eq!(value, LAST);
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
    assert!(rx.wait_for(|value| *value == LAST).await.is_ok());
}

async fn watch_closed(probe: Probe) {
    let (tx, rx) = watch::channel(probe.token());
    let peer = spawn(async move {
        yield_now().await;
        drop(rx);
    });
    if probe.drop_after(tx.closed()).await.is_some() {
        assert!(tx.is_closed());
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
    tx.closed().await;
}

async fn watch_streaming(probe: Probe) {
    let (tx, rx) = watch::channel(0);
    let peer = spawn(count(tx));
    let mut values = rx.into_stream();
    let first = probe.drop_after(values.next()).await.flatten();
    let mut last = first;
    while let Some(value) = values.next().await {
        assert!(last.is_none_or(|last| last < value));
        last = Some(value);
    }
    assert_eq!(last, Some(LAST));
    drop(values);
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
}

async fn broadcast_recv(probe: Probe) {
    let (tx, mut rx) = broadcast::channel(4);
    let peer = spawn({
        let token = probe.token();
        async move {
            for value in 1..=LAST {
                yield_now().await;
                assert!(tx.send((value, token.clone())).is_ok());
            }
        }
    });
    let mut next = 1;
    loop {
        let received = match probe.drop_after(rx.recv()).await {
            Some(received) => received,
            None => {
                probe.assert_no_waker().await;
                rx.recv().await
            }
        };
        let Ok((value, _token)) = received else {
            break;
        };
        assert_eq!(value, next, "a value was lost");
        next += 1;
    }
    assert_eq!(next, LAST + 1);
    peer.await.expect("it ends");
}

async fn broadcast_closed(probe: Probe) {
    let (tx, rx) = broadcast::channel(4);
    tx.send(probe.token()).expect("it is there");
    let peer = spawn(async move {
        yield_now().await;
        drop(rx);
    });
    if probe.drop_after(tx.closed()).await.is_some() {
        assert_eq!(tx.receiver_count(), 0);
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
    tx.closed().await;
}

async fn broadcast_streaming(probe: Probe) {
    let (tx, rx) = broadcast::channel(4);
    let peer = spawn({
        let token = probe.token();
        async move {
            for value in 1..=LAST {
                yield_now().await;
                assert!(tx.send((value, token.clone())).is_ok());
            }
        }
    });
    let mut values = rx.into_stream();
    let mut got = Vec::new();
    if let Some(value) = probe.drop_after(values.next()).await {
        got.extend(value);
    }
    while let Some(value) = values.next().await {
        got.push(value);
    }
    let got: Vec<_> = got.into_iter().map(|value| value.map(|(n, _)| n)).collect();
    assert_eq!(got, [Ok(1), Ok(2), Ok(3)]);
    drop(values);
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
}

/// A token, and what cancels it by its parent.
fn token() -> (CancellationToken, impl Future<Output = ()>) {
    let parent = CancellationToken::new();
    let token = parent.child_token();
    let cancel = async move {
        yield_now().await;
        parent.cancel();
    };
    (token, cancel)
}

async fn cancelled(probe: Probe) {
    let (token, cancel) = token();
    let peer = spawn(cancel);
    if probe.drop_after(token.cancelled()).await.is_some() {
        assert!(token.is_cancelled());
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
    token.cancelled().await;
}

async fn cancelled_owned(probe: Probe) {
    let (token, cancel) = token();
    let peer = spawn(cancel);
    probe.drop_after(token.clone().cancelled_owned()).await;
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
    assert!(token.is_cancelled());
}

/// Work that goes on for longer than it takes to be cancelled.
async fn work(held: impl Sized) {
    for _ in 0..3 {
        yield_now().await;
    }
    std::future::pending::<()>().await;
    drop(held);
}

async fn running_until_cancelled(probe: Probe) {
    let (token, cancel) = token();
    let peer = spawn(cancel);
    let run = token.run_until_cancelled(work(probe.token()));
    if let Some(outcome) = probe.drop_after(run).await {
        assert_eq!(outcome, None);
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
}

async fn running_owned_until_cancelled(probe: Probe) {
    let (token, cancel) = token();
    let peer = spawn(cancel);
    let run = token.run_until_cancelled_owned(work(probe.token()));
    if let Some(outcome) = probe.drop_after(run).await {
        assert_eq!(outcome, None);
    }
    probe.assert_no_waker().await;
    peer.await.expect("it ends");
}
