//! [`UnixDatagram`], and queues that are full.

use super::*;

#[test]
fn a_name_is_where_a_unix_socket_is_found() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let (path, clients_path) = (folder.socket(), folder.0.join("client"));
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::bind(&clients_path).unwrap();
            assert_eq!(
                server.local_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            let buffer = &mut [0; 8];
            for _ in 0..3 {
                client.send_to(b"ask", &path).await.unwrap();
                let (length, from) = server.recv_from(buffer).await.unwrap();
                assert_eq!(length, 3);
                let sent = server.send_to(b"answer", from.as_pathname().unwrap()).await;
                assert_eq!(sent.unwrap(), 6);
                assert_eq!(client.recv(buffer).await.unwrap(), 6);
            }
            client.connect(&path).unwrap();
            assert_eq!(
                client.peer_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            assert_eq!(client.send(b"sent").await.unwrap(), 4);
            assert_eq!(server.recv(buffer).await.unwrap(), 4);
            let error = UnixDatagram::bind(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            assert!(client.take_error().unwrap().is_none());
            client.shutdown(Shutdown::Write).unwrap();
            assert!(client.send(b"sent").await.is_err());
        });
    });
}

#[test]
fn unix_datagrams_without_waiting_and_by_polling() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let buffer = &mut [0; 8];
            assert_would_block(other.try_recv(buffer));
            assert_would_block(other.try_recv_from(buffer));
            assert_eq!(one.try_send(b"1").unwrap(), 1);
            other.readable().await.unwrap();
            assert_eq!(other.try_recv(buffer).unwrap(), 1);
            assert_eq!(poll_fn(|cx| one.poll_send(cx, b"22")).await.unwrap(), 2);
            assert_eq!(poll_fn(|cx| other.poll_recv(cx, buffer)).await.unwrap(), 2);
            one.send(b"333").await.unwrap();
            let (length, from) = poll_fn(|cx| other.poll_recv_from(cx, buffer))
                .await
                .unwrap();
            assert!(length == 3 && from.is_unnamed());

            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            assert_eq!(client.try_send_to(b"4444", &path).unwrap(), 4);
            poll_fn(|cx| server.poll_recv_ready(cx)).await.unwrap();
            assert_eq!(server.try_recv_from(buffer).unwrap().0, 4);
            poll_fn(|cx| client.poll_send_ready(cx)).await.unwrap();
            let sent = poll_fn(|cx| client.poll_send_to(cx, b"55555", &path)).await;
            assert_eq!(sent.unwrap(), 5);
            assert_eq!(server.recv(buffer).await.unwrap(), 5);
            let receive = || SockRef::from(&server).recv(&mut [std::mem::MaybeUninit::new(0); 8]);
            assert_would_block(server.try_io(Interest::READABLE, receive));
            client.writable().await.unwrap();
            let send = || SockRef::from(&one).send(b"666666");
            assert_eq!(one.async_io(Interest::WRITABLE, send).await.unwrap(), 6);
            assert!(other.ready(Interest::READABLE).await.unwrap().is_readable());
        });
    });
}

/// Connected or not, by a socket of which nothing is in the queue: each learns that there is room again.
#[test]
fn a_queue_full_of_others_datagrams_is_waited_for() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let named = UnixDatagram::unbound().unwrap();
            let connected = UnixDatagram::unbound().unwrap();
            connected.connect(&path).unwrap();
            let full = fill(&path);
            assert!(full > 0);
            assert_would_block(named.try_send_to(b"late", &path));
            assert_would_block(connected.try_send(b"late"));
            let mut sends = pin!(async {
                named.send_to(b"by name", &path).await.unwrap();
                poll_fn(|cx| named.poll_send_to(cx, b"by name, polled", &path))
                    .await
                    .unwrap();
                connected.send(b"connected").await.unwrap();
            });
            assert!(poll_once(sends.as_mut()).await.is_none());
            let receive = async {
                let mut late = Vec::new();
                let mut buffer = [0; 32];
                for _ in 0..full + 3 {
                    // Full again, each time.
                    let length = server.recv(&mut buffer).await.unwrap();
                    if &buffer[..length] != b"others'" {
                        late.push(buffer[..length].to_vec());
                    }
                }
                late
            };
            let (late, ()) = zip(receive, sends).await;
            assert_eq!(late, [&b"by name"[..], b"by name, polled", b"connected"]);
        });
    });
}

