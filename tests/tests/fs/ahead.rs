//! What was read before it was asked for.

use crate::support::{Folder, noise};
use heist::fs::File;
use heist::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use heist_tests::Shape;

const LENGTH: usize = 200_000;

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
