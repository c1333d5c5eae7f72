//! What the workloads ask of a runtime: each under its own names, called directly, so that no peer pays for the comparison.

#![forbid(unsafe_code)]

pub(crate) mod heist;
pub(crate) mod smol;
pub(crate) mod tokio;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// The worker threads of every peer.
pub const WORKERS: usize = 2;

/// A multi-threaded runtime.
///
/// The associated functions without `self` are called on one of its workers, the methods on any other thread.
pub trait Peer: Send + Sync + Sized + 'static {
    /// Its name in the results.
    const NAME: &'static str;
    /// What `spawn` returns.
    type Handle<T: Send + 'static>: Send + 'static;
    /// The sending half of its own one-shot channel.
    type Sender: Send + 'static;
    /// The receiving half.
    type Receiver: Send + 'static;
    /// A listening TCP socket.
    type Listener: Send + Sync + 'static;
    /// A TCP connection.
    type Stream: Send + 'static;
    /// A Unix stream.
    type Unix: Send + 'static;
    /// A UDP socket.
    type Udp: Send + Sync + 'static;
    /// A file.
    type File: Send + 'static;
    /// The same connection as a `Stream`, as hyper wants it.
    type Http: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static;

    /// Starts it with `workers` threads; dropping it ends them.
    fn build(workers: usize) -> Self;

    /// Runs a future on the calling thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Spawns from outside.
    fn spawn_outside<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Spawns from a worker.
    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Runs a job on the blocking pool.
    fn spawn_blocking<T: Send + 'static>(
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T>;

    /// Waits for a task or a job.
    fn join<T: Send + 'static>(handle: Self::Handle<T>) -> impl Future<Output = T> + Send;

    /// Lets a task run on without its handle.
    fn detach<T: Send + 'static>(handle: Self::Handle<T>);

    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Sleeps.
    fn sleep(duration: Duration) -> impl Future + Send + 'static;

    /// Gives a future `duration` to end.
    fn timeout<F: Future<Output: Send> + Send>(duration: Duration, future: F)
    -> impl Future + Send;

    /// Its own one-shot channel.
    fn oneshot() -> (Self::Sender, Self::Receiver);

    /// Sends.
    fn send(sender: Self::Sender);

    /// Receives.
    fn receive(receiver: Self::Receiver) -> impl Future<Output = ()> + Send;

    /// Takes a listener that does not block.
    fn listener(listener: std::net::TcpListener) -> Self::Listener;

    /// Accepts a connection, with `TCP_NODELAY`.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Reads some bytes.
    fn read<'a>(
        stream: &'a mut Self::Stream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes all bytes.
    fn write_all<'a>(
        stream: &'a mut Self::Stream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Gives a connection to hyper.
    fn http(stream: Self::Stream) -> Self::Http;

    /// Takes a Unix stream that does not block.
    fn unix(stream: UnixStream) -> Self::Unix;

    /// Reads some bytes.
    fn unix_read<'a>(
        stream: &'a mut Self::Unix,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes all bytes.
    fn unix_write_all<'a>(
        stream: &'a mut Self::Unix,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Takes a UDP socket that does not block.
    fn udp(socket: std::net::UdpSocket) -> Self::Udp;

    /// Sends a datagram to the address that the socket is connected to.
    fn udp_send(
        socket: &Self::Udp,
        datagram: &[u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Receives a datagram.
    fn udp_receive(
        socket: &Self::Udp,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Reads a whole file.
    fn read_file(path: PathBuf) -> impl Future<Output = io::Result<Vec<u8>>> + Send + 'static;

    /// Copies a file.
    fn copy_file(from: PathBuf, to: PathBuf) -> impl Future<Output = io::Result<u64>> + Send;

    /// Opens a file to read it.
    fn open(path: PathBuf) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Makes a file to write it.
    fn create(path: PathBuf) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Reads some bytes.
    fn file_read<'a>(
        file: &'a mut Self::File,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes all bytes.
    fn file_write_all<'a>(
        file: &'a mut Self::File,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until the system has all bytes.
    fn file_flush(file: &mut Self::File) -> impl Future<Output = io::Result<()>> + Send;

    /// Runs a program, and says whether it was successful.
    fn status(program: &str) -> impl Future<Output = bool> + Send;

    /// Runs a program, and gives what it has written to its standard output.
    fn output(program: &str) -> impl Future<Output = Vec<u8>> + Send;

    /// Runs a future as a task on a worker and waits for it outside.
    fn run<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.block_on(Self::join(self.spawn_outside(future)))
    }

    /// Will start it, when it is first used.
    fn lazy() -> LazyLock<Self> {
        LazyLock::new(|| Self::build(WORKERS))
    }
}
