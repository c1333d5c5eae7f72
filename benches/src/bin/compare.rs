//! Runs every workload on every peer, interleaved, each measurement in a process of its own, and writes down what came out:
//! the raw figures, and the document made from them.

#![forbid(unsafe_code)]

use heist_benches::document::document;
use heist_benches::epoll::{self, Epoll};
use heist_benches::go::{self, Go};
use heist_benches::raw::{Fact, HEADING, Raw, Row};
use heist_benches::{Heist, Peer, Sample, Smol, Tokio, Workload, client, machine, workloads};
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;
use std::{env, iter};

const USAGE: &str = "\
compare [options]           measures everything, writes docs/benchmarks/raw-DATE.csv and, from it, docs/benchmarks.md
  --rounds N                rounds (5)
  --only TEXT               only workloads whose group or name contains this; prints the document instead
  --peers NAME,…            only these peers of heist,tokio,smol,epoll,go; prints the document instead
  --date DATE               the date to write down (today, UTC)
  --from FILE               measures nothing, writes the document from this raw file
  --raw FILE                where to write the raw file
  --document FILE           where to write the document
compare measure PEER WORKLOAD
                            one measurement, here and now";

/// Samples of a workload in a round.
const SAMPLES: usize = 5;
/// Stands after each sample in what `measure` prints.
const SEPARATOR: &str = "---\n";

type Fallible<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if client::is_client() {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", peer, workload] => measure(peer, workload).map(print),
        options => Options::parse(options).and_then(Options::compare),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    rounds: u32,
    only: String,
    peers: Vec<String>,
    /// Whether it leaves something out, and so must not replace what is published.
    is_partial: bool,
    date: String,
    from: Option<PathBuf>,
    raw: Option<PathBuf>,
    document: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Fallible<Self> {
        let mut options = Self {
            rounds: 5,
            only: String::new(),
            peers: [Heist::NAME, Tokio::NAME, Smol::NAME, Epoll::NAME, Go::NAME]
                .map(str::to_owned)
                .into(),
            is_partial: false,
            date: machine::date(),
            from: None,
            raw: None,
            document: None,
        };
        for option in arguments.chunks(2) {
            match option {
                ["--rounds", rounds] => options.rounds = rounds.parse()?,
                ["--only", only] => (options.only, options.is_partial) = (only.to_string(), true),
                ["--peers", peers] => {
                    (options.peers, options.is_partial) =
                        (peers.split(',').map(str::to_owned).collect(), true)
                }
                ["--date", date] => options.date = date.to_string(),
                ["--from", file] => options.from = Some(file.into()),
                ["--raw", file] => options.raw = Some(file.into()),
                ["--document", file] => options.document = Some(file.into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }

    fn compare(self) -> Fallible {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs");
        let raw = match self.from.clone() {
            Some(from) => from,
            None => self.measure_all(&docs)?,
        };
        let figures: Raw = fs::read_to_string(&raw)?.parse()?;
        let name = raw
            .file_name()
            .map_or_else(String::new, |name| format!("benchmarks/{}", name.display()));
        let text = document(&figures, &name);
        match self.document {
            Some(file) => fs::write(file, text)?,
            None if self.is_partial => print!("{text}"),
            None => fs::write(docs.join("benchmarks.md"), text)?,
        }
        Ok(())
    }

    /// Returns the raw file.
    fn measure_all(&self, docs: &Path) -> Fallible<PathBuf> {
        let workloads: Vec<_> = workloads::<Tokio>()
            .into_iter()
            .filter(|workload| {
                workload.group.contains(&self.only) || workload.name.contains(&self.only)
            })
            .collect();
        let folder = if self.is_partial {
            env::temp_dir()
        } else {
            docs.join("benchmarks")
        };
        fs::create_dir_all(&folder)?;
        let path = self
            .raw
            .clone()
            .unwrap_or_else(|| folder.join(format!("raw-{}.csv", self.date)));
        // Asked before the file is begun, which may be one of the repository's: it would make the commit a dirty one.
        let facts = machine::facts();
        let mut raw = File::create(&path)?;
        writeln!(raw, "{}", Fact("date".into(), self.date.clone()))?;
        for (name, value) in facts {
            writeln!(raw, "{}", Fact(name, value))?;
        }
        for workload in &workloads {
            writeln!(
                raw,
                "{}",
                Fact(format!("about {}", workload.name), workload.about.into())
            )?;
        }
        writeln!(raw, "{HEADING}")?;
        for round in 1..=self.rounds {
            for workload in &workloads {
                let first = round as usize - 1;
                let peers = self.peers.iter().cycle().skip(first).take(self.peers.len());
                for peer in peers.filter(|peer| can_do(peer, workload.name)) {
                    eprintln!(
                        "round {round} of {}: {} on {peer}",
                        self.rounds, workload.name
                    );
                    for row in measure_apart(round, workload, peer)? {
                        writeln!(raw, "{row}")?;
                    }
                }
            }
        }
        Ok(path)
    }
}

/// heist and tokio do all workloads; smol has no watch channel; the epoll loop does only some, and so does Go, where it is.
fn can_do(peer: &str, workload: &str) -> bool {
    fn is_among<P>(workloads: Vec<Workload<P>>, name: &str) -> bool {
        workloads.iter().any(|can| can.name == name)
    }
    match peer {
        Epoll::NAME => is_among(epoll::workloads(), workload),
        Go::NAME => is_among(go::workloads(), workload) && Go::is_there(),
        Smol::NAME => is_among(workloads::<Smol>(), workload),
        _ => true,
    }
}

/// Measures in a process of its own.
fn measure_apart<P>(round: u32, workload: &Workload<P>, peer: &str) -> Fallible<Vec<Row>> {
    let output = Command::new("/proc/self/exe")
        .args(["measure", peer, workload.name])
        .output()?;
    if !output.status.success() {
        return Err(format!(
            "{} on {peer}: {}\n{}",
            workload.name,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let mut rows = Vec::new();
    for (sample, text) in (1..).zip(String::from_utf8(output.stdout)?.split_terminator(SEPARATOR)) {
        rows.extend(
            text.parse::<Sample>()?
                .0
                .into_iter()
                .map(|(metric, value)| Row {
                    round,
                    group: workload.group.into(),
                    workload: workload.name.into(),
                    peer: peer.into(),
                    sample,
                    metric,
                    value,
                }),
        );
    }
    Ok(rows)
}

/// What `measure` prints for the process that started it.
fn print(samples: Vec<Sample>) {
    for sample in samples {
        print!("{sample}{SEPARATOR}");
    }
}

/// Measures here, after a warm-up.
fn measure(peer: &str, workload: &str) -> Fallible<Vec<Sample>> {
    fn run<P>(
        runtime: &LazyLock<P>,
        workloads: Vec<Workload<P>>,
        name: &str,
    ) -> Fallible<Vec<Sample>> {
        let workload = workloads
            .into_iter()
            .find(|workload| workload.name == name)
            .ok_or(USAGE)?;
        let run = || (workload.run)(runtime);
        Ok(if workload.fresh {
            vec![run()]
        } else {
            iter::repeat_with(run).skip(1).take(SAMPLES).collect()
        })
    }
    match peer {
        Heist::NAME => run(&Heist::lazy(), workloads(), workload),
        Tokio::NAME => run(&Tokio::lazy(), workloads(), workload),
        Smol::NAME => run(&Smol::lazy(), workloads(), workload),
        Go::NAME => run(&Go::lazy(), go::workloads(), workload),
        Epoll::NAME => run(&LazyLock::new(|| Epoll), epoll::workloads(), workload),
        _ => Err(USAGE.into()),
    }
}
