//! `JoinSet`, `as_completed` and `shield`.

use futures_lite::Stream;
use heist::StreamExt;
use heist::sync::oneshot;
use heist::task::{JoinSet, shield, yield_now};
use heist::time::{Duration, timeout};
use heist_tests::{Shape, Tally, panic_message, receive, wait_until};
use std::collections::{HashMap, HashSet};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::task::Poll;

pub(crate) fn in_the_order_of_their_ends(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        let mut ends = Vec::new();
        for number in 0..100 {
            let (end, ended) = oneshot::channel::<()>();
            ends.push(Some(end));
            set.spawn(async move {
                ended.await.unwrap();
                number
            });
        }
        assert_eq!(set.len(), 100);
        // Each is awaited before the next one ends.
        for number in (0..100).rev() {
            ends[number].take().unwrap().send(()).unwrap();
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
            assert_eq!(set.len(), number);
        }
        assert!(set.is_empty());
        assert!(set.join_next().await.is_none());
        assert!(set.try_join_next().is_none());
    });
}

/// Places are used again, and whoever had one before is nobody's else.
pub(crate) fn many_come_and_go(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        let mut left = HashMap::new();
        for number in 0..3_000 {
            let task = set.spawn(async move {
                for _ in 0..number % 5 {
                    yield_now().await;
                }
                number
            });
            assert!(left.insert(task.id(), number).is_none());
            if number % 7 == 0 {
                task.abort();
            }
            for _ in 0..number % 3 {
                let Some(joined) = set.join_next_with_id().await else {
                    break;
                };
                let (id, output) = joined.map_or_else(
                    |error| (error.id(), None),
                    |(id, output)| (id, Some(output)),
                );
                let number = left.remove(&id).expect("it is joined once");
                assert!(output.is_none_or(|output| output == number));
            }
            while let Some(joined) = set.try_join_next_with_id() {
                let id = joined.map_or_else(|error| error.id(), |(id, _)| id);
                left.remove(&id).expect("it is joined once");
            }
            assert_eq!(set.len(), left.len());
            if set.is_empty() {
                assert!(set.join_next().await.is_none());
            }
        }
        while let Some(joined) = set.join_next_with_id().await {
            let id = joined.map_or_else(|error| error.id(), |(id, _)| id);
            left.remove(&id).expect("it is joined once");
        }
        assert!(left.is_empty());
    });
}

pub(crate) fn all_at_once(shape: Shape) {
    const COUNT: usize = 10_000;
    let runtime = shape.running();
    let set: JoinSet<_> =
        runtime.block_on(async { (0..COUNT).map(|n| async move { n }).collect() });
    let outputs: HashSet<_> = runtime.block_on(set.join_all()).into_iter().collect();
    assert_eq!(outputs.len(), COUNT);
}

pub(crate) fn on_another_thread_and_in_the_pool(shape: Shape) {
    let runtime = shape.running();
    let mut set = JoinSet::new();
    set.spawn_on(async { 1 }, runtime.handle());
    set.spawn_blocking_on(|| 2, runtime.handle());
    let mut outputs = runtime.block_on(async {
        set.spawn(async { 3 });
        set.spawn_blocking(|| 4);
        set.join_all().await
    });
    outputs.sort();
    assert_eq!(outputs, [1, 2, 3, 4]);
}

pub(crate) fn a_set_that_is_dropped_aborts(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let mut set = JoinSet::new();
    for _ in 0..10 {
        let guard = dropped.on_drop();
        set.spawn_on(
            async move {
                let _guard = guard;
                pending::<()>().await;
            },
            runtime.handle(),
        );
    }
    drop(set);
    wait_until(|| dropped.count() == 10);
}

pub(crate) fn shut_down_detached_and_aborted(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let waiting = || {
        let guard = dropped.on_drop();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    runtime.block_on(async {
        let mut set: JoinSet<()> = (0..5).map(|_| waiting()).collect();
        set.shutdown().await;
        assert_eq!((set.len(), dropped.count()), (0, 5));

        // It may be used again.
        set.extend((0..5).map(|_| waiting()));
        set.abort_all();
        while let Some(joined) = set.join_next().await {
            assert!(joined.unwrap_err().is_cancelled());
        }
        assert_eq!(dropped.count(), 10);

        let (go_on, may_go_on) = oneshot::channel::<()>();
        let (is_over, over) = oneshot::channel::<()>();
        set.spawn(async move {
            may_go_on.await.unwrap();
            is_over.send(()).unwrap();
        });
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        go_on.send(()).unwrap();
        over.await.unwrap();
    });
}

pub(crate) fn panics_and_aborts_are_told(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let mut set = JoinSet::new();
        let id = set.spawn(async { panic!("on purpose") }).id();
        let error = set.join_next().await.unwrap().unwrap_err();
        assert!(error.is_panic() && error.id() == id);
        let id = set.spawn(pending::<()>()).id();
        set.abort_all();
        let error = set.join_next_with_id().await.unwrap().unwrap_err();
        assert!(error.is_cancelled() && error.id() == id);
    });
    let mut panicking = JoinSet::new();
    panicking.spawn_on(async { panic!("on purpose") }, runtime.handle());
    let panicked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(panicking.join_all())));
    assert_eq!(panic_message(&*panicked.unwrap_err()), "on purpose");
    let mut aborted = JoinSet::new();
    aborted.spawn_on(pending::<()>(), runtime.handle()).abort();
    let panicked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(aborted.join_all())));
    let panicked = panicked.unwrap_err();
    let message = panic_message(&*panicked);
    assert!(
        message.starts_with("`JoinSet::join_all` has no output to give: task "),
        "{message}"
    );
}

