//! Files: many small ones at once, and a large one. All are in the system's memory: what is measured is what the runtime adds.

#![forbid(unsafe_code)]

use crate::peer::Peer;
use crate::workload::{Sample, Workload};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;
use std::{env, fs, process};

/// The group.
pub fn workloads<P: Peer>() -> Vec<Workload<P>> {
    let workload = |name, about, run| Workload {
        group: "files",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload(
            "files_small",
            "10,000 tasks at once each read a file of 4 KiB, and give its length: per file",
            small,
        ),
        workload(
            "file_large_read",
            "a task reads a file of 128 MiB into a buffer of 64 KiB, again and again: per MiB",
            large_read,
        ),
        workload(
            "file_large_write",
            "a task writes a file of 128 MiB from a buffer of 64 KiB, and flushes: per MiB",
            large_write,
        ),
        workload(
            "file_copy",
            "a task copies a file of 128 MiB: per MiB",
            copy,
        ),
    ]
}

/// The size of a large file, in MiB.
const LARGE: usize = 128;
const BUFFER: usize = 64 << 10;

/// A directory that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("heist-benches-{}", process::id()));
        fs::create_dir_all(&path).expect("a directory can be made");
        Self(path)
    }

    /// A large file in it.
    fn large(&self) -> PathBuf {
        let path = self.0.join("large");
        fs::write(&path, vec![1; LARGE << 20]).expect("a file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SMALL_FILES: usize = 10_000;
const SMALL: usize = 4 << 10;

/// A folder of small files, which stays for the next process: so old, they are read without a mark in their inodes.
fn small_files() -> PathBuf {
    let folder = env::temp_dir().join("heist-benches-small");
    let last = folder.join((SMALL_FILES - 1).to_string());
    if fs::metadata(last).is_ok_and(|metadata| metadata.len() == SMALL as u64) {
        return folder;
    }
    fs::create_dir_all(&folder).expect("a directory can be made");
    for file in 0..SMALL_FILES {
        let written = fs::write(folder.join(file.to_string()), [1; SMALL]);
        written.expect("a file can be written");
    }
    folder
}

fn small<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    let folder = small_files();
    runtime.run(async move {
        let start = Instant::now();
        let length = |path| async { P::read_file(path).await.map(|bytes| bytes.len()) };
        let tasks: Vec<_> = (0..SMALL_FILES)
            .map(|file| P::spawn(length(folder.join(file.to_string()))))
            .collect();
        for task in tasks {
            assert_eq!(P::join(task).await.expect("it is there"), SMALL);
        }
        Sample::throughput(SMALL_FILES, start.elapsed())
    })
}

fn large_read<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    let folder = Folder::new();
    let path = folder.large();
    runtime.run(async move {
        let mut buffer = vec![0; BUFFER];
        let start = Instant::now();
        let mut file = P::open(path).await.expect("it is there");
        let mut length = 0;
        loop {
            match P::file_read(&mut file, &mut buffer)
                .await
                .expect("it is read")
            {
                0 => break,
                read => length += read,
            }
        }
        assert_eq!(length, LARGE << 20);
        Sample::throughput(LARGE, start.elapsed())
    })
}

fn large_write<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    let folder = Folder::new();
    let path = folder.0.join("written");
    let written = path.clone();
    let sample = runtime.run(async move {
        let buffer = vec![1; BUFFER];
        let start = Instant::now();
        let mut file = P::create(path).await.expect("it can be made");
        for _ in 0..(LARGE << 20) / BUFFER {
            let written = P::file_write_all(&mut file, &buffer).await;
            written.expect("there is room");
        }
        P::file_flush(&mut file).await.expect("there is room");
        Sample::throughput(LARGE, start.elapsed())
    });
    let metadata = fs::metadata(written).expect("it is there");
    assert_eq!(metadata.len(), (LARGE << 20) as u64);
    sample
}

fn copy<P: Peer>(runtime: &LazyLock<P>) -> Sample {
    let folder = Folder::new();
    let (from, to) = (folder.large(), folder.0.join("copy"));
    runtime.run(async move {
        let start = Instant::now();
        let copied = P::copy_file(from, to).await.expect("there is room");
        assert_eq!(copied, (LARGE << 20) as u64);
        Sample::throughput(LARGE, start.elapsed())
    })
}
