//! Files that are open.

use crate::support::{Folder, noise};
use heist::StreamExt;
use heist::fs::{self, File, OpenOptions};
use heist::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, SeekFrom};
use heist::sync::oneshot;
use heist_tests::{Shape, once_waiting, until};
use std::future::{Future, poll_fn};
use std::io::{IoSlice, Read, Seek, Write};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

pub(crate) fn what_is_written_is_read(shape: Shape) {
    let folder = Folder::new();
    let bytes = noise((5 << 20) + 3);
    shape.block_on(async {
        for (name, piece, limit) in [
            ("a", 100_000, 2 << 20),
            ("b", 7_777, 10_000),
            ("c", 8 << 20, 1),
        ] {
            let path = folder.file(name);
            // Byte by byte takes long.
            let bytes = if limit == 1 {
                &bytes[..3_000]
            } else {
                &bytes[..]
            };
            let mut file = File::create(&path).await.unwrap();
            file.set_max_buf_size(limit);
            for piece in bytes.chunks(piece) {
                file.write_all(piece).await.unwrap();
            }
            file.flush().await.unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes);

            let mut file = File::open(&path).await.unwrap();
            file.set_max_buf_size(limit);
            let mut read = Vec::new();
            let mut buffer = vec![0; piece];
            loop {
                match file.read(&mut buffer).await.unwrap() {
                    0 => break,
                    length => read.extend_from_slice(&buffer[..length]),
                }
            }
            assert!(read == bytes, "{name}");
            assert_eq!(file.read(&mut buffer).await.unwrap(), 0);
        }
        let mut file = File::open(folder.file("a")).await.unwrap();
        let mut read = Vec::new();
        file.read_to_end(&mut read).await.unwrap();
        assert!(read == bytes);
    });
}

pub(crate) fn seeks_and_writes_count_from_what_was_handed_out(shape: Shape) {
    let folder = Folder::new();
    let bytes = noise(300_000);
    let path = folder.with("file", &bytes);
    shape.block_on(async {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).open(&path).await.unwrap();
        let mut buffer = [0; 1_000];
        file.read_exact(&mut buffer).await.unwrap();
        assert!(buffer == bytes[..1_000]);
        assert_eq!(file.seek(SeekFrom::Current(-500)).await.unwrap(), 500);
        file.read_exact(&mut buffer).await.unwrap();
        assert!(buffer == bytes[500..1_500]);
        file.write_all(b"here").await.unwrap();
        file.read_exact(&mut buffer[..10]).await.unwrap();
        assert!(buffer[..10] == bytes[1_504..1_514]);
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 1_514);
        assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), 299_996);
        assert!(file.seek(SeekFrom::Current(-300_000)).await.is_err());
        file.write_all(b"and there").await.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
        let mut now = Vec::new();
        file.read_to_end(&mut now).await.unwrap();
        let mut expected = bytes.clone();
        expected[1_500..1_504].copy_from_slice(b"here");
        expected.truncate(299_996);
        expected.extend_from_slice(b"and there");
        assert!(now == expected);
        // The end is not for ever.
        file.write_all(b"!").await.unwrap();
        file.set_len(10).await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 10);
    });
}

