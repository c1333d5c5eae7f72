//! Whole files: read, written, copied.
//!
//! In: paths and contents. Out: contents and lengths. Each is one job, from opening the file to closing it.

#![forbid(unsafe_code)]

use super::job::run;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file: aiofiles' `read`.
///
/// # Errors
///
/// What [`std::fs::read`] says: if there is no such file, it cannot be read, or it is a directory. If the runtime shuts down meanwhile.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it has had no effect.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let bytes = heist::fs::read("Cargo.toml").await?;
///     assert!(!bytes.is_empty());
///     Ok(())
/// })
/// # }
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run(move || read_whole(&path)).await
}

/// As [`std::fs::read`], with one system call less for a file that is as long as it says: one byte more is asked for, and if a read stops where the file said that it
/// ends, that is its end.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = usize::try_from(metadata.len()).ok();
    let mut bytes = Vec::new();
    if let Some(length) = length.filter(|&length| length > 0 && metadata.is_file()) {
        bytes.try_reserve_exact(length.saturating_add(1))?;
        match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes)) {
            Ok(_) if bytes.len() == length => return Ok(bytes),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // It grows or shrinks, or says nothing of its length, as those in `/proc`.
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole file of UTF-8: aiofiles' `read` of a file in text mode.
///
/// # Errors
///
/// As [`read`]; and if the file isn't valid UTF-8 (`InvalidData`).
///
/// # Panics
///
/// Outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it has had no effect.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let text = heist::fs::read_to_string("Cargo.toml").await?;
///     assert!(text.contains("heist"));
///     Ok(())
/// })
/// # }
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run(move || {
        let bytes = read_whole(&path)?;
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    })
    .await
}

/// Makes a file of these contents, or replaces what was there: aiofiles' `write`.
///
/// # Errors
///
/// What [`std::fs::write`] says. The file may then have a part of the contents.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it has had no effect if it hadn't begun; else all of it is done.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let path = std::env::temp_dir().join(format!("heist-doc-write-{}", std::process::id()));
///     heist::fs::write(&path, "hello").await?;
///     assert_eq!(heist::fs::read(&path).await?, b"hello");
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_owned();
    run(move || fs::write(path, contents)).await
}

/// Copies a file's contents and permissions, and says how many bytes it copied: `shutil.copy`. On Linux the kernel does it, by `copy_file_range`, where it can.
///
/// # Errors
///
/// What [`std::fs::copy`] says.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it has had no effect if it hadn't begun; else all of it is done.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let path = std::env::temp_dir().join(format!("heist-doc-copy-{}", std::process::id()));
///     let length = heist::fs::copy("Cargo.toml", &path).await?;
///     assert_eq!(length, heist::fs::metadata(&path).await?.len());
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || fs::copy(from, to)).await
}
