//! Operations on files and directories, and streams that are no sockets.

use heist::fs::{self, DirBuilder, File, OpenOptions};
use heist::io::{
    AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom, copy_bidirectional,
    copy_bidirectional_with_sizes, duplex,
};
use heist::task::yield_now;
use heist::{StreamExt, spawn};
use heist_tests::{Probe, until};
use std::fs::FileTimes;
use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

cases! {
    whole_files paths directories_made_and_removed links entries_of_a_directory entries_as_a_stream
    opening writing_flushing_and_seeking reading_and_seeking reading_a_pipe
    writing_slices whole_operations_of_a_file places_that_the_caller_names back_to_the_standard_library
    reading_and_writing_in_memory copying_both_ways
}

/// A directory that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-cancellation-files-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("it is made");
        std::fs::write(path.join("words"), WORDS).expect("it is written");
        Self(path)
    }

    fn words(&self) -> PathBuf {
        self.0.join("words")
    }

    fn new_file(&self) -> PathBuf {
        self.0.join("new")
    }

    /// Waits until nothing in it is open: jobs that nobody waits for have ended.
    async fn is_unused(&self) {
        until("something is open", || {
            let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
            let mut links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
            !links.any(|link| link.starts_with(&self.0))
        })
        .await;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const WORDS: &[u8] = b"a few words that are read, written and read again";

async fn whole_files(probe: Probe) {
    let folder = Folder::new();
    let new = folder.new_file();
    if let Some(read) = probe.drop_after(fs::read(folder.words())).await {
        assert_eq!(read.unwrap(), WORDS);
    }
    let text = probe.drop_after(fs::read_to_string(folder.words())).await;
    assert!(text.is_none_or(|text| text.unwrap().len() == WORDS.len()));
    if let Some(written) = probe.drop_after(fs::write(&new, WORDS)).await {
        written.unwrap();
        assert_eq!(std::fs::read(&new).unwrap(), WORDS);
    }
    let copied = probe
        .drop_after(fs::copy(folder.words(), folder.0.join("copy")))
        .await;
    assert!(copied.is_none_or(|copied| copied.unwrap() == WORDS.len() as u64));
    folder.is_unused().await;
}

async fn paths(probe: Probe) {
    let folder = Folder::new();
    let words = folder.words();
    let metadata = probe.drop_after(fs::metadata(&words)).await;
    assert!(metadata.is_none_or(|metadata| metadata.unwrap().is_file()));
    let metadata = probe.drop_after(fs::symlink_metadata(&words)).await;
    assert!(metadata.is_none_or(|metadata| metadata.unwrap().is_file()));
    let exists = probe.drop_after(fs::try_exists(&words)).await;
    assert!(exists.is_none_or(|exists| exists.unwrap()));
    let real = probe.drop_after(fs::canonicalize(&words)).await;
    assert!(real.is_none_or(|real| real.unwrap().ends_with("words")));
    let permissions = std::fs::metadata(&words).unwrap().permissions();
    let set = probe
        .drop_after(fs::set_permissions(&words, permissions))
        .await;
    set.transpose().unwrap();
    let renamed = probe
        .drop_after(fs::rename(&words, folder.new_file()))
        .await;
    renamed.transpose().unwrap();
    // It has one name or the other, whenever it was dropped.
    until("it has no name", || {
        words.exists() || folder.new_file().exists()
    })
    .await;
}

async fn directories_made_and_removed(probe: Probe) {
    let folder = Folder::new();
    let made = probe.drop_after(fs::create_dir(folder.0.join("one"))).await;
    made.transpose().unwrap();
    let deep = folder.0.join("two/three");
    let made = probe.drop_after(fs::create_dir_all(&deep)).await;
    made.transpose().unwrap();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let made = probe
        .drop_after(builder.create(folder.0.join("four")))
        .await;
    made.transpose().unwrap();
    std::fs::create_dir_all(folder.0.join("five/six")).unwrap();
    let removed = probe
        .drop_after(fs::remove_dir(folder.0.join("five/six")))
        .await;
    removed.transpose().unwrap();
    let removed = probe
        .drop_after(fs::remove_dir_all(folder.0.join("five")))
        .await;
    removed.transpose().unwrap();
    let removed = probe.drop_after(fs::remove_file(folder.words())).await;
    removed.transpose().unwrap();
}

async fn links(probe: Probe) {
    let folder = Folder::new();
    let link = probe
        .drop_after(fs::hard_link(folder.words(), folder.0.join("link")))
        .await;
    link.transpose().unwrap();
    let symlink = probe
        .drop_after(fs::symlink("words", folder.0.join("symlink")))
        .await;
    symlink.transpose().unwrap();
    std::os::unix::fs::symlink("words", folder.0.join("another")).unwrap();
    let read = probe
        .drop_after(fs::read_link(folder.0.join("another")))
        .await;
    assert!(read.is_none_or(|target| target.unwrap() == Path::new("words")));
}

async fn entries_of_a_directory(probe: Probe) {
    const ENTRIES: usize = 300;
    let folder = Folder::new();
    for entry in 1..ENTRIES {
        std::fs::write(folder.0.join(entry.to_string()), b"").unwrap();
    }
    let opened = probe.drop_after(fs::read_dir(&folder.0)).await;
    let mut entries = match opened {
        Some(entries) => entries.unwrap(),
        None => fs::read_dir(&folder.0).await.unwrap(),
    };
    let mut count = 0;
    loop {
        let next = match probe.drop_after(entries.next_entry()).await {
            Some(next) => next,
            // It has lost none.
            None => entries.next_entry().await,
        };
        let Some(entry) = next.unwrap() else { break };
        count += 1;
        if count == 1 {
            let kind = probe.drop_after(entry.file_type()).await;
            assert!(kind.is_none_or(|kind| kind.unwrap().is_file()));
            let metadata = probe.drop_after(entry.metadata()).await;
            assert!(metadata.is_none_or(|metadata| metadata.unwrap().is_file()));
        }
    }
    assert_eq!(count, ENTRIES);
    drop(entries);
    folder.is_unused().await;
}

async fn entries_as_a_stream(probe: Probe) {
    let folder = Folder::new();
    let mut entries = fs::read_dir(&folder.0).await.unwrap().into_stream();
    let first = match probe.drop_after(entries.next()).await {
        Some(first) => first,
        None => entries.next().await,
    };
    assert_eq!(first.unwrap().unwrap().file_name(), "words");
    assert!(entries.next().await.is_none());
    drop(entries);
    folder.is_unused().await;
}

async fn opening(probe: Probe) {
    let folder = Folder::new();
    drop(probe.drop_after(File::open(folder.words())).await);
    drop(probe.drop_after(File::create(folder.new_file())).await);
    drop(
        probe
            .drop_after(File::create_new(folder.0.join("newer")))
            .await,
    );
    let mut options = OpenOptions::new();
    drop(
        probe
            .drop_after(options.read(true).open(folder.words()))
            .await,
    );
    folder.is_unused().await;
}

/// What flush has acknowledged is there, in its order; and nothing of what is dropped is written twice.
async fn writing_flushing_and_seeking(probe: Probe) {
    let folder = Folder::new();
    let path = folder.new_file();
    let mut file = File::create(&path).await.unwrap();
    file.set_max_buf_size(1_000);
    let mut accepted = Vec::new();
    for piece in 0..20_u8 {
        let bytes = [piece; 300];
        if let Some(written) = probe.drop_after(file.write(&bytes)).await {
            accepted.extend_from_slice(&bytes[..written.unwrap()]);
        }
        if piece % 5 == 4 && probe.drop_after(file.flush()).await.is_some() {
            assert!(std::fs::read(&path).unwrap() == accepted);
        }
    }
    let length = accepted.len() as u64;
    if let Some(place) = probe.drop_after(file.seek(SeekFrom::Current(0))).await {
        assert_eq!(place.unwrap(), length);
    }
    drop(file);
    until("something accepted was lost", || {
        std::fs::read(&path).unwrap() == accepted
    })
    .await;
    folder.is_unused().await;
}

async fn reading_and_seeking(probe: Probe) {
    let folder = Folder::new();
    let mut file = File::open(folder.words()).await.unwrap();
    let mut read = Vec::new();
    let mut buffer = [0; 5];
    loop {
        let some = match probe.drop_after(file.read(&mut buffer)).await {
            Some(some) => some,
            // It has lost none.
            None => file.read(&mut buffer).await,
        };
        let some = some.unwrap();
        read.extend_from_slice(&buffer[..some]);
        if some == 0 {
            break;
        }
    }
    assert_eq!(read, WORDS);
    let end = match probe.drop_after(file.seek(SeekFrom::Start(2))).await {
        Some(end) => end,
        None => file.seek(SeekFrom::Start(2)).await,
    };
    assert_eq!(end.unwrap(), 2);
    file.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, &WORDS[2..7]);
    // However it came to this, the cursor is there.
    let place = file.seek(SeekFrom::Current(0)).await.unwrap();
    assert_eq!(place, 7);
    drop(file);
    folder.is_unused().await;
}

