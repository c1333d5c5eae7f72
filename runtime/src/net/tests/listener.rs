//! Listeners, and connections to them.

use super::*;

#[test]
fn a_port_where_nobody_listens_refuses() {
    each_kind(|reactor| {
        block_on(reactor, async {
            // Bound, so that nobody else listens there either.
            let socket = tcp_stream::socket(socket2::Domain::IPV4).unwrap();
            socket
                .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
                .unwrap();
            let closed = socket.local_addr().unwrap().as_socket().unwrap();
            let error = TcpStream::connect(closed).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = [closed, listener.local_addr().unwrap()];
            let stream = TcpStream::connect(&addresses[..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        });
    });
}

#[test]
fn an_address_in_use_is_refused() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let error = TcpListener::bind(listener.local_addr().unwrap())
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_port_of_a_server_that_ended_can_be_had_at_once() {
    each_kind(|reactor| {
        block_on(reactor, async {
            // An address of its own, of which no other test takes a port.
            let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            // Whoever closes first is left in TIME_WAIT.
            drop((server, listener));
            drop(client);
            TcpListener::bind(address).await.unwrap();
        });
    });
}

#[test]
fn connections_wait_until_they_are_accepted() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let clients: Vec<_> = (0..100)
                .map(|_| std::net::TcpStream::connect(address).unwrap())
                .collect();
            for client in &clients {
                let (_, peer) = listener.accept().await.unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
            }
            assert!(poll_once(listener.accept()).await.is_none());
        });
    });
}

#[test]
fn several_tasks_accept_from_one_listener() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (mut first, mut second) = (pin!(listener.accept()), pin!(listener.accept()));
            assert!(poll_once(first.as_mut()).await.is_none());
            assert!(poll_once(second.as_mut()).await.is_none());
            let _one = TcpStream::connect(address).await.unwrap();
            let is_first = or(async { first.as_mut().await.map(|_| true) }, async {
                second.as_mut().await.map(|_| false)
            });
            let is_first = is_first.await.unwrap();
            let _two = TcpStream::connect(address).await.unwrap();
            if is_first {
                second.await.unwrap()
            } else {
                first.await.unwrap()
            };
        });
    });
}

#[test]
fn poll_accept_accepts() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
            assert_eq!(accepted.unwrap().1, client.local_addr().unwrap());
        });
    });
}
