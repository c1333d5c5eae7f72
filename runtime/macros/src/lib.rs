//! The attributes `#[heist::main]` and `#[heist::test]`, which `heist` re-exports: use them from there.
//!
//! Both take these arguments of tokio's attributes:
//!
//! | argument | value | meaning |
//! | --- | --- | --- |
//! | `flavor` | `"multi_thread"`, `"current_thread"` | which runtime; [`main`] has the former, [`test`] the latter by default |
//! | `worker_threads` | a number, at least 1 | how many workers a multi-thread runtime has; by default, what `heist::runtime::Builder` says |
//! | `start_paused` | `true`, `false` | whether the time of a current-thread runtime stands still at first: see `heist::time::pause` |
//! | `crate` | `"path::to::heist"` | the name of the crate `heist` where the attribute stands; by default `"::heist"` |

#![forbid(unsafe_code)]

mod arguments;
mod expand;
mod select;

use arguments::Attribute;
use proc_macro::TokenStream;

/// Makes an `async fn` an ordinary function, which runs it on a runtime of its own: asyncio's `asyncio.run(main())`.
///
/// Without arguments it is `heist::run(async move { … })`. With some, the runtime is built as they say, as by
/// `heist::runtime::Builder`. When the function returns, its runtime has ended, as by `Runtime::run`: tasks that were left have been cancelled, and what would
/// not end within 30 seconds is reported on standard error.
///
/// # Arguments
///
/// `flavor`, `worker_threads`, `start_paused` and `crate`: see the [crate's page](crate).
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
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, arguments.into(), item.into()).into()
}

/// Makes an `async fn` a test, with a runtime of its own: `unittest.IsolatedAsyncioTestCase` in Python.
///
/// It stands in `#[test]`'s place, beside `#[ignore]`, `#[should_panic]` and what else a test may have. Each test has a
/// current-thread runtime by default, so that many run side by side and each in the same order every time.
///
/// # Arguments
///
/// `flavor`, `worker_threads`, `start_paused` and `crate`: see the [crate's page](crate).
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
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, arguments.into(), item.into()).into()
}

/// What `heist::select!` expands to, with the path of the crate before it; not for others.
#[doc(hidden)]
#[proc_macro]
pub fn __select(branches: TokenStream) -> TokenStream {
    let select = syn::parse_macro_input!(branches as select::Select);
    select::expand(select).into()
}
