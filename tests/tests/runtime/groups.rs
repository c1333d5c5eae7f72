//! `TaskGroup`.

use heist::sync::oneshot;
use heist::task::{GroupError, GroupHandle, MemberError, TaskGroup, on_cancel, yield_now};
use heist::time::{Duration, sleep, timeout};
use heist_tests::{OnDrop, Shape, Tally, once_waiting, panic_message, receive, wait_until};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::sync::{Arc, mpsc};
use std::thread;

type Group = TaskGroup<&'static str>;
type Handle = GroupHandle<&'static str>;

/// A member that never ends by itself, and says when it is gone, its clean-up included.
fn waits(gone: &Tally) -> impl Future<Output = Result<(), &'static str>> + Send + use<> {
    let gone = gone.clone();
    async move {
        let _guard = on_cancel(async move {
            yield_now().await;
            yield_now().await;
            gone.hit();
        });
        // So that it has begun wherever this is awaited.
        pending().await
    }
}

/// Until so many members wait: they have been polled.
async fn begun(group: &Handle, gone: &Tally, count: usize) {
    let mut began = Vec::new();
    for _ in 0..count {
        let (sender, receiver) = oneshot::channel();
        let member = waits(gone);
        group.spawn(once_waiting(member, move || sender.send(()).unwrap()));
        began.push(receiver);
    }
    for began in began {
        began.await.unwrap();
    }
}

fn failures<E>(result: Result<impl Sized, GroupError<E>>) -> Vec<MemberError<E>> {
    let Err(error) = result else {
        panic!("it has not failed");
    };
    error.into_failures()
}

pub(crate) fn values_of_any_type(shape: Shape) {
    shape.block_on(async {
        let group = Group::new();
        let number = group.spawn(async { Ok(1) });
        let text = group.spawn(async {
            yield_now().await;
            Ok(String::from("one"))
        });
        let early = group.spawn(async { Ok([1; 100]) });
        assert_eq!(early.await.unwrap().len(), 100);
        group.join().await.unwrap();
        assert!(number.is_finished() && text.is_finished());
        assert_eq!((number.await, text.await), (Some(1), Some("one".into())));
    });
}

pub(crate) fn the_first_failure_aborts_the_rest(shape: Shape) {
    shape.block_on(async {
        for panics in [false, true] {
            let (group, gone) = (Group::new(), Tally::new());
            begun(&group.handle(), &gone, 10).await;
            let failing = group.spawn(async move {
                assert!(!panics, "on purpose");
                Err::<(), _>("on purpose")
            });
            let failures = failures(group.join().await);
            assert_eq!(gone.count(), 10, "they are gone, clean-ups and all");
            assert_eq!(failing.await, None);
            match &failures[..] {
                [MemberError::Failed("on purpose")] => assert!(!panics),
                [MemberError::Panicked(error)] => assert!(error.is_panic() && panics),
                other => panic!("{other:?}"),
            }
        }
    });
}

/// Also while nobody joins; and nobody may come any more.
pub(crate) fn a_failure_takes_effect_at_once(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let (group, gone) = (Group::new(), Tally::new());
        begun(&group.handle(), &gone, 3).await;
        group.spawn(async { Err::<(), _>("on purpose") });
        heist_tests::until("they go on", || gone.count() == 3).await;
        let polled = Tally::new();
        let poll = polled.clone();
        let late = group.spawn(async move {
            poll.hit();
            Ok(())
        });
        assert!(late.is_finished());
        assert_eq!((late.await, polled.count()), (None, 0));
        assert_eq!(failures(group.join().await).len(), 1);
    });
}

pub(crate) fn all_failures_are_kept(shape: Shape) {
    let runtime = shape.running();
    let result = runtime.block_on(async {
        let group = Group::new();
        let (failed, first) = oneshot::channel::<()>();
        let (began, begins) = oneshot::channel::<()>();
        // Fails when it is aborted, in its clean-up.
        group.spawn(once_waiting(
            async {
                let _guard = on_cancel(async { panic!("the clean-up") });
                pending::<Result<(), _>>().await
            },
            || began.send(()).unwrap(),
        ));
        begins.await.unwrap();
        // Fails in the poll in which it learns of the first.
        group.spawn(async move {
            first.await.unwrap();
            Err::<(), _>("the second")
        });
        group.spawn(async {
            failed.send(()).unwrap();
            panic!("the first");
            #[allow(unreachable_code, reason = "its type")]
            Ok(())
        });
        group.join().await
    });
    let text: Vec<_> = failures(result)
        .into_iter()
        .map(|failure| match failure {
            MemberError::Failed(error) => error.to_owned(),
            MemberError::Panicked(error) => panic_message(&*error.into_panic()).to_owned(),
        })
        .collect();
    // What is aborted before it has learnt of the first doesn't fail; and on several workers either may be the first.
    assert!(text.contains(&"the clean-up".to_owned()), "{text:?}");
    assert!(text.contains(&"the first".to_owned()), "{text:?}");
    assert_ne!(text[0], "the clean-up", "it comes of the abort");
}

