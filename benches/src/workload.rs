//! A workload: one function, the same for every peer, that does a fixed amount of work on a runtime and says what an operation of it took.
//!
//! In come the workloads of the groups' files; out go samples, to the comparer and to criterion.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

/// Something to compare.
pub struct Workload<P> {
    /// The workloads that are judged together.
    pub group: &'static str,
    /// Its name within the group.
    pub name: &'static str,
    /// What is done and what counts as an operation.
    pub about: &'static str,
    /// Whether it is measured once, in a process that did nothing before, rather than repeatedly after a warm-up.
    pub fresh: bool,
    /// Does the work once, some 50 to 200 ms of it. The runtime starts when it is first used.
    pub run: fn(&LazyLock<P>) -> Sample,
}

/// What one run of a workload gave: named figures, less is better, the first of which is the one that it is judged by.
///
/// Times are in nanoseconds (names that end in `ns`), sizes in bytes (in `bytes`). As text it has a figure a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample(pub Vec<(String, f64)>);

impl Sample {
    /// Many operations that were timed together.
    pub(crate) fn throughput(operations: usize, elapsed: Duration) -> Self {
        Self(vec![(
            "ns".into(),
            elapsed.as_nanos() as f64 / operations as f64,
        )])
    }

    /// Operations that were timed one by one.
    pub(crate) fn latency(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let percentiles =
            [50, 99].map(|percent| (format!("p{percent} ns"), percentile(&latencies, percent)));
        Self(percentiles.into())
    }

    /// Operations that were timed together and one by one.
    pub(crate) fn requests(elapsed: Duration, latencies: Vec<Duration>) -> Self {
        let mut sample = Self::throughput(latencies.len(), elapsed);
        sample.0.append(&mut Self::latency(latencies).0);
        sample
    }

    /// Memory that `things` took, by the kernel's count (which is what it costs) and by the allocator's.
    pub(crate) fn memory(things: usize, resident: usize, allocated: usize) -> Self {
        let each = |bytes: usize| bytes as f64 / things as f64;
        Self(vec![
            ("resident bytes".into(), each(resident)),
            ("allocated bytes".into(), each(allocated)),
        ])
    }

    /// The figure that the workload is judged by.
    pub fn figure(&self) -> f64 {
        self.0[0].1
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(metric, value)| writeln!(f, "{value:.2} {metric}"))
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let figure = |line: &str| {
            let (value, metric) = line.split_once(' ')?;
            Some((metric.to_owned(), value.parse().ok()?))
        };
        text.lines()
            .map(|line| figure(line).ok_or_else(|| format!("not a figure: {line}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The smallest value that at least `percent` of the sorted values don't exceed, in nanoseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1].as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let of = |latencies: Vec<u64>| {
            let sample = Sample::latency(latencies.into_iter().map(Duration::from_nanos).collect());
            sample
                .0
                .into_iter()
                .map(|(_, value)| value)
                .collect::<Vec<_>>()
        };
        assert_eq!(of((1..=200).rev().collect()), [100.0, 198.0]);
        assert_eq!(of(vec![7]), [7.0, 7.0]);
    }

    #[test]
    fn a_sample_survives_as_text() {
        let sample = Sample(vec![("ns".into(), 12.5), ("p99 ns".into(), 4_000.0)]);
        assert_eq!(sample.to_string().parse(), Ok(sample));
        assert!("12.5".parse::<Sample>().is_err());
    }
}
