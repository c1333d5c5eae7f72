//! Files and directories: asyncio has none of its own; what is used there is aiofiles, and `to_thread` around `os` and `shutil`.
//!
//! All of these have the names and the meaning that they have in tokio. No system waits for a disk without blocking a thread; so each operation is one job of the
//! runtime's blocking pool, from opening a file to closing it, where the operation does both. What the system has in memory is read without a job.
//!
//! | aiofiles, `os`, `shutil` | here |
//! | --- | --- |
//! | `async with aiofiles.open(path) as f` | [`File::open`], [`File::create`], [`OpenOptions`]; dropping it closes it |
//! | `await f.read()`, `await f.write(…)`, `await f.seek(…)` | the extension traits of [`heist::io`](crate::io) on [`File`] |
//! | `async for line in f` | [`BufReader`](crate::io::BufReader) around it, and `lines()` |
//! | `await f.flush()`, `os.fsync` | `flush()`, [`File::sync_all`] |
//! | `os.pread`, `os.pwrite` | [`File::read_at`], [`File::write_at`] |
//! | the whole of a file | [`read`], [`read_to_string`], [`write`](fn@write), [`copy`] |
//! | `aiofiles.os.stat`, `.mkdir`, `.makedirs`, `.rename`, `.remove`, `.rmdir`, `.link`, `.symlink`, `.readlink`, `.path.exists` | [`metadata`], [`create_dir`], [`create_dir_all`], [`rename`], [`remove_file`], [`remove_dir`], [`hard_link`], [`symlink`], [`read_link`], [`try_exists`] |
//! | `os.scandir`, `aiofiles.os.listdir` | [`read_dir`](fn@read_dir) |
//! | `shutil.rmtree` | [`remove_dir_all`] |
//!
//! # What is guaranteed
//!
//! | what | is guaranteed |
//! | --- | --- |
//! | a future here that is dropped | what hadn't begun never begins; what had is done to its end, on its thread |
//! | a [`File::write_at`] or [`File::write_all_at`] that is dropped | is done, unless it was waiting for earlier writes |
//! | a read at the cursor of a [`File`] that is dropped | no byte is lost: the next read has them |
//! | a write to a [`File`] | is in its buffer when it is ready, with the system after `flush`, on the disk after [`File::sync_all`] |
//! | a [`File`] that is dropped, or whose runtime shuts down | what it had accepted is written |
//! | an error of a write | is told by the next operation that writes, flushes, seeks or syncs; what was accepted behind it is not written |
//! | many operations at once | a few threads do them, so as many files are open as there are threads; where they are slow there are more threads, up to what the pool may have |
//! | memory | a [`File`] that is written holds up to twice [`max_buf_size`](File::max_buf_size) |
//!
//! # Examples
//!
//! Many files, read at once:
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! heist::run(async {
//!     let mut entries = heist::fs::read_dir("src").await?;
//!     let mut files = Vec::new();
//!     while let Some(entry) = entries.next_entry().await? {
//!         if entry.file_type().await?.is_file() {
//!             files.push(heist::fs::read(entry.path()));
//!         }
//!     }
//!     let contents = heist::try_gather(files).await?;
//!     assert!(contents.iter().all(|bytes| !bytes.is_empty()));
//!     Ok(())
//! })
//! # }
//! ```

mod dir_builder;
mod file;
mod job;
mod open_options;
mod paths;
mod read_dir;
mod whole;

pub use dir_builder::DirBuilder;
pub use file::File;
pub use open_options::OpenOptions;
pub use paths::{
    canonicalize, create_dir, create_dir_all, hard_link, metadata, read_link, remove_dir,
    remove_dir_all, remove_file, rename, set_permissions, symlink, symlink_metadata, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, ReadDirStream, read_dir};
pub use whole::{copy, read, read_to_string, write};
