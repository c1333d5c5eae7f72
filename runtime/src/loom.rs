//! The façade that everything that races is built on: the real atomics, locks and cells, or loom's under
//! `--cfg heist_loom` (a cfg of our own: plain `loom` reconfigures dependencies too).
//!
//! Statics stay on `std`, since loom's types cannot be made in a `const`; so do thread-locals that a model's threads, which are all one to `std`, may share.

#![forbid(unsafe_code)]

#[cfg(not(heist_loom))]
mod real {
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::sync::{Arc, atomic};
    #[cfg(test)]
    pub(crate) use std::thread;

    /// What the parker sleeps by.
    pub(crate) mod thread_parking {
        pub(crate) use std::thread::{Thread, current, park, park_timeout};
    }

    pub(crate) mod hint {
        pub(crate) use std::hint::spin_loop;
    }

    pub(crate) mod cell {
        /// `std`'s cell with loom's interface, so that loom can see each access.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

        impl<T> UnsafeCell<T> {
            pub(crate) const fn new(value: T) -> Self {
                Self(std::cell::UnsafeCell::new(value))
            }

            /// Gives a pointer for reading.
            #[inline(always)]
            pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
                f(self.0.get())
            }

            /// Gives a pointer for writing.
            #[inline(always)]
            pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
                f(self.0.get())
            }
        }
    }

    /// Runs a model: every interleaving of it under loom, once here.
    #[cfg(test)]
    pub(crate) fn model(f: impl Fn() + Sync + Send + 'static) {
        f();
    }

    /// Likewise, under loom with so many preemptions at most.
    #[cfg(test)]
    pub(crate) fn model_within(_preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
        f();
    }
}

#[cfg(heist_loom)]
mod model {
    pub(crate) use loom::sync::{Arc, MutexGuard, atomic};
    pub(crate) use loom::{cell, hint, thread_local};
    #[cfg(test)]
    pub(crate) use loom::{model, thread};

    /// Runs a model: every interleaving of it with so many preemptions at most; fewer if `LOOM_MAX_PREEMPTIONS` says so.
    #[cfg(test)]
    pub(crate) fn model_within(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        let bound = builder.preemption_bound.unwrap_or(preemptions);
        builder.preemption_bound = Some(bound.min(preemptions));
        builder.check(f);
    }

    /// What the parker sleeps by. loom has no time: a bounded sleep may end at any point, so here it doesn't begin.
    pub(crate) mod thread_parking {
        pub(crate) use loom::thread::{Thread, current, park};

        pub(crate) fn park_timeout(_: std::time::Duration) {
            loom::thread::yield_now();
        }
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

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }
}

#[cfg(heist_loom)]
pub(crate) use model::*;
#[cfg(not(heist_loom))]
pub(crate) use real::*;
