//! The futures of Unix sockets, of halves of streams, of [`TcpSocket`], and of listeners as streams.

use heist::StreamExt;
use heist::io::{AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use heist::spawn;
use heist::task::yield_now;
use heist_tests::Probe;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

cases! {
    accepting polling_accept connecting connecting_to_an_address connecting_in_vain
    a_socket_that_connects the_next_of_a_stream the_next_of_a_unix_stream
    reading writing waiting_to_read waiting_to_write being_ready asynchronous_io
    reading_by_a_half reading_by_an_owned_half writing_by_a_half writing_by_an_owned_half
    halves_waiting_to_read halves_waiting_to_write peeking_by_halves closing_by_an_owned_half
}

const WORDS: [u8; 16] = *b"a few more words";

/// A listener in a directory that goes with this.
struct Listening {
    listener: UnixListener,
    directory: PathBuf,
}

impl Listening {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-cancellation-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).expect("it is made");
        let listener = UnixListener::bind(directory.join("server")).expect("it listens");
        Self {
            listener,
            directory,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.join("server")
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Two ends, the first of which has found that there is nothing to read.
fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("they are made");
    let error = ours.try_read(&mut [0]).expect_err("nothing was written");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (ours, theirs)
}

/// The same over TCP.
async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    let ours = TcpStream::connect(address).await.expect("it connects");
    let (theirs, _) = listener.accept().await.expect("it accepts");
    let error = ours.try_read(&mut [0]).expect_err("nothing was written");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (ours, theirs)
}

/// Sends the words, one byte at a time, in a task, which gives its end back.
fn send_slowly(mut stream: UnixStream) -> heist::JoinHandle<UnixStream> {
    spawn(async move {
        for byte in WORDS {
            yield_now().await;
            stream.write_all(&[byte]).await.expect("it writes");
        }
        stream
    })
}

/// Writes until there is no room, and says how much that was.
fn fill(try_write: impl Fn(&[u8]) -> io::Result<usize>) -> usize {
    let mut written = 0;
    while let Ok(more) = try_write(&[0; 4_096]) {
        written += more;
    }
    written
}

/// Reads in a task, slowly, up to the end; gives how much that was.
fn drain_slowly(mut stream: UnixStream) -> heist::JoinHandle<usize> {
    spawn(async move {
        let mut read = 0;
        let mut buffer = vec![0; 16_384];
        loop {
            yield_now().await;
            match stream.read(&mut buffer).await.expect("it reads") {
                0 => return read,
                more => read += more,
            }
        }
    })
}

async fn accepting(probe: Probe) {
    let server = Listening::new();
    let client = spawn(UnixStream::connect(server.path()));
    let accepted = match probe.drop_after(server.listener.accept()).await {
        Some(accepted) => accepted,
        None => {
            probe.assert_no_waker().await;
            server.listener.accept().await
        }
    };
    accepted.expect("it accepts");
    client.await.expect("it ends").expect("it connects");
}

async fn polling_accept(probe: Probe) {
    let server = Listening::new();
    let client = spawn(UnixStream::connect(server.path()));
    let poll = poll_fn(|context| server.listener.poll_accept(context));
    let accepted = match probe.drop_after(poll).await {
        Some(accepted) => accepted,
        None => server.listener.accept().await,
    };
    accepted.expect("it accepts");
    client.await.expect("it ends").expect("it connects");
}

async fn connecting(probe: Probe) {
    let server = Listening::new();
    if let Some(stream) = probe.drop_after(UnixStream::connect(server.path())).await {
        let _stream = stream.expect("it connects");
        server.listener.accept().await.expect("it accepts");
    }
}

async fn connecting_to_an_address(probe: Probe) {
    let server = Listening::new();
    let address = server.listener.local_addr().expect("it has an address");
    if let Some(stream) = probe.drop_after(UnixStream::connect_addr(&address)).await {
        let _stream = stream.expect("it connects");
        server.listener.accept().await.expect("it accepts");
    }
}

