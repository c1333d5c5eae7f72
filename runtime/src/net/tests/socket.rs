//! A [`TcpSocket`], and halves of a stream.

use super::*;

/// Whatever is set on the socket is there on the connection; and one that blocks, made elsewhere, doesn't any more.
#[test]
fn a_socket_keeps_its_options() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
            let listener = socket.listen(16).unwrap();
            let address = listener.local_addr().unwrap();

            let domain = socket2::Domain::IPV4;
            let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
            let socket = TcpSocket::from(OwnedFd::from(socket));
            socket.set_nodelay(true).unwrap();
            socket.set_keepalive(true).unwrap();
            socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
            let local = socket.local_addr().unwrap();
            let stream = socket.connect(address).await.unwrap();
            assert!(stream.nodelay().unwrap());
            assert_eq!(stream.local_addr().unwrap(), local);
            assert!(fcntl_getfl(&stream).unwrap().contains(OFlags::NONBLOCK));
            assert_eq!(listener.accept().await.unwrap().1, local);
        });
    });
}

#[test]
fn a_socket_of_the_other_family() {
    match TcpSocket::new_v6() {
        Ok(socket) => {
            socket.set_tclass_v6(0x10).unwrap();
            assert_eq!(socket.tclass_v6().unwrap(), 0x10);
        }
        // Where there is none.
        Err(error) => assert_eq!(
            error.raw_os_error(),
            Some(Errno::AFNOSUPPORT.raw_os_error())
        ),
    }
}

/// What a Unix socket is taken for, it isn't.
#[test]
fn a_socket_that_is_none_of_tcp() {
    let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let error = TcpSocket::from(OwnedFd::from(socket)).local_addr();
    assert!(error.unwrap_err().to_string().contains("TCP"));
}

/// The writing half's end is told, but once: by its close, or by its drop, or not at all.
#[test]
fn halves_end_as_they_say() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            let (read, mut write) = client.into_split();
            write.write_all(b"a").await.unwrap();
            drop(write);
            let mut words = Vec::new();
            server.read_to_end(&mut words).await.unwrap();
            assert_eq!(words, b"a");
            // The other direction goes on.
            server.write_all(b"b").await.unwrap();
            let mut read = read;
            read.read_exact(&mut [0]).await.unwrap();

            let (client, mut server) = pair().await;
            let (read, write) = client.into_split();
            write.forget();
            assert!(poll_once(server.read(&mut [0])).await.is_none());
            drop(read);
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);

            let (client, mut server) = pair().await;
            let (read, mut write) = client.into_split();
            write.close().await.unwrap();
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
            let client = read.reunite(write).unwrap();
            assert!(client.try_write(b"c").is_err());

            // Put together again, it is open.
            let (client, mut server) = pair().await;
            let (read, write) = client.into_split();
            let mut client = write.reunite(read).unwrap();
            client.write_all(b"d").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
            assert!(poll_once(server.read(&mut [0])).await.is_none());
        });
    });
}

#[test]
fn foreign_halves_are_given_back() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, mut server) = pair().await;
            let (mine, mut mine_too) = client.into_split();
            let (foreign, foreign_too) = pair().await.0.into_split();
            let error = mine.reunite(foreign_too).unwrap_err();
            assert!(error.to_string().contains("two different streams"));
            let tcp::ReuniteError(mine, foreign_too) = error;
            // Nobody was told that anything ended.
            assert!(poll_once(server.read(&mut [0])).await.is_none());
            mine_too.write_all(b"a").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
            mine_too.reunite(mine).unwrap();
            foreign.reunite(foreign_too).unwrap();
        });
    });
}
