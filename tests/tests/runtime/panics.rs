//! Panics of others' code: caught where they happen, handed to who asked, and nobody else's affair. What is said of those that nobody asks for is
//! asserted in `reports.rs`.

use heist::task::{self, JoinError};
use heist_tests::{OnDrop, Running, Shape, Tally, panic_message, panic_of, receive, wait_until};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// What the task panicked with.
#[track_caller]
fn message(error: JoinError) -> String {
    assert!(error.is_panic() && !error.is_cancelled());
    let (id, said) = (error.id(), error.to_string());
    let payload = error.into_panic();
    let text = panic_message(&*payload);
    assert_eq!(said, format!("task {id} panicked: {text}"));
    text.to_owned()
}

/// A destructor that panics.
fn bomb(message: &'static str) -> OnDrop {
    OnDrop::new(move || panic!("{}", message))
}

/// All workers do their work: as many tasks as there are workers are polled at once.
#[track_caller]
fn assert_unharmed(runtime: &Running) {
    drop(runtime.occupy());
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

pub(crate) fn in_a_poll(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let guard = dropped.on_drop();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        panic!("out of cheese")
    });
    let error: JoinError = runtime.block_on::<_>(handle).map(|(): ()| ()).unwrap_err();
    assert!(format!("{error:?}").contains("out of cheese"));
    assert_eq!(message(error), "out of cheese");
    assert_eq!(dropped.count(), 1);
    assert_unharmed(&runtime);
}

pub(crate) fn in_a_later_poll(shape: Shape) {
    let runtime = shape.running();
    let handle = runtime.spawn(async {
        for _ in 0..3 {
            task::yield_now().await;
        }
        panic!("later");
    });
    assert_eq!(
        message(runtime.block_on(handle).map(|(): ()| ()).unwrap_err()),
        "later"
    );
    assert_unharmed(&runtime);
}

pub(crate) fn the_payload_is_handed_over(shape: Shape) {
    shape.block_on(async {
        let error = heist::spawn(async { panic_any(42_u64) })
            .await
            .map(|(): ()| ())
            .unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("panicked: (its payload is not a string)")
        );
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<u64>(), Some(&42));
        let number = 7;
        let error = heist::spawn(async move { panic!("number {number}") });
        let error = error.await.map(|(): ()| ()).unwrap_err();
        let payload = error.into_panic();
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "number 7");
        let resumed = catch_unwind(AssertUnwindSafe(|| resume_unwind(payload))).unwrap_err();
        assert!(resumed.is::<String>());
    });
}

/// The output is lost: the future did not come to its end.
pub(crate) fn in_a_futures_drop(shape: Shape) {
    struct Bomb {
        _guard: OnDrop,
        output: OnDrop,
    }
    impl Future for Bomb {
        type Output = OnDrop;
        fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<OnDrop> {
            Poll::Ready(std::mem::replace(&mut self.output, OnDrop::new(|| ())))
        }
    }

    let runtime = shape.running();
    let outputs = Tally::new();
    let handle = runtime.spawn(Bomb {
        _guard: bomb("in the drop"),
        output: outputs.on_drop(),
    });
    assert_eq!(
        message(runtime.block_on(handle).unwrap_err()),
        "in the drop"
    );
    assert_eq!(outputs.count(), 1);
    assert_unharmed(&runtime);
}

/// The first failure is the one to tell; and the second, in the destructor that follows, ends no process.
pub(crate) fn in_a_poll_and_in_the_drop_after_it(shape: Shape) {
    struct Bomb {
        _guard: OnDrop,
    }
    impl Future for Bomb {
        type Output = ();
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("in the poll")
        }
    }

    let runtime = shape.running();
    let handle = runtime.spawn(Bomb {
        _guard: bomb("in the drop"),
    });
    assert_eq!(
        message(runtime.block_on(handle).unwrap_err()),
        "in the poll"
    );
    assert_unharmed(&runtime);
}

pub(crate) fn in_the_drop_of_an_aborted_future(shape: Shape) {
    let runtime = shape.running();
    let guard = bomb("in the drop");
    let handle = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    handle.abort();
    assert_eq!(
        message(runtime.block_on(handle).unwrap_err()),
        "in the drop"
    );
    assert_unharmed(&runtime);
}

