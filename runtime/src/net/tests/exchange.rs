//! Data between two ends, up to their end.

use super::*;

/// More than the buffers between them hold, both ways at once, in odd portions.
#[test]
fn megabytes_go_both_ways() {
    const LEN: usize = 4 << 20;
    let data: Vec<u8> = (0..LEN).map(|index| (index / 251) as u8).collect();
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = pair().await;
            let exchange = async |stream: &TcpStream| {
                let write = async {
                    let mut stream = stream;
                    for portion in data.chunks(100_003) {
                        stream.write_all(portion).await.unwrap();
                    }
                    stream.close().await.unwrap();
                };
                let read = async {
                    let mut stream = stream;
                    let mut received = Vec::new();
                    let mut buffer = vec![0; 65_537];
                    loop {
                        match stream.read(&mut buffer).await.unwrap() {
                            0 => return received,
                            read => received.extend_from_slice(&buffer[..read]),
                        }
                    }
                };
                zip(write, read).await.1
            };
            let (at_client, at_server) = zip(exchange(&client), exchange(&server)).await;
            assert!(at_client == data && at_server == data);
        });
    });
}

#[test]
fn several_buffers_go_in_one_call() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            let words = [
                IoSlice::new(b"one "),
                IoSlice::new(b""),
                IoSlice::new(b"two"),
            ];
            assert_eq!(client.write_vectored(&words).await.unwrap(), 7);
            let (mut first, mut second) = ([0; 4], [0; 8]);
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            assert_eq!(server.read_vectored(&mut buffers).await.unwrap(), 7);
            assert_eq!((&first, &second[..3]), (b"one ", &b"two"[..]));
            assert!(
                poll_once(server.read_vectored(&mut [IoSliceMut::new(&mut [0])]))
                    .await
                    .is_none()
            );
        });
    });
}

/// More buffers than one system call takes: that it leaves some over doesn't mean that the stream is full, or empty.
#[test]
fn more_buffers_than_go_in_one_call() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            // From here on no event comes by itself.
            turn(reactor, Some(Duration::ZERO));
            let bytes = [7; 2_000];
            let buffers: Vec<_> = bytes.chunks(1).map(IoSlice::new).collect();
            assert_eq!(client.write_vectored(&buffers).await.unwrap(), 1_024);
            let more = poll_once(client.write(&[8; 500])).await;
            assert_eq!(more.expect("there is room").unwrap(), 500);

            server.readable().await.unwrap();
            turn(reactor, Some(Duration::ZERO));
            let mut bytes = [0; 2_000];
            let mut buffers: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
            assert_eq!(server.read_vectored(&mut buffers).await.unwrap(), 1_024);
            let mut rest = [0; 1_000];
            let read = poll_once(server.read(&mut rest)).await;
            assert_eq!(read.expect("there is more").unwrap(), 500);
            assert!(bytes[..1_024].iter().all(|&byte| byte == 7) && rest[499] == 8);
        });
    });
}

#[test]
fn closing_ends_what_the_peer_reads() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut client, mut server) = pair().await;
            client.write_all(b"the end").await.unwrap();
            client.close().await.unwrap();
            let mut text = String::new();
            server.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "the end");
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);

            // The other way it is open still.
            server.write_all(b"reply").await.unwrap();
            server.shutdown(Shutdown::Both).unwrap();
            let mut reply = Vec::new();
            client.read_to_end(&mut reply).await.unwrap();
            assert_eq!(reply, b"reply");
        });
    });
}

#[test]
fn a_reset_is_an_error_for_the_peer() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            client.set_zero_linger().unwrap();
            let mut buffer = [0];
            let mut read = pin!(server.read(&mut buffer));
            assert!(poll_once(read.as_mut()).await.is_none());
            drop(client);
            assert_eq!(
                read.await.unwrap_err().kind(),
                io::ErrorKind::ConnectionReset
            );
            let error = async {
                loop {
                    if let Err(error) = server.write(&[0]).await {
                        return error;
                    }
                }
            };
            assert_eq!(error.await.kind(), io::ErrorKind::BrokenPipe);
        });
    });
}
