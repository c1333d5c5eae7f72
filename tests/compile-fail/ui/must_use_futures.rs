//! Futures do nothing unless awaited.
#![deny(unused_must_use)]

use heist::fs::{self, DirBuilder, DirEntry, File, OpenOptions, ReadDir};
use heist::io::unix::AsyncFd;
use heist::io::{DuplexStream, Interest, copy, copy_bidirectional, copy_bidirectional_with_sizes, duplex};
use heist::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream, lookup_host, unix};
use heist::net::unix::pipe;
use heist::process::{Child, Command};
use heist::signal::{ctrl_c, unix::Signal};
use heist::sync::{CancellationToken, Notify, Queue, broadcast, mpsc, oneshot, watch};
use heist::sync::{Barrier, Condition, Event, Mutex, MutexGuard, OnceCell, RwLock, Semaphore, SetOnce};
use heist::task::{JoinSet, LocalSet, TaskGroup, coop, shield, yield_now};
use heist::time::{
    Duration, Instant, SenderExt, interval, sleep, sleep_until, timeout, timeout_at,
};
use std::sync::Arc;

fn main() {
    yield_now();
    LocalSet::new();
    LocalSet::new().run_until(async {});
    sleep(Duration::ZERO);
    sleep_until(Instant::now());
    timeout(Duration::ZERO, async {});
    timeout_at(Instant::now(), async {});
    interval(Duration::MAX).tick();
    mpsc::channel(1).0.send_timeout((), Duration::MAX);
    heist::gather([async {}]);
    heist::try_gather([async { Ok::<(), ()>(()) }]);
    heist::as_completed([async {}]);
    shield(async {});
    coop::consume_budget();
    coop::unconstrained(async {});
    Notify::new().notified();
    oneshot::channel::<()>().1;
    oneshot::channel::<()>().0.closed();
    TcpListener::bind("localhost:0");
    TcpStream::connect("localhost:0");
    lookup_host("localhost:0");
    UdpSocket::bind("localhost:0");
}

fn tasks(set: &mut JoinSet<()>, other: JoinSet<()>, group: TaskGroup<()>, running: TaskGroup<()>) {
    set.join_next();
    set.join_next_with_id();
    set.shutdown();
    other.join_all();
    group.join();
    running.run(async |_| Ok(()));
}

fn sockets(listener: &TcpListener, stream: &TcpStream) {
    listener.accept();
    stream.readable();
    stream.writable();
    stream.ready(Interest::READABLE);
    stream.peek(&mut []);
    stream.async_io(Interest::READABLE, || Ok(()));
}

fn datagrams(udp: &UdpSocket, unix: &UnixDatagram) {
    udp.connect("localhost:0");
    udp.send(&[]);
    udp.send_to(&[], "localhost:0");
    udp.recv(&mut []);
    udp.recv_from(&mut []);
    udp.peek_from(&mut []);
    udp.peek_sender();
    unix.send_to(&[], "path");
}

fn descriptors(fd: &mut AsyncFd<std::fs::File>) {
    fd.readable();
    fd.readable_mut();
    fd.writable_mut();
    fd.ready_mut(Interest::READABLE);
    fd.async_io_mut(Interest::READABLE, |_| Ok(()));
}

fn unix_sockets(address: &unix::SocketAddr) {
    UnixStream::connect_addr(address);
}

fn processes(command: &mut Command, child: &mut Child, other: Child) {
    command.status();
    command.output();
    child.wait();
    child.kill();
    child.communicate("");
    other.wait_with_output();
}

fn pipes(receiver: &pipe::Receiver, signal: &mut Signal) {
    receiver.readable();
    receiver.ready(Interest::READABLE);
    signal.recv();
    ctrl_c();
}

fn signals(
    (tx, rx): &mut (watch::Sender<u8>, watch::Receiver<u8>),
    (send, receive): &mut (broadcast::Sender<u8>, broadcast::Receiver<u8>),
    token: &CancellationToken,
) {
    tx.closed();
    tx.borrow();
    rx.changed();
    rx.wait_for(|_| true);
    rx.clone().into_stream();
    send.closed();
    send.downgrade();
    receive.recv();
    receive.resubscribe();
    token.cancelled();
    token.clone().cancelled_owned();
    token.run_until_cancelled(async {});
    token.clone().drop_guard();
    token.drop_guard_ref();
}

fn locks(mutex: &Mutex<u8>, lock: &RwLock<u8>, semaphore: &Semaphore) {
    mutex.lock();
    lock.read();
    lock.write();
    semaphore.acquire();
    semaphore.acquire_many(2);
}

fn owned_locks(mutex: Arc<Mutex<u8>>, lock: Arc<RwLock<u8>>, semaphore: Arc<Semaphore>) {
    mutex.lock_owned();
    lock.clone().read_owned();
    lock.write_owned();
    semaphore.clone().acquire_owned();
    semaphore.acquire_many_owned(2);
}

fn beside_locks(cell: &OnceCell<u8>, changed: &Condition, guard: MutexGuard<'_, u8>) {
    cell.get_or_init(async || 1);
    cell.get_or_try_init(async || Err(()));
    SetOnce::<u8>::new().wait();
    Barrier::new(2).wait();
    Event::new().wait();
    changed.wait_for(guard, |_| true);
}

fn channels(sender: mpsc::Sender<u8>, receiver: &mut mpsc::UnboundedReceiver<u8>) {
    sender.send(1);
    sender.closed();
    sender.reserve();
    sender.reserve_many(1);
    receiver.recv();
    receiver.recv_many(&mut Vec::new(), 1);
    sender.reserve_owned();
}

fn queues(queue: &Queue<u8>) {
    queue.put(1);
    queue.get();
    queue.join();
}

fn files() {
    fs::read("path");
    fs::read_to_string("path");
    fs::write("path", "contents");
    fs::copy("from", "to");
    fs::canonicalize("path");
    fs::create_dir("path");
    fs::create_dir_all("path");
    fs::hard_link("original", "link");
    fs::metadata("path");
    fs::read_link("path");
    fs::remove_dir("path");
    fs::remove_dir_all("path");
    fs::remove_file("path");
    fs::rename("from", "to");
    fs::symlink("original", "link");
    fs::symlink_metadata("path");
    fs::try_exists("path");
    fs::read_dir("path");
    OpenOptions::new().open("path");
    File::create("path");
    File::create_new("path");
    DirBuilder::new().create("path");
}

fn entries(directory: &mut ReadDir, entry: &DirEntry) {
    directory.next_entry();
    entry.file_type();
}

fn open_files(file: File) {
    file.sync_all();
    file.sync_data();
    file.set_len(0);
    file.try_clone();
    file.set_times(std::fs::FileTimes::new());
    file.set_modified(std::time::SystemTime::UNIX_EPOCH);
    file.set_permissions(std::fs::metadata("path").unwrap().permissions());
    file.read_at([0], 0);
    file.read_exact_at([0], 0);
    file.write_at([0], 0);
    file.write_all_at([0], 0);
    file.into_std();
}

fn streams(a: &mut DuplexStream, b: &mut DuplexStream) {
    duplex(1);
    copy_bidirectional(a, b);
    copy_bidirectional_with_sizes(a, b, 1, 1);
    copy(a, b);
}