/// In a pipe, where the reads wait.
pub(crate) fn reads_that_are_dropped_lose_nothing(shape: Shape) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    shape.block_on(async move {
        let mut file = File::from(std::os::fd::OwnedFd::from(reader));
        for round in 0..20_u8 {
            let mut buffer = [0; 4];
            {
                let mut read = pin!(file.read(&mut buffer));
                poll_fn(|cx| {
                    assert!(read.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            writer.write_all(&[round; 4]).unwrap();
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(buffer, [round; 4]);
        }
        drop(writer);
        assert_eq!(file.read(&mut [0]).await.unwrap(), 0);
    });
}

pub(crate) fn what_was_accepted_is_written_when_the_file_is_dropped(shape: Shape) {
    let folder = Folder::new();
    let bytes = noise(3 << 20);
    let runtime = shape.running();
    let paths: Vec<_> = (0..20).map(|file| folder.file(&file.to_string())).collect();
    let accepted = runtime.block_on(async {
        let mut accepted = Vec::new();
        for path in &paths {
            let mut file = File::create(path).await.unwrap();
            // As much as is accepted without a wait, in two goes.
            let mut length = 0;
            for _ in 0..2 {
                let rest = &bytes[length..length + (1 << 20)];
                let mut write = pin!(file.write(rest));
                let polled = poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await;
                if let Poll::Ready(written) = polled {
                    length += written.unwrap();
                }
            }
            assert!(length > 0);
            accepted.push(length);
        }
        accepted
    });
    // Jobs that were begun are waited for.
    drop(runtime);
    for (path, length) in paths.iter().zip(accepted) {
        assert!(std::fs::read(path).unwrap() == bytes[..length]);
    }
}

/// Though no thread has begun with it: the only one is held up.
pub(crate) fn what_was_accepted_is_written_when_the_runtime_ends(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    let runtime = shape.build(shape.builder().max_blocking_threads(1));
    let mut file = runtime.block_on(File::create(&path)).unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = std::sync::mpsc::channel();
    let job = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        released.recv()
    });
    heist_tests::receive(&begins);
    runtime.block_on(async {
        file.write_all(b"promised").await.unwrap();
        drop(file);
    });
    let read = runtime.spawn({
        let path = path.clone();
        async move { fs::read(path).await }
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(1));
    drop(release);
    drop((job, read));
    // On a thread of its own, since nobody waits for that.
    heist_tests::wait_until(|| std::fs::read(&path).unwrap() == b"promised");
}

pub(crate) fn slices_are_written_in_one(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    shape.block_on(async {
        let mut file = File::create(&path).await.unwrap();
        let slices = [
            IoSlice::new(b"one "),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(file.write_vectored(&slices).await.unwrap(), 7);
        assert_eq!(file.write_vectored(&[]).await.unwrap(), 0);
        assert_eq!(file.write(b"").await.unwrap(), 0);
        file.close().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
    });
}

pub(crate) fn appended_lines_by_many(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("log");
    shape.block_on(async {
        let write = |task: usize| {
            let path = path.clone();
            async move {
                let mut options = OpenOptions::new();
                let mut file = options.append(true).create(true).open(path).await?;
                for line in 0..10 {
                    file.write_all(format!("{task} {line}\n").as_bytes())
                        .await?;
                    file.flush().await?;
                }
                std::io::Result::Ok(())
            }
        };
        heist::try_gather((0..10).map(write)).await.unwrap();
        let text = fs::read_to_string(&path).await.unwrap();
        assert_eq!(text.lines().count(), 100);
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 100);
    });
}

pub(crate) fn back_to_the_standard_library(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    shape.block_on(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let mut file = options.open(&path).await.unwrap();
        file.write_all(b"hello, world").await.unwrap();
        file.set_max_buf_size(4_096);
        let mut clone = file.try_clone().await.unwrap();
        assert_eq!(clone.max_buf_size(), 4_096);
        file.seek(SeekFrom::Start(0)).await.unwrap();
        file.read_exact(&mut [0; 5]).await.unwrap();
        // Something is under way still, maybe.
        {
            let mut sync = pin!(file.sync_all());
            let _ = poll_fn(|cx| Poll::Ready(sync.as_mut().poll(cx))).await;
        }
        let mut std = file.into_std().await;
        assert_eq!(std.stream_position().unwrap(), 5);
        let mut rest = String::new();
        std.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, ", world");
        drop(std);
        // The cursor is one.
        clone.write_all(b"!").await.unwrap();
        clone.flush().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello, world!");
        let std = File::from_std(std::fs::File::open(&path).unwrap()).try_into_std();
        assert!(std.is_ok());
    });
}

/// Holds up the only thread of this runtime, until what it gives is dropped.
async fn hold_up() -> impl Sized {
    let (begun, begins) = oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    drop(heist::spawn_blocking(move || {
        begun.send(()).unwrap();
        released.recv()
    }));
    begins.await.unwrap();
    release
}

