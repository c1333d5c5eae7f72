//! How large the primitives and their futures are, beside tokio's: what docs/sync.md says.

use std::mem::{size_of, size_of_val};
use std::path::Path;
use std::{fs, iter};

/// Of a value.
fn of<T>(value: T) -> usize {
    size_of_val(&value)
}

/// Names and sizes, of one of the two.
macro_rules! sizes {
    ($sync:ident) => {{
        use $sync::sync::{
            Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
        };
        let (mutex, rwlock, semaphore) = (Mutex::new(()), RwLock::new(()), Semaphore::new(1));
        let (notify, barrier, cell) = (Notify::new(), Barrier::new(1), OnceCell::<u64>::new());
        let (tx, mut rx) = mpsc::channel::<u64>(1);
        let (_unbounded, mut from_unbounded) = mpsc::unbounded_channel::<u64>();
        let (_watch, mut watched) = watch::channel(0_u64);
        let (_broadcast, mut listener) = broadcast::channel::<u64>(1);
        vec![
            ("Mutex<()>", of(Mutex::new(()))),
            ("Mutex::lock", of(mutex.lock())),
            ("RwLock<()>", of(RwLock::new(()))),
            ("RwLock::read", of(rwlock.read())),
            ("RwLock::write", of(rwlock.write())),
            ("Semaphore", of(Semaphore::new(1))),
            ("Semaphore::acquire", of(semaphore.acquire())),
            ("Notify", of(Notify::new())),
            ("Notify::notified", of(notify.notified())),
            ("Barrier", size_of::<Barrier>()),
            ("Barrier::wait", of(barrier.wait())),
            ("OnceCell<u64>", of(OnceCell::<u64>::new())),
            ("OnceCell::get_or_init", of(cell.get_or_init(async || 0))),
            (
                "oneshot::Receiver<u64>",
                size_of::<oneshot::Receiver<u64>>(),
            ),
            ("mpsc::Sender::send", of(tx.send(0))),
            ("mpsc::Receiver::recv", of(rx.recv())),
            ("mpsc::UnboundedReceiver::recv", of(from_unbounded.recv())),
            ("watch::Receiver::changed", of(watched.changed())),
            ("broadcast::Receiver::recv", of(listener.recv())),
        ]
    }};
}

#[test]
fn the_sizes_are_those_of_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sync.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let ours = sizes!(heist);
    let rows: Vec<_> = iter::zip(ours, sizes!(tokio))
        .map(|((name, ours), (_, tokios))| format!("| `{name}` | {ours} | {tokios} |"))
        .collect();
    println!("{}", rows.join("\n"));
    // As they are laid out on the machine that the page was written on.
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        for row in rows {
            assert!(page.contains(&row), "docs/sync.md doesn't say {row}");
        }
    }
}