pub(crate) fn aborted_from_inside_and_outside(shape: Shape) {
    let runtime = shape.running();
    runtime.block_on(async {
        let (group, gone) = (Group::new(), Tally::new());
        begun(&group.handle(), &gone, 3).await;
        let handle = group.handle();
        let found = group.spawn(async move {
            handle.abort();
            Ok(5)
        });
        assert!(group.join().await.is_ok(), "that is no failure");
        assert_eq!((gone.count(), found.await), (3, Some(5)));

        // One member alone.
        let (group, gone) = (Group::new(), Tally::new());
        let aborted = group.spawn(waits(&gone));
        aborted.abort();
        let other = group.spawn(async { Ok(5) });
        group.join().await.unwrap();
        assert_eq!((aborted.await, other.await), (None, Some(5)));
    });
    // While it is joined, from another thread.
    let (group, gone) = (Group::new(), Tally::new());
    let handle = group.handle();
    let (waiting, waits) = mpsc::channel();
    let joined = runtime.spawn(async move {
        begun(&group.handle(), &gone, 3).await;
        once_waiting(group.join(), || waiting.send(()).unwrap()).await
    });
    receive(&waits);
    handle.abort();
    assert!(runtime.block_on(joined).unwrap().is_ok());
}

pub(crate) fn its_members_spawn_in_it(shape: Shape) {
    fn tree(
        handle: Handle,
        depth: u32,
        count: Tally,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>> {
        Box::pin(async move {
            count.hit();
            if depth > 0 {
                for _ in 0..3 {
                    handle.spawn(tree(handle.clone(), depth - 1, count.clone()));
                    yield_now().await;
                }
            }
            Ok(())
        })
    }
    shape.block_on(async {
        let (group, count) = (Group::new(), Tally::new());
        group.spawn(tree(group.handle(), 6, count.clone()));
        let handle = group.handle();
        group.join().await.unwrap();
        assert_eq!(count.count(), (3_usize.pow(7) - 1) / 2);
        // Joined is joined.
        assert_eq!(handle.spawn(async { Ok(()) }).await, None);
    });
}

pub(crate) fn one_in_the_other(shape: Shape) {
    shape.block_on(async {
        let (outer, gone) = (Group::new(), Tally::new());
        for _ in 0..3 {
            let gone = gone.clone();
            let (began, begins) = oneshot::channel();
            outer.spawn(async move {
                let inner = Group::new();
                begun(&inner.handle(), &gone, 3).await;
                began.send(()).unwrap();
                inner.join().await.map_err(|_| "the inner one failed")
            });
            begins.await.unwrap();
        }
        outer.spawn(async { Err::<(), _>("on purpose") });
        assert_eq!(failures(outer.join().await).len(), 1);
        assert_eq!(gone.count(), 9, "who aborts a member aborts its group");
    });
}

/// Dropped by whatever cancels the task around it: the members are gone before the task's handle resolves.
pub(crate) fn dropped_with_its_task(shape: Shape) {
    let runtime = shape.running();
    for joins in [false, true] {
        let (gone, began) = (Tally::new(), mpsc::channel());
        let task = runtime.spawn({
            let (gone, began) = (gone.clone(), began.0);
            async move {
                let group = Group::new();
                begun(&group.handle(), &gone, 10).await;
                let rest = async {
                    if joins {
                        let _ = group.join().await;
                    } else {
                        pending::<()>().await;
                    }
                };
                once_waiting(rest, || began.send(()).unwrap()).await;
            }
        });
        receive(&began.1);
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(gone.count(), 10);
    }
    // By a time-out, which waits; and in the midst of a task that goes on.
    runtime.block_on(async {
        let gone = Tally::new();
        let (began, begins) = oneshot::channel::<()>();
        let work = async {
            let group = Group::new();
            begun(&group.handle(), &gone, 3).await;
            began.send(()).unwrap();
            group.join().await
        };
        let mut work = Box::pin(timeout(Duration::from_millis(5), work));
        let timed_out = (&mut work).await.is_err();
        if timed_out && begins.await.is_ok() {
            assert_eq!(gone.count(), 3);
        }
    });
    // On a thread that polls nothing.
    let gone = Tally::new();
    let group = Group::new();
    runtime.block_on(begun(&group.handle(), &gone, 3));
    drop(group);
    wait_until(|| gone.count() == 3);
}

/// None begins another poll once the group is dropped, though it is woken.
pub(crate) fn dropped_it_polls_nobody(shape: Shape) {
    const MEMBERS: usize = 10;
    let runtime = shape.running();
    let (polled, gone) = (Tally::new(), Tally::new());
    runtime.block_on(async {
        let group = Group::new();
        let mut wakes = Vec::new();
        for _ in 0..MEMBERS {
            let (wake, woken) = oneshot::channel::<()>();
            let (began, begins) = oneshot::channel();
            let (polled, guard) = (polled.clone(), gone.on_drop());
            group.spawn(async move {
                let _guard = guard;
                let _ = once_waiting(woken, move || began.send(()).unwrap()).await;
                polled.hit();
                Ok(())
            });
            // It waits, so that it's only in another poll that it could see the wake.
            begins.await.unwrap();
            wakes.push(wake);
        }
        drop(group);
        for wake in wakes {
            let _ = wake.send(());
        }
    });
    wait_until(|| gone.count() == MEMBERS);
    assert_eq!(polled.count(), 0);
}

pub(crate) fn its_time_is_up(shape: Shape) {
    shape.block_on(async {
        let gone = Tally::new();
        // With nobody in `join`, so that the members' values may be awaited before.
        let group = Group::with_timeout(Duration::from_millis(20));
        let slow = group.spawn(waits(&gone));
        assert_eq!(slow.await, None);
        let error = group.join().await.unwrap_err();
        assert!(error.is_elapsed() && error.failures().is_empty());
        assert_eq!(error.to_string(), "the group's time was up");

        let group = Group::with_timeout(Duration::MAX);
        let quick = group.spawn(async { Ok(5) });
        group.join().await.unwrap();
        assert_eq!(quick.await, Some(5));

        // With nobody in it.
        let body = Group::with_timeout(Duration::from_millis(1)).run(async |_| {
            pending::<()>().await;
            Ok(())
        });
        assert!(body.await.unwrap_err().is_elapsed());
    });
}

pub(crate) fn a_body_is_part_of_it(shape: Shape) {
    shape.block_on(async {
        let gone = Tally::new();
        // Its error is the first, and aborts the members.
        let failed = Group::new().run(async |group| {
            begun(&group, &gone, 3).await;
            Err::<(), _>("the body")
        });
        let error = failed.await.unwrap_err();
        assert_eq!(error.to_string(), "a member of the group failed: the body");
        assert_eq!(gone.count(), 3);

        // A member's failure drops it, and waits for its clean-ups.
        let failed = Group::new().run(async |group| {
            let gone = gone.clone();
            let _guard = on_cancel(async move {
                sleep(Duration::from_millis(1)).await;
                gone.hit();
            });
            group.spawn(async { Err::<(), _>("a member") });
            pending::<Result<(), _>>().await
        });
        assert_eq!(failures(failed.await).len(), 1);
        assert_eq!(gone.count(), 4);

        // Its value, when all are gone.
        let value = Group::new().run(async |group| {
            let members = [1, 2, 3].map(|n| {
                group.spawn(async move {
                    yield_now().await;
                    Ok(n)
                })
            });
            let mut sum = 0;
            for member in members {
                sum += member.await.unwrap();
            }
            Ok(sum)
        });
        assert_eq!(value.await.unwrap(), 6);

        // A member that fails after it.
        let failed = Group::new().run(async |group| {
            group.spawn(async {
                for _ in 0..10 {
                    yield_now().await;
                }
                Err::<(), _>("late")
            });
            Ok(())
        });
        assert_eq!(failures(failed.await).len(), 1);

        // Aborted before it is done, or afterwards.
        let aborted = Group::new().run(async |group| {
            group.abort();
            pending::<Result<(), _>>().await
        });
        assert!(aborted.await.unwrap_err().is_aborted());
        let done = Group::new().run(async |group| {
            group.spawn(pending::<Result<(), _>>());
            group.abort();
            Ok(5)
        });
        assert_eq!(done.await.unwrap(), 5);
    });
    // Its panic is the caller's, when the members are gone.
    let gone = Tally::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        shape.block_on(Group::new().run(async |group| {
            begun(&group, &gone, 3).await;
            panic!("on purpose");
            #[allow(unreachable_code, reason = "its type")]
            Ok(())
        }))
    }));
    assert_eq!(panic_message(&*panicked.unwrap_err()), "on purpose");
    assert_eq!(gone.count(), 3);
}