async fn connecting_in_vain(probe: Probe) {
    let server = Listening::new();
    let path = server.directory.join("nobody");
    if let Some(stream) = probe.drop_after(UnixStream::connect(path)).await {
        let error = stream.expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

async fn a_socket_that_connects(probe: Probe) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    let socket = TcpSocket::new_v4().expect("it is made");
    if let Some(stream) = probe.drop_after(socket.connect(address)).await {
        let stream = stream.expect("it connects");
        let (_, from) = listener.accept().await.expect("it accepts");
        assert_eq!(from, stream.local_addr().expect("it has an address"));
    }
    probe.assert_no_waker().await;
}

async fn the_next_of_a_stream(probe: Probe) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    let client = spawn(TcpStream::connect(address));
    let mut incoming = listener.into_stream();
    let server = match probe.drop_after(incoming.next()).await {
        Some(server) => server,
        None => incoming.next().await,
    };
    let server = server.expect("it never ends").expect("it accepts");
    let client = client.await.expect("it ends").expect("it connects");
    assert_eq!(
        server.peer_addr().expect("it has an address"),
        client.local_addr().expect("it has an address")
    );
}

async fn the_next_of_a_unix_stream(probe: Probe) {
    let server = Listening::new();
    let path = server.directory.join("another");
    let listener = UnixListener::bind(&path).expect("it listens");
    let client = spawn(UnixStream::connect(path));
    let mut incoming = listener.into_stream();
    let accepted = match probe.drop_after(incoming.next()).await {
        Some(accepted) => accepted,
        None => incoming.next().await,
    };
    accepted.expect("it never ends").expect("it accepts");
    client.await.expect("it ends").expect("it connects");
}

/// What is left of the words, after so many.
async fn assert_rest(mut stream: impl heist::io::AsyncRead + Unpin, read: usize) {
    let mut rest = vec![0; WORDS.len() - read];
    stream.read_exact(&mut rest).await.expect("it reads");
    assert_eq!(rest, WORDS[read..]);
}

