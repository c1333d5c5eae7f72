//! Reads and writes at places that the caller names.

use crate::support::{Folder, noise};
use heist::fs::{File, OpenOptions};
use heist::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ErrorKind, SeekFrom};
use heist_tests::{OnDrop, Shape, Tally, receive};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;

pub(crate) fn what_is_written_is_read(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    shape.block_on(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let mut file = options.open(&path).await.unwrap();
        // Written at the cursor: seen by what comes after it.
        file.write_all(&[1; 100]).await.unwrap();
        let (read, buffer) = file.read_at([0; 200], 0).await;
        assert_eq!(&buffer[..read.unwrap()], &[1; 100]);

        let pieces =
            (0..50_u8).map(|piece| file.write_all_at(vec![piece; 1_000], 1_000 * u64::from(piece)));
        for (result, piece) in heist::gather(pieces).await {
            result.unwrap();
            assert_eq!(piece.len(), 1_000);
        }
        let pieces =
            (0..50_u8).map(|piece| file.read_exact_at(vec![0; 1_000], 1_000 * u64::from(piece)));
        for (piece, (result, read)) in heist::gather(pieces).await.into_iter().enumerate() {
            result.unwrap();
            assert_eq!(read, [piece as u8; 1_000]);
        }
        // More than is read at once.
        let large = noise(1 << 20);
        let (result, large) = file.write_all_at(large, 10).await;
        result.unwrap();
        let (result, read) = file.read_exact_at(vec![0; 1 << 20], 10).await;
        result.unwrap();
        assert!(read == large);
        let (result, _) = file.read_exact_at(vec![0; 20], 1 << 20).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (read, _) = file.read_at(vec![0; 20], 1 << 30).await;
        assert_eq!(read.unwrap(), 0);
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 100);
    });
}

/// Where the system wants to hear of none: beyond what its own signed offset holds.
pub(crate) fn offsets_that_no_file_has(shape: Shape) {
    #[track_caller]
    fn assert_invalid<T: fmt::Debug>(result: io::Result<T>) {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    let folder = Folder::new();
    let path = folder.with("file", b"0123456789");
    shape.block_on(async {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).open(&path).await.unwrap();
        for offset in [u64::MAX, u64::MAX - 1, 1 << 63] {
            assert_invalid(file.read_at([0; 4], offset).await.0);
            assert_invalid(file.read_exact_at([0; 4], offset).await.0);
            assert_invalid(file.read_exact_at([0; 20], offset).await.0);
            assert_invalid(file.write_at("x", offset).await.0);
            assert_invalid(file.write_all_at("x", offset).await.0);
        }
        // The cursor is where it was.
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "0123456789");
    });
}

/// A buffer that panics: when it is to be written, and at the last of so many looks when it is read into.
struct Panics(u32);

impl AsRef<[u8]> for Panics {
    fn as_ref(&self) -> &[u8] {
        panic!("as it was written")
    }
}

impl AsMut<[u8]> for Panics {
    fn as_mut(&mut self) -> &mut [u8] {
        self.0 -= 1;
        assert!(self.0 > 0, "as it was read");
        &mut []
    }
}

pub(crate) fn a_buffer_that_panics(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    let (pipe, _writer) = io::pipe().unwrap();
    shape.block_on(async {
        let file = File::create(&path).await.unwrap();
        let (written, _) = file.write_at(Panics(0), 0).await;
        let error = written.unwrap_err().to_string();
        assert!(error.ends_with("panicked: as it was written"), "{error}");
        file.write_all_at("x", 0).await.0.unwrap();

        // A job has to tell that a pipe has no offsets. The second look is its own.
        let pipe = File::from(OwnedFd::from(pipe));
        let (read, _) = pipe.read_at(Panics(2), 0).await;
        let error = read.unwrap_err().to_string();
        assert!(error.ends_with("panicked: as it was read"), "{error}");
    });
}

/// A buffer that is missed.
struct Missed(
    [u8; 1],
    #[expect(dead_code, reason = "its drop is counted")] OnDrop,
);

impl AsMut<[u8]> for Missed {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl AsRef<[u8]> for Missed {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Polls it once, and drops it: it waits for a thread.
async fn give_up<F: Future>(future: F) {
    let mut future = pin!(future);
    let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
}

/// The only thread is held up.
pub(crate) fn reads_that_are_dropped_never_begin_and_writes_do(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    let runtime = shape.build(shape.builder().max_blocking_threads(1));
    let file = runtime.block_on(File::create(&path)).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let job = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        released.recv()
    });
    receive(&begins);
    let gone = Tally::new();
    let (pipe, _writer) = io::pipe().unwrap();
    runtime.block_on(async {
        let pipe = File::from(OwnedFd::from(pipe));
        give_up(pipe.read_at(Missed([0], gone.on_drop()), 0)).await;
        assert_eq!(gone.count(), 1);
        give_up(pipe.read_exact_at(Missed([0], gone.on_drop()), 0)).await;
        assert_eq!(gone.count(), 2);

        give_up(file.write_at(Missed([7], gone.on_drop()), 0)).await;
        give_up(file.write_all_at(Missed([8], gone.on_drop()), 1)).await;
        assert_eq!(gone.count(), 2);
    });
    drop(release);
    runtime.block_on(async {
        assert!(job.await.unwrap().is_err());
        heist_tests::until("a write was lost", || gone.count() == 4).await;
    });
    assert_eq!(std::fs::read(path).unwrap(), [7, 8]);
}
