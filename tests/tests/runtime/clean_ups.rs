//! Clean-ups by `on_cancel`.

use heist::runtime::Handle;
use heist::sync::oneshot;
use heist::task::{self, JoinError, TaskGroup, on_cancel, yield_now};
use heist::time::{Duration, sleep, timeout};
use heist::{gather, select};
use heist_tests::{Running, Shape, Tally, panic_message, receive, wait_until};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::thread;

/// What has happened, in its order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn say(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn said(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }

    /// A clean-up that says when it begins and ends, and yields in between.
    fn clean_up(
        &self,
        begin: &'static str,
        end: &'static str,
    ) -> impl Future<Output = ()> + Send + use<> {
        let log = self.clone();
        async move {
            log.say(begin);
            yield_now().await;
            yield_now().await;
            log.say(end);
        }
    }
}

/// Spawns a task that says when it has got as far as to wait for ever.
fn spawn_waiting<F>(runtime: &Running, future: F) -> task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (waits, waiting) = mpsc::channel();
    let task = runtime.spawn(heist_tests::once_waiting(future, move || {
        waits.send(()).unwrap();
    }));
    receive(&waiting);
    task
}

/// The handle resolves after the clean-up, which a second abort leaves alone.
pub(crate) fn after_an_abort(shape: Shape) {
    let runtime = shape.running();
    let (begun, begins) = mpsc::channel();
    let (release, released) = oneshot::channel::<()>();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let task = spawn_waiting(&runtime, async move {
        let _guard = guard;
        let _clean_up = on_cancel(async move {
            begun.send(task::id()).unwrap();
            released.await.unwrap();
        });
        pending::<()>().await;
    });
    let id = task.id();
    task.abort();
    assert_eq!(receive(&begins), id, "it is part of the task");
    assert_eq!(dropped.count(), 1, "the future is gone");
    for _ in 0..3 {
        task.abort();
        runtime.block_on(yield_now());
        assert!(!task.is_finished());
    }
    release.send(()).unwrap();
    let error = runtime.block_on(task).unwrap_err();
    assert!(error.is_cancelled());
}

pub(crate) fn of_a_task_that_nobody_awaits(shape: Shape) {
    let runtime = shape.running();
    let (done, ends) = mpsc::channel();
    let task = spawn_waiting(&runtime, async move {
        let _clean_up = on_cancel(async move {
            sleep(Duration::from_millis(1)).await;
            done.send(()).unwrap();
        });
        pending::<()>().await;
    });
    task.abort();
    drop(task);
    receive(&ends);
}

/// Not only a cancellation runs it.
pub(crate) fn after_a_return_and_a_panic(shape: Shape) {
    let runtime = shape.running();
    for panics in [false, true] {
        let log = Log::default();
        let clean_up = log.clean_up("begin", "end");
        let task = runtime.spawn(async move {
            let _clean_up = on_cancel(clean_up);
            yield_now().await;
            assert!(!panics, "on purpose");
            5
        });
        let outcome = runtime.block_on(task);
        assert_eq!(log.said(), ["begin", "end"]);
        match outcome {
            Ok(output) => assert_eq!((output, panics), (5, false)),
            Err(error) => assert!(error.is_panic() && panics),
        }
    }
}

pub(crate) fn of_a_task_that_was_never_polled(shape: Shape) {
    let runtime = shape.running();
    let occupied = runtime.occupy();
    let log = Log::default();
    let guard = on_cancel(log.clean_up("begin", "end"));
    let task = runtime.spawn(async move {
        let _guard = guard;
        unreachable!("it is aborted before");
    });
    task.abort();
    drop(occupied);
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(log.said(), ["begin", "end"]);
}

pub(crate) fn the_last_registered_first(shape: Shape) {
    let runtime = shape.running();
    let log = Log::default();
    let task = spawn_waiting(&runtime, {
        let log = log.clone();
        async move {
            let first = on_cancel(log.clean_up("first", "first over"));
            let second = on_cancel(log.clean_up("second", "second over"));
            let third = on_cancel(log.clean_up("third", "third over"));
            // Fields are dropped in another order.
            let _all = (second, first, third);
            pending::<()>().await;
        }
    });
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    let order = [
        "third",
        "third over",
        "second",
        "second over",
        "first",
        "first over",
    ];
    assert_eq!(log.said(), order);
}

