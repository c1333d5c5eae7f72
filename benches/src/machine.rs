//! Where and with what the figures were measured, as facts for the head of the raw file.

#![forbid(unsafe_code)]

use crate::peer::WORKERS;
use std::process::Command;
use std::{fs, thread};

/// Reads the facts: names and values.
pub fn facts() -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    vec![
        fact("processor", processor()),
        fact(
            "cores",
            thread::available_parallelism()
                .map_or_else(|error| error.to_string(), |cores| cores.to_string()),
        ),
        fact("kernel", read("/proc/sys/kernel/osrelease")),
        fact("load before", read("/proc/loadavg")),
        fact("compiler", output("rustc", &["--version"])),
        fact(
            "commit",
            output(
                "git",
                &[
                    "-C",
                    env!("CARGO_MANIFEST_DIR"),
                    "describe",
                    "--always",
                    "--dirty",
                    "--abbrev=12",
                ],
            ),
        ),
        fact("versions", versions()),
        fact("workers", WORKERS.to_string()),
    ]
}

/// Today, in UTC.
pub fn date() -> String {
    output("date", &["--utc", "+%Y-%m-%d"])
}

fn processor() -> String {
    let cpus = read("/proc/cpuinfo");
    let name = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

/// The versions in the lock file that this program was built with.
fn versions() -> String {
    const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let version = |name| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let (_, rest) = LOCK.split_once(&entry)?;
        Some(format!("{name} {}", rest.split_once('"')?.0))
    };
    let packages = [
        "heist",
        "tokio",
        "smol",
        "async-executor",
        "async-io",
        "hyper",
        "polling",
    ];
    packages
        .into_iter()
        .filter_map(version)
        .collect::<Vec<_>>()
        .join(", ")
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
