//! `docs/benchmarks.md`: a function of the raw file, and of nothing else.
//!
//! The samples of a round become their median; the figure of a peer is the median of its rounds; a ratio is taken within each round, and
//! stands as the median over the rounds, with the least and the greatest.

#![forbid(unsafe_code)]

use crate::raw::{Fact, Raw};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Who is judged.
const JUDGED: &str = "heist";
/// Beside whom the others stand.
const BASELINE: &str = "tokio";
/// How the facts begin that are not about the machine but about a workload.
const ABOUT: &str = "about ";

/// A line of a table.
#[derive(Clone, Copy, PartialEq)]
struct Line<'a> {
    group: &'a str,
    workload: &'a str,
    metric: &'a str,
}

/// The medians of a line and a peer, by round.
type Rounds = BTreeMap<u32, f64>;

/// Writes the document. `name` is the raw file's, as a link from the document.
pub fn document(raw: &Raw, name: &str) -> String {
    let lines = unique(raw.rows.iter().map(|row| Line {
        group: &row.group,
        workload: &row.workload,
        metric: &row.metric,
    }));
    let mut text = format!(
        "# Benchmarks\n\n\
        Generated from [{name}]({name}) by `cargo run --release -p heist-benches --bin compare`; do not edit.\n\n\
        Every workload is the same code for every peer, in one binary, on the same number of worker threads and the system's allocator. \
        Each measurement is a fresh process that warms up first; the peers take turns, in an order that is rotated each round. \
        A figure is the median over the rounds of the median of a round's samples; less is better. A ratio is {BASELINE}'s figure divided by \
        the peer's, taken within each round: the median, and in brackets the least and the greatest; more is better. The last line of a \
        table is the geometric mean of the ratios (of the first figure of each workload). The epoll loop has one thread and no tasks; Go's channels are measured by a program in Go, where there is `go`.\n\n"
    );
    for Fact(fact, value) in raw.facts.iter().filter(|fact| !fact.0.starts_with(ABOUT)) {
        let _ = writeln!(text, "- {fact}: {value}");
    }
    for group in unique(lines.iter().map(|line| line.group)) {
        let lines: Vec<_> = lines
            .iter()
            .copied()
            .filter(|line| line.group == group)
            .collect();
        let _ = writeln!(text, "\n## {group}\n");
        for workload in unique(lines.iter().map(|line| line.workload)) {
            let about = raw
                .facts
                .iter()
                .find(|fact| fact.0.strip_prefix(ABOUT) == Some(workload));
            let _ = writeln!(
                text,
                "- `{workload}`: {}.",
                about.map_or("", |fact| &fact.1)
            );
        }
        text += &table(raw, &lines);
    }
    text
}

fn table(raw: &Raw, lines: &[Line<'_>]) -> String {
    let in_group = raw.rows.iter().filter(|row| row.group == lines[0].group);
    let peers = unique(in_group.map(|row| row.peer.as_str()));
    let challengers: Vec<_> = peers
        .iter()
        .copied()
        .filter(|&peer| peer != BASELINE)
        .collect();

    let mut heading = vec!["".to_owned()];
    heading.extend(peers.iter().map(|peer| peer.to_string()));
    heading.extend(
        challengers
            .iter()
            .map(|peer| format!("{peer} beside {BASELINE}")),
    );
    heading.push(format!("{JUDGED} beside the best other"));
    let mut text = format!(
        "\n{}{}",
        row(&heading),
        row(&vec!["---".to_owned(); heading.len()])
    );

    let mut judged: Vec<Vec<f64>> = vec![Vec::new(); challengers.len()];
    let mut previous = "";
    for line in lines {
        let rounds: BTreeMap<_, _> = peers
            .iter()
            .map(|&peer| (peer, rounds(raw, *line, peer)))
            .collect();
        let ratios: Vec<_> = challengers
            .iter()
            .map(|peer| Ratio::new(rounds.get(BASELINE)?, &rounds[peer]))
            .collect();
        let best_other = peers
            .iter()
            .filter(|&&peer| peer != JUDGED && !rounds[peer].is_empty())
            .min_by(|left, right| {
                let figure = |peer: &str| median(rounds[peer].values().copied());
                figure(left).total_cmp(&figure(right))
            });
        let beside_best =
            best_other.and_then(|best| Ratio::new(&rounds[best], rounds.get(JUDGED)?));

        let is_first = previous != line.workload;
        previous = line.workload;
        let mut cells = vec![label(*line, is_first)];
        cells.extend(peers.iter().map(|peer| figure(&rounds[peer], line.metric)));
        cells.extend(
            ratios
                .iter()
                .map(|ratio| ratio.as_ref().map_or_else(String::new, Ratio::to_string)),
        );
        cells.push(beside_best.map_or_else(String::new, |ratio| ratio.to_string()));
        text += &row(&cells);
        if is_first {
            for (of_peer, ratio) in judged.iter_mut().zip(ratios) {
                of_peer.extend(ratio.map(|ratio| ratio.median));
            }
        }
    }

    let mut cells = vec!["**geometric mean**".to_owned()];
    cells.resize(1 + peers.len(), String::new());
    cells.extend(judged.iter().map(|ratios| {
        geometric_mean(ratios).map_or_else(String::new, |mean| format!("**{mean:.2}×**"))
    }));
    cells.push(String::new());
    text + &row(&cells)
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn label(line: Line<'_>, is_first: bool) -> String {
    let what = line
        .metric
        .trim_end_matches("ns")
        .trim_end_matches("bytes")
        .trim();
    let separator = if what.is_empty() { "" } else { ", " };
    let workload = line.workload;
    if is_first {
        format!("`{workload}`{separator}{what}")
    } else {
        format!("– {what}")
    }
}

/// The figure of a peer.
fn figure(rounds: &Rounds, metric: &str) -> String {
    if rounds.is_empty() {
        return String::new();
    }
    let value = median(rounds.values().copied());
    match value {
        _ if metric.ends_with("bytes") => format!("{} B", digits(value)),
        _ if value < 1e3 => format!("{} ns", digits(value)),
        _ if value < 1e6 => format!("{} µs", digits(value / 1e3)),
        _ => format!("{} ms", digits(value / 1e6)),
    }
}

/// Three significant digits, more where there are more before the point.
fn digits(value: f64) -> String {
    let decimals = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.decimals$}")
}

/// How many times less a peer's figure is than another's.
struct Ratio {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Ratio {
    /// None if they have no round in common.
    fn new(other: &Rounds, peer: &Rounds) -> Option<Self> {
        let ratios: Vec<_> = peer
            .iter()
            .filter_map(|(round, value)| Some(other.get(round)? / value))
            .collect();
        let least = ratios.iter().copied().reduce(f64::min)?;
        let greatest = ratios.iter().copied().reduce(f64::max)?;
        Some(Self {
            median: median(ratios.into_iter()),
            least,
            greatest,
        })
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.2}× ({:.2}–{:.2})",
            self.median, self.least, self.greatest
        )
    }
}

