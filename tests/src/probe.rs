//! Futures that are dropped after each of their polls.
//!
//! In comes a case, which makes a future and hands it to its [`Probe`]; out comes nothing, or a panic that says what was left. Called by `tests/cancellation/`.

use crate::{PATIENCE, Stopwatch, open_descriptors, until};
use heist::runtime::Builder;
use heist::spawn;
use heist::time::timeout;
use parking_lot::{Mutex, ReentrantMutex};
use std::fs;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// How often each is done: where threads race, it comes out one way or the other.
const ROUNDS: usize = 3;

/// When a future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// As its last poll returns.
    AtOnce,
    /// When it has been woken, and would be polled again.
    Woken,
}

/// One way to cut futures short, and what they leave: what a case of [`every_poll`] is given.
#[derive(Debug, Clone)]
pub struct Probe {
    polls: usize,
    moment: Moment,
    waker: Arc<CountedWaker>,
    /// Whether any future was cut short.
    cut: Arc<AtomicBool>,
    tokens: Arc<()>,
}

/// The waker that the probed futures get. How many clones there are, the `Arc` counts.
#[derive(Debug, Default)]
struct CountedWaker {
    woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for CountedWaker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        let task = self.task.lock().take();
        // Given back first, so that who waits to see it gone does not see this wake.
        drop(self);
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// Held by what must not be left: from [`Probe::token`].
#[derive(Debug, Clone)]
pub struct Token(#[expect(dead_code, reason = "it is counted")] Arc<()>);

impl Probe {
    fn new(polls: usize, moment: Moment) -> Self {
        Self {
            polls,
            moment,
            waker: Arc::default(),
            cut: Arc::default(),
            tokens: Arc::default(),
        }
    }

    /// Something that must be gone when the case has ended.
    pub fn token(&self) -> Token {
        Token(self.tokens.clone())
    }

    /// Polls a future on the runtime, at its real wakes, and drops it: when it is ready, or else after so many polls. At once, or when it has been woken for the
    /// next one, which never comes.
    pub async fn drop_after<F: Future>(&self, future: F) -> Option<F::Output> {
        let output = self.poll_some(future).await;
        if output.is_none() {
            self.cut.store(true, SeqCst);
        }
        output
    }

    async fn poll_some<F: Future>(&self, future: F) -> Option<F::Output> {
        if self.polls == 0 {
            return None;
        }
        let mut future = pin!(future);
        let waker = Waker::from(self.waker.clone());
        let mut polls = 0;
        self.waker.woken.store(true, SeqCst);
        poll_fn(|context| {
            // Before the look: either the wake finds it, or the look finds the wake.
            *self.waker.task.lock() = Some(context.waker().clone());
            while self.waker.woken.swap(false, SeqCst) {
                if polls == self.polls {
                    return Poll::Ready(None);
                }
                polls += 1;
                let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(output) = poll {
                    return Poll::Ready(Some(output));
                }
                if polls == self.polls && self.moment == Moment::AtOnce {
                    return Poll::Ready(None);
                }
                // As a task that is woken while it is polled goes behind the others.
                if self.waker.woken.load(SeqCst) {
                    context.waker().wake_by_ref();
                    break;
                }
            }
            Poll::Pending
        })
        .await
    }

    /// That no clone of the waker is left, as soon as the future is gone, but for what a wake on another thread is just handing in.
    ///
    /// # Panics
    ///
    /// If one stays.
    pub async fn assert_no_waker(&self) {
        // Each clone of a probe has one of either.
        let kept = || Arc::strong_count(&self.waker) > Arc::strong_count(&self.cut);
        until("a waker was kept", || !kept()).await;
    }

    /// That no [`Token`] is left, once those who run beside have come to their ends.
    ///
    /// # Panics
    ///
    /// If one stays.
    pub async fn assert_no_token(&self) {
        // As above.
        let kept = || Arc::strong_count(&self.tokens) > Arc::strong_count(&self.cut);
        until("a task was left", || !kept()).await;
    }

    async fn assert_nothing_is_left(&self, descriptors: usize) {
        self.assert_no_waker().await;
        self.assert_no_token().await;
        until("a descriptor was left", || {
            open_descriptors() == descriptors
        })
        .await;
    }
}

/// The threads of the process that nobody may leave: those of this name, and the runtime's own. But for two, which are the process's and not a runtime's: the sentinel stays for the next
/// runtime, and who reads standard input cannot be interrupted.
fn threads(name: &str) -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names
        .map(|of| of.trim_end().to_owned())
        .filter(|of| of == name || of.starts_with("heist-"))
        .filter(|of| of != "heist-sentinel" && of != "heist-stdin")
        .collect()
}

/// Waits until none is left: one that was joined is listed for a moment still.
#[track_caller]
fn assert_no_thread(name: &str) {
    let begun = Stopwatch::start();
    loop {
        let left = threads(name);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "left were threads: {left:?}");
        thread::yield_now();
    }
}

