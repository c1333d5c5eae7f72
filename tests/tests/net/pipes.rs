//! Pipes, without and with a name.

use crate::support::{Random, once_waiting};
use heist::io::{AsyncReadExt, AsyncWriteExt, ErrorKind, Interest};
use heist::net::unix::pipe::{OpenOptions, Receiver, Sender, pipe};
use heist::task::yield_now;
use heist_tests::Shape;
use rustix::fs::{CWD, Mode, OFlags, fcntl_getfl};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A named pipe, which goes with this.
struct Fifo(PathBuf);

impl Fifo {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-pipes-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let kind = rustix::fs::FileType::Fifo;
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(CWD, &path, kind, mode, 0).expect("it is made");
        Self(path)
    }

    fn receiver(&self) -> Receiver {
        let opened = OpenOptions::new().open_receiver(&self.0);
        opened.expect("it is opened")
    }

    fn sender(&self) -> Sender {
        let opened = OpenOptions::new().open_sender(&self.0);
        opened.expect("it is opened")
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A new pipe, which has found that there is nothing to read.
fn settled() -> (Sender, Receiver) {
    let (sender, receiver) = pipe().expect("it is made");
    let error = receiver.try_read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (sender, receiver)
}

/// Writes until there is no room.
fn fill(sender: &Sender) -> usize {
    let mut written = 0;
    while let Ok(more) = sender.try_write(&[0; 4_096]) {
        written += more;
    }
    written
}

/// Many times what a pipe holds, in chunks of all sizes.
pub(crate) fn mebibytes_in_chunks(shape: Shape) {
    const SIZE: usize = 4 << 20;
    shape.block_on(async {
        let (mut sender, mut receiver) = pipe().unwrap();
        let data = Random::new(1).bytes(SIZE);
        let expected = data.clone();
        let reading = heist::spawn(async move {
            let mut random = Random::new(2);
            let mut read = 0;
            loop {
                let mut chunk = vec![0; random.chunk()];
                match receiver.read(&mut chunk).await.unwrap() {
                    0 => break,
                    more => {
                        assert!(chunk[..more] == expected[read..read + more]);
                        read += more;
                    }
                }
            }
            assert_eq!(read, SIZE);
        });
        let mut random = Random::new(3);
        let mut rest = &data[..];
        while !rest.is_empty() {
            let (chunk, others) = rest.split_at(random.chunk().min(rest.len()));
            sender.write_all(chunk).await.unwrap();
            rest = others;
        }
        drop(sender);
        reading.await.unwrap();
    });
}

pub(crate) fn the_other_end_goes(shape: Shape) {
    shape.block_on(async {
        // While somebody waits, and before.
        let (mut sender, mut receiver) = pipe().unwrap();
        sender.write_all(b"last words").await.unwrap();
        let mut text = String::new();
        let mut sender = Some(sender);
        let read = once_waiting(receiver.read_to_string(&mut text), || drop(sender.take()));
        read.await.unwrap();
        assert_eq!(text, "last words");
        assert_eq!(receiver.read(&mut [0]).await.unwrap(), 0);
        // The end is an event of its own, which may come after the read that found it: that one of the last words was enough to wake it.
        while !receiver
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            yield_now().await;
        }

        let (mut sender, receiver) = pipe().unwrap();
        fill(&sender);
        let mut receiver = Some(receiver);
        let write = once_waiting(sender.write_all(b"more"), || drop(receiver.take()));
        assert_eq!(write.await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        sender.writable().await.unwrap();
        let error = sender.try_write(b"more").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

pub(crate) fn any_number_wait(shape: Shape) {
    shape.block_on(async {
        let (sender, receiver) = settled();
        let receiver = std::sync::Arc::new(receiver);
        let begun = heist_tests::Tally::new();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (receiver, begun) = (receiver.clone(), begun.clone());
                heist::spawn(async move {
                    once_waiting(receiver.readable(), || begun.hit())
                        .await
                        .unwrap();
                })
            })
            .collect();
        crate::support::until(|| begun.count() == 16).await;
        assert_eq!(sender.try_write(b"x").unwrap(), 1);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 1);
    });
}

/// Whoever opens it first waits for the other, and reads no end before there was one.
pub(crate) fn a_receiver_waits_for_the_first_sender(shape: Shape) {
    shape.block_on(async {
        for writes in [true, false] {
            let fifo = Fifo::new();
            let mut receiver = fifo.receiver();
            let error = receiver.try_read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            let mut text = String::new();
            let read = once_waiting(receiver.read_to_string(&mut text), || {
                let sender = fifo.sender();
                if writes {
                    assert_eq!(sender.try_write(b"hello").unwrap(), 5);
                }
            });
            read.await.unwrap();
            assert_eq!(text, if writes { "hello" } else { "" });
        }
    });
}

/// The end, and then more: another sender has opened it since.
pub(crate) fn one_sender_after_another(shape: Shape) {
    shape.block_on(async {
        let fifo = Fifo::new();
        let mut receiver = fifo.receiver();
        drop(fifo.sender());
        assert_eq!(receiver.read(&mut [0]).await.unwrap(), 0);
        for round in 0..10 {
            let mut sender = fifo.sender();
            // There is somebody who may yet write: no end.
            let error = receiver.try_read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            let mut byte = [0];
            {
                let mut write = Some(&mut sender);
                let read = once_waiting(receiver.read_exact(&mut byte), || {
                    let sender = write.take().unwrap();
                    assert_eq!(sender.try_write(&[round]).unwrap(), 1);
                });
                read.await.unwrap();
            }
            assert_eq!(byte, [round]);
            sender.write_all(&[round + 1]).await.unwrap();
            drop(sender);
            let mut rest = Vec::new();
            receiver.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, [round + 1]);
        }
    });
}

