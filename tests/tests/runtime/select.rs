//! `select!`.

use heist::sync::{Notify, oneshot};
use heist::task::yield_now;
use heist::time::{Duration, sleep};
use heist_tests::{OnDrop, Shape};
use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

pub(crate) fn the_first_that_is_ready(shape: Shape) {
    shape.runtime().block_on(async {
        let (send, receive) = oneshot::channel();
        let sender = heist::spawn(async move {
            yield_now().await;
            send.send(7).unwrap();
        });
        let got = heist::select! {
            () = pending::<()>() => 0,
            number = receive => number.unwrap(),
            () = sleep(Duration::from_secs(3_600)) => 1,
        };
        assert_eq!(got, 7);
        sender.await.unwrap();
    });
}

/// The others are gone when the handler runs, and what they have borrowed is free.
pub(crate) fn the_losers_are_dropped_first(shape: Shape) {
    shape.runtime().block_on(async {
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = {
            let dropped = dropped.clone();
            OnDrop::new(move || dropped.store(true, SeqCst))
        };
        let mut text = String::new();
        heist::select! {
            biased;
            () = async { let _guard = guard; pending().await } => unreachable!(),
            () = async { text.push('a'); pending().await } => unreachable!(),
            () = ready(()) => {
                assert!(dropped.load(SeqCst));
                text.push('b');
            }
        }
        assert_eq!(text, "ab");
    });
}

/// What doesn't fit its pattern is out; the branches that are left go on, and in the end `else`.
pub(crate) fn patterns(shape: Shape) {
    shape.runtime().block_on(async {
        let mut others = vec![Some(3)];
        let got = heist::select! {
            biased;
            Some(1) = ready(Some(2)) => "one",
            Some(mut number) = ready(None::<i32>), if false => {
                number += 1;
                assert!(number > 0);
                "never"
            }
            (ref a, [first, ..]) = async { yield_now().await; (String::from("a"), [4, 5]) } => {
                assert!(a == "a" && first == 4);
                others.clear();
                "the pair"
            }
            else => "none",
        };
        assert_eq!(got, "the pair");
        let out = heist::select! {
            Some(_) = ready(None::<u8>) => "some",
            Ok(()) = async { yield_now().await; Err::<(), _>("no") } => "ok",
            else => "none",
        };
        assert_eq!(out, "none");
        // Outputs that are moved, and that are not `Copy`.
        let moved = heist::select! {
            Ok(text) = ready(Ok::<_, ()>(String::from("moved"))) => text,
        };
        assert_eq!(moved, "moved");
    });
}

/// A condition that doesn't hold keeps the branch from being polled, not its expression from being evaluated; conditions come before all expressions.
pub(crate) fn conditions(shape: Shape) {
    shape.runtime().block_on(async {
        let order = Cell::new(String::new());
        let note = |what: &str| order.set(order.take() + what);
        let mut value = 1;
        heist::select! {
            biased;
            () = { note("f"); async { panic!("it is polled") } }, if { note("c"); false } => {}
            () = { note("g"); value += 1; ready(()) }, if { note("d"); value == 1 } => note("h"),
        }
        assert_eq!(order.take(), "cdfgh");
        assert_eq!(value, 2);
    });
}

pub(crate) fn all_branches_out(shape: Shape) {
    shape.runtime().block_on(async {
        let mut never = pin!(async {
            heist::select! {
                Some(()) = ready(None) => {}
                () = ready(()), if false => {}
            }
        });
        let panicked =
            poll_fn(|cx| Poll::Ready(catch_unwind(AssertUnwindSafe(|| never.as_mut().poll(cx)))))
                .await;
        let payload = panicked.unwrap_err();
        let message = payload.downcast_ref::<&str>().unwrap();
        assert!(
            message.starts_with("all branches of a `select!` are out"),
            "{message}"
        );
        // Only `else`.
        assert_eq!(heist::select! { else => 1 }, 1);
    });
}

