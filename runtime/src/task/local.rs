//! Values that belong to a task, as a thread's locals belong to it.
//!
//! Comes in: a value and a future. Goes out: a future during whose polls, and in whose destructor, the value is found under the key. It lies in a thread-local meanwhile, and in the
//! future in between.

#![forbid(unsafe_code)]

use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey as ThreadKey;
use std::{error, fmt, mem};

/// Declares keys of values that belong to tasks: asyncio's `contextvars.ContextVar`.
///
/// A value is set for the length of a future, by [`LocalKey::scope`]; tasks that are spawned in it don't inherit it.
///
/// # Examples
///
/// ```
/// heist::task_local! {
///     /// Whose request it is.
///     pub static REQUEST: u64;
///     static USER: String;
/// }
///
/// # heist::run(async {
/// let task = heist::spawn(REQUEST.scope(7, async {
///     heist::task::yield_now().await;
///     USER.scope("ada".into(), async {
///         USER.with(|user| format!("{user}, request {}", REQUEST.get()))
///     })
///     .await
/// }));
/// assert_eq!(task.await.unwrap(), "ada, request 7");
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::task_local!(@key [$(#[$attribute])*] [$visibility] $name, $type);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty) => {
        $crate::task_local!(@key [$(#[$attribute])*] [$visibility] $name, $type);
    };
    (@key [$(#[$attribute:meta])*] [$visibility:vis] $name:ident, $type:ty) => {
        $(#[$attribute])*
        $visibility static $name: $crate::task::LocalKey<$type> = {
            // The type is the user's, and finds this name before those of its own.
            ::std::thread_local! {
                static __HEIST_TASK_LOCAL: ::std::cell::RefCell<::core::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::core::option::Option::None) };
            }
            $crate::task::LocalKey::__new(&__HEIST_TASK_LOCAL)
        };
    };
}

/// A key that [`task_local!`](crate::task_local) has declared.
///
/// # Examples
///
/// ```
/// heist::task_local! {
///     static NUMBER: u32;
/// }
///
/// # heist::run(async {
/// assert_eq!(NUMBER.scope(1, async { NUMBER.get() }).await, 1);
/// # });
/// ```
pub struct LocalKey<T: 'static> {
    value: &'static ThreadKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn __new(value: &'static ThreadKey<RefCell<Option<T>>>) -> Self {
        Self { value }
    }

    /// Runs a future during whose polls the value is found under this key; inside an outer scope of the same key it hides that one's.
    ///
    /// The future and the value are dropped together, the future first, which still finds it.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled while the value is borrowed: from within [`with`](Self::with).
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # heist::run(async {
    /// let both = NUMBER.scope(1, async {
    ///     let inner = NUMBER.scope(2, async { NUMBER.get() }).await;
    ///     (NUMBER.get(), inner)
    /// });
    /// assert_eq!(both.await, (1, 2));
    /// # });
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
            _pinned: PhantomPinned,
        }
    }

    /// Runs a function during which the value is found under this key.
    ///
    /// # Panics
    ///
    /// While the value is borrowed: from within [`with`](Self::with).
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert_eq!(NUMBER.sync_scope(1, || NUMBER.get()), 1);
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, function: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        match self.enter(&mut value) {
            Ok(_entered) => function(),
            Err(error) => error.panic(),
        }
    }

    /// Gives a function the value.
    ///
    /// # Panics
    ///
    /// If there is none: outside of any scope of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NAME: String;
    /// }
    ///
    /// assert_eq!(NAME.sync_scope("ada".into(), || NAME.with(String::len)), 3);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, function: impl FnOnce(&T) -> R) -> R {
        match self.try_with(function) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: outside of any scope of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert!(NUMBER.try_with(|number| *number).is_err());
    /// ```
    pub fn try_with<R>(&'static self, function: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let found = self.value.try_with(|value| {
            let value = value.borrow();
            value.as_ref().map(function)
        });
        // At the thread's end the thread-local may be gone.
        found.ok().flatten().ok_or(AccessError(()))
    }

    /// Puts the value in its place, and keeps there what was there before.
    fn enter<'a>(&'static self, value: &'a mut Option<T>) -> Result<Entered<'a, T>, ScopeError> {
        let swapped = self.value.try_with(|place| match place.try_borrow_mut() {
            Ok(mut place) => {
                mem::swap(&mut *place, value);
                Ok(())
            }
            Err(_) => Err(ScopeError::Borrowed),
        });
        match swapped {
            Ok(Ok(())) => Ok(Entered { key: self, value }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ScopeError::Destroyed),
        }
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A clone of the value.
    ///
    /// # Panics
    ///
    /// If there is none: outside of any scope of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert_eq!(NUMBER.sync_scope(1, || NUMBER.get()), 1);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// The same, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: outside of any scope of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert!(NUMBER.try_get().is_err());
    /// ```
    pub fn try_get(&'static self) -> Result<T, AccessError> {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// The value is in its place until this is dropped, which takes it back.
struct Entered<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<T: 'static> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        // Who borrows it is further down the stack, and so done, or leaked its borrow; and at the thread's end there may be no place any more.
        let _ = self.key.value.try_with(|place| {
            if let Ok(mut place) = place.try_borrow_mut() {
                mem::swap(&mut *place, self.value);
            }
        });
    }
}

