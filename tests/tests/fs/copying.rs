//! Streams in memory, and bytes copied from one to another, one way and both.

use crate::support::noise;
use heist::io::{
    self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter, DuplexStream, ErrorKind,
    copy_bidirectional, copy_bidirectional_with_sizes, duplex,
};
use heist::spawn;
use heist_tests::{Shape, once_waiting};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

pub(crate) fn both_ways(shape: Shape) {
    shape.block_on(async {
        let (mut one, mut two) = duplex(8);
        one.write_all(b"ping").await.unwrap();
        let mut four = [0; 4];
        two.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"ping");
        two.write_all(b"pong").await.unwrap();
        one.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"pong");
        // No more than there is room for.
        assert_eq!(one.write(&[0; 20]).await.unwrap(), 8);
        let (mut one, mut two) = (one, two);
        let written = once_waiting(one.write(b"x"), || ());
        let (written, read) = heist::join!(written, two.read(&mut four));
        assert_eq!((written.unwrap(), read.unwrap()), (1, 4));
    });
}

pub(crate) fn one_end_first(shape: Shape) {
    shape.block_on(async {
        // Closed, it can still be read.
        let (mut one, mut two) = duplex(8);
        one.write_all(b"last").await.unwrap();
        one.close().await.unwrap();
        assert_eq!(
            one.write(b"x").await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
        let mut text = String::new();
        two.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "last");
        two.write_all(b"more").await.unwrap();
        drop(two);
        text.clear();
        one.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "more");

        // Through a proxy, the client first.
        let (mut client, mut proxy) = duplex(16);
        let (mut upstream, mut server) = duplex(16);
        let copying = spawn(async move { copy_bidirectional(&mut proxy, &mut upstream).await });
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        text.clear();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "question");
        server.write_all(b"answer").await.unwrap();
        server.close().await.unwrap();
        text.clear();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "answer");
        assert_eq!(copying.await.unwrap().unwrap(), (8, 6));
    });
}

pub(crate) fn one_way(shape: Shape) {
    shape.block_on(async {
        let (mut client, proxy) = duplex(16);
        let (upstream, mut server) = duplex(16);
        let copying = spawn(io::copy(proxy, BufWriter::new(upstream)));
        // It is there though more may come.
        let mut text = [0; 8];
        for question in [b"question", b"and more"] {
            client.write_all(question).await.unwrap();
            server.read_exact(&mut text).await.unwrap();
            assert_eq!(&text, question);
        }
        client.write_all(b"last").await.unwrap();
        drop(client);
        assert_eq!(copying.await.unwrap().unwrap(), 20);
        let mut rest = String::new();
        server.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "last");
    });
}

/// A reader that may be asked once.
struct EndsAtOnce {
    has_ended: bool,
}

impl AsyncRead for EndsAtOnce {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!self.has_ended, "it was asked again");
        self.has_ended = true;
        Poll::Ready(Ok(0))
    }
}

/// A writer that flushes at the second attempt.
#[derive(Default)]
struct FlushesLate {
    attempts: u32,
}

impl AsyncWrite for FlushesLate {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        unreachable!("there is nothing to write")
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempts += 1;
        if self.attempts > 1 {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        unreachable!("it is left open")
    }
}

pub(crate) fn an_end_is_not_asked_for_again(shape: Shape) {
    shape.block_on(async {
        let mut writer = FlushesLate::default();
        let reader = EndsAtOnce { has_ended: false };
        assert_eq!(io::copy(reader, &mut writer).await.unwrap(), 0);
        assert_eq!(writer.attempts, 2);
    });
}

async fn send(mut stream: heist::io::WriteHalf<DuplexStream>, bytes: Vec<u8>) {
    stream.write_all(&bytes).await.unwrap();
    stream.close().await.unwrap();
}

async fn receive(mut stream: heist::io::ReadHalf<DuplexStream>) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

pub(crate) fn megabytes_through_little_room(shape: Shape) {
    const LENGTH: usize = 1 << 20;
    shape.block_on(async {
        let (client, mut proxy) = duplex(3_000);
        let (mut upstream, server) = duplex(7_000);
        let copying = spawn(async move {
            copy_bidirectional_with_sizes(&mut proxy, &mut upstream, 1_000, 9_000).await
        });
        let bytes = noise(LENGTH);
        let (client_read, client_write) = heist::io::split(client);
        let (server_read, server_write) = heist::io::split(server);
        let tasks = [
            spawn(send(client_write, bytes.clone())),
            spawn(send(server_write, bytes.clone())),
        ];
        let answers = [spawn(receive(server_read)), spawn(receive(client_read))];
        for task in tasks {
            task.await.unwrap();
        }
        for answer in answers {
            assert!(answer.await.unwrap() == bytes);
        }
        let length = LENGTH as u64;
        assert_eq!(copying.await.unwrap().unwrap(), (length, length));
    });
}

pub(crate) fn errors_end_it(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut proxy) = duplex(16);
        let (mut upstream, server) = duplex(16);
        drop(server);
        client.write_all(b"lost").await.unwrap();
        let error = copy_bidirectional(&mut proxy, &mut upstream)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

pub(crate) fn who_waits_is_told_of_the_end(shape: Shape) {
    shape.block_on(async {
        let (mut one, two) = duplex(1);
        let read = once_waiting(one.read(&mut [0]), move || drop(two)).await;
        assert_eq!(read.unwrap(), 0);

        let (mut one, two) = duplex(1);
        one.write_all(b"x").await.unwrap();
        let written = once_waiting(one.write(b"y"), move || drop(two)).await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

/// A waker that calls a function when it is cloned.
fn calls_when_cloned(function: Box<dyn Fn() + Send + Sync>) -> Waker {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: it is what was leaked.
        let function = unsafe { &*data.cast::<Box<dyn Fn() + Send + Sync>>() };
        function();
        RawWaker::new(data, &VTABLE)
    }

    let function: *const Box<_> = Box::leak(Box::new(function));
    // SAFETY: the functions are for that data, which stays.
    unsafe { Waker::new(function.cast(), &VTABLE) }
}

pub(crate) fn a_waker_that_comes_back_as_it_is_cloned(shape: Shape) {
    shape.block_on(async {
        let (mut one, two) = duplex(1);
        let two = Arc::new(Mutex::new(two));
        let write = {
            let two = two.clone();
            move || {
                let mut cx = Context::from_waker(Waker::noop());
                let _ = Pin::new(&mut *two.lock().unwrap()).poll_write(&mut cx, b"x");
            }
        };
        let read = move || {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut *two.lock().unwrap()).poll_read(&mut cx, &mut [0]);
        };
        let waker = calls_when_cloned(Box::new(write));
        let mut cx = Context::from_waker(&waker);
        let polled = Pin::new(&mut one).poll_read(&mut cx, &mut [0]);
        assert!(matches!(polled, Poll::Ready(Ok(1))));

        one.write_all(b"y").await.unwrap();
        let waker = calls_when_cloned(Box::new(read));
        let mut cx = Context::from_waker(&waker);
        let polled = Pin::new(&mut one).poll_write(&mut cx, b"z");
        assert!(matches!(polled, Poll::Ready(Ok(1))));
    });
}