/// Handlers leave loops and functions.
pub(crate) fn handlers_go_where_they_like(shape: Shape) {
    async fn sum(numbers: &[Result<u32, &'static str>]) -> Result<u32, &'static str> {
        let mut sum = 0;
        let mut numbers = numbers.iter();
        'all: loop {
            heist::select! {
                next = ready(numbers.next()) => match next {
                    Some(Ok(0)) => continue,
                    Some(number) => sum += (*number)?,
                    None => break 'all,
                },
                () = pending() => return Err("never"),
            }
        }
        Ok(sum)
    }
    shape.runtime().block_on(async {
        assert_eq!(sum(&[Ok(1), Ok(0), Ok(2)]).await, Ok(3));
        assert_eq!(sum(&[Ok(1), Err("no")]).await, Err("no"));
    });
}

/// In any order, unless it is biased.
pub(crate) fn ready_branches_take_turns(shape: Shape) {
    const ROUNDS: usize = 3_000;
    shape.runtime().block_on(async {
        let mut counts = [0; 3];
        for _ in 0..ROUNDS {
            heist::select! {
                () = ready(()) => counts[0] += 1,
                () = ready(()) => counts[1] += 1,
                () = ready(()) => counts[2] += 1,
            }
            heist::select! {
                biased;
                () = ready(()) => {}
                () = ready(()) => unreachable!(),
            }
        }
        assert!(counts.iter().all(|&count| count > ROUNDS / 6), "{counts:?}");
    });
}

/// A loop of branches that are always ready keeps nobody waiting for ever.
pub(crate) fn a_busy_loop_gives_way(shape: Shape) {
    let runtime = shape.runtime();
    let stop = Arc::new(AtomicBool::new(false));
    let loops: Vec<_> = (0..shape.parallelism() * 2)
        .map(|_| {
            let stop = stop.clone();
            runtime.spawn(async move {
                let mut rounds = 0_u64;
                while !stop.load(SeqCst) {
                    heist::select! {
                        () = ready(()) => rounds += 1,
                        () = pending() => {}
                    }
                }
                rounds
            })
        })
        .collect();
    let stopper = runtime.spawn(async move { stop.store(true, SeqCst) });
    runtime.block_on(stopper).unwrap();
    for rounds in loops {
        runtime.block_on(rounds).unwrap();
    }
}

/// Wakes of branches that lost, and of futures that outlive the `select!`, are not lost.
pub(crate) fn a_future_that_outlives_it(shape: Shape) {
    shape.runtime().block_on(async {
        let notify = Arc::new(Notify::new());
        let seen = Arc::new(AtomicUsize::new(0));
        let notifier = {
            let (notify, seen) = (notify.clone(), seen.clone());
            heist::spawn(async move {
                while seen.load(SeqCst) < 100 {
                    notify.notify_one();
                    yield_now().await;
                }
            })
        };
        let mut long = pin!(async {
            for _ in 0..1_000 {
                yield_now().await;
            }
        });
        let mut is_over = false;
        while !is_over || seen.load(SeqCst) < 100 {
            heist::select! {
                () = &mut long, if !is_over => is_over = true,
                () = notify.notified() => { seen.fetch_add(1, SeqCst); }
            }
        }
        notifier.await.unwrap();
    });
}

/// As many as there may be.
pub(crate) fn sixty_four_branches(shape: Shape) {
    shape.runtime().block_on(async {
        let got = heist::select! {
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0,
            _ = ready(0), if false => 0, _ = ready(0), if false => 0, _ = ready(0), if false => 0, last = ready(63) => last,
        };
        assert_eq!(got, 63);
    });
}

/// What the macro's own names might be is free for the user's.
pub(crate) fn names_are_the_users(shape: Shape) {
    enum Outcome {
        Won(u32),
        Out,
    }
    struct Branch0;

    shape.runtime().block_on(async {
        let (enabled, outcome, output, fits, branch, cx, future0) = (1, 2, 3, 4, 5, 6, 7);
        let won = heist::select! {
            biased;
            Outcome::Out = async { Outcome::Won(enabled) } => Outcome::Out,
            Branch0 = pending(), if enabled == 1 => Outcome::Out,
            Outcome::Won(fits) = async { Outcome::Won(enabled + outcome + output + fits + branch + cx + future0) }, if output == 3 => {
                Outcome::Won(fits + enabled + outcome + output + branch + cx + future0)
            }
            else => Outcome::Out,
        };
        assert!(matches!(won, Outcome::Won(52)));
        assert_eq!(fits, 4);
    });
}