pub(crate) fn opened_wrongly(shape: Shape) {
    shape.block_on(async {
        let fifo = Fifo::new();
        // Nobody reads.
        OpenOptions::new().open_sender(&fifo.0).unwrap_err();
        let wrong = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::InvalidInput);
        wrong(OpenOptions::new().open_receiver("Cargo.toml").unwrap_err());
        let file = || File::open("Cargo.toml").unwrap();
        wrong(Receiver::from_file(file()).unwrap_err());
        wrong(Sender::from_owned_fd(file().into()).unwrap_err());
        // The other end.
        let (reader, writer) = std::io::pipe().unwrap();
        wrong(Sender::from_owned_fd(reader.into()).unwrap_err());
        wrong(Receiver::from_owned_fd(writer.into()).unwrap_err());
        // What can never come.
        let (sender, receiver) = pipe().unwrap();
        wrong(sender.ready(Interest::READABLE).await.unwrap_err());
        wrong(receiver.ready(Interest::WRITABLE).await.unwrap_err());
    });
}

/// Both ends are one descriptor's: nobody else need be there, and there is no end.
pub(crate) fn opened_for_both_ways(shape: Shape) {
    shape.block_on(async {
        let fifo = Fifo::new();
        let mut options = OpenOptions::new();
        options.read_write(true);
        let mut sender = options.open_sender(&fifo.0).unwrap();
        sender.write_all(b"early").await.unwrap();
        let mut receiver = options.open_receiver(&fifo.0).unwrap();
        drop(sender);
        let mut word = [0; 5];
        receiver.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"early");
        let error = receiver.try_read(&mut word).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}

pub(crate) fn blocking_and_not(shape: Shape) {
    shape.block_on(async {
        let blocks = |fd: &OwnedFd| !fcntl_getfl(fd.as_fd()).unwrap().contains(OFlags::NONBLOCK);
        let (sender, receiver) = pipe().unwrap();
        let sender = sender.into_nonblocking_fd().unwrap();
        let receiver = receiver.into_blocking_fd().unwrap();
        assert!(!blocks(&sender) && blocks(&receiver));
        let mut sender = Sender::from_owned_fd(sender).unwrap();
        let mut receiver = Receiver::from_owned_fd(receiver).unwrap();
        let mut byte = [0];
        let (read, written) = heist::join!(receiver.read_exact(&mut byte), sender.write_all(b"x"));
        read.and(written).unwrap();
        assert!(blocks(&sender.into_blocking_fd().unwrap()));
    });
}

pub(crate) fn without_its_runtime(shape: Shape) {
    let home = shape.running();
    let (mut sender, mut receiver) = home.block_on(async { settled() });
    shape.block_on(async {
        let mut parts = Some(home.take());
        let read = once_waiting(receiver.readable(), || {
            let (runtime, driver) = parts.take().unwrap();
            runtime.shutdown_background();
            drop(driver);
        });
        read.await.unwrap_err();
        receiver.read(&mut [0]).await.unwrap_err();
        sender.write(&[0]).await.unwrap_err();
        sender.try_write(&[0]).unwrap_err();
        // But the descriptors are as good as ever.
        let sender = sender.into_nonblocking_fd().unwrap();
        assert_eq!(rustix::io::write(&sender, b"x").unwrap(), 1);
    });
}
