//! Child processes.

use heist_benches::criterion::{bench, main as run};
use heist_benches::process::workloads;
use heist_benches::{Heist, Peer, Smol, Tokio};

fn main() {
    run(|criterion| {
        bench(criterion, Heist::NAME, &Heist::lazy(), workloads());
        bench(criterion, Tokio::NAME, &Tokio::lazy(), workloads());
        bench(criterion, Smol::NAME, &Smol::lazy(), workloads());
    });
}