async fn reading_a_pipe(probe: Probe) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut reader = File::from(OwnedFd::from(reader));
    let mut writer = File::from(OwnedFd::from(writer));
    let task = spawn(async move {
        for byte in WORDS {
            yield_now().await;
            writer.write_all(&[*byte]).await.unwrap();
        }
        writer.flush().await.unwrap();
    });
    let mut read = Vec::new();
    let mut buffer = [0; 7];
    while read.len() < WORDS.len() {
        let some = match probe.drop_after(reader.read(&mut buffer)).await {
            Some(some) => some,
            None => reader.read(&mut buffer).await,
        };
        read.extend_from_slice(&buffer[..some.unwrap()]);
    }
    assert_eq!(read, WORDS);
    task.await.unwrap();
}

async fn writing_slices(probe: Probe) {
    let folder = Folder::new();
    let path = folder.new_file();
    let mut file = File::create(&path).await.unwrap();
    let slices = [IoSlice::new(b"one "), IoSlice::new(b"two")];
    let written = probe.drop_after(file.write_vectored(&slices)).await;
    let closed = probe.drop_after(file.close()).await;
    if let (Some(written), Some(closed)) = (written, closed) {
        closed.unwrap();
        assert_eq!(std::fs::read(&path).unwrap().len(), written.unwrap());
    }
    drop(file);
    folder.is_unused().await;
}

