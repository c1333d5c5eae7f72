//! Reading and writing: the traits, which are those of `futures`, and what can be done with anything that has them.
//!
//! Every socket implements [`AsyncRead`] and [`AsyncWrite`]; the extension traits [`AsyncReadExt`], [`AsyncWriteExt`],
//! [`AsyncBufReadExt`] and [`AsyncSeekExt`] give them `read_exact`, `write_all`, `lines`, `seek` and the like. Together they
//! stand for asyncio's `StreamReader` and `StreamWriter`. Descriptors of your own are waited for by [`unix::AsyncFd`].
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

pub mod unix;
pub(crate) mod write_behind;

pub use crate::reactor::{Interest, Ready};
#[doc(no_inline)]
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
#[doc(no_inline)]
pub use futures_lite::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, ReadHalf,
    WriteHalf, copy, split,
};
#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