/// A failure that nobody receives panics as it is dropped with the group: its task waits for the members all the same.
pub(crate) fn dropped_with_a_failure_that_panics(shape: Shape) {
    let runtime = shape.running();
    let gone = Tally::new();
    let task = runtime.spawn({
        let gone = gone.clone();
        async move {
            let group = TaskGroup::<OnDrop>::new();
            let (began, begins) = oneshot::channel();
            let (release, released) = oneshot::channel::<()>();
            let waiting = async move {
                let _guard = on_cancel(async move {
                    released.await.unwrap();
                    gone.hit();
                });
                pending::<Result<(), OnDrop>>().await
            };
            group.spawn(once_waiting(waiting, move || began.send(()).unwrap()));
            begins.await.unwrap();
            let failing = group.spawn(async { Err::<(), _>(OnDrop::new(|| panic!("on purpose"))) });
            assert_eq!(failing.await, None);
            drop(group);
            release.send(()).unwrap();
        }
    });
    runtime.block_on(task).unwrap();
    assert_eq!(gone.count(), 1);
}

/// A group that takes members for ever keeps nothing of those that have ended.
pub(crate) fn those_that_have_ended_leave(shape: Shape) {
    shape.block_on(async {
        let group = Group::new();
        let dropped = Tally::new();
        for round in 0..1_000 {
            let guard = dropped.on_drop();
            let member = group.spawn(async move {
                let _guard = guard;
                Ok(round)
            });
            assert_eq!(member.await, Some(round));
        }
        group.join().await.unwrap();
        assert_eq!(dropped.count(), 1_000);
    });
}

