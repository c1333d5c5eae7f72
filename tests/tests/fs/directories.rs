//! Directories.

use crate::support::Folder;
use heist::StreamExt;
use heist::fs;
use heist_tests::Shape;
use std::collections::BTreeSet;

pub(crate) fn every_entry_once(shape: Shape) {
    let folder = Folder::new();
    for count in [0, 1, 255, 256, 257, 1_000_usize] {
        let directory = folder.file(&count.to_string());
        std::fs::create_dir(&directory).unwrap();
        for entry in 0..count {
            std::fs::write(directory.join(entry.to_string()), b"").unwrap();
        }
        let expected: BTreeSet<_> = (0..count).map(|entry| entry.to_string()).collect();
        shape.block_on(async {
            let mut entries = fs::read_dir(&directory).await.unwrap();
            let mut names = Vec::new();
            while let Some(entry) = entries.next_entry().await.unwrap() {
                assert!(entry.file_type().await.unwrap().is_file());
                assert_eq!(entry.path().parent(), Some(directory.as_path()));
                names.push(entry.file_name().into_string().unwrap());
            }
            assert_eq!(names.len(), count);
            assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), expected);
            assert!(entries.next_entry().await.unwrap().is_none());

            let entries = fs::read_dir(&directory).await.unwrap().into_stream();
            let entries: Vec<_> = entries.try_collect().await.unwrap();
            assert_eq!(entries.len(), count);
        });
    }
}

pub(crate) fn entries_keep_nothing_open(shape: Shape) {
    let folder = Folder::new();
    folder.with("file", b"four");
    let directory = folder.path().to_owned();
    shape.block_on(async {
        let mut entries = fs::read_dir(&directory).await.unwrap();
        let entry = entries.next_entry().await.unwrap().expect("there is one");
        drop(entries);
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let mut links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        assert!(!links.any(|link| link == directory));
        assert_eq!(entry.metadata().await.unwrap().len(), 4);
    });
}

pub(crate) fn trees_are_made_and_removed(shape: Shape) {
    let folder = Folder::new();
    shape.block_on(async {
        let deep = folder.file("a/b/c");
        assert!(fs::create_dir(&deep).await.is_err());
        fs::create_dir_all(&deep).await.unwrap();
        fs::create_dir_all(&deep).await.unwrap();
        fs::write(deep.join("file"), b"").await.unwrap();
        assert!(fs::remove_dir(&deep).await.is_err());
        fs::remove_dir_all(folder.file("a")).await.unwrap();
        assert!(!fs::try_exists(folder.file("a")).await.unwrap());

        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder.file("x/y")).await.unwrap();
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(folder.file("x/y")).await.unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
        fs::remove_dir(folder.file("x/y")).await.unwrap();
    });
}
