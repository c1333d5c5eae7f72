//! Signals on the whole runtime, for every shape of it. Each case sends signals to this process, and has all of them to itself: one case at a time.

use heist::StreamExt;
use heist::runtime::Builder;
use heist::signal::ctrl_c;
use heist::signal::unix::{Signal, SignalKind, signal};
use heist_tests::{
    Shape, guarded, in_child, once_waiting, open_descriptors, panic_of, send_to_this_process,
    until, wait_until,
};
use parking_lot::Mutex;
use rustix::process::Signal as Sent;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Makes a test of each case, for each shape.
macro_rules! suite {
    ($($case:ident)+) => {
        suite!(current_thread, Shape::CurrentThread, $($case)+);
        suite!(workers_1, Shape::Workers(1), $($case)+);
        suite!(workers_2, Shape::Workers(2), $($case)+);
        suite!(workers_8, Shape::Workers(8), $($case)+);
    };
    ($name:ident, $shape:expr, $($case:ident)+) => {
        mod $name {
            use heist_tests::{Shape, guarded};

            $(#[test]
            fn $case() {
                let name = concat!(stringify!($name), "::", stringify!($case));
                let _alone = crate::ALONE.lock();
                guarded(name, || crate::$case($shape));
            })+
        }
    };
}

suite! {
    every_listener_learns_of_it
    one_between_two_waits_is_not_lost
    none_is_lost_in_a_storm
    kinds_are_told_apart
    several_runtimes
    a_runtime_that_ends
    as_a_stream
    the_last_waker_is_woken
    a_wait_that_is_given_up
    thousands_of_listeners_need_no_descriptors
    nothing_is_left_open
    what_cannot_be_listened_for
}

static ALONE: Mutex<()> = Mutex::new(());

fn send(kind: SignalKind) {
    let signal = Sent::from_named_raw(kind.as_raw_value()).expect("it has a name");
    send_to_this_process(signal);
}

const ONE: SignalKind = SignalKind::user_defined1();
const OTHER: SignalKind = SignalKind::user_defined2();

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("it is listened for")
}