/// Has all come that the kernel knows of.
#[cfg(target_os = "linux")]
fn catch_up(reactor: &Reactor) {
    use crate::reactor::tests::turn;
    use std::time::Duration;

    while turn(reactor, Some(Duration::ZERO)) > 0 {}
}

/// Sends by name, in either way.
async fn send_late(sender: &UnixDatagram, path: &Path, polled: bool) -> io::Result<usize> {
    if polled {
        poll_fn(|cx| sender.poll_send_to(cx, b"late", path)).await
    } else {
        sender.send_to(b"late", path).await
    }
}

/// Who sends by name and finds the queue full sleeps: to the kernel its socket is writable all the time.
#[cfg(target_os = "linux")]
#[test]
fn each_way_to_send_by_name_sleeps_until_there_is_room() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        let _entered = reactor.enter();
        let server = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        for polled in [false, true, true, false] {
            fill(&path);
            let mut send = pin!(send_late(&sender, &path, polled));
            // It may have been ready, as far as was known.
            for _ in 0..2 {
                assert!(send.as_mut().poll(cx).is_pending());
                catch_up(reactor);
            }
            assert_eq!(task.wakes(), 0);
            server.try_recv(&mut [0; 8]).unwrap();
            catch_up(reactor);
            assert_eq!(task.wakes(), 1);
            assert!(matches!(send.poll(cx), Poll::Ready(Ok(4))));
        }
    });
}

/// What is waited by is closed by who has sent. Another, who waits by it still, is woken, and waits by one of its own.
#[cfg(target_os = "linux")]
#[test]
fn who_has_sent_by_polling_leaves_nothing_open() {
    each_kind(|reactor| {
        let (full, free) = (Folder::new(), Folder::new());
        let _entered = reactor.enter();
        let server = UnixDatagram::bind(full.socket()).unwrap();
        let other = UnixDatagram::bind(free.socket()).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let open = || {
            let (opened, released) = reactor.registrations();
            opened - released
        };
        fill(&full.socket());
        for _ in 0..3 {
            // It may have been ready, as far as was known.
            for _ in 0..2 {
                let late = sender.poll_send_to(cx, b"late", full.socket());
                assert!(late.is_pending());
                catch_up(reactor);
            }
            assert_eq!((task.wakes(), open()), (0, 4));
            let sent = block_on(
                reactor,
                poll_fn(|cx| sender.poll_send_to(cx, b"free", free.socket())),
            );
            assert_eq!((sent.unwrap(), task.wakes(), open()), (4, 1, 3));
            other.try_recv(&mut [0; 8]).unwrap();
        }
        assert!(sender.poll_send_to(cx, b"late", full.socket()).is_pending());
        server.try_recv(&mut [0; 8]).unwrap();
        catch_up(reactor);
        assert_eq!((task.wakes(), open()), (1, 4));
        let late = sender.poll_send_to(cx, b"late", full.socket());
        assert!(matches!(late, Poll::Ready(Ok(4))));
        assert_eq!((task.wakes(), open()), (0, 3));
    });
}

/// One receiver without room doesn't make a socket wait for another.
#[test]
fn a_full_queue_is_no_obstacle_to_another_receiver() {
    each_kind(|reactor| {
        let (full, free) = (Folder::new(), Folder::new());
        block_on(reactor, async {
            let _full = UnixDatagram::bind(full.socket()).unwrap();
            let other = UnixDatagram::bind(free.socket()).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            fill(&full.socket());
            let mut stuck = pin!(sender.send_to(b"stuck", full.socket()));
            assert!(poll_once(stuck.as_mut()).await.is_none());
            assert_eq!(sender.send_to(b"free", free.socket()).await.unwrap(), 4);
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
            assert!(poll_once(stuck.as_mut()).await.is_none());
        });
    });
}

