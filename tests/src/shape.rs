//! The shapes of runtime that the suite is run for.

use crate::{PATIENCE, receive};
use heist::runtime::{Builder, Runtime};
use heist::sync::oneshot;
use std::collections::HashSet;
use std::future::Future;
use std::ops::Deref;
use std::sync::mpsc;
use std::thread;

/// A shape of runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All tasks run on the thread in `block_on`.
    CurrentThread,
    /// So many worker threads.
    Workers(usize),
}

impl Shape {
    /// A builder for this shape.
    pub fn builder(self) -> Builder {
        match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::Workers(count) => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(count);
                builder
            }
        }
    }

    /// The name of the suite for this shape: the module that its tests are in.
    pub fn suite(self) -> String {
        match self {
            Self::CurrentThread => "current_thread".into(),
            Self::Workers(count) => format!("workers_{count}"),
        }
    }

    /// How many worker threads it has.
    pub fn worker_threads(self) -> usize {
        match self {
            Self::CurrentThread => 0,
            Self::Workers(count) => count,
        }
    }

    /// How many tasks can be polled at the same time.
    pub fn parallelism(self) -> usize {
        self.worker_threads().max(1)
    }

    /// A runtime of this shape, with as many worker threads as it should have: each case begins by seeing them start.
    #[track_caller]
    pub fn runtime(self) -> Runtime {
        self.build(&mut self.builder())
    }

    /// Builds a runtime of a builder of this shape, on whose `on_thread_start` this puts itself.
    ///
    /// # Panics
    ///
    /// If it has not as many worker threads as it should.
    #[track_caller]
    pub fn build(self, builder: &mut Builder) -> Runtime {
        let (started, starts) = mpsc::channel();
        builder.on_thread_start(move || {
            // Blocking threads, which come later, tell nobody.
            let _ = started.send(thread::current().id());
        });
        let runtime = builder.build().expect("the runtime is built");
        let threads: HashSet<_> = (0..self.worker_threads())
            .map(|_| receive(&starts))
            .collect();
        assert_eq!(threads.len(), self.worker_threads());
        assert!(
            starts.try_recv().is_err(),
            "a thread more than {self:?} should have"
        );
        runtime
    }

    /// Runs a future on a runtime of its own.
    #[track_caller]
    pub fn block_on<F: Future>(self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }

    /// A runtime whose tasks run meanwhile.
    #[track_caller]
    pub fn running(self) -> Running {
        Running::new(self, self.runtime())
    }
}

/// A runtime whose tasks run by themselves, while the test does what it likes: on the current-thread flavour, a thread of the test is in
/// `block_on`.
#[derive(Debug)]
pub struct Running {
    shape: Shape,
    runtime: Option<Runtime>,
    driver: Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>,
}

impl Running {
    /// Sets a runtime of this shape going.
    pub fn new(shape: Shape, runtime: Runtime) -> Self {
        let driver = (shape == Shape::CurrentThread).then(|| {
            let (stop, stopped) = oneshot::channel();
            let handle = runtime.handle().clone();
            let thread = thread::spawn(move || {
                // However it ends.
                let _ = handle.block_on(stopped);
            });
            (stop, thread)
        });
        Self {
            shape,
            runtime: Some(runtime),
            driver,
        }
    }

    /// Occupies all threads that poll tasks, until what this returns is dropped: what is spawned meanwhile waits in a queue.
    ///
    /// # Panics
    ///
    /// If it does not come to pass: as many tasks as there are workers must be able to block at once.
    #[track_caller]
    pub fn occupy(&self) -> Occupied {
        let (blocked, blocks) = mpsc::channel();
        let releases = (0..self.shape.parallelism()).map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let blocked = blocked.clone();
            drop(self.spawn(async move {
                let _ = blocked.send(());
                // By the sender's drop.
                let _ = released.recv_timeout(PATIENCE);
            }));
            release
        });
        let occupied = Occupied {
            _releases: releases.collect(),
        };
        for _ in 0..self.shape.parallelism() {
            receive(&blocks);
        }
        occupied
    }

    /// The runtime, to be shut down in some way. On the current-thread flavour tasks still run, until the other half is dropped.
    pub fn take(mut self) -> (Runtime, Running) {
        let runtime = self.runtime.take().expect("it is taken once");
        (runtime, self)
    }
}

impl Deref for Running {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.runtime.as_ref().expect("it was not taken")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.driver.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// See [`Running::occupy`].
#[derive(Debug)]
#[must_use = "dropped, it gives the threads back"]
pub struct Occupied {
    /// The tasks wait for the drop of these.
    _releases: Vec<mpsc::Sender<()>>,
}