async fn whole_operations_of_a_file(probe: Probe) {
    let folder = Folder::new();
    let mut file = File::create(folder.new_file()).await.unwrap();
    file.write_all(WORDS).await.unwrap();
    if let Some(synced) = probe.drop_after(file.sync_all()).await {
        synced.unwrap();
        assert_eq!(std::fs::read(folder.new_file()).unwrap(), WORDS);
    }
    file.write_all(WORDS).await.unwrap();
    probe
        .drop_after(file.sync_data())
        .await
        .transpose()
        .unwrap();
    file.write_all(WORDS).await.unwrap();
    if let Some(set) = probe.drop_after(file.set_len(10)).await {
        set.unwrap();
        assert_eq!(std::fs::read(folder.new_file()).unwrap(), &WORDS[..10]);
    }
    let metadata = probe.drop_after(file.metadata()).await;
    let permissions = match metadata {
        Some(metadata) => metadata.unwrap().permissions(),
        None => std::fs::metadata(folder.new_file()).unwrap().permissions(),
    };
    let set = probe.drop_after(file.set_permissions(permissions)).await;
    set.transpose().unwrap();
    let times = FileTimes::new().set_accessed(SystemTime::UNIX_EPOCH);
    let set = probe.drop_after(file.set_times(times)).await;
    set.transpose().unwrap();
    let set = probe
        .drop_after(file.set_modified(SystemTime::UNIX_EPOCH))
        .await;
    set.transpose().unwrap();
    drop(probe.drop_after(file.try_clone()).await);
    drop(file);
    folder.is_unused().await;
}

