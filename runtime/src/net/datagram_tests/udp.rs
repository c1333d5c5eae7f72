//! [`UdpSocket`].

use super::*;

#[test]
fn an_answer_finds_its_way_back() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (server, client) = (udp().await, udp().await);
            let address = server.local_addr().unwrap();
            let mut buffer = [0; 16];
            for _ in 0..3 {
                client.send_to(b"question", address).await.unwrap();
                let (length, from) = server.recv_from(&mut buffer).await.unwrap();
                assert_eq!(
                    (&buffer[..length], from),
                    (&b"question"[..], client.local_addr().unwrap())
                );
                server.send_to(b"answer", from).await.unwrap();
                let (length, from) = client.recv_from(&mut buffer).await.unwrap();
                assert_eq!((&buffer[..length], from), (&b"answer"[..], address));
            }
        });
    });
}

/// What comes together is one event, of which each receive leaves the rest.
#[test]
fn datagrams_that_come_at_once_are_received_one_by_one() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            assert!(poll_once(other.recv(&mut [0])).await.is_none());
            for byte in 0..20 {
                assert_eq!(one.send(&[byte]).await.unwrap(), 1);
            }
            // Every one is shorter than the buffer: that says nothing of the others.
            let mut buffer = [0; 16];
            for byte in 0..20 {
                assert_eq!(other.recv(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], byte);
            }
            assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        });
    });
}

#[test]
fn a_datagram_may_be_empty_and_is_no_end() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            assert_eq!(one.send(b"").await.unwrap(), 0);
            assert_eq!(one.send(b"data").await.unwrap(), 4);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 0);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 4);
            // Nor is an empty buffer: the datagram is gone.
            one.send(b"lost").await.unwrap();
            assert_eq!(other.recv(&mut []).await.unwrap(), 0);
            assert!(poll_once(other.recv(&mut [0; 4])).await.is_none());

            let (one, other) = UnixDatagram::pair().unwrap();
            assert_eq!(one.send(b"").await.unwrap(), 0);
            assert_eq!(other.recv(&mut [0; 4]).await.unwrap(), 0);
            assert!(poll_once(other.recv(&mut [0; 4])).await.is_none());
        });
    });
}

#[test]
fn what_does_not_fit_is_thrown_away() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            one.send(b"long one").await.unwrap();
            one.send(b"next").await.unwrap();
            let mut buffer = [0; 4];
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer, b"long");
            assert_eq!(other.recv_from(&mut buffer).await.unwrap().0, 4);
            assert_eq!(&buffer, b"next");

            let (one, other) = UnixDatagram::pair().unwrap();
            one.send(b"long one").await.unwrap();
            one.send(b"next").await.unwrap();
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(other.recv_from(&mut buffer).await.unwrap().0, 4);
            assert_eq!(&buffer, b"next");
        });
    });
}

#[test]
fn peeking_leaves_the_datagram() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let from = one.local_addr().unwrap();
            assert!(poll_once(other.peek_sender()).await.is_none());
            assert_would_block(other.try_peek(&mut [0; 8]));
            one.send(b"data").await.unwrap();
            let buffer = &mut [0; 8];
            assert_eq!(other.peek_sender().await.unwrap(), from);
            assert_eq!(
                poll_fn(|cx| other.poll_peek_sender(cx)).await.unwrap(),
                from
            );
            assert_eq!(other.try_peek_sender().unwrap(), from);
            assert_eq!(other.peek(buffer).await.unwrap(), 4);
            assert_eq!(poll_fn(|cx| other.poll_peek(cx, buffer)).await.unwrap(), 4);
            assert_eq!(other.try_peek(buffer).unwrap(), 4);
            assert_eq!(other.peek_from(buffer).await.unwrap(), (4, from));
            let peeked = poll_fn(|cx| other.poll_peek_from(cx, buffer)).await;
            assert_eq!(peeked.unwrap(), (4, from));
            assert_eq!(other.try_peek_from(buffer).unwrap(), (4, from));
            assert_eq!(other.recv_from(buffer).await.unwrap(), (4, from));
            assert!(poll_once(other.recv(buffer)).await.is_none());
        });
    });
}

