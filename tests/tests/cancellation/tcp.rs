//! The futures of TCP listeners and streams, of names that are looked up, and of hyper on a stream.

use heist::io::{AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpListener, TcpStream};
use heist::spawn;
use heist::task::yield_now;
use heist::time::{Duration, sleep};
use heist_tests::Probe;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use socket2::SockRef;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::SocketAddr;

cases! {
    accepting polling_accept connecting connecting_by_name connecting_in_vain
    reading reading_several_buffers peeking waiting_to_read waiting_to_write being_ready asynchronous_io
    writing writing_several_buffers writing_all copying looking_up binding
    serving_http
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    (listener, address)
}

/// A connection, whose buffers are small, so that a write soon waits.
async fn connection() -> (TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    SockRef::from(&listener)
        .set_recv_buffer_size(4_096)
        .expect("it is set");
    let client = TcpStream::connect(address).await.expect("it connects");
    SockRef::from(&client)
        .set_send_buffer_size(4_096)
        .expect("it is set");
    let (server, _) = listener.accept().await.expect("it accepts");
    (client, server)
}

/// What is sent, so that a byte that is lost or doubled shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

/// All that comes until the end of the stream, with a pause now and then.
async fn read_slowly(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 8_192];
    loop {
        match stream.read(&mut buffer).await.expect("it reads") {
            0 => return all,
            read => all.extend_from_slice(&buffer[..read]),
        }
        yield_now().await;
    }
}

async fn accepting(probe: Probe) {
    let (listener, address) = listener().await;
    let peer = spawn(TcpStream::connect(address));
    let accepted = match probe.drop_after(listener.accept()).await {
        Some(accepted) => accepted,
        None => {
            probe.assert_no_waker().await;
            listener.accept().await
        }
    };
    let (_stream, from) = accepted.expect("it accepts");
    let client = peer.await.expect("it ends").expect("it connects");
    assert_eq!(from, client.local_addr().expect("it has an address"));
}

async fn polling_accept(probe: Probe) {
    let (listener, address) = listener().await;
    let peer = spawn(TcpStream::connect(address));
    let poll = poll_fn(|context| listener.poll_accept(context));
    let accepted = match probe.drop_after(poll).await {
        Some(accepted) => accepted,
        None => listener.accept().await,
    };
    let (_stream, from) = accepted.expect("it accepts");
    let client = peer.await.expect("it ends").expect("it connects");
    assert_eq!(from, client.local_addr().expect("it has an address"));
}

async fn connecting(probe: Probe) {
    let (listener, address) = listener().await;
    if let Some(stream) = probe.drop_after(TcpStream::connect(address)).await {
        let stream = stream.expect("it connects");
        let (_, from) = listener.accept().await.expect("it accepts");
        assert_eq!(from, stream.local_addr().expect("it has an address"));
    }
    probe.assert_no_waker().await;
}

async fn connecting_by_name(probe: Probe) {
    let (_listener, address) = listener().await;
    let connect = TcpStream::connect(("localhost", address.port()));
    if let Some(stream) = probe.drop_after(connect).await {
        stream.expect("it connects");
    }
}

