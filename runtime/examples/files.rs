//! Files: written, read and worked on, many at once.
//!
//! asyncio: aiofiles, or `to_thread` around `open`.

use heist::StreamExt;
use heist::fs;
use heist::io::{AsyncBufReadExt, BufReader};
use std::path::Path;
use std::{env, io, process};

#[heist::main]
async fn main() -> io::Result<()> {
    program(|line| println!("{line}")).await
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) -> io::Result<()> {
    let folder = env::temp_dir().join(format!("heist-files-{}", process::id()));
    fs::create_dir(&folder).await?;
    let outcome = work_in(&folder, print).await;
    fs::remove_dir_all(&folder).await?;
    outcome
}

async fn work_in(folder: &Path, print: fn(String)) -> io::Result<()> {
    // A hundred files of three lines each, written at once.
    let paths: Vec<_> = (0..100)
        .map(|number| folder.join(format!("{number}.txt")))
        .collect();
    heist::try_gather(
        paths
            .iter()
            .map(|path| fs::write(path, "one\ntwo\nthree\n")),
    )
    .await?;
    print(format!("{} files are written", paths.len()));

    // Read at once, each line by line.
    let counts = heist::try_gather(paths.iter().map(|path| count_lines(path))).await?;
    print(format!("{} lines are read", counts.iter().sum::<usize>()));

    // What is in the folder.
    let mut entries = fs::read_dir(folder).await?;
    let mut bytes = 0;
    while let Some(entry) = entries.next_entry().await? {
        bytes += entry.metadata().await?.len();
    }
    print(format!("{bytes} bytes are in the folder"));
    Ok(())
}

async fn count_lines(path: &Path) -> io::Result<usize> {
    let mut lines = BufReader::new(fs::File::open(path).await?).lines();
    let mut count = 0;
    while let Some(line) = lines.next().await {
        line?;
        count += 1;
    }
    Ok(count)
}