async fn places_that_the_caller_names(probe: Probe) {
    let folder = Folder::new();
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut file = options.open(folder.words()).await.unwrap();
    file.seek(SeekFrom::End(0)).await.unwrap();
    file.write_all(b"!").await.unwrap();
    let (from, length) = (2, 3);
    if let Some((read, buffer)) = probe.drop_after(file.read_at(vec![0; length], from)).await {
        assert_eq!(buffer[..read.unwrap()], WORDS[2..5]);
    }
    let (whole, token) = (WORDS.len() + 1, probe.token());
    if let Some((read, buffer)) = probe
        .drop_after(file.read_exact_at(vec![0; whole], 0))
        .await
    {
        read.unwrap();
        assert_eq!(&buffer[..WORDS.len()], WORDS);
    }
    if let Some((written, _)) = probe.drop_after(file.write_at(Owned(b"x", token), 0)).await {
        assert_eq!(written.unwrap(), 1);
    }
    if let Some((written, _)) = probe.drop_after(file.write_all_at("yz", 1)).await {
        written.unwrap();
        assert_eq!(&std::fs::read(folder.words()).unwrap()[1..3], b"yz");
    }
    drop(file);
    folder.is_unused().await;
}

/// A buffer that must not be left.
struct Owned(
    &'static [u8],
    #[expect(dead_code, reason = "it is counted")] heist_tests::Token,
);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

async fn back_to_the_standard_library(probe: Probe) {
    let folder = Folder::new();
    let mut file = File::create(folder.new_file()).await.unwrap();
    file.write_all(WORDS).await.unwrap();
    drop(probe.drop_after(file.into_std()).await);
    until("something accepted was lost", || {
        std::fs::read(folder.new_file()).unwrap() == WORDS
    })
    .await;
    folder.is_unused().await;
}

async fn reading_and_writing_in_memory(probe: Probe) {
    let (mut one, mut two) = duplex(3);
    let task = spawn(async move {
        for byte in WORDS {
            yield_now().await;
            two.write_all(&[*byte]).await.unwrap();
        }
        let mut text = String::new();
        two.read_to_string(&mut text).await.unwrap();
        text
    });
    let mut read = Vec::new();
    let mut buffer = [0; 2];
    while read.len() < WORDS.len() {
        let some = match probe.drop_after(one.read(&mut buffer)).await {
            Some(some) => some,
            None => one.read(&mut buffer).await,
        };
        read.extend_from_slice(&buffer[..some.unwrap()]);
    }
    assert_eq!(read, WORDS);
    let mut written = String::new();
    for word in ["one", "two", "three", "four"] {
        if let Some(length) = probe.drop_after(one.write(word.as_bytes())).await {
            written += &word[..length.unwrap()];
        }
    }
    drop(one);
    assert_eq!(task.await.unwrap(), written);
}

async fn copying_both_ways(probe: Probe) {
    for is_sized in [false, true] {
        let (mut client, mut proxy) = duplex(3);
        let (mut upstream, mut server) = duplex(5);
        let task = spawn(async move {
            let _ = client.write_all(WORDS).await;
            let _ = client.close().await;
        });
        let echo = spawn(async move {
            let mut text = Vec::new();
            let _ = server.read_to_end(&mut text).await;
            let _ = server.write_all(&text).await;
        });
        let copied = if is_sized {
            let copying = copy_bidirectional_with_sizes(&mut proxy, &mut upstream, 2, 4);
            probe.drop_after(copying).await
        } else {
            let copying = copy_bidirectional(&mut proxy, &mut upstream);
            probe.drop_after(copying).await
        };
        drop((proxy, upstream));
        // The client's end is dropped before the answer: that may be an error. What was cut short has lost what it held.
        if let Some(Ok((there, _))) = copied {
            assert_eq!(there, WORDS.len() as u64);
        }
        task.await.unwrap();
        echo.await.unwrap();
    }
}
