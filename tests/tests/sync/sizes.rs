//! How large the primitives and their futures are: what docs/sync.md says.

use heist::sync::{
    Barrier, CancellationToken, Condition, Event, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce, broadcast, mpsc, oneshot,
    watch,
};
use std::collections::BTreeMap;
use std::mem::size_of;
use std::path::Path;
use std::{fs, mem};

/// Of a value, without its type's name.
fn of<T>(value: T) -> usize {
    let size = mem::size_of_val(&value);
    drop(value);
    size
}

#[test]
fn the_sizes_are_those_of_the_page() {
    let mutex = Mutex::new(());
    let rwlock = RwLock::new(());
    let semaphore = Semaphore::new(1);
    let notify = Notify::new();
    let token = CancellationToken::new();
    let (watch, mut watched) = watch::channel(0_u64);
    let (cast, mut listener) = broadcast::channel::<u64>(1);
    let (tx, mut rx) = mpsc::channel::<u64>(1);
    let (unbounded, mut unbounded_rx) = mpsc::unbounded_channel::<u64>();
    let sizes = BTreeMap::from([
        ("Mutex<()>", size_of::<Mutex<()>>()),
        ("Mutex::lock", of(mutex.lock())),
        ("RwLock<()>", size_of::<RwLock<()>>()),
        ("RwLock::read", of(rwlock.read())),
        ("RwLock::write", of(rwlock.write())),
        ("Semaphore", size_of::<Semaphore>()),
        ("Semaphore::acquire", of(semaphore.acquire())),
        ("Notify", size_of::<Notify>()),
        ("Notify::notified", of(notify.notified())),
        ("Barrier", size_of::<Barrier>()),
        ("Condition", size_of::<Condition>()),
        ("Event", size_of::<Event>()),
        ("OnceCell<u64>", size_of::<OnceCell<u64>>()),
        ("SetOnce<u64>", size_of::<SetOnce<u64>>()),
        ("CancellationToken", size_of::<CancellationToken>()),
        ("CancellationToken::cancelled", of(token.cancelled())),
        ("oneshot::Receiver<u64>", size_of::<oneshot::Receiver<u64>>()),
        ("mpsc::Sender::send (u64)", of(tx.send(0))),
        ("mpsc::Receiver::recv (u64)", of(rx.recv())),
        ("mpsc::UnboundedReceiver::recv (u64)", of(unbounded_rx.recv())),
        ("watch::Receiver::changed (u64)", of(watched.changed())),
        ("broadcast::Receiver::recv (u64)", of(listener.recv())),
    ]);
    drop((watch, cast, unbounded));

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sync.md");
    let page = fs::read_to_string(page).expect("the page is there");
    for (name, size) in &sizes {
        println!("| `{name}` | {size} |");
    }
    if cfg!(all(target_pointer_width = "64", target_os = "linux")) {
        for (name, size) in sizes {
            let row = format!("| `{name}` | {size} |");
            assert!(page.contains(&row), "docs/sync.md doesn't say {row}");
        }
    }
}
