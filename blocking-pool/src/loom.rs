//! The façade that everything that races is built on: the real locks and threads, or loom's under
//! `--cfg heist_loom` (a cfg of our own: plain `loom` reconfigures dependencies too).
//!
//! A [`Condvar`] takes and gives back the guard, as loom's does, so that both sides have one interface.

#[cfg(not(heist_loom))]
mod real {
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::panic::catch_unwind;
    pub(crate) use std::sync::{Arc, atomic};
    pub(crate) use std::thread;

    use std::cell::Cell;
    use std::io;
    use std::time::{Duration, Instant};

    std::thread_local! {
        /// The number of the pool that this thread belongs to.
        pub(crate) static POOL_ID: Cell<u64> = const { Cell::new(0) };
    }

    /// parking_lot's condition variable: no spurious wake-ups, and no allocation.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        /// Says also whether the time ran out. A time-out that no clock can hold never does.
        pub(crate) fn wait_for<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            timeout: Duration,
        ) -> (MutexGuard<'a, T>, bool) {
            let timed_out = self.0.wait_for(&mut guard, timeout).timed_out();
            (guard, timed_out)
        }

        /// Says also whether the deadline passed.
        pub(crate) fn wait_until<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            deadline: Instant,
        ) -> (MutexGuard<'a, T>, bool) {
            let timed_out = self.0.wait_until(&mut guard, deadline).timed_out();
            (guard, timed_out)
        }

        /// The plain run of a model leaves time-outs to the clock.
        #[cfg(test)]
        pub(crate) fn time_out(&self) {}
    }

    pub(crate) fn start_thread(
        name: String,
        stack_size: Option<usize>,
        life: impl FnOnce() + Send + 'static,
    ) -> io::Result<thread::JoinHandle<()>> {
        let mut builder = thread::Builder::new().name(name);
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(life)
    }

    /// Runs a model: every interleaving of it under loom, once here.
    #[cfg(test)]
    pub(crate) fn model(f: impl Fn() + Sync + Send + 'static) {
        f();
    }
}

#[cfg(heist_loom)]
mod model {
    #[cfg(test)]
    pub(crate) use loom::model;
    pub(crate) use loom::sync::{Arc, MutexGuard, atomic};
    pub(crate) use loom::thread;

    use std::cell::Cell;
    use std::io;
    use std::panic::UnwindSafe;
    use std::time::{Duration, Instant};

    loom::thread_local! {
        /// The number of the pool that this thread belongs to. (loom's macro knows no `const`.)
        pub(crate) static POOL_ID: Cell<u64> = Cell::new(0);
    }

    /// A model that fails must fail loudly: nothing is caught here.
    pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R + UnwindSafe) -> std::thread::Result<R> {
        Ok(f())
    }

    /// A thread whose name is "refused" cannot be started, so that models see that too.
    pub(crate) fn start_thread(
        name: String,
        _stack_size: Option<usize>,
        life: impl FnOnce() + Send + 'static,
    ) -> io::Result<thread::JoinHandle<()>> {
        if name == "refused" {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        thread::Builder::new().name(name).spawn(life)
    }

    /// loom's mutex with parking_lot's interface.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0
                .lock()
                .expect("a model's thread panicked under this lock")
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0
                .get_mut()
                .expect("a model's thread panicked under this lock")
        }
    }

    /// loom's condition variable. loom never lets a timed wait run out, so a model does it: see `time_out`.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar {
        condvar: loom::sync::Condvar,
        timed_out: atomic::AtomicBool,
    }

    impl Condvar {
        pub(crate) fn notify_one(&self) {
            self.condvar.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.condvar.notify_all();
        }

        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.condvar
                .wait(guard)
                .expect("a model's thread panicked under this lock")
        }

        pub(crate) fn wait_for<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _timeout: Duration,
        ) -> (MutexGuard<'a, T>, bool) {
            let guard = self.wait(guard);
            // The waiter's lock orders this: `time_out` is called under it.
            let timed_out = self.timed_out.swap(false, atomic::Ordering::Relaxed);
            (guard, timed_out)
        }

        pub(crate) fn wait_until<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            _deadline: Instant,
        ) -> (MutexGuard<'a, T>, bool) {
            (self.wait(guard), false)
        }

        /// Lets the time run out for the one thread that waits. The caller holds the waiter's lock.
        #[cfg(test)]
        pub(crate) fn time_out(&self) {
            self.timed_out.store(true, atomic::Ordering::Relaxed);
            self.condvar.notify_one();
        }
    }
}

#[cfg(heist_loom)]
pub(crate) use model::*;
#[cfg(not(heist_loom))]
pub(crate) use real::*;
