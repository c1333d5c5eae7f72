//! The example server, `runtime/examples/hello.rs`, as a program: against clients that are not of heist's.

mod answers;
mod client;
mod drain;
mod idle;
mod limits;
mod program;
mod relief;
#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
mod requests;
mod start;
