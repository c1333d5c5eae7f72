//! Synchronisation: each peer's own primitives, on its own runtime.
//!
//! `primitives` says what the workloads ask of a peer, and has a file for each; a file for each kind of primitive is generic over it.

#![forbid(unsafe_code)]

mod channels;
mod locks;
mod primitives;
mod signals;

pub(crate) use channels::{MPSC_ALONE, MPSC_BOUNDED_1_1, MPSC_BOUNDED_4_1};
pub use primitives::Primitives;

use crate::workload::{Sample, Workload};
use std::sync::LazyLock;

/// The group.
pub fn workloads<P: Primitives>() -> Vec<Workload<P>> {
    [
        locks::workloads(),
        channels::workloads(),
        signals::workloads(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, about, run)| Workload {
        group: "synchronisation",
        name,
        about,
        fresh: false,
        run,
    })
    .collect()
}

/// Name, about and run of a workload of the group.
type Described<P> = (&'static str, &'static str, fn(&LazyLock<P>) -> Sample);
