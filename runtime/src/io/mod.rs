//! Reading and writing: the traits, which are those of `futures`, and what can be done with anything that has them.
//!
//! Every socket implements [`AsyncRead`] and [`AsyncWrite`]; the extension traits [`AsyncReadExt`], [`AsyncWriteExt`],
//! [`AsyncBufReadExt`] and [`AsyncSeekExt`] give them `read_exact`, `write_all`, `lines`, `seek` and the like. Together they
//! stand for asyncio's `StreamReader` and `StreamWriter`.
//!
//! # Examples
//!
//! ```
//! use heist::io::{AsyncBufReadExt, BufReader};
//! use heist::StreamExt;
//!
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let mut lines = BufReader::new(&b"one\ntwo\n"[..]).lines();
//!     assert_eq!(lines.next().await.transpose()?.as_deref(), Some("one"));
//!     assert_eq!(lines.next().await.transpose()?.as_deref(), Some("two"));
//!     assert_eq!(lines.next().await.transpose()?, None);
//!     Ok(())
//! })
//! # }
//! ```
#![forbid(unsafe_code)]

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
