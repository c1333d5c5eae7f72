//! What TCP and Unix streams have in common, and their halves: many tasks at one of them, each for both kinds.

use crate::support::{
    alone, once_waiting, open_descriptors, pair, until, wait_for_data, wait_for_end,
};
use futures_lite::future::poll_once;
use heist::StreamExt;
use heist::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use heist::net::unix::pipe::pipe;
use heist::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use heist_tests::{Shape, Tally};
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSliceMut};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const TASKS: usize = 16;

/// A stream of either kind.
pub(crate) trait Stream: Send + Sync + 'static {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn try_write(&self, buffer: &[u8]) -> io::Result<usize>;
}

impl Stream for TcpStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.readable()
    }

    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.writable()
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_read(buffer)
    }

    fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.try_write(buffer)
    }
}

impl Stream for UnixStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.readable()
    }

    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.writable()
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_read(buffer)
    }

    fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.try_write(buffer)
    }
}

/// A Unix listener in a directory of its own, which goes with this.
pub(crate) struct Listening {
    pub(crate) listener: Arc<UnixListener>,
    directory: PathBuf,
}

impl Listening {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, SeqCst);
        let name = format!("heist-streams-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join("server")).unwrap();
        Self {
            listener: Arc::new(listener),
            directory,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join("server")
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Until it is known that there is nothing to read. One try is not enough: an event that comes during it, though of something else, has it count for nothing.
pub(crate) async fn settle_reading(stream: &impl Stream) {
    while poll_once(stream.readable()).await.is_some() {
        assert!(stream.try_read(&mut [0]).is_err());
    }
}

/// Does `operation` as soon as it doesn't block, each time after `ready`; says `waits` when it has to wait for the first time, or need not.
async fn once_ready<F: Future<Output = io::Result<()>>>(
    ready: impl Fn() -> F,
    mut operation: impl FnMut() -> io::Result<usize>,
    waits: impl FnOnce(),
) -> usize {
    let done = async {
        loop {
            ready().await.unwrap();
            match operation() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done.unwrap(),
            }
        }
    };
    let mut waits = Some(waits);
    let mut say = || waits.take().into_iter().for_each(|waits| waits());
    let done = once_waiting(done, &mut say).await;
    say();
    done
}

/// Each takes one byte, and some go before theirs comes.
async fn read_by_many<S: Stream>(ours: S, theirs: S) {
    let ours = Arc::new(ours);
    settle_reading(&*ours).await;
    for _ in 0..10 {
        let (waiting, read) = (Tally::new(), Tally::new());
        let reader = |_| {
            let (ours, waiting, read) = (ours.clone(), waiting.clone(), read.clone());
            heist::spawn(async move {
                let take = || ours.try_read(&mut [0]);
                assert_eq!(
                    once_ready(|| ours.readable(), take, || waiting.hit()).await,
                    1
                );
                read.hit();
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(reader).collect();
        until(|| waiting.count() == TASKS).await;
        // All are woken by it, and those that are aborted may have been by then.
        assert_eq!(theirs.try_write(b"!").unwrap(), 1);
        for task in &tasks[..TASKS / 4] {
            task.abort();
        }
        // Enough for all that stay, wherever the first one went.
        assert_eq!(theirs.try_write(&[b'!'; TASKS]).unwrap(), TASKS);
        for task in tasks {
            if let Err(error) = task.await {
                assert!(error.is_cancelled());
            }
        }
        // What nobody took is no part of the next round.
        let mut rest = 1 + TASKS - read.count();
        while rest > 0 {
            ours.readable().await.unwrap();
            rest -= ours.try_read(&mut [0; TASKS]).unwrap_or(0);
        }
        settle_reading(&*ours).await;
    }
}

pub(crate) fn sixteen_in_readable(shape: Shape) {
    shape.block_on(async {
        let (ours, theirs) = pair().await;
        read_by_many(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        read_by_many(ours, theirs).await;
    });
}

/// Each writes once as soon as there is room, and some go before there is.
async fn write_by_many<S: Stream>(ours: S, theirs: S) {
    let ours = Arc::new(ours);
    let chunk = [0; 4_096];
    let mut expected = 0;
    while let Ok(more) = ours.try_write(&chunk) {
        expected += more;
    }
    let (waiting, written) = (Tally::new(), Arc::new(AtomicUsize::new(0)));
    let writer = |_| {
        let (ours, waiting, written) = (ours.clone(), waiting.clone(), written.clone());
        heist::spawn(async move {
            let put = || ours.try_write(&[0; 16]);
            written.fetch_add(
                once_ready(|| ours.writable(), put, || waiting.hit()).await,
                SeqCst,
            );
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(writer).collect();
    until(|| waiting.count() == TASKS).await;
    for task in &tasks[..TASKS / 4] {
        task.abort();
    }
    let mut read = 0;
    let mut buffer = [0; 4_096];
    // Until all have written, and what they have written has come.
    while tasks.iter().any(|task| !task.is_finished()) || read < expected + written.load(SeqCst) {
        match theirs.try_read(&mut buffer) {
            Ok(more) => read += more,
            Err(_) => heist::task::yield_now().await,
        }
    }
    for task in tasks.into_iter().skip(TASKS / 4) {
        task.await.unwrap();
    }
    assert_eq!(read, expected + written.load(SeqCst));
}

pub(crate) fn sixteen_in_writable(shape: Shape) {
    shape.block_on(async {
        let (ours, theirs) = pair().await;
        write_by_many(ours, theirs).await;
        let (ours, theirs) = UnixStream::pair().unwrap();
        write_by_many(ours, theirs).await;
    });
}

/// All accept at the same time: each gets one.
pub(crate) fn sixteen_in_accept(shape: Shape) {
    shape.block_on(async {
        for _ in 0..10 {
            let server = Listening::new();
            let waiting = Tally::new();
            let accept = |_| {
                let (listener, waiting) = (server.listener.clone(), waiting.clone());
                heist::spawn(async move {
                    let accepted = once_waiting(listener.accept(), || waiting.hit()).await;
                    accepted.unwrap().0
                })
            };
            let tasks: Vec<_> = (0..TASKS).map(accept).collect();
            until(|| waiting.count() == TASKS).await;
            let clients: Vec<_> = (0..TASKS)
                .map(|_| std::os::unix::net::UnixStream::connect(server.path()).unwrap())
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            drop(clients);
        }
    });
}

/// Each half in a task of its own, wherever that runs; put together again, it is as before.
pub(crate) fn halves_in_two_tasks(shape: Shape) {
    const LEN: usize = 1 << 20;
    shape.block_on(async {
        let (ours, theirs) = pair().await;
        let echo = heist::spawn(async move {
            let (mut read, mut write) = theirs.into_split();
            heist::io::copy(&mut read, &mut write).await.unwrap();
            read.reunite(write).unwrap()
        });
        let (mut read, mut write) = ours.into_split();
        let writing = heist::spawn(async move {
            write.write_all(&vec![7; LEN]).await.unwrap();
            write.close().await.unwrap();
            write
        });
        let mut received = Vec::new();
        let reading = read.read_to_end(&mut received);
        let ends = async {
            let mut theirs = echo.await.unwrap();
            theirs.close().await.unwrap();
        };
        let (read_all, ()) = futures_lite::future::zip(reading, ends).await;
        assert_eq!(read_all.unwrap(), LEN);
        read.reunite(writing.await.unwrap()).unwrap();

        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        for _ in 0..100 {
            let (mut read, mut write) = ours.into_split();
            let writing = heist::spawn(async move {
                write.write_all(b"data").await.unwrap();
                write
            });
            let mut data = [0; 4];
            theirs.read_exact(&mut data).await.unwrap();
            let (mut their_read, mut their_write) = theirs.split();
            their_write.write_all(&data).await.unwrap();
            read.read_exact(&mut data).await.unwrap();
            assert_eq!(&data, b"data");
            assert!(poll_once(their_read.read(&mut [0])).await.is_none());
            ours = writing.await.unwrap().reunite(read).unwrap();
        }
    });
}

pub(crate) fn a_listener_as_a_stream(shape: Shape) {
    shape.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connect = heist::spawn(async move {
            let mut clients = Vec::new();
            for _ in 0..TASKS {
                clients.push(TcpStream::connect(address).await.unwrap());
            }
            clients
        });
        let incoming = listener.into_stream();
        let mut servers = pin!(incoming.take(TASKS));
        let mut peers = Vec::new();
        while let Some(server) = servers.next().await {
            peers.push(server.unwrap().peer_addr().unwrap());
        }
        let clients = connect.await.unwrap();
        let clients = clients.iter().map(|client| client.local_addr().unwrap());
        assert_eq!(peers, clients.collect::<Vec<_>>());
    });
}

/// Waits on a listener, a stream or a half of one; the kinds of waiting are numbered.
async fn wait(kind: usize, path: &Path, waiting: Tally) {
    let waits = || waiting.hit();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    settle_reading(&ours).await;
    match kind {
        0 => drop(once_waiting(ours.read(&mut [0]), waits).await),
        1 => drop(once_waiting(ours.write_all(&vec![0; 1 << 20]), waits).await),
        2 => drop(once_waiting(ours.readable(), waits).await),
        3 => drop(once_waiting(ours.split().0.readable(), waits).await),
        4 => {
            let (mut read, write) = ours.into_split();
            drop(once_waiting(read.read(&mut [0]), waits).await);
            drop(write);
        }
        5 => {
            let (mut read, write) = ours.into_split();
            write.forget();
            drop(once_waiting(read.read(&mut [0]), waits).await);
        }
        _ => {
            let path = path.with_extension(format!("{:?}", heist::task::id()));
            let mut incoming = UnixListener::bind(path).unwrap().into_stream();
            drop(once_waiting(incoming.next(), waits).await);
        }
    }
    drop(theirs);
}

/// Reads nothing in each way of `AsyncRead`, of what has nothing.
async fn read_nothing(mut idle: impl AsyncRead + Unpin) {
    // That it has nothing is known then.
    assert!(poll_once(idle.read(&mut [0])).await.is_none());
    for _ in 0..3 {
        let read = poll_once(idle.read(&mut [])).await;
        assert_eq!(read.expect("at once").unwrap(), 0);
        for buffers in 0..3 {
            let mut empty = [&mut [][..], &mut [], &mut []].map(IoSliceMut::new);
            let read = poll_once(idle.read_vectored(&mut empty[..buffers])).await;
            assert_eq!(read.expect("at once").unwrap(), 0);
        }
    }
}

/// What has an empty buffer to fill waits for nothing.
pub(crate) fn an_empty_buffer_is_full_at_once(shape: Shape) {
    shape.block_on(async {
        let (mut tcp, _peer) = pair().await;
        let (mut unix, _peer) = UnixStream::pair().unwrap();
        let (_sender, mut receiver) = pipe().unwrap();
        read_nothing(&mut tcp).await;
        read_nothing(&mut unix).await;
        read_nothing(&mut receiver).await;
        read_nothing(tcp.split().0).await;
        read_nothing(unix.split().0).await;

        let peeked = poll_once(tcp.peek(&mut [])).await;
        assert_eq!(peeked.expect("at once").unwrap(), 0);
        let peeked = poll_once(poll_fn(|cx| tcp.poll_peek(cx, &mut []))).await;
        assert_eq!(peeked.expect("at once").unwrap(), 0);
        let empty = &mut [IoSliceMut::new(&mut [])];
        assert_eq!(tcp.try_read(&mut []).unwrap(), 0);
        assert_eq!(tcp.try_read_vectored(empty).unwrap(), 0);
        assert_eq!(unix.try_read(&mut []).unwrap(), 0);
        assert_eq!(unix.try_read_vectored(empty).unwrap(), 0);
        assert_eq!(receiver.try_read(&mut []).unwrap(), 0);
        assert_eq!(receiver.try_read_vectored(empty).unwrap(), 0);

        read_nothing(tcp.into_split().0).await;
        read_nothing(unix.into_split().0).await;
    });
}

/// Nor does it take what the next read is to learn: data, an error, or the end.
pub(crate) fn an_empty_buffer_takes_nothing(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut server) = pair().await;
        client.write_all(b"data").await.unwrap();
        wait_for_data(&server);
        assert_eq!(server.read(&mut []).await.unwrap(), 0);
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 4);
        client.set_zero_linger().unwrap();
        drop(client);
        wait_for_end(&server);
        assert_eq!(server.read(&mut []).await.unwrap(), 0);
        assert_eq!(server.peek(&mut []).await.unwrap(), 0);
        assert_eq!(server.try_read(&mut []).unwrap(), 0);
        let outcome = server.read(&mut [0; 8]).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(server.read(&mut []).await.unwrap(), 0);
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

/// Aborted, whatever they wait in, tasks leave no descriptor open.
pub(crate) fn nothing_is_left_open(shape: Shape) {
    const KINDS: usize = 7;
    alone(shape, "streams::nothing_is_left_open", async {
        let server = Listening::new();
        let path = server.path();
        let before = open_descriptors();
        for _ in 0..4 {
            let waiting = Tally::new();
            let waiter = |number: usize| {
                let (path, waiting) = (path.clone(), waiting.clone());
                heist::spawn(async move { wait(number % KINDS, &path, waiting).await })
            };
            let tasks: Vec<_> = (0..10 * KINDS).map(waiter).collect();
            until(|| waiting.count() == tasks.len()).await;
            assert!(open_descriptors() > before + tasks.len());
            for task in &tasks {
                task.abort();
            }
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            // Others of heist's own come and go: who relieves a worker reads of it in `/proc`.
            until(|| open_descriptors() == before).await;
        }
    });
}