/// With an error of a write that nobody was told of.
pub(crate) fn a_file_that_comes_back_has_its_error(shape: Shape) {
    let runtime = shape.build(shape.builder().max_blocking_threads(1));
    runtime.block_on(async {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let mut file = options.open("/dev/full").await.unwrap();
        // Or the write itself may be told.
        let held_up = hold_up().await;
        file.write_all(b"x").await.unwrap();
        drop(held_up);
        // It waits until that has failed.
        file.read_at([0], 0).await.0.unwrap();

        let held_up = hold_up().await;
        {
            let mut write = pin!(file.write_at([1], 0));
            let polled = poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
        }
        let mut file = file.try_into_std().expect_err("a write waits for a thread");
        drop(held_up);
        let error = file.flush().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        file.flush().await.unwrap();
    });
}

/// A waker that wakes nobody.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

/// Polls it once, and drops it: it waits. Gives what says whether the waker is kept.
fn give_up<F: Future>(future: F) -> Weak<Nobody> {
    let nobody = Arc::new(Nobody);
    let kept = Arc::downgrade(&nobody);
    let waker = Waker::from(nobody);
    let mut future = pin!(future);
    let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    kept
}

/// In a pipe that is full.
pub(crate) fn who_gives_up_leaves_no_waker(shape: Shape) {
    let (reader, writer) = std::io::pipe().unwrap();
    shape.block_on(async move {
        let mut file = File::from(std::os::fd::OwnedFd::from(writer));
        file.write_all(&[0; 200_000]).await.unwrap();
        let waiting = [
            give_up(file.sync_all()),
            give_up(file.set_len(0)),
            give_up(file.read_at([0], 0)),
            give_up(file.write_all_at([0], 0)),
        ];
        // A job that has just begun may be about to wake them.
        let kept = |of: &Weak<Nobody>| of.strong_count() > 0;
        until("a waker was kept", || !waiting.iter().any(kept)).await;

        // Of those that have the file to themselves the last one counts.
        let waiting = [
            give_up(file.flush()),
            give_up(file.flush()),
            give_up(file.close()),
        ];
        until("a waker was kept", || !waiting[..2].iter().any(kept)).await;
        drop(file);
        until("a waker was kept", || !kept(&waiting[2])).await;
        // Only now the write ends.
        drop(reader);
    });
}

pub(crate) fn a_pipe_as_a_file(shape: Shape) {
    let (reader, writer) = std::io::pipe().unwrap();
    let bytes = noise(1 << 20);
    shape.block_on(async {
        let mut reader = File::from(std::os::fd::OwnedFd::from(reader));
        let mut writer = File::from(std::os::fd::OwnedFd::from(writer));
        let send = async {
            writer.write_all(&bytes).await?;
            writer.flush().await?;
            drop(writer);
            std::io::Result::Ok(())
        };
        let mut read = Vec::new();
        let (sent, received) = heist::join!(send, reader.read_to_end(&mut read));
        sent.unwrap();
        received.unwrap();
        assert!(read == bytes);
        assert!(reader.seek(SeekFrom::Start(0)).await.is_err());
        let (result, _) = reader.read_at([0], 0).await;
        assert!(result.is_err());
    });
}

pub(crate) fn lines_of_a_file(shape: Shape) {
    let folder = Folder::new();
    let path = folder.with("file", b"one\ntwo\nthree");
    shape.block_on(async {
        let file = File::open(&path).await.unwrap();
        let lines: Vec<_> = BufReader::new(file).lines().try_collect().await.unwrap();
        assert_eq!(lines, ["one", "two", "three"]);

        // One that waits is woken.
        let (reader, mut writer) = std::io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(reader));
        let mut lines = BufReader::new(file).lines();
        let line = once_waiting(lines.next(), || writer.write_all(b"four\n").unwrap()).await;
        assert_eq!(line.unwrap().unwrap(), "four");
        let _ = Pin::new(&mut lines);
    });
}
