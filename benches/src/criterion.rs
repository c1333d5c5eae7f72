//! The front end for criterion: a bench target per group.

#![forbid(unsafe_code)]

use crate::client;
use crate::workload::Workload;
use criterion::{BenchmarkId, Criterion, SamplingMode};
use std::sync::LazyLock;
use std::time::Duration;

/// The `main` of a bench target.
pub fn main(benches: impl FnOnce(&mut Criterion)) {
    if client::is_client() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}

/// Benchmarks workloads of one peer on one runtime.
///
/// A sample of criterion's is one run of the workload, whatever number of iterations criterion asks for: its figure is taken for the time
/// of each of them.
pub fn bench<P>(
    criterion: &mut Criterion,
    peer: &str,
    runtime: &LazyLock<P>,
    workloads: Vec<Workload<P>>,
) {
    for workload in workloads {
        let mut group = criterion.benchmark_group(workload.group);
        group
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(1));
        group.bench_function(BenchmarkId::new(workload.name, peer), |bencher| {
            bencher.iter_custom(|iterations| {
                let figure = (workload.run)(runtime).figure();
                Duration::from_nanos((figure * iterations as f64) as u64)
            });
        });
    }
}
