//! Reads and writes at places that the caller names.

use crate::support::{Folder, noise};
use heist::fs::{File, OpenOptions};
use heist::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ErrorKind, SeekFrom};
use heist_tests::Shape;
use std::fmt;
use std::io;

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