/// Why a scope cannot be entered.
enum ScopeError {
    Borrowed,
    Destroyed,
}

impl ScopeError {
    #[track_caller]
    fn panic(self) -> ! {
        match self {
            Self::Borrowed => panic!(
                "a task-local value cannot be hidden by another of its key while it is borrowed: leave the function in `LocalKey::with` first"
            ),
            Self::Destroyed => panic!(
                "a task-local value cannot be set while the thread's own locals are being destroyed"
            ),
        }
    }
}

pin_project! {
    /// What [`LocalKey::scope`] returns.
    ///
    /// # Examples
    ///
    /// ```
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # heist::run(async {
    /// let scoped: heist::task::TaskLocalFuture<u32, _> = NUMBER.scope(1, async { NUMBER.get() });
    /// assert_eq!(scoped.await, 1);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct TaskLocalFuture<T, F>
    where
        T: 'static,
    {
        key: &'static LocalKey<T>,
        value: Option<T>,
        #[pin]
        future: Option<F>,
        #[pin]
        _pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let mut future = this.future;
            if future.is_some()
                && let Ok(_entered) = this.key.enter(this.value)
            {
                future.set(None);
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out: of a future that has completed, say. `None` if that was done already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// heist::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # heist::run(async {
    /// let mut scoped = pin!(NUMBER.scope(1, async {}));
    /// scoped.as_mut().await;
    /// assert_eq!(scoped.as_mut().take_value(), Some(1));
    /// assert_eq!(scoped.take_value(), None);
    /// # });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut future = this.future;
        let _entered = match this.key.enter(this.value) {
            Ok(entered) => entered,
            Err(error) => error.panic(),
        };
        let Some(polled) = future.as_mut().as_pin_mut() else {
            panic!("a `TaskLocalFuture` was polled after it had completed");
        };
        let output = polled.poll(cx);
        if output.is_ready() {
            // Its destructor finds the value still.
            future.set(None);
        }
        output
    }
}

impl<T: fmt::Debug + 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Why [`LocalKey::try_with`] and [`LocalKey::try_get`] find nothing.
///
/// # Examples
///
/// ```
/// heist::task_local! {
///     static NUMBER: u32;
/// }
///
/// let error = NUMBER.try_get().unwrap_err();
/// assert!(error.to_string().starts_with("there is no value of this task-local key here"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no value of this task-local key here: set one around the future, by `LocalKey::scope`; spawned tasks don't inherit it",
        )
    }
}

impl error::Error for AccessError {}
