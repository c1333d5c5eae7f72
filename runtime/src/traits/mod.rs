//! The traits of others on heist's types: each behind a feature.
//!
//! Those of tokio (feature `tokio-io`) are on [`TcpStream`](crate::net::TcpStream), [`UnixStream`](crate::net::UnixStream) and their halves, which can so be handed to
//! crates that ask for them. They need no tokio runtime.

#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "tokio-io")]
mod tokio_io;