/// Some guards go with the last poll, some with the future: they are one line still.
pub(crate) fn with_the_end_of_the_poll_and_of_the_future(shape: Shape) {
    type CleanUp = Pin<Box<dyn Future<Output = ()> + Send>>;
    struct Guards {
        first: Option<task::OnCancel<CleanUp>>,
        _second: task::OnCancel<CleanUp>,
    }
    impl Future for Guards {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            self.first = None;
            Poll::Ready(())
        }
    }

    let log = Log::default();
    let clean_ups = Guards {
        first: Some(on_cancel::<CleanUp>(Box::pin(
            log.clean_up("first", "first over"),
        ))),
        _second: on_cancel::<CleanUp>(Box::pin(log.clean_up("second", "second over"))),
    };
    let runtime = shape.running();
    runtime.block_on(runtime.spawn(clean_ups)).unwrap();
    let order = ["second", "second over", "first", "first over"];
    assert_eq!(log.said(), order);
}

pub(crate) fn disarmed(shape: Shape) {
    let log = Log::default();
    let task_log = log.clone();
    shape.block_on(async move {
        heist::spawn(async move {
            let guard = on_cancel(task_log.clean_up("begin", "end"));
            yield_now().await;
            let clean_up = guard.disarm();
            task_log.say("disarmed");
            clean_up.await;
        })
        .await
        .unwrap();
    });
    assert_eq!(log.said(), ["disarmed", "begin", "end"]);
}

/// They await, time out, spawn, and have clean-ups themselves, which end before the next one begins.
pub(crate) fn do_what_tasks_do(shape: Shape) {
    let runtime = shape.running();
    let log = Log::default();
    let task = spawn_waiting(&runtime, {
        let log = log.clone();
        async move {
            let _first = on_cancel(log.clean_up("first", "first over"));
            let inner_log = log.clone();
            let _second = on_cancel(async move {
                let log = inner_log;
                log.say("second");
                assert!(task::try_id().is_some());
                assert_eq!(heist::spawn(async { 5 }).await.unwrap(), 5);
                let job = heist::spawn_blocking(|| 6);
                assert_eq!(job.await.unwrap(), 6);
                let clean_up = log.clean_up("timed out", "timed out, over");
                let slow = async move {
                    let _guard = on_cancel(clean_up);
                    pending::<()>().await;
                };
                assert!(timeout(Duration::from_millis(1), slow).await.is_err());
                log.say("second goes on");
                let _nested = on_cancel(log.clean_up("nested", "nested over"));
            });
            pending::<()>().await;
        }
    });
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    let order = [
        "second",
        "timed out",
        "timed out, over",
        "second goes on",
        "nested",
        "nested over",
        "first",
        "first over",
    ];
    assert_eq!(log.said(), order);
}

/// The clean-up of a loser waits for what the body does only afterwards; and the next loser's for nothing, while that one still waits.
pub(crate) fn of_losers_run_beside(shape: Shape) {
    let runtime = shape.running();
    let log = Log::default();
    let task = runtime.spawn({
        let log = log.clone();
        async move {
            let (go_on, may_go_on) = oneshot::channel::<()>();
            let (is_over, over) = oneshot::channel::<()>();
            let first_log = log.clone();
            select! {
                biased;
                () = async move {
                    let _guard = on_cancel(async move {
                        may_go_on.await.unwrap();
                        first_log.say("first over");
                        is_over.send(()).unwrap();
                    });
                    pending::<()>().await;
                } => unreachable!(),
                () = ready(()) => {}
            }
            yield_now().await;
            let slow = async {
                let _guard = on_cancel(log.clean_up("second", "second over"));
                pending::<()>().await;
            };
            assert!(timeout(Duration::from_millis(1), slow).await.is_err());
            log.say("timed out");
            go_on.send(()).unwrap();
            over.await.unwrap();
        }
    });
    runtime.block_on(task).unwrap();
    assert_eq!(
        log.said(),
        ["second", "second over", "timed out", "first over"]
    );
}

/// When it returns, nothing of the loser is left; also where it is a part of something else, with wakers of its own.
pub(crate) fn a_timeout_waits(shape: Shape) {
    let runtime = shape.running();
    let one = |log: Log| async move {
        let clean_up = log.clean_up("begin", "end");
        let slow = async move {
            let _guard = on_cancel(async move {
                sleep(Duration::from_millis(1)).await;
                clean_up.await;
                sleep(Duration::from_millis(1)).await;
            });
            pending::<()>().await;
        };
        assert!(timeout(Duration::from_millis(1), slow).await.is_err());
        assert_eq!(log.said(), ["begin", "end"]);
        // Without a clean-up, as ever.
        assert!(
            timeout(Duration::from_millis(1), pending::<()>())
                .await
                .is_err()
        );
    };
    runtime
        .block_on(runtime.spawn(one(Log::default())))
        .unwrap();
    runtime.block_on(one(Log::default()));
    let many = || gather((0..20).map(|_| one(Log::default())));
    runtime.block_on(runtime.spawn(many())).unwrap();
    runtime.block_on(many());
    // One in the other.
    let nested = async move {
        let inner = async {
            let log = Log::default();
            one(log).await;
            let _guard = on_cancel(async { yield_now().await });
            timeout(Duration::MAX, pending::<()>()).await
        };
        assert!(timeout(Duration::from_millis(10), inner).await.is_err());
    };
    runtime.block_on(runtime.spawn(nested)).unwrap();
}

