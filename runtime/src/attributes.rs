//! The attributes, with what there is to say of them: it stands here, and not in their crate, so that the examples can use heist without a circle of crates, of which cargo would build
//! half twice.

#![forbid(unsafe_code)]

/// Makes an `async fn` an ordinary function, which runs it on a runtime of its own: asyncio's `asyncio.run(main())`.
///
/// Without arguments it is <code>heist::[run](crate::run)(async move { … })</code>. With some, the runtime is built as they say, as by
/// a [`Builder`](crate::runtime::Builder). When the function returns, its runtime has ended, as by [`Runtime::run`](crate::runtime::Runtime::run): tasks that were left have been
/// cancelled, and what would not end within 30 seconds is reported on standard error.
///
/// # Panics
///
/// The function panics if the runtime cannot be built, for want of threads or of file descriptors, say; and if it is called
/// from within a runtime, which must not be blocked.
///
/// # Examples
///
/// ```
/// #[heist::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let answer: u32 = "42".parse()?;
///     let doubled = heist::spawn(async move { 2 * answer });
///     assert_eq!(doubled.await?, 84);
///     Ok(())
/// }
/// ```
///
/// Everything on one thread:
///
/// ```
/// #[heist::main(flavor = "current_thread")]
/// async fn main() {
///     let here = std::thread::current().id();
///     let there = heist::spawn(async { std::thread::current().id() });
///     assert_eq!(there.await.unwrap(), here);
/// }
/// ```
///
/// A function of another name may have arguments, and is a way into async code from code that isn't:
///
/// ```
/// #[heist::main(worker_threads = 2)]
/// async fn sum(numbers: &[u32]) -> u32 {
///     numbers.iter().sum()
/// }
///
/// assert_eq!(sum(&[1, 2, 3]), 6);
/// ```
pub use heist_macros::main;

/// Makes an `async fn` a test, with a runtime of its own: `unittest.IsolatedAsyncioTestCase` in Python.
///
/// It stands in `#[test]`'s place, beside `#[ignore]`, `#[should_panic]` and what else a test may have. Each test has a
/// current-thread runtime by default, so that many run side by side and each in the same order every time.
///
/// # Panics
///
/// The test fails if the runtime cannot be built.
///
/// # Examples
///
/// ```
/// #[heist::test]
/// async fn a_task_gives_its_output() {
///     assert_eq!(heist::spawn(async { 42 }).await.unwrap(), 42);
/// }
///
/// #[heist::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn parses() -> Result<(), std::num::ParseIntError> {
///     let _: u32 = "42".parse()?;
///     Ok(())
/// }
///
/// #[heist::test]
/// #[should_panic(expected = "boom")]
/// async fn panics() {
///     panic!("boom");
/// }
/// ```
pub use heist_macros::test;
