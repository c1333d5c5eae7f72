//! What fails.

use crate::support::Folder;
use heist::fs::{self, File, OpenOptions};
use heist::io::{AsyncReadExt, AsyncWriteExt, ErrorKind};
use heist_tests::{Shape, panic_of};

pub(crate) fn what_is_not_there(shape: Shape) {
    let folder = Folder::new();
    let file = folder.with("file", b"");
    shape.block_on(async {
        let nowhere = folder.file("nowhere");
        let not_found = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::NotFound);
        not_found(fs::read(&nowhere).await.unwrap_err());
        not_found(fs::metadata(&nowhere).await.unwrap_err());
        not_found(fs::read_dir(&nowhere).await.unwrap_err());
        not_found(fs::remove_file(&nowhere).await.unwrap_err());
        not_found(File::open(&nowhere).await.unwrap_err());

        let error = fs::read(folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let mut directory = File::open(folder.path()).await.unwrap();
        let error = directory.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let error = fs::read_dir(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        let error = File::create_new(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);

        // Of the wrong kind of descriptor.
        let mut unwritable = File::open(&file).await.unwrap();
        let written = unwritable.write_all(b"x").await;
        assert!(written.and(unwritable.flush().await).is_err());
        let mut unreadable = OpenOptions::new().write(true).open(&file).await.unwrap();
        assert!(unreadable.read(&mut [0]).await.is_err());
        std::fs::write(&file, [0xff]).unwrap();
        let error = fs::read_to_string(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
}

pub(crate) fn a_full_disk_is_told(shape: Shape) {
    shape.block_on(async {
        let open = || async { OpenOptions::new().write(true).open("/dev/full").await };
        let error = fs::write("/dev/full", b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);

        let mut file = open().await.unwrap();
        // Accepted, most likely; it is told by the write or by the flush.
        let written = file.write_all(b"x").await;
        let told = written.and(file.flush().await).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::StorageFull);
        assert!(file.flush().await.is_ok(), "once");

        let mut file = open().await.unwrap();
        let written = file.write_all(b"x").await;
        let told = written.and(file.sync_data().await).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::StorageFull);

        let mut file = open().await.unwrap();
        let many = async {
            loop {
                file.write_all(&[1; 10_000]).await?;
            }
        };
        let told: std::io::Result<()> = many.await;
        assert_eq!(told.unwrap_err().kind(), ErrorKind::StorageFull);

        let (result, buffer) = file.write_at("back", 0).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(buffer, "back");
    });
}

pub(crate) fn after_the_runtime(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    let runtime = shape.runtime();
    let mut file = runtime.block_on(File::create(&path)).unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    // In a runtime that is over.
    let _guard = handle.enter();
    futures_lite::future::block_on(async {
        assert!(fs::read(&path).await.is_err());
        assert!(file.write(b"x").await.is_err());
        let (result, buffer) = file.write_at(vec![7], 0).await;
        assert!(result.is_err());
        assert_eq!(buffer, [7]);
    });
    assert_eq!(std::fs::read(path).unwrap(), b"");
}

pub(crate) fn outside_a_runtime(shape: Shape) {
    let folder = Folder::new();
    let path = folder.file("file");
    let file = shape.block_on(File::create(&path)).unwrap();
    let said = "there is no heist runtime on this thread";
    let message = panic_of(|| {
        let _ = futures_lite::future::block_on(fs::read(&path));
    })
    .message;
    assert!(message.contains(said), "{message}");
    let mut file = file;
    let message = panic_of(|| {
        let _ = futures_lite::future::block_on(file.write(b"x"));
    })
    .message;
    assert!(message.contains(said), "{message}");
    // It is as good as before.
    shape.block_on(async {
        file.write_all(b"y").await.unwrap();
        file.flush().await.unwrap();
    });
    assert_eq!(std::fs::read(path).unwrap(), b"y");
}
