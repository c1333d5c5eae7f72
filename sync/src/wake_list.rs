//! A bounded batch of wakers, collected under a lock and called outside it.
#![forbid(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// How many wakers are collected before the lock is given up to call them. Models have few waiters, and must reach the edge.
pub(crate) const BATCH: usize = if cfg!(heist_loom) { 2 } else { 32 };

/// Up to [`BATCH`] wakers at a time.
///
/// A waker is foreign code and may panic: the others are woken all the same, and [`finish`](WakeList::finish) lets the first panic go on.
pub(crate) struct WakeList {
    wakers: [Option<Waker>; BATCH],
    len: usize,
    panic: Option<Box<dyn Any + Send>>,
}

impl WakeList {
    pub(crate) fn new() -> Self {
        Self {
            wakers: [const { None }; BATCH],
            len: 0,
            panic: None,
        }
    }

    /// Whether it has to be woken before the next push.
    pub(crate) fn is_full(&self) -> bool {
        self.len == BATCH
    }

    /// Adds a waker; panics if it is full.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers[self.len] = Some(waker);
        self.len += 1;
    }

    /// Wakes all, and is empty again. Not to be called under a lock.
    pub(crate) fn wake_all(&mut self) {
        let mut wakers = self.wakers[..self.len].iter_mut();
        self.len = 0;
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
            for waker in &mut wakers {
                if let Some(waker) = waker.take() {
                    waker.wake();
                }
            }
        })) {
            match self.panic {
                None => self.panic = Some(panic),
                // One can be passed on; and to drop the other could panic again.
                Some(_) => std::mem::forget(panic),
            }
        }
    }

    /// Wakes those that are left, and lets the first panic of all go on.
    pub(crate) fn finish(mut self) {
        self.wake_all();
        if let Some(panic) = self.panic {
            // In the middle of another panic it would abort the process; the hook has reported it.
            if !thread::panicking() {
                resume_unwind(panic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Wake;

    #[derive(Default)]
    struct Count {
        woken: AtomicUsize,
        panics: bool,
    }

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Relaxed);
            assert!(!self.panics, "a waker that panics");
        }
    }

    fn fill(list: &mut WakeList, panics: impl Fn(usize) -> bool) -> Vec<Arc<Count>> {
        let counts: Vec<_> = (0..BATCH)
            .map(|n| {
                Arc::new(Count {
                    panics: panics(n),
                    ..Count::default()
                })
            })
            .collect();
        for count in &counts {
            assert!(!list.is_full());
            list.push(Waker::from(Arc::clone(count)));
        }
        assert!(list.is_full());
        counts
    }

    #[test]
    fn each_is_woken_once_and_dropped() {
        let mut list = WakeList::new();
        let counts = fill(&mut list, |_| false);
        list.wake_all();
        assert!(!list.is_full());
        list.finish();
        for count in counts {
            assert_eq!(
                (count.woken.load(Relaxed), Arc::strong_count(&count)),
                (1, 1)
            );
        }
    }

    #[test]
    fn panics_lose_nobody_and_the_first_goes_on() {
        let mut list = WakeList::new();
        let counts = fill(&mut list, |n| n % 2 == 0);
        let panic = catch_unwind(AssertUnwindSafe(|| list.finish())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a waker that panics"));
        for count in counts {
            assert_eq!(
                (count.woken.load(Relaxed), Arc::strong_count(&count)),
                (1, 1)
            );
        }
    }

    #[test]
    fn a_panic_in_the_middle_of_another_does_not_abort() {
        struct WakeOnDrop(Option<WakeList>);
        impl Drop for WakeOnDrop {
            fn drop(&mut self) {
                self.0.take().unwrap().finish();
            }
        }
        let mut list = WakeList::new();
        let counts = fill(&mut list, |_| true);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _wake = WakeOnDrop(Some(list));
            panic!("the outer one");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the outer one"));
        for count in counts {
            assert_eq!(count.woken.load(Relaxed), 1);
        }
    }
}
