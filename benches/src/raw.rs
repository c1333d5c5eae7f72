//! The raw file: facts as `# name: value`, then a line per figure, comma-separated. Written by the comparer, read for the document.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

/// The names of a row's fields.
pub const HEADING: &str = "round,group,workload,peer,sample,metric,value";

/// A raw file.
#[derive(Debug, Default, PartialEq)]
pub struct Raw {
    /// What is true of all rows.
    pub facts: Vec<Fact>,
    /// What was measured, in that order.
    pub rows: Vec<Row>,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact(pub String, pub String);

/// One figure of one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The round, from 1.
    pub round: u32,
    /// The workload's group.
    pub group: String,
    /// The workload.
    pub workload: String,
    /// Who did it.
    pub peer: String,
    /// The sample within the round, from 1.
    pub sample: u32,
    /// What the figure is.
    pub metric: String,
    /// The figure.
    pub value: f64,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}: {}", self.0, self.1)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            round,
            group,
            workload,
            peer,
            sample,
            metric,
            value,
        } = self;
        write!(
            f,
            "{round},{group},{workload},{peer},{sample},{metric},{value}"
        )
    }
}

impl FromStr for Raw {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut raw = Self::default();
        for line in text.lines().filter(|&line| line != HEADING) {
            match fact(line) {
                Some(fact) => raw.facts.push(fact),
                None => raw
                    .rows
                    .push(row(line).ok_or_else(|| format!("neither a fact nor a row: {line}"))?),
            }
        }
        Ok(raw)
    }
}

fn fact(line: &str) -> Option<Fact> {
    let (name, value) = line.strip_prefix("# ")?.split_once(": ")?;
    Some(Fact(name.to_owned(), value.to_owned()))
}

fn row(line: &str) -> Option<Row> {
    let fields: Vec<_> = line.split(',').collect();
    let &[round, group, workload, peer, sample, metric, value] = &fields[..] else {
        return None;
    };
    Some(Row {
        round: round.parse().ok()?,
        group: group.to_owned(),
        workload: workload.to_owned(),
        peer: peer.to_owned(),
        sample: sample.parse().ok()?,
        metric: metric.to_owned(),
        value: value.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_file_is_read_as_it_was_written() {
        let text = format!("# cores: 2\n{HEADING}\n1,I/O,echo,tokio,3,p99 ns,12.5");
        let raw: Raw = text.parse().expect("a raw file");
        assert_eq!(
            format!("{}\n{HEADING}\n{}", raw.facts[0], raw.rows[0]),
            text
        );
        assert!("1,2,3".parse::<Raw>().is_err());
    }
}
