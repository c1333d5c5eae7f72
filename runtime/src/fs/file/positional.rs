//! A file, read and written at places that the caller names, by several at once.
//!
//! In: buffers that are the caller's own, and offsets. Out: the same buffers, whatever came of it.

#![forbid(unsafe_code)]

use super::{File, Shared};
use crate::fs::job::run;
use crate::spawn::spawn_file_job;
use heist_sync::oneshot;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A buffer on its way to a job and back, even if that never runs, or panics.
struct Lent<B> {
    buffer: Option<B>,
    back: Option<oneshot::Sender<B>>,
}

impl<B> Lent<B> {
    fn new(buffer: B) -> (Self, oneshot::Receiver<B>) {
        let (back, comes_back) = oneshot::channel();
        let lent = Self {
            buffer: Some(buffer),
            back: Some(back),
        };
        (lent, comes_back)
    }

    /// Lets go of the file before the buffer is back: then the operation is over, and whoever waited for it may be about to close the file.
    /// (Arguments are dropped from the last to the first.)
    fn use_for(
        mut self,
        file: Arc<Shared>,
        operation: impl FnOnce(&Shared, &mut B) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let buffer = self.buffer.as_mut().expect("only the drop takes it");
        operation(&file, buffer)
    }
}

impl<B> Drop for Lent<B> {
    fn drop(&mut self) {
        if let (Some(buffer), Some(back)) = (self.buffer.take(), self.back.take()) {
            // Nobody may wait for it any more.
            let _ = back.send(buffer);
        }
    }
}

impl File {
    /// Reads from an offset, and leaves the cursor alone: `os.pread`. Gives how much it has read, into the beginning of the buffer, which may be less than that holds: at the end
    /// of the file nothing.
    ///
    /// The buffer is handed in and comes back, whatever came of it. (It is not borrowed, since the thread that reads may be at it still when this future is dropped.) What was
    /// accepted by earlier writes is written before.
    ///
    /// # Errors
    ///
    /// What [`read_at`](FileExt::read_at) of the standard library says: in a pipe there is no offset.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect, but that the buffer is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = heist::fs::File::open("Cargo.toml").await?;
    ///     let (read, buffer) = file.read_at([0; 9], 0).await;
    ///     assert_eq!(&buffer[..read?], b"[package]");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn read_at<B>(&self, mut buffer: B, offset: u64) -> (io::Result<usize>, B)
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        self.behind.idle().await;
        if let Some(read) = self.now.read(&self.shared, buffer.as_mut(), Some(offset)) {
            return (Ok(read), buffer);
        }
        let read = move |file: &Shared, buffer: &mut B| file.read_at(buffer.as_mut(), offset);
        self.lend_to_read(buffer, read).await
    }

    /// Fills a buffer from an offset, and leaves the cursor alone. See [`read_at`](Self::read_at).
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at); and if the file ends before (`UnexpectedEof`).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect, but that the buffer is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let file = heist::fs::File::open("Cargo.toml").await?;
    ///     let (result, buffer) = file.read_exact_at(vec![0; 7], 1).await;
    ///     result?;
    ///     assert_eq!(buffer, b"package");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn read_exact_at<B>(&self, buffer: B, offset: u64) -> (io::Result<()>, B)
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        let (read, mut buffer) = self.read_at(buffer, offset).await;
        let whole = buffer.as_mut().len();
        match read {
            Ok(read) if read < whole => {
                let rest = move |file: &Shared, buffer: &mut B| {
                    file.read_exact_at(&mut buffer.as_mut()[read..], offset + read as u64)?;
                    Ok(whole)
                };
                let (result, buffer) = self.lend_to_read(buffer, rest).await;
                (result.map(drop), buffer)
            }
            result => (result.map(drop), buffer),
        }
    }

    /// Writes at an offset, and leaves the cursor alone: `os.pwrite`. Gives how much it has written, which may be less than the buffer holds. The buffer, which may be a
    /// vector, a string or anything else that can be sent, comes back.
    ///
    /// Several may write at once; in what order, nobody knows. What was accepted by earlier writes at the cursor is written before. Unlike those, it is with the system when it
    /// is done. On a file that was opened to append, Linux writes at the end, whatever the offset.
    ///
    /// # Errors
    ///
    /// What [`write_at`](FileExt::write_at) of the standard library says: in a pipe there is no offset.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has had no effect if it was waiting for earlier writes; else it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-pwrite-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     let (written, _buffer) = file.write_at("hello", 3).await;
    ///     assert_eq!(written?, 5);
    ///     assert_eq!(heist::fs::read(&path).await?, b"\0\0\0hello");
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn write_at<B>(&self, buffer: B, offset: u64) -> (io::Result<usize>, B)
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        self.behind.idle().await;
        let write = move |file: &Shared, buffer: &mut B| file.write_at((*buffer).as_ref(), offset);
        self.lend_to_write(buffer, write).await
    }

    /// Writes all of a buffer at an offset, and leaves the cursor alone. See [`write_at`](Self::write_at).
    ///
    /// # Errors
    ///
    /// As [`write_at`](Self::write_at). A part may then be written.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`write_at`](Self::write_at).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let path = std::env::temp_dir().join(format!("heist-doc-pwrite-all-{}", std::process::id()));
    ///     let file = heist::fs::File::create(&path).await?;
    ///     let (result, buffer) = file.write_all_at(vec![7; 1_000], 24).await;
    ///     result?;
    ///     assert_eq!(buffer.len(), 1_000);
    ///     assert_eq!(file.metadata().await?.len(), 1_024);
    ///     heist::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn write_all_at<B>(&self, buffer: B, offset: u64) -> (io::Result<()>, B)
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        self.behind.idle().await;
        let write = move |file: &Shared, buffer: &mut B| {
            let bytes = (*buffer).as_ref();
            file.write_all_at(bytes, offset)?;
            Ok(bytes.len())
        };
        let (result, buffer) = self.lend_to_write(buffer, write).await;
        (result.map(drop), buffer)
    }

    /// An operation on the pool, which has the buffer meanwhile. Dropped, it never begins if it hadn't begun.
    async fn lend_to_read<B: Send + 'static>(
        &self,
        buffer: B,
        operation: impl FnOnce(&Shared, &mut B) -> io::Result<usize> + Send + 'static,
    ) -> (io::Result<usize>, B) {
        let (lent, comes_back) = Lent::new(buffer);
        let file = self.shared.clone();
        let result = run(move || lent.use_for(file, operation)).await;
        (result, returned(comes_back).await)
    }

    /// Likewise. It is promised, as what is written must be: dropped, it is done.
    async fn lend_to_write<B: Send + 'static>(
        &self,
        buffer: B,
        operation: impl FnOnce(&Shared, &mut B) -> io::Result<usize> + Send + 'static,
    ) -> (io::Result<usize>, B) {
        let (lent, comes_back) = Lent::new(buffer);
        let file = self.shared.clone();
        let write = move |file: &Shared, buffer: &mut B| {
            let result = operation(file, buffer);
            file.stale.set();
            result
        };
        let job = spawn_file_job(move || lent.use_for(file, write), true);
        let result = job.await.unwrap_or_else(|error| Err(error.into()));
        (result, returned(comes_back).await)
    }
}

async fn returned<B>(comes_back: oneshot::Receiver<B>) -> B {
    comes_back
        .await
        .expect("what is lent is given back by its destructor")
}
