//! Reading and writing: the traits, which are those of `futures`, and what can be done with anything that has them.
//!
//! Every socket implements [`AsyncRead`] and [`AsyncWrite`]; the extension traits [`AsyncReadExt`], [`AsyncWriteExt`],
//! [`AsyncBufReadExt`] and [`AsyncSeekExt`] give them `read_exact`, `write_all`, `lines`, `seek` and the like. Together they
//! stand for asyncio's `StreamReader` and `StreamWriter`. Descriptors of your own are waited for by [`unix::AsyncFd`].
//!
//! The process's own streams are [`stdin`](fn@stdin), [`stdout`](fn@stdout) and [`stderr`]; two connected ones without a kernel are made by [`duplex`](fn@duplex), and
//! [`copy_bidirectional`](fn@copy_bidirectional) connects two of any kind. `lines()`, `split` and `bytes` are streams.
//!
//! `read_line` and `read_to_string` want an empty string, where tokio's append: with debug assertions they panic if it isn't, without them what was in it is lost.
//!
//! # Cancel safety
//!
//! Of the extension traits' futures, one that is dropped before it is done
//!
//! - has had no effect, if it does but one thing: `read`, `write`, `flush`, `fill_buf` (of a file, see [`fs::File`](crate::fs::File));
//! - has left what it has read in the caller's buffer: `read_until`, `read_to_end`, and the streams `lines` and `split`, which go on with it;
//! - has lost what it has read: `read_line` and `read_to_string`, which give nothing before all of it has come, and `read_exact`, which doesn't say how much there is. So for
//!   a line within a time-out take `lines`, or `read_until(b'\n', ..)`;
//! - has written an unknown part: `write_all`, and [`copy`](fn@copy), which may have read more than that.
//!
//! # Examples
//!
//! ```
//! use heist::io::{AsyncBufReadExt, BufReader};
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let mut reader = BufReader::new(&b"one\ntwo\n"[..]);
//!     let mut line = String::new();
//!     while reader.read_line(&mut line).await? > 0 {
//!         println!("{}", line.trim_end());
//!         line.clear();
//!     }
//!     Ok(())
//! })
//! # }
//! ```
#![forbid(unsafe_code)]

mod copy;
mod copy_bidirectional;
mod duplex;
mod stdin;
mod stdout;
pub mod unix;
mod waiting;
pub(crate) mod write_behind;

pub use self::copy::copy;
pub use self::copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use self::duplex::{DuplexStream, duplex};
pub use self::stdin::{Stdin, stdin};
pub use self::stdout::{Stderr, Stdout, stderr, stdout};

pub use crate::reactor::{Interest, Ready};
#[doc(no_inline)]
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
#[doc(no_inline)]
pub use futures_lite::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Lines,
    ReadHalf, WriteHalf, empty, repeat, sink, split,
};
#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
