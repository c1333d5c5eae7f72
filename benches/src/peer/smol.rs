//! smol: a static executor like its own global one, on as many threads as asked for, each in `smol::block_on` (which turns the
//! reactor); `smol::channel` for one-shots, and hyper through `smol_hyper`'s adapter.
//!
//! Its reactor and its blocking pool have threads of their own, shared by the whole process, as in every program on smol.

#![forbid(unsafe_code)]

use super::Peer;
use smol::channel::{Receiver, Sender};
use smol::future::FutureExt;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::unix::UnixStream;
use smol::net::{TcpListener, TcpStream, UdpSocket};
use smol::process::Command;
use smol::{Executor, Task, Timer};
use smol_hyper::rt::FuturesIo;
use std::path::PathBuf;
use std::time::Duration;
use std::{io, thread};

static EXECUTOR: Executor<'static> = Executor::new();

/// smol.
pub struct Smol {
    running: Sender<()>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.running.close();
        for worker in self.workers.drain(..) {
            worker.join().expect("a worker ends by itself");
        }
    }
}

impl Peer for Smol {
    const NAME: &'static str = "smol";
    type Handle<T: Send + 'static> = Task<T>;
    type Sender = Sender<()>;
    type Receiver = Receiver<()>;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type Unix = UnixStream;
    type Udp = UdpSocket;
    type File = smol::fs::File;
    type Http = FuturesIo<TcpStream>;

    fn build(workers: usize) -> Self {
        let (running, closed) = smol::channel::bounded::<()>(1);
        let worker = || {
            let closed = closed.clone();
            thread::spawn(move || {
                let end = smol::block_on(EXECUTOR.run(closed.recv()));
                end.expect_err("nothing is ever sent");
            })
        };
        Self {
            running,
            workers: std::iter::repeat_with(worker).take(workers).collect(),
        }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn_outside<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        smol::unblock(job)
    }

    fn join<T: Send + 'static>(handle: Task<T>) -> impl Future<Output = T> + Send {
        handle
    }

    fn detach<T: Send + 'static>(handle: Task<T>) {
        handle.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send + 'static {
        Timer::after(duration)
    }

    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future + Send {
        async move { Some(future.await) }.or(async move {
            Timer::after(duration).await;
            None
        })
    }

    fn oneshot() -> (Self::Sender, Self::Receiver) {
        smol::channel::bounded(1)
    }

    fn send(sender: Self::Sender) {
        sender.try_send(()).expect("the receiver waits");
    }

    async fn receive(receiver: Self::Receiver) {
        receiver.recv().await.expect("the sender sends");
    }

    fn listener(listener: std::net::TcpListener) -> TcpListener {
        TcpListener::try_from(listener).expect("smol registers a listener")
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

    fn http(stream: TcpStream) -> FuturesIo<TcpStream> {
        FuturesIo::new(stream)
    }

    fn unix(stream: std::os::unix::net::UnixStream) -> UnixStream {
        UnixStream::try_from(stream).expect("smol registers a stream")
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
        UdpSocket::try_from(socket).expect("smol registers a socket")
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
        smol::fs::read(path).await
    }

    async fn copy_file(from: PathBuf, to: PathBuf) -> io::Result<u64> {
        smol::fs::copy(from, to).await
    }

    async fn open(path: PathBuf) -> io::Result<Self::File> {
        smol::fs::File::open(path).await
    }

    async fn create(path: PathBuf) -> io::Result<Self::File> {
        smol::fs::File::create(path).await
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
