//! How a file is opened.

#![forbid(unsafe_code)]

use super::File;
use super::job::run;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How a file is to be opened: the mode of `open` and aiofiles, in words.
///
/// | `open` | here |
/// | --- | --- |
/// | `"r"` | `read(true)`: [`File::open`] |
/// | `"w"` | `write(true).create(true).truncate(true)`: [`File::create`] |
/// | `"x"` | `write(true).create_new(true)` |
/// | `"a"` | `append(true).create(true)` |
/// | `"r+"`, `"w+"`, `"x+"`, `"a+"` | `read(true)` beside these; `"r+"` is `read(true).write(true)` |
///
/// # Examples
///
/// ```
/// use heist::fs::OpenOptions;
/// use heist::io::AsyncWriteExt;
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let path = std::env::temp_dir().join(format!("heist-doc-options-{}", std::process::id()));
///     for line in ["one\n", "two\n"] {
///         let mut file = OpenOptions::new().append(true).create(true).open(&path).await?;
///         file.write_all(line.as_bytes()).await?;
///         file.flush().await?;
///     }
///     assert_eq!(heist::fs::read(&path).await?, b"one\ntwo\n");
///     heist::fs::remove_file(path).await
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// All options off: with none of them nothing can be opened.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.read(true);
    /// ```
    #[expect(
        clippy::new_without_default,
        reason = "as in tokio and the standard library"
    )]
    pub fn new() -> Self {
        Self(std::fs::OpenOptions::new())
    }

    /// Whether it is to be read.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.read(true);
    /// ```
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Whether it is to be written, from its beginning, over what is there.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.write(true);
    /// ```
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Whether it is to be written at its end: each write goes there, whoever writes to it meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.append(true);
    /// ```
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// Whether what is in it is to go.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.truncate(true);
    /// ```
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Whether it is to be made if it is not there.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.create(true);
    /// ```
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Whether it is to be made, and must not be there: the look and the making are one.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.create_new(true);
    /// ```
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// The permissions of a file that is made, of which the process's umask takes away: `0o666` unless told. `os.open`'s `mode`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.mode(0o600);
    /// ```
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// More flags for the system's `open`, as `O_NOFOLLOW`. `os.open`'s `flags`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut options = heist::fs::OpenOptions::new();
    /// options.custom_flags(0o400_000);
    /// ```
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// What [`std::fs::OpenOptions::open`] says.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it hadn't begun; else the file is made or truncated, if that was asked for, and closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = heist::fs::OpenOptions::new().read(true).open("Cargo.toml").await?;
    ///     assert!(file.metadata().await?.is_file());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let (options, path) = (self.0.clone(), path.as_ref().to_owned());
        run(move || options.open(path)).await.map(File::from_std)
    }
}

/// Options of the standard library's.
impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> Self {
        Self(options)
    }
}