/// Nor one to which it is connected: who sends by name waits for whom it names, whatever is full besides.
#[test]
fn a_connection_is_no_obstacle_to_another_receiver() {
    each_kind(|reactor| {
        let (full, named) = (Folder::new(), Folder::new());
        block_on(reactor, async {
            let _full = UnixDatagram::bind(full.socket()).unwrap();
            let other = UnixDatagram::bind(named.socket()).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            sender.connect(full.socket()).unwrap();
            fill(&full.socket());
            for polled in [false, true] {
                let datagrams = fill(&named.socket());
                let path = named.socket();
                let mut send = pin!(send_late(&sender, &path, polled));
                assert!(poll_once(send.as_mut()).await.is_none());
                for _ in 0..datagrams {
                    assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 7);
                }
                assert_eq!(send.await.unwrap(), 4);
                assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
            }
        });
    });
}

/// A socket's own buffer that is half full, of what nobody receives, is no obstacle either.
#[test]
fn what_others_do_not_receive_is_no_obstacle_to_another_receiver() {
    each_kind(|reactor| {
        let (deaf, named) = (Folder::new(), Folder::new());
        block_on(reactor, async {
            let _deaf = UnixDatagram::bind(deaf.socket()).unwrap();
            let other = UnixDatagram::bind(named.socket()).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            let half = SockRef::from(&sender).send_buffer_size().unwrap() / 2;
            sender.send_to(&vec![0; half], deaf.socket()).await.unwrap();
            let datagrams = fill(&named.socket());
            let mut send = pin!(sender.send_to(b"late", named.socket()));
            assert!(poll_once(send.as_mut()).await.is_none());
            for _ in 0..datagrams {
                assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 7);
            }
            assert_eq!(send.await.unwrap(), 4);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_receiver_that_goes_ends_the_wait_for_room() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        block_on(reactor, async {
            let server = UnixDatagram::bind(&path).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            fill(&path);
            let mut send = pin!(sender.send_to(b"late", &path));
            assert!(poll_once(send.as_mut()).await.is_none());
            drop(server);
            let error = send.await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    });
}

/// A socket's own buffer is full, too, now and then.
#[test]
fn what_was_sent_and_not_received_is_waited_for() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let mut sent = 0;
            while poll_once(one.send(&[0; 1_000])).await.is_some() {
                sent += 1;
            }
            let mut send = pin!(one.send(b"late"));
            assert!(poll_once(send.as_mut()).await.is_none());
            let receive = async {
                for _ in 0..sent {
                    assert_eq!(other.recv(&mut [0; 1_000]).await.unwrap(), 1_000);
                }
                other.recv(&mut [0; 8]).await.unwrap()
            };
            assert_eq!(zip(send, receive).await.1, 4);
        });
    });
}

/// The same of who sends by name: it sleeps meanwhile, since nobody's queue is full.
#[cfg(target_os = "linux")]
#[test]
fn each_way_to_send_by_name_sleeps_until_its_own_buffer_has_room() {
    each_kind(|reactor| {
        let folder = Folder::new();
        let path = folder.socket();
        let _entered = reactor.enter();
        let server = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let large = vec![0; SockRef::from(&sender).send_buffer_size().unwrap() / 2];
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        for polled in [false, true] {
            let mut sent = 0;
            while sender.try_send_to(&large, &path).is_ok() {
                sent += 1;
            }
            let mut send = pin!(send_late(&sender, &path, polled));
            // It may have been ready, as far as was known.
            for _ in 0..2 {
                assert!(send.as_mut().poll(cx).is_pending());
                catch_up(reactor);
            }
            assert_eq!(task.wakes(), 0);
            for _ in 0..sent {
                server.try_recv(&mut [0; 8]).unwrap();
            }
            catch_up(reactor);
            assert_eq!(task.wakes(), 1);
            assert!(matches!(send.poll(cx), Poll::Ready(Ok(4))));
            assert_eq!(server.try_recv(&mut [0; 8]).unwrap(), 4);
        }
    });
}
