//! Models of a set: what other threads do to its tasks, against its turns and its end.

use super::*;
use crate::loom::{model, thread};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

/// What is the test's own and not the model's: of `std`, so that loom doesn't search through it.
struct Bench {
    owner: thread::ThreadId,
    wakers: Mutex<Vec<Waker>>,
    polls: AtomicUsize,
    drops: AtomicUsize,
}

/// Leaves wakers behind, and waits for ever. Its destructor is particular about its thread.
struct Particular {
    bench: Arc<Bench>,
    _marker: PhantomData<*mut ()>,
}

impl Future for Particular {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        self.bench.assert_owner();
        if self.bench.polls.fetch_add(1, SeqCst) == 0 {
            let mut wakers = self.bench.wakers.lock().expect("no thread panics here");
            wakers.extend([cx.waker().clone(), cx.waker().clone()]);
        }
        Poll::Pending
    }
}

impl Drop for Particular {
    fn drop(&mut self) {
        self.bench.assert_owner();
        self.bench.drops.fetch_add(1, SeqCst);
    }
}

impl Bench {
    fn assert_owner(&self) {
        assert_eq!(thread::current().id(), self.owner, "not on its own thread");
    }

    fn take_waker(&self) -> Waker {
        let waker = self.wakers.lock().expect("no thread panics here").pop();
        waker.expect("the first poll left enough")
    }
}

fn turn(context: &Context) {
    context.turn(Waker::noop(), Task::run);
}

/// A task that waits, on a set of this thread, after its first poll.
fn waiting() -> (Context, Arc<Bench>, JoinHandle<()>) {
    let bench = Arc::new(Bench {
        owner: thread::current().id(),
        wakers: Mutex::default(),
        polls: AtomicUsize::new(0),
        drops: AtomicUsize::new(0),
    });
    let context = Context::new();
    let future = Particular {
        bench: bench.clone(),
        _marker: PhantomData,
    };
    let handle = spawn_in(&context, future, Spawn::at(Location::caller()));
    turn(&context);
    (context, bench, handle)
}

/// Another thread wakes a task while the set has a turn, and while it is dropped: the future is dropped once, on its own thread, and the wake is not lost if the turn comes after it.
#[test]
fn foreign_wake_against_end_of_set() {
    model(|| {
        let (context, bench, handle) = waiting();
        let waker = bench.take_waker();
        let waking = thread::spawn(move || waker.wake());
        turn(&context);
        context.end();
        waking.join().expect("the waker panicked");
        assert_eq!(bench.drops.load(SeqCst), 1);
        assert!(handle.is_finished());
    });
}

/// One aborts a task and one wakes it, on threads of their own, and the handle is dropped on another still: likewise.
#[test]
fn foreign_abort_against_end_of_set() {
    model(|| {
        let (context, bench, handle) = waiting();
        let waker = bench.take_waker();
        let aborting = thread::spawn(move || {
            handle.abort();
            drop(handle);
        });
        let waking = thread::spawn(move || waker.wake_by_ref());
        turn(&context);
        context.end();
        aborting.join().expect("the aborter panicked");
        waking.join().expect("the waker panicked");
        assert_eq!(bench.drops.load(SeqCst), 1);
    });
}

/// Another thread wakes a task while the set's poller goes to sleep: it is woken, or has seen it.
#[test]
fn foreign_wake_against_turn() {
    /// Who polls the set.
    #[derive(Default)]
    struct Poller(AtomicUsize);

    impl std::task::Wake for Poller {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    model(|| {
        let (context, bench, handle) = waiting();
        let waker = bench.take_waker();
        let waking = thread::spawn(move || waker.wake());
        let poller = Arc::new(Poller::default());
        context.turn(&poller.clone().into(), Task::run);
        waking.join().expect("the waker panicked");
        let polls = bench.polls.load(SeqCst);
        let woken = poller.0.load(SeqCst);
        assert!(polls == 2 || woken == 1, "nobody comes for the task");
        context.end();
        drop(handle);
    });
}