async fn connecting_in_vain(probe: Probe) {
    let (listener, address) = listener().await;
    drop(listener);
    if let Some(stream) = probe.drop_after(TcpStream::connect(address)).await {
        let error = stream.expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    probe.assert_no_waker().await;
}

/// Sends sixteen bytes, one at a time, and ends.
async fn send_slowly(mut stream: TcpStream) {
    for byte in 0..16 {
        stream.write_all(&[byte]).await.expect("it writes");
        yield_now().await;
    }
}

async fn reading(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    let mut buffer = [0; 3];
    loop {
        let read = match probe.drop_after(server.read(&mut buffer)).await {
            Some(read) => read,
            None => server.read(&mut buffer).await,
        };
        match read.expect("it reads") {
            0 => break,
            read => all.extend_from_slice(&buffer[..read]),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn reading_several_buffers(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let (mut first, mut rest) = ([0; 1], [0; 2]);
        let mut read = async || {
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut rest)];
            server.read_vectored(&mut buffers).await
        };
        let read = match probe.drop_after(read()).await {
            Some(read) => read,
            None => read().await,
        };
        match read.expect("it reads") {
            0 => break,
            read => all.extend(first.into_iter().chain(rest).take(read)),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn peeking(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut peeked = [0; 3];
        let ahead = probe.drop_after(server.peek(&mut peeked)).await;
        probe.assert_no_waker().await;
        let mut buffer = [0; 3];
        let read = server.read(&mut buffer).await.expect("it reads");
        if let Some(ahead) = ahead {
            let ahead = ahead.expect("it peeks");
            assert!(ahead <= read);
            assert_eq!(peeked[..ahead], buffer[..ahead]);
        }
        if read == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..read]);
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn waiting_to_read(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 3];
        match server.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // There are two ways to say it.
                let wait = async || match all.len() % 2 {
                    0 => server.readable().await,
                    _ => server.ready(Interest::READABLE).await.map(drop),
                };
                let ready = probe.drop_after(wait()).await;
                probe.assert_no_waker().await;
                let ready = match ready {
                    Some(ready) => ready,
                    None => wait().await,
                };
                ready.expect("it waits");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn being_ready(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 3];
        match server.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let ready = || server.ready(Interest::READABLE | Interest::PRIORITY);
                let is_ready = probe.drop_after(ready()).await;
                probe.assert_no_waker().await;
                let is_ready = match is_ready {
                    Some(is_ready) => is_ready,
                    None => ready().await,
                };
                assert!(is_ready.expect("it waits").is_readable());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

/// Many times what a connection takes in before somebody reads.
const MUCH: usize = 128 * 1_024;

async fn waiting_to_write(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        match client.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let ready = probe.drop_after(client.writable()).await;
                probe.assert_no_waker().await;
                let ready = match ready {
                    Some(ready) => ready,
                    None => client.writable().await,
                };
                ready.expect("it waits");
            }
            Err(error) => panic!("{error}"),
        }
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn asynchronous_io(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let receive = async || {
        let mut byte = [std::mem::MaybeUninit::new(0)];
        let receive = || SockRef::from(&server).recv(&mut byte);
        let received = server.async_io(Interest::READABLE, receive).await?;
        Ok::<_, std::io::Error>(received)
    };
    let mut received = 0;
    loop {
        let one = match probe.drop_after(receive()).await {
            Some(one) => one,
            None => receive().await,
        };
        match one.expect("it receives") {
            0 => break,
            one => received += one,
        }
    }
    assert_eq!(received, 16);
    peer.await.expect("it ends");
}

async fn writing(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let written = match probe.drop_after(client.write(rest)).await {
            Some(written) => written,
            None => client.write(rest).await,
        };
        rest = &rest[written.expect("it writes")..];
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn writing_several_buffers(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let buffers: Vec<_> = rest.chunks(5_000).map(IoSlice::new).collect();
        let written = match probe.drop_after(client.write_vectored(&buffers)).await {
            Some(written) => written,
            None => client.write_vectored(&buffers).await,
        };
        rest = &rest[written.expect("it writes")..];
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn writing_all(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let written = probe.drop_after(client.write_all(&all)).await;
    client.close().await.expect("it closes");
    let read = peer.await.expect("it ends");
    assert!(all.starts_with(&read), "not what was sent");
    if let Some(written) = written {
        written.expect("it writes");
        assert_eq!(read.len(), all.len());
    }
}

async fn copying(probe: Probe) {
    let (mut source, from) = connection().await;
    let (to, sink) = connection().await;
    let all = pattern(MUCH);
    let writer = spawn({
        let all = all.clone();
        async move {
            // It may be cut off.
            let _ = source.write_all(&all).await;
        }
    });
    let reader = spawn(read_slowly(sink));
    let copied = probe.drop_after(heist::io::copy(&from, &to)).await;
    drop((from, to));
    let read = reader.await.expect("it ends");
    writer.await.expect("it ends");
    assert!(all.starts_with(&read), "not what was sent");
    if let Some(copied) = copied {
        assert_eq!(copied.expect("it copies"), all.len() as u64);
        assert_eq!(read.len(), all.len());
    }
}

async fn looking_up(probe: Probe) {
    let found = probe.drop_after(heist::net::lookup_host("localhost:80"));
    if let Some(found) = found.await {
        let mut found = found.expect("it is known");
        assert!(found.all(|address| address.ip().is_loopback()));
    }
}

async fn binding(probe: Probe) {
    if let Some(listener) = probe.drop_after(TcpListener::bind("localhost:0")).await {
        listener.expect("it listens");
    }
}

async fn serving_http(probe: Probe) {
    let (listener, address) = listener().await;
    let client = spawn(async move {
        let mut stream = TcpStream::connect(address).await.expect("it connects");
        let request = b"GET / HTTP/1.1\r\nhost: heist\r\nconnection: close\r\n\r\n";
        // It may be cut off, by a reset if the server had not read it all.
        let mut answer = Vec::new();
        if stream.write_all(request).await.is_ok() {
            let _ = stream.read_to_end(&mut answer).await;
        }
        answer
    });
    let (stream, _) = listener.accept().await.expect("it accepts");
    let token = probe.token();
    let answer = service_fn(move |_: Request<Incoming>| {
        let token = token.clone();
        async move {
            yield_now().await;
            sleep(Duration::from_micros(200)).await;
            drop(token);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
        }
    });
    let served = probe
        .drop_after(http1::Builder::new().serve_connection(stream, answer))
        .await;
    let answer = client.await.expect("it ends");
    if let Some(served) = served {
        served.expect("it serves");
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(answer.ends_with(b"\r\n\r\nhello"));
    }
}
