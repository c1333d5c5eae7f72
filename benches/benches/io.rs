//! I/O, beside a hand-written epoll loop as well.

use heist_benches::criterion::{bench, main as run};
use heist_benches::epoll::{self, Epoll};
use heist_benches::io::workloads;
use heist_benches::{Heist, Peer, Smol, Tokio};
use std::sync::LazyLock;

fn main() {
    run(|criterion| {
        bench(criterion, Heist::NAME, &Heist::lazy(), workloads());
        bench(criterion, Tokio::NAME, &Tokio::lazy(), workloads());
        bench(criterion, Smol::NAME, &Smol::lazy(), workloads());
        bench(
            criterion,
            Epoll::NAME,
            &LazyLock::new(|| Epoll),
            epoll::workloads(),
        );
    });
}
