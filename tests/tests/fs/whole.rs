//! Whole files, and many of them.

use crate::support::{Folder, noise};
use heist::fs;
use heist_tests::Shape;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

pub(crate) fn what_is_written_is_read(shape: Shape) {
    let folder = Folder::new();
    shape.block_on(async {
        for length in [0, 1, 31, 4_095, 4_096, 4_097, 1 << 20, (3 << 20) + 7] {
            let bytes = noise(length);
            let path = folder.file("file");
            fs::write(&path, &bytes).await.unwrap();
            assert!(fs::read(&path).await.unwrap() == bytes, "of {length}");
            assert_eq!(fs::metadata(&path).await.unwrap().len(), length as u64);
        }
        fs::write(folder.file("text"), "wörter").await.unwrap();
        let text = fs::read_to_string(folder.file("text")).await.unwrap();
        assert_eq!(text, "wörter");
    });
}

pub(crate) fn files_that_say_nothing_of_their_length(shape: Shape) {
    shape.block_on(async {
        // Empty, by what it says of itself.
        let status = fs::read_to_string("/proc/self/status").await.unwrap();
        assert!(status.contains("VmRSS"));
        let maps = fs::read("/proc/self/maps").await.unwrap();
        assert!(maps.len() > 1_000);
        assert_eq!(fs::read("/dev/null").await.unwrap(), b"");
        // A page, by what it says of itself.
        let online = fs::read_to_string("/sys/devices/system/cpu/online").await;
        assert!(online.is_ok_and(|online| online.trim_end().len() < 100));
    });
}

pub(crate) fn copies_and_links(shape: Shape) {
    let folder = Folder::new();
    shape.block_on(async {
        let bytes = noise(300_000);
        let original = folder.with("original", &bytes);
        let copy = folder.file("copy");
        assert_eq!(fs::copy(&original, &copy).await.unwrap(), 300_000);
        assert!(fs::read(&copy).await.unwrap() == bytes);

        fs::hard_link(&copy, folder.file("link")).await.unwrap();
        fs::symlink("link", folder.file("symlink")).await.unwrap();
        let target = fs::read_link(folder.file("symlink")).await.unwrap();
        assert_eq!(target.to_str(), Some("link"));
        let metadata = fs::symlink_metadata(folder.file("symlink")).await;
        assert!(metadata.unwrap().is_symlink());
        let real = fs::canonicalize(folder.file("symlink")).await.unwrap();
        assert!(real.ends_with("link"));

        fs::rename(&copy, folder.file("renamed")).await.unwrap();
        assert!(!fs::try_exists(&copy).await.unwrap());
        assert!(fs::try_exists(folder.file("renamed")).await.unwrap());
        let mut permissions = fs::metadata(&original).await.unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&original, permissions).await.unwrap();
        let metadata = fs::metadata(&original).await.unwrap();
        assert!(metadata.permissions().readonly());
        fs::remove_file(&original).await.unwrap();
        assert!(!fs::try_exists(&original).await.unwrap());
    });
}

pub(crate) fn many_at_once(shape: Shape) {
    const FILES: usize = 1_000;
    let folder = Folder::new();
    for file in 0..FILES {
        folder.with(&file.to_string(), format!("file {file}").as_bytes());
    }
    shape.block_on(async {
        let reads = (0..FILES).map(|file| fs::read_to_string(folder.file(&file.to_string())));
        let texts = heist::try_gather(reads).await.unwrap();
        for (file, text) in texts.iter().enumerate() {
            assert_eq!(*text, format!("file {file}"));
        }
    });
}

/// Files of which each holds up its thread until somebody writes: many more than there are threads for quick ones.
pub(crate) fn files_that_are_slow_hold_up_no_others(shape: Shape) {
    const SLOW: usize = 40;
    let folder = Folder::new();
    let quick = folder.with("quick", b"quick");
    let fifos: Vec<_> = (0..SLOW)
        .map(|fifo| folder.file(&fifo.to_string()))
        .collect();
    for fifo in &fifos {
        let made = std::process::Command::new("mkfifo").arg(fifo).status();
        assert!(made.expect("there is `mkfifo`").success());
    }
    shape.block_on(async {
        let slow: Vec<_> = fifos
            .iter()
            .map(|fifo| heist::spawn(fs::read(fifo.clone())))
            .collect();
        // Behind all of them.
        assert_eq!(fs::read(&quick).await.unwrap(), b"quick");
        for fifo in &fifos {
            // Not before somebody reads: so each has a thread by now, or gets one.
            let fifo = fifo.clone();
            let written = heist::spawn_blocking(move || {
                let mut fifo = std::fs::OpenOptions::new()
                    .write(true)
                    .custom_flags(0)
                    .open(fifo)?;
                fifo.write_all(b"slow")
            });
            written.await.unwrap().unwrap();
        }
        for read in slow {
            assert_eq!(read.await.unwrap().unwrap(), b"slow");
        }
    });
}
