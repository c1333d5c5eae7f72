//! What is done to paths: each operation of the standard library's as one job.
//!
//! In: paths. Out: what the standard library gives.

#![forbid(unsafe_code)]

use super::job::run;
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

/// The absolute path of what is there, without symbolic links and dots: `os.path.realpath`.
///
/// # Errors
///
/// What [`std::fs::canonicalize`] says.
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
///     let path = heist::fs::canonicalize("src/../Cargo.toml").await?;
///     assert!(path.is_absolute());
///     Ok(())
/// })
/// # }
/// ```
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || fs::canonicalize(path)).await
}

/// Makes a directory: aiofiles' `os.mkdir`.
///
/// # Errors
///
/// What [`std::fs::create_dir`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-mkdir-{}", std::process::id()));
///     heist::fs::create_dir(&path).await?;
///     assert!(heist::fs::metadata(&path).await?.is_dir());
///     heist::fs::remove_dir(path).await
/// })
/// # }
/// ```
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::create_dir(path)).await
}

/// Makes a directory, and those above it that are missing: aiofiles' `os.makedirs`. It is no error if it is there already.
///
/// # Errors
///
/// What [`std::fs::create_dir_all`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-makedirs-{}", std::process::id()));
///     heist::fs::create_dir_all(path.join("a/b")).await?;
///     heist::fs::remove_dir_all(path).await
/// })
/// # }
/// ```
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::create_dir_all(path)).await
}

/// Gives a file another name: aiofiles' `os.link`.
///
/// # Errors
///
/// What [`std::fs::hard_link`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-link-{}", std::process::id()));
///     heist::fs::write(&path, "hello").await?;
///     let link = path.with_extension("link");
///     heist::fs::hard_link(&path, &link).await?;
///     heist::fs::remove_file(path).await?;
///     assert_eq!(heist::fs::read(&link).await?, b"hello");
///     heist::fs::remove_file(link).await
/// })
/// # }
/// ```
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || fs::hard_link(original, link)).await
}

/// What is known of a file, or of what a symbolic link leads to: aiofiles' `os.stat`.
///
/// # Errors
///
/// What [`std::fs::metadata`] says.
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
///     assert!(heist::fs::metadata("Cargo.toml").await?.is_file());
///     Ok(())
/// })
/// # }
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || fs::metadata(path)).await
}

/// Where a symbolic link leads: aiofiles' `os.readlink`.
///
/// # Errors
///
/// What [`std::fs::read_link`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-readlink-{}", std::process::id()));
///     heist::fs::symlink("nowhere", &path).await?;
///     assert_eq!(heist::fs::read_link(&path).await?, std::path::Path::new("nowhere"));
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || fs::read_link(path)).await
}

/// Removes a directory that is empty: aiofiles' `os.rmdir`.
///
/// # Errors
///
/// What [`std::fs::remove_dir`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-rmdir-{}", std::process::id()));
///     heist::fs::create_dir(&path).await?;
///     heist::fs::remove_dir(path).await
/// })
/// # }
/// ```
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_dir(path)).await
}

/// Removes a directory with all that is in it: `shutil.rmtree`. It follows no symbolic link. It is one job, however much there is.
///
/// # Errors
///
/// What [`std::fs::remove_dir_all`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-rmtree-{}", std::process::id()));
///     heist::fs::create_dir_all(path.join("a/b")).await?;
///     heist::fs::remove_dir_all(path).await
/// })
/// # }
/// ```
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_dir_all(path)).await
}

/// Removes a file, or rather this name of it: aiofiles' `os.remove`.
///
/// # Errors
///
/// What [`std::fs::remove_file`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-remove-{}", std::process::id()));
///     heist::fs::write(&path, "hello").await?;
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::remove_file(path)).await
}

/// Renames a file or a directory, and replaces what has the new name: aiofiles' `os.replace`.
///
/// # Errors
///
/// What [`std::fs::rename`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-rename-{}", std::process::id()));
///     heist::fs::write(&path, "hello").await?;
///     let new = path.with_extension("new");
///     heist::fs::rename(path, &new).await?;
///     heist::fs::remove_file(new).await
/// })
/// # }
/// ```
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    run(move || fs::rename(from, to)).await
}

/// Changes what may be done with a file: `os.chmod`.
///
/// # Errors
///
/// What [`std::fs::set_permissions`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-chmod-{}", std::process::id()));
///     heist::fs::write(&path, "hello").await?;
///     let mut permissions = heist::fs::metadata(&path).await?.permissions();
///     permissions.set_readonly(true);
///     heist::fs::set_permissions(&path, permissions).await?;
///     assert!(heist::fs::metadata(&path).await?.permissions().readonly());
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || fs::set_permissions(path, permissions)).await
}

/// Makes a symbolic link that leads to `original`: aiofiles' `os.symlink`.
///
/// # Errors
///
/// What [`std::os::unix::fs::symlink`] says.
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
///     let path = std::env::temp_dir().join(format!("heist-doc-symlink-{}", std::process::id()));
///     heist::fs::symlink("nowhere", &path).await?;
///     assert!(heist::fs::symlink_metadata(&path).await?.is_symlink());
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    run(move || std::os::unix::fs::symlink(original, link)).await
}

/// What is known of a file, or of a symbolic link itself: `os.lstat`.
///
/// # Errors
///
/// What [`std::fs::symlink_metadata`] says.
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
///     assert!(!heist::fs::symlink_metadata("Cargo.toml").await?.is_symlink());
///     Ok(())
/// })
/// # }
/// ```
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || fs::symlink_metadata(path)).await
}

/// Whether there is anything: aiofiles' `os.path.exists`, which keeps to itself why it cannot know.
///
/// # Errors
///
/// What [`std::fs::exists`] says: it is none that there is nothing.
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
///     assert!(heist::fs::try_exists("Cargo.toml").await?);
///     assert!(!heist::fs::try_exists("nowhere").await?);
///     Ok(())
/// })
/// # }
/// ```
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    run(move || fs::exists(path)).await
}
