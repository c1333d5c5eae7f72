//! Data, both ways, byte by byte what was sent.

use crate::support::{Deaf, Random, listener, once_waiting, pair, until};
use futures_lite::future::{poll_once, zip};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::TcpStream;
use heist::time::{Duration, timeout};
use heist_tests::{Shape, Tally};
use std::io::{self, IoSlice, IoSliceMut};
use std::sync::Arc;

const MEBIBYTE: usize = 1 << 20;

/// Writes all of the data in chunks of odd sizes, some of them in several buffers at once.
async fn write(mut stream: &TcpStream, data: &[u8], seed: u64) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut written = 0;
    while written < data.len() {
        let left = &data[written..];
        let chunk = &left[..random.chunk().min(left.len())];
        written += if random.below(2) == 0 {
            stream.write(chunk).await?
        } else {
            let (one, other) = chunk.split_at(random.below(chunk.len() + 1));
            let buffers = [IoSlice::new(one), IoSlice::new(&[]), IoSlice::new(other)];
            stream.write_vectored(&buffers).await?
        };
    }
    Ok(())
}

/// Reads so much, into chunks of odd sizes, some of them in several buffers at once.
async fn read(mut stream: &TcpStream, len: usize, seed: u64) -> io::Result<Vec<u8>> {
    let mut random = Random::new(seed);
    let mut data = vec![0; len];
    let mut done = 0;
    while done < len {
        let chunk = random.chunk().min(len - done);
        let chunk = &mut data[done..][..chunk];
        let read = if random.below(2) == 0 {
            stream.read(chunk).await?
        } else {
            let (one, other) = chunk.split_at_mut(random.below(chunk.len() + 1));
            let buffers = &mut [
                IoSliceMut::new(one),
                IoSliceMut::new(&mut []),
                IoSliceMut::new(other),
            ];
            stream.read_vectored(buffers).await?
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        done += read;
    }
    Ok(data)
}

/// Sends back whatever comes, until the end.
async fn echo(mut stream: &TcpStream, seed: u64) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut buffer = vec![0; 70_001];
    loop {
        let chunk = random.chunk().min(buffer.len());
        match stream.read(&mut buffer[..chunk]).await? {
            0 => return stream.close().await,
            read => write(stream, &buffer[..read], seed + 1).await?,
        }
    }
}

/// Sends data and compares what comes back, both at once.
async fn exchange(stream: &TcpStream, len: usize, seed: u64) {
    let data = Random::new(seed).bytes(len);
    let (sent, echoed) = zip(
        async {
            write(stream, &data, seed + 2).await?;
            let mut writer = stream;
            writer.close().await
        },
        read(stream, len, seed + 3),
    )
    .await;
    sent.unwrap();
    assert!(
        echoed.unwrap() == data,
        "other bytes came back than were sent"
    );
    let mut reader = stream;
    assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0, "more came back");
}

pub(crate) fn an_echo_of_a_mebibyte(shape: Shape) {
    shape.block_on(async {
        let exchanges: Vec<_> = (0..4)
            .map(|number| {
                heist::spawn(async move {
                    let (client, server) = pair().await;
                    let seed = 10 * number;
                    let server = heist::spawn(async move { echo(&server, seed).await });
                    exchange(&client, MEBIBYTE, seed).await;
                    server.await.unwrap().unwrap();
                })
            })
            .collect();
        for exchange in exchanges {
            exchange.await.unwrap();
        }
    });
}

