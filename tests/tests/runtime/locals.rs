//! `task_local!`.

use heist::task::yield_now;
use heist_tests::{OnDrop, Shape};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

heist::task_local! {
    static NUMBER: u32;
    static TEXT: String
}

/// Each task has its own, on whatever thread it is polled.
pub(crate) fn tasks_have_their_own(shape: Shape) {
    let runtime = shape.runtime();
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            runtime.spawn(NUMBER.scope(number, async move {
                for _ in 0..20 {
                    assert_eq!(NUMBER.get(), number);
                    yield_now().await;
                }
                let inner = NUMBER.scope(number + 1, async {
                    yield_now().await;
                    NUMBER.get()
                });
                assert_eq!(inner.await, number + 1);
                assert_eq!(NUMBER.get(), number);
                // It is not inherited.
                heist::spawn(async { NUMBER.try_get() }).await.unwrap()
            }))
        })
        .collect();
    for task in tasks {
        assert!(runtime.block_on(task).unwrap().is_err());
    }
    assert!(NUMBER.try_get().is_err());
}

/// A panic, in a poll or in a function, leaves what was there before.
pub(crate) fn a_panic_restores(shape: Shape) {
    let runtime = shape.runtime();
    let task = runtime.spawn(NUMBER.scope(1, async {
        let inner = heist::spawn(NUMBER.scope(2, async { panic!("expected") }));
        assert!(inner.await.unwrap_err().is_panic());
        let panicked = catch_unwind(|| NUMBER.sync_scope(3, || panic!("expected")));
        assert!(panicked.is_err());
        NUMBER.get()
    }));
    assert_eq!(runtime.block_on(task).unwrap(), 1);
}

/// What the future drops finds the value: at its end, and when it is dropped before.
pub(crate) fn destructors_find_it(shape: Shape) {
    let found = Arc::new(AtomicU32::new(0));
    let runtime = shape.runtime();
    runtime.block_on(async {
        let guard = || {
            let found = found.clone();
            OnDrop::new(move || {
                found.fetch_add(NUMBER.get(), SeqCst);
            })
        };
        let kept = guard();
        NUMBER
            .scope(1, async move {
                let _guard = kept;
            })
            .await;
        let kept = guard();
        let task = heist::spawn(NUMBER.scope(10, async move {
            let _guard = kept;
            std::future::pending::<()>().await;
        }));
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(found.load(SeqCst), 11);
}

pub(crate) fn misuse(_: Shape) {
    let message = |panicked: Box<dyn std::any::Any + Send>| {
        panicked
            .downcast::<String>()
            .map(|text| *text)
            .or_else(|panicked| panicked.downcast::<&str>().map(|text| (*text).to_owned()))
            .unwrap()
    };
    let panicked = catch_unwind(|| NUMBER.get()).unwrap_err();
    assert!(message(panicked).starts_with("there is no value of this task-local key here"));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        TEXT.sync_scope("a".into(), || {
            TEXT.with(|_| TEXT.sync_scope("b".into(), || ()));
        });
    }));
    assert!(message(panicked.unwrap_err()).starts_with(
        "a task-local value cannot be hidden by another of its key while it is borrowed"
    ));
    assert!(TEXT.try_get().is_err());
}

/// What the macro's own names might be is free for the user's.
pub(crate) fn names_are_the_users(_: Shape) {
    const VALUE: usize = 3;
    heist::task_local! {
        static ARRAY: [u8; VALUE];
    }
    assert_eq!(ARRAY.sync_scope([1, 2, 3], || ARRAY.get()), [1, 2, 3]);
}
