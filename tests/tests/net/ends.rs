//! How connections end.

use crate::support::{
    listener, once_waiting, pair, rest, say_and_leave, until, wait_for_data, wait_for_end,
};
use futures_lite::future::poll_once;
use heist::io::{AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::TcpStream;
use heist_tests::{Shape, Tally};
use std::io;
use std::sync::Arc;

/// The ways to read a second time.
async fn assert_ended(stream: &mut TcpStream, way: usize) {
    let mut buffer = [0; 16];
    let read = match way % 4 {
        0 => stream.read(&mut buffer).await,
        1 => stream.peek(&mut buffer).await,
        2 => {
            stream
                .async_io(Interest::READABLE, || stream.try_read(&mut [0; 16]))
                .await
        }
        _ => loop {
            stream.readable().await.unwrap();
            match stream.try_read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => break result,
            }
        },
    };
    assert_eq!(read.unwrap(), 0);
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
}

/// Data and end are there before the socket is, or before anybody has waited for it: the second read finds the end.
pub(crate) fn the_end_that_came_with_the_data(shape: Shape) {
    const WORDS: &[u8] = b"all there is";
    shape.block_on(async {
        for way in 0..40 {
            // A read that takes all of it, and one that comes short.
            let mut buffer = vec![0; if way % 8 < 4 { WORDS.len() } else { 64 }];

            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            say_and_leave(std::net::TcpStream::connect(address).unwrap(), WORDS);
            let (mut accepted, _) = listener.accept().await.unwrap();
            wait_for_end(&accepted);
            assert_eq!(accepted.read(&mut buffer).await.unwrap(), WORDS.len());
            assert_ended(&mut accepted, way).await;

            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let mut connected = TcpStream::connect(address).await.unwrap();
            say_and_leave(listener.accept().unwrap().0, WORDS);
            wait_for_end(&connected);
            assert_eq!(connected.read(&mut buffer).await.unwrap(), WORDS.len());
            assert_ended(&mut connected, way).await;

            let taken = std::net::TcpStream::connect(address).unwrap();
            say_and_leave(listener.accept().unwrap().0, WORDS);
            wait_for_end(&taken);
            let mut taken = TcpStream::from_std(taken).unwrap();
            assert_eq!(taken.read(&mut buffer).await.unwrap(), WORDS.len());
            assert_ended(&mut taken, way).await;
        }
    });
}

/// The reactor has reported the data; the end comes before they are read.
pub(crate) fn the_end_that_comes_between_the_event_and_the_read(shape: Shape) {
    shape.block_on(async {
        for way in 0..40 {
            let (mut client, mut server) = pair().await;
            assert!(poll_once(server.read(&mut [0])).await.is_none());
            client.write_all(b"data").await.unwrap();
            server.readable().await.unwrap();
            client.close().await.unwrap();
            wait_for_end(&server);
            assert_eq!(server.read(&mut [0; 64]).await.unwrap(), 4);
            assert_ended(&mut server, way).await;
        }
    });
}

pub(crate) fn half_of_a_connection(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut server) = pair().await;
        let server = heist::spawn(async move {
            let mut question = Vec::new();
            server.read_to_end(&mut question).await.unwrap();
            assert_eq!(question, b"question");
            // The other half is open still.
            for _ in 0..100 {
                server.write_all(&question).await.unwrap();
            }
            server.close().await.unwrap();
            // Once more, which changes nothing.
            server.close().await.unwrap();
            assert_eq!(
                server.write(b"late").await.unwrap_err().kind(),
                io::ErrorKind::BrokenPipe
            );
        });
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"question".repeat(100));
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        server.await.unwrap();

        // The other half first.
        let (client, mut server) = pair().await;
        client.shutdown(std::net::Shutdown::Read).unwrap();
        assert_eq!((&client).read(&mut [0; 8]).await.unwrap(), 0);
        (&client).write_all(b"still").await.unwrap();
        let mut buffer = [0; 5];
        server.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"still");
    });
}

/// A reset wakes who reads and who writes.
pub(crate) fn a_reset_while_both_ways_wait(shape: Shape) {
    shape.block_on(async {
        for _ in 0..20 {
            let (client, server) = pair().await;
            client.set_zero_linger().unwrap();
            let server = Arc::new(server);
            let waiting = Tally::new();
            let reader = {
                let (server, waiting) = (server.clone(), waiting.clone());
                heist::spawn(async move {
                    let read = async { (&*server).read(&mut [0; 8]).await };
                    once_waiting(read, || waiting.hit()).await
                })
            };
            let writer = {
                let (server, waiting) = (server.clone(), waiting.clone());
                heist::spawn(async move {
                    let data = vec![0; 16 << 20];
                    let write = async { (&*server).write_all(&data).await };
                    once_waiting(write, || waiting.hit()).await
                })
            };
            until(|| waiting.count() == 2).await;
            drop(client);
            // The first to ask is told why; then it is over, each way.
            match (reader.await.unwrap(), writer.await.unwrap()) {
                (Err(read), write) => {
                    assert_eq!(read.kind(), io::ErrorKind::ConnectionReset);
                    assert_eq!(write.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
                }
                (Ok(read), write) => {
                    assert_eq!(read, 0);
                    assert_eq!(write.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
                }
            }
            // What has ended can be closed.
            (&*server).close().await.unwrap();
            server.readable().await.unwrap();
            server.writable().await.unwrap();
        }
    });
}

/// Whatever is read of the data, then comes the error or the end: not a wait.
pub(crate) fn data_before_a_reset(shape: Shape) {
    shape.block_on(async {
        for _ in 0..40 {
            let (mut client, mut server) = pair().await;
            client.set_zero_linger().unwrap();
            client.write_all(b"data").await.unwrap();
            wait_for_data(&server);
            drop(client);
            wait_for_end(&server);
            let mut data = Vec::new();
            let outcome = server.read_to_end(&mut data).await;
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            assert!(data.is_empty() || data == b"data");
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        }

        // One that leaves data unread resets too.
        let (mut client, server) = pair().await;
        client.write_all(b"unread").await.unwrap();
        wait_for_data(&server);
        drop(server);
        wait_for_end(&client);
        let outcome = client.read(&mut [0; 8]).await;
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::ConnectionReset);

        // A peer of the standard library's hears the end that it is sent.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let peer = listener.accept().unwrap().0;
        stream.write_all(b"the last").await.unwrap();
        drop(stream);
        assert_eq!(rest(peer), b"the last");
    });
}
