//! Sockets that change hands.

use crate::support::{Wakes, listener, pair};
use futures_lite::future::poll_once;
use heist::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use heist::net::TcpStream;
use heist_tests::Shape;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::{io, thread};

/// Each question and its answer is another task's, on whatever thread.
pub(crate) fn from_task_to_task(shape: Shape) {
    shape.block_on(async {
        let (mut client, mut server) = pair().await;
        for number in 0..200_u8 {
            let asked = heist::spawn(async move {
                client.write_all(&[number]).await.unwrap();
                client
            });
            let heard = heist::spawn(async move {
                let mut buffer = [0];
                server.read_exact(&mut buffer).await.unwrap();
                (server, buffer)
            });
            client = asked.await.unwrap();
            let (received, buffer) = heard.await.unwrap();
            server = received;
            assert_eq!(buffer, [number]);
        }
    });
}

/// A socket wakes tasks of any runtime, as long as its own lives.
pub(crate) fn from_runtime_to_runtime(shape: Shape) {
    let home = shape.running();
    let others = [Shape::CurrentThread, Shape::Workers(2)].map(Shape::running);
    let (mut client, mut server) = home.block_on(pair());
    for number in 0..100_u8 {
        let heard = others[usize::from(number) % 2].spawn(async move {
            let mut buffer = [0];
            server.read_exact(&mut buffer).await.unwrap();
            server.write_all(&buffer).await.unwrap();
            (server, buffer)
        });
        let asked = home.spawn(async move {
            client.write_all(&[number]).await.unwrap();
            client.read_exact(&mut [0]).await.unwrap();
            client
        });
        let (received, buffer) = futures_lite::future::block_on(heard).unwrap();
        server = received;
        assert_eq!(buffer, [number]);
        client = futures_lite::future::block_on(asked).unwrap();
    }
}

/// What a listener accepts is of its own runtime, whoever asks: also a thread that is in none.
pub(crate) fn accepted_by_whoever(shape: Shape) {
    let home = shape.running();
    let other = Shape::Workers(2).running();
    let listener = home.block_on(listener());
    let address = listener.local_addr().unwrap();
    let accept = async || {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4];
        // It waits, and is woken.
        assert!(poll_once(server.read(&mut buffer)).await.is_none());
        io::Write::write_all(&mut client, b"data").unwrap();
        server.read_exact(&mut buffer).await.unwrap();
        server
    };
    futures_lite::future::block_on(accept());
    let server = other.block_on(accept());
    drop(other);
    futures_lite::future::block_on(accept());
    server.try_write(b"more").expect("its runtime lives");
}

/// Without a byte lost: some are read before, some wait in the socket.
pub(crate) fn to_the_standard_library_and_back(shape: Shape) {
    let home = shape.running();
    let other = Shape::Workers(2).running();
    let (mut client, mut server) = home.block_on(pair());
    for number in 0..50_u8 {
        let sent = [number, 1, 2, 3];
        client = home.block_on(async move {
            client.write_all(&sent).await.unwrap();
            client
        });
        let (std, first) = home.block_on(async move {
            let mut first = [0];
            server.read_exact(&mut first).await.unwrap();
            (server.into_std().unwrap(), first)
        });
        assert_eq!(first, [number]);

        let (std, second) = thread::spawn(move || {
            use io::Read;
            let mut std = std;
            // It was non-blocking, and stays so unless it is told otherwise.
            let mut second = [0];
            std.read_exact(&mut second).unwrap();
            assert_eq!(
                std.try_clone().and_then(|_| std.read(&mut [0; 0])).unwrap(),
                0
            );
            (std, second)
        })
        .join()
        .unwrap();
        assert_eq!(second, [1]);

        let runtime = if number % 2 == 0 { &other } else { &home };
        server = runtime.block_on(async move {
            let mut server = TcpStream::from_std(std).unwrap();
            let mut rest = [0; 2];
            server.read_exact(&mut rest).await.unwrap();
            assert_eq!(rest, [2, 3]);
            server
        });
    }

    // Blocking, for a while.
    let std = client.into_std().unwrap();
    std.set_nonblocking(false).unwrap();
    let reader = thread::spawn(move || {
        use io::Read;
        let mut std = std;
        std.read_exact(&mut [0; 4]).unwrap();
        std
    });
    let server = home.block_on(async move {
        server.write_all(b"late").await.unwrap();
        server
    });
    let std = reader.join().unwrap();
    home.block_on(async move {
        let mut client = TcpStream::try_from(std).unwrap();
        assert_eq!(
            client.try_read(&mut [0]).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(server);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    });
}

/// Whoever waits for it isn't woken by that, but let go: nothing keeps the task.
pub(crate) fn dropped_while_a_task_waits(shape: Shape) {
    shape.block_on(async {
        for way in 0..3 {
            let (client, server) = pair().await;
            let wakes = Arc::new(Wakes::default());
            let waker = Waker::from(wakes.clone());
            let shared = Arc::new(Mutex::new(Some(server)));
            let poll = |shared: &Mutex<Option<TcpStream>>| {
                let mut server = shared.lock().unwrap();
                let server = server.as_mut().unwrap();
                let cx = &mut Context::from_waker(&waker);
                assert!(Pin::new(&mut *server).poll_read(cx, &mut [0]).is_pending());
            };
            poll(&shared);
            assert_eq!(Arc::strong_count(&wakes), 3);
            let other = shared.clone();
            let dropped = heist::spawn(async move {
                let server = other.lock().unwrap().take().unwrap();
                match way {
                    0 => drop(server),
                    1 => drop(server.into_std().unwrap()),
                    // At the end of its thread.
                    _ => thread::spawn(move || drop(server)).join().unwrap(),
                }
            });
            dropped.await.unwrap();
            drop(client);
            // The slot is another socket's now.
            let _others = (pair().await, pair().await);
            assert_eq!(Arc::strong_count(&wakes), 2);
            assert_eq!(wakes.count(), 0);
        }

        // A listener.
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let listener = listener().await;
        assert!(
            listener
                .poll_accept(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(listener);
        assert_eq!((Arc::strong_count(&wakes), wakes.count()), (2, 0));
    });
}
