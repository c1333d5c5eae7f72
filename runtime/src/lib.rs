//! An async runtime with all that Python's asyncio has: workers, one for each core, that steal tasks from each other; timers, sockets and a pool for
//! code that blocks; and no worker that is stuck in one task keeps the others waiting.
//!
//! ```
//! use heist::io::{AsyncReadExt, AsyncWriteExt};
//! use heist::net::{TcpListener, TcpStream};
//! use heist::time::{Duration, timeout};
//!
//! #[heist::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!
//!     // A task that answers, …
//!     let server = heist::spawn(async move {
//!         let (mut stream, _peer) = listener.accept().await?;
//!         stream.write_all(b"hello").await
//!     });
//!
//!     // … and one second at most to be answered.
//!     let ask = async {
//!         let mut text = String::new();
//!         TcpStream::connect(address).await?.read_to_string(&mut text).await?;
//!         std::io::Result::Ok(text)
//!     };
//!     assert_eq!(timeout(Duration::from_secs(1), ask).await??, "hello");
//!     server.await?
//! }
//! ```
//!
//! # The map
//!
//! | asyncio | here |
//! | --- | --- |
//! | `asyncio.run` | [`run`], [`#[heist::main]`](main), [`#[heist::test]`](test); [`runtime`] to configure one |
//! | `create_task`, `Task` | [`spawn`](fn@spawn), [`JoinHandle`]; [`spawn_local`] for futures that are not `Send`; [`task`] |
//! | `all_tasks`, names of tasks | [`Handle::tasks`](runtime::Handle::tasks), [`task::Builder`] |
//! | `gather`, `as_completed` | [`gather`](fn@gather), [`try_gather`], [`join!`], [`try_join!`]; [`as_completed`](fn@as_completed) |
//! | `TaskGroup`, `shield`, `except CancelledError` | [`task::TaskGroup`], [`task::JoinSet`]; [`task::shield`]; [`task::on_cancel`] |
//! | `sleep`, `timeout`, `wait_for` | [`time`] |
//! | `run_in_executor`, `to_thread` | [`spawn_blocking`]; [`blocking`] for pools of your own |
//! | `Future`, synchronisation | [`sync`] |
//! | `open_connection`, `start_server`, `create_datagram_endpoint` | [`net`], [`io`] |
//! | aiofiles, `os` and `shutil` in `to_thread` | [`fs`] |
//! | `add_reader`, `add_writer` | [`io::unix::AsyncFd`] |
//! | `create_subprocess_exec`, `create_subprocess_shell` | [`process`] |
//! | `add_signal_handler` | [`signal`] |
//!
//! # Features
//!
//! None is on by default.
//!
//! - `hyper`: hyper's traits on the sockets, and its executor and timer: [`traits`].
//! - `tokio-io`: tokio's `AsyncRead` and `AsyncWrite` on the sockets, for crates that ask for them; it brings the traits, and nothing that runs.
//! - `tracing`: the spans and events by which [tokio-console](https://docs.rs/console-subscriber) shows tasks, who wakes them and what they wait for. Each task and
//!   each timer is some words larger, so it is not among `full`.
//! - `full`: `hyper` and `tokio-io`.

mod attributes;
mod count;
mod errand;
mod failure;
pub mod fs;
mod future;
pub mod io;
mod local_set;
mod loom;
pub mod net;
pub mod process;
mod reactor;
pub mod runtime;
mod scheduler;
pub mod signal;
mod spawn;
mod structured;
pub mod task;
pub mod time;
pub mod traits;

pub use attributes::{main, test};
#[doc(hidden)]
pub use future::{__join, __select};
pub use future::{AsCompleted, Gather, TryGather, as_completed, gather, try_gather};
pub use futures_lite::StreamExt;
pub use heist_blocking_pool as blocking;
pub use heist_sync as sync;
pub use local_set::spawn_local;
pub use runtime::run;
pub use spawn::{spawn, spawn_blocking};
pub use task::JoinHandle;

/// The server in the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What must not compile, for any toolchain, and beside each what does. (`tests/ui` has more, with the messages of one toolchain.)
///
/// A future that is not awaited:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # async fn task() {
/// heist::time::sleep(heist::time::Duration::ZERO);
/// # }
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// # async fn task() {
/// heist::time::sleep(heist::time::Duration::ZERO).await;
/// # }
/// ```
///
/// That of an `async fn`:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # async fn task() {
/// heist::net::TcpListener::bind("localhost:0");
/// # }
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// # async fn task() {
/// let _listener = heist::net::TcpListener::bind("localhost:0").await;
/// # }
/// ```
///
/// A guard that is not kept:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # fn thread(runtime: heist::runtime::Runtime) {
/// runtime.enter();
/// # }
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// # fn thread(runtime: heist::runtime::Runtime) {
/// let _guard = runtime.enter();
/// # }
/// ```
///
/// A guard that is sent to another thread:
///
/// ```compile_fail
/// # fn thread(runtime: &'static heist::runtime::Runtime) {
/// let guard = runtime.enter();
/// std::thread::spawn(move || drop(guard));
/// # }
/// ```
///
/// ```
/// # fn thread(runtime: &'static heist::runtime::Runtime) {
/// std::thread::spawn(move || drop(runtime.enter()));
/// # }
/// ```
///
/// A task that borrows:
///
/// ```compile_fail
/// # fn task(words: Vec<&'static str>) {
/// heist::spawn(async { words.len() });
/// # drop(words);
/// # }
/// ```
///
/// ```
/// # fn task(words: Vec<&'static str>) {
/// heist::spawn(async move { words.len() });
/// # }
/// ```
#[cfg(doctest)]
struct MustNotCompile;
