//! The making of directories, with settings.

#![forbid(unsafe_code)]

use super::job::run;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes directories: `os.mkdir` and `os.makedirs` with their arguments.
///
/// # Examples
///
/// ```
/// use heist::fs::DirBuilder;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let path = std::env::temp_dir().join(format!("heist-doc-builder-{}", std::process::id()));
///     DirBuilder::new().recursive(true).mode(0o700).create(path.join("a/b")).await?;
///     heist::fs::remove_dir_all(path).await
/// })
/// # }
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    mode: Option<u32>,
}

impl DirBuilder {
    /// What makes one directory, which must not be there, with the usual permissions.
    ///
    /// # Examples
    ///
    /// ```
    /// let builder = heist::fs::DirBuilder::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to make the directories above it that are missing, too, and not to mind one that is there.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut builder = heist::fs::DirBuilder::new();
    /// builder.recursive(true);
    /// ```
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// The permissions of what it makes, of which the process's umask takes away: `0o777` unless told.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut builder = heist::fs::DirBuilder::new();
    /// builder.mode(0o700);
    /// ```
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// What [`std::fs::DirBuilder::create`] says.
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
    ///     let path = std::env::temp_dir().join(format!("heist-doc-builder-create-{}", std::process::id()));
    ///     heist::fs::DirBuilder::new().create(&path).await?;
    ///     heist::fs::remove_dir(path).await
    /// })
    /// # }
    /// ```
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        if let Some(mode) = self.mode {
            builder.mode(mode);
        }
        run(move || builder.create(path)).await
    }
}