/// Spawns, failures, aborts and the join, all at once.
pub(crate) fn in_a_storm(shape: Shape) {
    let runtime = shape.running();
    for round in 0..50 {
        let alive = Tally::new();
        let gone = Tally::new();
        let result = runtime.block_on(async {
            let group = Group::new();
            for number in 0..20 {
                let handle = group.handle();
                let (alive, gone) = (alive.clone(), gone.clone());
                group.spawn(async move {
                    for _ in 0..10 {
                        yield_now().await;
                        let (alive, gone) = (alive.clone(), gone.clone());
                        let last = number == round % 20;
                        handle.spawn(async move {
                            alive.hit();
                            let _gone = gone.on_drop();
                            yield_now().await;
                            if last { Err("on purpose") } else { Ok(()) }
                        });
                    }
                    if number == 19 && round % 3 == 0 {
                        handle.abort();
                    }
                    Ok(())
                });
            }
            group.join().await
        });
        // No member is left when it returns.
        assert_eq!(alive.count(), gone.count());
        assert!(result.is_err() || round % 3 == 0);
    }
}

/// A thread that spawns in it all the while finds the member that has panicked as often as who joins does.
pub(crate) fn a_panic_while_others_spawn(shape: Shape) {
    let runtime = shape.running();
    let (groups, coming) = mpsc::channel::<(Handle, Arc<AtomicBool>)>();
    let handle = runtime.handle().clone();
    let spawning = thread::spawn(move || {
        let _inside = handle.enter();
        for (group, is_joined) in coming {
            while !is_joined.load(Acquire) {
                drop(group.spawn(async { Ok(()) }));
            }
        }
    });
    for _ in 0..2_000 {
        let is_joined = Arc::new(AtomicBool::new(false));
        let result = runtime.block_on(async {
            let group = Group::new();
            groups.send((group.handle(), is_joined.clone())).unwrap();
            group.spawn(async {
                yield_now().await;
                resume_unwind(Box::new("on purpose"));
                #[allow(unreachable_code, reason = "its type")]
                Ok(())
            });
            group.join().await
        });
        is_joined.store(true, Release);
        assert_eq!(failures(result).len(), 1);
    }
    drop(groups);
    spawning.join().unwrap();
}