/// Asserts that there is nothing to learn of.
async fn assert_quiet(signal: &mut Signal) {
    let mut recv = pin!(signal.recv());
    poll_fn(|cx| {
        assert!(recv.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

fn every_listener_learns_of_it(shape: Shape) {
    shape.block_on(async {
        let heard = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (heard, waiting) = (heard.clone(), waiting.clone());
                let mut signal = listen(ONE);
                heist::spawn(async move {
                    for _ in 0..3 {
                        let recv = once_waiting(signal.recv(), || {
                            waiting.fetch_add(1, SeqCst);
                        });
                        assert_eq!(recv.await, Some(()));
                        heard.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        for round in 1..=3 {
            // Or a signal might count as the one before.
            until("somebody doesn't wait", || {
                waiting.load(SeqCst) == 50 * round
            })
            .await;
            assert_eq!(heard.load(SeqCst), 50 * (round - 1));
            send(ONE);
        }
        for task in tasks {
            task.await.expect("it learns of all");
        }
    });
}

fn one_between_two_waits_is_not_lost(shape: Shape) {
    shape.block_on(async {
        let mut signal = listen(ONE);
        for _ in 0..100 {
            send(ONE);
            assert_eq!(signal.recv().await, Some(()));
            assert_quiet(&mut signal).await;
        }
    });
}

/// Of many in quick succession it learns: not of each, but again after the last.
fn none_is_lost_in_a_storm(shape: Shape) {
    // No other case's: what comes late is nobody's business.
    const KIND: SignalKind = SignalKind::hangup();
    shape.block_on(async {
        let is_last = Arc::new(AtomicBool::new(false));
        let mut signal = listen(KIND);
        let sender = heist::spawn_blocking({
            let is_last = is_last.clone();
            move || {
                for _ in 0..2_000 {
                    send(KIND);
                }
                is_last.store(true, SeqCst);
                send(KIND);
            }
        });
        let mut is_over = false;
        while !is_over {
            assert_eq!(signal.recv().await, Some(()));
            is_over = is_last.load(SeqCst);
        }
        sender.await.expect("it sends");
    });
}

fn kinds_are_told_apart(shape: Shape) {
    shape.block_on(async {
        let (mut one, mut other) = (listen(ONE), listen(OTHER));
        send(OTHER);
        assert_eq!(other.recv().await, Some(()));
        assert_quiet(&mut one).await;
        send(ONE);
        assert_eq!(one.recv().await, Some(()));
        assert_quiet(&mut other).await;
    });
}

fn several_runtimes(shape: Shape) {
    let runtimes: Vec<_> = (0..3).map(|_| shape.running()).collect();
    for _ in 0..20 {
        let tasks: Vec<_> = runtimes
            .iter()
            .map(|runtime| {
                let _guard = runtime.enter();
                let mut signal = listen(ONE);
                runtime.spawn(async move { signal.recv().await })
            })
            .collect();
        send(ONE);
        shape.block_on(async {
            for task in tasks {
                assert_eq!(task.await.expect("it learns of it"), Some(()));
            }
        });
    }
}

/// Its listeners learn that nothing comes any more, and the others' that it still does.
fn a_runtime_that_ends(shape: Shape) {
    shape.block_on(async {
        let mut ours = listen(ONE);
        let ending = shape.running();
        let (mut theirs, mut later) = {
            let _guard = ending.enter();
            (listen(ONE), listen(ONE))
        };
        let mut parts = Some(ending.take());
        let recv = once_waiting(theirs.recv(), || {
            let (runtime, rest) = parts.take().expect("it is called once");
            drop(rest);
            runtime.shutdown_background();
        });
        assert_eq!(recv.await, None);
        assert_eq!(theirs.recv().await, None);
        assert_eq!(poll_fn(|cx| later.poll_recv(cx)).await, None);
        assert_eq!(later.into_stream().next().await, None);
        send(ONE);
        assert_eq!(ours.recv().await, Some(()));
    });
}

fn as_a_stream(shape: Shape) {
    shape.block_on(async {
        let mut signals = listen(ONE).into_stream();
        for _ in 0..3 {
            let next = once_waiting(signals.next(), || send(ONE));
            assert_eq!(next.await, Some(()));
        }
        send(ONE);
        // Not lost on the way from one to the other.
        let mut signal = signals.into_inner();
        assert_eq!(signal.recv().await, Some(()));
        assert_quiet(&mut signal).await;
    });
}

#[derive(Default)]
struct Counted(AtomicUsize);

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn the_last_waker_is_woken(shape: Shape) {
    let runtime = shape.running();
    let mut signal = {
        let _guard = runtime.enter();
        listen(ONE)
    };
    let (first, last) = (Arc::<Counted>::default(), Arc::<Counted>::default());
    for counted in [&first, &last] {
        let waker = Waker::from(counted.clone());
        assert!(
            signal
                .poll_recv(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    send(ONE);
    wait_until(|| last.0.load(SeqCst) == 1);
    assert_eq!(first.0.load(SeqCst), 0);
    assert_eq!(
        signal.poll_recv(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(Some(()))
    );
}

fn a_wait_that_is_given_up(shape: Shape) {
    shape.block_on(async {
        let mut signal = listen(ONE);
        let mut other = listen(ONE);
        assert_quiet(&mut signal).await;
        send(ONE);
        // It has come to this runtime.
        assert_eq!(other.recv().await, Some(()));
        {
            // Of two ways to wait for it, neither takes it by being given up.
            let recv = signal.recv();
            drop(recv);
        }
        assert_eq!(poll_fn(|cx| signal.poll_recv(cx)).await, Some(()));
        assert!(
            poll_fn(|cx| Poll::Ready(signal.poll_recv(cx)))
                .await
                .is_pending()
        );
        send(ONE);
        assert_eq!(other.recv().await, Some(()));
        assert_eq!(signal.recv().await, Some(()));
        assert_quiet(&mut signal).await;
    });
}

fn thousands_of_listeners_need_no_descriptors(shape: Shape) {
    shape.block_on(async {
        let first = listen(ONE);
        let before = open_descriptors();
        let mut signals: Vec<_> = (0..10_000).map(|_| listen(ONE)).collect();
        assert_eq!(open_descriptors(), before);
        send(ONE);
        for signal in &mut signals {
            assert_eq!(signal.recv().await, Some(()));
        }
        drop(first);
    });
}

fn nothing_is_left_open(shape: Shape) {
    const KIND: SignalKind = SignalKind::alarm();
    shape.block_on(async {
        // The reactor's own.
        drop(listen(KIND));
        let settled = || {
            let now = open_descriptors();
            (0..100).all(|_| open_descriptors() == now)
        };
        until("it doesn't settle", settled).await;
        let before = open_descriptors();
        for _ in 0..100 {
            let mut signal = listen(KIND);
            send(KIND);
            assert_eq!(signal.recv().await, Some(()));
        }
        until("a descriptor was left", || open_descriptors() <= before).await;
    });
}

fn what_cannot_be_listened_for(shape: Shape) {
    shape.block_on(async {
        for number in [4, 8, 9, 11, 19, 0, -1, 10_000] {
            let error = signal(SignalKind::from_raw(number)).expect_err("it cannot be");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}: {error}");
        }
    });
}

#[test]
fn ctrl_c_ends_the_wait_and_not_the_process() {
    let name = "ctrl_c_ends_the_wait_and_not_the_process";
    let ended = in_child(name, &[], || {
        heist::run(async {
            for _ in 0..3 {
                let stopped = once_waiting(ctrl_c(), || send(SignalKind::interrupt()));
                stopped.await.expect("it comes");
            }
            // Nor one that nobody waits for, from now on.
            send(SignalKind::interrupt());
        });
    });
    ended.assert_success();
}

/// On a runtime that is shut down nobody can begin to listen, and who does learns of it.
#[test]
fn without_a_runtime() {
    let _alone = ALONE.lock();
    guarded("without_a_runtime", || {
        let panicked = panic_of(|| drop(signal(ONE)));
        assert!(panicked.message.contains("no heist runtime on this thread"));
        let runtime = Builder::new_current_thread().build().expect("it is built");
        let handle = runtime.handle().clone();
        let _guard = handle.enter();
        // One that is there still makes no difference.
        let _former = signal(ONE).expect("it is listened for");
        drop(runtime);
        signal(ONE).expect_err("its runtime is gone");
    });
}
