//! What was read before it was asked for.

use crate::support::{Folder, noise};
use heist::fs::{File, OpenOptions};
use heist::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use heist_tests::Shape;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

const LENGTH: usize = 200_000;

async fn open(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).await.unwrap()
}

pub(crate) fn what_has_changed_is_read_anew(shape: Shape) {
    let folder = Folder::new();
    shape.block_on(async {
        let mut buffer = [0; 10];
        let path = folder.with_cold("shorter", &[1; LENGTH]);
        let mut file = open(&path).await;
        file.read_exact(&mut buffer).await.unwrap();
        file.set_len(10).await.unwrap();
        assert_eq!(file.read(&mut [0; 100]).await.unwrap(), 0);

        let path = folder.with_cold("written", &[1; LENGTH]);
        let mut file = open(&path).await;
        file.read_exact(&mut buffer).await.unwrap();
        let (written, _) = file.write_at([2; 10], 10).await;
        assert_eq!(written.unwrap(), 10);
        let (written, _) = file.write_all_at([3; 10], 30).await;
        written.unwrap();
        let mut read = [0; 40];
        file.read_exact(&mut read).await.unwrap();
        assert_eq!(read[..10], [2; 10]);
        assert_eq!(read[10..20], [1; 10]);
        assert_eq!(read[20..30], [3; 10]);
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 50);
    });
}

/// While a thread reads for a read that was dropped.
pub(crate) fn what_changes_meanwhile_is_read_anew(shape: Shape) {
    let folder = Folder::new();
    for round in 0..10_u8 {
        let path = folder.with_cold(&round.to_string(), &[1; LENGTH]);
        shape.block_on(async {
            let mut file = open(&path).await;
            let mut buffer = [0; 10];
            let begun = {
                let mut read = pin!(file.read(&mut buffer));
                poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await
            };
            // In memory all the same, it is read already.
            let read = match begun {
                Poll::Ready(read) => read.unwrap(),
                Poll::Pending => 0,
            };
            let (written, _) = file.write_all_at([2; 10], 20).await;
            written.unwrap();
            let mut rest = vec![0; 30 - read];
            file.read_exact(&mut rest).await.unwrap();
            assert!(rest.ends_with(&[2; 10]));
        });
    }
}

pub(crate) fn a_seek_that_fails_repeats_nothing(shape: Shape) {
    let folder = Folder::new();
    let bytes = noise(LENGTH);
    let path = folder.with_cold("file", &bytes);
    shape.block_on(async {
        let mut file = File::open(&path).await.unwrap();
        let mut read = vec![0; 10];
        file.read_exact(&mut read).await.unwrap();
        let error = file.seek(SeekFrom::Current(i64::MIN)).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        file.read_to_end(&mut read).await.unwrap();
        assert!(read == bytes);
    });
}