async fn reading(probe: Probe) {
    let (mut ours, theirs) = pair();
    let sender = send_slowly(theirs);
    let mut buffer = [0; 4];
    let read = probe.drop_after(ours.read(&mut buffer)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    assert_eq!(buffer[..read], WORDS[..read]);
    assert_rest(&mut ours, read).await;
    sender.await.expect("it ends");
}

async fn writing(probe: Probe) {
    let (mut ours, theirs) = pair();
    let mut written = fill(|bytes| ours.try_write(bytes));
    let drain = drain_slowly(theirs);
    if let Some(more) = probe.drop_after(ours.write(&[0; 64])).await {
        written += more.expect("it writes");
    }
    drop(ours);
    assert_eq!(drain.await.expect("it ends"), written);
}

async fn waiting_to_read(probe: Probe) {
    let (ours, theirs) = pair();
    let sender = send_slowly(theirs);
    match probe.drop_after(ours.readable()).await {
        Some(readable) => readable.expect("it waits"),
        None => probe.assert_no_waker().await,
    }
    assert_rest(&ours, 0).await;
    sender.await.expect("it ends");
}

async fn waiting_to_write(probe: Probe) {
    let (ours, theirs) = pair();
    let written = fill(|bytes| ours.try_write(bytes));
    let drain = drain_slowly(theirs);
    match probe.drop_after(ours.writable()).await {
        Some(writable) => writable.expect("it waits"),
        None => probe.assert_no_waker().await,
    }
    drop(ours);
    assert_eq!(drain.await.expect("it ends"), written);
}

async fn being_ready(probe: Probe) {
    let (ours, theirs) = pair();
    let sender = send_slowly(theirs);
    let ready = ours.ready(Interest::READABLE | Interest::PRIORITY);
    match probe.drop_after(ready).await {
        Some(ready) => assert!(ready.expect("it waits").is_readable()),
        None => probe.assert_no_waker().await,
    }
    assert_rest(&ours, 0).await;
    sender.await.expect("it ends");
}

async fn asynchronous_io(probe: Probe) {
    let (ours, theirs) = pair();
    let sender = send_slowly(theirs);
    let mut buffer = [0; 4];
    let receive = || {
        let flags = rustix::net::RecvFlags::empty();
        let (read, _) = rustix::net::recv(&ours, &mut buffer, flags)?;
        Ok(read)
    };
    let read = probe.drop_after(ours.async_io(Interest::READABLE, receive));
    let read = read.await.map_or(0, |read| read.expect("it reads"));
    assert_eq!(buffer[..read], WORDS[..read]);
    assert_rest(&ours, read).await;
    sender.await.expect("it ends");
}

async fn reading_by_a_half(probe: Probe) {
    let (mut ours, theirs) = pair();
    let sender = send_slowly(theirs);
    let (mut half, _write) = ours.split();
    let mut buffer = [0; 4];
    let read = probe.drop_after(half.read(&mut buffer)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    assert_rest(&mut half, read).await;
    sender.await.expect("it ends");
}

async fn reading_by_an_owned_half(probe: Probe) {
    let (ours, theirs) = pair();
    let sender = send_slowly(theirs);
    let (mut half, write) = ours.into_split();
    let mut buffer = [0; 4];
    let read = probe.drop_after(half.read(&mut buffer)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    let ours = half.reunite(write).expect("they are of one stream");
    assert_rest(&ours, read).await;
    sender.await.expect("it ends");
}

async fn writing_by_a_half(probe: Probe) {
    let (mut ours, theirs) = pair();
    let mut written = fill(|bytes| ours.try_write(bytes));
    let drain = drain_slowly(theirs);
    let (_read, mut half) = ours.split();
    if let Some(more) = probe.drop_after(half.write(&[0; 64])).await {
        written += more.expect("it writes");
    }
    half.close().await.expect("it closes");
    assert_eq!(drain.await.expect("it ends"), written);
}

async fn writing_by_an_owned_half(probe: Probe) {
    let (ours, theirs) = pair();
    let mut written = fill(|bytes| ours.try_write(bytes));
    let drain = drain_slowly(theirs);
    let (read, mut half) = ours.into_split();
    if let Some(more) = probe.drop_after(half.write(&[0; 64])).await {
        written += more.expect("it writes");
    }
    // Its end is told by its drop, with the other half still there.
    drop(half);
    assert_eq!(drain.await.expect("it ends"), written);
    drop(read);
}

async fn halves_waiting_to_read(probe: Probe) {
    let (mut ours, theirs) = pair();
    let sender = send_slowly(theirs);
    if let Some(readable) = probe.drop_after(ours.split().0.readable()).await {
        readable.expect("it waits");
    }
    let (half, _write) = ours.into_split();
    if let Some(ready) = probe.drop_after(half.ready(Interest::READABLE)).await {
        assert!(ready.expect("it waits").is_readable());
    }
    probe.assert_no_waker().await;
    assert_rest(half, 0).await;
    sender.await.expect("it ends");
}

async fn halves_waiting_to_write(probe: Probe) {
    let (mut ours, theirs) = pair();
    let written = fill(|bytes| ours.try_write(bytes));
    let drain = drain_slowly(theirs);
    if let Some(writable) = probe.drop_after(ours.split().1.writable()).await {
        writable.expect("it waits");
    }
    let (_read, half) = ours.into_split();
    if let Some(ready) = probe.drop_after(half.ready(Interest::WRITABLE)).await {
        assert!(ready.expect("it waits").is_writable());
    }
    probe.assert_no_waker().await;
    drop(half);
    assert_eq!(drain.await.expect("it ends"), written);
}

async fn peeking_by_halves(probe: Probe) {
    let (mut ours, mut theirs) = tcp_pair().await;
    let sender = spawn(async move {
        yield_now().await;
        theirs.write_all(&WORDS).await.expect("it writes");
        theirs
    });
    let mut first = [0];
    if let Some(peeked) = probe.drop_after(ours.split().0.peek(&mut first)).await {
        assert_eq!((peeked.expect("it peeks"), first[0]), (1, WORDS[0]));
    }
    let (half, _write) = ours.into_split();
    let peek = poll_fn(|context| half.poll_peek(context, &mut first));
    if let Some(peeked) = probe.drop_after(peek).await {
        assert_eq!((peeked.expect("it peeks"), first[0]), (1, WORDS[0]));
    }
    if let Some(peeked) = probe.drop_after(half.peek(&mut first)).await {
        assert_eq!((peeked.expect("it peeks"), first[0]), (1, WORDS[0]));
    }
    assert_rest(half, 0).await;
    sender.await.expect("it ends");
}

async fn closing_by_an_owned_half(probe: Probe) {
    let (ours, mut theirs) = pair();
    let (read, mut half) = ours.into_split();
    if let Some(closed) = probe.drop_after(half.close()).await {
        closed.expect("it closes");
    }
    drop(half);
    assert_eq!(theirs.read(&mut [0]).await.expect("it reads"), 0);
    drop(read);
}
