//! Reading and writing: the traits, which are those of `futures`, and what can be done with anything that has them.
//!
//! Every socket implements [`AsyncRead`] and [`AsyncWrite`]; the extension traits [`AsyncReadExt`], [`AsyncWriteExt`],
//! [`AsyncBufReadExt`] and [`AsyncSeekExt`] give them `read_exact`, `write_all`, `lines`, `seek` and the like. Together they
//! stand for asyncio's `StreamReader` and `StreamWriter`. Descriptors of your own are waited for by [`unix::AsyncFd`].
//!
//! The process's own streams are [`stdin`](fn@stdin), [`stdout`](fn@stdout) and [`stderr`]; two connected ones without a kernel are made by [`duplex`](fn@duplex), and
//! [`copy_bidirectional`](fn@copy_bidirectional) connects two of any kind. `lines()`, `split` and `bytes` are streams.
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

mod copy_bidirectional;
mod duplex;
mod stdin;
mod stdout;
pub mod unix;
pub(crate) mod write_behind;

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
    ReadHalf, WriteHalf, copy, empty, repeat, sink, split,
};
#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
