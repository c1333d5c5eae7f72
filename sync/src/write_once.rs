//! A cell for a value that comes once and stays.
//!
//! In comes the value, from whoever is first; out go references to it, without a lock. `OnceCell` and `SetOnce` call it.

use crate::loom::Mutex;
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::loom::cell::UnsafeCell;

pub(crate) struct WriteOnce<T> {
    is_set: AtomicBool,
    /// Held by who sets it.
    setting: Mutex<()>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: it owns a `T`.
unsafe impl<T: Send> Send for WriteOnce<T> {}
// SAFETY: it lends the `T` to many, and takes it from one, who may be on any thread.
unsafe impl<T: Send + Sync> Sync for WriteOnce<T> {}

impl<T> WriteOnce<T> {
    #[cfg(not(heist_loom))]
    pub(crate) const fn new(value: Option<T>) -> Self {
        Self {
            is_set: AtomicBool::new(value.is_some()),
            setting: Mutex::new(()),
            value: UnsafeCell::new(value),
        }
    }

    #[cfg(heist_loom)]
    pub(crate) fn new(value: Option<T>) -> Self {
        Self {
            is_set: AtomicBool::new(value.is_some()),
            setting: Mutex::new(()),
            value: UnsafeCell::new(value),
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: the value is seen.
        if !self.is_set.load(Acquire) {
            return None;
        }
        // SAFETY: it is set, and nobody writes it any more while it is borrowed.
        self.value.with(|value| unsafe { (*value).as_ref() })
    }

    /// Sets the value; gives it back if there is one.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let setting = self.setting.lock();
        // Relaxed: it is set under the lock.
        if self.is_set.load(Relaxed) {
            drop(setting);
            return Err(value);
        }
        // SAFETY: nobody reads it before it is set, and nobody else sets it, for which the lock is needed. There was no
        // `T`, so none is dropped here.
        self.value.with_mut(|cell| unsafe { *cell = Some(value) });
        self.is_set.store(true, Release);
        Ok(())
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: it is the caller's alone.
        self.value.with_mut(|value| unsafe { (*value).as_mut() })
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        // SAFETY: it is ours alone.
        self.value.with_mut(|value| unsafe { (*value).take() })
    }
}
