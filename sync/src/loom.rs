//! The façade that everything that races is built on: the real atomics, locks and cells, or loom's under
//! `--cfg heist_loom` (a cfg of our own: plain `loom` reconfigures dependencies too).
//!
//! Statics and thread-locals stay on `std`, since loom's types cannot be made in a `const`.

#[cfg(not(heist_loom))]
mod real {
    pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
    pub(crate) use std::sync::{Arc, atomic};
    pub(crate) use std::thread;

    pub(crate) mod cell {
        /// `std`'s cell with loom's interface, so that loom can see each access.
        #[derive(Debug)]
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

    /// A field of what is allocated by hand, by which loom sees that it is freed; here it is nothing.
    pub(crate) struct Tracked;

    impl Tracked {
        pub(crate) fn new() -> Self {
            Self
        }
    }

    /// Runs a model: every interleaving of it under loom, once here.
    #[cfg(test)]
    pub(crate) fn model(f: impl Fn() + Sync + Send + 'static) {
        f();
    }
}

#[cfg(heist_loom)]
mod model {
    pub(crate) use loom::cell;
    #[cfg(test)]
    pub(crate) use loom::model;
    pub(crate) use loom::sync::{Arc, MutexGuard, RwLockReadGuard, RwLockWriteGuard, atomic};
    pub(crate) use loom::thread;

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
    }

    /// loom's reader-writer lock with parking_lot's interface.
    #[derive(Debug)]
    pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0
                .read()
                .expect("a model's thread panicked under this lock")
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0
                .write()
                .expect("a model's thread panicked under this lock")
        }
    }

    /// A field of what is allocated by hand, by which loom sees that it is freed.
    pub(crate) struct Tracked {
        _track: loom::alloc::Track<()>,
    }

    impl Tracked {
        pub(crate) fn new() -> Self {
            Self {
                _track: loom::alloc::Track::new(()),
            }
        }
    }
}

#[cfg(heist_loom)]
pub(crate) use model::*;
#[cfg(not(heist_loom))]
pub(crate) use real::*;