/// Who waits is woken, also on another task than it waited on before; and when the budget is spent it goes on.
pub(crate) fn woken_whoever_waits(shape: Shape) {
    let runtime = shape.running();
    let (end, ended) = oneshot::channel::<()>();
    let mut set = JoinSet::new();
    set.spawn_on(async { ended.await.unwrap() }, runtime.handle());
    let mut set = runtime
        .block_on(runtime.spawn(async move {
            poll_fn(|cx| {
                assert!(set.poll_join_next(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            set
        }))
        .unwrap();
    let (waits, waiting) = mpsc::channel();
    let joined = runtime.spawn(async move {
        heist_tests::once_waiting(set.join_next(), move || waits.send(()).unwrap()).await
    });
    receive(&waiting);
    end.send(()).unwrap();
    assert!(runtime.block_on(joined).unwrap().unwrap().is_ok());

    let many = runtime.spawn(async {
        let mut set: JoinSet<_> = (0..1_000).map(|_| async {}).collect();
        let mut count = 0;
        while set.join_next().await.is_some() {
            count += 1;
        }
        count
    });
    assert_eq!(runtime.block_on(many).unwrap(), 1_000);
}

pub(crate) fn futures_as_they_are_done(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let (ends, ended): (Vec<_>, Vec<_>) = (0..50).map(|_| oneshot::channel::<usize>()).unzip();
        let mut stream = heist::as_completed(
            ended
                .into_iter()
                .map(|ended| async { ended.await.unwrap() }),
        );
        let mut ends: Vec<_> = ends.into_iter().map(Some).collect();
        for (left, number) in (0..50)
            .rev()
            .step_by(2)
            .chain((0..50).step_by(2))
            .enumerate()
        {
            assert_eq!(stream.size_hint(), (50 - left, Some(50 - left)));
            ends[number].take().unwrap().send(number).unwrap();
            assert_eq!(stream.next().await, Some(number));
        }
        assert_eq!(stream.next().await, None);
        assert_eq!(stream.next().await, None);
    });
    // Tasks, and none.
    runtime.block_on(async {
        let tasks = heist::as_completed((0..100).map(|n| heist::spawn(async move { n })));
        let outputs: HashSet<_> = tasks.map(Result::unwrap).collect().await;
        assert_eq!(outputs.len(), 100);
        assert_eq!(
            heist::as_completed([(); 0].map(std::future::ready))
                .next()
                .await,
            None
        );
    });
}

/// A future is gone as soon as it is done; the others with the stream.
pub(crate) fn futures_are_dropped_when_they_are_done(shape: Shape) {
    let dropped = Tally::new();
    let (one, two) = (dropped.on_drop(), dropped.on_drop());
    shape.block_on(async {
        let mut stream = heist::as_completed([
            Box::pin(async move {
                let _one = one;
                pending::<()>().await;
            }) as std::pin::Pin<Box<dyn Future<Output = ()>>>,
            Box::pin(async move { drop(two) }),
        ]);
        stream.next().await.unwrap();
        assert_eq!(dropped.count(), 1);
        drop(stream);
        assert_eq!(dropped.count(), 2);
    });
}

pub(crate) fn a_shield_holds(shape: Shape) {
    let runtime = shape.running();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (is_over, over) = oneshot::channel::<()>();
    let outer = runtime.spawn(async move {
        let inner = shield(async move {
            may_go_on.await.unwrap();
            is_over.send(()).unwrap();
        });
        timeout(Duration::from_millis(1), inner).await
    });
    assert!(runtime.block_on(outer).unwrap().is_err());
    go_on.send(()).unwrap();
    runtime.block_on(over).unwrap();

    let fails = runtime.block_on(async { shield(async { panic!("on purpose") }).await });
    assert!(fails.unwrap_err().is_panic());
}
