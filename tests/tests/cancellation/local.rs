//! Futures of local sets, dropped after each of their polls.

use crate::MOMENT;
use heist::runtime::Handle;
use heist::task::{LocalSet, yield_now};
use heist::time::sleep;
use heist::{spawn_blocking, spawn_local};
use heist_tests::Probe;
use std::cell::Cell;
use std::rc::Rc;

cases! { running_until running_to_the_end local_join_handle }

/// On a thread that stays the same: a set is not sent.
async fn on_one_thread<F: Future<Output = ()>>(case: impl FnOnce() -> F + Send + 'static) {
    let handle = Handle::current();
    let job = spawn_blocking(move || handle.block_on(case()));
    job.await.expect("it ends");
}

/// A task that takes a few polls, and counts itself.
fn spawn_some(probe: &Probe, done: &Rc<Cell<u32>>) -> heist::JoinHandle<()> {
    let (token, done) = (probe.token(), done.clone());
    spawn_local(async move {
        yield_now().await;
        sleep(MOMENT).await;
        done.set(done.get() + 1);
        drop(token);
    })
}

async fn running_until(probe: Probe) {
    on_one_thread(move || async move {
        let set = LocalSet::new();
        let done = Rc::new(Cell::new(0));
        let _guard = set.enter();
        let (first, second) = (spawn_some(&probe, &done), spawn_some(&probe, &done));
        probe
            .drop_after(set.run_until(async { first.await.expect("it ends") }))
            .await;
        // The tasks stay, and go on when somebody comes.
        drop(second);
        probe.assert_no_waker().await;
        set.await;
        assert_eq!(done.get(), 2);
    })
    .await;
}

async fn running_to_the_end(probe: Probe) {
    on_one_thread(move || async move {
        let set = LocalSet::new();
        let done = Rc::new(Cell::new(0));
        let task = {
            let _guard = set.enter();
            spawn_some(&probe, &done)
        };
        // Dropped with the set, or ended.
        let ended = probe.drop_after(set).await;
        assert_eq!(task.await.is_ok(), ended.is_some());
        assert_eq!(done.get(), u32::from(ended.is_some()));
    })
    .await;
}

async fn local_join_handle(probe: Probe) {
    on_one_thread(move || async move {
        let set = LocalSet::new();
        let done = Rc::new(Cell::new(0));
        set.run_until(async {
            let task = spawn_some(&probe, &done);
            probe.drop_after(task).await;
        })
        .await;
        set.await;
        assert_eq!(done.get(), 1);
    })
    .await;
}