/// Wherever it is dropped: by the runner, if nobody has the handle; by who drops the handle, who is not harmed.
pub(crate) fn in_an_outputs_drop(shape: Shape) {
    let runtime = shape.running();
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel();
    drop(runtime.spawn(async move {
        begun.send(()).unwrap();
        receive(&released);
        bomb("of an output")
    }));
    receive(&begins);
    release.send(()).unwrap();
    assert_unharmed(&runtime);

    let handle = runtime.spawn(async { bomb("of an output") });
    wait_until(|| handle.is_finished());
    drop(handle);
    let output = runtime
        .block_on(runtime.spawn(async { bomb("of an output") }))
        .unwrap();
    assert_eq!(panic_of(|| drop(output)).message, "of an output");
    assert_unharmed(&runtime);
}

pub(crate) fn in_a_payloads_drop(shape: Shape) {
    let runtime = shape.running();
    let task = || runtime.spawn(async { panic_any(bomb("of a payload")) });
    // Dropped by the runner, by the handle, with the error, and by whoever took it.
    drop(task());
    let handle = task();
    wait_until(|| handle.is_finished());
    drop(handle);
    let error = runtime.block_on(task()).map(|(): ()| ()).unwrap_err();
    drop(error);
    let error = runtime.block_on(task()).map(|(): ()| ()).unwrap_err();
    let payload = error.into_panic();
    assert_eq!(panic_of(|| drop(payload)).message, "of a payload");
    assert_unharmed(&runtime);
}

pub(crate) fn with_the_handle_dropped_before(shape: Shape) {
    let runtime = shape.running();
    let dropped = Tally::new();
    let occupied = runtime.occupy();
    for _ in 0..20 {
        let guard = dropped.on_drop();
        drop(runtime.spawn(async move {
            let _guard = guard;
            panic!("nobody asks")
        }));
    }
    drop(occupied);
    wait_until(|| dropped.count() == 20);
    assert_unharmed(&runtime);
}

pub(crate) fn with_the_handle_dropped_after(shape: Shape) {
    let runtime = shape.running();
    for _ in 0..20 {
        let handle = runtime.spawn(async { panic!("nobody asks") });
        wait_until(|| handle.is_finished());
        drop::<task::JoinHandle<()>>(handle);
    }
    assert_unharmed(&runtime);
}

pub(crate) fn leave_the_workers_alive(shape: Shape) {
    let runtime = shape.running();
    let handles: Vec<_> = (0..200)
        .map(|n| runtime.spawn(async move { if n % 2 == 0 { panic!("even") } else { n } }))
        .collect();
    let outcomes = runtime.block_on(heist::gather(handles));
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_err()).count(),
        100
    );
    assert_unharmed(&runtime);
}

pub(crate) fn in_the_root_future(shape: Shape) {
    let runtime = shape.runtime();
    let dropped = Tally::new();
    for _ in 0..3 {
        let guard = dropped.on_drop();
        let panicked = panic_of(|| {
            runtime.block_on(async {
                let _guard = guard;
                task::yield_now().await;
                heist::spawn(async {}).await.unwrap();
                panic!("in the root");
            })
        });
        assert_eq!(panicked.message, "in the root");
        // The thread is in no runtime, and may block.
        assert!(heist::runtime::Handle::try_current().is_err());
        let output = runtime.block_on(async { heist::spawn(async { 1 }).await });
        assert_eq!(output.unwrap(), 1);
    }
    assert_eq!(dropped.count(), 3);
}

pub(crate) fn in_a_blocking_job(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = Running::new(shape, shape.build(builder.max_blocking_threads(1)));
    for _ in 0..5 {
        let handle = runtime.spawn_blocking(|| panic!("in a job"));
        assert_eq!(
            message(runtime.block_on(handle).map(|(): ()| ()).unwrap_err()),
            "in a job"
        );
    }
    drop::<task::JoinHandle<()>>(runtime.spawn_blocking(|| panic!("nobody asks")));
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
    assert_unharmed(&runtime);
}