/// What waits for what its loser has left is dropped in turn, be it a time-out or a group: whoever drops it waits as well.
pub(crate) fn a_timeout_around_one_that_waits(shape: Shape) {
    const MS: Duration = Duration::from_millis(1);

    fn slow(log: &Log) -> impl Future<Output = ()> + Send + use<> {
        let log = log.clone();
        async move {
            let _guard = on_cancel(async move {
                sleep(20 * MS).await;
                log.say("over");
            });
            pending::<()>().await;
        }
    }

    async fn a_group(log: &Log) {
        let outcome = TaskGroup::<&str>::new().run(async |group| {
            group.spawn(async { Err::<(), _>("it fails") });
            slow(log).await;
            Ok(())
        });
        outcome.await.unwrap_err();
    }

    let runtime = shape.running();
    let log = Log::default();
    let task = runtime.spawn({
        let log = log.clone();
        async move {
            let inner = timeout(MS, slow(&log));
            assert!(timeout(5 * MS, inner).await.is_err());
            log.say("a time-out");
            assert!(timeout(5 * MS, a_group(&log)).await.is_err());
            log.say("a group");
            let inner = timeout(MS, timeout(2 * MS, timeout(MS, slow(&log))));
            assert!(timeout(5 * MS, inner).await.is_err());
            log.say("several");
        }
    });
    runtime.block_on(task).unwrap();
    assert_eq!(
        log.said(),
        ["over", "a time-out", "over", "a group", "over", "several"]
    );
}

/// A time-out that is aborted while it waits for the clean-ups: these go on.
pub(crate) fn a_timeout_that_is_aborted(shape: Shape) {
    let runtime = shape.running();
    let (begun, begins) = mpsc::channel();
    let (release, released) = oneshot::channel::<()>();
    let task = runtime.spawn(async move {
        let slow = async move {
            let _guard = on_cancel(async move {
                begun.send(()).unwrap();
                released.await.unwrap();
            });
            pending::<()>().await;
        };
        timeout(Duration::from_millis(1), slow).await
    });
    receive(&begins);
    task.abort();
    runtime.block_on(yield_now());
    assert!(!task.is_finished());
    release.send(()).unwrap();
    // If it was being polled just then, it may have ended in that poll.
    if let Ok(timed_out) = runtime.block_on(task) {
        assert!(timed_out.is_err());
    }
}

pub(crate) fn that_panic(shape: Shape) {
    fn message(error: JoinError) -> String {
        panic_message(&*error.into_panic()).to_owned()
    }
    let runtime = shape.running();
    // The others run, and the panic is what the task ends with; the first one, if there are several.
    for returns in [false, true] {
        let log = Log::default();
        let clean_up = log.clean_up("begin", "end");
        let task = runtime.spawn(async move {
            let _first = on_cancel(clean_up);
            let _second = on_cancel(async { panic!("the second") });
            let _third = on_cancel(async { panic!("the first to fail") });
            if !returns {
                pending::<()>().await;
            }
        });
        task.abort();
        let error = runtime.block_on(task).unwrap_err();
        if error.is_panic() {
            assert_eq!(message(error), "the first to fail");
            assert_eq!(log.said(), ["begin", "end"]);
        } else {
            assert_eq!(log.said(), [""; 0], "it was never polled");
        }
    }
    // One that panicked itself ends with that.
    let task = runtime.spawn(async {
        let _clean_up = on_cancel(async { panic!("the clean-up") });
        panic!("the task");
    });
    assert_eq!(message(runtime.block_on(task).unwrap_err()), "the task");
}

/// Nobody can receive that: whoever is told of such failures is told.
pub(crate) fn that_panic_while_the_task_goes_on(shape: Shape) {
    let (failed, failures) = mpsc::channel();
    let mut builder = shape.builder();
    builder.on_task_failure(move |failure| {
        let _ = failed.send(failure.to_string());
    });
    let runtime = Running::new(shape, shape.build(&mut builder));
    let task = runtime.spawn(async {
        let slow = async {
            let _clean_up = on_cancel(async { panic!("on purpose") });
            pending::<()>().await;
        };
        assert!(timeout(Duration::from_millis(1), slow).await.is_err());
        5
    });
    assert_eq!(runtime.block_on(task).unwrap(), 5);
    let failure = receive(&failures);
    assert!(failure.starts_with("a clean-up of task "), "{failure}");
    assert!(failure.ends_with("panicked: on purpose"), "{failure}");
}

