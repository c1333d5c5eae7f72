//! Go's channels: a program of its own, built and run where there is `go`.

#![forbid(unsafe_code)]

use crate::peer::WORKERS;
use crate::sync::{MPSC_ALONE, MPSC_BOUNDED_1_1, MPSC_BOUNDED_4_1};
use crate::workload::{Sample, Workload};
use std::env;
use std::path::PathBuf;
use std::process::{Command, id};
use std::sync::LazyLock;

/// Go, as a program that is removed with this.
pub struct Go {
    program: PathBuf,
}

impl Go {
    /// Its name in the results.
    pub const NAME: &'static str = "go";

    /// Whether this machine has it.
    pub fn is_there() -> bool {
        let version = Command::new("go").arg("version").output();
        version.is_ok_and(|output| output.status.success())
    }

    /// Will build it, when it is first used.
    pub fn lazy() -> LazyLock<Self> {
        LazyLock::new(|| {
            let program = env::temp_dir().join(format!("heist-go-channels-{}", id()));
            let source = concat!(env!("CARGO_MANIFEST_DIR"), "/go/channels.go");
            let built = Command::new("go")
                .args(["build", "-o"])
                .arg(&program)
                .arg(source)
                .status();
            assert!(built.is_ok_and(|status| status.success()), "go builds");
            Self { program }
        })
    }

    fn run(&self, workload: &str) -> Sample {
        let output = Command::new(&self.program)
            .arg(workload)
            .env("GOMAXPROCS", WORKERS.to_string())
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = text.trim().parse().expect("it prints a figure");
        Sample(vec![("ns".into(), figure)])
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        // It is in the folder for what is temporary anyway.
        let _ = std::fs::remove_file(&self.program);
    }
}

/// What it does of the group `synchronisation`.
pub fn workloads() -> Vec<Workload<Go>> {
    let workload = |(name, about), run| Workload {
        group: "synchronisation",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(MPSC_BOUNDED_1_1, |go| go.run(MPSC_BOUNDED_1_1.0)),
        workload(MPSC_BOUNDED_4_1, |go| go.run(MPSC_BOUNDED_4_1.0)),
        workload(MPSC_ALONE, |go| go.run(MPSC_ALONE.0)),
    ]
}
