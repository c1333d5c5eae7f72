//! tokio: the multi-threaded runtime with all drivers on, its own channel, hyper through `hyper_util`'s adapter.

#![forbid(unsafe_code)]

use super::Peer;
use hyper_util::rt::TokioIo;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// tokio.
pub struct Tokio(Runtime);

impl Peer for Tokio {
    const NAME: &'static str = "tokio";
    type Handle<T: Send + 'static> = JoinHandle<T>;
    type Sender = oneshot::Sender<()>;
    type Receiver = oneshot::Receiver<()>;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type Unix = UnixStream;
    type Udp = UdpSocket;
    type File = tokio::fs::File;
    type Http = TokioIo<TcpStream>;

    fn build(workers: usize) -> Self {
        Self(
            Builder::new_multi_thread()
                .worker_threads(workers)
                .enable_all()
                .build()
                .expect("tokio starts"),
        )
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn_outside<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.spawn(future)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(future)
    }

    fn spawn_blocking<T: Send + 'static>(
        job: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::task::spawn_blocking(job)
    }

    async fn join<T: Send + 'static>(handle: JoinHandle<T>) -> T {
        handle.await.expect("the task ends by itself")
    }

    fn detach<T: Send + 'static>(handle: JoinHandle<T>) {
        drop(handle);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send + 'static {
        tokio::time::sleep(duration)
    }

    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future + Send {
        tokio::time::timeout(duration, future)
    }

    fn oneshot() -> (Self::Sender, Self::Receiver) {
        oneshot::channel()
    }

    fn send(sender: Self::Sender) {
        sender.send(()).expect("the receiver waits");
    }

    async fn receive(receiver: Self::Receiver) {
        receiver.await.expect("the sender sends");
    }

    fn listener(listener: std::net::TcpListener) -> TcpListener {
        TcpListener::from_std(listener).expect("tokio registers a listener")
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(
        stream: &'a mut TcpStream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(
        stream: &'a mut TcpStream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    fn http(stream: TcpStream) -> Self::Http {
        TokioIo::new(stream)
    }

    fn unix(stream: std::os::unix::net::UnixStream) -> UnixStream {
        UnixStream::from_std(stream).expect("tokio registers a stream")
    }

    fn unix_read<'a>(
        stream: &'a mut UnixStream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn unix_write_all<'a>(
        stream: &'a mut UnixStream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    fn udp(socket: std::net::UdpSocket) -> UdpSocket {
        UdpSocket::from_std(socket).expect("tokio registers a socket")
    }

    fn udp_send(
        socket: &UdpSocket,
        datagram: &[u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        socket.send(datagram)
    }

    fn udp_receive(
        socket: &UdpSocket,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        socket.recv(buffer)
    }

    async fn read_file(path: PathBuf) -> io::Result<Vec<u8>> {
        tokio::fs::read(path).await
    }

    async fn copy_file(from: PathBuf, to: PathBuf) -> io::Result<u64> {
        tokio::fs::copy(from, to).await
    }

    async fn open(path: PathBuf) -> io::Result<Self::File> {
        tokio::fs::File::open(path).await
    }

    async fn create(path: PathBuf) -> io::Result<Self::File> {
        tokio::fs::File::create(path).await
    }

    fn file_read<'a>(
        file: &'a mut Self::File,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        file.read(buffer)
    }

    fn file_write_all<'a>(
        file: &'a mut Self::File,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        file.write_all(bytes)
    }

    fn file_flush(file: &mut Self::File) -> impl Future<Output = io::Result<()>> + Send {
        file.flush()
    }

    async fn status(program: &str) -> bool {
        let status = Command::new(program).status().await;
        status.expect("it is run").success()
    }

    async fn output(program: &str) -> Vec<u8> {
        let output = Command::new(program).output().await;
        output.expect("it is run").stdout
    }
}