pub(crate) fn in_the_drop_of_a_blocking_job(shape: Shape) {
    let mut builder = shape.builder();
    let runtime = Running::new(shape, shape.build(builder.max_blocking_threads(1)));
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let first = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = released.recv();
    });
    receive(&begins);
    // One is aborted in the queue, the other is dropped by the shutdown.
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let guard = bomb("of a job");
            runtime.spawn_blocking(move || drop(guard))
        })
        .collect();
    jobs[0].abort();
    drop(release);
    runtime.block_on(first).unwrap();
    drop(runtime);
    for job in jobs {
        assert_eq!(
            message(futures_lite::future::block_on(job).unwrap_err()),
            "of a job"
        );
    }
}

/// A waker's functions, each of which may panic.
struct Clumsy {
    in_clone: bool,
    in_wake: bool,
    in_drop: bool,
    alive: Tally,
    dead: Tally,
}

impl Clumsy {
    fn waker(self: Arc<Self>) -> Waker {
        static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

        fn clumsy(data: *const ()) -> *const Clumsy {
            data.cast()
        }
        unsafe fn clone(data: *const ()) -> RawWaker {
            // SAFETY: the waker holds a strong count.
            let this = unsafe { &*clumsy(data) };
            assert!(!this.in_clone, "in the clone");
            this.alive.hit();
            // SAFETY: likewise.
            unsafe { Arc::increment_strong_count(clumsy(data)) };
            RawWaker::new(data, &VTABLE)
        }
        unsafe fn wake(data: *const ()) {
            // SAFETY: the waker's strong count ends here.
            let this = unsafe { Arc::from_raw(clumsy(data)) };
            this.dead.hit();
            assert!(!this.in_wake, "in the wake");
        }
        unsafe fn wake_by_ref(data: *const ()) {
            // SAFETY: the waker holds a strong count.
            let this = unsafe { &*clumsy(data) };
            assert!(!this.in_wake, "in the wake");
        }
        unsafe fn drop_waker(data: *const ()) {
            // SAFETY: the waker's strong count ends here.
            let this = unsafe { Arc::from_raw(clumsy(data)) };
            this.dead.hit();
            assert!(!this.in_drop, "in the drop");
        }

        self.alive.hit();
        let raw = RawWaker::new(Arc::into_raw(self).cast(), &VTABLE);
        // SAFETY: the functions above keep the contract: each waker is one strong count.
        unsafe { Waker::from_raw(raw) }
    }
}

pub(crate) fn in_a_joiners_waker(shape: Shape) {
    let runtime = shape.running();
    let (alive, dead) = (Tally::new(), Tally::new());
    let clumsy = |in_clone, in_wake, in_drop| {
        let (alive, dead) = (alive.clone(), dead.clone());
        Arc::new(Clumsy {
            in_clone,
            in_wake,
            in_drop,
            alive,
            dead,
        })
        .waker()
    };
    let poll = |handle: &mut task::JoinHandle<()>, waker: &Waker| {
        pin!(handle)
            .poll(&mut Context::from_waker(waker))
            .is_pending()
    };

    // In its clone: that is the poller's affair, and the handle can be polled again.
    let mut handle = runtime.spawn(pending::<()>());
    let waker = clumsy(true, false, false);
    assert_eq!(
        panic_of(|| poll(&mut handle, &waker)).message,
        "in the clone"
    );
    assert!(poll(&mut handle, Waker::noop()));
    drop(waker);

    // In its drop, when another takes its place: likewise.
    let waker = clumsy(false, false, true);
    assert!(poll(&mut handle, &waker));
    assert_eq!(
        panic_of(|| poll(&mut handle, Waker::noop())).message,
        "in the drop"
    );
    handle.abort();
    assert!(runtime.block_on(&mut handle).unwrap_err().is_cancelled());
    assert_eq!(panic_of(|| drop(waker)).message, "in the drop");

    // In its wake, which the worker calls.
    let mut handle = runtime.spawn(pending::<()>());
    let waker = clumsy(false, true, false);
    assert!(poll(&mut handle, &waker));
    handle.abort();
    wait_until(|| handle.is_finished());
    assert_unharmed(&runtime);
    drop(waker);

    // In its drop, with the handle.
    let mut handle = runtime.spawn(pending::<()>());
    let waker = clumsy(false, false, true);
    assert!(poll(&mut handle, &waker));
    drop(handle);
    assert_eq!(panic_of(|| drop(waker)).message, "in the drop");

    assert_unharmed(&runtime);
    drop(runtime);
    assert_eq!(alive.count(), dead.count(), "every waker was dropped once");
}