/// Connections that come all at once, and again and again.
pub(crate) fn a_storm_of_connections(shape: Shape) {
    const CLIENTS: u64 = 50;
    const ROUNDS: u64 = 6;
    shape.block_on(async {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        let server = heist::spawn(async move {
            let mut served = Vec::new();
            for seed in 0..CLIENTS * ROUNDS {
                let (stream, _) = listener.accept().await.unwrap();
                served.push(heist::spawn(async move { echo(&stream, seed).await }));
            }
            for served in served {
                served.await.unwrap().unwrap();
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                heist::spawn(async move {
                    for round in 0..ROUNDS {
                        let stream = TcpStream::connect(address).await.unwrap();
                        let seed = 1_000 * client + round;
                        let len = Random::new(seed).below(20_000);
                        exchange(&stream, len, seed).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        server.await.unwrap();
    });
}

/// One reads while the other writes, through one shared stream, at both ends.
pub(crate) fn one_stream_in_two_tasks(shape: Shape) {
    shape.block_on(async {
        let (client, server) = pair().await;
        let mut tasks = Vec::new();
        let ends = [client, server].map(Arc::new);
        for (end, seed) in ends.into_iter().zip([1, 2]) {
            let (reader, writer) = (end.clone(), end);
            let other = 3 - seed;
            tasks.push(heist::spawn(async move {
                let data = Random::new(seed).bytes(MEBIBYTE);
                write(&writer, &data, seed).await.unwrap();
            }));
            tasks.push(heist::spawn(async move {
                let data = read(&reader, MEBIBYTE, seed + 7).await.unwrap();
                assert!(data == Random::new(other).bytes(MEBIBYTE));
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// The writer waits until there is room, and nothing is lost.
pub(crate) fn a_reader_that_takes_its_time(shape: Shape) {
    const DATA: usize = 16 * MEBIBYTE;
    shape.block_on(async {
        let (client, mut server) = pair().await;
        let waiting = Tally::new();
        let writer = {
            let waiting = waiting.clone();
            heist::spawn(async move {
                let mut client = client;
                let data = Random::new(1).bytes(DATA);
                let write = client.write_all(&data);
                once_waiting(write, || waiting.hit()).await.unwrap();
                client.close().await.unwrap();
            })
        };
        until(|| waiting.count() == 1).await;
        assert!(!writer.is_finished(), "all of it fits into the buffers");
        let mut data = Vec::new();
        server.read_to_end(&mut data).await.unwrap();
        assert!(data == Random::new(1).bytes(DATA));
        writer.await.unwrap();

        // Byte by byte, from one that fills the buffers again and again.
        let (client, mut server) = pair().await;
        while client.try_write(&[7; 65_536]).is_ok() {}
        let writer = heist::spawn(async move {
            (&client).write_all(&[7; 100_000]).await.unwrap();
            (&client).close().await.unwrap();
        });
        let mut first = [0];
        for _ in 0..1_000 {
            server.read_exact(&mut first).await.unwrap();
            assert_eq!(first, [7]);
        }
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert!(rest.len() >= 99_000 && rest.iter().all(|byte| *byte == 7));
        writer.await.unwrap();
    });
}

pub(crate) fn looking_without_taking(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut server) = pair().await;
        let mut buffer = [0; 16];
        assert!(poll_once(server.peek(&mut buffer)).await.is_none());
        for _ in 0..50 {
            client.write_all(b"look").await.unwrap();
            for _ in 0..3 {
                assert_eq!(server.peek(&mut buffer).await.unwrap(), 4);
                assert_eq!(&buffer[..4], b"look");
            }
            server.read_exact(&mut buffer[..4]).await.unwrap();
            assert!(poll_once(server.peek(&mut buffer)).await.is_none());
        }
        client.close().await.unwrap();
        for _ in 0..3 {
            assert_eq!(server.peek(&mut buffer).await.unwrap(), 0);
        }
    });
}

/// It waits, and can be given up; the next attempt is another.
pub(crate) fn connecting_to_who_does_not_answer(shape: Shape) {
    shape.block_on(async {
        let deaf = Deaf::new();
        let limit = Duration::from_millis(20);
        for _ in 0..3 {
            let connected = timeout(limit, TcpStream::connect(deaf.address())).await;
            assert!(connected.is_err(), "its backlog is not full");
        }
    });
}
