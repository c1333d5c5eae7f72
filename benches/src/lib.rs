//! heist beside its peers: the same work, the same number of workers, figures that can be compared.
//!
//! `peer` says what a workload may ask of a runtime and has a file for each of them; a file for each group of workloads is generic over it.
//! Two front ends run them: `cargo bench -p heist-benches` (criterion, one runtime after the other, in one process), and the one whose
//! figures are published, interleaved and each in a process of its own:
//!
//! ```sh
//! cargo run --release -p heist-benches --bin compare
//! ```

#![deny(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark stands outside: its clock and its sleep are the real ones"
)]

#[expect(unsafe_code, reason = "an allocator is")]
mod allocator;
pub mod blocking;
pub mod client;
pub mod criterion;
pub mod document;
pub mod epoll;
pub mod files;
pub mod go;
pub mod io;
pub mod latency;
pub mod machine;
pub mod memory;
mod peer;
pub mod process;
pub mod raw;
pub mod scheduling;
pub mod sync;
pub mod timers;
mod workload;

pub use peer::{Peer, WORKERS, heist::Heist, smol::Smol, tokio::Tokio};
pub use workload::{Sample, Workload};

/// All workloads, in the order of the document.
pub fn workloads<P: sync::Primitives>() -> Vec<Workload<P>> {
    [
        scheduling::workloads(),
        latency::workloads(),
        timers::workloads(),
        blocking::workloads(),
        files::workloads(),
        process::workloads(),
        sync::workloads(),
        io::workloads(),
        memory::workloads(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