/// Keeps cases from beginning on other threads: descriptors, children and threads are the process's, and a case counts them, so whatever else in the same program opens or starts any
/// holds this meanwhile.
pub fn alone() -> impl Sized {
    static ALONE: ReentrantMutex<()> = ReentrantMutex::new(());
    ALONE.lock()
}

/// Runs a case on a runtime for each number of polls after which its futures may be dropped, until that is more than they take. Each time, nothing must be left: no
/// waker (and so no armed timer, which has one), no [`Token`] (and so no task that holds one), no descriptor. In the end the runtime is shut down, which must leave no thread.
///
/// # Panics
///
/// If the case does, or hangs, or something is left.
#[track_caller]
pub fn every_poll<F>(builder: &mut Builder, case: impl Fn(Probe) -> F + Sync)
where
    F: Future<Output = ()> + Send + 'static,
{
    every_poll_of(builder, &|probe| Box::pin(case(probe)));
}

/// What is the same for all cases is compiled once.
type Case = Pin<Box<dyn Future<Output = ()> + Send>>;

#[track_caller]
fn every_poll_of(builder: &mut Builder, case: &(dyn Fn(Probe) -> Case + Sync)) {
    let _alone = alone();
    // All threads that the case comes to have are called so: one without a name has that of who started it.
    let name = "probed";
    builder.thread_name(name);
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.into());
        let thread = thread.spawn_scoped(scope, || drop_after_each(builder, case));
        let ended = thread.expect("a thread for the case").join();
        ended.unwrap_or_else(|payload| resume_unwind(payload));
    });
    assert_no_thread(name);
}

fn drop_after_each(builder: &mut Builder, case: &dyn Fn(Probe) -> Case) {
    let runtime = builder.build().expect("the runtime is built");

    let run = |probe: &Probe, descriptors: Option<usize>| {
        runtime.block_on(async {
            let what = (probe.polls, probe.moment);
            let case = timeout(PATIENCE, spawn(case(probe.clone()))).await;
            let case =
                case.unwrap_or_else(|_| panic!("it hangs when it is dropped after {what:?}"));
            case.unwrap_or_else(|error| panic!("dropped after {what:?}: {error}"));
            if let Some(descriptors) = descriptors {
                probe.assert_nothing_is_left(descriptors).await;
            }
        });
    };
    // To its end, once: the runtime opens its own descriptors.
    let whole = Probe::new(usize::MAX, Moment::AtOnce);
    run(&whole, None);
    assert!(!whole.cut.load(SeqCst));
    let descriptors = open_descriptors();
    run(&whole, Some(descriptors));

    for polls in 0.. {
        let mut cut = false;
        for moment in [Moment::AtOnce, Moment::Woken] {
            for _ in 0..ROUNDS {
                let probe = Probe::new(polls, moment);
                run(&probe, Some(descriptors));
                cut |= probe.cut.load(SeqCst);
            }
        }
        if !cut {
            assert_ne!(polls, 0, "nothing was probed");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::threads;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn threads_are_seen_by_their_names() {
        let name = "named-so";
        assert!(threads(name).is_empty());
        let (stop, stopped) = mpsc::channel::<()>();
        let (started, starts) = mpsc::channel();
        let start = move || {
            let inner = thread::spawn(move || {
                started.send(()).expect("it waits");
                stopped.recv()
            });
            inner.join().expect("it ends")
        };
        let outer = thread::Builder::new().name(name.into()).spawn(start);
        starts.recv().expect("it starts");
        assert_eq!(threads(name), [name, name], "one has inherited it");
        stop.send(()).expect("it waits");
        outer
            .expect("it is started")
            .join()
            .expect("it ends")
            .expect("it is told");
    }
}