fn rounds(raw: &Raw, line: Line<'_>, peer: &str) -> Rounds {
    let mut samples: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for row in &raw.rows {
        let of = Line {
            group: &row.group,
            workload: &row.workload,
            metric: &row.metric,
        };
        if of == line && row.peer == peer {
            samples.entry(row.round).or_default().push(row.value);
        }
    }
    samples
        .into_iter()
        .map(|(round, samples)| (round, median(samples.into_iter())))
        .collect()
}

/// The median of at least one value.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (!values.is_empty()).then(|| (logarithms / values.len() as f64).exp())
}

/// Each value once, in the order in which they first came.
fn unique<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_rounds_and_judged_by_the_first_figure() {
        let raw = "\
            # cores: 2\n\
            # about echo: there and back\n\
            1,I/O,echo,heist,1,ns,10\n1,I/O,echo,heist,1,p99 ns,50\n\
            1,I/O,echo,heist,2,ns,30\n1,I/O,echo,heist,2,p99 ns,50\n\
            1,I/O,echo,tokio,1,ns,40\n1,I/O,echo,tokio,1,p99 ns,100\n\
            2,I/O,echo,tokio,1,ns,6000\n2,I/O,echo,tokio,1,p99 ns,100\n\
            2,I/O,echo,heist,1,ns,1000\n2,I/O,echo,heist,1,p99 ns,50\n\
            3,I/O,echo,heist,1,ns,10\n3,I/O,echo,heist,1,p99 ns,50\n\
            3,I/O,echo,tokio,1,ns,40\n3,I/O,echo,tokio,1,p99 ns,100\n\
            1,I/O,hello,heist,1,ns,1\n1,I/O,hello,tokio,1,ns,1";
        let document = document(&raw.parse().expect("a raw file"), "raw.csv");
        let (_, end) = document.split_once("- cores: 2\n").expect("the facts");
        assert_eq!(
            end,
            "\n## I/O\n\n\
            - `echo`: there and back.\n\
            - `hello`: .\n\n\
            |  | heist | tokio | heist beside tokio | heist beside the best other |\n\
            | --- | --- | --- | --- | --- |\n\
            | `echo` | 20.0 ns | 40.0 ns | 4.00× (2.00–6.00) | 4.00× (2.00–6.00) |\n\
            | – p99 | 50.0 ns | 100 ns | 2.00× (2.00–2.00) | 2.00× (2.00–2.00) |\n\
            | `hello` | 1.00 ns | 1.00 ns | 1.00× (1.00–1.00) | 1.00× (1.00–1.00) |\n\
            | **geometric mean** |  |  | **2.00×** |  |\n"
        );
    }

    #[test]
    fn a_peer_may_be_missing() {
        let raw = "1,I/O,echo,smol,1,ns,10\n1,I/O,hello,epoll,1,ns,1500";
        let document = document(&raw.parse().expect("a raw file"), "raw.csv");
        assert!(
            document
                .contains("| `echo` | 10.0 ns |  |  |  |  |\n| `hello` |  | 1.50 µs |  |  |  |\n"),
            "{document}"
        );
    }
}