/// Each leaves the next as it ends, as one does that tries again: neither memory nor the stack, nor the time that a poll takes, grows with their number.
pub(crate) fn one_after_the_other_for_long(shape: Shape) {
    const COUNT: u32 = 100_000;

    fn left(count: u32, yields: bool, over: mpsc::Sender<()>) {
        drop(on_cancel(async move {
            if yields {
                yield_now().await;
            }
            match count {
                0 => over.send(()).unwrap(),
                _ => left(count - 1, yields, over),
            }
        }));
    }

    let runtime = shape.running();
    for yields in [false, true] {
        let (over, ends) = mpsc::channel();
        let log = Log::default();
        let task = runtime.spawn({
            let log = log.clone();
            async move {
                let _before = on_cancel(async move {
                    ends.try_recv().unwrap();
                    log.say("over");
                });
                left(COUNT, yields, over);
            }
        });
        runtime.block_on(task).unwrap();
        assert_eq!(log.said(), ["over"]);
    }
}

pub(crate) fn in_block_on(shape: Shape) {
    let runtime = shape.running();
    let log = Log::default();
    let output = runtime.block_on(async {
        let _guard = on_cancel(log.clean_up("begin", "end"));
        sleep(Duration::from_millis(1)).await;
        5
    });
    assert_eq!((output, log.said()), (5, vec!["begin", "end"]));

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let _guard = on_cancel(log.clean_up("again", "over"));
            panic!("on purpose");
        })
    }));
    assert_eq!(panic_message(&*panicked.unwrap_err()), "on purpose");
    assert_eq!(log.said()[2..], ["again", "over"]);

    let panicked = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let _guard = on_cancel(async { panic!("the clean-up") });
        })
    }));
    assert_eq!(panic_message(&*panicked.unwrap_err()), "the clean-up");
}

/// Where nobody could run it, it becomes a task: of the runtime that it was registered in, or that the thread is in.
pub(crate) fn dropped_elsewhere(shape: Shape) {
    fn guard(
        ended: &mpsc::Sender<thread::ThreadId>,
    ) -> task::OnCancel<impl Future<Output = ()> + Send + use<>> {
        let ended = ended.clone();
        on_cancel(async move {
            assert!(Handle::try_current().is_ok());
            yield_now().await;
            ended.send(thread::current().id()).unwrap();
        })
    }

    let runtime = shape.running();
    let (ended, ends) = mpsc::channel();
    // On a plain thread.
    let in_task = runtime.block_on(async { guard(&ended) });
    drop(in_task);
    receive(&ends);
    // Registered in no runtime.
    let unregistered = guard(&ended);
    {
        let _entered = runtime.enter();
        drop(unregistered);
    }
    receive(&ends);
    // In a blocking job, that runs or is aborted.
    let one = guard(&ended);
    runtime
        .block_on(runtime.spawn_blocking(move || drop(one)))
        .unwrap();
    receive(&ends);
    // As a task's output, which nobody takes.
    let one = runtime.spawn({
        let ended = ended.clone();
        async move { guard(&ended) }
    });
    wait_until(|| one.is_finished());
    drop(one);
    receive(&ends);
    // As what a joiner takes: its own.
    runtime.block_on(async {
        let one = heist::spawn({
            let ended = ended.clone();
            async move { guard(&ended) }
        });
        drop(one.await.unwrap());
    });
    ends.try_recv().expect("`block_on` has waited for it");
}

/// A task whose future wakes itself in its destructor, and one whose clean-up is woken from elsewhere all the time.
pub(crate) fn woken_from_everywhere(shape: Shape) {
    let runtime = shape.running();
    for _ in 0..20 {
        let (waker_sent, wakers) = mpsc::channel();
        let task = spawn_waiting(&runtime, async move {
            let _clean_up = on_cancel(async move {
                for _ in 0..3 {
                    let mut polled = false;
                    poll_fn(|cx| {
                        waker_sent.send(cx.waker().clone()).unwrap();
                        if std::mem::replace(&mut polled, true) {
                            Poll::Ready(())
                        } else {
                            Poll::Pending
                        }
                    })
                    .await;
                }
            });
            pending::<()>().await;
        });
        let abort = task.abort_handle();
        let waking = thread::spawn(move || {
            for waker in wakers {
                waker.wake_by_ref();
                abort.abort();
                waker.wake();
            }
        });
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        waking.join().unwrap();
    }
}