#[test]
fn without_waiting_and_by_polling() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let buffer = &mut [0; 8];
            assert_would_block(other.try_recv(buffer));
            assert_would_block(other.try_recv_from(buffer));
            assert_eq!(one.try_send(b"1").unwrap(), 1);
            poll_fn(|cx| other.poll_recv_ready(cx)).await.unwrap();
            assert_eq!(other.try_recv(buffer).unwrap(), 1);
            assert_eq!(poll_fn(|cx| one.poll_send(cx, b"22")).await.unwrap(), 2);
            assert_eq!(poll_fn(|cx| other.poll_recv(cx, buffer)).await.unwrap(), 2);

            let (one, other) = (udp().await, udp().await);
            let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
            assert_eq!(one.try_send_to(b"333", to).unwrap(), 3);
            let received = poll_fn(|cx| other.poll_recv_from(cx, buffer)).await;
            assert_eq!(received.unwrap(), (3, from));
            let sent = poll_fn(|cx| one.poll_send_to(cx, b"4444", to)).await;
            assert_eq!(sent.unwrap(), 4);
            other.readable().await.unwrap();
            assert_eq!(other.try_recv_from(buffer).unwrap(), (4, from));
            one.writable().await.unwrap();
            poll_fn(|cx| one.poll_send_ready(cx)).await.unwrap();
            let ready = one.ready(Interest::WRITABLE).await.unwrap();
            assert!(ready.is_writable());
        });
    });
}

#[test]
fn a_system_call_of_ones_own() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let receive = || SockRef::from(&other).recv(&mut [std::mem::MaybeUninit::new(0); 8]);
            assert_would_block(other.try_io(Interest::READABLE, receive));
            let send = || SockRef::from(&one).send(b"data");
            assert_eq!(one.async_io(Interest::WRITABLE, send).await.unwrap(), 4);
            assert_eq!(
                other.async_io(Interest::READABLE, receive).await.unwrap(),
                4
            );
        });
    });
}

#[test]
fn that_nobody_listens_is_reported_once() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = (udp().await, udp().await);
            let address = server.local_addr().unwrap();
            // It keeps its port, and listens to nobody but itself.
            server.connect(address).await.unwrap();
            client.connect(address).await.unwrap();
            let mut buffer = [0; 8];
            for _ in 0..2 {
                let receive = client.recv(&mut buffer);
                let (received, sent) = zip(receive, client.send(b"data")).await;
                assert_eq!(sent.unwrap(), 4);
                let error = received.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
                assert!(poll_once(client.recv(&mut buffer)).await.is_none());
            }
            // Now it listens.
            server.connect(client.local_addr().unwrap()).await.unwrap();
            client.send(b"data").await.unwrap();
            assert_eq!(server.recv(&mut buffer).await.unwrap(), 4);
        });
    });
}

#[test]
fn options_are_set_and_read() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = udp().await;
            socket.set_ttl(33).unwrap();
            assert_eq!(socket.ttl().unwrap(), 33);
            socket.set_broadcast(true).unwrap();
            assert!(socket.broadcast().unwrap());
            socket.set_multicast_ttl_v4(3).unwrap();
            assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
            socket.set_tos_v4(0x10).unwrap();
            assert_eq!(socket.tos_v4().unwrap(), 0x10);
            assert!(socket.take_error().unwrap().is_none());
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_is_joined_and_left() {
    use std::net::Ipv4Addr;

    each_kind(|reactor| {
        block_on(reactor, async {
            let group = Ipv4Addr::new(239, 77, 77, 77);
            let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
            member
                .join_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .unwrap();
            let sender = udp().await;
            SockRef::from(&sender)
                .set_multicast_if_v4(&Ipv4Addr::LOCALHOST)
                .unwrap();
            assert!(sender.multicast_loop_v4().unwrap());
            let to = SocketAddr::from((group, member.local_addr().unwrap().port()));
            sender.send_to(b"all", to).await.unwrap();
            let (length, from) = member.recv_from(&mut [0; 8]).await.unwrap();
            assert_eq!((length, from), (3, sender.local_addr().unwrap()));
            member
                .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .unwrap();
            assert!(
                member
                    .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
                    .is_err()
            );
        });
    });
}

#[test]
fn sockets_of_the_standard_library_come_and_go() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = udp_pair().await;
            let one = std::net::UdpSocket::try_from(one).unwrap();
            let other: OwnedFd = other.into();
            one.send(b"data").unwrap();
            let other = UdpSocket::try_from(std::net::UdpSocket::from(other)).unwrap();
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);

            let (one, other) = UnixDatagram::pair().unwrap();
            let one = std_unix::UnixDatagram::try_from(one).unwrap();
            let other: OwnedFd = other.into();
            one.send(b"data").unwrap();
            let other = UnixDatagram::try_from(std_unix::UnixDatagram::from(other)).unwrap();
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
        });
    });
}

#[test]
fn a_target_that_is_none_says_so() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let socket = udp().await;
            let nowhere: &[SocketAddr] = &[];
            for error in [
                socket.send_to(b"data", nowhere).await.unwrap_err(),
                socket.connect(nowhere).await.unwrap_err(),
                socket.send_to(b"data", "no-port").await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            }
            let socket = UnixDatagram::unbound().unwrap();
            let error = socket
                .send_to(b"data", "/no/such/socket")
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    });
}
